#include "io/http/http_server.h"

#include <algorithm>
#include <boost/asio/io_context.hpp>

#include "io/http/connection.h"
#include "io/loop/listener.h"

namespace pando::io::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

// Slots of uploads whose client has gone: no connection has this number.
constexpr std::uint32_t kNoSlot = loop::Listener::kSlotsMax - 1;

// Fine enough for the shortest time limit, coarse enough to cost nothing.
Duration tick_of(const HttpOptions& options) {
  const Duration shortest = std::min({options.idle_max, options.head_max, options.stall_max, options.heartbeat});
  return Duration{std::clamp<std::int64_t>(shortest.us / 4, 10'000, 1'000'000)};
}

std::string refusal_of(const HttpOptions& options) {
  return "too many connections, the limit is " + std::to_string(options.connections_max);
}

}  // namespace

class HttpServer::Impl final : public Hub, public loop::Listener {
 public:
  Impl(asio::io_context& io, const HttpOptions& o, HttpSink& s)
      : Hub(o, s),
        Listener(io, {"http", o.connections_max, refusal_of(o), tick_of(o), {o.load, &o.load->connections}}, stats) {}

  std::shared_ptr<Connection> find(std::uint64_t id) const {
    return std::static_pointer_cast<Connection>(at(slot_of(id)));
  }
  void on_reply(RequestId id, Reply&& reply);
  asio::io_context& loop() { return io(); }

  void adopt(std::string ns, api::LobUpload upload, RequestId outstanding) override;
  void remove(std::uint32_t slot) override { release(slot); }
  std::string_view date() override;

 private:
  struct Orphan {
    std::string ns;
    api::LobUpload upload;
  };

  std::shared_ptr<loop::Client> make(tcp::socket socket, std::uint32_t slot) override {
    return std::make_shared<Connection>(*this, std::move(socket), slot);
  }
  void on_time(std::int64_t us) override { now_us = us; }
  void drive(std::string ns, api::LobUpload upload);

  std::map<RequestId, Orphan> orphans_;  // uploads being aborted, by their outstanding request
  std::time_t date_second_ = 0;
  char date_text_[32];
  std::string_view date_;
};

void HttpServer::Impl::on_reply(RequestId id, Reply&& reply) {
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

std::string_view HttpServer::Impl::date() {
  const std::time_t second = std::time(nullptr);
  if (second != date_second_) {
    date_second_ = second;
    date_ = http_date(second, date_text_);
  }
  return date_;
}

HttpStats& HttpStats::operator+=(const HttpStats& more) {
  ListenerStats::operator+=(more);
  watches_open += more.watches_open;
  requests += more.requests;
  replies_2xx += more.replies_2xx;
  replies_4xx += more.replies_4xx;
  replies_5xx += more.replies_5xx;
  malformed += more.malformed;
  timed_out += more.timed_out;
  bytes_in += more.bytes_in;
  bytes_out += more.bytes_out;
  return *this;
}

HttpServer::HttpServer(asio::io_context& io, HttpOptions options, HttpSink& sink)
    : impl_(std::make_shared<Impl>(io, options, sink)) {}

HttpServer::~HttpServer() {
  impl_->stop(Duration{0}, nullptr);
  impl_->close_all();
}

void HttpServer::share_with(const std::vector<HttpServer*>& others) {
  std::vector<std::shared_ptr<loop::Listener>> listeners;
  for (const HttpServer* other : others) listeners.push_back(other->impl_);
  impl_->share_with(std::move(listeners));
}

void HttpServer::take_over(const tcp& protocol, int fd) { impl_->take_over(tcp::socket(impl_->loop(), protocol, fd)); }

Status HttpServer::listen(const std::string& ip, std::uint16_t port) { return impl_->listen(ip, port); }
std::uint16_t HttpServer::port() const { return impl_->port(); }
void HttpServer::on_reply(RequestId id, Reply&& reply) { impl_->on_reply(id, std::move(reply)); }

void HttpServer::on_health(RequestId id, const std::vector<api::NamespaceHealth>& namespaces) {
  if (const auto connection = impl_->find(id.value)) connection->on_health(id, namespaces);
}
void HttpServer::on_metrics(RequestId id, const std::string& text) {
  if (const auto connection = impl_->find(id.value)) connection->on_metrics(id, text);
}

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
