// PeerPath: reading the log for peers, and where to begin.

#include <utility>
#include <variant>

#include "node/peer_path.h"

namespace pando::node {
namespace {

// To a peer that could not hold what a resync brought, none is offered again for so long.
constexpr Duration kDeclinedHolds = Duration::seconds(600);

}  // namespace

void PeerPath::begin_reading(LinkId id, Link& link, const VersionVector& peer_has, Instant now, Outputs& out) {
  link.undecided = false;
  const std::optional<LogPos> first = replica_.index().first_lacking(peer_has);
  const bool takes = link.options.publish && link.session.peer()->subscribe;
  if (!first) {
    if (takes) lose(id, link, log_begins_behind(), out);
    return;
  }
  // Commits that it lacks are here only in parts, and all that came of them is in the cells.
  const auto patchy = replica_.patchy_log();
  if (patchy && replica_.holds().all && takes && link.session.speaks_resync() && !peer_has.covers(patchy->upto) &&
      !patchy->before.includes(link.session.peer()->tables)) {
    return lose(id, link, patchy->upto, out);
  }
  const WayBack::Way way =
      has_choice(link) ? way_back_.way(way_back_.tail_bytes(*first, peer_has), now) : WayBack::Way::kLog;
  switch (way) {
    case WayBack::Way::kLog: link.session.seek(*first); break;
    case WayBack::Way::kResync: lose(id, link, replica_.durable_context(), out); break;
    case WayBack::Way::kUnknown: link.undecided = true; break;
  }
}

void PeerPath::begin_undecided(Instant now, Outputs& out) {
  way_back_.work(now);
  for (auto& [id, link] : links_) {
    if (link.undecided && !link.session.closed()) begin_reading(id, link, link.session.peer_durable(), now, out);
  }
}

const VersionVector& PeerPath::log_begins_behind() const {
  return replica_.index().segments().front().header.start.context;
}

void PeerPath::lose(LinkId id, Link& link, VersionVector needs, Outputs& out) {
  if (Status status = resync_.serving().lost(id, link.session, std::move(needs), out); !status.ok()) {
    refuse(link, std::move(status), out);
  }
}

void PeerPath::find_again(LinkId id, Link& link, Instant now, Outputs& out) {
  const VersionVector& there = link.session.peer_durable();
  const bool declined = resync_.serving().declined(id);
  if (!declined && !resync_.serving().may_go_on(id, there)) return;
  const std::optional<LogPos> first = replica_.index().first_lacking(there);
  if (!first && declined) return;
  if (!first) return lose(id, link, log_begins_behind(), out);
  if (declined) link.falling_behind.be_silent(now + kDeclinedHolds);
  resync_.serving().found(id);
  link.session.seek(*first);
}

std::optional<std::uint64_t> PeerPath::reading_segment() const {
  std::optional<std::uint64_t> oldest;
  for (const auto& entry : links_) {
    const std::optional<std::uint64_t> segment = entry.second.read.segment();
    if (segment && (!oldest || *segment < *oldest)) oldest = segment;
  }
  return oldest;
}

void PeerPath::read_on(LinkId id, Link& link, std::uint64_t& next_read_id, Outputs& out) {
  while (!link.read.under_way()) {
    const std::optional<LogPos> want = link.session.wants();
    if (!want || *want > replica_.durable()) return;
    Result<log::ReadStep> step = replica_.reader().read(*want, limits::kFrameBytesTarget);
    if (!step && step.error().code() == StatusCode::kGone && !link.session.goes_back()) {
      return lose(id, link, log_begins_behind(), out);
    }
    if (!step) {
      link.session.refuse(step.error());
      return;
    }
    if (const auto* plan = std::get_if<log::ReadPlan>(&*step)) {
      return link.read.begin(replica_, *plan, next_read_id++, out);
    }
    const auto& run = std::get<log::Run>(*step);
    if (run.records.empty()) return;
    offer(id, link, run, out);
  }
}

void PeerPath::offer(LinkId id, Link& link, const log::Run& run, Outputs& out) {
  for (const log::RecordView& record : run.records) {
    const std::optional<LogPos> want = link.session.wants();
    // It may have been told to go back while the disk was read.
    if (!want || *want < run.records.front().pos) return;
    if (record.pos < *want) continue;
    if (record.kind == log::RecordKind::kCommit) {
      link.session.offer(record.pos, record.body);
    } else if (record.kind == log::RecordKind::kCut) {
      Result<CutRecord> found = decode_cut_record(record.body);
      if (!found) return link.session.refuse(found.error());
      if (!link.session.pass_cut(record.pos, found->cut.context)) {
        return lose(id, link, std::move(found->cut.context), out);
      }
    } else {
      link.session.pass(record.pos);
    }
  }
}

void PeerPath::on_log_read(std::uint64_t read_id, const Status& status, Bytes bytes, Outputs& out) {
  for (auto& [id, link] : links_) {
    if (!link.read.is(read_id)) continue;
    const Result<std::optional<log::Run>> run = link.read.take(replica_, status, std::move(bytes), out);
    if (!run) {
      // Bytes that are no records of ours.
      if (status.ok()) out.notes.push_back({Note::Level::kError, replica_.name(), run.error().message()});
      link.session.refuse(run.error());
    } else if (*run) {
      offer(id, link, **run, out);
    }
    return;
  }
}

}  // namespace pando::node
