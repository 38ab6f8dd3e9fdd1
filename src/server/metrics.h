// server/metrics.h — /metrics: everything the node counts, as Prometheus text (format 0.0.4).
//
// Values are read when they are asked for; nothing is kept here. Names are `pando_…` with the unit last;
// docs/operations.md lists them and says which ones to alarm on.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "io/http/http_server.h"
#include "io/resp/resp_server.h"
#include "io/zmq/publisher.h"
#include "model/reply.h"
#include "server/disk.h"

namespace pando::server {

struct ProcessUsage {
  std::uint64_t resident_bytes = 0;
  double cpu_seconds = 0;
  std::uint64_t open_files = 0;
};
// It looks at every open file.
ProcessUsage process_usage();
std::uint64_t resident_bytes();

struct MetricsInput {
  std::string node_name;
  std::string role;
  std::string version;
  double uptime_seconds = 0;
  struct Namespace {
    std::string ns;
    Status health;
    StatsReply stats;
  };
  std::vector<Namespace> namespaces;
  std::map<StatusCode, std::uint64_t> strangers_refused;
  std::vector<std::pair<std::string, io::zmq::Publisher::Stats>> publishers;  // by namespace
  io::http::HttpStats http;
  std::optional<io::resp::RespStats> resp;  // when served
  std::vector<Duration> loops_worked;       // processor time, of each
  const Disk::Stats* disk = nullptr;
  ProcessUsage process;
};

std::string metrics_text(const MetricsInput& input);

}  // namespace pando::server
