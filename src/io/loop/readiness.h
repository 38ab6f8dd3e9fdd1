// io/loop/readiness.h — which of many sockets can be read or written, level-triggered.
//
// For servers of many clients that say little each: Asio re-arms a socket with a system call per wait (it is
// edge-triggered inside), queues an operation for it and holds on to its handler; that is a twentieth of what a small
// command costs. Here all sockets of a server share one epoll set, and the loop waits for that set: two calls for all
// that are ready, and none for a socket that goes on being read. docs/performance.md has the measurement.
//
// A socket is known by the slot of its client. What ready() says may be out of date by the time it is looked at (an
// earlier one of the same round closed it, or its slot was given to another): a read or write then finds nothing.
// One thread, the loop's. epoll(7).
#pragma once

#include <sys/epoll.h>

#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace pando::io::loop {

struct Interest {
  bool read = false;
  bool write = false;
  bool operator==(const Interest&) const = default;
};

struct Ready {
  std::uint32_t slot = 0;
  bool read = false;  // data, or the end of it
  bool write = false;
  bool gone = false;  // nothing can be read or written any more; said without being asked for
};

class Readiness {
 public:
  static constexpr std::size_t kAtOnce = 128;

  // Stops the process where the system has no descriptor left for it: at the start.
  explicit Readiness(boost::asio::io_context& io);

  // False: the system watches no more sockets, or this is none. It is not watched then, and not to be changed or
  // removed.
  [[nodiscard]] bool add(int fd, std::uint32_t slot, Interest interest);
  void change(int fd, std::uint32_t slot, Interest interest);
  // The last one ends a wait that is under way.
  void remove(int fd);
  bool empty() const { return sockets_ == 0; }

  // `handler(error_code)` runs once on the loop, when some socket is ready: look() sees which. One wait at a time.
  template <typename Handler>
  void async_wait(Handler handler) {
    set_.async_wait(boost::asio::posix::descriptor_base::wait_read, std::move(handler));
  }
  // Sees which are ready now, up to kAtOnce; the next look brings the rest. False: none is.
  bool look();
  // What the last look saw.
  std::span<const Ready> ready() const { return {ready_.data(), count_}; }

 private:
  boost::asio::posix::stream_descriptor set_;
  std::size_t sockets_ = 0;
  std::size_t count_ = 0;  // of ready_
  std::array<epoll_event, kAtOnce> events_;
  std::array<Ready, kAtOnce> ready_;
};

}  // namespace pando::io::loop
