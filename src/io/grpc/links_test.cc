// Two ends in one process, over loopback and real gRPC.
#include "io/grpc/links.h"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <fstream>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "base/limits.h"
#include "io/grpc/test_certs.h"
#include "pando/v1/replication.grpc.pb.h"

namespace pando::io {
namespace {

// One end: remembers everything it is told; takes frames in at once unless told to be slow.
class End final : public LinkEvents {
 public:
  explicit End(const LinksOptions& options = {}) : links(*this, ids, options) {}

  void up(LinkId id, std::uint64_t dial_id, std::string peer_address, PeerNames names) override {
    const std::lock_guard lock(mutex);
    EXPECT_FALSE(peer_address.empty());
    ups.push_back({id, dial_id, std::move(names)});
    changed.notify_all();
  }
  void frame(LinkId id, Bytes frame) override {
    const std::size_t bytes = frame.size();
    bool take = false;
    {
      const std::lock_guard lock(mutex);
      EXPECT_EQ(closed.count(id), 0u) << "a frame after down()";
      take = !slow;
      frames[id].push_back(std::move(frame));
      changed.notify_all();
    }
    if (take) links.consumed(id, bytes);
  }
  void drained(LinkId id, std::size_t bytes) override {
    const std::lock_guard lock(mutex);
    EXPECT_EQ(closed.count(id), 0u) << "drained after down()";
    drained_bytes[id] += bytes;
    changed.notify_all();
  }
  void down(LinkId id, std::uint64_t dial_id, std::string reason) override {
    const std::lock_guard lock(mutex);
    EXPECT_TRUE(id == LinkId(0) || closed.insert({id, reason}).second) << "down() twice";
    downs.push_back({id, dial_id, reason});
    changed.notify_all();
  }

  // Waits until the condition, which runs under the lock, holds.
  bool wait(const std::function<bool()>& condition, int seconds = 20) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, std::chrono::seconds(seconds), condition);
  }
  LinkId wait_up() {
    EXPECT_TRUE(wait([this] { return !ups.empty(); }));
    const std::lock_guard lock(mutex);
    return ups.empty() ? LinkId(0) : ups.back().id;
  }
  std::string wait_down() {
    EXPECT_TRUE(wait([this] { return !downs.empty(); }));
    const std::lock_guard lock(mutex);
    return downs.empty() ? "" : downs.back().reason;
  }

  struct Up {
    LinkId id;
    std::uint64_t dial_id = 0;
    PeerNames names;
  };
  struct Down {
    LinkId id;
    std::uint64_t dial_id = 0;
    std::string reason;
  };
  std::mutex mutex;
  std::condition_variable changed;
  bool slow = false;
  std::vector<Up> ups;
  std::vector<Down> downs;
  std::map<LinkId, std::string> closed;
  std::map<LinkId, std::vector<Bytes>> frames;
  std::map<LinkId, std::size_t> drained_bytes;
  LinkIds ids;
  Links links;  // last: its threads use all of the above
};

std::string local(std::uint16_t port) { return fmt::format("127.0.0.1:{}", port); }

// A listening end and a dialling end with one link between them.
struct Pair {
  explicit Pair(const ListenOptions& listen = {}, DialOptions dial = {}) {
    const auto port = server.links.listen(listen);
    EXPECT_TRUE(port) << port.error().to_string();
    dial.address = local(*port);
    client.links.dial(7, dial);
    client_link = client.wait_up();
    server_link = server.wait_up();
  }
  End server, client;
  LinkId client_link, server_link;
};

TEST(Links, FramesBothWaysInOrder) {
  Pair pair;
  EXPECT_EQ(pair.client.ups[0].dial_id, 7u);
  EXPECT_EQ(pair.server.ups[0].dial_id, 0u);
  constexpr int kCount = 2000;
  for (int i = 0; i < kCount; ++i) {
    pair.client.links.send(pair.client_link, fmt::format("c{}", i));
    pair.server.links.send(pair.server_link, fmt::format("s{}", i));
  }
  for (auto [end, link, prefix] :
       {std::tuple(&pair.server, pair.server_link, 'c'), std::tuple(&pair.client, pair.client_link, 's')}) {
    End* const at = end;
    const LinkId id = link;
    ASSERT_TRUE(at->wait([at, id] { return at->frames[id].size() == kCount; }));
    for (int i = 0; i < kCount; ++i)
      ASSERT_EQ(at->frames[id][static_cast<std::size_t>(i)], fmt::format("{}{}", prefix, i));
    ASSERT_TRUE(at->wait([at, id] { return at->drained_bytes[id] == 8890; })) << "every byte sent is drained";
  }
}

TEST(Links, FramesOfAnySize) {
  Pair pair;
  const std::vector<std::size_t> sizes = {0, 1, 100'000, limits::kFrameBytesTarget, limits::kFrameBytesMax};
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    pair.client.links.send(pair.client_link, Bytes(sizes[i], static_cast<char>('a' + i)));
  }
  ASSERT_TRUE(pair.server.wait([&] { return pair.server.frames[pair.server_link].size() == sizes.size(); }));
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    EXPECT_TRUE(pair.server.frames[pair.server_link][i] == Bytes(sizes[i], static_cast<char>('a' + i))) << i;
  }
}

TEST(Links, AFrameOverTheLimitEndsTheLink) {
  Pair pair;
  pair.client.links.send(pair.client_link, Bytes(limits::kFrameBytesMax + 1000, 'x'));
  EXPECT_NE(pair.client.wait_down(), "");
  EXPECT_TRUE(pair.server.frames[pair.server_link].empty());
}

TEST(Links, CloseSendsWhatIsQueuedFirst) {
  for (const bool client_closes : {true, false}) {
    Pair pair;
    End& closer = client_closes ? pair.client : pair.server;
    End& other = client_closes ? pair.server : pair.client;
    const LinkId closing = client_closes ? pair.client_link : pair.server_link;
    const LinkId staying = client_closes ? pair.server_link : pair.client_link;
    closer.links.send(closing, Bytes(500'000, 'x'));
    closer.links.send(closing, "last words");
    closer.links.close(closing, Status(StatusCode::kConflict, "two of you"));
    closer.links.send(closing, "too late");
    EXPECT_EQ(closer.wait_down(), "conflict: two of you");
    const std::string seen = other.wait_down();
    EXPECT_EQ(other.frames[staying].size(), 2u);
    EXPECT_EQ(other.frames[staying].back(), "last words");
    EXPECT_TRUE(client_closes || seen == "conflict: two of you") << "the status text reaches who dialled: " << seen;
    EXPECT_EQ(closer.links.open_links() + other.links.open_links(), 0u);
  }
}

// Its own write fails as the peer's end arrives: the frame in which the peer says why came before that.
TEST(Links, LastWordsReachWhoIsStillWriting) {
  for (int round = 0; round < 20; ++round) {
    Pair pair;
    std::atomic<bool> stop = false;
    std::thread writer([&] {
      while (!stop) {
        pair.client.links.send(pair.client_link, "and another thing");
        std::this_thread::yield();
      }
    });
    pair.server.links.send(pair.server_link, "last words");
    pair.server.links.close(pair.server_link, Status(StatusCode::kConflict, "two of you"));
    EXPECT_EQ(pair.client.wait_down(), "conflict: two of you");
    stop = true;
    writer.join();
    const std::lock_guard lock(pair.client.mutex);
    ASSERT_EQ(pair.client.frames[pair.client_link], std::vector<Bytes>{"last words"}) << "in round " << round;
  }
}

// A reader that takes nothing in holds the writer up, and costs both only what the bounds say.
TEST(Links, BackpressureReachesTheSender) {
  Pair pair;
  {
    const std::lock_guard lock(pair.server.mutex);
    pair.server.slow = true;
  }
  constexpr std::size_t kFrame = 256 * 1024, kCount = 400;  // 100 MB
  for (std::size_t i = 0; i < kCount; ++i) pair.client.links.send(pair.client_link, Bytes(kFrame, 'x'));
  std::size_t taken = 0;
  ASSERT_TRUE(pair.server.wait(
      [&] { return pair.server.frames[pair.server_link].size() * kFrame >= limits::kLinkInboundBytesMax; }));
  EXPECT_FALSE(pair.server.wait(
      [&] { return pair.server.frames[pair.server_link].size() * kFrame > limits::kLinkInboundBytesMax; }, 1))
      << "not read beyond the bound";
  {
    const std::lock_guard lock(pair.client.mutex);
    EXPECT_LT(pair.client.drained_bytes[pair.client_link], 32u << 20) << "what is not read is not drained";
  }
  while (taken < kCount) {
    std::size_t fresh = 0;
    ASSERT_TRUE(pair.server.wait([&] {
      fresh = pair.server.frames[pair.server_link].size() - taken;
      return fresh > 0;
    }));
    for (std::size_t i = 0; i < fresh; ++i) pair.server.links.consumed(pair.server_link, kFrame);
    taken += fresh;
  }
  EXPECT_TRUE(pair.client.wait([&] { return pair.client.drained_bytes[pair.client_link] == kFrame * kCount; }));
}

TEST(Links, CloseOfALinkThatNobodyReadsIsCutOff) {
  for (const bool client_closes : {true, false}) {
    Pair pair;
    End& closer = client_closes ? pair.client : pair.server;
    End& other = client_closes ? pair.server : pair.client;
    {
      const std::lock_guard lock(other.mutex);
      other.slow = true;
    }
    const LinkId id = client_closes ? pair.client_link : pair.server_link;
    for (int i = 0; i < 100; ++i) closer.links.send(id, Bytes(1 << 20, 'x'));
    closer.links.close(id, Status(StatusCode::kTimeout, "enough"));
    EXPECT_TRUE(closer.wait([&] { return !closer.downs.empty(); }, 5));
    EXPECT_EQ(closer.wait_down(), "timeout: enough");
  }
}

TEST(Links, APeerThatVanishesIsReported) {
  End server;
  auto client = std::make_unique<End>();
  const auto port = server.links.listen({});
  ASSERT_TRUE(port);
  client->links.dial(1, {.address = local(*port)});
  client->wait_up();
  server.wait_up();
  client->links.shutdown(Duration::millis(0));
  EXPECT_EQ(client->downs.size(), 1u) << "shutdown waits for every down()";
  server.wait_down();
  EXPECT_EQ(server.links.open_links(), 0u);

  // And the other way round; the same listener serves the next dial.
  End second;
  second.links.dial(2, {.address = local(*port)});
  second.wait_up();
  server.links.shutdown(Duration::millis(100));
  EXPECT_NE(second.wait_down(), "");
}

TEST(Links, DialFailures) {
  End end;
  End listener;
  const auto port = listener.links.listen({});
  listener.links.shutdown(Duration::millis(0));  // now nobody listens there
  struct Row {
    const char* why;
    DialOptions options;
    const char* reason;
  };
  const Row rows[] = {
      {"nobody there", {.address = local(*port)}, "refused"},
      {"no such host", {.address = "no-such-host.invalid:1"}, "not this machine"},
      {"no such host, allowed", {.address = "no-such-host.invalid:1", .allow_insecure = true}, ""},
      {"plain text off loopback", {.address = "192.0.2.1:1"}, "or set allow_insecure to replicate in plain text"},
      {"half of the files", {.address = local(*port), .tls = {.cert_path = "/dev/null"}}, "is not a PEM file"},
      {"no such file",
       {.address = local(*port), .tls = {.cert_path = "/no/such/file"}},
       "cert_path: cannot read '/no/such/file'"},
      {"a key is missing", {.address = local(*port), .tls = {.ca_path = "/ca"}}, "cert_path is missing"},
  };
  std::uint64_t dial_id = 0;
  for (const Row& row : rows) {
    end.links.dial(++dial_id, row.options);
    ASSERT_TRUE(end.wait([&] { return end.downs.size() == dial_id; })) << row.why;
    EXPECT_EQ(end.downs.back().id, LinkId(0));
    EXPECT_EQ(end.downs.back().dial_id, dial_id);
    EXPECT_NE(end.downs.back().reason.find(row.reason), std::string::npos)
        << row.why << ": " << end.downs.back().reason;
  }
  EXPECT_TRUE(end.ups.empty());
}

TEST(Links, ADialThatNobodyAnswersTimesOut) {
  // A socket whose backlog takes the connection and that never says a word.
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const raw = reinterpret_cast<sockaddr*>(&address);
  ASSERT_EQ(::bind(fd, raw, size), 0);
  ASSERT_EQ(::listen(fd, 8), 0);
  ASSERT_EQ(::getsockname(fd, raw, &size), 0);
  End end;
  end.links.dial(1, {.address = local(ntohs(address.sin_port)), .timeout = Duration::millis(300)});
  ASSERT_TRUE(end.wait([&] { return !end.downs.empty(); }, 5));
  EXPECT_TRUE(end.ups.empty());
  ::close(fd);
}

TEST(Links, ListenFailures) {
  End first;
  const auto port = first.links.listen({});
  ASSERT_TRUE(port);
  End second;
  const auto taken = second.links.listen({.port = *port});
  ASSERT_FALSE(taken) << "two processes on one port must not share it silently";
  EXPECT_EQ(taken.error(), Status(StatusCode::kUnavailable, fmt::format("gRPC cannot listen on 127.0.0.1:{}: Address "
                                                                        "already in use",
                                                                        *port)));
  const auto open = second.links.listen({.host = "0.0.0.0"});
  ASSERT_FALSE(open);
  EXPECT_EQ(open.error().code(), StatusCode::kInvalidArgument);
  EXPECT_NE(open.error().message().find("allow_insecure"), std::string::npos);
  EXPECT_TRUE(second.links.listen({.host = "0.0.0.0", .allow_insecure = true}));
}

TEST(Links, TurnsPeersAwayWhenFull) {
  End server({.links_max = 1});
  const auto port = server.links.listen({});
  ASSERT_TRUE(port);
  End client;
  client.links.dial(1, {.address = local(*port)});
  client.wait_up();
  client.links.dial(2, {.address = local(*port)});
  EXPECT_EQ(client.wait_down(), "this node is stopping, or full");
  EXPECT_EQ(client.downs[0].dial_id, 2u);
}

// With certificates, whoever has none of ours gets nowhere, not even a stream.
TEST(Links, MutualTls) {
  test::Certs certs;
  End server;
  const TlsFiles ours = certs.node("server");
  const auto port = server.links.listen({.tls = ours});
  ASSERT_TRUE(port) << port.error().to_string();
  {
    End client;
    client.links.dial(1, {.address = local(*port), .tls = certs.node("client")});
    const LinkId id = client.wait_up();
    client.links.send(id, "hello");
    const LinkId there = server.wait_up();
    EXPECT_TRUE(server.wait([&] { return server.frames[there].size() == 1; }));
  }
  ASSERT_TRUE(server.wait([&] { return server.downs.size() == 1; }));

  End client;
  TlsFiles strangers = certs.node("stranger", "other-ca");
  client.links.dial(1, {.address = local(*port), .tls = strangers});
  ASSERT_TRUE(client.wait([&] { return client.downs.size() == 1; })) << "we do not trust the server";
  strangers.ca_path = ours.ca_path;
  client.links.dial(2, {.address = local(*port), .tls = strangers});
  ASSERT_TRUE(client.wait([&] { return client.downs.size() == 2; })) << "the server does not trust us";
  client.links.dial(3, {.address = local(*port)});
  ASSERT_TRUE(client.wait([&] { return client.downs.size() == 3; })) << "plain text to a TLS port";
  EXPECT_TRUE(client.ups.empty());
  EXPECT_EQ(server.ups.size(), 1u) << "none of them became a link";
}

// The case the incumbent lets through: TLS, the right CA, but no client certificate at all.
TEST(Links, AClientWithoutACertificateIsTurnedAway) {
  test::Certs certs;
  End server;
  const TlsFiles files = certs.node("server");
  const auto port = server.links.listen({.tls = files});
  ASSERT_TRUE(port);
  grpc::SslCredentialsOptions ssl;
  std::ifstream ca(files.ca_path);
  ssl.pem_root_certs.assign(std::istreambuf_iterator<char>(ca), {});
  const auto channel = grpc::CreateChannel(local(*port), grpc::SslCredentials(ssl));
  const auto stub = pando::v1::Replication::NewStub(channel);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
  const auto stream = stub->Link(&context);
  pando::v1::Frame frame;
  frame.set_body("let me in");
  stream->Write(frame);
  EXPECT_FALSE(stream->Read(&frame));
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_TRUE(server.ups.empty());
}

TEST(Links, TellsWhomTheCertificateOfAPeerNames) {
  test::Certs certs;
  const Pair pair({.tls = certs.node("server")}, {.tls = certs.node("dc2")});
  ASSERT_EQ(pair.server.ups.size(), 1u);
  ASSERT_TRUE(pair.server.ups[0].names.has_value());
  const std::set<std::string> names(pair.server.ups[0].names->begin(), pair.server.ups[0].names->end());
  EXPECT_EQ(names, (std::set<std::string>{"dc2", "127.0.0.1", "localhost"}));
  EXPECT_FALSE(pair.client.ups[0].names.has_value()) << "that one was checked when it was dialled";
  const Pair plain;
  EXPECT_FALSE(plain.server.ups[0].names.has_value());
}

TEST(Links, IncompleteTlsIsRefusedAtTheListener) {
  test::Certs certs;
  TlsFiles files = certs.node("server");
  files.ca_path.clear();
  End server;
  const auto port = server.links.listen({.tls = files, .allow_insecure = true});
  ASSERT_FALSE(port) << "without a CA no client could be verified";
  EXPECT_NE(port.error().message().find("ca_path is missing"), std::string::npos) << port.error().message();
}

// An idle link must not turn a core: the processor time of the whole process over a second.
TEST(Links, IdleCostsNothing) {
  Pair pair;
  const auto cpu_ms = [] {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
           (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
  };
  const auto before = cpu_ms();
  EXPECT_FALSE(pair.client.wait([&] { return !pair.client.downs.empty(); }, 1)) << "stays up";
  EXPECT_LT(cpu_ms() - before, 50);
}

}  // namespace
}  // namespace pando::io
