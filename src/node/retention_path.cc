#include "node/retention_path.h"

#include <fmt/core.h>

#include <algorithm>

namespace pando::node {
namespace {

// How often it is looked at while much happens, and when a file that could not be removed is tried again.
constexpr Duration kLookAtLogEvery = Duration::seconds(1);

}  // namespace

void RetentionPath::note_filled(Instant now) {
  const auto& segments = replica_.index().segments();
  for (std::size_t i = segments.size() < 2 ? 0 : segments.size() - 1; i-- > 0;) {
    // Those before it were noted with it, or earlier.
    if (!filled_at_.emplace(segments[i].header.segment_id, now).second) break;
  }
}

bool RetentionPath::may_go(const Needed& needed, Instant now) const {
  const auto& segments = replica_.index().segments();
  if (segments.size() < 2) return false;
  const log::Index::Segment& oldest = segments.front();
  const log::SegmentHeader& next = segments[1].header;
  const std::uint64_t id = oldest.header.segment_id;
  if (needed.segment && *needed.segment <= id) return false;
  if (needed.pos && *needed.pos <= oldest.last) return false;
  if (std::any_of(copies_.begin(), copies_.end(), [id](const auto& copy) { return copy.second <= id; })) return false;
  log::OldestSegment about;
  about.stored = replica_.cells().checkpointed() >= oldest.last && replica_.cells().replay_segment() > id;
  about.filled_since = now - filled_at_.at(id);
  about.had_by_all = needed.knows_all && now - started_ >= retention_.grace && next.context_known &&
                     needed.all_have(next.start.context);
  if (!needed.by_lease && !about.had_by_all) return false;
  return log::may_drop_oldest(replica_.index(), retention_, about);
}

void RetentionPath::end_turn(const Needed& needed, Time now, Outputs& out) {
  if (!retention_.on) return;
  const Instant at = instant_of(now);
  note_filled(at);
  if (removing_) {
    if (!ask_again_ || at < look_at_) return;
    ask_again_ = false;
    out.segment_removes.push_back({replica_.name(), *removing_});
    return;
  }
  if (at < look_at_) {
    wake_at_ = look_at_;
    return;
  }
  look_at_ = at + kLookAtLogEvery;
  wake_at_.reset();
  if (!may_go(needed, at)) return wait_for_time(at);
  removing_ = replica_.drop_oldest_segment();
  filled_at_.erase(*removing_);
  out.segment_removes.push_back({replica_.name(), *removing_});
}

// What is to come without anything happening: the end of the lease, and of the grace.
void RetentionPath::wait_for_time(Instant now) {
  if (replica_.index().segments().size() < 2) return;
  const Instant filled = filled_at_.at(replica_.index().segments().front().header.segment_id);
  for (const Instant at : {filled + retention_.retain_age + Duration::micros(1), started_ + retention_.grace}) {
    if (at > now && (!wake_at_ || at < *wake_at_)) wake_at_ = at;
  }
}

void RetentionPath::on_removed(std::uint64_t segment_id, const Status& status, Time now, Outputs& out) {
  if (removing_ != segment_id) return;
  if (status.ok()) {
    removing_.reset();
    ++removed_;
    look_at_ = instant_of(now);
  } else {
    ask_again_ = true;
    look_at_ = instant_of(now) + kLookAtLogEvery;
  }
  if (status.ok() != failing_) return;
  failing_ = !status.ok();
  out.notes.push_back(
      failing_ ? Note{Note::Level::kError, replica_.name(),
                      fmt::format("cannot remove log segment {}: {}; trying again", segment_id, status.message())}
               : Note{Note::Level::kInfo, replica_.name(), "log segments are removed again"});
}

std::optional<Instant> RetentionPath::next_deadline() const {
  if (removing_) return ask_again_ ? std::optional(look_at_) : std::nullopt;
  return wake_at_;
}

}  // namespace pando::node
