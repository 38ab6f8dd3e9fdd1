#include "io/resp/resp_server.h"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <utility>
#include <vector>

#include "io/resp/connection.h"

namespace pando::io::resp {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

// Beyond connections_max, this many are told so; more are closed without a word.
constexpr std::size_t kRefusedAtOnceMax = 64;
constexpr std::size_t kSlotsMax = 1 << 24;
constexpr Duration kAcceptRetry = Duration::millis(100);

std::int64_t steady_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

class RespServer::Impl final : public Hub, public std::enable_shared_from_this<RespServer::Impl> {
 public:
  Impl(asio::io_context& io, RespOptions o, RespSink& s)
      : Hub(std::move(o), s), io_(io), acceptor_(io), accept_timer_(io), tick_timer_(io), stop_timer_(io) {
    now_us = started_us_ = steady_us();
    tick_us_ = std::clamp<std::int64_t>(options.stall_max.us / 4, 10'000, 1'000'000);
  }

  Status listen(const std::string& ip, std::uint16_t wanted_port);
  void on_reply(RequestId id, Reply reply);
  void flush();
  void stop(Duration graceful_max, std::function<void()> done);
  void close_all();

  // Hub.
  Facts facts() const override;
  api::RespCursors& cursors() override { return cursors_; }
  void list_clients(Bytes& out) const override;
  void wants_flush(Connection& connection) override;
  void remove(std::uint32_t slot, std::uint32_t next_serial) override;

  std::uint16_t port = 0;

 private:
  struct Slot {
    std::shared_ptr<Connection> connection;
    std::uint32_t next_serial = 1;
  };

  void accept();
  void on_accept(tcp::socket socket);
  void start_tick();
  void check_stopped();

  asio::io_context& io_;
  tcp::acceptor acceptor_;
  asio::steady_timer accept_timer_;
  asio::steady_timer tick_timer_;
  asio::steady_timer stop_timer_;
  api::RespCursors cursors_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_slots_;
  std::vector<std::shared_ptr<Connection>> to_flush_;
  std::vector<std::shared_ptr<Connection>> flushing_;
  std::uint64_t last_client_id_ = 0;
  std::int64_t started_us_ = 0;
  std::int64_t tick_us_ = 0;
  bool flush_posted_ = false;
  bool ticking_ = false;
  bool stopping_ = false;
  std::function<void()> stopped_;
};

Status RespServer::Impl::listen(const std::string& ip, std::uint16_t wanted_port) {
  error_code ec;
  const auto failed = [&](const char* what) {
    return Status(StatusCode::kUnavailable, "resp: cannot " + std::string(what) + " " + ip + ":" +
                                                std::to_string(wanted_port) + ": " + ec.message());
  };
  const auto address = asio::ip::make_address(ip, ec);
  if (ec) return failed("use address");
  acceptor_.open(address.is_v6() ? tcp::v6() : tcp::v4(), ec);
  if (ec) return failed("open");
  acceptor_.set_option(tcp::acceptor::reuse_address(true), ec);
  acceptor_.bind(tcp::endpoint(address, wanted_port), ec);
  if (ec) return failed("bind");
  acceptor_.listen(asio::socket_base::max_listen_connections, ec);
  if (ec) return failed("listen on");
  port = acceptor_.local_endpoint(ec).port();
  accept();
  return {};
}

void RespServer::Impl::accept() {
  acceptor_.async_accept([self = shared_from_this()](const error_code& ec, tcp::socket socket) {
    if (ec == asio::error::operation_aborted || self->stopping_) return;
    if (!ec) {
      self->on_accept(std::move(socket));
      return self->accept();
    }
    // Out of descriptors, most likely: closing connections will mend that.
    self->accept_timer_.expires_after(std::chrono::microseconds(kAcceptRetry.us));
    self->accept_timer_.async_wait([self](const error_code& cancelled) {
      if (!cancelled && !self->stopping_) self->accept();
    });
  });
}

void RespServer::Impl::on_accept(tcp::socket socket) {
  ++stats.connections_accepted;
  const bool refused = stats.connections_open >= options.connections_max;
  if (refused) ++stats.connections_refused;
  if (stats.connections_open >= std::min(options.connections_max + kRefusedAtOnceMax, kSlotsMax)) return;
  std::uint32_t slot = static_cast<std::uint32_t>(slots_.size());
  if (!free_slots_.empty()) {
    slot = free_slots_.back();
    free_slots_.pop_back();
  } else {
    slots_.emplace_back();
  }
  ++stats.connections_open;
  if (!ticking_) now_us = steady_us();
  auto connection =
      std::make_shared<Connection>(*this, std::move(socket), slot, slots_[slot].next_serial, ++last_client_id_);
  slots_[slot].connection = connection;
  start_tick();
  if (refused) return connection->start_refused("ERR max number of clients reached");
  connection->start();
}

// One coarse timer for all connections, and none when there is no connection.
void RespServer::Impl::start_tick() {
  if (ticking_ || stats.connections_open == 0) return;
  ticking_ = true;
  tick_timer_.expires_after(std::chrono::microseconds(tick_us_));
  tick_timer_.async_wait([self = shared_from_this()](const error_code& ec) {
    self->ticking_ = false;
    if (ec) return;
    self->now_us = steady_us();
    for (std::size_t i = 0; i < self->slots_.size(); ++i) {
      if (const auto connection = self->slots_[i].connection) connection->tick();
    }
    self->start_tick();
  });
}

void RespServer::Impl::on_reply(RequestId id, Reply reply) {
  const auto slot = static_cast<std::uint32_t>(id.value >> 32) & 0xFFFFFF;
  if (slot >= slots_.size() || !slots_[slot].connection) return;
  const auto connection = slots_[slot].connection;
  connection->on_reply(static_cast<std::uint32_t>(id.value), std::move(reply));
}

// Answers that no reply of the node brings along leave at the end of the turn.
void RespServer::Impl::wants_flush(Connection& connection) {
  if (!connection.flush_wanted) {
    connection.flush_wanted = true;
    to_flush_.push_back(connection.shared_from_this());
  }
  if (flush_posted_) return;
  flush_posted_ = true;
  asio::post(io_, [self = shared_from_this()] {
    self->flush_posted_ = false;
    self->flush();
  });
}

void RespServer::Impl::flush() {
  if (!flushing_.empty()) return;
  flushing_.swap(to_flush_);
  for (const auto& connection : flushing_) {
    connection->flush_wanted = false;
    connection->flush();
  }
  flushing_.clear();
}

void RespServer::Impl::remove(std::uint32_t slot, std::uint32_t next_serial) {
  slots_[slot].connection.reset();
  slots_[slot].next_serial = next_serial;
  free_slots_.push_back(slot);
  --stats.connections_open;
  check_stopped();
}

api::RespHost::Facts RespServer::Impl::facts() const {
  Facts out;
  out.version = options.version;
  out.node_name = options.node_name;
  out.writable = options.writable;
  out.port = port;
  out.uptime_seconds = static_cast<std::uint64_t>((steady_us() - started_us_) / 1'000'000);
  out.connections = stats.connections_open;
  out.connections_accepted = stats.connections_accepted;
  out.commands = stats.commands;
  return out;
}

void RespServer::Impl::list_clients(Bytes& out) const {
  for (const Slot& slot : slots_) {
    if (slot.connection) slot.connection->describe(out);
  }
}

void RespServer::Impl::stop(Duration graceful_max, std::function<void()> done) {
  if (stopping_) return;
  stopping_ = true;
  stopped_ = std::move(done);
  error_code ignored;
  acceptor_.close(ignored);
  accept_timer_.cancel();
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    if (const auto connection = slots_[i].connection) connection->finish_soon();
  }
  stop_timer_.expires_after(std::chrono::microseconds(graceful_max.us));
  stop_timer_.async_wait([self = shared_from_this()](const error_code& ec) {
    if (!ec) self->close_all();
  });
  check_stopped();
}

void RespServer::Impl::close_all() {
  error_code ignored;
  acceptor_.close(ignored);
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    if (const auto connection = slots_[i].connection) connection->close();
  }
}

void RespServer::Impl::check_stopped() {
  if (!stopping_ || stats.connections_open > 0 || !stopped_) return;
  stop_timer_.cancel();
  tick_timer_.cancel();
  asio::post(io_, std::exchange(stopped_, nullptr));
}

RespServer::RespServer(asio::io_context& io, RespOptions options, RespSink& sink)
    : impl_(std::make_shared<Impl>(io, std::move(options), sink)) {}

RespServer::~RespServer() {
  impl_->stop(Duration{0}, nullptr);
  impl_->close_all();
}

Status RespServer::listen(const std::string& ip, std::uint16_t port) { return impl_->listen(ip, port); }
std::uint16_t RespServer::port() const { return impl_->port; }
void RespServer::on_reply(RequestId id, Reply reply) { impl_->on_reply(id, std::move(reply)); }
void RespServer::flush() { impl_->flush(); }
void RespServer::stop(Duration graceful_max, std::function<void()> done) { impl_->stop(graceful_max, std::move(done)); }
const RespStats& RespServer::stats() const { return impl_->stats; }

}  // namespace pando::io::resp
