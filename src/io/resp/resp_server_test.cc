#include "io/resp/resp_server.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <deque>
#include <functional>
#include <thread>
#include <utility>

namespace pando::io::resp {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

// Keeps what was asked, so that a test answers when and in what order it likes.
struct Sink final : RespSink {
  void ask(RequestId id, std::string_view ns, Request&& request, std::size_t clients) override {
    asked_ids.push_back(id);
    asked_of.emplace_back(ns);
    asked_by.push_back(clients);
    const auto* pipeline = std::get_if<PipelineRequest>(&request);
    items += pipeline == nullptr ? 1 : pipeline->items.size();
    if (pipeline == nullptr) return;
    for (const PipelineItem& item : pipeline->items) {
      const auto* write = std::get_if<WriteRequest>(&item.request);
      written.push_back(write == nullptr ? Bytes() : write->mutations.at(0).key);
    }
  }
  void asked() override {}
  void gathers() override { ++gatherings; }
  void begin_round() override {
    EXPECT_FALSE(in_round);
    in_round = true;
  }
  void end_round() override {
    EXPECT_TRUE(std::exchange(in_round, false));
    if (on_round_over) on_round_over();
  }
  void listen(node::WatchOpen open) override { watch = open.id; }
  void heard(WatchId) override { ++batches_heard; }
  void stop_listening(WatchId id) override {
    if (id == watch) watch = WatchId();
  }
  bool in_round = false;
  std::function<void()> on_round_over;
  WatchId watch;
  int batches_heard = 0;
  std::deque<RequestId> asked_ids;
  std::vector<std::string> asked_of;  // namespaces
  std::deque<std::size_t> asked_by;   // so many clients
  int gatherings = 0;
  std::vector<Bytes> written;  // keys of pipelines
  std::size_t items = 0;       // requests, those of pipelines one by one
};

class RespServerTest : public testing::Test {
 protected:
  void begin(RespOptions options = {}) {
    if (options.databases.empty()) options.databases = {{.ns = "ns"}};
    server = std::make_unique<RespServer>(io, options, sink);
    ASSERT_TRUE(server->listen("127.0.0.1", 0).ok());
    client.connect({asio::ip::make_address("127.0.0.1"), server->port()});
    client.non_blocking(true);
  }
  void send(std::string_view text) { asio::write(client, asio::buffer(text)); }
  // Turns the loop until `done`, a few seconds at most.
  template <typename Done>
  bool until(Done done) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!done()) {
      if (std::chrono::steady_clock::now() > end) return false;
      io.restart();
      io.run_for(std::chrono::milliseconds(2));
    }
    return true;
  }
  std::string read(std::size_t bytes) {
    std::string got;
    until([&] {
      char block[4096];
      boost::system::error_code ec;
      got.append(block, client.read_some(asio::buffer(block), ec));
      if (ec == asio::error::eof) got += "<end>";
      return got.size() >= bytes || ec == asio::error::eof;
    });
    return got;
  }
  void reply(std::string value) {
    Reply made;
    made.body = ValueReply{true, std::move(value), {}, {}, {}};
    server->on_reply(answer_next, std::move(made));
  }

  asio::io_context io;
  Sink sink;
  std::unique_ptr<RespServer> server;
  tcp::socket client{io};
  RequestId answer_next;
};

TEST_F(RespServerTest, AnswersStandInTheOrderOfTheirCommands) {
  RespOptions options;
  options.databases = {{.ns = "ns", .pipelines = false}};
  begin(options);
  send("GET a\r\nPING\r\nGET b\r\nNOPE\r\n");
  ASSERT_TRUE(until([&] { return sink.asked_ids.size() == 2; }));
  answer_next = sink.asked_ids[1];
  reply("second");
  answer_next = sink.asked_ids[0];
  reply("first");
  const std::string want =
      "$5\r\nfirst\r\n+PONG\r\n$6\r\nsecond\r\n-ERR unknown command 'NOPE', with args beginning with: \r\n";
  EXPECT_EQ(read(want.size()), want);
}

TEST_F(RespServerTest, WhatIsReadTogetherIsAskedTogether) {
  begin();
  send("GET a\r\nPING\r\nSET b v\r\nWAIT 0 0\r\nGET c\r\n");
  ASSERT_TRUE(until([&] { return sink.items == 3; }));
  ASSERT_EQ(sink.asked_ids.size(), 2U) << "WAIT is about what stands before it";
  PipelineReply both;
  both.items.push_back({{}, ValueReply{true, "first", {}, {}, {}}});
  both.items.push_back({Status(StatusCode::kWrongType, "no")});
  server->on_reply(sink.asked_ids[0], {{}, std::move(both), {}});
  server->on_reply(sink.asked_ids[1], {{}, ReachedReply{2}, {}});
  server->flush();
  ASSERT_TRUE(until([&] { return sink.asked_ids.size() == 3; }));
  server->on_reply(sink.asked_ids[2], Reply::failure(Status(StatusCode::kNotFound, "gone")));
  const std::string want =
      "$5\r\nfirst\r\n+PONG\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n:2\r\n-ERR "
      "gone\r\n";
  EXPECT_EQ(read(want.size()), want);
}

// So that a server which answers then has looked once at the sockets for a request and its answer.
TEST_F(RespServerTest, WhatOneLookBroughtIsARound) {
  begin();
  sink.on_round_over = [this] {
    EXPECT_EQ(sink.asked_ids.size(), 1U) << "asked within the round";
    answer_next = sink.asked_ids.at(0);
    reply("soon");
    server->flush();
    boost::asio::post(io, [this] { io.stop(); });
  };
  send("PING\r\nGET a\r\n");
  io.restart();
  io.run_for(std::chrono::seconds(10));
  char block[64];
  const std::size_t bytes = client.read_some(asio::buffer(block));
  EXPECT_EQ(std::string(block, bytes), "+PONG\r\n$4\r\nsoon\r\n") << "both have left when the round is over";
}

// As where a watcher is told when the turn ends.
TEST_F(RespServerTest, WhatTheEndOfARoundBringsIsSentToo) {
  begin();
  send("SUBSCRIBE __keyspace@0__:k\r\n");
  ASSERT_FALSE(read(1).empty());
  sink.on_round_over = [this] {
    node::WatchEvent put;
    put.change.table = "kv";
    put.change.key = "k";
    server->on_watch_send({sink.watch, {put}});
  };
  tcp::socket other{io};
  other.connect({asio::ip::make_address("127.0.0.1"), server->port()});
  asio::write(other, asio::buffer(std::string_view("PING\r\n")));
  const std::string want = "*3\r\n$7\r\nmessage\r\n$16\r\n__keyspace@0__:k\r\n$3\r\nset\r\n";
  EXPECT_EQ(read(want.size()), want);
}

// Clients that each wait for their answer, as most do.
TEST_F(RespServerTest, SmallWritesOfSeveralClientsAreAskedTogether) {
  begin();
  tcp::socket other{io};
  other.connect({asio::ip::make_address("127.0.0.1"), server->port()});
  send("SET a 1\r\n");
  asio::write(other, asio::buffer(std::string_view("SET b 1\r\nSET c 1\r\n")));
  ASSERT_TRUE(until([&] { return server->stats().commands == 3; }));
  EXPECT_EQ(sink.gatherings, 1);
  EXPECT_TRUE(sink.asked_ids.empty()) << "the turn is not over";
  server->ask_gathered();
  ASSERT_EQ(sink.asked_ids.size(), 1U);
  EXPECT_EQ(sink.items, 3U);
  EXPECT_EQ(sink.asked_by[0], 2U);
  EXPECT_EQ(server->clients_of(sink.asked_ids[0]), 2U);
  server->ask_gathered();
  EXPECT_EQ(sink.asked_ids.size(), 1U) << "nothing is asked twice";

  PipelineReply done;
  for (int i = 0; i < 3; ++i) done.items.push_back({{}, DoneReply{}});
  const auto refused = std::find(sink.written.begin(), sink.written.end(), "c") - sink.written.begin();
  done.items.at(static_cast<std::size_t>(refused)).status = Status(StatusCode::kWrongType, "no");
  server->on_reply(sink.asked_ids[0], {{}, std::move(done), {}});
  server->flush();
  EXPECT_EQ(read(5), "+OK\r\n");
  char block[256];
  const std::size_t bytes = other.read_some(asio::buffer(block));
  EXPECT_EQ(std::string(block, bytes), "+OK\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n");
}

TEST_F(RespServerTest, WhatAClientAsksComesAfterWhatItWrote) {
  begin();
  send("SET a 1\r\n");
  ASSERT_TRUE(until([&] { return server->stats().commands == 1; }));
  EXPECT_TRUE(sink.asked_ids.empty());
  send("GET a\r\n");
  ASSERT_TRUE(until([&] { return sink.items == 2; }));
  ASSERT_EQ(sink.asked_ids.size(), 2U);
  EXPECT_LT(sink.asked_ids[0].value, sink.asked_ids[1].value) << "alone it is asked under its own id";
}

TEST_F(RespServerTest, WhoHasGoneDoesNotHoldUpTheOthers) {
  begin();
  {
    tcp::socket other{io};
    other.connect({asio::ip::make_address("127.0.0.1"), server->port()});
    asio::write(other, asio::buffer(std::string_view("SET b 1\r\n")));
    ASSERT_TRUE(until([&] { return server->stats().commands == 1; }));
  }
  send("SET a 1\r\n");
  ASSERT_TRUE(until([&] { return server->stats().commands == 2 && server->stats().connections_open == 1; }));
  server->ask_gathered();
  ASSERT_EQ(sink.items, 2U);
  server->on_reply(sink.asked_ids.at(0), Reply::failure(Status(StatusCode::kNotFound, "no such namespace")));
  server->flush();
  EXPECT_EQ(read(23), "-ERR no such namespace\r\n");
}

TEST_F(RespServerTest, WhatMayWaitForAnOrderIsNotGathered) {
  begin();
  send("LPUSH l 1\r\n");
  ASSERT_TRUE(until([&] { return sink.items == 1; }));
  EXPECT_EQ(sink.gatherings, 0);
}

TEST_F(RespServerTest, ARefusedPipelineRefusesEachOfItsCommands) {
  begin();
  send("GET a\r\nGET b\r\n");
  ASSERT_TRUE(until([&] { return sink.items == 2; }));
  server->on_reply(sink.asked_ids.at(0), Reply::failure(Status(StatusCode::kNotFound, "no such namespace")));
  const std::string want = "-ERR no such namespace\r\n-ERR no such namespace\r\n";
  EXPECT_EQ(read(want.size()), want);
}

TEST_F(RespServerTest, TooManyUnansweredCommandsWait) {
  begin();
  std::string many;
  for (std::size_t i = 0; i < 2 * limits::kRespPipelineMax; ++i) many += "GET a\r\n";
  send(many);
  ASSERT_TRUE(until([&] { return sink.items == limits::kRespPipelineMax; }));
  io.restart();
  io.run_for(std::chrono::milliseconds(20));
  EXPECT_EQ(sink.items, limits::kRespPipelineMax);
}

TEST_F(RespServerTest, WhoDoesNotReadIsCutOff) {
  RespOptions options;
  options.stall_max = Duration::millis(60);
  begin(options);
  send("GET a\r\n");
  ASSERT_TRUE(until([&] { return sink.asked_ids.size() == 1; }));
  answer_next = sink.asked_ids[0];
  reply(std::string(64 << 20, 'x'));
  EXPECT_TRUE(until([&] { return server->stats().cut_off == 1 && server->stats().connections_open == 0; }));
}

TEST_F(RespServerTest, MalformedBytesAreAnsweredBehindWhatWasAsked) {
  begin();
  send("GET a\r\n*x\r\n");
  ASSERT_TRUE(until([&] { return sink.asked_ids.size() == 1; }));
  answer_next = sink.asked_ids[0];
  reply("v");
  EXPECT_EQ(read(100), "$1\r\nv\r\n-ERR Protocol error: invalid multibulk length\r\n<end>");
  EXPECT_EQ(server->stats().malformed, 1u);
}

TEST_F(RespServerTest, ReadsOfStreamsAreAskedAgainWhenTheirKeyChanges) {
  begin();
  send("XREAD BLOCK 0 STREAMS s 0\r\nPING\r\n");
  const auto answer = [&](bool found) {
    Reply made;
    EntriesReply entries;
    if (found) entries.entries.push_back({{1, 1}, {{"f", "v"}}});
    made.body = std::move(entries);
    const RequestId id = sink.asked_ids.back();
    sink.asked_ids.clear();
    server->on_reply(id, std::move(made));
  };
  const auto asked = [&] { return until([&] { return sink.asked_ids.size() == 1; }); };
  const auto tell = [&](Bytes key) {
    node::WatchEvent event;
    event.change.table = "kv";
    event.change.key = std::move(key);
    server->on_watch_send({sink.watch, {event}});
  };
  ASSERT_TRUE(asked());
  EXPECT_NE(sink.watch, WatchId());
  answer(false);
  ASSERT_TRUE(asked()) << "once more: something may have come between";
  answer(false);
  tell("other");
  EXPECT_TRUE(sink.asked_ids.empty());
  tell("s");
  ASSERT_TRUE(asked());
  tell("s");  // while it is asked
  answer(false);
  ASSERT_TRUE(asked());
  answer(true);
  const std::string want = "*1\r\n*2\r\n$1\r\ns\r\n*1\r\n*2\r\n$3\r\n1-1\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n+PONG\r\n";
  EXPECT_EQ(read(want.size()), want);
  EXPECT_EQ(sink.batches_heard, 3);
  EXPECT_TRUE(until([&] { return sink.watch == WatchId(); })) << "nobody listens any more";
}

TEST_F(RespServerTest, ThoseThatTakeAreToldOneAfterTheOther) {
  begin();
  tcp::socket second{io};
  second.connect({asio::ip::make_address("127.0.0.1"), server->port()});
  const auto asked = [&] { return until([&] { return sink.asked_ids.size() == 1; }); };
  const auto answer = [&](std::vector<Bytes> given) {
    Reply made;
    made.body = DoneReply{1, {0}, {std::move(given)}};
    const RequestId id = sink.asked_ids.back();
    sink.asked_ids.clear();
    server->on_reply(id, std::move(made));
  };
  send("BLPOP l 0\r\n");
  ASSERT_TRUE(asked());
  answer({});
  ASSERT_TRUE(asked()) << "once more: something may have come between";
  answer({});
  asio::write(second, asio::buffer(std::string_view("BLPOP l 0\r\n")));
  ASSERT_TRUE(asked());
  answer({});
  ASSERT_TRUE(asked());
  answer({});
  EXPECT_EQ(server->stats().blocked, 2u);
  node::WatchEvent event;
  event.change.table = "kv";
  event.change.key = "l";
  server->on_watch_send({sink.watch, {event}});
  ASSERT_TRUE(asked()) << "only the one that has waited longest";
  answer({"x"});
  ASSERT_TRUE(asked()) << "then the next one, as there may be more";
  EXPECT_EQ(read(17), "*2\r\n$1\r\nl\r\n$1\r\nx\r\n");
  answer({});
  EXPECT_TRUE(sink.asked_ids.empty());
  server->on_watch_send({sink.watch, {event}});
  ASSERT_TRUE(asked());
  answer({"y"});
  EXPECT_TRUE(until([&] { return second.available() > 0; }));
  EXPECT_EQ(server->stats().blocked, 0u);
}

TEST_F(RespServerTest, EachDatabaseIsANamespace) {
  RespOptions options;
  options.databases = {{.ns = "ad"}, {.ns = "shop"}};
  begin(options);
  send("SET a 1\r\nSELECT 1\r\nSET a 2\r\nSELECT 0\r\nGET a\r\n");
  ASSERT_TRUE(until([&] { return sink.asked_ids.size() == 3; }));
  EXPECT_EQ(sink.asked_of, (std::vector<std::string>{"ad", "shop", "ad"}));
  // What several clients write in one turn is asked together only where it is of one.
  sink.asked_ids.clear();
  sink.asked_of.clear();
  tcp::socket other{io};
  other.connect({asio::ip::make_address("127.0.0.1"), server->port()});
  asio::write(other, asio::buffer(std::string_view("SELECT 1\r\nSET b 1\r\n")));
  ASSERT_TRUE(until([&] { return server->stats().commands == 7; }));
  send("SET b 2\r\n");
  ASSERT_TRUE(until([&] { return server->stats().commands == 8; }));
  server->ask_gathered();
  EXPECT_EQ(sink.asked_of, (std::vector<std::string>{"shop", "ad"}));
}

TEST_F(RespServerTest, ASleepHoldsUpItsOwnClientOnly) {
  begin();
  tcp::socket other{io};
  other.connect({asio::ip::make_address("127.0.0.1"), server->port()});
  send("DEBUG SLEEP 0.2\r\nPING\r\n");
  ASSERT_TRUE(until([&] { return server->stats().commands == 1; }));
  asio::write(other, asio::buffer(std::string_view("PING\r\n")));
  EXPECT_TRUE(until([&] { return other.available() == 7; }));
  EXPECT_EQ(server->stats().commands, 2u);
  EXPECT_EQ(client.available(), 0u);
  EXPECT_EQ(read(12), "+OK\r\n+PONG\r\n");
}

TEST_F(RespServerTest, ReadsOfStreamsEndWithTheirTimeOrTheirClient) {
  begin();
  const auto answer_nothing = [&] {
    if (sink.asked_ids.empty()) return;
    Reply made;
    made.body = EntriesReply{};
    const RequestId id = sink.asked_ids.front();
    sink.asked_ids.pop_front();
    server->on_reply(id, std::move(made));
  };
  send("XREAD BLOCK 30 STREAMS s 0\r\n");
  std::string got;
  client.non_blocking(true);
  EXPECT_TRUE(until([&] {
    answer_nothing();
    char block[64];
    boost::system::error_code ec;
    got.append(block, client.read_some(asio::buffer(block), ec));
    return got == "*-1\r\n";
  }));
  send("XREAD BLOCK 0 STREAMS s 0\r\n");
  EXPECT_TRUE(until([&] {
    answer_nothing();
    return server->stats().commands == 2 && sink.asked_ids.empty();
  }));
  client.close();
  EXPECT_TRUE(until([&] {
    answer_nothing();
    return server->stats().connections_open == 0;
  }));
}

TEST_F(RespServerTest, SubscribersHearOfChanges) {
  begin();
  send("SUBSCRIBE news __keyspace@0__:k\r\n");
  const std::string confirmed =
      "*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n*3\r\n$9\r\nsubscribe\r\n$16\r\n__keyspace@0__:k\r\n:2\r\n";
  EXPECT_EQ(read(confirmed.size()), confirmed);
  ASSERT_NE(sink.watch, WatchId());
  node::WatchEvent message;
  message.change.table = "pubsub";
  message.change.key = Bytes("news\0x", 6);
  message.change.value = "rain";
  node::WatchEvent put;
  put.change.table = "kv";
  put.change.key = "k";
  server->on_watch_send({sink.watch, {message, put}});
  const std::string want =
      "*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$4\r\nrain\r\n"
      "*3\r\n$7\r\nmessage\r\n$16\r\n__keyspace@0__:k\r\n$3\r\nset\r\n";
  EXPECT_EQ(read(want.size()), want);
  // A watch that ends is opened again while somebody listens.
  const WatchId before = sink.watch;
  server->on_watch_ended(before);
  EXPECT_TRUE(until([&] { return sink.watch != before; }));
}

// Looking on. ----------------------------------------------------------------------------------------------

class LingeringTest : public RespServerTest {
 protected:
  LingeringTest() {
    RespOptions options;
    options.lingers = loop::Linger::When::kAlways;
    begin(options);
    sink.on_round_over = [this] { on_round_over(); };
  }
  // The client has its next command under way before anybody looks: there is always one to be served.
  void on_round_over() {
    ++rounds;
    char block[64];
    boost::system::error_code ec;
    client.read_some(asio::buffer(block), ec);
    if (each_round) each_round();
    send("PING\r\n");
  }
  // Until the loop is stopped; of so many handlers.
  std::size_t run() {
    send("PING\r\n");
    std::size_t handlers = 0;
    io.restart();
    while (io.run_one_for(std::chrono::seconds(10)) > 0) ++handlers;
    return handlers;
  }
  std::atomic<int> rounds{0};
  std::function<void()> each_round;
};

TEST_F(LingeringTest, WhatIsPostedInARoundIsDoneBeforeTheNext) {
  bool done = true;
  each_round = [&] {
    EXPECT_TRUE(std::exchange(done, false));
    asio::post(io, [&] { done = true; });
    if (rounds == 1000) io.stop();
  };
  EXPECT_LT(run(), 100U) << "the loop stayed with its sockets";
  EXPECT_EQ(rounds.load(), 1000) << "and ended when it was told to";
}

TEST_F(LingeringTest, WhatOtherThreadsAndTimersBringIsNotKeptWaiting) {
  std::atomic<int> posted_at{0};
  int taken_at = 0;
  bool timed = false;
  asio::steady_timer timer(io, std::chrono::milliseconds(20));
  timer.async_wait([&](const boost::system::error_code& error) { timed = !error; });
  std::thread other([&] {
    while (rounds < 100) std::this_thread::yield();
    posted_at = rounds.load();
    asio::post(io, [&] { taken_at = rounds; });
  });
  each_round = [&] {
    // A post that is under way gets the processor.
    if (rounds >= 100 && taken_at == 0) std::this_thread::sleep_for(std::chrono::microseconds(100));
    if (timed && taken_at != 0) io.stop();
  };
  EXPECT_LT(run(), 100U);
  other.join();
  EXPECT_TRUE(timed);
  EXPECT_GE(taken_at, posted_at);
}

TEST_F(LingeringTest, OtherClientsAreAcceptedAndServed) {
  tcp::socket other{io};
  bool served = false;
  std::array<char, 7> answer{};
  each_round = [&] {
    if (rounds != 10) return;
    other.async_connect({asio::ip::make_address("127.0.0.1"), server->port()}, [&](const auto&) {
      asio::write(other, asio::buffer(std::string_view("PING\r\n")));
      asio::async_read(other, asio::buffer(answer), [&](const auto& error, std::size_t) {
        served = !error;
        io.stop();
      });
    });
  };
  EXPECT_LT(run(), 100U);
  EXPECT_TRUE(served);
}

TEST_F(LingeringTest, ItEndsWithTheServer) {
  each_round = [&] {
    if (rounds == 10) asio::post(io, [this] { server.reset(); });
  };
  run();
  EXPECT_EQ(rounds.load(), 10);
}

TEST_F(LingeringTest, WhoComesAfterTheLastOneHasGoneIsServed) {
  sink.on_round_over = nullptr;
  send("PING\r\n");
  ASSERT_EQ(read(7), "+PONG\r\n");
  client.close();
  ASSERT_TRUE(until([&] { return server->stats().connections_open == 0; }));
  client = tcp::socket(io);
  client.connect({asio::ip::make_address("127.0.0.1"), server->port()});
  client.non_blocking(true);
  send("PING\r\n");
  EXPECT_EQ(read(7), "+PONG\r\n");
}

TEST_F(RespServerTest, StopWaitsForWhatWasAsked) {
  begin();
  send("GET a\r\n");
  ASSERT_TRUE(until([&] { return sink.asked_ids.size() == 1; }));
  bool stopped = false;
  server->stop(Duration::seconds(5), [&] { stopped = true; });
  io.restart();
  io.run_for(std::chrono::milliseconds(20));
  EXPECT_FALSE(stopped);
  answer_next = sink.asked_ids[0];
  reply("v");
  EXPECT_EQ(read(100), "$1\r\nv\r\n<end>");
  EXPECT_TRUE(until([&] { return stopped; }));
}

}  // namespace
}  // namespace pando::io::resp
