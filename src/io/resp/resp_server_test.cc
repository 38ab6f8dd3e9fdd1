#include "io/resp/resp_server.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <deque>

namespace pando::io::resp {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

// Keeps what was asked, so that a test answers when and in what order it likes.
struct Sink final : RespSink {
  void ask(RequestId id, std::string_view, Request) override { asked_ids.push_back(id); }
  void asked() override {}
  std::deque<RequestId> asked_ids;
};

class RespServerTest : public testing::Test {
 protected:
  void begin(RespOptions options = {}) {
    options.ns = "ns";
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
  begin();
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

TEST_F(RespServerTest, TooManyUnansweredCommandsWait) {
  begin();
  std::string many;
  for (std::size_t i = 0; i < 2 * limits::kRespPipelineMax; ++i) many += "GET a\r\n";
  send(many);
  ASSERT_TRUE(until([&] { return sink.asked_ids.size() == limits::kRespPipelineMax; }));
  io.restart();
  io.run_for(std::chrono::milliseconds(20));
  EXPECT_EQ(sink.asked_ids.size(), limits::kRespPipelineMax);
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
