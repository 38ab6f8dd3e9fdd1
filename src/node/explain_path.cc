#include "node/explain_path.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/limits.h"

namespace pando::node {

void ExplainPath::handle(RequestId id, const ExplainRequest& request, const Terms& terms, Time now, Outputs& out) {
  Result<ReadPath::Answer> answer = reads_.look_up(request, terms, now);
  if (!answer) return reads_.answer(id, terms, std::move(answer), out);
  Search search;
  for (const ExplainReply::Cell& cell : std::get<ExplainReply>(answer->body).cells) {
    for (const ExplainReply::Slot& slot : cell.slots) {
      search.found.try_emplace({{request.table, request.key, cell.kind, cell.element}, {slot.origin, slot.birth}});
    }
  }
  if (search.found.empty()) return reads_.answer(id, terms, std::move(answer), out);
  if (searches_.size() >= kWaitingMax) {
    const Status status(StatusCode::kOverloaded, fmt::format("{} keys are being explained", searches_.size()));
    out.replies.push_back({id, Reply::failure(status)});
    return;
  }
  search.id = id;
  search.key = request.key;
  search.terms = terms;
  search.answer = *std::move(answer);
  search.behind = replica_.cells().applied().next();
  begin_window(search);
  searches_.push_back(std::move(search));
}

void ExplainPath::begin_window(Search& search) {
  const std::uint64_t first = replica_.index().first().value;
  const std::uint64_t back = std::min(search.behind.value, kWindowRecords);
  search.from = LogPos(std::max(first, search.behind.value - back));
  search.next = search.from;
  search.window.clear();
}

bool ExplainPath::end_window(Search& search) {
  bool whole = true;
  for (auto& [name, found] : search.found) {
    if (const auto at = search.window.find(name); at != search.window.end()) {
      Found& older = at->second;
      if (!found.last) {
        found = std::move(older);
      } else if (!found.before) {
        found.before = std::move(older.last);
      }
    }
    // What made the slot has nothing before it.
    whole = whole && found.last && (found.before || found.last->dot.seq == name.second.seq);
  }
  search.behind = search.from;
  search.reached_start = search.from <= replica_.index().first();
  return whole || search.reached_start || search.bytes >= kLogBytesMax;
}

Status ExplainPath::look(Search& search, const log::Run& run) {
  for (const log::RecordView& record : run.records) {
    if (record.pos >= search.behind) break;
    search.next = record.pos.next();
    search.bytes += record.bytes();
    ++search.records;
    if (record.kind != log::RecordKind::kCommit || record.body.find(search.key) == ByteSpan::npos) continue;
    const Result<Commit> commit = decode_commit(record.body);
    if (!commit) return commit.error();
    for (const Op& op : commit->ops) {
      const auto* count = std::get_if<CountOp>(&op);
      if (count == nullptr) continue;
      const SlotName name{count->path, {commit->dot.origin, count->birth}};
      if (!search.found.contains(name)) continue;
      Found& found = search.window[name];
      found.before = std::exchange(found.last, Counted{commit->dot, commit->hlc, count->added, count->removed});
    }
  }
  return {};
}

void ExplainPath::finish(Outputs& out) {
  Search& search = searches_.front();
  auto& reply = std::get<ExplainReply>(search.answer.body);
  reply.searched = ExplainReply::Searched{search.records, search.reached_start};
  const std::string& table = search.found.begin()->first.first.table;
  for (ExplainReply::Cell& cell : reply.cells) {
    for (ExplainReply::Slot& slot : cell.slots) {
      const auto at = search.found.find({{table, search.key, cell.kind, cell.element}, {slot.origin, slot.birth}});
      if (at == search.found.end() || !at->second.last) continue;
      const Counted& last = *at->second.last;
      // Its later ones came by a resync.
      if (last.added != slot.added || last.removed != slot.removed) continue;
      slot.last = ExplainReply::LastOp{last.dot, last.hlc, std::nullopt};
      const std::optional<Counted>& before = at->second.before;
      if (!before && last.dot.seq != slot.birth) continue;
      const Counted none;
      const Counted& from = before ? *before : none;
      slot.last->change =
          static_cast<Int128>(last.added - from.added) - static_cast<Int128>(last.removed - from.removed);
    }
  }
  reads_.answer(search.id, search.terms, std::move(search.answer), out);
  searches_.pop_front();
}

void ExplainPath::fail(const Status& status, Outputs& out) {
  out.replies.push_back({searches_.front().id, Reply::failure(status)});
  searches_.pop_front();
}

void ExplainPath::end_all(const Status& reason, Outputs& out) {
  while (!searches_.empty()) fail(reason, out);
  read_.forget();
  again_at_.reset();
}

void ExplainPath::end_turn(Time now, std::uint64_t& next_read_id, Outputs& out) {
  again_at_.reset();
  const std::size_t bytes_before = searches_.empty() ? 0 : searches_.front().bytes;
  while (!searches_.empty() && !read_.under_way()) {
    Search& search = searches_.front();
    // Only durable records are read, and told of.
    if (search.records == 0 && replica_.durable().next() < search.behind) return;
    if (search.next >= search.behind) {
      if (end_window(search)) {
        finish(out);
        return again(now);
      }
      begin_window(search);
      continue;
    }
    if (search.bytes - bytes_before >= kSliceBytes) return again(now);
    Result<log::ReadStep> step = replica_.reader().read(search.next, limits::kLogReadBytes);
    if (!step) {
      // The log has been let go of meanwhile: what is known is what was found.
      search.next = search.behind;
      if (step.error().code() != StatusCode::kGone) fail(step.error(), out);
      continue;
    }
    if (const auto* plan = std::get_if<log::ReadPlan>(&*step)) {
      return read_.begin(replica_, *plan, next_read_id++, out);
    }
    take(std::get<log::Run>(*step), out);
  }
}

void ExplainPath::again(Time now) {
  if (!searches_.empty()) again_at_ = instant_of(now);
}

void ExplainPath::take(const log::Run& run, Outputs& out) {
  Search& search = searches_.front();
  if (run.records.empty()) search.next = search.behind;
  if (const Status status = look(search, run); !status.ok()) fail(status, out);
}

void ExplainPath::on_log_read(std::uint64_t read_id, const Status& status, Bytes bytes, Outputs& out) {
  if (!read_.is(read_id)) return;
  const Result<std::optional<log::Run>> run = read_.take(replica_, status, std::move(bytes), out);
  if (!run) return fail(run.error(), out);
  if (*run) take(**run, out);
}

}  // namespace pando::node
