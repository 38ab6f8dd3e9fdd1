// repl/send_window.h — what was sent to a peer and not acknowledged: the bound on what a slow peer costs.
//
// Counts bytes, not commits. Open while fewer than bytes_max are unacknowledged, so it is overrun by at most
// one frame, and one commit larger than the window still passes, alone.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <optional>

#include "base/ids.h"
#include "model/version_vector.h"

namespace pando::repl {

class SendWindow {
 public:
  explicit SendWindow(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  // The receiver accepts no more than this.
  void limit(std::size_t bytes_max) { bytes_max_ = std::min(bytes_max_, bytes_max); }
  // A frame of `bytes` whose commits reach up to `commits` was sent; the first of them stands at `first` in the log.
  void sent(std::size_t bytes, VersionVector commits, LogPos first);
  // Everything in `context` is durable at the peer. A peer makes frames durable in the order they were sent.
  void acked(const VersionVector& context);

  // `more_bytes` are about to be sent on top.
  bool open(std::size_t more_bytes) const { return bytes_ + more_bytes < bytes_max_; }
  // From where on to look in the log for a commit that was sent, or announced, and is not acknowledged.
  std::optional<LogPos> find(const Dot& dot) const;
  std::size_t unacked_bytes() const { return bytes_; }
  std::size_t unacked_frames() const { return frames_.size(); }

 private:
  struct Unacked {
    std::size_t bytes = 0;
    VersionVector commits;
    LogPos first;
  };

  std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  std::deque<Unacked> frames_;
};

}  // namespace pando::repl
