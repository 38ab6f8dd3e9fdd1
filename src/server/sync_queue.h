// server/sync_queue.h — when to sync what the operating system has been given ahead of the disk.
//
// Writes that are answered once the operating system has them (`os`) are put by the loop, and one sync stands for all
// that were put before it began. Where nobody waits for the disk syncs keep a pause between them: each costs the log's
// thread and the loop a wake-up, and what is lost in a power cut is little either way. Time is an argument; no timer,
// no thread. One per namespace.
#pragma once

#include <cstddef>
#include <optional>
#include <utility>

#include "base/time.h"

namespace pando::server {

class SyncQueue {
 public:
  static constexpr Duration kPause = Duration::millis(1);

  // The operating system has one more write.
  void on_put(bool awaited) {
    ++put_;
    awaited_ = awaited_ || awaited;
  }
  // True: a sync of all that was put is to begin now. False: nothing to do, or not yet.
  bool begin(Instant now) {
    if (syncing_ > 0 || put_ == 0 || (!awaited_ && now < next_)) return false;
    syncing_ = put_;
    put_ = 0;
    awaited_ = false;
    next_ = now + kPause;
    return true;
  }
  // When to ask begin() again though nothing else happens.
  std::optional<Instant> ask_at() const {
    if (syncing_ > 0 || put_ == 0) return std::nullopt;
    return next_;
  }
  bool under_way() const { return syncing_ > 0; }
  // It is done: for so many writes.
  std::size_t on_synced() { return std::exchange(syncing_, 0); }

 private:
  std::size_t put_ = 0;      // and in no sync yet
  std::size_t syncing_ = 0;  // in the one under way
  bool awaited_ = false;     // any of put_
  Instant next_;             // when the next one may begin by itself
};

}  // namespace pando::server
