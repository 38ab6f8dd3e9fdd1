#include "io/resp/connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>

#include "base/check.h"

namespace pando::io::resp {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::size_t kReadBytes = 16 * 1024;
constexpr std::size_t kReadBytesMax = 1024 * 1024;
constexpr std::size_t kKeepBytesMax = 64 * 1024;  // larger buffers are given back when empty
constexpr int kDrainReads = 256;
constexpr std::size_t kRound = 16;  // commands between two looks at what their answers weigh

std::string text_of(const asio::ip::tcp::endpoint& end) {
  return fmt::format("{}:{}", end.address().to_string(), end.port());
}

std::string peer_of(const asio::ip::tcp::socket& socket) {
  error_code ec;
  const auto end = socket.remote_endpoint(ec);
  return ec ? std::string() : text_of(end);
}

std::string local_of(const asio::ip::tcp::socket& socket) {
  error_code ec;
  const auto end = socket.local_endpoint(ec);
  return ec ? std::string() : text_of(end);
}

}  // namespace

Connection::Connection(Hub& hub, asio::ip::tcp::socket socket, std::uint32_t slot, std::uint32_t first_serial,
                       std::uint64_t client_id)
    : hub_(hub),
      socket_(std::move(socket)),
      slot_(slot),
      next_serial_(first_serial),
      session_(hub, client_id, peer_of(socket_), local_of(socket_)) {
  error_code ignored;
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  socket_.non_blocking(true, ignored);
}

void Connection::start_refused(std::string_view why) {
  closing_ = true;
  api::RespWriter(out_, 2).error(why);
  send();
}

// Reading. -------------------------------------------------------------------------------------------------

bool Connection::may_take() const {
  return !closing_ && !closed_ && waiting_.size() < limits::kRespPipelineMax && unsent() <= hub_.options.out_bytes_max;
}

// Understands and asks what has been read, as far as there is room for the answers.
void Connection::take_commands() {
  if (taking_) return;
  taking_ = true;
  std::size_t round = 0;
  while (may_take() && !in_.empty()) {
    const auto got = parser_.parse(in_.view());
    if (got == api::RespParser::Got::kMore) break;
    if (got == api::RespParser::Got::kError) {
      malformed(parser_.error());
      break;
    }
    if (!parser_.args().empty()) on_command();
    in_.consume(parser_.consumed());
    if (++round % kRound == 0) hub_.sink.asked();
  }
  taking_ = false;
  hub_.sink.asked();
  if (in_.empty()) in_.shrink(kKeepBytesMax);
}

void Connection::on_command() {
  ++hub_.stats.commands;
  api::RespPlan& plan = hub_.plan;
  session_.on_command(parser_.args(), plan);
  closing_ = closing_ || plan.close;
  if (!plan.requests.empty()) return ask();
  if (waiting_.empty()) {
    out_ += plan.text;
    return hub_.wants_flush(*this);
  }
  wait_with(std::move(plan));
}

// An answer that is ready stands in line behind those that are not.
void Connection::wait_with(api::RespPlan plan) {
  Waiting& made = waiting_.emplace_back();
  made.plan = std::move(plan);
  made.first_serial = next_serial_;
}

void Connection::ask() {
  const std::uint32_t first = next_serial_;
  Waiting& made = waiting_.emplace_back();
  std::vector<Request> requests = std::move(hub_.plan.requests);
  made.plan = std::move(hub_.plan);
  made.first_serial = first;
  made.left = static_cast<std::uint32_t>(requests.size());
  if (made.left > 1) made.replies.resize(made.left);
  next_serial_ += made.left;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const std::uint32_t serial = first + static_cast<std::uint32_t>(i);
    const std::uint64_t id = std::uint64_t{hub_.options.id_tag} << 56 | std::uint64_t{slot_} << 32 | serial;
    hub_.sink.ask(RequestId(id), hub_.options.ns, std::move(requests[i]));
  }
  // Its memory serves the next command.
  requests.clear();
  hub_.plan.requests = std::move(requests);
}

void Connection::malformed(std::string_view text) {
  ++hub_.stats.malformed;
  closing_ = true;
  api::RespPlan refused;
  api::RespWriter(refused.text, 2).error(fmt::format("ERR {}", text));
  wait_with(std::move(refused));
  deliver();
}

void Connection::want_read() {
  if (reading_ || closed_ || closing_ || !may_take()) return;
  reading_ = true;
  // An idle connection holds no read buffer: it waits for readability first.
  socket_.async_wait(asio::ip::tcp::socket::wait_read, [self = shared_from_this()](const error_code& error) {
    if (error) return self->on_read(error, 0);
    const std::size_t wanted = std::clamp(self->parser_.wanted(), kReadBytes, kReadBytesMax);
    const InBuffer::Room room = self->in_.prepare(wanted);
    error_code ec;
    const std::size_t bytes = self->socket_.read_some(asio::mutable_buffer(room.data, room.size), ec);
    if (ec == asio::error::would_block) ec.clear();
    self->on_read(ec, bytes);
  });
}

void Connection::on_read(const error_code& error, std::size_t bytes) {
  reading_ = false;
  if (closed_) return;
  if (error) return close();
  hub_.stats.bytes_in += bytes;
  in_.commit(bytes);
  take_commands();
  hub_.in_bytes += in_.size() - in_counted_;
  in_counted_ = in_.size();
  if (hub_.in_bytes > limits::kRespInBytesMax && !closing_) {
    malformed(fmt::format("too many unfinished commands in memory, the limit is {} bytes", limits::kRespInBytesMax));
  }
  want_read();
}

// Answers. -------------------------------------------------------------------------------------------------

void Connection::on_reply(std::uint32_t serial, Reply&& reply) {
  if (closed_) return;
  // The last command whose first serial is not after this one. Serials wrap: compared by distance.
  auto at = std::partition_point(waiting_.begin(), waiting_.end(), [&](const Waiting& one) {
    return static_cast<std::int32_t>(one.first_serial - serial) <= 0;
  });
  if (at == waiting_.begin()) return;
  --at;
  const std::uint32_t part = serial - at->first_serial;
  if (part >= at->plan.parts || at->left == 0) return;
  if (at->plan.parts == 1) {
    const bool oldest_one = at == waiting_.begin();
    session_.append_answer(at->plan, &reply, oldest_one ? out_ : at->plan.text);
    at->left = 0;
  } else {
    at->replies[part] = std::move(reply);
    if (--at->left > 0) return;
    session_.append_answer(at->plan, at->replies.data(), at->plan.text);
    at->replies = {};
  }
  if (at == waiting_.begin()) deliver();
}

void Connection::deliver() {
  while (!waiting_.empty() && waiting_.front().left == 0) {
    out_ += waiting_.front().plan.text;
    waiting_.pop_front();
  }
  hub_.wants_flush(*this);
}

void Connection::flush() {
  if (closed_) return;
  send();
  if (closed_ || in_.empty() || !may_take()) return want_read();
  take_commands();
  hub_.in_bytes += in_.size() - in_counted_;
  in_counted_ = in_.size();
  want_read();
}

void Connection::send() {
  while (!writing_ && unsent() > 0) {
    error_code ec;
    const std::size_t wrote = socket_.write_some(asio::const_buffer(out_.data() + out_begin_, unsent()), ec);
    out_begin_ += wrote;
    hub_.stats.bytes_out += wrote;
    if (wrote > 0) deadline_us_ = INT64_MAX;
    if (ec == asio::error::would_block) {
      writing_ = true;
      if (deadline_us_ == INT64_MAX) deadline_us_ = hub_.now_us + hub_.options.stall_max.us;
      socket_.async_wait(asio::ip::tcp::socket::wait_write, [self = shared_from_this()](const error_code& error) {
        self->writing_ = false;
        if (error) return self->close();
        self->flush();
      });
      return;
    }
    if (ec) return close();
  }
  if (unsent() > 0) return;
  out_.clear();
  out_begin_ = 0;
  if (out_.capacity() > kKeepBytesMax) out_ = Bytes();
  if (closing_ && waiting_.empty()) close();
}

// Life. ----------------------------------------------------------------------------------------------------

void Connection::tick() {
  if (hub_.now_us < deadline_us_) return;
  ++hub_.stats.cut_off;
  close();
}

void Connection::finish_soon() {
  closing_ = true;
  if (waiting_.empty() && unsent() == 0) close();
}

void Connection::close() {
  if (closed_) return;
  closed_ = true;
  error_code ignored;
  // Unread input would reset the connection, and the reset may overtake the last answer.
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  char rest[4096];
  for (int i = 0; i < kDrainReads && !ignored; ++i) socket_.read_some(asio::buffer(rest), ignored);
  socket_.close(ignored);
  hub_.in_bytes -= in_counted_;
  hub_.remove(slot_, next_serial_);
}

}  // namespace pando::io::resp
