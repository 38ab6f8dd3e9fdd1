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

}  // namespace

void CheckpointPath::begin(Time now) {
  if (under_way() || !replica_.failure().ok() || !replica_.cells().checkpoint_needed()) return;
  const auto& segments = replica_.index().segments();
  const std::uint64_t replay_segment = segments.empty() ? log::kFirstSegmentId : segments.back().header.segment_id;
  covered_ = replica_.cells().applied();
  batch_ = replica_.cells().begin_checkpoint(replay_segment);
  state_ = State::kGathered;
  began_at_ = instant_of(now);
}

void CheckpointPath::on_written(const Status& status, Time now, Outputs& out) {
  if (state_ != State::kWriting) return;
  state_ = State::kIdle;
  replica_.cells().checkpoint_done(status);
  counted_to_ = 0;
  if (status.ok() == failing_) {
    failing_ = !status.ok();
    out.notes.push_back(failing_ ? Note{Note::Level::kError, replica_.name(),
                                        fmt::format("checkpoint failed: {}; trying again", status.message())}
                                 : Note{Note::Level::kInfo, replica_.name(), "checkpoints succeed again"});
  }
  const Duration took = instant_of(now) - began_at_;
  const Duration rest = std::max(pace_.interval, std::min(Duration::micros(took.us * kRest), kRestMax));
  next_at_ = instant_of(now) + (status.ok() ? rest : kAfterFailure);
}

void CheckpointPath::end_turn(Time now, Outputs& out) {
  // The interval runs from the first change on, not from the last checkpoint of long ago.
  if (!under_way() && !replica_.cells().checkpoint_needed()) next_at_ = instant_of(now) + pace_.interval;
  if ((full() && !failing_) || instant_of(now) >= next_at_) begin(now);
  if (state_ == State::kGathered && covered_ <= replica_.durable()) {
    state_ = State::kWriting;
    out.checkpoints.push_back({replica_.name(), std::move(batch_)});
    batch_ = {};
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
  if (under_way() || !replica_.failure().ok() || !replica_.cells().checkpoint_needed()) return std::nullopt;
  return next_at_;
}

}  // namespace pando::node
