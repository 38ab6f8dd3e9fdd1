#include "server/config.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "model/origin.h"
#include "server/config_section.h"
#include "server/config_values.h"

namespace pando::server {
namespace {

constexpr std::uint64_t kSegmentBytesMin = 64 * 1024;
constexpr std::uint64_t kSegmentBytesMax = std::uint64_t{4} << 30;
constexpr Duration kCheckpointIntervalMin = Duration::millis(10);
constexpr std::int64_t kLoopsMax = 64;
constexpr std::uint64_t kBodyBytesMin = 1024;
// A commit is held in memory a few times over while it is made; base64 adds a third.
constexpr std::uint64_t kBodyBytesMax = limits::kCommitBytesMax;

void read_tls(Section& section, TlsConfig& tls) {
  section.text("cert_path", tls.cert_path);
  section.text("key_path", tls.key_path);
  section.text("ca_path", tls.ca_path);
  section.flag("allow_insecure", tls.allow_insecure);
}

// Mutual TLS needs all three files; nothing less is offered, so that a certificate is always asked for.
void check_tls(Section& section, const TlsConfig& tls) {
  if (tls.allow_insecure) return;
  for (const auto& [key, path] : {std::pair("cert_path", &tls.cert_path), std::pair("key_path", &tls.key_path),
                                  std::pair("ca_path", &tls.ca_path)}) {
    if (path->empty()) {
      section.error(key, "missing: mutual TLS needs cert_path, key_path and ca_path (or allow_insecure = true)");
      return;
    }
  }
}

// An address of this machine. Empty is as good as absent.
void read_listen_ip(Section& section, std::string& ip) {
  std::string text;
  section.text("listen_ip", text);
  if (text.empty()) return;
  if (text == "localhost") text = "127.0.0.1";
  if (const Status valid = validate_ip(text); !valid.ok()) return section.error("listen_ip", valid.message());
  ip = text;
}

void read_http(Section& top, HttpConfig& http) {
  top.number("http_port", 0, 65535, http.port);
  read_listen_ip(top, http.listen_ip);
  Section section = top.section("http");
  std::uint64_t body = http.body_bytes_max;
  section.size("body_limit", kBodyBytesMin, kBodyBytesMax, body);
  http.body_bytes_max = static_cast<std::size_t>(body);
  section.text("backup_root", http.backup_root);
  section.finish();
}

void read_process(Section& top, std::size_t& loops) {
  Section section = top.section("process");
  section.number("loops", 1, kLoopsMax, loops);
  section.finish();
}

void read_transactions(Section& top, TransactionConfig& transactions) {
  Section section = top.section("transactions");
  section.duration("idle_timeout", transactions.idle_max);
  section.duration("max_age", transactions.age_max);
  if (transactions.idle_max.us == 0) section.error("idle_timeout", "must be longer than nothing");
  if (transactions.age_max.us == 0) section.error("max_age", "must be longer than nothing");
  section.finish();
}

void read_log(Section& top, std::uint64_t segment_bytes, LogConfig& log) {
  constexpr std::uint64_t kRetainBytesMax = std::uint64_t{1} << 50;
  Section section = top.section("log");
  section.flag("retain_all", log.retain_all);
  section.size("keep_bytes", 0, kRetainBytesMax, log.keep_bytes);
  section.size("retain_bytes", 1, kRetainBytesMax, log.retain_bytes);
  section.duration("retain_age", log.retain_age);
  if (log.retain_age.us == 0) section.error("retain_age", "must be longer than nothing");
  if (log.retain_bytes < segment_bytes) {
    section.error("retain_bytes", "must be as much as one segment (storage_config.segment_size) or more");
  }
  if (log.keep_bytes > log.retain_bytes) section.error("keep_bytes", "must not be more than retain_bytes");
  section.finish();
}

void read_equality(Section& top, Duration& interval) {
  Section section = top.section("equality");
  section.duration("interval", interval);
  if (interval.us != 0 && interval < Duration::seconds(1)) {
    section.error("interval", "must be 1s or longer, or 0: never");
  }
  section.finish();
}

void read_durability_of(Section& section, std::string_view key, Durability& durability) {
  std::string text = to_string(durability);
  section.text(key, text);
  const Result<Durability> parsed = parse_durability(text);
  if (!parsed) return section.error(key, parsed.error().message());
  durability = *parsed;
}

void read_durability(Section& top, Config& config) {
  Section section = top.section("durability");
  read_durability_of(section, "default", config.durability.by_default);
  Section names = section.section("namespaces");
  for (const std::string& ns : config.namespaces) {
    Durability durability = config.durability.by_default;
    read_durability_of(names, ns, durability);
    config.durability.by_namespace[ns] = std::move(durability);
  }
  names.finish();
  section.finish();
}

void read_grpc(Section& top, Config& config, Role role) {
  Section section = top.section("grpc_config");
  GrpcConfig& grpc = config.grpc;
  section.number("port", 0, 65535, grpc.port);
  read_listen_ip(section, grpc.listen_ip);
  read_tls(section, grpc.tls);
  section.flag("check_peer_names", grpc.check_peer_names);
  section.finish();
  // A relayer's file may carry the section; it only counts when others may follow it.
  config.serves_grpc = role == Role::kRelay || (role == Role::kReplicator && section.present());
  if (!config.serves_grpc) {
    if (section.present())
      section.warn("", "a relayer serves no gRPC, so this has no effect: start it with the verb `relay`");
    return;
  }
  check_tls(section, grpc.tls);
  // Two keys had to be set for this: somebody decided it.
  if (grpc.tls.allow_insecure && !is_loopback(grpc.listen_ip)) {
    section.warn("listen_ip", fmt::format("{} can be reached from other machines, in plain text and by anyone: "
                                          "set cert_path, key_path and ca_path instead of allow_insecure",
                                          grpc.listen_ip));
  }
}

void read_resp(Section& top, Config& config) {
  Section section = top.section("resp");
  config.serves_resp = section.present();
  RespConfig& resp = config.resp;
  section.number("port", 0, 65535, resp.port);
  read_listen_ip(section, resp.listen_ip);
  std::string only;
  section.text("namespace", only);
  section.words("databases", resp.databases);
  section.finish();
  if (!section.present()) return;
  const auto& names = config.namespaces;
  const std::string_view key = resp.databases.empty() ? "namespace" : "databases";
  if (!only.empty() && !resp.databases.empty()) {
    section.error("namespace", "and databases both say whose keys the Redis protocol serves: leave one of them out");
  } else if (!only.empty()) {
    resp.databases = {only};
  } else if (resp.databases.empty() && names.size() == 1) {
    resp.databases = names;
  }
  if (resp.databases.empty()) {
    section.error(
        "namespace",
        "missing: whose keys the Redis protocol serves (or databases = [\"…\", \"…\"], for SELECT to choose)");
  }
  for (std::size_t i = 0; i < resp.databases.size(); ++i) {
    const auto named = resp.databases.begin() + static_cast<std::ptrdiff_t>(i);
    if (std::find(names.begin(), names.end(), *named) == names.end()) {
      section.error(key, fmt::format("\"{}\" is not a namespace of this node", *named));
    } else if (std::find(resp.databases.begin(), named, *named) != named) {
      section.error(key, fmt::format("\"{}\" is there twice", *named));
    }
  }
  if (!is_loopback(resp.listen_ip)) {
    section.warn("listen_ip", fmt::format("{} can be reached from other machines, in plain text and by anyone: "
                                          "the Redis protocol has no passwords yet",
                                          resp.listen_ip));
  }
}

void read_storage(Section& top, Config& config) {
  Section section = top.section("storage_config");
  section.text("base_dir", config.base_dir);
  section.words("namespaces", config.namespaces);
  section.size("segment_size", kSegmentBytesMin, kSegmentBytesMax, config.segment_bytes);
  section.duration("checkpoint_interval", config.checkpoint_interval);
  if (config.checkpoint_interval < kCheckpointIntervalMin) {
    section.error("checkpoint_interval", fmt::format("must be {}ms or longer", kCheckpointIntervalMin.millis()));
  }
  section.size("checkpoint_log", kSegmentBytesMin, std::uint64_t{1} << 40, config.checkpoint_log_bytes);
  section.unneeded("bytes_per_sync", "every write is synced before it is acknowledged, many writes per sync");
  section.unneeded("wal_fsync_interval", "every write is synced before it is acknowledged, many writes per sync");
  section.unneeded("arena_size", "memory is bounded by checkpoints");
  section.unneeded("db_engine", "the store is RocksDB");
  section.unneeded("btree_flush_interval", "checkpoints follow the log");
  section.unneeded("btree_config", "the store is RocksDB");
  section.unneeded("event_log_mode", "every namespace takes all kinds of writes");
  section.unneeded("wal_cleanup_config", "the log is kept whole");
  section.finish();
  if (config.base_dir.empty()) section.error("base_dir", "missing: where this node keeps its data");
  std::set<std::string> seen;
  for (const std::string& ns : config.namespaces) {
    if (const Status valid = validate_namespace_name(ns); !valid.ok()) section.error("namespaces", valid.message());
    if (!seen.insert(ns).second) section.error("namespaces", fmt::format("\"{}\" is listed twice", ns));
  }
}

// Below this a heartbeat would not be heard in time behind what is under way.
constexpr std::uint64_t kLinkBytesPerSecondMin = 1024;
constexpr std::uint64_t kLinkBytesPerSecondMax = std::uint64_t{1} << 40;

void read_peer_common(Section& section, PeerConfig& peer) {
  section.words("namespaces", peer.namespaces);
  section.text("server_name", peer.server_name);
  section.size("bytes_per_second_max", kLinkBytesPerSecondMin, kLinkBytesPerSecondMax, peer.bytes_per_s_max);
  read_tls(section, peer.tls);
  check_tls(section, peer.tls);
  if (peer.namespaces.empty()) section.error("namespaces", "missing: which namespaces this link carries");
  if (peer.address.empty()) {
    section.error("upstream_address", "missing: host:port of the other node's gRPC");
  } else if (const Status valid = validate_address(peer.address); !valid.ok()) {
    section.error(section.has("address") ? "address" : "upstream_address", valid.message());
  }
}

void read_upstreams(Section& top, Config& config, Role role) {
  Section all = top.section("relayer_config");
  all.each_section([&](const std::string& name, Section section) {
    PeerConfig peer;
    peer.name = "relayer_config." + name;
    peer.upstream = true;
    section.text("upstream_address", peer.address);
    read_peer_common(section, peer);
    section.unneeded("lsn_lag_threshold", "links report how far behind they are in /stats and /metrics");
    section.unneeded("segment_lag_threshold", "links report how far behind they are in /stats and /metrics");
    section.unneeded("grpc_service_config", "links reconnect by themselves");
    section.finish();
    // Whoever is followed is held here too, also when storage_config does not repeat it.
    for (const std::string& ns : peer.namespaces) {
      const Status valid = validate_namespace_name(ns);
      if (!valid.ok()) section.error("namespaces", valid.message());
      if (std::find(config.namespaces.begin(), config.namespaces.end(), ns) == config.namespaces.end()) {
        config.namespaces.push_back(ns);
      }
    }
    config.peers.push_back(std::move(peer));
  });
  if (role != Role::kReplicator && !all.present()) {
    all.error(
        "", fmt::format("missing: a {} follows the namespaces of its [relayer_config.NAME] sections", role_name(role)));
  }
}

void read_peers(Section& top, Config& config) {
  Section all = top.section("peer");
  all.each_section([&](const std::string& name, Section section) {
    PeerConfig peer;
    peer.name = "peer." + name;
    peer.publish = true;
    section.text("address", peer.address);
    section.text("upstream_address", peer.address);
    section.tables("publish", peer.publish, peer.tables.publish);
    section.tables("subscribe", peer.subscribe, peer.tables.subscribe);
    read_peer_common(section, peer);
    section.finish();
    if (!peer.publish && !peer.subscribe)
      section.error("publish", "publish and subscribe are both false: nothing is left to do");
    for (const std::string& ns : peer.namespaces) {
      if (std::find(config.namespaces.begin(), config.namespaces.end(), ns) == config.namespaces.end()) {
        section.error("namespaces", fmt::format("\"{}\" is not in storage_config.namespaces", ns));
      }
    }
    config.peers.push_back(std::move(peer));
  });
}

// What one peer has, others get from it: which tables leave a node and come in is the same on all its links.
void check_tables(Section& top, const Config& config) {
  std::map<std::string, const PeerConfig*> first;
  for (const PeerConfig& peer : config.peers) {
    for (const std::string& ns : peer.namespaces) {
      const auto [at, fresh] = first.emplace(ns, &peer);
      if (fresh || at->second->tables == peer.tables) continue;
      top.error("peer", fmt::format("{} and {} share other tables of \"{}\": what one peer has, others get from it, so "
                                    "both must say the same",
                                    at->second->name, peer.name, ns));
    }
  }
}

void read_merge_groups(Section& top, Config& config) {
  std::map<std::string, std::string> group_of;
  top.section("merge_group").each_section([&](const std::string& name, Section section) {
    MergeGroup group{name, {}};
    section.words("namespaces", group.namespaces);
    section.finish();
    if (group.namespaces.empty()) section.error("namespaces", "missing: which namespaces are joined");
    for (const std::string& ns : group.namespaces) {
      if (std::find(config.namespaces.begin(), config.namespaces.end(), ns) == config.namespaces.end()) {
        section.error("namespaces", fmt::format("\"{}\" is not a namespace of this node", ns));
      }
      const auto [other, fresh] = group_of.emplace(ns, name);
      if (!fresh) section.error("namespaces", fmt::format("\"{}\" is already in merge_group.{}", ns, other->second));
    }
    config.merge_groups.push_back(std::move(group));
  });
}

void read_notifiers(Section& top, Config& config) {
  top.section("notifier_config").each_section([&](const std::string& name, Section section) {
    NotifierConfig notifier;
    notifier.ns = name;
    section.text("bind_host", notifier.bind_host);
    section.number("bind_port", 0, 65535, notifier.port);
    section.number("high_water_mark", 1, 1'000'000, notifier.high_water_mark);
    section.duration("linger_time", notifier.linger);
    section.text("curve_public_key", notifier.curve_public_key);
    section.text("curve_secret_key", notifier.curve_secret_key);
    section.finish();
    if (!section.has("bind_port")) section.error("bind_port", "missing: the port subscribers connect to");
    if (notifier.curve_public_key.empty() != notifier.curve_secret_key.empty()) {
      section.error("curve_public_key", "curve_public_key and curve_secret_key go together");
    }
    for (const auto& [key, value] : {std::pair("curve_public_key", &notifier.curve_public_key),
                                     std::pair("curve_secret_key", &notifier.curve_secret_key)}) {
      if (!value->empty() && value->size() != 40)
        section.error(key, "wants a Z85 key of 40 characters (see zmq_curve_keypair)");
    }
    if (std::find(config.namespaces.begin(), config.namespaces.end(), name) == config.namespaces.end()) {
      section.error("", fmt::format("\"{}\" is not a namespace of this node", name));
    }
    config.notifiers.push_back(std::move(notifier));
  });
}

void read_log(Section& top, Config& config) {
  static const std::map<std::string, LogLevel, std::less<>> kLevels{
      {"debug", LogLevel::kDebug}, {"info", LogLevel::kInfo}, {"warn", LogLevel::kWarn}, {"error", LogLevel::kError}};
  Section section = top.section("log_config");
  std::string level = "info";
  section.text("log_level", level);
  if (const auto it = kLevels.find(level); it != kLevels.end()) {
    config.log_level = it->second;
  } else {
    section.error("log_level", fmt::format("wants debug, info, warn or error, not \"{}\"", level));
  }
  bool without_timestamps = false;
  section.flag("disable_timestamp", without_timestamps);
  config.log_timestamps = !without_timestamps;
  section.unneeded("min_level_percents", "no log line is sampled away");
  section.finish();
}

void read_unneeded(Section& top) {
  top.unneeded("write_notify_config", "watchers are told as soon as a write is durable");
  top.unneeded("limiter", "links reconnect with backoff");
  top.unneeded("pprof_config", "profile with perf; see docs/operations.md");
  top.unneeded("pprof_enable", "profile with perf; see docs/operations.md");
  top.unneeded("wal_io_global_limiter", "links are bounded by what the peer acknowledges");
  top.unneeded("raft_config", "every site takes writes, there is no leader");
  top.unneeded("fuzz_config", "load comes from ./dev bench");
}

}  // namespace

std::string_view role_name(Role role) {
  switch (role) {
    case Role::kReplicator: return "replicator";
    case Role::kRelayer: return "relayer";
    case Role::kRelay: return "relay";
  }
  return "?";
}

Result<ParsedConfig> parse_config(ByteSpan text, std::string_view file, Role role) {
  toml::table table;
  try {
    table = toml::parse(text, file);
  } catch (const toml::parse_error& error) {
    const toml::source_position at = error.source().begin;
    return fail(StatusCode::kInvalidArgument,
                fmt::format("{}:{}:{}: {}", file, at.line, at.column, error.description()));
  }
  ConfigReport report{std::string(file), {}, {}};
  ParsedConfig out;
  Section top(&table, "", report);
  top.text("node_name", out.config.node_name);
  if (!out.config.node_name.empty()) {
    if (const Status valid = validate_node_name(out.config.node_name); !valid.ok())
      top.error("node_name", valid.message());
  }
  read_process(top, out.config.loops);
  read_http(top, out.config.http);
  read_transactions(top, out.config.transactions);
  read_grpc(top, out.config, role);
  read_storage(top, out.config);
  read_log(top, out.config.segment_bytes, out.config.log);
  read_equality(top, out.config.equality_interval);
  read_upstreams(top, out.config, role);
  if (out.config.namespaces.empty()) top.error("storage_config.namespaces", "missing: at least one namespace");
  read_durability(top, out.config);
  read_resp(top, out.config);
  read_peers(top, out.config);
  check_tables(top, out.config);
  read_merge_groups(top, out.config);
  read_notifiers(top, out.config);
  read_log(top, out.config);
  read_unneeded(top);
  top.finish();
  if (!report.errors.empty()) {
    return fail(StatusCode::kInvalidArgument, fmt::format("{}", fmt::join(report.errors, "\n")));
  }
  out.warnings = std::move(report.warnings);
  return out;
}

}  // namespace pando::server
