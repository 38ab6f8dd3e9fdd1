// server/shard.h — one loop of the process, and what is its own: whole namespaces, and clients.
//
//   ShardMap ─ who owns which namespace            (server/shard_map.h)
//   Shard    ─ loop, node::Node, Driver, HTTP server, and the Redis protocol's where that has its namespace
//
// What a shard owns is touched by its thread alone, so nothing of it is locked, and what one namespace asks of its loop
// holds up no other shard's. The disk's threads, gRPC's and ZeroMQ's are the process's (server/runtime.h).
//
// Built, filled and bound by one thread before any loop runs; ended by one after all have come back. In between only
// post() may be called from elsewhere.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "io/http/http_server.h"
#include "io/resp/resp_server.h"
#include "node/node.h"
#include "server/driver.h"
#include "server/metrics.h"
#include "server/shard_map.h"

namespace pando::server {

class Shard {
 public:
  // The next one of `shards`, which outlives it.
  Shard(ShardMap& shards, const std::vector<std::string>& namespaces, node::NodeConfig config,
        io::http::HttpOptions http);
  // Whoever has threads that post to it is gone.
  ~Shard();
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  boost::asio::io_context& loop() { return loop_; }
  node::Node& node() { return node_; }
  Driver& driver() { return driver_; }
  io::http::HttpServer& http() { return *http_; }
  Result<std::uint16_t> serve_resp(const RespConfig& config, io::resp::RespOptions options);

  // Turns the loop until end(): on the calling thread, or on one of its own, which join() waits for.
  void run();
  void run_beside();
  void join();
  // Any thread.
  void end() { loop_.stop(); }
  template <typename Work>
  void post(Work work) {
    boost::asio::post(loop_, std::move(work));
  }

  // The rest: on the loop.

  // No new writes → what was taken becomes durable, a checkpoint → clients go, at the latest after `graceful_max`.
  // `done` runs once. The loop turns on: others may still ask here.
  void begin_stop(Duration graceful_max, std::function<void()> done);
  // Lets go of clients at once. Also when the loop turns no more.
  void drop_clients();

  // What /metrics and /health say of it. Without `stats` only what tells whether it is well.
  struct Report {
    std::vector<MetricsInput::Namespace> namespaces;
    std::map<StatusCode, std::uint64_t> strangers_refused;
    std::vector<std::pair<std::string, io::zmq::Publisher::Stats>> publishers;
    io::http::HttpStats http;
    std::optional<io::resp::RespStats> resp;
    Duration worked;  // the loop's thread, since it began
  };
  Report report(bool stats);

 private:
  void check_stopped();

  boost::asio::io_context loop_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{loop_.get_executor()};
  node::Node node_;
  Driver driver_;
  std::unique_ptr<io::http::HttpServer> http_;
  std::unique_ptr<io::resp::RespServer> resp_;  // null: not served here
  std::thread thread_;
  std::function<void()> stopped_;  // set: stopping, and not yet told
  bool http_stopped_ = false;
  bool resp_stopped_ = true;
};

}  // namespace pando::server
