#include "io/loop/readiness.h"

#include <boost/asio/io_context.hpp>

#include "base/check.h"

namespace pando::io::loop {
namespace {

epoll_event event_of(std::uint32_t slot, Interest interest) {
  epoll_event event{};
  event.events = (interest.read ? EPOLLIN : 0U) | (interest.write ? EPOLLOUT : 0U);
  event.data.u32 = slot;
  return event;
}

int make_set() {
  const int set = ::epoll_create1(EPOLL_CLOEXEC);
  CHECK(set >= 0);
  return set;
}

}  // namespace

Readiness::Readiness(boost::asio::io_context& io) : set_(io, make_set()) {}

bool Readiness::add(int fd, std::uint32_t slot, Interest interest) {
  epoll_event event = event_of(slot, interest);
  if (::epoll_ctl(set_.native_handle(), EPOLL_CTL_ADD, fd, &event) != 0) return false;
  ++sockets_;
  return true;
}

void Readiness::change(int fd, std::uint32_t slot, Interest interest) {
  epoll_event event = event_of(slot, interest);
  CHECK(::epoll_ctl(set_.native_handle(), EPOLL_CTL_MOD, fd, &event) == 0);
}

void Readiness::remove(int fd) {
  CHECK(::epoll_ctl(set_.native_handle(), EPOLL_CTL_DEL, fd, nullptr) == 0);
  if (--sockets_ > 0) return;
  boost::system::error_code ignored;
  set_.cancel(ignored);
}

bool Readiness::look() {
  // Interrupted or not: what is ready stays so.
  const int count = ::epoll_wait(set_.native_handle(), events_.data(), static_cast<int>(kAtOnce), 0);
  for (int i = 0; i < count; ++i) {
    const auto at = static_cast<std::size_t>(i);
    const std::uint32_t what = events_[at].events;
    ready_[at] = {events_[at].data.u32, (what & EPOLLIN) != 0, (what & EPOLLOUT) != 0,
                  (what & (EPOLLHUP | EPOLLERR)) != 0};
  }
  count_ = static_cast<std::size_t>(count > 0 ? count : 0);
  return count_ > 0;
}

}  // namespace pando::io::loop
