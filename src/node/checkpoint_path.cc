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

}  // namespace

void CheckpointPath::begin(Time now) {
  if (under_way() || !replica_.failure().ok() || !replica_.cells().checkpoint_needed()) return;
  const auto& segments = replica_.index().segments();
  const std::uint64_t replay_segment = segments.empty() ? log::kFirstSegmentId : segments.back().header.segment_id;
  covered_ = replica_.cells().applied();
  replica_.cells().start_checkpoint(replay_segment);
  state_ = State::kGathering;
  next_slice_at_ = instant_of(now);
  go_on(now);
}

void CheckpointPath::go_on(Time now) {
  if (state_ != State::kGathering && state_ != State::kSettling) return;
  if (instant_of(now) < next_slice_at_) return;
  next_slice_at_ = instant_of(now) + kBetweenSlices;
  const std::size_t slice = replica_.config().checkpoint_slice_cells;
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
  if (replica_.cells().dirty_bytes() >= limits::kDirtyBytesCheckpoint) return true;
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

std::optional<Instant> CheckpointPath::next_deadline() const {
  if (!replica_.failure().ok()) return std::nullopt;
  if (state_ == State::kGathering || state_ == State::kSettling) return next_slice_at_;
  if (under_way() || !replica_.cells().checkpoint_needed()) return std::nullopt;
  return next_at_;
}

}  // namespace pando::node
