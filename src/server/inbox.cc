#include "server/inbox.h"

#include <boost/asio/post.hpp>
#include <utility>

namespace pando::server {

Inbox::Inbox(boost::asio::io_context& loop, Take take) : loop_(loop), take_(std::move(take)) {}

void Inbox::push(node::Input input) {
  bool was_empty = false;
  const auto* const written = std::get_if<node::LogWritten>(&input);
  const bool presses = written != nullptr && written->durable;
  {
    const std::lock_guard lock(mutex_);
    was_empty = waiting_.empty();
    waiting_.push_back(std::move(input));
    if (presses) written_.store(true, std::memory_order_relaxed);
  }
  if (was_empty) boost::asio::post(loop_, [this] { drain(); });
}

void Inbox::drain() {
  taken_.clear();
  {
    const std::lock_guard lock(mutex_);
    taken_.swap(waiting_);
    written_.store(false, std::memory_order_relaxed);
  }
  taking_ = true;
  take_(taken_);
  taking_ = false;
}

}  // namespace pando::server
