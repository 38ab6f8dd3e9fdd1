// io/http/http_server.h — HTTP/1.1 over TCP for the REST surface: bytes in, Requests out, Replies to bytes.
//
// Lives on one io_context and its one thread; everything here is called on that thread, including the sink.
// It understands no request: api/ does. What it guards is the wire: order of pipelined answers, limits of head,
// body, connections and memory, slow and vanished clients, malformed HTTP (400 and close, never more).
//
//   submit(id, ns, …)        →  exactly one on_reply(id, …), which may come before submit() returns
//   ask_health(id)           →  exactly one on_health(id, …); ask_metrics(id): on_metrics(id, …). As above
//   watch_open(…)            →  one on_watch_opened; then on_watch_send, answered by watch_ready when the
//                               bytes have left; ends with on_watch_ended or watch_close, whichever is first
//
// Replies and events for a client that has gone are dropped. Bodies are buffered up to body_bytes_max, except
// object uploads, which stream with one chunk in memory; downloads too. Nothing throws across this header.
#pragma once

#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/rest.h"
#include "base/ids.h"
#include "base/limits.h"
#include "base/status.h"
#include "base/time.h"
#include "io/loop/listener.h"
#include "node/io.h"

namespace pando::io::http {

// What the HTTP servers of one process, each on a loop of its own, have in use together. Counts, and guards nothing.
struct HttpLoad {
  std::atomic<std::size_t> connections{0};
  std::atomic<std::size_t> bodies_bytes{0};
  std::atomic<std::size_t> watches{0};
};

// Limits of numbers and memory are of all servers with the same load.
struct HttpOptions {
  std::size_t body_bytes_max = limits::kHttpBodyBytesDefault;  // 413 above
  std::size_t head_bytes_max = limits::kHttpHeadBytesMax;      // request line and headers; 414 or 431 above
  std::size_t bodies_bytes_max = limits::kHttpBodiesBytesMax;  // of all connections; 503 above
  std::size_t connections_max = limits::kHttpConnectionsMax;   // 503 above
  std::size_t watches_max = limits::kWatchesMax;               // 503 above
  Duration idle_max = Duration::seconds(120);                  // between requests
  Duration head_max = Duration::seconds(20);                   // from a request's first byte to the end of its head
  Duration stall_max = Duration::seconds(30);  // without progress in reading a body or writing an answer
  Duration heartbeat = Duration::seconds(15);  // comment in a silent event stream
  std::shared_ptr<HttpLoad> load = std::make_shared<HttpLoad>();
  // The top byte of every RequestId and WatchId made here, so that several doors share one node.
  std::uint8_t id_tag = 1;
};

class HttpServer;

// What the server behind this door must provide. Outlives HttpServer.
class HttpSink {
 public:
  virtual ~HttpSink() = default;
  // Whether the namespace is configured here (serving or not): decides 404 before a body is looked at.
  virtual bool has_namespace(std::string_view ns) const = 0;
  virtual void submit(RequestId id, std::string_view ns, Request request, Terms terms) = 0;
  virtual void watch_open(node::WatchOpen open) = 0;
  virtual void watch_ready(WatchId id) = 0;
  virtual void watch_close(WatchId id) = 0;
  // On whose loop the requests for that namespace are answered; null: on this server's. A connection that goes on
  // asking for it moves there.
  virtual HttpServer* home_of(std::string_view ns) const = 0;
  // How each namespace is, and the text of /metrics.
  virtual void ask_health(RequestId id) = 0;
  virtual void ask_metrics(RequestId id) = 0;
};

// Totals since start, for metrics.
struct HttpStats : loop::ListenerStats {
  std::uint64_t watches_open = 0;
  std::uint64_t requests = 0;
  std::uint64_t replies_2xx = 0;
  std::uint64_t replies_4xx = 0;
  std::uint64_t replies_5xx = 0;
  std::uint64_t malformed = 0;  // not HTTP
  std::uint64_t timed_out = 0;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;

  HttpStats& operator+=(const HttpStats& more);
};

class HttpServer {
 public:
  HttpServer(boost::asio::io_context& io, HttpOptions options, HttpSink& sink);
  // Closes everything at once.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Binds and starts accepting. `ip` is a literal address, empty for every interface; port 0 picks one.
  // kUnavailable with the address and the system's reason when it cannot.
  Status listen(const std::string& ip, std::uint16_t port);
  // The bound port; 0 before listen().
  std::uint16_t port() const;
  // Of the clients that come here, each of `others`, on a loop of its own, takes as many as this one. Before listen().
  void share_with(const std::vector<HttpServer*>& others);
  // A client of another one goes on here, between two requests. Any thread. Takes the descriptor.
  void take_over(const boost::asio::ip::tcp& protocol, int fd);

  void on_reply(RequestId id, Reply&& reply);
  // `namespaces` in configuration order.
  void on_health(RequestId id, const std::vector<api::NamespaceHealth>& namespaces);
  // Prometheus text format 0.0.4.
  void on_metrics(RequestId id, const std::string& text);
  void on_watch_opened(node::WatchOpened opened);
  void on_watch_send(node::WatchSend send);
  void on_watch_ended(node::WatchEnded ended);

  // Accepts nothing new, closes idle connections, lets running requests finish (answered with
  // `Connection: close`) for up to `graceful_max`, then closes the rest. `done` runs once, on the loop.
  void stop(Duration graceful_max, std::function<void()> done);

  const HttpStats& stats() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace pando::io::http
