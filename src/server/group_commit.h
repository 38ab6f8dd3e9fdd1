// server/group_commit.h — lets those who were just answered share the next log write.
//
// Clients that each wait for their answer fall into two camps: while one camp's write is synced the other
// gathers, so every sync carries half of them. When a write comes back, the next one therefore waits while those
// who were just answered come back with their next request: until all have, or none came for a sixteenth of
// what a sync usually takes, and at most half of it. Sixty-four clients then share one sync instead of two.
// A single client is never made to wait, nor is anybody when syncs are so fast that it is not worth it.
//
// Time is an argument; no timer in here. One per namespace.
#pragma once

#include <cstddef>

#include "base/time.h"

namespace pando::server {

class GroupCommit {
 public:
  static constexpr int kGapPart = 16;  // of a sync's usual time
  static constexpr int kWaitPart = 2;
  static constexpr Duration kSyncWorthSharing = Duration::micros(200);
  static constexpr Duration kGapMax = Duration::micros(500);
  static constexpr Duration kWaitMax = Duration::millis(5);

  void on_handed_out(Instant now) { handed_out_ = now; }
  // The write came back and `answered` clients have their replies. True: hold the next one, and ask again at until().
  bool on_written(Instant now, std::size_t answered);
  // Requests of so many clients came. True when they are the last that were waited for: let go.
  bool on_request(Instant now, std::size_t clients = 1);
  // At until(). True: the wait is over, let go. False: nobody is waited for, or ask again at until().
  bool on_time(Instant now);

  bool holding() const { return missing_ > 0; }
  Instant until() const { return until_; }

 private:
  Instant handed_out_;
  Duration usual_;           // what a sync took lately
  std::size_t missing_ = 0;  // clients still waited for; 0: not holding
  Instant latest_;           // request
  Duration gap_;
  Instant until_;
  Instant at_most_;
};

}  // namespace pando::server
