// The whole process in this one, on free ports. What needs a process of its own is in tests/server.
#include "server/runtime.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <filesystem>
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

}  // namespace
}  // namespace pando::server
