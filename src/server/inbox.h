// server/inbox.h — inputs from other threads, handed to the loop in batches.
//
// Disk and network threads push; the loop is woken once, however many inputs have gathered, and takes them
// all. Inputs of one thread keep their order. Unbounded by itself: every pusher is (one log write per
// namespace, frames within the links' receive window, one completion per job given out).
//
// A log write that came back is not to wait until a long turn is over, or the disk would wait with it: the loop looks
// for it between one client's requests and the next, at the price of one load.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <mutex>
#include <vector>

#include "node/io.h"

namespace pando::server {

class Inbox {
 public:
  using Take = std::function<void(std::vector<node::Input>& inputs)>;

  // `take` runs on the loop and may leave `inputs` in any state. The loop outlives the inbox and runs nothing
  // of it after it is gone.
  Inbox(boost::asio::io_context& loop, Take take);

  // Any thread.
  void push(node::Input input);
  // The loop. Takes what waits now, if a durable log write is among it. From within `take` it does nothing.
  void take_if_written() {
    if (written_.load(std::memory_order_relaxed) && !taking_) drain();
  }

 private:
  void drain();

  boost::asio::io_context& loop_;
  Take take_;
  std::vector<node::Input> taken_;  // loop only
  bool taking_ = false;             // loop only
  std::atomic<bool> written_{false};
  std::mutex mutex_;
  std::vector<node::Input> waiting_;
};

}  // namespace pando::server
