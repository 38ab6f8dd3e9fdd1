#include "node/watch_path.h"

#include "apply/changes.h"
#include "base/check.h"
#include "base/limits.h"

namespace pando::node {
namespace {

constexpr std::size_t kKnownNumbersMax = 4096;

std::vector<WatchEvent> to_watch_events(std::vector<notify::Event> events) {
  std::vector<WatchEvent> converted;
  converted.reserve(events.size());
  for (notify::Event& event : events) converted.push_back({std::move(event.change), std::move(event.cursor)});
  return converted;
}

}  // namespace

WatchPath::WatchPath(Replica& replica) : replica_(replica), hub_(replica.name()) {
  remember(replica_.durable().next(), replica_.durable_changes());
  if (replica_.config().notify) notified_ = notify::cursor_at_end(log_state());
}

notify::LogState WatchPath::log_state() const {
  return {replica_.self(), replica_.durable(), replica_.durable_context()};
}

void WatchPath::open(WatchOpen&& request, Outputs& out) {
  const auto refuse = [&](Status status) { out.watches_opened.push_back({request.id, std::move(status), {}}); };
  if (Status status = replica_.serving(); !status.ok()) return refuse(std::move(status));
  const notify::LogState log = log_state();
  notify::Cursor start = notify::cursor_at_end(log);
  if (!request.cursor.empty()) {
    Result<notify::Cursor> parsed = notify::parse_cursor(replica_.name(), request.cursor);
    if (!parsed) return refuse(parsed.error());
    if (notify::resumes_by_position(*parsed, log) && parsed->pos.next() >= replica_.index().first()) {
      start = std::move(*parsed);
    } else {
      const std::optional<LogPos> first = replica_.index().first_lacking(parsed->seen);
      if (!first) {
        return refuse(Status(StatusCode::kGone, "the log no longer reaches back to this cursor; read and watch anew"));
      }
      start = notify::rebase(std::move(*parsed), log, *first);
    }
  }
  Result<std::string> opened = hub_.open(request.id, std::move(request.filter), std::move(start));
  if (!opened) return refuse(opened.error());
  out.watches_opened.push_back({request.id, {}, std::move(*opened)});
}

void WatchPath::end_all(const Status& reason, Outputs& out) {
  for (const WatchId id : hub_.drop_all()) out.watches_ended.push_back({id, reason});
}

void WatchPath::on_durable(const DurableCommit& durable, Outputs& out) {
  if (!notified_) return;
  std::vector<Change> changes = apply::list_changes(durable.commit, durable.pos, durable.first_change);
  // A counter that cannot be read is told without its value; the read path reports the damage.
  (void)apply::fill_counter_values(changes, replica_.cells());
  // Records that are not commits lie between; the cursor must stand right before this one.
  while (notified_->pos.next() < durable.pos) notify::pass_record(*notified_, notified_->pos.next(), std::nullopt);
  std::vector<notify::Event> events;
  const std::optional<Dot> dot = durable.commit.dot;
  notify::follow(*notified_, replica_.name(), {durable.pos, dot, changes}, {}, events);
  if (!events.empty()) out.notifies.push_back({replica_.name(), to_watch_events(std::move(events))});
}

std::pair<LogPos, std::uint64_t> WatchPath::known_before(LogPos pos) const {
  std::pair<LogPos, std::uint64_t> known{LogPos(1), 0};
  if (pos <= replica_.index().last() && pos >= replica_.index().first()) {
    const log::SegmentHeader& header = replica_.index().segment_of(pos).header;
    known = {header.first, header.start.changes};
  }
  auto at = changes_before_.upper_bound(pos);
  if (at != changes_before_.begin() && std::prev(at)->first > known.first) known = *std::prev(at);
  return known;
}

void WatchPath::remember(LogPos pos, std::uint64_t changes_before) {
  changes_before_[pos] = changes_before;
  // The lowest are the least likely to be wanted again; without them counting starts at a segment.
  if (changes_before_.size() > kKnownNumbersMax) changes_before_.erase(changes_before_.begin());
}

Status WatchPath::offer(const log::Run& run, std::uint64_t changes_before) {
  if (run.records.empty()) return {};
  LogPos next = run.records.front().pos;
  for (const log::RecordView& record : run.records) {
    const std::optional<LogPos> want = hub_.next_read(replica_.durable());
    if (!want || *want < record.pos) break;
    if (record.kind == log::RecordKind::kArrived && *want == record.pos) {
      PANDO_RETURN_IF_ERROR(offer_arrival(record));
      next = record.pos.next();
      continue;
    }
    if (record.kind == log::RecordKind::kCut && *want == record.pos) {
      PANDO_RETURN_IF_ERROR(offer_cut(record));
      next = record.pos.next();
      continue;
    }
    std::optional<Dot> dot;
    std::vector<Change> changes;
    if (record.kind == log::RecordKind::kCommit) {
      const Result<Commit> commit = decode_commit(record.body);
      if (!commit) return commit.error();
      dot = commit->dot;
      changes = apply::list_changes(*commit, record.pos, changes_before + 1);
      if (*want == record.pos) PANDO_RETURN_IF_ERROR(apply::fill_counter_values(changes, replica_.cells()));
    }
    if (*want == record.pos) hub_.offer({record.pos, dot, changes});
    changes_before += changes.size();
    next = record.pos.next();
  }
  remember(next, changes_before);
  return {};
}

Status WatchPath::offer_cut(const log::RecordView& record) {
  const Result<CutRecord> found = decode_cut_record(record.body);
  if (!found) return found.error();
  const std::vector<WatchId> lacking = hub_.drop_lacking(record.pos, found->cut.context);
  cut_off_.insert(cut_off_.end(), lacking.begin(), lacking.end());
  const std::optional<Dot> dot;
  const std::vector<Change> changes;
  hub_.offer({record.pos, dot, changes});
  return {};
}

// What became of the tables no change tells.
Status WatchPath::offer_arrival(const log::RecordView& record) {
  const Result<ArrivalRecord> found = decode_arrival_record(record.body);
  if (!found) return found.error();
  const std::vector<WatchId> over = hub_.drop_watching(record.pos, found->tables);
  cut_off_.insert(cut_off_.end(), over.begin(), over.end());
  const std::optional<Dot> dot;
  const std::vector<Change> changes;
  hub_.offer({record.pos, dot, changes});
  return {};
}

void WatchPath::on_cut(LogPos pos, const VersionVector& context) {
  if (!notified_) return;
  while (notified_->pos < pos) notify::pass_record(*notified_, notified_->pos.next(), std::nullopt);
  notified_->seen.merge(context);
}

void WatchPath::fail(const Status& status, Outputs& out) {
  out.notes.push_back({Note::Level::kError, replica_.name(), status.message()});
  end_all(status, out);
}

void WatchPath::read_on(std::uint64_t& next_read_id, Outputs& out) {
  while (!read_.under_way()) {
    const std::optional<LogPos> want = hub_.next_read(replica_.durable());
    if (!want) return;
    const auto [from, changes_before] = known_before(*want);
    Result<log::ReadStep> step = replica_.reader().read(from, limits::kLogReadBytes);
    if (!step) return fail(step.error(), out);
    if (const auto* plan = std::get_if<log::ReadPlan>(&*step)) {
      plan_changes_before_ = changes_before;
      return read_.begin(replica_, *plan, next_read_id++, out);
    }
    const auto& run = std::get<log::Run>(*step);
    CHECK(!run.records.empty() && run.records.front().pos == from);
    if (const Status status = offer(run, changes_before); !status.ok()) return fail(status, out);
  }
}

void WatchPath::on_log_read(std::uint64_t read_id, const Status& status, Bytes bytes, Outputs& out) {
  if (!read_.is(read_id)) return;
  const Result<std::optional<log::Run>> run = read_.take(replica_, status, std::move(bytes), out);
  if (!run) return fail(run.error(), out);
  if (!*run) return;
  const Status offered = offer(**run, plan_changes_before_);
  if (!offered.ok()) fail(offered, out);
}

void WatchPath::end_turn(std::uint64_t& next_read_id, Outputs& out) {
  if (hub_.size() == 0 && cut_off_.empty()) return;
  for (const WatchId id : hub_.drop_before(replica_.index().first())) cut_off_.push_back(id);
  read_on(next_read_id, out);
  for (const WatchId id : std::exchange(cut_off_, {})) {
    out.watches_ended.push_back(
        {id, Status(StatusCode::kGone, "the log no longer has what comes next as changes; read and watch anew")});
  }
  for (notify::Batch& batch : hub_.take_batches(replica_.durable())) {
    out.watch_sends.push_back({batch.id, to_watch_events(std::move(batch.events))});
  }
}

}  // namespace pando::node
