// node/checkpoint_path.h — brings changed cells to the store, so that a restart replays little and memory stays
// bounded.
//
//   idle       nothing under way                         → gathering when enough changed or enough time passed
//   gathering  a batch is taken from the cells           → gathered when it has all
//   gathered   waits for the log                         → writing once that is durable as far as the batch reaches
//   writing    handed out as CheckpointWrite             → settling on CheckpointWritten, good or bad
//   settling   the cells learn of it                     → idle when all have
//
// Gathering and settling are done in slices (NamespaceConfig::checkpoint_slice_cells), so that nobody waits long behind
// one: of 200,000 cells each would hold the loop for a tenth of a second. A crash in any state loses nothing: the store
// is as before or as after, and the log replays the rest. One thread.
//
// Where cells change faster than checkpoints bring them to the store, the log is slowed down before memory is full:
// past limits::kDirtyTimesSlow each write of it waits a little after the one before, longer the less room is left, and
// with it whoever waits for an answer or an acknowledgement. So a bulk load goes at the store's pace; only those who
// wait for nothing come to where writes are refused.
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
  // The node stops: as begin(), without pauses between slices, as nobody is left to whom they leave the loop. Again and
  // again, it tries again after one that failed no sooner than ever.
  void hurry(Time now);
  void on_written(const Status& status, Time now, Outputs& out);
  void end_turn(Time now, Outputs& out);

  // Whether the log may be written to now; where not, next_deadline() says when.
  bool lets_log_go(Instant now);
  void on_log_handed_out(Instant now) { log_at_ = now; }

  bool under_way() const { return state_ != State::kIdle; }
  // Everything applied is in the store.
  bool complete() const { return !under_way() && !replica_.cells().checkpoint_needed(); }
  std::optional<Instant> next_deadline() const;

 private:
  // There is no waiting for the next one.
  bool full();

  enum class State : std::uint8_t { kIdle, kGathering, kGathered, kWriting, kSettling };
  // A slice, where its time has come; of long turns, as there are few, several.
  void go_on(Time now);
  // From one write of the log to the next.
  Duration pause_of_log() const;

  Replica& replica_;
  Pace pace_;
  Instant next_at_;
  Instant next_slice_at_;
  Instant handed_out_at_;
  State state_ = State::kIdle;
  bool failing_ = false;
  bool hurry_ = false;
  LogPos covered_;
  Instant log_at_;                  // written to
  bool log_waits_ = false;          // and would be again
  std::uint64_t counted_to_ = 0;    // replay_bytes_ was counted when this segment was the last
  std::uint64_t replay_bytes_ = 0;  // what a restart would read of the segments before that one
};

}  // namespace pando::node
