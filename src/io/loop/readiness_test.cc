#include "io/loop/readiness.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "io/loop/socket.h"

namespace pando::io::loop {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

// A socket that is watched, and the end a client holds.
struct Pair {
  Pair() { EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0); }
  ~Pair() {
    ::close(ends[0]);
    leave();
  }
  void leave() {
    if (ends[1] >= 0) ::close(std::exchange(ends[1], -1));
  }
  void say(std::string_view text) const { EXPECT_EQ(::write(ends[1], text.data(), text.size()), ssize_t(text.size())); }
  std::string hear() const {
    std::array<char, 64> room;
    const ssize_t got = ::read(ends[0], room.data(), room.size());
    return {room.data(), static_cast<std::size_t>(got < 0 ? 0 : got)};
  }
  std::array<int, 2> ends;
};

class ReadinessTest : public testing::Test {
 protected:
  Pair& watched(std::uint32_t slot, Interest interest) {
    sockets.push_back(std::make_unique<Pair>());
    EXPECT_TRUE(readiness.add(sockets.back()->ends[0], slot, interest));
    return *sockets.back();
  }
  // What is ready, by slot, once something is.
  std::map<std::uint32_t, Ready> next() {
    bool woken = false;
    readiness.async_wait([&](const error_code& error) { woken = !error; });
    io.restart();
    io.run_for(std::chrono::seconds(5));
    EXPECT_TRUE(woken);
    return now();
  }
  std::map<std::uint32_t, Ready> now() {
    std::map<std::uint32_t, Ready> all;
    const bool any = readiness.look();
    EXPECT_EQ(any, !readiness.ready().empty());
    for (const Ready& ready : readiness.ready()) all[ready.slot] = ready;
    return all;
  }
  asio::io_context io;
  Readiness readiness{io};
  std::deque<std::unique_ptr<Pair>> sockets;
};

constexpr Interest kReads{true, false};

TEST_F(ReadinessTest, TellsWhichSocketsHaveSomething) {
  watched(1, kReads);
  Pair& two = watched(2, kReads);
  Pair& three = watched(3, kReads);
  two.say("a");
  three.say("b");
  const auto ready = next();
  ASSERT_EQ(ready.size(), 2U);
  EXPECT_TRUE(ready.at(2).read);
  EXPECT_TRUE(ready.at(3).read);
  EXPECT_FALSE(ready.at(3).write);
  EXPECT_FALSE(ready.at(3).gone);
}

TEST_F(ReadinessTest, TellsAgainOfWhatWasNotReadWhole) {
  Pair& one = watched(1, kReads);
  one.say("what is left");
  EXPECT_EQ(next().size(), 1U);
  EXPECT_EQ(next().size(), 1U) << "level-triggered";
  EXPECT_EQ(one.hear(), "what is left");
  EXPECT_TRUE(now().empty());
}

TEST_F(ReadinessTest, WakesForWhatComesAfterEverythingWasRead) {
  Pair& one = watched(1, kReads);
  for (int i = 0; i < 3; ++i) {
    one.say("again");
    EXPECT_TRUE(next().at(1).read);
    EXPECT_EQ(one.hear(), "again");
  }
}

TEST_F(ReadinessTest, TellsNothingOfWhoIsNotLookedAt) {
  Pair& one = watched(1, {});
  one.say("later");
  EXPECT_TRUE(now().empty());
  readiness.change(one.ends[0], 1, kReads);
  EXPECT_TRUE(next().at(1).read);
  readiness.change(one.ends[0], 1, {});
  EXPECT_TRUE(now().empty());
}

TEST_F(ReadinessTest, TellsWhenThereIsRoomToWrite) {
  Pair& one = watched(1, {false, true});
  EXPECT_TRUE(next().at(1).write);
  const std::string much(4096, 'x');
  while (::write(one.ends[0], much.data(), much.size()) > 0) continue;
  EXPECT_TRUE(now().empty());
  std::array<char, 4096> room;
  while (::read(one.ends[1], room.data(), room.size()) > 0) continue;
  EXPECT_TRUE(next().at(1).write);
}

TEST_F(ReadinessTest, TellsWhoHasGoneWithoutBeingAsked) {
  Pair& one = watched(1, {});
  one.leave();
  const auto ready = next();
  EXPECT_TRUE(ready.at(1).gone);
  EXPECT_FALSE(ready.at(1).read);
}

TEST_F(ReadinessTest, MoreThanOneRoundHoldsComeInTheNext) {
  constexpr std::uint32_t kMany = Readiness::kAtOnce + 40;
  for (std::uint32_t slot = 0; slot < kMany; ++slot) watched(slot, kReads).say("x");
  std::map<std::uint32_t, Ready> seen;
  for (int round = 0; round < 4; ++round) {
    for (const auto& [slot, ready] : next()) {
      EXPECT_TRUE(ready.read);
      const bool first = seen.emplace(slot, ready).second;
      EXPECT_EQ(sockets[slot]->hear(), first ? "x" : "");
    }
    if (seen.size() == kMany) break;
  }
  EXPECT_EQ(seen.size(), kMany);
}

TEST_F(ReadinessTest, WhatCannotBeWatchedIsSaid) {
  EXPECT_FALSE(readiness.add(-1, 1, kReads));
  EXPECT_TRUE(readiness.empty());
}

TEST_F(ReadinessTest, TheLastSocketEndsTheWait) {
  Pair& one = watched(1, kReads);
  Pair& two = watched(2, kReads);
  error_code said;
  bool ended = false;
  readiness.async_wait([&](const error_code& error) {
    said = error;
    ended = true;
  });
  readiness.remove(one.ends[0]);
  io.poll();
  EXPECT_FALSE(ended);
  EXPECT_FALSE(readiness.empty());
  readiness.remove(two.ends[0]);
  EXPECT_TRUE(readiness.empty());
  io.restart();
  io.poll();
  EXPECT_TRUE(ended);
  EXPECT_EQ(said, asio::error::operation_aborted);
}

// Socket. --------------------------------------------------------------------------------------------------

class SocketTest : public testing::Test {
 protected:
  SocketTest() {
    tcp::acceptor acceptor(io, {asio::ip::make_address("127.0.0.1"), 0});
    port = acceptor.local_endpoint().port();
    client.connect(acceptor.local_endpoint());
    socket = std::make_unique<Socket>(acceptor.accept());
  }
  // What comes within a second or so.
  Socket::Moved read(std::array<char, 64>& room) {
    for (int i = 0; i < 1000; ++i) {
      const Socket::Moved moved = socket->read(room.data(), room.size());
      if (!moved.ok || moved.bytes > 0) return moved;
      ::usleep(1000);
    }
    return {};
  }
  asio::io_context io;
  std::uint16_t port = 0;
  tcp::socket client{io};
  std::unique_ptr<Socket> socket;
};

TEST_F(SocketTest, MovesBytesBothWaysAndNeverWaits) {
  std::array<char, 64> room;
  const Socket::Moved nothing = socket->read(room.data(), room.size());
  EXPECT_TRUE(nothing.ok);
  EXPECT_EQ(nothing.bytes, 0U);
  asio::write(client, asio::buffer("ping", 4));
  EXPECT_EQ(read(room).bytes, 4U);
  EXPECT_EQ(socket->write("pong").bytes, 4U);
  std::array<char, 4> answer;
  asio::read(client, asio::buffer(answer));
  EXPECT_EQ(std::string_view(answer.data(), 4), "pong");
}

TEST_F(SocketTest, AFullSocketTakesNoMoreAndIsWell) {
  const Bytes much(1 << 20, 'x');
  Socket::Moved moved;
  for (int i = 0; i < 100; ++i) {
    moved = socket->write(much);
    if (moved.bytes == 0) break;
  }
  EXPECT_TRUE(moved.ok);
  EXPECT_EQ(moved.bytes, 0U);
}

TEST_F(SocketTest, TheEndOfTheOtherSideIsNotNothing) {
  client.close();
  std::array<char, 64> room;
  EXPECT_FALSE(read(room).ok);
}

TEST_F(SocketTest, WritingToWhoHasGoneIsAnErrorAndNoSignal) {
  client.set_option(asio::socket_base::linger(true, 0));
  client.close();
  std::array<char, 64> room;
  EXPECT_FALSE(read(room).ok);
  EXPECT_FALSE(socket->write("x").ok);
}

TEST_F(SocketTest, KnowsBothEnds) {
  EXPECT_EQ(socket->local(), "127.0.0.1:" + std::to_string(port));
  EXPECT_EQ(socket->peer(), "127.0.0.1:" + std::to_string(client.local_endpoint().port()));
}

}  // namespace
}  // namespace pando::io::loop
