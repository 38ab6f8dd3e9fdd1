// io/zmq/subscriber.h — the receiving end: one socket connected to any number of publishers.
//
// Publishers need not be there yet: libzmq keeps connecting. Messages of one publisher come in its order.
// One thread.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "io/zmq/context.h"

namespace pando::io::zmq {

struct SubscriberOptions {
  std::vector<std::string> endpoints;  // "tcp://localhost:5555"
  std::vector<std::string> topics;     // prefixes; "" is everything
  int high_water_mark = 0;             // 0: unbounded, the reader's own memory
  // The publisher's public key, when it has CURVE keys. Our own pair is made on the spot.
  std::optional<std::string> curve_server_key;
};

class Subscriber {
 public:
  // kInvalidArgument naming the endpoint or key that is malformed.
  static Result<Subscriber> connect(Context& context, const SubscriberOptions& options);
  Subscriber(Subscriber&&) noexcept;
  Subscriber& operator=(Subscriber&&) noexcept;
  ~Subscriber();

  // The frames of one message. Nothing when `timeout` passed (negative: never), `wake_fd` became readable, a
  // connection came or went (look at connected()), or a signal was handled: call again.
  Result<std::optional<std::vector<Bytes>>> receive(std::chrono::milliseconds timeout, int wake_fd = -1);

  // Connections whose handshake is complete right now.
  std::size_t connected();

 private:
  struct Impl;
  explicit Subscriber(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace pando::io::zmq
