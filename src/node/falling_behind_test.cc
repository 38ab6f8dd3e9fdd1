#include "node/falling_behind.h"

#include <deque>

#include "node/resync_suite.h"

namespace pando::node::falling_behind_test {
namespace {

using Site = ResyncSite;

Instant at_s(std::int64_t s) { return Instant{s * 1'000'000}; }

// One look every five seconds: so many more are sent, so many are left to be.
struct Look {
  std::uint64_t sent = 0;
  std::uint64_t lacking = 0;
};
struct Row {
  const char* why;
  std::vector<Look> looks;
  int said_at = -1;  // index of the look that said so
};

TEST(FallingBehind, SaysSoOfAPaceThatWouldTakeTooLong) {
  const std::vector<Row> rows = {
      {"nothing is written", {{0, 0}, {0, 0}, {0, 0}, {0, 0}, {0, 0}}, -1},
      {"the first look knows no pace, the next three agree", {{0, 9000}, {10, 9000}, {10, 9000}, {10, 9000}}, 3},
      {"nothing at all crosses", {{0, 5}, {0, 5}, {0, 5}, {0, 5}}, 3},
      {"half a minute is not too long", {{0, 6000}, {1000, 6000}, {1000, 6000}, {1000, 6000}, {1000, 6000}}, -1},
      {"more than that is", {{0, 6001}, {1000, 6001}, {1000, 6001}, {1000, 6001}}, 3},
      {"a burst that it has in twenty seconds",
       {{0, 80'000}, {20'000, 60'000}, {20'000, 40'000}, {20'000, 20'000}, {20'000, 0}, {0, 0}},
       -1},
      {"a pause in between begins anew",
       {{0, 9000}, {10, 9000}, {10, 9000}, {9000, 0}, {10, 9000}, {10, 9000}, {10, 9000}},
       6},
  };
  for (const Row& row : rows) {
    FallingBehind behind;
    std::uint64_t sent = 0;
    for (std::size_t i = 0; i < row.looks.size(); ++i) {
      const Instant now = at_s(5 * static_cast<std::int64_t>(i));
      ASSERT_TRUE(behind.due(now)) << row.why;
      sent += row.looks[i].sent;
      EXPECT_EQ(behind.look(sent, row.looks[i].lacking, now), row.said_at == static_cast<int>(i))
          << row.why << " " << i;
      if (row.said_at == static_cast<int>(i)) break;
    }
  }
}

TEST(FallingBehind, IsSilentForAWhileThen) {
  FallingBehind behind;
  for (int s = 0; s < 15; s += 5) EXPECT_FALSE(behind.look(0, 100, at_s(s)));
  EXPECT_TRUE(behind.look(0, 100, at_s(15)));
  EXPECT_FALSE(behind.due(at_s(74)));
  EXPECT_TRUE(behind.due(at_s(75)));
  EXPECT_FALSE(behind.look(0, 100, at_s(75))) << "begins anew";
  behind.forget(at_s(76));
  EXPECT_FALSE(behind.look(0, 100, at_s(81)));
  EXPECT_FALSE(behind.look(0, 100, at_s(86)));
  EXPECT_FALSE(behind.look(0, 100, at_s(91)));
  EXPECT_TRUE(behind.look(0, 100, at_s(96)));
}

// A line of so many bytes a second each way, with whatever is on its way: in turns of ten milliseconds.
class SlowWire {
 public:
  SlowWire(Site& a, Site& b, std::size_t bytes_per_s) : a_(a), b_(b), bytes_per_turn_(bytes_per_s / 100) {
    for (Site* site : {&a_, &b_}) site->peers().open(LinkId(1), {.dialed = false, .label = "peer"}, site->now);
  }

  void run(int turns) {
    for (; turns > 0; --turns) {
      for (Site* from : {&a_, &b_}) {
        Site& to = from == &a_ ? b_ : a_;
        Line& line = lines_[from == &a_ ? 0 : 1];
        from->now.mono_us += 10'000;
        from->now.wall_ms += 10;
        from->end_turn();
        for (LinkSend& send : std::exchange(from->out().link_sends, {})) line.sends.push_back(std::move(send));
        CHECK(from->out().link_closes.empty());
        for (line.room += bytes_per_turn_; !line.sends.empty() && line.room >= line.sends.front().frame.size();) {
          const LinkSend send = std::move(line.sends.front());
          line.sends.pop_front();
          line.room -= send.frame.size();
          bytes_ += send.frame.size();
          from->peers().on_drained(send.id, send.frame.size());
          to.peers().on_frame(send.id, send.frame, to.now, to.out());
        }
        if (line.sends.empty()) line.room = 0;
      }
    }
  }
  std::uint64_t bytes() const { return bytes_; }

 private:
  struct Line {
    std::deque<LinkSend> sends;
    std::size_t room = 0;
  };

  Site& a_;
  Site& b_;
  const std::size_t bytes_per_turn_;
  Line lines_[2];
  std::uint64_t bytes_ = 0;
};

// 6250 bytes a second, and forty times as much is written at the other end: what crosses is what it comes to.
TEST(FallingBehind, WhoIsConnectedAndSlowGetsWhatItComesTo) {
  constexpr int kKeys = 20;
  Site dc1("dc1", {1 << 30, 64 << 10});
  Site dc2("dc2");
  SlowWire wire(dc1, dc2, 6250);
  dc1.put("first", "contact");
  wire.run(200);
  ASSERT_EQ(dc2.value("first"), "contact");
  int written = 0;
  std::uint64_t behind_max = 0;
  for (int turn = 0; turn < 10'000; turn += 2) {
    for (int i = 0; i < 40; ++i) dc1.count(fmt::format("counter:{}", written++ % kKeys), 1);
    dc2.count("counter:0", 1);
    wire.run(2);
    behind_max = std::max(behind_max, commits_beyond(dc1.replica().durable_context(), dc2.replica().durable_context()));
  }
  wire.run(6'000);
  EXPECT_EQ(commits_beyond(dc1.replica().durable_context(), dc2.replica().durable_context()), 0u);
  EXPECT_EQ(dc1.digest(), dc2.digest());
  for (int i = 1; i < kKeys; ++i) EXPECT_EQ(dc2.counter(fmt::format("counter:{}", i)), written / kKeys);
  EXPECT_EQ(dc2.counter("counter:0"), written / kKeys + 5'000);
  const StatsReply stats = dc1.stats();
  fmt::print("{} increments while connected: {} bytes of log, {} crossed; at most {} behind; {} cuts\n", written,
             dc1.replica().index().bytes(), wire.bytes(), behind_max, stats.fell_behind);
  EXPECT_GE(stats.fell_behind, 1u);
  EXPECT_LE(stats.fell_behind, 3u) << "no more often than once a minute";
  EXPECT_LE(dc2.peers().resync().taken().finished, 4u);
}

// As much in one burst over a line that has it through in half a minute is read as the log it is.
TEST(FallingBehind, WhoIsBrieflyBehindReadsTheLog) {
  Site dc1("dc1", {1 << 30, 64 << 10});
  Site dc2("dc2");
  SlowWire wire(dc1, dc2, 100'000);
  dc1.put("first", "contact");
  wire.run(200);
  for (int i = 0; i < 20'000; ++i) dc1.count("hits", 1);
  ASSERT_GT(dc1.replica().index().bytes(), 1u << 20);
  wire.run(4'000);
  EXPECT_EQ(dc2.counter("hits"), 20'000);
  EXPECT_EQ(dc1.stats().fell_behind, 0u);
  EXPECT_EQ(dc2.peers().resync().taken().finished, 0u);
}

}  // namespace
}  // namespace pando::node::falling_behind_test
