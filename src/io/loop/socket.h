// io/loop/socket.h — a connected TCP socket that io/loop/readiness.h watches: no call waits, none throws.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <cstddef>
#include <string>
#include <utility>

#include "base/bytes.h"

namespace pando::io::loop {

class Socket {
 public:
  // Takes it from Asio, which is to have no wait of it under way. Small writes leave at once (TCP_NODELAY).
  explicit Socket(boost::asio::ip::tcp::socket&& from);
  ~Socket() { close(); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  // What one call moved. Not `ok`: the other end has gone, or the connection broke.
  struct Moved {
    std::size_t bytes = 0;
    bool ok = true;  // with no bytes: try again when it is ready
  };
  Moved read(char* to, std::size_t bytes_max);
  Moved write(ByteSpan bytes);
  // Says the end after what was written, so that the other side sees it all.
  void end_writing();
  void close();

  int fd() const { return fd_; }
  // "127.0.0.1:6379"; empty when it broke before.
  const std::string& peer() const { return peer_; }
  const std::string& local() const { return local_; }

 private:
  std::string peer_;
  std::string local_;
  int fd_ = -1;
};

}  // namespace pando::io::loop
