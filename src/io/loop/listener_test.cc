#include "io/loop/listener.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <chrono>

namespace pando::io::loop {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

class Door;

// Says its slot and stays until it is told to go, or until its socket breaks.
class Guest final : public Client, public std::enable_shared_from_this<Guest> {
 public:
  Guest(Door& door, tcp::socket socket, std::uint32_t slot) : door_(door), socket_(std::move(socket)), slot_(slot) {}

  void start() override { say("slot " + std::to_string(slot_) + "\n"); }
  void start_refused(std::string_view why) override {
    say(std::string(why) + "\n");
    close();
  }
  void tick() override { ++ticks; }
  void finish_soon() override {
    if (!stays) close();
  }
  void close() override;

  bool stays = false;  // finish_soon() is not enough
  int ticks = 0;

 private:
  void say(const std::string& text) {
    boost::system::error_code ignored;
    asio::write(socket_, asio::buffer(text), ignored);
  }

  Door& door_;
  tcp::socket socket_;
  const std::uint32_t slot_;
};

class Door final : public Listener {
 public:
  explicit Door(asio::io_context& io, std::size_t connections_max = 100)
      : Listener(io, {"test", connections_max, "full", Duration::millis(10)}, stats) {}
  using Listener::at;
  using Listener::release;

  ListenerStats stats;
  std::int64_t now_us = 0;
  std::vector<std::shared_ptr<Guest>> guests;

 private:
  std::shared_ptr<Client> make(tcp::socket socket, std::uint32_t slot) override {
    EXPECT_GT(now_us, 0) << "time is known before clients are";
    return guests.emplace_back(std::make_shared<Guest>(*this, std::move(socket), slot));
  }
  void on_time(std::int64_t us) override { now_us = us; }
};

void Guest::close() {
  if (!socket_.is_open()) return;
  boost::system::error_code ignored;
  socket_.close(ignored);
  door_.release(slot_);
}

struct Rig {
  explicit Rig(std::size_t connections_max = 100) : door(std::make_shared<Door>(io, connections_max)) {
    const Status status = door->listen("127.0.0.1", 0);
    EXPECT_TRUE(status.ok()) << status.to_string();
  }
  ~Rig() {
    door->stop(Duration{0}, nullptr);
    door->close_all();
    run_until([] { return false; }, 1);
  }

  template <typename Done>
  bool run_until(Done done, int rounds = 500) {
    for (int i = 0; i < rounds && !done(); ++i) {
      io.restart();
      io.run_for(std::chrono::milliseconds(10));
    }
    return done();
  }
  // Connects, and returns what the server said first.
  std::string connect(tcp::socket& socket) {
    socket.connect(tcp::endpoint(asio::ip::address_v4::loopback(), door->port()));
    const auto accepted = door->stats.connections_accepted;
    EXPECT_TRUE(run_until([&] { return door->stats.connections_accepted > accepted; }));
    std::string line;
    boost::system::error_code ec;
    for (char c = 0; asio::read(socket, asio::buffer(&c, 1), ec) == 1 && c != '\n';) line += c;
    return line;
  }

  asio::io_context io;
  std::shared_ptr<Door> door;
};

TEST(Listener, ClientsHaveSlotsThatAreUsedAgain) {
  Rig rig;
  tcp::socket a(rig.io), b(rig.io), c(rig.io);
  EXPECT_EQ(rig.connect(a), "slot 0");
  EXPECT_EQ(rig.connect(b), "slot 1");
  EXPECT_EQ(rig.door->stats.connections_open, 2u);
  rig.door->guests[0]->close();
  EXPECT_EQ(rig.door->at(0), nullptr);
  EXPECT_EQ(rig.door->at(1), rig.door->guests[1]);
  EXPECT_EQ(rig.door->at(77), nullptr);
  EXPECT_EQ(rig.connect(c), "slot 0");
  EXPECT_EQ(rig.door->stats.connections_accepted, 3u);
  EXPECT_EQ(rig.door->stats.connections_refused, 0u);
}

TEST(Listener, OneTooManyIsToldSo) {
  Rig rig(1);
  tcp::socket a(rig.io), b(rig.io);
  EXPECT_EQ(rig.connect(a), "slot 0");
  EXPECT_EQ(rig.connect(b), "full");
  EXPECT_EQ(rig.door->stats.connections_open, 1u);
  EXPECT_EQ(rig.door->stats.connections_refused, 1u);
}

TEST(Listener, ClientsHearOfTimeWhileThereAreAny) {
  Rig rig;
  tcp::socket a(rig.io);
  rig.connect(a);
  EXPECT_TRUE(rig.run_until([&] { return rig.door->guests[0]->ticks >= 3; }));
  rig.door->guests[0]->close();
  rig.run_until([] { return false; }, 3);
  const std::int64_t still = rig.door->now_us;
  rig.run_until([] { return false; }, 3);
  EXPECT_EQ(rig.door->now_us, still) << "nobody is there, nothing ticks";
}

TEST(Listener, StoppingWaitsForClientsButNotForever) {
  for (const bool stays : {false, true}) {
    Rig rig;
    tcp::socket a(rig.io), late(rig.io);
    rig.connect(a);
    rig.door->guests[0]->stays = stays;
    bool stopped = false;
    rig.door->stop(Duration::millis(50), [&] { stopped = true; });
    EXPECT_EQ(rig.door->stats.connections_open, stays ? 1u : 0u);
    EXPECT_FALSE(stopped) << "not from within stop()";
    EXPECT_TRUE(rig.run_until([&] { return stopped; }));
    EXPECT_EQ(rig.door->stats.connections_open, 0u);
    boost::system::error_code ec;
    late.connect(tcp::endpoint(asio::ip::address_v4::loopback(), rig.door->port()), ec);
    EXPECT_TRUE(ec.failed()) << "nobody listens any more";
  }
}

TEST(Listener, SaysWhyItCannotListen) {
  Rig rig;
  const std::string port = std::to_string(rig.door->port());
  const auto second = std::make_shared<Door>(rig.io);
  const Status taken = second->listen("127.0.0.1", rig.door->port());
  EXPECT_EQ(taken.code(), StatusCode::kUnavailable);
  EXPECT_EQ(taken.message(), "test: cannot bind 127.0.0.1:" + port + ": Address already in use");
  const auto third = std::make_shared<Door>(rig.io);
  EXPECT_EQ(third->listen("no address", 1).message(), "test: cannot use address no address:1: Invalid argument");
}

TEST(Listener, AnEmptyAddressIsEveryInterface) {
  asio::io_context io;
  const auto door = std::make_shared<Door>(io);
  ASSERT_TRUE(door->listen("", 0).ok());
  tcp::socket client(io);
  boost::system::error_code ec;
  client.connect(tcp::endpoint(asio::ip::address_v4::loopback(), door->port()), ec);
  EXPECT_FALSE(ec) << ec.message();
  door->stop(Duration{0}, nullptr);
  door->close_all();
}

}  // namespace
}  // namespace pando::io::loop
