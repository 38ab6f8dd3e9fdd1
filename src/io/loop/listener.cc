#include "io/loop/listener.h"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <utility>

namespace pando::io::loop {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

// Beyond connections_max, this many are told so; more are closed without a word.
constexpr std::size_t kRefusedAtOnceMax = 64;
constexpr Duration kAcceptRetry = Duration::millis(100);

std::int64_t steady_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

Listener::Listener(asio::io_context& io, Options options, ListenerStats& stats)
    : io_(io),
      options_(std::move(options)),
      open_(options_.open ? options_.open : std::make_shared<std::atomic<std::size_t>>(0)),
      stats_(stats),
      acceptor_(io),
      accept_timer_(io),
      tick_timer_(io),
      stop_timer_(io) {}

Status Listener::listen(const std::string& ip, std::uint16_t port) {
  error_code ec;
  const auto failed = [&](const char* what) {
    return Status(StatusCode::kUnavailable, options_.protocol + ": cannot " + what + " " + (ip.empty() ? "*" : ip) +
                                                ":" + std::to_string(port) + ": " + ec.message());
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
  acceptor_.bind(tcp::endpoint(address, port), ec);
  if (ec) return failed("bind");
  acceptor_.listen(asio::socket_base::max_listen_connections, ec);
  if (ec) return failed("listen on");
  port_ = acceptor_.local_endpoint(ec).port();
  on_time(steady_us());
  accept();
  return {};
}

std::shared_ptr<Listener> Listener::next_taker() {
  const std::size_t turn = turn_;
  turn_ = turn == others_.size() ? 0 : turn + 1;
  return turn == 0 ? shared_from_this() : others_[turn - 1];
}

void Listener::accept() {
  const std::shared_ptr<Listener> taker = next_taker();
  acceptor_.async_accept(taker->io_, [self = shared_from_this(), taker](const error_code& ec, tcp::socket socket) {
    if (ec == asio::error::operation_aborted || self->stopping_) return;
    if (!ec) {
      if (taker == self) {
        self->on_accept(std::move(socket));
      } else {
        asio::post(taker->io_, [taker, socket = std::move(socket)]() mutable { taker->on_accept(std::move(socket)); });
      }
      return self->accept();
    }
    // Out of descriptors, most likely.
    self->accept_timer_.expires_after(std::chrono::microseconds(kAcceptRetry.us));
    self->accept_timer_.async_wait([self](const error_code& cancelled) {
      if (!cancelled && !self->stopping_) self->accept();
    });
  });
}

void Listener::on_accept(tcp::socket socket) {
  if (stopping_) return;
  ++stats_.connections_accepted;
  const std::size_t open = open_->load(std::memory_order_relaxed);
  const bool refused = open >= options_.connections_max;
  if (refused) ++stats_.connections_refused;
  if (open >= std::min<std::size_t>(options_.connections_max + kRefusedAtOnceMax, kSlotsMax - 1)) {
    return;
  }
  begin(std::move(socket), refused);
}

void Listener::take_over(tcp::socket socket) {
  asio::post(io_, [self = shared_from_this(), socket = std::move(socket)]() mutable {
    if (!self->stopping_) self->begin(std::move(socket), false);
  });
}

void Listener::begin(tcp::socket socket, bool refused) {
  std::uint32_t slot = static_cast<std::uint32_t>(slots_.size());
  if (!free_slots_.empty()) {
    slot = free_slots_.back();
    free_slots_.pop_back();
  } else {
    slots_.emplace_back();
  }
  ++stats_.connections_open;
  open_->fetch_add(1, std::memory_order_relaxed);
  if (!ticking_) on_time(steady_us());
  const std::shared_ptr<Client> client = make(std::move(socket), slot);
  slots_[slot] = client;
  start_tick();
  if (refused) return client->start_refused(options_.refusal);
  client->start();
}

// One coarse timer for all clients, and none when there is no client.
void Listener::start_tick() {
  if (ticking_ || stats_.connections_open == 0) return;
  ticking_ = true;
  tick_timer_.expires_after(std::chrono::microseconds(options_.tick.us));
  tick_timer_.async_wait([self = shared_from_this()](const error_code& ec) {
    self->ticking_ = false;
    if (ec) return;
    self->on_time(steady_us());
    self->each([](Client& client) { client.tick(); });
    self->start_tick();
  });
}

const std::shared_ptr<Client>& Listener::at(std::uint32_t slot) const {
  static const std::shared_ptr<Client> nobody;
  return slot < slots_.size() ? slots_[slot] : nobody;
}

void Listener::release(std::uint32_t slot) {
  slots_[slot].reset();
  free_slots_.push_back(slot);
  --stats_.connections_open;
  open_->fetch_sub(1, std::memory_order_relaxed);
  check_stopped();
}

void Listener::stop(Duration graceful_max, std::function<void()> done) {
  if (stopping_) return;
  stopping_ = true;
  stopped_ = std::move(done);
  error_code ignored;
  acceptor_.close(ignored);
  accept_timer_.cancel();
  others_.clear();
  each([](Client& client) { client.finish_soon(); });
  stop_timer_.expires_after(std::chrono::microseconds(graceful_max.us));
  stop_timer_.async_wait([self = shared_from_this()](const error_code& ec) {
    if (!ec) self->close_all();
  });
  check_stopped();
}

void Listener::close_all() {
  error_code ignored;
  acceptor_.close(ignored);
  each([](Client& client) { client.close(); });
}

void Listener::check_stopped() {
  if (!stopping_ || stats_.connections_open > 0 || !stopped_) return;
  stop_timer_.cancel();
  tick_timer_.cancel();
  asio::post(io_, std::exchange(stopped_, nullptr));
}

}  // namespace pando::io::loop
