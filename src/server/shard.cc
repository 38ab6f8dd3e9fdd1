#include "server/shard.h"

#include <pthread.h>

#include "io/clock/clock.h"

namespace pando::server {

Shard::Shard(ShardMap& shards, const std::vector<std::string>& namespaces, node::NodeConfig config,
             io::http::HttpOptions http)
    : node_(std::move(config)), driver_(loop_, node_, shards, shards.size()) {
  http.id_tag = ShardMap::http_tag(shards.size());
  http_ = std::make_unique<io::http::HttpServer>(loop_, http, driver_);
  driver_.ends().http = http_.get();
  driver_.on_progress([this] { check_stopped(); });
  shards.add(driver_, namespaces);
}

Shard::~Shard() { drop_clients(); }

Result<std::uint16_t> Shard::serve_resp(const RespConfig& config, io::resp::RespOptions options) {
  resp_ = std::make_unique<io::resp::RespServer>(loop_, std::move(options), driver_);
  driver_.ends().resp = resp_.get();
  PANDO_RETURN_IF_ERROR(resp_->listen(config.listen_ip, config.port));
  return resp_->port();
}

void Shard::run() { loop_.run(); }

void Shard::run_beside() {
  thread_ = std::thread([this] {
    ::pthread_setname_np(::pthread_self(), "pando-loop");
    run();
  });
}

void Shard::join() {
  if (thread_.joinable()) thread_.join();
}

void Shard::begin_stop(Duration graceful_max, std::function<void()> done) {
  stopped_ = std::move(done);
  resp_stopped_ = resp_ == nullptr;
  driver_.begin_stop();
  http_->stop(graceful_max, [this] {
    http_stopped_ = true;
    check_stopped();
  });
  if (resp_) {
    resp_->stop(graceful_max, [this] {
      resp_stopped_ = true;
      check_stopped();
    });
  }
  check_stopped();
}

void Shard::check_stopped() {
  if (!stopped_ || !http_stopped_ || !resp_stopped_ || !node_.stopped()) return;
  std::exchange(stopped_, nullptr)();
}

void Shard::drop_clients() {
  http_.reset();
  resp_.reset();
}

Shard::Report Shard::report(bool stats) {
  Report report;
  for (api::NamespaceHealth& health : driver_.health()) {
    StatsReply counts;
    if (stats) counts = node_.stats(health.ns).value_or(StatsReply{});
    report.namespaces.push_back({std::move(health.ns), std::move(health.status), std::move(counts)});
  }
  if (!stats) return report;
  report.strangers_refused = node_.strangers_refused();
  for (auto& [ns, publisher] : driver_.ends().publishers) report.publishers.emplace_back(ns, publisher.stats());
  report.http = http_->stats();
  if (resp_) report.resp = resp_->stats();
  report.worked = io::thread_cpu_time();
  return report;
}

}  // namespace pando::server
