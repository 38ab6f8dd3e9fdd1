#include "io/http/http_server.h"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>

#include "io/http/connection.h"

namespace pando::io::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

// Beyond connections_max, this many are told so; more are closed without a word.
constexpr std::size_t kRefusedAtOnceMax = 64;
constexpr Duration kAcceptRetry = Duration::millis(100);
// Slots of uploads whose client has gone: no connection has this number.
constexpr std::uint32_t kNoSlot = 0xFFFFFF;

std::int64_t steady_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// Fine enough for the shortest time limit, coarse enough to cost nothing.
Duration tick_of(const HttpOptions& options) {
  const Duration shortest = std::min({options.idle_max, options.head_max, options.stall_max, options.heartbeat});
  return Duration{std::clamp<std::int64_t>(shortest.us / 4, 10'000, 1'000'000)};
}

}  // namespace

class HttpServer::Impl final : public Hub, public std::enable_shared_from_this<HttpServer::Impl> {
 public:
  Impl(asio::io_context& io, HttpOptions o, HttpSink& s)
      : Hub(o, s), io_(io), acceptor_(io), accept_timer_(io), tick_timer_(io), stop_timer_(io), tick_(tick_of(o)) {
    now_us = steady_us();
  }

  Status listen(const std::string& ip, std::uint16_t wanted_port);
  void accept();
  void start_tick();
  void stop(Duration graceful_max, std::function<void()> done);
  void close_all();
  std::shared_ptr<Connection> find(std::uint64_t id) const {
    const std::uint32_t slot = slot_of(id);
    return slot < slots_.size() ? slots_[slot] : nullptr;
  }
  void on_reply(RequestId id, Reply reply);

  void adopt(std::string ns, api::LobUpload upload, RequestId outstanding) override;
  void remove(std::uint32_t slot) override;
  std::string_view date() override;

  std::uint16_t port = 0;

 private:
  struct Orphan {
    std::string ns;
    api::LobUpload upload;
  };

  void on_accept(tcp::socket socket);
  void on_tick();
  void drive(std::string ns, api::LobUpload upload);
  void check_stopped();

  asio::io_context& io_;
  tcp::acceptor acceptor_;
  asio::steady_timer accept_timer_;
  asio::steady_timer tick_timer_;
  asio::steady_timer stop_timer_;
  const Duration tick_;
  bool ticking_ = false;
  bool stopping_ = false;
  std::function<void()> stopped_;
  std::vector<std::shared_ptr<Connection>> slots_;
  std::vector<std::uint32_t> free_slots_;
  std::map<RequestId, Orphan> orphans_;  // uploads being aborted, by their outstanding request
  std::time_t date_second_ = 0;
  char date_text_[32];
  std::string_view date_;
};

Status HttpServer::Impl::listen(const std::string& ip, std::uint16_t wanted_port) {
  error_code ec;
  const auto failed = [&](const char* what) {
    return Status(StatusCode::kUnavailable, "http: cannot " + std::string(what) + " " + (ip.empty() ? "*" : ip) + ":" +
                                                std::to_string(wanted_port) + ": " + ec.message());
  };
  auto address = ip.empty() ? asio::ip::address(asio::ip::address_v6::any()) : asio::ip::make_address(ip, ec);
  if (ec) return failed("use address");
  acceptor_.open(address.is_v6() ? tcp::v6() : tcp::v4(), ec);
  if (ec && ip.empty()) {  // a machine without IPv6
    address = asio::ip::address_v4::any();
    acceptor_.open(tcp::v4(), ec);
  }
  if (ec) return failed("open");
  acceptor_.set_option(tcp::acceptor::reuse_address(true), ec);
  if (ip.empty() && address.is_v6()) acceptor_.set_option(asio::ip::v6_only(false), ec);
  acceptor_.bind(tcp::endpoint(address, wanted_port), ec);
  if (ec) return failed("bind");
  acceptor_.listen(asio::socket_base::max_listen_connections, ec);
  if (ec) return failed("listen on");
  port = acceptor_.local_endpoint(ec).port();
  accept();
  return {};
}

void HttpServer::Impl::accept() {
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

void HttpServer::Impl::on_accept(tcp::socket socket) {
  ++stats.connections_accepted;
  if (stats.connections_open >= options.connections_max + kRefusedAtOnceMax) {
    ++stats.connections_refused;
    return;
  }
  std::uint32_t slot = static_cast<std::uint32_t>(slots_.size());
  if (!free_slots_.empty()) {
    slot = free_slots_.back();
    free_slots_.pop_back();
  } else {
    slots_.emplace_back();
  }
  if (!ticking_) now_us = steady_us();
  const bool refused = stats.connections_open >= options.connections_max;
  ++stats.connections_open;
  auto connection = std::make_shared<Connection>(*this, std::move(socket), slot);
  slots_[slot] = connection;
  start_tick();
  if (!refused) return connection->start();
  ++stats.connections_refused;
  connection->start_refused("too many connections, the limit is " + std::to_string(options.connections_max));
}

// One coarse timer for all connections, and none when there is no connection.
void HttpServer::Impl::start_tick() {
  if (ticking_ || stats.connections_open == 0) return;
  ticking_ = true;
  tick_timer_.expires_after(std::chrono::microseconds(tick_.us));
  tick_timer_.async_wait([self = shared_from_this()](const error_code& ec) {
    self->ticking_ = false;
    if (!ec) self->on_tick();
  });
}

void HttpServer::Impl::on_tick() {
  now_us = steady_us();
  // By index: a connection may close itself, none is added meanwhile.
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    if (const auto connection = slots_[i]) connection->tick();
  }
  start_tick();
}

void HttpServer::Impl::on_reply(RequestId id, Reply reply) {
  if (const auto orphan = orphans_.find(id); orphan != orphans_.end()) {
    Orphan owned = std::move(orphan->second);
    orphans_.erase(orphan);
    owned.upload.on_reply(std::move(reply));
    return drive(std::move(owned.ns), std::move(owned.upload));
  }
  if (const auto connection = find(id.value)) connection->on_reply(id, std::move(reply));
}

void HttpServer::Impl::adopt(std::string ns, api::LobUpload upload, RequestId outstanding) {
  if (outstanding.value == 0) return drive(std::move(ns), std::move(upload));
  orphans_.emplace(outstanding, Orphan{std::move(ns), std::move(upload)});
}

void HttpServer::Impl::drive(std::string ns, api::LobUpload upload) {
  auto request = upload.next();
  if (!request) return;
  const RequestId id(new_id(kNoSlot));
  std::string target = ns;
  orphans_.emplace(id, Orphan{std::move(ns), std::move(upload)});
  sink.submit(id, target, std::move(*request), Terms());
}

void HttpServer::Impl::remove(std::uint32_t slot) {
  slots_[slot].reset();
  free_slots_.push_back(slot);
  --stats.connections_open;
  check_stopped();
}

std::string_view HttpServer::Impl::date() {
  const std::time_t second = std::time(nullptr);
  if (second != date_second_) {
    date_second_ = second;
    date_ = http_date(second, date_text_);
  }
  return date_;
}

void HttpServer::Impl::stop(Duration graceful_max, std::function<void()> done) {
  if (stopping_) return;
  stopping_ = true;
  stopped_ = std::move(done);
  error_code ignored;
  acceptor_.close(ignored);
  accept_timer_.cancel();
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    if (const auto connection = slots_[i]) connection->finish_soon();
  }
  stop_timer_.expires_after(std::chrono::microseconds(graceful_max.us));
  stop_timer_.async_wait([self = shared_from_this()](const error_code& ec) {
    if (!ec) self->close_all();
  });
  check_stopped();
}

void HttpServer::Impl::close_all() {
  error_code ignored;
  acceptor_.close(ignored);
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    if (const auto connection = slots_[i]) connection->close();
  }
}

void HttpServer::Impl::check_stopped() {
  if (!stopping_ || stats.connections_open > 0 || !stopped_) return;
  stop_timer_.cancel();
  tick_timer_.cancel();
  asio::post(io_, std::exchange(stopped_, nullptr));
}

HttpServer::HttpServer(asio::io_context& io, HttpOptions options, HttpSink& sink)
    : impl_(std::make_shared<Impl>(io, options, sink)) {}

HttpServer::~HttpServer() {
  impl_->stop(Duration{0}, nullptr);
  impl_->close_all();
}

Status HttpServer::listen(const std::string& ip, std::uint16_t port) { return impl_->listen(ip, port); }
std::uint16_t HttpServer::port() const { return impl_->port; }
void HttpServer::on_reply(RequestId id, Reply reply) { impl_->on_reply(id, std::move(reply)); }

void HttpServer::on_watch_opened(node::WatchOpened opened) {
  if (const auto connection = impl_->find(opened.id.value)) connection->on_watch_opened(opened);
}
void HttpServer::on_watch_send(node::WatchSend send) {
  if (const auto connection = impl_->find(send.id.value)) connection->on_watch_send(send);
}
void HttpServer::on_watch_ended(node::WatchEnded ended) {
  if (const auto connection = impl_->find(ended.id.value)) connection->on_watch_ended(ended);
}

void HttpServer::stop(Duration graceful_max, std::function<void()> done) { impl_->stop(graceful_max, std::move(done)); }
const HttpStats& HttpServer::stats() const { return impl_->stats; }

}  // namespace pando::io::http
