#include "io/loop/socket.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace pando::io::loop {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;

std::string text_of(const tcp::endpoint& end, const error_code& error) {
  return error ? std::string() : end.address().to_string() + ":" + std::to_string(end.port());
}

Socket::Moved moved(ssize_t bytes) {
  if (bytes >= 0) return {static_cast<std::size_t>(bytes), true};
  return {0, errno == EAGAIN || errno == EINTR};
}

}  // namespace

Socket::Socket(tcp::socket&& from) {
  error_code ec;
  const tcp::endpoint peer = from.remote_endpoint(ec);
  peer_ = text_of(peer, ec);
  const tcp::endpoint local = from.local_endpoint(ec);
  local_ = text_of(local, ec);
  from.set_option(tcp::no_delay(true), ec);
  from.non_blocking(true, ec);
  fd_ = from.release(ec);
}

Socket::Moved Socket::read(char* to, std::size_t bytes_max) {
  const ssize_t got = ::recv(fd_, to, bytes_max, 0);
  if (got == 0) return {0, false};
  return moved(got);
}

Socket::Moved Socket::write(ByteSpan bytes) { return moved(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL)); }

void Socket::end_writing() { ::shutdown(fd_, SHUT_WR); }

void Socket::close() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

}  // namespace pando::io::loop
