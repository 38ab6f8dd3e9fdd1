#include "repl/send_window.h"

#include <utility>

namespace pando::repl {
namespace {

// What remembering one frame costs beside its bytes, so that many tiny frames stay bounded too.
constexpr std::size_t kFrameOverheadBytes = 256;

}  // namespace

void SendWindow::sent(std::size_t bytes, VersionVector commits, LogPos first) {
  bytes_ += bytes + kFrameOverheadBytes;
  frames_.push_back(Unacked{bytes + kFrameOverheadBytes, std::move(commits), first});
}

std::optional<LogPos> SendWindow::find(const Dot& dot) const {
  for (const Unacked& frame : frames_) {
    if (frame.commits.covers(dot)) return frame.first;
  }
  return std::nullopt;
}

void SendWindow::acked(const VersionVector& context) {
  while (!frames_.empty() && context.covers(frames_.front().commits)) {
    bytes_ -= frames_.front().bytes;
    frames_.pop_front();
  }
}

}  // namespace pando::repl
