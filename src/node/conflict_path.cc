#include "node/conflict_path.h"

#include <algorithm>

#include "base/limits.h"

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

void ConflictPath::handle(RequestId id, ListConflictsRequest&& request, const Terms& terms, Time now, Outputs& out) {
  const bool waits = request.wait.us > 0 && !has_line_for(request) && waiting_.size() < limits::kLedgerWaitsMax;
  if (!waits) return reads_.answer_from_cells(id, request, terms, now, out);
  const Instant until = instant_of(now) + request.wait;
  waiting_.push_back({id, std::move(request), terms, until});
}

void ConflictPath::handle(RequestId id, const RestoreConflictRequest& request, const Terms& terms, Time now,
                          Outputs& out) {
  Result<WriteRequest> write = writes_.restoring(request);
  if (!write) {
    out.replies.push_back({id, Reply::failure(write.error())});
    return;
  }
  writes_.handle(id, *std::move(write), terms, now, out);
}

void ConflictPath::end_turn(Time now, Outputs& out) {
  if (waiting_.empty()) return;
  const bool news = seen_version_ != replica_.cells().ledger().version();
  seen_version_ = replica_.cells().ledger().version();
  std::erase_if(waiting_, [&](const Waiting& waiting) {
    if (waiting.until > instant_of(now) && !(news && has_line_for(waiting.request))) return false;
    reads_.answer_from_cells(waiting.id, waiting.request, waiting.terms, now, out);
    return true;
  });
}

void ConflictPath::end_waiting(Time now, Outputs& out) {
  for (const Waiting& waiting : waiting_)
    reads_.answer_from_cells(waiting.id, waiting.request, waiting.terms, now, out);
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
