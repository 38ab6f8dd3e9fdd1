// io/zmq/publisher.h — one publishing socket for one namespace: two frames per change, topic and JSON.
//
// Sending never waits. A subscriber whose queue holds high_water_mark messages misses what comes next; the
// others are not held up by it. libzmq normally says nothing when that happens, so the socket is an XPUB that
// refuses a message while some matching subscriber's queue is full: the refusal is counted, then the same
// message is sent to those that have room. Once a queue overflowed libzmq leaves that subscriber out, silently,
// until it has drained half of it. So `overflows` is exact in "who lost something is never counted as zero",
// and a lower bound in messages; the subscriber itself sees each lost one as a gap in seq_num.
//
// The sender's loop thread is the only one that may call. No locks.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/status.h"
#include "base/time.h"
#include "io/zmq/context.h"
#include "node/io.h"

namespace pando::io::zmq {

struct PublisherOptions {
  std::string bind_host = "127.0.0.1";  // an IPv4 or IPv6 address, "*", or an interface's name
  std::uint16_t port = 0;               // 0: any free one, see endpoint()
  int high_water_mark = 1000;           // messages per subscriber, 0: unbounded
  Duration linger = Duration::millis(1000);
  // Given: subscribers must speak CURVE and know the public key. Any client key is accepted.
  std::optional<CurveKeys> curve;
};

class Publisher {
 public:
  // kInvalidArgument for unusable options or keys, kIoError when the address cannot be bound; both name it.
  static Result<Publisher> bind(Context& context, const PublisherOptions& options);
  Publisher(Publisher&&) noexcept;
  Publisher& operator=(Publisher&&) noexcept;
  ~Publisher();

  // As bound: "tcp://127.0.0.1:5555".
  const std::string& endpoint() const;
  std::uint16_t port() const;

  // Exactly two frames. Never waits, never fails towards the caller.
  void publish(ByteSpan topic, ByteSpan payload);
  // One message per event: api/zmq_event.h.
  void publish(const node::Notify& notify);

  struct Stats {
    std::uint64_t sent = 0;           // messages handed to libzmq, whoever listens
    std::uint64_t overflows = 0;      // of these, how many found a subscriber's queue full
    std::uint64_t failed = 0;         // refused by libzmq for another reason; nobody got them
    std::uint64_t subscriptions = 0;  // now: topics times subscribers
  };
  // Also takes note of subscribers that came or went: call it now and then, also when nothing is published.
  Stats stats();

 private:
  struct Impl;
  explicit Publisher(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace pando::io::zmq
