#include "repl/send_window.h"

#include <utility>

namespace pando::repl {
namespace {

// What remembering one frame costs beside its bytes, so that many tiny frames stay bounded too.
constexpr std::size_t kFrameOverheadBytes = 256;

}  // namespace

void SendWindow::sent(std::size_t bytes, VersionVector commits) {
  bytes_ += bytes + kFrameOverheadBytes;
  frames_.push_back(Unacked{bytes + kFrameOverheadBytes, std::move(commits)});
}

void SendWindow::acked(const VersionVector& context) {
  while (!frames_.empty() && context.covers(frames_.front().commits)) {
    bytes_ -= frames_.front().bytes;
    frames_.pop_front();
  }
}

}  // namespace pando::repl
