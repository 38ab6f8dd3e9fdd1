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
  struct Pace {
    Duration interval;        // from one to the next; longer after one that took long
    std::uint64_t log_bytes;  // of log since the last one: now, whatever the interval says
  };
  CheckpointPath(Replica& replica, const Pace& pace, Time now)
      : replica_(replica), pace_(pace), next_at_(instant_of(now) + pace.interval) {}

  // Begins one now (if none is under way and there is something to write), whatever the interval says.
  void begin(Time now);
  void on_written(const Status& status, Time now, Outputs& out);
  void end_turn(Time now, Outputs& out);

  bool under_way() const { return state_ != State::kIdle; }
  // Everything applied is in the store.
  bool complete() const { return !under_way() && !replica_.cells().checkpoint_needed(); }
  std::optional<Instant> next_deadline() const;

 private:
  // There is no waiting for the next one.
  bool full();

  enum class State : std::uint8_t { kIdle, kGathered, kWriting };

  Replica& replica_;
  Pace pace_;
  Instant next_at_;
  Instant began_at_;  // of the one under way
  State state_ = State::kIdle;
  bool failing_ = false;
  LogPos covered_;
  store::Batch batch_;
  std::uint64_t counted_to_ = 0;    // replay_bytes_ was counted when this segment was the last
  std::uint64_t replay_bytes_ = 0;  // what a restart would read of the segments before that one
};

}  // namespace pando::node
