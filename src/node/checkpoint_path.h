// node/checkpoint_path.h — brings changed cells to the store, so that a restart replays little and memory stays
// bounded.
//
//   idle       nothing under way                         → gathered when enough changed or enough time passed
//   gathered   a batch is taken from the cells           → writing once the log is durable as far as it reaches
//   writing    handed out as CheckpointWrite             → idle on CheckpointWritten, good or bad
//
// A crash in any state loses nothing: the store is as before or as after, and the log replays the rest. One thread.
#pragma once

#include "node/replica.h"

namespace pando::node {

class CheckpointPath {
 public:
  CheckpointPath(Replica& replica, Duration interval, Time now)
      : replica_(replica), interval_(interval), next_at_(instant_of(now) + interval) {}

  // Begins one now (if none is under way and there is something to write), whatever the interval says.
  void begin(Time now);
  void on_written(const Status& status, Time now, Outputs& out);
  void end_turn(Time now, Outputs& out);

  bool under_way() const { return state_ != State::kIdle; }
  // Everything applied is in the store.
  bool complete() const { return !under_way() && !replica_.cells().checkpoint_needed(); }
  std::optional<Instant> next_deadline() const;

 private:
  enum class State : std::uint8_t { kIdle, kGathered, kWriting };

  Replica& replica_;
  Duration interval_;
  Instant next_at_;
  Instant began_at_;  // of the one under way
  State state_ = State::kIdle;
  bool failing_ = false;
  LogPos covered_;
  store::Batch batch_;
};

}  // namespace pando::node
