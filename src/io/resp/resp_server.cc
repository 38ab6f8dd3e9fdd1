#include "io/resp/resp_server.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <utility>
#include <vector>

#include "io/loop/listener.h"
#include "io/resp/connection.h"

namespace pando::io::resp {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

std::int64_t steady_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

std::int64_t wall_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// A request's id: of which front door, its connection's slot (24 bits), and the connection's own number for it.
std::uint32_t slot_of(RequestId id) { return static_cast<std::uint32_t>(id.value >> 32) & 0xFFFFFF; }

Duration tick_of(const RespOptions& options) {
  return Duration{std::clamp<std::int64_t>(options.stall_max.us / 4, 10'000, 1'000'000)};
}

}  // namespace

class RespServer::Impl final : public Hub, public loop::Listener {
 public:
  Impl(asio::io_context& io, RespOptions o, RespSink& s)
      : Hub(io, std::move(o), s),
        Listener(io, {"resp", options.connections_max, "ERR max number of clients reached", tick_of(options)}, stats),
        started_us_(steady_us()),
        began_us_(wall_us()) {}

  void on_reply(RequestId id, Reply&& reply);
  std::size_t clients_of(RequestId id) const;
  void flush();

  // Hub.
  Facts facts() const override;
  std::int64_t now_us() const override { return wall_us(); }
  api::RespCursors& cursors() override { return cursors_; }
  Bytes unique_name() override { return fmt::format("{}.{}.{}", options.node_name, began_us_, ++last_unique_); }
  void list_clients(Bytes& out) const override;
  void wants_readiness() override;
  void wants_flush(Connection& connection) override;
  void remove(std::uint32_t slot, std::uint32_t next_serial) override;

 private:
  void on_gathered(std::uint32_t serial, Reply&& reply);
  void serve_ready();
  // More is ready, after a look or a few: nobody has to be woken for it.
  bool lingers();
  void post_flush();
  // How much is done, a second at a time.
  void weigh(std::int64_t now);
  // Listener.
  std::shared_ptr<loop::Client> make(tcp::socket socket, std::uint32_t slot) override;
  void on_time(std::int64_t us) override {
    monotonic_us = us;
    weigh(us);
    for (Feed& feed : feeds) feed.idle();
  }

  api::RespCursors cursors_;
  std::vector<std::uint32_t> next_serials_;  // by slot
  std::vector<std::shared_ptr<Connection>> to_flush_;
  std::vector<std::shared_ptr<Connection>> flushing_;
  std::uint64_t last_client_id_ = 0;
  std::int64_t started_us_ = 0;
  std::int64_t began_us_ = 0;  // by the wall clock
  std::uint64_t last_unique_ = 0;
  std::int64_t weighed_us_ = 0;
  std::uint64_t weighed_commands_ = 0;
  std::uint64_t commands_per_second_ = 0;
  bool flush_posted_ = false;
  bool in_round_ = false;
  bool looking_ = false;  // a wait for readiness is under way, or what it brought is served
  loop::Linger linger_{options.lingers};
};

std::shared_ptr<loop::Client> RespServer::Impl::make(tcp::socket socket, std::uint32_t slot) {
  if (slot >= next_serials_.size()) next_serials_.resize(slot + 1, 1);
  return std::make_shared<Connection>(*this, std::move(socket), slot, next_serials_[slot], ++last_client_id_);
}

void RespServer::Impl::on_reply(RequestId id, Reply&& reply) {
  const std::uint32_t slot = slot_of(id);
  const auto serial = static_cast<std::uint32_t>(id.value);
  if (slot == Gathering::kSlot) return on_gathered(serial, std::move(reply));
  const auto connection = std::static_pointer_cast<Connection>(at(slot));
  if (connection) connection->on_reply(serial, std::move(reply));
}

void RespServer::Impl::on_gathered(std::uint32_t serial, Reply&& reply) {
  const std::vector<Gathering::Batch> batches = gathering.finish(serial);
  std::size_t count = 0;
  for (const Gathering::Batch& batch : batches) count += batch.count;
  ItemReply* items = items_of(reply, count);
  for (const Gathering::Batch& batch : batches) {
    const auto connection = std::static_pointer_cast<Connection>(at(batch.slot));
    if (connection) connection->on_items(batch.first_serial, batch.count, reply.status, items);
    if (items != nullptr) items += batch.count;
  }
}

std::size_t RespServer::Impl::clients_of(RequestId id) const {
  const std::uint32_t slot = slot_of(id);
  return slot == Gathering::kSlot ? gathering.clients_of(static_cast<std::uint32_t>(id.value)) : 1;
}

void RespServer::Impl::wants_readiness() {
  if (looking_ || readiness.empty()) return;
  looking_ = true;
  readiness.async_wait([keep = shared_from_this(), this](const boost::system::error_code& error) {
    if (!error && readiness.look()) {
      do serve_ready();
      while (lingers());
    }
    looking_ = false;
    wants_readiness();
  });
}

void RespServer::Impl::weigh(std::int64_t now) {
  if (now - weighed_us_ < 1'000'000) return;
  const auto passed = static_cast<std::uint64_t>(now - weighed_us_);
  commands_per_second_ = (stats.commands - weighed_commands_) * 1'000'000 / passed;
  weighed_us_ = now;
  weighed_commands_ = stats.commands;
}

// All else that the loop has to do is done in between: nothing waits for this to end.
bool RespServer::Impl::lingers() {
  const std::int64_t began = steady_us();
  if (!linger_.begin(Instant{began}, readiness.ready().size())) return false;
  do {
    io().poll();
    if (io().stopped() || readiness.empty()) return false;
    if (readiness.look()) {
      linger_.on_found();
      return true;
    }
  } while (steady_us() - began < loop::Linger::kLook.us);
  linger_.on_nothing();
  return false;
}

void RespServer::Impl::serve_ready() {
  sink.begin_round();
  in_round_ = true;
  for (const loop::Ready& ready : readiness.ready()) {
    const auto connection = std::static_pointer_cast<Connection>(at(ready.slot));
    if (connection) connection->on_ready(ready);
  }
  flush();
  sink.end_round();
  in_round_ = false;
  if (!to_flush_.empty()) post_flush();
}

// Answers that no reply of the node brings along leave at the end of the round, or of the turn.
void RespServer::Impl::wants_flush(Connection& connection) {
  if (!connection.flush_wanted) {
    connection.flush_wanted = true;
    to_flush_.push_back(connection.shared_from_this());
  }
  if (!in_round_) post_flush();
}

void RespServer::Impl::post_flush() {
  if (std::exchange(flush_posted_, true)) return;
  asio::post(io(), [keep = shared_from_this(), this] {
    flush_posted_ = false;
    flush();
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
  next_serials_[slot] = next_serial;
  release(slot);
}

api::RespHost::Facts RespServer::Impl::facts() const {
  Facts out;
  out.version = options.version;
  out.node_name = options.node_name;
  out.port = port();
  out.uptime_seconds = static_cast<std::uint64_t>((steady_us() - started_us_) / 1'000'000);
  out.connections = stats.connections_open;
  out.connections_accepted = stats.connections_accepted;
  out.commands = stats.commands;
  out.connections_refused = stats.connections_refused;
  out.blocked = stats.blocked;
  out.commands_per_second = commands_per_second_;
  out.bytes_in = stats.bytes_in;
  out.bytes_out = stats.bytes_out;
  if (options.resident_bytes) out.resident_bytes = options.resident_bytes();
  return out;
}

void RespServer::Impl::list_clients(Bytes& out) const {
  for (std::uint32_t slot = 0; slot < next_serials_.size(); ++slot) {
    if (const auto& client = at(slot)) static_cast<const Connection&>(*client).describe(out);
  }
}

RespServer::RespServer(asio::io_context& io, RespOptions options, RespSink& sink)
    : impl_(std::make_shared<Impl>(io, std::move(options), sink)) {}

RespServer::~RespServer() {
  impl_->stop(Duration{0}, nullptr);
  impl_->close_all();
}

Status RespServer::listen(const std::string& ip, std::uint16_t port) { return impl_->listen(ip, port); }
std::uint16_t RespServer::port() const { return impl_->port(); }
void RespServer::on_reply(RequestId id, Reply&& reply) { impl_->on_reply(id, std::move(reply)); }
void RespServer::ask_gathered() { impl_->ask_gathered(); }
std::size_t RespServer::clients_of(RequestId id) const { return impl_->clients_of(id); }
void RespServer::on_watch_send(node::WatchSend&& send) { impl_->feeds[Feed::db_of(send.id)].on_send(std::move(send)); }
void RespServer::on_watch_ended(WatchId id) { impl_->feeds[Feed::db_of(id)].on_ended(id); }
void RespServer::flush() { impl_->flush(); }
void RespServer::stop(Duration graceful_max, std::function<void()> done) { impl_->stop(graceful_max, std::move(done)); }
const RespStats& RespServer::stats() const { return impl_->stats; }

}  // namespace pando::io::resp
