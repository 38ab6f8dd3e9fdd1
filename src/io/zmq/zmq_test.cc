#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstring>
#include <functional>
#include <zmq.hpp>

#include "io/zmq/publisher.h"
#include "io/zmq/subscriber.h"

namespace pando::io::zmq {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr auto kPatience = 10s;

// Runs the publisher's housekeeping until `done`; false when that never comes.
bool wait_until(const std::function<bool()>& done) {
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (!done()) {
    if (std::chrono::steady_clock::now() > until) return false;
    ::poll(nullptr, 0, 1);
  }
  return true;
}

Subscriber subscribe(Context& context, const std::vector<std::string>& endpoints, std::vector<std::string> topics,
                     int high_water_mark = 0) {
  SubscriberOptions options;
  options.endpoints = endpoints;
  options.topics = std::move(topics);
  options.high_water_mark = high_water_mark;
  return Subscriber::connect(context, options).value();
}

// The next message, passing over news of connections; empty when none comes.
std::vector<Bytes> next_message(Subscriber& subscriber, std::chrono::milliseconds patience = kPatience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (std::chrono::steady_clock::now() < until) {
    auto message = subscriber.receive(50ms).value();
    if (message) return *message;
  }
  return {};
}

// A port that nobody listens on.
std::uint16_t free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  EXPECT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&address), size), 0);
  EXPECT_EQ(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
  ::close(fd);
  return ntohs(address.sin_port);
}

TEST(Zmq, TwoFramesToThoseWhoAskedForTheTopic) {
  Context context;
  Publisher publisher = Publisher::bind(context, {}).value();
  EXPECT_THAT(publisher.endpoint(), ::testing::StartsWith("tcp://127.0.0.1:"));
  EXPECT_NE(publisher.port(), 0);
  Subscriber all = subscribe(context, {publisher.endpoint()}, {""});
  Subscriber rows = subscribe(context, {publisher.endpoint()}, {"ns.row"});
  ASSERT_TRUE(wait_until([&] { return publisher.stats().subscriptions == 2; }));

  const Bytes binary("\0{\xff", 3);
  publisher.publish("ns.kv", binary);
  publisher.publish("ns.row", "{}");
  EXPECT_THAT(next_message(all), ElementsAre("ns.kv", binary));
  EXPECT_THAT(next_message(all), ElementsAre("ns.row", "{}"));
  EXPECT_THAT(next_message(rows), ElementsAre("ns.row", "{}"));
  EXPECT_EQ(publisher.stats().sent, 2u);
  EXPECT_EQ(publisher.stats().overflows, 0u);
}

TEST(Zmq, NotifyBecomesTopicAndJson) {
  Context context;
  Publisher publisher = Publisher::bind(context, {}).value();
  Subscriber subscriber = subscribe(context, {publisher.endpoint()}, {"ad."});
  ASSERT_TRUE(wait_until([&] { return publisher.stats().subscriptions == 1; }));
  Change change;
  change.number = 1;
  change.dot = Dot{Origin{"dc1", 1}, Seq(1)};
  change.table = "kv";
  change.key = "k";
  change.value = "v";
  publisher.publish(node::Notify{"ad", {node::WatchEvent{change, "CUR"}}});
  EXPECT_THAT(next_message(subscriber),
              ElementsAre("ad.kv", R"({"key":"k","namespace":"ad","operation":"put","entry_type":"kv","seq_num":1,)"
                                   R"("value":"dg==","origin":"dc1","hlc":"0","cursor":"CUR"})"));
}

TEST(Zmq, SubscribersMayComeFirst) {
  Context context;
  const std::uint16_t port = free_port();
  Subscriber subscriber = subscribe(context, {"tcp://localhost:" + std::to_string(port)}, {""});
  EXPECT_EQ(subscriber.receive(0ms).value(), std::nullopt);
  EXPECT_EQ(subscriber.connected(), 0u);
  PublisherOptions options;
  options.port = port;
  Result<Publisher> publisher = Publisher::bind(context, options);
  ASSERT_TRUE(publisher.has_value()) << publisher.error().to_string();
  ASSERT_TRUE(wait_until([&] { return publisher->stats().subscriptions == 1; }));
  EXPECT_TRUE(wait_until([&] { return subscriber.connected() == 1; }));
  publisher->publish("t", "1");
  EXPECT_THAT(next_message(subscriber), ElementsAre("t", "1"));
}

TEST(Zmq, ASubscriberThatLeftIsNoLongerCounted) {
  Context context;
  Publisher publisher = Publisher::bind(context, {}).value();
  {
    Subscriber subscriber = subscribe(context, {publisher.endpoint()}, {"a", "b"});
    ASSERT_TRUE(wait_until([&] { return publisher.stats().subscriptions == 2; }));
  }
  EXPECT_TRUE(wait_until([&] { return publisher.stats().subscriptions == 0; }));
}

// A subscriber that connects and never reads, with small buffers all the way.
class Stuck {
 public:
  explicit Stuck(Context& context, const std::string& endpoint)
      : socket_(*static_cast<::zmq::context_t*>(context.native()), ::zmq::socket_type::sub) {
    socket_.set(::zmq::sockopt::rcvhwm, 1);
    socket_.set(::zmq::sockopt::rcvbuf, 4096);
    socket_.set(::zmq::sockopt::linger, 0);
    socket_.set(::zmq::sockopt::subscribe, "");
    socket_.connect(endpoint);
  }

 private:
  ::zmq::socket_t socket_;
};

TEST(Zmq, AStuckSubscriberIsCountedAndHoldsNobodyUp) {
  Context context;
  PublisherOptions options;
  options.high_water_mark = 10;
  Publisher publisher = Publisher::bind(context, options).value();
  Stuck stuck(context, publisher.endpoint());
  ASSERT_TRUE(wait_until([&] { return publisher.stats().subscriptions == 1; }));
  Subscriber reader = subscribe(context, {publisher.endpoint()}, {"t"});
  ASSERT_TRUE(wait_until([&] { return publisher.stats().subscriptions == 2; }));

  // Sockets and buffers in between take some; far fewer than this.
  const Bytes payload(64 * 1024, 'x');
  constexpr int kMessages = 500;
  for (int i = 0; i < kMessages; ++i) {
    publisher.publish("t", payload + std::to_string(i));
    // Lock-step with the reader, so that its own queue never overflows.
    const auto message = next_message(reader);
    ASSERT_EQ(message.size(), 2u) << "message " << i << " was held up";
    ASSERT_EQ(message[1], payload + std::to_string(i));
  }
  EXPECT_EQ(publisher.stats().sent, static_cast<std::uint64_t>(kMessages));
  EXPECT_GE(publisher.stats().overflows, 1u);
  EXPECT_LT(publisher.stats().overflows, static_cast<std::uint64_t>(kMessages));
  EXPECT_EQ(publisher.stats().failed, 0u);
}

TEST(Zmq, NobodyListeningIsNotALoss) {
  Context context;
  PublisherOptions options;
  options.high_water_mark = 1;
  Publisher publisher = Publisher::bind(context, options).value();
  for (int i = 0; i < 100; ++i) publisher.publish("t", "x");
  EXPECT_EQ(publisher.stats().sent, 100u);
  EXPECT_EQ(publisher.stats().overflows, 0u);
}

TEST(Zmq, AWakeDescriptorEndsTheWait) {
  Context context;
  Publisher publisher = Publisher::bind(context, {}).value();
  Subscriber subscriber = subscribe(context, {publisher.endpoint()}, {""});
  ASSERT_TRUE(wait_until([&] { return publisher.stats().subscriptions == 1; }));
  std::array<int, 2> pipe_fds{};
  ASSERT_EQ(::pipe(pipe_fds.data()), 0);
  ASSERT_EQ(::write(pipe_fds[1], "x", 1), 1);
  EXPECT_EQ(subscriber.receive(-1ms, pipe_fds[0]).value(), std::nullopt);
  publisher.publish("t", "1");
  ASSERT_TRUE(wait_until([&] {
    const auto message = subscriber.receive(0ms, pipe_fds[0]).value();
    return message && message->at(1) == "1";
  })) << "a message that is there wins over the descriptor";
  ::close(pipe_fds[0]);
  ::close(pipe_fds[1]);
}

CurveKeys make_keys() {
  std::array<char, 41> public_key{};
  std::array<char, 41> secret_key{};
  EXPECT_EQ(zmq_curve_keypair(public_key.data(), secret_key.data()), 0);
  return {public_key.data(), secret_key.data()};
}

TEST(Zmq, CurveLetsInOnlyThoseWhoKnowTheKey) {
  Context context;
  const CurveKeys keys = make_keys();
  PublisherOptions options;
  options.curve = keys;
  Publisher publisher = Publisher::bind(context, options).value();

  Subscriber plain = subscribe(context, {publisher.endpoint()}, {""});
  SubscriberOptions with_wrong_key{{publisher.endpoint()}, {""}, 0, make_keys().public_key};
  Subscriber wrong = Subscriber::connect(context, with_wrong_key).value();
  SubscriberOptions with_key{{publisher.endpoint()}, {""}, 0, keys.public_key};
  Subscriber right = Subscriber::connect(context, with_key).value();

  ASSERT_TRUE(wait_until([&] { return publisher.stats().subscriptions == 1; }));
  publisher.publish("t", "secret");
  EXPECT_THAT(next_message(right), ElementsAre("t", "secret"));
  EXPECT_TRUE(next_message(plain, 200ms).empty());
  EXPECT_TRUE(next_message(wrong, 50ms).empty());
  EXPECT_EQ(publisher.stats().subscriptions, 1u);
}

TEST(Zmq, RefusalsNameTheirCause) {
  Context context;
  Publisher taken = Publisher::bind(context, {}).value();
  CurveKeys mixed = make_keys();
  mixed.public_key = make_keys().public_key;

  PublisherOptions same_port;
  same_port.port = taken.port();
  PublisherOptions bad_host;
  bad_host.bind_host = "999.1.1.1";
  PublisherOptions bad_mark;
  bad_mark.high_water_mark = -1;
  PublisherOptions short_key;
  short_key.curve = CurveKeys{"abc", "abc"};
  PublisherOptions wrong_pair;
  wrong_pair.curve = mixed;
  const struct {
    PublisherOptions options;
    StatusCode code;
    std::string why;
  } rows[] = {
      {same_port, StatusCode::kIoError, taken.endpoint() + ": Address already in use"},
      {bad_host, StatusCode::kIoError, "tcp://999.1.1.1:*"},
      {bad_mark, StatusCode::kInvalidArgument, "high-water mark is negative"},
      {short_key, StatusCode::kInvalidArgument, "the CURVE secret key is not a Z85 key"},
      {wrong_pair, StatusCode::kInvalidArgument, "does not belong to the secret key"},
  };
  for (const auto& row : rows) {
    const auto bound = Publisher::bind(context, row.options);
    ASSERT_FALSE(bound.has_value()) << row.why;
    EXPECT_EQ(bound.error().code(), row.code) << bound.error().to_string();
    EXPECT_THAT(bound.error().message(), HasSubstr(row.why));
  }
  SubscriberOptions nonsense;
  nonsense.endpoints = {"not-an-endpoint"};
  const auto connected = Subscriber::connect(context, nonsense);
  ASSERT_FALSE(connected.has_value());
  EXPECT_EQ(connected.error().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(connected.error().message(), HasSubstr("not-an-endpoint"));
}

TEST(Zmq, IdleSocketsUseNoProcessorTime) {
  Context context;
  Publisher publisher = Publisher::bind(context, {}).value();
  Subscriber subscriber = subscribe(context, {publisher.endpoint()}, {""});
  ASSERT_TRUE(wait_until([&] { return publisher.stats().subscriptions == 1; }));
  const auto used_ms = [] {
    struct rusage usage {};
    getrusage(RUSAGE_SELF, &usage);
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
           (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
  };
  subscriber.receive(100ms).value();  // settle
  const auto before = used_ms();
  EXPECT_EQ(subscriber.receive(500ms).value(), std::nullopt);
  EXPECT_LE(used_ms() - before, 20);
}

}  // namespace
}  // namespace pando::io::zmq
