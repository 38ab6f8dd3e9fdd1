// The whole process in this one, on free ports. What needs a process of its own is in tests/server.
#include "server/runtime.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <thread>
#include <vector>

namespace pando::server {
namespace {

namespace http = boost::beast::http;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

class ScratchDirectory {
 public:
  ScratchDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "pando-runtime-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~ScratchDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string path(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

Config replicator_config(const std::string& base_dir) {
  Config config;
  config.base_dir = base_dir;
  config.namespaces = {"a"};
  config.segment_bytes = 1 << 20;
  config.http.port = 0;
  config.grpc.port = 0;
  config.grpc.tls.allow_insecure = true;
  return config;
}

// A started runtime and the thread its loop runs on.
class Running {
 public:
  Running(const Config& config, Role role) {
    RuntimeOptions options;
    options.config = config;
    options.role = role;
    options.version = "test";
    auto started = Runtime::start(std::move(options));
    EXPECT_TRUE(started.has_value()) << started.error().message();
    runtime_ = std::move(*started);
    thread_ = std::thread([this] { outcome_ = runtime_->run(); });
  }
  ~Running() {
    if (!thread_.joinable()) return;
    EXPECT_TRUE(stop().ok());
  }

  Status stop() {
    runtime_->stop();
    thread_.join();
    return outcome_;
  }
  const Runtime& runtime() const { return *runtime_; }

  http::response<http::string_body> ask(http::verb method, const std::string& target, const std::string& body = {}) {
    const std::string& address = runtime_->ports().http;
    const std::size_t colon = address.rfind(':');
    boost::asio::io_context io;
    boost::asio::ip::tcp::socket socket(io);
    boost::asio::connect(
        socket, boost::asio::ip::tcp::resolver(io).resolve(address.substr(0, colon), address.substr(colon + 1)));
    http::request<http::string_body> request{method, target, 11};
    request.set(http::field::host, "test");
    request.body() = body;
    request.prepare_payload();
    http::write(socket, request);
    boost::beast::flat_buffer buffer;
    http::response<http::string_body> response;
    http::read(socket, buffer, response);
    return response;
  }
  std::string get(const std::string& target) { return ask(http::verb::get, target).body(); }

  // Asks until the answer is `body`, for what takes its way through a network.
  bool comes_to_answer(const std::string& target, const std::string& body) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (std::chrono::steady_clock::now() < until) {
      if (get(target) == body) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return false;
  }

 private:
  std::unique_ptr<Runtime> runtime_;
  std::thread thread_;
  Status outcome_;
};

constexpr const char* kValueV = "{\"value\":\"dg==\",\"found\":true}\n";

TEST(Runtime, ServesStopsAndComesBackWithEverything) {
  const ScratchDirectory scratch;
  const Config config = replicator_config(scratch.path("dc1"));
  std::string name;
  {
    Running node(config, Role::kReplicator);
    name = node.runtime().node_name();
    EXPECT_THAT(name, MatchesRegex("n-[0-9a-f]{8}"));
    EXPECT_THAT(node.runtime().ready_lines(),
                ElementsAre(MatchesRegex("INFO: HTTP server listening on :[0-9]+"),
                            MatchesRegex("INFO: gRPC server listening on :[0-9]+"), "INFO: Namespace 'a' initialized"));
    EXPECT_EQ(node.ask(http::verb::put, "/api/v1/a/kv/k", "{\"value\":\"dg==\"}").body(), "{\"success\":true}\n");
    EXPECT_EQ(node.get("/api/v1/a/kv/k"), kValueV);
    EXPECT_EQ(node.get("/api/v1/zzz/kv/k"), "{\"error\":\"namespace not found: zzz\"}\n");
    EXPECT_THAT(node.get("/metrics"), HasSubstr("pando_commits_total{namespace=\"a\"} 1\n"));
    EXPECT_TRUE(node.stop().ok());
  }
  Running again(config, Role::kReplicator);
  EXPECT_EQ(again.runtime().node_name(), name);
  EXPECT_EQ(again.get("/api/v1/a/kv/k"), kValueV);
  EXPECT_TRUE(again.stop().ok());
}

TEST(Runtime, ASecondOneOnTheSameDirectoryIsRefused) {
  const ScratchDirectory scratch;
  const Config config = replicator_config(scratch.path("dc1"));
  Running first(config, Role::kReplicator);
  RuntimeOptions options;
  options.config = config;
  const auto second = Runtime::start(std::move(options));
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code(), StatusCode::kUnavailable);
  EXPECT_THAT(second.error().message(), HasSubstr("is in use by process"));
  EXPECT_EQ(first.ask(http::verb::put, "/api/v1/a/kv/k", "{\"value\":\"dg==\"}").result_int(), 200u);
}

TEST(Runtime, ARelayerFollowsAndRefusesWrites) {
  const ScratchDirectory scratch;
  Running dc1(replicator_config(scratch.path("dc1")), Role::kReplicator);
  Config config = replicator_config(scratch.path("relayer"));
  config.serves_grpc = false;
  PeerConfig peer;
  peer.name = "relayer_config.dc1";
  peer.upstream = true;
  peer.address = *dc1.runtime().ports().grpc;
  peer.namespaces = {"a"};
  peer.tls.allow_insecure = true;
  config.peers = {peer};
  Running relayer(config, Role::kRelayer);
  EXPECT_EQ(relayer.ask(http::verb::put, "/api/v1/a/kv/k", "{\"value\":\"dg==\"}").result_int(), 403u);
  EXPECT_EQ(dc1.ask(http::verb::put, "/api/v1/a/kv/k", "{\"value\":\"dg==\"}").result_int(), 200u);
  EXPECT_TRUE(relayer.comes_to_answer("/api/v1/a/kv/k", kValueV));
  EXPECT_TRUE(relayer.stop().ok());
  EXPECT_TRUE(dc1.stop().ok());
}

TEST(Runtime, ManyWritersShareLogWrites) {
  const ScratchDirectory scratch;
  Running node(replicator_config(scratch.path("dc1")), Role::kReplicator);
  std::vector<std::thread> writers;
  std::atomic<int> acknowledged{0};
  for (int who = 0; who < 8; ++who) {
    writers.emplace_back([&node, &acknowledged, who] {
      for (int i = 0; i < 20; ++i) {
        const std::string target = "/api/v1/a/counters/c" + std::to_string(who % 2) + "/incr";
        if (node.ask(http::verb::post, target).result_int() == 200) ++acknowledged;
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(acknowledged, 160);
  EXPECT_THAT(node.get("/api/v1/a/counters/c0"), HasSubstr("\"value\":80,"));
  EXPECT_THAT(node.get("/api/v1/a/counters/c1"), HasSubstr("\"value\":80,"));
  EXPECT_TRUE(node.stop().ok());
}

// As many loops as namespaces, whatever the machine has.
Config three_loops(const std::string& base_dir) {
  Config config = replicator_config(base_dir);
  config.namespaces = {"a", "b", "c"};
  config.loops = 3;
  return config;
}

std::size_t count_of(const std::string& text, const std::string& word) {
  std::size_t count = 0;
  for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) ++count;
  return count;
}

// A connection that stays, and what has come on it.
class Stream {
 public:
  explicit Stream(const Runtime& runtime) : socket_(io_) {
    const std::string& address = runtime.ports().http;
    const std::size_t colon = address.rfind(':');
    boost::asio::connect(
        socket_, boost::asio::ip::tcp::resolver(io_).resolve(address.substr(0, colon), address.substr(colon + 1)));
  }
  void send(const std::string& text) { boost::asio::write(socket_, boost::asio::buffer(text)); }
  // Reads until `mark` has come `times` times; everything that has come so far.
  const std::string& read_to(const std::string& mark, std::size_t times = 1) {
    while (count_of(text_, mark) < times) {
      char bytes[4096];
      boost::system::error_code ended;
      const std::size_t count = socket_.read_some(boost::asio::buffer(bytes), ended);
      if (ended) {
        ADD_FAILURE() << "the connection ended after: " << text_;
        break;
      }
      text_.append(bytes, count);
    }
    return text_;
  }

 private:
  boost::asio::io_context io_;
  boost::asio::ip::tcp::socket socket_;
  std::string text_;
};

TEST(Loops, EachDoorLeadsToEveryNamespace) {
  const ScratchDirectory scratch;
  const Config config = three_loops(scratch.path("dc1"));
  {
    Running node(config, Role::kReplicator);
    // Each request comes by a connection of its own, and the loops take turns.
    for (int i = 0; i < 7; ++i) {
      for (const char* ns : {"a", "b", "c"}) {
        EXPECT_EQ(node.ask(http::verb::post, "/api/v1/" + std::string(ns) + "/counters/c/incr").result_int(), 200u);
      }
    }
    for (int i = 0; i < 3; ++i) {
      EXPECT_THAT(node.get("/api/v1/b/counters/c"), HasSubstr("\"value\":7,"));
      EXPECT_EQ(node.get("/healthz"), "{\"status\":\"ok\",\"namespaces\":[\"a\",\"b\",\"c\"]}\n");
      EXPECT_EQ(node.get("/readyz?namespace=c"), "{\"status\":\"ready\",\"namespaces\":[\"c\"]}\n");
      EXPECT_EQ(node.get("/api/v1/d/counters/c"), "{\"error\":\"namespace not found: d\"}\n");
    }
    const std::string metrics = node.get("/metrics");
    for (const char* ns : {"a", "b", "c"}) {
      EXPECT_THAT(metrics, HasSubstr("pando_commits_total{namespace=\"" + std::string(ns) + "\"} 7\n"));
    }
    EXPECT_THAT(metrics, HasSubstr("pando_http_requests_total 34\n"));
    EXPECT_THAT(metrics, HasSubstr("pando_loop_cpu_seconds_total{loop=\"2\"}"));
    EXPECT_TRUE(node.stop().ok());
  }
  Running again(config, Role::kReplicator);
  for (const char* ns : {"a", "b", "c"}) {
    EXPECT_THAT(again.get("/api/v1/" + std::string(ns) + "/counters/c"), HasSubstr("\"value\":7,"));
  }
}

TEST(Loops, AnswersKeepTheOrderOfOneConnection) {
  const ScratchDirectory scratch;
  Running node(three_loops(scratch.path("dc1")), Role::kReplicator);
  const std::map<char, std::string> value_of = {{'a', "YQ=="}, {'b', "Yg=="}, {'c', "Yw=="}};
  for (const auto& [ns, value] : value_of) {
    const std::string body = "{\"value\":\"" + value + "\"}";
    EXPECT_EQ(node.ask(http::verb::put, std::string("/api/v1/") + ns + "/kv/k", body).result_int(), 200u);
  }
  for (int door = 0; door < 3; ++door) {
    Stream client(node.runtime());
    // Of one loop only in the middle: the connection moves there, and on.
    const std::string order = "bacbbbbbbbbaaaaaaaacba";
    for (std::size_t sent = 0; sent < order.size(); sent += 2) {
      for (const char ns : order.substr(sent, 2)) {
        client.send(std::string("GET /api/v1/") + ns + "/kv/k HTTP/1.1\r\nHost: x\r\n\r\n");
      }
      client.read_to("}\n", sent + 2);
    }
    const std::string& text = client.read_to("}\n", order.size());
    std::size_t at = 0;
    for (const char ns : order) {
      at = text.find("\"value\":\"", at) + 9;
      EXPECT_EQ(text.substr(at, 4), value_of.at(ns));
    }
  }
  // Each of these connections was accepted once.
  EXPECT_THAT(node.get("/metrics"), HasSubstr("pando_http_connections_total{outcome=\"accepted\"} 7\n"));
}

TEST(Loops, AnObjectGoesThroughAnyDoor) {
  const ScratchDirectory scratch;
  Running node(three_loops(scratch.path("dc1")), Role::kReplicator);
  const std::string object(3'000'000, 'o');
  for (int door = 0; door < 3; ++door) {
    const std::string target = "/api/v1/b/lob/k" + std::to_string(door);
    EXPECT_EQ(node.ask(http::verb::put, target, object).result_int(), 200u);
    for (int other = 0; other < 4; ++other) EXPECT_EQ(node.get(target), object);
  }
}

TEST(Loops, AWatchIsToldAtAnyDoor) {
  const ScratchDirectory scratch;
  Running node(three_loops(scratch.path("dc1")), Role::kReplicator);
  std::vector<std::unique_ptr<Stream>> watchers;
  for (int door = 0; door < 6; ++door) {
    watchers.push_back(std::make_unique<Stream>(node.runtime()));
    watchers.back()->send("GET /api/v1/c/watch HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_THAT(watchers.back()->read_to("\n\n"), HasSubstr("200 OK"));
  }
  for (const char* key : {"first", "second"}) {
    EXPECT_EQ(node.ask(http::verb::put, "/api/v1/c/kv/" + std::string(key), "{\"value\":\"dg==\"}").result_int(), 200u);
    for (const auto& watcher : watchers) EXPECT_THAT(watcher->read_to(key), HasSubstr("data:"));
    watchers.pop_back();  // one goes; the others are told on
  }
  EXPECT_THAT(node.get("/metrics"), HasSubstr("pando_http_watches "));
  EXPECT_TRUE(node.stop().ok());
  EXPECT_THAT(watchers.front()->read_to("event: end"), HasSubstr("stopping"));
}

TEST(Loops, ALinkFindsTheLoopOfItsNamespace) {
  const ScratchDirectory scratch;
  Running dc1(three_loops(scratch.path("dc1")), Role::kReplicator);
  Config config = three_loops(scratch.path("dc2"));
  config.loops = 2;
  PeerConfig peer;
  peer.name = "peer.dc1";
  peer.publish = true;
  peer.address = *dc1.runtime().ports().grpc;
  peer.namespaces = {"a", "b", "c", "unknown"};
  peer.tls.allow_insecure = true;
  config.peers = {peer};
  config.namespaces.push_back("unknown");
  Running dc2(config, Role::kReplicator);
  for (const char* ns : {"a", "b", "c"}) {
    const std::string at = "/api/v1/" + std::string(ns) + "/kv/";
    EXPECT_EQ(dc1.ask(http::verb::put, at + "of1", "{\"value\":\"dg==\"}").result_int(), 200u);
    EXPECT_EQ(dc2.ask(http::verb::put, at + "of2", "{\"value\":\"dg==\"}").result_int(), 200u);
    EXPECT_TRUE(dc1.comes_to_answer(at + "of2", kValueV)) << ns;
    EXPECT_TRUE(dc2.comes_to_answer(at + "of1", kValueV)) << ns;
  }
  EXPECT_THAT(dc1.get("/metrics"), HasSubstr("pando_links_refused_total{namespace=\"\",code=\"not_found\"}"));
  EXPECT_TRUE(dc2.stop().ok());
  EXPECT_TRUE(dc1.stop().ok());
}

}  // namespace
}  // namespace pando::server
