// server/config.h — what a configuration file says, checked: text in, Config or a list of mistakes out.
//
// The grammar is the one of existing UnisonDB files plus our own sections; docs/configuration.md lists every
// key. Keys that are unknown, or known there and not needed here, become warnings; a value that cannot be
// used is an error. Both name `file:line: key`. All mistakes of a file are reported at once.
//
// Nothing but the text is looked at: no environment, no clock, no file. Paths are kept as written; relative
// ones mean the working directory of the process.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/limits.h"
#include "base/status.h"
#include "base/time.h"
#include "model/table_scope.h"
#include "model/terms.h"

namespace pando::server {

// replicator: clients write here. relayer: follows others, read-only. relay: a relayer that others may follow.
enum class Role : std::uint8_t { kReplicator, kRelayer, kRelay };
std::string_view role_name(Role role);

// Certificates of one gRPC end. Either all three paths are set, or `allow_insecure` is true.
struct TlsConfig {
  std::string cert_path;
  std::string key_path;
  std::string ca_path;
  bool allow_insecure = false;
};

struct HttpConfig {
  std::string listen_ip = "127.0.0.1";
  std::uint16_t port = 4000;  // 0: any free one
  std::size_t body_bytes_max = limits::kHttpBodyBytesDefault;
  std::string backup_root;  // empty: <base_dir>/backup
};

// The Redis protocol; served when [resp] is there.
struct RespConfig {
  std::string listen_ip = "127.0.0.1";  // anyone who reaches it may write: a warning for another one
  std::uint16_t port = 6379;            // 0: any free one
  std::vector<std::string> databases;   // namespaces, by SELECT's numbers; not empty when it is served
};

struct GrpcConfig {
  std::string listen_ip = "127.0.0.1";  // for another one certificates are advised: a warning
  std::uint16_t port = 4001;
  TlsConfig tls;
  bool check_peer_names = true;  // a peer's node name must be one that its certificate names
};

// A link this node dials: [relayer_config.NAME] (subscribe only) or [peer.NAME] (both ways unless said).
struct PeerConfig {
  std::string name;  // "relayer_config.NAME" or "peer.NAME": unique, and what people find in the file
  std::string address;
  std::vector<std::string> namespaces;
  bool upstream = false;  // [relayer_config]: its namespaces take no clients' writes here
  bool publish = false;
  bool subscribe = true;
  TableScope tables;                  // of its namespaces, on all links
  std::uint64_t bytes_per_s_max = 0;  // for each direction; 0: any
  TlsConfig tls;
  std::string server_name;  // what the peer's certificate must name; empty: the host of `address`
};

struct NotifierConfig {
  std::string ns;
  std::string bind_host = "127.0.0.1";
  std::uint16_t port = 0;
  int high_water_mark = 1000;
  Duration linger = Duration::millis(1000);
  std::string curve_public_key;  // Z85 text, both or neither
  std::string curve_secret_key;
};

struct MergeGroup {
  std::string name;
  std::vector<std::string> namespaces;
};

// How long an interactive transaction may stay open: unused, and at all.
struct TransactionConfig {
  Duration idle_max = Duration::seconds(120);
  Duration age_max = Duration::seconds(900);
};

// How safe writes are that say nothing, in tables that are not declared otherwise.
struct DurabilityConfig {
  Durability by_default = {};
  std::map<std::string, Durability> by_namespace;  // every one of the node
};

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarn, kError };

// How much of the log stays (log/retention.h).
struct LogConfig {
  bool retain_all = false;
  std::uint64_t keep_bytes = std::uint64_t{1} << 30;
  std::uint64_t retain_bytes = std::uint64_t{4} << 30;
  Duration retain_age = Duration::seconds(7 * 24 * 3600);
};

struct Config {
  std::string node_name;  // empty: made up at the first start and kept in base_dir
  std::string base_dir;
  std::vector<std::string> namespaces;  // every one this node holds, in the order of the file
  std::uint64_t segment_bytes = 16 << 20;
  Duration checkpoint_interval = Duration::seconds(5);  // what has changed is in the store, and need not be replayed
  std::uint64_t checkpoint_log_bytes = 1 << 30;         // so much log does not wait for that
  std::size_t loops = 0;                                // that serve namespaces, at most; 0: as many as processors
  LogConfig log;
  Duration equality_interval = Duration::seconds(600);  // between comparisons with each peer; 0: never
  HttpConfig http;
  bool serves_resp = false;
  RespConfig resp;
  bool serves_grpc = true;
  GrpcConfig grpc;
  std::vector<PeerConfig> peers;          // sorted by name
  std::vector<MergeGroup> merge_groups;   // sorted by name
  std::vector<NotifierConfig> notifiers;  // sorted by namespace
  TransactionConfig transactions;
  DurabilityConfig durability;
  LogLevel log_level = LogLevel::kInfo;
  bool log_timestamps = true;
};

struct ParsedConfig {
  Config config;
  std::vector<std::string> warnings;  // "dc1.toml:12: storage_config.arena_size: …"
};

// `file` is only for messages. kInvalidArgument with one line per mistake.
Result<ParsedConfig> parse_config(ByteSpan text, std::string_view file, Role role);

}  // namespace pando::server
