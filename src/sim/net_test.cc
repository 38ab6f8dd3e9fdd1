#include "sim/net.h"

#include <gtest/gtest.h>

#include <string>

namespace pando::sim {
namespace {

// Writes down what it hears.
struct Host final : NetHost {
  std::uint64_t incarnation() const override { return runs; }
  LinkId new_link() override { return LinkId(++links); }
  void on_link_up(LinkId id, std::uint64_t dial_id, const std::string& peer) override {
    last = id;
    heard += "up(" + std::to_string(dial_id) + "," + peer + ") ";
  }
  void on_link_frame(LinkId, Bytes frame) override { heard += frame + " "; }
  void on_link_drained(LinkId, std::size_t bytes) override { drained += bytes; }
  void on_link_down(LinkId, std::uint64_t dial_id, const std::string& why) override {
    heard += "down(" + (dial_id == 0 ? "" : std::to_string(dial_id) + ",") + why + ") ";
  }
  std::string take() { return std::exchange(heard, {}); }

  std::uint64_t runs = 1;
  std::uint64_t links = 0;
  LinkId last;
  std::string heard;
  std::size_t drained = 0;
};

struct NetTest : testing::Test {
  NetTest() {
    net.add_host(0, "a:1", a);
    net.add_host(1, "b:1", b);
  }
  void run(Duration time = Duration::millis(100)) { queue.run_until(queue.now() + time); }
  void connect() {
    net.dial(0, 7, "b:1");
    run();
    ASSERT_EQ(a.take(), "up(7,b:1) ");
    ASSERT_EQ(b.take(), "up(0,a:1) ");
  }

  EventQueue queue;
  Net net{queue, Prng(5)};
  Host a, b;
};

TEST_F(NetTest, FramesStayWholeAndInOrder) {
  connect();
  std::string expected;
  for (int i = 0; i < 50; ++i) {
    net.send(0, a.last, "f" + std::to_string(i));
    expected += "f" + std::to_string(i) + " ";
  }
  EXPECT_GT(net.undrained_bytes(0, a.last), 0u);
  run();
  EXPECT_EQ(b.take(), expected);
  EXPECT_EQ(net.undrained_bytes(0, a.last), 0u);
  EXPECT_EQ(a.drained, 140u);
}

TEST_F(NetTest, DialsFail) {
  net.dial(0, 1, "nobody:1");
  run();
  EXPECT_EQ(a.take(), "down(1,nobody:1: unknown host) ");
  b.runs = 0;
  net.dial(0, 2, "b:1");
  run();
  EXPECT_EQ(a.take(), "down(2,b:1: connection refused) ");
  net.cut(1, 0);
  net.dial(0, 3, "b:1");
  run();
  EXPECT_EQ(a.take(), "") << "one way is enough to never connect";
  run(Duration::seconds(5));
  EXPECT_EQ(a.take(), "down(3,b:1: connection timed out) ");
  net.dial(0, 4, "nobody:1");
  ++a.runs;
  run();
  EXPECT_EQ(a.take(), "") << "the process that dialled is gone";
}

TEST_F(NetTest, ShortCutsOnlyDelay) {
  connect();
  net.cut(0, 1);
  net.send(0, a.last, "late");
  net.send(1, b.last, "other-way");
  run(Duration::seconds(1));
  EXPECT_EQ(b.take(), "");
  EXPECT_EQ(a.take(), "other-way ");
  EXPECT_EQ(a.drained, 0u);
  net.heal(0, 1);
  run();
  EXPECT_EQ(b.take(), "late ");
  run(Duration::seconds(20));
  EXPECT_EQ(b.take() + a.take(), "") << "nobody gives up on a link that works again";
}

TEST_F(NetTest, LongCutsEndTheConnectionAtBothEndsInTheirOwnTime) {
  connect();
  net.cut(0, 1);
  net.send(0, a.last, "lost");
  run(Duration::seconds(20));
  EXPECT_EQ(b.take(), "down(keepalive timeout) ");
  EXPECT_EQ(a.take(), "down(connection reset by peer) ") << "the way back is open";
  EXPECT_EQ(net.connection_count(), 0u);
  net.heal_all();
  connect();
  net.cut(0, 1);
  net.cut(1, 0);
  run(Duration::seconds(20));
  EXPECT_EQ(a.take(), "down(keepalive timeout) ");
  EXPECT_EQ(b.take(), "down(keepalive timeout) ");
  EXPECT_EQ(net.connection_count(), 0u);
}

TEST_F(NetTest, ClosingDeliversWhatWasSentBefore) {
  connect();
  net.send(0, a.last, "last");
  net.close(0, a.last, "done");
  net.send(0, a.last, "too-late");
  run();
  EXPECT_EQ(b.take(), "last down(closed by peer: done) ");
  EXPECT_EQ(a.take(), "down(done) ");
  EXPECT_EQ(net.connection_count(), 0u);
}

TEST_F(NetTest, AResetLosesWhatIsUnderWay) {
  connect();
  net.send(0, a.last, "lost");
  net.reset(1, 0);
  run();
  EXPECT_EQ(b.take(), "down(connection reset) ");
  EXPECT_EQ(a.take(), "down(connection reset) ");
}

TEST_F(NetTest, AKilledProcessIsNoticedADeadMachineOnlyByItsSilence) {
  connect();
  b.runs = 0;
  net.host_gone(1, false);
  run();
  EXPECT_EQ(a.take(), "down(connection reset by peer) ");
  b.runs = 2;
  connect();
  b.runs = 0;
  net.host_gone(1, true);
  net.send(0, a.last, "into the void");
  run();
  EXPECT_EQ(a.take(), "");
  run(Duration::seconds(20));
  EXPECT_EQ(a.take(), "down(keepalive timeout) ");
  EXPECT_EQ(b.take(), "") << "it does not run";
}

TEST_F(NetTest, SlowLinksTakeTheirTime) {
  net.set_quality(0, 1, {Duration::seconds(1), Duration::seconds(1), 1000});
  net.dial(0, 7, "b:1");
  run(Duration::millis(1999));
  EXPECT_EQ(a.take(), "");
  run(Duration::millis(2));
  EXPECT_EQ(a.take(), "up(7,b:1) ");
  net.send(0, a.last, Bytes(3000, 'x'));
  run(Duration::millis(3990));
  EXPECT_EQ(b.take(), "up(0,a:1) ");
  run(Duration::millis(20));
  EXPECT_EQ(b.take().size(), 3001u) << "a second on the way, three for 3000 bytes";
}

TEST_F(NetTest, StrangersSendAndDoNotListen) {
  net.stranger(1, {"noise", "more"});
  run();
  EXPECT_EQ(b.take(), "up(0,203.0.113.66:6666) noise more ");
  net.send(1, b.last, "hello?");
  net.close(1, b.last, "go away");
  run();
  EXPECT_EQ(b.take(), "down(go away) ");
  EXPECT_EQ(net.connection_count(), 0u);
}

}  // namespace
}  // namespace pando::sim
