#include "node/conflict_path.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/limits.h"
#include "engine/restore.h"

namespace pando::node {

bool ConflictPath::has_line_for(const ListConflictsRequest& request) const {
  const auto& lines = replica_.cells().ledger().lines();
  // New ones are at the end, and few lie behind what somebody waits after.
  return std::any_of(
      lines.rbegin(),
      std::find_if(lines.rbegin(), lines.rend(), [&](const Conflict& line) { return line.id <= request.after; }),
      [&](const Conflict& line) {
        return (!request.table || line.path.table == *request.table) && (!request.key || line.path.key == *request.key);
      });
}

void ConflictPath::handle(RequestId id, ListConflictsRequest&& request, Time now, Outputs& out) {
  const bool waits = request.wait.us > 0 && !has_line_for(request) && waiting_.size() < limits::kLedgerWaitsMax;
  if (!waits) return reads_.answer_from_cells(id, request, {}, now, out);
  const Instant until = instant_of(now) + request.wait;
  waiting_.push_back({id, std::move(request), until});
}

void ConflictPath::handle(RequestId id, const RestoreConflictRequest& request, Time now, Outputs& out) {
  const Conflict* filed = replica_.cells().ledger().find(request.id);
  if (filed == nullptr) {
    out.replies.push_back({id, Reply::failure(Status(StatusCode::kNotFound,
                                                     fmt::format("no conflict {} in the ledger of this node (any more)",
                                                                 to_string(request.id))))});
    return;
  }
  Conflict line = *filed;
  engine::resolve_line(replica_.catalog().of(line.path.table), line);
  Result<Mutation> mutation = engine::restoring(line);
  if (!mutation) {
    out.replies.push_back({id, Reply::failure(mutation.error())});
    return;
  }
  WriteRequest write;
  write.mutations.push_back(*std::move(mutation));
  writes_.handle(id, std::move(write), Terms(), now, out);
}

void ConflictPath::end_turn(Time now, Outputs& out) {
  if (waiting_.empty()) return;
  const bool news = seen_version_ != replica_.cells().ledger().version();
  seen_version_ = replica_.cells().ledger().version();
  std::erase_if(waiting_, [&](const Waiting& waiting) {
    if (waiting.until > instant_of(now) && !(news && has_line_for(waiting.request))) return false;
    reads_.answer_from_cells(waiting.id, waiting.request, {}, now, out);
    return true;
  });
}

void ConflictPath::end_waiting(Time now, Outputs& out) {
  for (const Waiting& waiting : waiting_) reads_.answer_from_cells(waiting.id, waiting.request, {}, now, out);
  waiting_.clear();
}

void ConflictPath::refuse_waiting(const Status& reason, Outputs& out) {
  for (const Waiting& waiting : waiting_) out.replies.push_back({waiting.id, Reply::failure(reason)});
  waiting_.clear();
}

std::optional<Instant> ConflictPath::next_deadline() const {
  std::optional<Instant> first;
  for (const Waiting& waiting : waiting_) first = std::min(first.value_or(waiting.until), waiting.until);
  return first;
}

}  // namespace pando::node
