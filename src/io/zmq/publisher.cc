#include "io/zmq/publisher.h"

#include <fmt/core.h>

#include <cerrno>
#include <zmq.hpp>

#include "api/zmq_event.h"
#include "io/zmq/curve.h"

namespace pando::io::zmq {
namespace {

// Subscribers send us topics and nothing else; longer ones are cut off by libzmq.
constexpr std::int64_t kIncomingBytesMax = 64 * 1024;

std::string address_of(const PublisherOptions& options) {
  const bool ipv6 = options.bind_host.find(':') != std::string::npos && options.bind_host.front() != '[';
  const std::string host = ipv6 ? fmt::format("[{}]", options.bind_host) : options.bind_host;
  return fmt::format("tcp://{}:{}", host, options.port == 0 ? "*" : std::to_string(options.port));
}

}  // namespace

struct Publisher::Impl {
  Impl(::zmq::context_t& context) : socket(context, ::zmq::socket_type::xpub) {}

  // False when libzmq refused the frame: errno says why, nobody got any of it.
  bool send(ByteSpan frame, int flags) {
    return zmq_send(socket.handle(), frame.data(), frame.size(), flags | ZMQ_DONTWAIT) >= 0;
  }
  // The same, past subscribers whose queue is full.
  bool send_to_those_with_room(ByteSpan frame, int flags) {
    refuse_when_full(false);
    const bool sent = send(frame, flags);
    refuse_when_full(true);
    return sent;
  }
  // Counted once per message: a message fills a place in a queue when it is whole, so the second frame meets
  // the same queues as the first.
  bool send_message(ByteSpan topic_frame, ByteSpan payload_frame) {
    if (send(topic_frame, ZMQ_SNDMORE)) return send(payload_frame, 0) || send_to_those_with_room(payload_frame, 0);
    if (zmq_errno() != EAGAIN) return false;
    ++stats.overflows;
    return send_to_those_with_room(topic_frame, ZMQ_SNDMORE) && send_to_those_with_room(payload_frame, 0);
  }

  // Reads what subscribers said: one byte, 1 or 0 for a subscription more or less, then the topic.
  void take_subscriptions() {
    ::zmq::message_t message;
    while (socket.recv(message, ::zmq::recv_flags::dontwait)) {
      if (message.size() == 0) continue;
      const char what = *message.data<char>();
      if (what == 1) ++stats.subscriptions;
      if (what == 0 && stats.subscriptions > 0) --stats.subscriptions;
    }
  }

  void refuse_when_full(bool on) { socket.set(::zmq::sockopt::xpub_nodrop, on); }

  ::zmq::socket_t socket;
  std::string endpoint;
  Stats stats;
  Bytes topic;    // reused
  Bytes payload;  // reused
};

Publisher::Publisher(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Publisher::Publisher(Publisher&&) noexcept = default;
Publisher& Publisher::operator=(Publisher&&) noexcept = default;
Publisher::~Publisher() = default;

Result<Publisher> Publisher::bind(Context& context, const PublisherOptions& options) {
  const std::string address = address_of(options);
  if (options.high_water_mark < 0) {
    return fail(StatusCode::kInvalidArgument, fmt::format("{}: the high-water mark is negative", address));
  }
  try {
    auto impl = std::make_unique<Impl>(*static_cast<::zmq::context_t*>(context.native()));
    ::zmq::socket_t& socket = impl->socket;
    socket.set(::zmq::sockopt::sndhwm, options.high_water_mark);
    socket.set(::zmq::sockopt::linger, static_cast<int>(options.linger.millis()));
    socket.set(::zmq::sockopt::xpub_verboser, true);  // every subscriber's coming and going, to count them
    socket.set(::zmq::sockopt::maxmsgsize, kIncomingBytesMax);
    socket.set(::zmq::sockopt::tcp_keepalive, 1);  // a subscriber that lost power does not stay for ever
    socket.set(::zmq::sockopt::ipv6, options.bind_host.find(':') != std::string::npos);
    impl->refuse_when_full(true);
    if (options.curve) PANDO_RETURN_IF_ERROR(set_curve_server(socket, *options.curve).with_context(address));
    socket.bind(address);
    impl->endpoint = socket.get(::zmq::sockopt::last_endpoint);
    return Publisher(std::move(impl));
  } catch (const ::zmq::error_t& error) {
    const StatusCode code = error.num() == EINVAL ? StatusCode::kInvalidArgument : StatusCode::kIoError;
    return fail(code, fmt::format("{}: {}", address, error.what()));
  }
}

const std::string& Publisher::endpoint() const { return impl_->endpoint; }

std::uint16_t Publisher::port() const {
  return static_cast<std::uint16_t>(std::stoi(impl_->endpoint.substr(impl_->endpoint.rfind(':') + 1)));
}

void Publisher::publish(ByteSpan topic, ByteSpan payload) {
  try {
    impl_->take_subscriptions();
    ++(impl_->send_message(topic, payload) ? impl_->stats.sent : impl_->stats.failed);
  } catch (const ::zmq::error_t&) {
    ++impl_->stats.failed;
  }
}

void Publisher::publish(const node::Notify& notify) {
  for (const node::WatchEvent& event : notify.events) {
    impl_->topic.clear();
    impl_->payload.clear();
    api::append_event_topic(impl_->topic, notify.ns, event.change);
    api::append_event_json(impl_->payload, notify.ns, event.change, event.cursor);
    publish(impl_->topic, impl_->payload);
  }
}

Publisher::Stats Publisher::stats() {
  try {
    impl_->take_subscriptions();
  } catch (const ::zmq::error_t&) {
    ++impl_->stats.failed;
  }
  return impl_->stats;
}

}  // namespace pando::io::zmq
