#include "io/zmq/subscriber.h"

#include <fmt/core.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <set>
#include <zmq.hpp>

#include "io/zmq/curve.h"

namespace pando::io::zmq {
namespace {

constexpr int kWatchedEvents = ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED;

Status failure(const std::string& what, const ::zmq::error_t& error) {
  const StatusCode code = error.num() == EINVAL ? StatusCode::kInvalidArgument : StatusCode::kIoError;
  return Status(code, fmt::format("{}: {}", what, error.what()));
}

}  // namespace

struct Subscriber::Impl {
  explicit Impl(::zmq::context_t& context)
      : socket(context, ::zmq::socket_type::sub), monitor(context, ::zmq::socket_type::pair) {}

  // libzmq tells of connections on a socket of their own: two frames, the event (its number first) and
  // the endpoint.
  void start_monitor() {
    const std::string address = fmt::format("inproc://pando-subscriber-{}", static_cast<const void*>(this));
    if (zmq_socket_monitor(socket.handle(), address.c_str(), kWatchedEvents) != 0) throw ::zmq::error_t();
    monitor.connect(address);
  }
  void take_connection_events() {
    ::zmq::message_t message;
    while (monitor.recv(message, ::zmq::recv_flags::dontwait)) {
      std::uint16_t event = 0;
      if (message.size() >= sizeof event) std::memcpy(&event, message.data(), sizeof event);
      if (!message.more() || !monitor.recv(message, ::zmq::recv_flags::none)) continue;
      // A connection that never completed its handshake is also said to disconnect: hence a set.
      if (event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED) connected.insert(message.to_string());
      if (event == ZMQ_EVENT_DISCONNECTED) connected.erase(message.to_string());
    }
  }
  std::optional<std::vector<Bytes>> take_message() {
    ::zmq::message_t message;
    if (!socket.recv(message, ::zmq::recv_flags::dontwait)) return std::nullopt;
    std::vector<Bytes> frames;
    frames.push_back(message.to_string());
    while (message.more()) {
      // The frames of a message arrive together.
      (void)socket.recv(message, ::zmq::recv_flags::none);
      frames.push_back(message.to_string());
    }
    return frames;
  }

  ::zmq::socket_t socket;
  ::zmq::socket_t monitor;
  std::set<std::string> connected;  // endpoints
};

Subscriber::Subscriber(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Subscriber::Subscriber(Subscriber&&) noexcept = default;
Subscriber& Subscriber::operator=(Subscriber&&) noexcept = default;
Subscriber::~Subscriber() = default;

Result<Subscriber> Subscriber::connect(Context& context, const SubscriberOptions& options) {
  std::string what = "subscribing";
  try {
    auto impl = std::make_unique<Impl>(*static_cast<::zmq::context_t*>(context.native()));
    impl->socket.set(::zmq::sockopt::rcvhwm, options.high_water_mark);
    impl->socket.set(::zmq::sockopt::linger, 0);
    impl->socket.set(::zmq::sockopt::tcp_keepalive, 1);
    if (options.curve_server_key) PANDO_RETURN_IF_ERROR(set_curve_client(impl->socket, *options.curve_server_key));
    impl->monitor.set(::zmq::sockopt::linger, 0);
    impl->start_monitor();
    for (const std::string& topic : options.topics) impl->socket.set(::zmq::sockopt::subscribe, topic);
    for (const std::string& endpoint : options.endpoints) {
      what = endpoint;
      // Only for literal addresses: with it, libzmq tries a name's IPv6 address and no other.
      impl->socket.set(::zmq::sockopt::ipv6, endpoint.find('[') != std::string::npos);
      impl->socket.connect(endpoint);
    }
    return Subscriber(std::move(impl));
  } catch (const ::zmq::error_t& error) {
    return fail(failure(what, error));
  }
}

Result<std::optional<std::vector<Bytes>>> Subscriber::receive(std::chrono::milliseconds timeout, int wake_fd) {
  using Clock = std::chrono::steady_clock;
  const auto until = Clock::now() + timeout;
  try {
    while (true) {
      impl_->take_connection_events();
      if (auto frames = impl_->take_message()) return frames;
      std::array<::zmq::pollitem_t, 3> items = {{{impl_->socket.handle(), 0, ZMQ_POLLIN, 0},
                                                 {impl_->monitor.handle(), 0, ZMQ_POLLIN, 0},
                                                 {nullptr, wake_fd, ZMQ_POLLIN, 0}}};
      auto left = std::chrono::milliseconds(-1);
      if (timeout.count() >= 0) {
        left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
        if (left.count() < 0) left = std::chrono::milliseconds(0);
      }
      const int hits = ::zmq::poll(items.data(), wake_fd >= 0 ? 3 : 2, left);
      if (hits == 0 && left.count() >= 0) return std::nullopt;
      if (wake_fd >= 0 && items[2].revents != 0) return std::nullopt;
      if (items[1].revents != 0 && items[0].revents == 0) {
        impl_->take_connection_events();
        return std::nullopt;
      }
    }
  } catch (const ::zmq::error_t& error) {
    // A stop and continue also interrupts; the caller asks again.
    if (error.num() == EINTR) return std::nullopt;
    return fail(failure("receiving", error));
  }
}

std::size_t Subscriber::connected() {
  try {
    impl_->take_connection_events();
  } catch (const ::zmq::error_t&) {
    return 0;
  }
  return impl_->connected.size();
}

}  // namespace pando::io::zmq
