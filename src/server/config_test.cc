#include "server/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

namespace pando::server {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// The smallest file a replicator starts with; `more` comes after it, from line 4 on.
std::string minimal(std::string_view more) {
  return "[storage_config]\nbase_dir = \"d\"\nnamespaces = [\"a\", \"b\"]\n" + std::string(more);
}

ParsedConfig parsed(std::string_view text, Role role = Role::kReplicator) {
  Result<ParsedConfig> result = parse_config(text, "f.toml", role);
  EXPECT_TRUE(result.has_value()) << result.error().message();
  return result.value_or(ParsedConfig{});
}

std::string error_of(std::string_view text, Role role = Role::kReplicator) {
  const Result<ParsedConfig> result = parse_config(text, "f.toml", role);
  return result ? "" : result.error().message();
}

constexpr std::string_view kDatacenter = R"(## Port of the http server
http_port = 8001

[grpc_config]
port = 4001
allow_insecure = true

[storage_config]
base_dir = "/tmp/unisondb/examples/dc1"
namespaces = ["ad-campaign-dc1"]
bytes_per_sync = "1MB"
segment_size = "16MB"
arena_size = "4MB"

[write_notify_config]
enabled = true
max_delay = "20ms"

[storage_config.wal_cleanup_config]
interval = "5m"
enabled = true
max_age = "5h"
min_segments = 50
max_segments = 100

[log_config]
log_level = "info"
disable_timestamp = true

[log_config.min_level_percents]
debug = 100.0
info  = 10.0
)";

constexpr std::string_view kRelayer = R"(http_port = 8003
[storage_config]
base_dir = "relayer"
[relayer_config.relayer1]
namespaces = ["ad-campaign-dc1"]
upstream_address = "127.0.0.1:4001"
allow_insecure = true
[relayer_config.relayer2]
namespaces = ["ad-campaign-dc2"]
upstream_address = "127.0.0.1:4002"
lsn_lag_threshold = 10
cert_path = "c.crt"
key_path = "c.key"
ca_path = "ca.crt"
[notifier_config.ad-campaign-dc1]
bind_port = 5555
high_water_mark = 500
linger_time = 250
[notifier_config.ad-campaign-dc2]
bind_port = 5556
bind_host = "0.0.0.0"
linger_time = "2s"
[merge_group.campaign]
namespaces = ["ad-campaign-dc1", "ad-campaign-dc2"]
)";

TEST(Config, TakesTheTutorialsDatacenterFile) {
  const ParsedConfig file = parsed(kDatacenter);
  const Config& config = file.config;
  EXPECT_EQ(config.http.port, 8001);
  EXPECT_EQ(config.http.listen_ip, "127.0.0.1");
  EXPECT_EQ(config.http.body_bytes_max, 16u << 20);
  EXPECT_TRUE(config.serves_grpc);
  EXPECT_EQ(config.grpc.port, 4001);
  EXPECT_TRUE(config.grpc.tls.allow_insecure);
  EXPECT_EQ(config.base_dir, "/tmp/unisondb/examples/dc1");
  EXPECT_THAT(config.namespaces, ElementsAre("ad-campaign-dc1"));
  EXPECT_EQ(config.segment_bytes, 16u << 20);
  EXPECT_FALSE(config.log_timestamps);
  EXPECT_EQ(config.node_name, "");
  EXPECT_THAT(
      file.warnings,
      ElementsAre(
          "f.toml:11: storage_config.bytes_per_sync: accepted, has no effect: every write is synced before it is "
          "acknowledged, many writes per sync",
          "f.toml:13: storage_config.arena_size: accepted, has no effect: memory is bounded by checkpoints",
          "f.toml:19: storage_config.wal_cleanup_config: accepted, has no effect: the log is kept whole",
          "f.toml:30: log_config.min_level_percents: accepted, has no effect: no log line is sampled away",
          "f.toml:15: write_notify_config: accepted, has no effect: watchers are told as soon as a write is durable"));
}

TEST(Config, TakesTheTutorialsRelayerFile) {
  const ParsedConfig file = parsed(kRelayer, Role::kRelayer);
  const Config& config = file.config;
  EXPECT_FALSE(config.serves_grpc);
  EXPECT_THAT(config.namespaces, ElementsAre("ad-campaign-dc1", "ad-campaign-dc2"));
  ASSERT_EQ(config.peers.size(), 2u);
  EXPECT_EQ(config.peers[0].name, "relayer_config.relayer1");
  EXPECT_EQ(config.peers[0].address, "127.0.0.1:4001");
  EXPECT_TRUE(config.peers[0].tls.allow_insecure);
  EXPECT_FALSE(config.peers[0].publish);
  EXPECT_TRUE(config.peers[0].subscribe);
  EXPECT_EQ(config.peers[1].tls.ca_path, "ca.crt");
  ASSERT_EQ(config.notifiers.size(), 2u);
  EXPECT_EQ(config.notifiers[0].bind_host, "127.0.0.1");
  EXPECT_EQ(config.notifiers[0].port, 5555);
  EXPECT_EQ(config.notifiers[0].high_water_mark, 500);
  EXPECT_EQ(config.notifiers[0].linger.millis(), 250);
  EXPECT_EQ(config.notifiers[1].bind_host, "0.0.0.0");
  EXPECT_EQ(config.notifiers[1].linger.millis(), 2000);
  ASSERT_EQ(config.merge_groups.size(), 1u);
  EXPECT_THAT(config.merge_groups[0].namespaces, ElementsAre("ad-campaign-dc1", "ad-campaign-dc2"));
}

TEST(Config, OurOwnKeys) {
  const Config config = parsed(minimal(R"([process]
loops = 3
[http]
body_limit = "1 MiB"
backup_root = "/srv/backup"
[peer.berlin]
address = "berlin:4001"
namespaces = "a"
publish = false
allow_insecure = true
[peer.paris]
upstream_address = "[::1]:4001"
namespaces = ["a", "b"]
subscribe = false
cert_path = "c"
key_path = "k"
ca_path = "ca"
server_name = "node"
[log_config]
log_level = "warn"
)"))
                            .config;
  EXPECT_EQ(config.loops, 3u);
  EXPECT_EQ(config.http.body_bytes_max, 1u << 20);
  EXPECT_EQ(config.http.backup_root, "/srv/backup");
  EXPECT_FALSE(config.serves_grpc) << "no [grpc_config], no listener";
  ASSERT_EQ(config.peers.size(), 2u);
  EXPECT_EQ(config.peers[0].name, "peer.berlin");
  EXPECT_THAT(config.peers[0].namespaces, ElementsAre("a"));
  EXPECT_FALSE(config.peers[0].publish);
  EXPECT_TRUE(config.peers[0].subscribe);
  EXPECT_TRUE(config.peers[1].publish);
  EXPECT_FALSE(config.peers[1].subscribe);
  EXPECT_EQ(config.peers[1].server_name, "node");
  EXPECT_EQ(config.log_level, LogLevel::kWarn);
}

TEST(Config, PeersAreWhomTheirCertificatesName) {
  const auto grpc = [](const std::string& more) {
    return parsed(minimal("[grpc_config]\nport = 0\ncert_path = \"c\"\nkey_path = \"k\"\nca_path = \"ca\"\n" + more))
        .config.grpc;
  };
  EXPECT_TRUE(grpc("").check_peer_names);
  EXPECT_FALSE(grpc("check_peer_names = false\n").check_peer_names);
}

TEST(Config, DatabasesOfTheRedisProtocol) {
  EXPECT_THAT(parsed(minimal("[resp]\nnamespace = \"b\"")).config.resp.databases, ElementsAre("b"));
  EXPECT_THAT(parsed(minimal("[resp]\ndatabases = [\"b\", \"a\"]")).config.resp.databases, ElementsAre("b", "a"));
  EXPECT_FALSE(parsed(minimal("")).config.serves_resp);
  EXPECT_THAT(error_of(minimal("[resp]\nport = 1")), HasSubstr("whose keys the Redis protocol serves"));
  EXPECT_THAT(error_of(minimal("[resp]\nnamespace = \"c\"")), HasSubstr("\"c\" is not a namespace of this node"));
  EXPECT_THAT(error_of(minimal("[resp]\ndatabases = [\"a\", \"a\"]")), HasSubstr("\"a\" is there twice"));
  EXPECT_THAT(error_of(minimal("[resp]\nnamespace = \"a\"\ndatabases = [\"a\"]")), HasSubstr("leave one of them out"));
}

TEST(Config, BudgetsOfLinks) {
  const auto budget = [](const std::string& more) {
    return parsed(minimal("[peer.p]\naddress = \"a:1\"\nnamespaces = [\"a\"]\nallow_insecure = true\n" + more))
        .config.peers[0]
        .bytes_per_s_max;
  };
  EXPECT_EQ(budget(""), 0u) << "any";
  EXPECT_EQ(budget("bytes_per_second_max = \"50KB\"\n"), 50u * 1024);
}

TEST(Config, HowSafeWritesAreThatSayNothing) {
  EXPECT_EQ(parsed(minimal("")).config.durability.by_namespace.at("a"), Durability{});
  const ParsedConfig file =
      parsed(minimal("[durability]\ndefault = \"os\"\n[durability.namespaces]\nb = \"sites:2\"\n"));
  EXPECT_THAT(file.warnings, IsEmpty());
  EXPECT_EQ(to_string(file.config.durability.by_default), "os");
  EXPECT_EQ(to_string(file.config.durability.by_namespace.at("a")), "os");
  EXPECT_EQ(to_string(file.config.durability.by_namespace.at("b")), "sites:2");
}

struct Refused {
  std::string_view more;   // after the minimal file
  std::string_view error;  // to the letter
};

TEST(Config, BadValuesNameFileLineAndKey) {
  const Refused kCases[] = {
      // Types.
      {"[process]\nloops = 0\n", "f.toml:5: process.loops: wants a whole number from 1 to 64, not 0"},
      {"[http]\nbody_limit = true\n", "f.toml:5: http.body_limit: wants a size like \"16MB\", not true"},
      {"[http]\nbody_limit = \"big\"\n", "f.toml:5: http.body_limit: wants a size like \"16MB\", not \"big\""},
      {"[http]\nbody_limit = 1\n", "f.toml:5: http.body_limit: wants from 1024 to 67108864 bytes, not 1"},
      {"[http]\nbackup_root = 3\n", "f.toml:5: http.backup_root: wants text in quotes, not 3"},
      {"[grpc_config]\nport = 70000\n",
       "f.toml:5: grpc_config.port: wants a whole number from 0 to 65535, not 70000\n"
       "f.toml:4: grpc_config.cert_path: missing: mutual TLS needs cert_path, key_path and ca_path (or allow_insecure "
       "= "
       "true)"},
      {"[grpc_config]\nallow_insecure = \"yes\"\ncert_path=\"c\"\nkey_path=\"k\"\nca_path=\"a\"\n",
       "f.toml:5: grpc_config.allow_insecure: wants true or false, not \"yes\""},
      // Links.
      {"[relayer_config.r]\nallow_insecure = true\nnamespaces = [\"a\"]\n",
       "f.toml:4: relayer_config.r.upstream_address: missing: host:port of the other node's gRPC"},
      {"[relayer_config.r]\nallow_insecure = true\nupstream_address = \"x:1\"\n",
       "f.toml:4: relayer_config.r.namespaces: missing: which namespaces this link carries"},
      {"[relayer_config]\nr = 1\n", "f.toml:5: relayer_config.r: wants a table, not 1"},
      {"[peer.p]\nallow_insecure = true\nnamespaces = [\"a\"]\naddress = \"berlin\"\n",
       "f.toml:7: peer.p.address: wants host:port, not \"berlin\""},
      {"[peer.p]\nallow_insecure = true\nnamespaces = [\"a\", 2]\naddress = \"x:1\"\n",
       "f.toml:6: peer.p.namespaces: wants a list of texts, but one item is 2\n"
       "f.toml:6: peer.p.namespaces: missing: which namespaces this link carries"},
      {"[peer.p]\nallow_insecure = true\nnamespaces = [\"a\"]\naddress = \"x:1\"\npublish = [\".once\"]\n",
       "f.toml:8: peer.p.publish: \".once\" is internal, and always goes both ways"},
      {"[peer.p]\nallow_insecure = true\nnamespaces = [\"z\"]\naddress = \"x:1\"\n",
       "f.toml:6: peer.p.namespaces: \"z\" is not in storage_config.namespaces"},
      {"[peer.p]\nnamespaces = [\"a\"]\naddress = \"x:1\"\ncert_path = \"c\"\nkey_path = \"k\"\n",
       "f.toml:4: peer.p.ca_path: missing: mutual TLS needs cert_path, key_path and ca_path (or allow_insecure = "
       "true)"},
      {"[peer.p]\nallow_insecure = true\nnamespaces = [\"a\"]\naddress = \"x:1\"\npublish = false\nsubscribe = false\n",
       "f.toml:8: peer.p.publish: publish and subscribe are both false: nothing is left to do"},
      // Merge groups.
      {"[merge_group.g]\n", "f.toml:4: merge_group.g.namespaces: missing: which namespaces are joined"},
      {"[merge_group.g]\nnamespaces = [\"a\", \"z\"]\n",
       "f.toml:5: merge_group.g.namespaces: \"z\" is not a namespace of this node"},
      {"[merge_group.g]\nnamespaces = [\"a\"]\n[merge_group.h]\nnamespaces = [\"a\"]\n",
       "f.toml:7: merge_group.h.namespaces: \"a\" is already in merge_group.g"},
      // Notifiers.
      {"[notifier_config.a]\n", "f.toml:4: notifier_config.a.bind_port: missing: the port subscribers connect to"},
      {"[notifier_config.z]\nbind_port = 1\n", "f.toml:4: notifier_config.z: \"z\" is not a namespace of this node"},
      {"[transactions]\nidle_timeout = \"0s\"\n", "f.toml:5: transactions.idle_timeout: must be longer than nothing"},
      {"[transactions]\nmax_age = \"soon\"\n",
       "f.toml:5: transactions.max_age: wants a duration like \"20ms\" or \"1h30m\", not \"soon\""},
      {"[notifier_config.a]\nbind_port = 1\nlinger_time = \"soon\"\n",
       "f.toml:6: notifier_config.a.linger_time: wants a duration like \"20ms\" or \"1h30m\", not \"soon\""},
      {"[notifier_config.a]\nbind_port = 1\nlinger_time = -1\n",
       "f.toml:6: notifier_config.a.linger_time: wants a duration like \"20ms\", not -1"},
      {"[notifier_config.a]\nbind_port = 1\nhigh_water_mark = 0\n",
       "f.toml:6: notifier_config.a.high_water_mark: wants a whole number from 1 to 1000000, not 0"},
      {"[notifier_config.a]\nbind_port = 1\ncurve_public_key = \"x\"\n",
       "f.toml:6: notifier_config.a.curve_public_key: curve_public_key and curve_secret_key go together\n"
       "f.toml:6: notifier_config.a.curve_public_key: wants a Z85 key of 40 characters (see zmq_curve_keypair)"},
      // Durability.
      {"[durability]\ndefault = \"paper\"\n",
       "f.toml:5: durability.default: durability \"paper\" is none of memory, os, fsync, sites:N, site:NAME"},
      // Log.
      {"[log_config]\nlog_level = \"loud\"\n",
       "f.toml:5: log_config.log_level: wants debug, info, warn or error, not \"loud\""},
  };
  for (const Refused& c : kCases) EXPECT_EQ(error_of(minimal(c.more)), c.error) << c.more;
}

TEST(Config, BadFilesAsAWhole) {
  const struct {
    std::string_view text;
    Role role;
    std::string_view error;
  } kCases[] = {
      {"", Role::kReplicator,
       "f.toml: storage_config.base_dir: missing: where this node keeps its data\n"
       "f.toml:1: storage_config.namespaces: missing: at least one namespace"},
      {"[storage_config]\nbase_dir=\"d\"\nnamespaces=[\"a/b\", \".x\", \"\", \"a\", \"a\"]\n", Role::kReplicator,
       "f.toml:3: storage_config.namespaces: namespace \"a/b\" has a character other than A-Z a-z 0-9 . _ -\n"
       "f.toml:3: storage_config.namespaces: namespace \".x\" starts with a dot\n"
       "f.toml:3: storage_config.namespaces: namespace \"\" is empty\n"
       "f.toml:3: storage_config.namespaces: \"a\" is listed twice"},
      {"storage_config = 1\n", Role::kReplicator,
       "f.toml:1: storage_config: wants a table, not 1\n"
       "f.toml: storage_config.base_dir: missing: where this node keeps its data\n"
       "f.toml:1: storage_config.namespaces: missing: at least one namespace"},
      {"[storage_config]\nbase_dir=\"d\"\nnamespaces=[\"a\"]\nsegment_size=\"1KB\"\n", Role::kReplicator,
       "f.toml:4: storage_config.segment_size: wants from 65536 to 4294967296 bytes, not 1024"},
      {"[storage_config]\nbase_dir=\"d\"\nnamespaces=[\"a\"]\ncheckpoint_interval=\"1ms\"\n", Role::kReplicator,
       "f.toml:4: storage_config.checkpoint_interval: must be 10ms or longer"},
      {"[storage_config]\nbase_dir=\"d\"\nnamespaces=[\"a\"]\ncheckpoint_log=\"1KB\"\n", Role::kReplicator,
       "f.toml:4: storage_config.checkpoint_log: wants from 65536 to 1099511627776 bytes, not 1024"},
      {"[log]\nretain_bytes=\"1MB\"\nkeep_bytes=\"2MB\"\nretain_age=\"0\"\n[storage_config]\nbase_dir="
       "\"d\"\nnamespaces=[\"a\"]\n",
       Role::kReplicator,
       "f.toml:4: log.retain_age: must be longer than nothing\n"
       "f.toml:2: log.retain_bytes: must be as much as one segment (storage_config.segment_size) or more\n"
       "f.toml:3: log.keep_bytes: must not be more than retain_bytes"},
      {"[equality]\ninterval=\"5ms\"\n[storage_config]\nbase_dir=\"d\"\nnamespaces=[\"a\"]\n", Role::kReplicator,
       "f.toml:2: equality.interval: must be 1s or longer, or 0: never"},
      {"node_name = \"a b\"\n[storage_config]\nbase_dir=\"d\"\nnamespaces=[\"a\"]\n", Role::kReplicator,
       "f.toml:1: node_name: node name may hold only letters, digits, '.', '_' and '-'"},
      {"listen_ip = \"here\"\n[storage_config]\nbase_dir=\"d\"\nnamespaces=[\"a\"]\n", Role::kReplicator,
       "f.toml:1: listen_ip: wants an IP address like \"127.0.0.1\", not \"here\""},
      {"http_port = -1\n[storage_config]\nbase_dir=\"d\"\nnamespaces=[\"a\"]\n", Role::kReplicator,
       "f.toml:1: http_port: wants a whole number from 0 to 65535, not -1"},
      {"[storage_config]\nbase_dir=\"d\"\nnamespaces=[\"a\"]\n", Role::kRelayer,
       "f.toml: relayer_config: missing: a relayer follows the namespaces of its [relayer_config.NAME] sections"},
  };
  for (const auto& c : kCases) EXPECT_EQ(error_of(c.text, c.role), c.error) << c.text;
}

TEST(Config, LocalhostIsAnAddressAndEmptyIsTheDefault) {
  EXPECT_EQ(parsed("listen_ip = \"localhost\"\n" + minimal("")).config.http.listen_ip, "127.0.0.1");
  EXPECT_EQ(parsed("listen_ip = \"\"\n" + minimal("")).config.http.listen_ip, "127.0.0.1");
}

TEST(Config, BadTomlNamesThePlace) {
  EXPECT_THAT(error_of("http_port = \n"), HasSubstr("f.toml:1:"));
  EXPECT_THAT(error_of("a = 1\na = 2\n"), HasSubstr("f.toml:2:"));
}

TEST(Config, UnknownKeysAreWarnings) {
  EXPECT_THAT(parsed("colour = 1\n" + minimal("[http]\nbody_limits = 1\n[weather]\nrain = true\n")).warnings,
              ElementsAre("f.toml:6: http.body_limits: unknown key, ignored", "f.toml:1: colour: unknown key, ignored",
                          "f.toml:7: weather: unknown key, ignored"));
  EXPECT_THAT(parsed(minimal("")).warnings, IsEmpty());
}

TEST(Config, PlainTextForOtherMachinesIsAWarning) {
  const ParsedConfig file = parsed(minimal("[grpc_config]\nallow_insecure = true\nlisten_ip = \"0.0.0.0\"\n"));
  EXPECT_EQ(file.config.grpc.listen_ip, "0.0.0.0");
  EXPECT_THAT(file.warnings,
              ElementsAre("f.toml:6: grpc_config.listen_ip: 0.0.0.0 can be reached from other machines, in plain text "
                          "and by anyone: set cert_path, key_path and ca_path instead of allow_insecure"));
}

TEST(Config, ARelayServesWhatItFollows) {
  std::string text(kRelayer);
  EXPECT_THAT(error_of(text, Role::kRelay), HasSubstr("grpc_config.cert_path: missing"));
  text += "[grpc_config]\nport = 4003\nallow_insecure = true\n";
  EXPECT_TRUE(parsed(text, Role::kRelay).config.serves_grpc);
  const ParsedConfig relayer = parsed(text, Role::kRelayer);
  EXPECT_FALSE(relayer.config.serves_grpc);
  EXPECT_THAT(relayer.warnings,
              Contains("f.toml:25: grpc_config: a relayer serves no gRPC, so this has no effect: start it "
                       "with the verb `relay`"));
}

// The documentation's examples are files that work, without a warning.
TEST(Config, TheDocumentationsExamples) {
  std::ifstream file("docs/configuration.md");
  const std::string page{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  ASSERT_FALSE(page.empty()) << "run from the repository";
  constexpr std::string_view kBegin = "```toml\n";
  int examples = 0;
  for (std::size_t at = 0; (at = page.find(kBegin, at)) != std::string::npos; ++examples) {
    at += kBegin.size();
    std::string text = page.substr(at, page.find("```", at) - at);
    if (text.find("base_dir") == std::string::npos)
      text += "[storage_config]\nbase_dir = \"d\"\nnamespaces = [\"shared\", \"plant\"]\n";
    EXPECT_THAT(parsed(text).warnings, IsEmpty()) << text;
    if (text.find("node_name") != std::string::npos) {
      const Config config = parsed(text).config;
      EXPECT_EQ(config.peers.size(), 2u);
      EXPECT_EQ(config.http.port, Config{}.http.port);
      EXPECT_EQ(config.segment_bytes, Config{}.segment_bytes);
      EXPECT_EQ(config.checkpoint_interval, Config{}.checkpoint_interval);
      EXPECT_EQ(config.checkpoint_log_bytes, Config{}.checkpoint_log_bytes);
      EXPECT_EQ(config.log.retain_bytes, LogConfig{}.retain_bytes);
      EXPECT_EQ(config.log.retain_age, LogConfig{}.retain_age);
      EXPECT_EQ(config.log.keep_bytes, LogConfig{}.keep_bytes);
      EXPECT_EQ(config.log.retain_all, LogConfig{}.retain_all);
      EXPECT_EQ(config.equality_interval, Config{}.equality_interval);
      EXPECT_EQ(config.http.body_bytes_max, Config{}.http.body_bytes_max);
      EXPECT_EQ(config.notifiers[0].linger, NotifierConfig{}.linger);
    }
  }
  EXPECT_EQ(examples, 4);
}

TEST(Config, TablesThatGoAndThatCome) {
  const auto peer = [](const std::string& more) {
    return parsed(minimal("[peer.p]\naddress = \"a:1\"\nnamespaces = [\"a\"]\nallow_insecure = true\n" + more))
        .config.peers[0];
  };
  EXPECT_TRUE(peer("").tables.whole());
  EXPECT_TRUE(peer("publish = true\nsubscribe = false\n").tables.whole()) << "a direction, not tables";
  const PeerConfig edge = peer("publish = [\"alerts\"]\nsubscribe = [\"limits\", \"thresholds\"]\n");
  EXPECT_TRUE(edge.publish && edge.subscribe);
  EXPECT_EQ(edge.tables.publish, TableSet::of({"alerts"}));
  EXPECT_EQ(edge.tables.subscribe, TableSet::of({"limits", "thresholds"}));
  EXPECT_EQ(peer("subscribe = []\n").tables.subscribe, TableSet::of({})) << "but declarations and the like";
}

}  // namespace
}  // namespace pando::server
