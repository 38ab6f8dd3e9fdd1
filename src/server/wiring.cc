#include "server/wiring.h"

#include <algorithm>

#include "server/metrics.h"

namespace pando::server {
namespace {

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Clients write to a replicator, except to what it follows.
bool takes_writes(const Config& config, Role role, const std::string& ns) {
  return role == Role::kReplicator &&
         std::none_of(config.peers.begin(), config.peers.end(),
                      [&](const PeerConfig& peer) { return peer.upstream && contains(peer.namespaces, ns); });
}

io::TlsFiles tls_files(const TlsConfig& tls) {
  if (tls.allow_insecure) return {};
  return {tls.cert_path, tls.key_path, tls.ca_path, {}};
}

}  // namespace

node::NodeConfig node_config(const Config& config, const std::string& node_name, std::uint64_t seed) {
  node::NodeConfig out;
  out.node_name = node_name;
  out.accept_links = config.serves_grpc;
  out.seed = seed;
  out.transaction_idle_max = config.transactions.idle_max;
  out.transaction_age_max = config.transactions.age_max;
  out.checkpoint_interval = config.checkpoint_interval;
  out.checkpoint_log_bytes = config.checkpoint_log_bytes;
  for (const PeerConfig& peer : config.peers) {
    for (const std::string& ns : peer.namespaces) {
      out.links.push_back(
          {peer.name, peer.address, ns, peer.publish, peer.subscribe, static_cast<std::size_t>(peer.bytes_per_s_max)});
    }
  }
  for (const MergeGroup& group : config.merge_groups) out.merge_groups.push_back({group.name, group.namespaces});
  return out;
}

node::NamespaceConfig namespace_config(const Config& config, Role role, const std::string& ns) {
  node::NamespaceConfig out;
  out.name = ns;
  out.writable = takes_writes(config, role, ns);
  out.notify = std::any_of(config.notifiers.begin(), config.notifiers.end(),
                           [&](const NotifierConfig& notifier) { return notifier.ns == ns; });
  out.segment_bytes = config.segment_bytes;
  out.retention.on = !config.log.retain_all;
  out.retention.keep_bytes = config.log.keep_bytes;
  out.retention.retain_bytes = config.log.retain_bytes;
  out.retention.retain_age = config.log.retain_age;
  for (const PeerConfig& peer : config.peers) {
    if (std::find(peer.namespaces.begin(), peer.namespaces.end(), ns) != peer.namespaces.end())
      out.tables = peer.tables;
  }
  out.equality_interval = config.equality_interval;
  const auto durability = config.durability.by_namespace.find(ns);
  out.durability =
      durability == config.durability.by_namespace.end() ? config.durability.by_default : durability->second;
  return out;
}

io::http::HttpOptions http_options(const HttpConfig& config) {
  io::http::HttpOptions out;
  out.body_bytes_max = config.body_bytes_max;
  return out;
}

io::resp::RespOptions resp_options(const Config& config, Role role, const std::string& node_name,
                                   const std::string& version) {
  io::resp::RespOptions out;
  out.version = version;
  out.node_name = node_name;
  out.resident_bytes = resident_bytes;
  for (const std::string& ns : config.resp.databases) {
    const bool merges =
        std::any_of(config.merge_groups.begin(), config.merge_groups.end(), [&](const MergeGroup& group) {
          return std::find(group.namespaces.begin(), group.namespaces.end(), ns) != group.namespaces.end();
        });
    out.databases.push_back({ns, takes_writes(config, role, ns), !merges});
  }
  return out;
}

io::ListenOptions listen_options(const GrpcConfig& config) {
  return {config.listen_ip, config.port, tls_files(config.tls), config.tls.allow_insecure};
}

io::DialOptions dial_options(const PeerConfig& config) {
  io::DialOptions out{config.address, tls_files(config.tls), config.tls.allow_insecure};
  out.tls.server_name = config.server_name;
  return out;
}

io::zmq::PublisherOptions publisher_options(const NotifierConfig& config) {
  io::zmq::PublisherOptions out;
  out.bind_host = config.bind_host;
  out.port = config.port;
  out.high_water_mark = config.high_water_mark;
  out.linger = config.linger;
  if (!config.curve_public_key.empty())
    out.curve = io::zmq::CurveKeys{config.curve_public_key, config.curve_secret_key};
  return out;
}

}  // namespace pando::server
