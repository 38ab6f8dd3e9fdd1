#include "node/checkpoint_path.h"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>

namespace pando::node {
namespace {

// After a checkpoint that took long the next one waits so many times as long, up to a bound: a twentieth of the time at
// most goes into checkpoints, and what changes again and again is written once. A full memory does not wait, nor a log
// that a restart would read for long.
constexpr std::int64_t kRest = 19;
constexpr Duration kRestMax = Duration::seconds(30);
constexpr Duration kAfterFailure = Duration::seconds(1);
// Between two slices, so that others have at least as much of the loop.
constexpr Duration kBetweenSlices = Duration::micros(500);
// Of one turn.
constexpr std::int64_t kSlicesMax = 16;
// Where memory is all but full.
constexpr Duration kLogPauseMax = Duration::seconds(1);

}  // namespace

void CheckpointPath::begin(Time now) {
  if (under_way() || !replica_.failure().ok() || !replica_.cells().checkpoint_needed()) return;
  const auto& segments = replica_.index().segments();
  const std::uint64_t replay_segment = segments.empty() ? log::kFirstSegmentId : segments.back().header.segment_id;
  covered_ = replica_.cells().applied();
  replica_.keep_meeting();
  replica_.cells().start_checkpoint(replay_segment);
  state_ = State::kGathering;
  next_slice_at_ = instant_of(now);
  go_on(now);
}

void CheckpointPath::hurry(Time now) {
  hurry_ = true;
  if (!failing_) begin(now);
}

void CheckpointPath::go_on(Time now) {
  if (state_ != State::kGathering && state_ != State::kSettling) return;
  if (instant_of(now) < next_slice_at_) return;
  const std::int64_t late = (instant_of(now) - next_slice_at_).us / kBetweenSlices.us;
  next_slice_at_ = instant_of(now) + (hurry_ ? Duration() : kBetweenSlices);
  const auto slices = static_cast<std::size_t>(hurry_ ? kSlicesMax : std::min(1 + late, kSlicesMax));
  const std::size_t slice = slices * replica_.config().checkpoint_slice_cells;
  if (state_ == State::kGathering && replica_.cells().gather(slice)) {
    state_ = State::kGathered;
  } else if (state_ == State::kSettling && replica_.cells().settle(slice)) {
    state_ = State::kIdle;
  }
}

void CheckpointPath::on_written(const Status& status, Time now, Outputs& out) {
  if (state_ != State::kWriting) return;
  state_ = State::kSettling;
  next_slice_at_ = instant_of(now);
  replica_.cells().checkpoint_written(status);
  counted_to_ = 0;
  if (status.ok() == failing_) {
    failing_ = !status.ok();
    out.notes.push_back(failing_ ? Note{Note::Level::kError, replica_.name(),
                                        fmt::format("checkpoint failed: {}; trying again", status.message())}
                                 : Note{Note::Level::kInfo, replica_.name(), "checkpoints succeed again"});
  }
  const Duration took = instant_of(now) - handed_out_at_;
  const Duration rest = std::max(pace_.interval, std::min(Duration::micros(took.us * kRest), kRestMax));
  next_at_ = instant_of(now) + (status.ok() ? rest : kAfterFailure);
}

void CheckpointPath::end_turn(Time now, Outputs& out) {
  go_on(now);
  // The interval runs from the first change on, not from the last checkpoint of long ago.
  if (!under_way() && !replica_.cells().checkpoint_needed()) next_at_ = instant_of(now) + pace_.interval;
  if ((full() && !failing_) || instant_of(now) >= next_at_) begin(now);
  if (state_ == State::kGathered && covered_ <= replica_.durable()) {
    state_ = State::kWriting;
    handed_out_at_ = instant_of(now);
    out.checkpoints.push_back({replica_.name(), replica_.cells().take_gathered()});
  }
}

bool CheckpointPath::full() {
  if (replica_.cells().dirty_bytes() >= replica_.config().checkpoint_dirty_bytes) return true;
  const auto& segments = replica_.index().segments();
  if (!segments.empty() && segments.back().header.segment_id != counted_to_) {
    counted_to_ = segments.back().header.segment_id;
    replay_bytes_ = 0;
    for (auto at = std::next(segments.rbegin()); at != segments.rend(); ++at) {
      if (at->header.segment_id < replica_.cells().replay_segment()) break;
      replay_bytes_ += at->bytes;
    }
  }
  return replay_bytes_ >= pace_.log_bytes;
}

Duration CheckpointPath::pause_of_log() const {
  const std::size_t once = replica_.config().checkpoint_dirty_bytes;
  const std::size_t slow = limits::kDirtyTimesSlow * once;
  const std::size_t dirty = replica_.cells().dirty_bytes();
  if (dirty <= slow) return {};
  // Squared, so that it sets in gently.
  const std::size_t room = (limits::kDirtyTimesMax - limits::kDirtyTimesSlow) * once;
  const auto permille = static_cast<std::int64_t>(std::min<std::size_t>(1000 * (dirty - slow) / room, 1000));
  return Duration::micros(kLogPauseMax.us * permille * permille / 1'000'000);
}

bool CheckpointPath::lets_log_go(Instant now) {
  // A checkpoint that waits for the log makes room once that is written.
  log_waits_ = state_ != State::kGathered && now < log_at_ + pause_of_log();
  return !log_waits_;
}

std::optional<Instant> CheckpointPath::next_deadline() const {
  if (!replica_.failure().ok()) return std::nullopt;
  std::optional<Instant> next;
  if (state_ == State::kGathering || state_ == State::kSettling) {
    next = next_slice_at_;
  } else if (!under_way() && replica_.cells().checkpoint_needed()) {
    next = next_at_;
  }
  if (const Instant at = log_at_ + pause_of_log(); log_waits_ && (!next || at < *next)) next = at;
  return next;
}

}  // namespace pando::node
