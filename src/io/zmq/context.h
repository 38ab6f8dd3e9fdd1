// io/zmq/context.h — the process's one ZeroMQ context: one I/O thread for all sockets, asleep when nothing moves.
//
// Outlives every Publisher and Subscriber made with it. Its destructor waits for their linger times.
#pragma once

#include <memory>
#include <string>

namespace pando::io::zmq {

class Context {
 public:
  Context();
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  // The zmq::context_t, for this folder's own sources.
  void* native() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Z85 text of a CURVE key pair, 40 characters each.
struct CurveKeys {
  std::string public_key;
  std::string secret_key;
};

}  // namespace pando::io::zmq
