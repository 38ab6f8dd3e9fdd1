// server/group_commit.h — lets those who were just answered share the next log write.
//
// Clients that each wait for their answer fall into two camps: while one camp's write is synced the other
// gathers, so every sync carries half of them. When a write comes back, the next one therefore waits while those
// who were just answered come back with their next request: until all have, or none came for a sixteenth of
// what a sync usually takes, and at most half of it. Sixty-four clients then share one sync instead of two.
//
// In one camp the loop has nothing to do while it syncs. With S a sync's time and L the loop's work for one request
// of every client, a round of all takes S + L in one camp and the longer of 2 S and L in two: one camp is better only
// while L < S. So when the loop is what clients wait for, nobody is held and the disk works while the loop does.
// A single client is never made to wait, nor is anybody when syncs are so fast that it is not worth it.
//
// Time is an argument; no timer in here. One per namespace.
#pragma once

#include <cstddef>
#include <optional>

#include "base/time.h"

namespace pando::server {

class GroupCommit {
 public:
  static constexpr int kGapPart = 16;  // of a sync's usual time
  static constexpr int kWaitPart = 2;
  static constexpr Duration kSyncWorthSharing = Duration::micros(200);
  static constexpr Duration kGapMax = Duration::micros(500);
  static constexpr Duration kWaitMax = Duration::millis(5);

  void on_handed_out() { waiting_ = 0; }
  // What a write has cost: the disk, and the loop since the one before.
  struct Cost {
    Duration sync;
    std::optional<Duration> loop;  // where weighs_loop(), and the one before was weighed too
  };
  // Whether it matters what the loop did, when so many clients were answered. Where syncs are quick it does not, nor
  // for one client, and asking for it is a system call.
  bool weighs_loop(std::size_t answered) const { return answered > 1 && usual_ >= kSyncWorthSharing; }
  enum class Next { kGoOn, kHold, kLetGo };
  // The write came back and `answered` clients have their replies. kHold: the next one, and ask again at until().
  // kLetGo: it was held for an earlier one that came back just before, and is so no longer.
  Next on_written(Instant now, std::size_t answered, const Cost& cost);
  // Requests of so many clients came. True when they are the last that were waited for: let go.
  bool on_request(Instant now, std::size_t clients = 1);
  // At until(). True: the wait is over, let go. False: nobody is waited for, or ask again at until().
  bool on_time(Instant now);

  bool holding() const { return missing_ > 0; }
  // Somebody asked since the last write was handed out.
  bool waited_for() const { return waiting_ > 0; }
  Instant until() const { return until_; }

 private:
  std::size_t asked_ = 0;     // clients, since the last write came back
  std::size_t waiting_ = 0;   // clients, since the last one was handed out
  Duration usual_;            // what a sync took lately
  double per_client_us_ = 0;  // what the loop did lately for one request
  std::size_t missing_ = 0;   // clients still waited for; 0: not holding
  Instant latest_;            // request
  Duration gap_;
  Instant until_;
  Instant at_most_;
};

}  // namespace pando::server
