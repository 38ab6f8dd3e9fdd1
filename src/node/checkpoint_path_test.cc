#include "node/checkpoint_path.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "node/node_suite.h"

namespace pando::node {
namespace {

class Checkpoints : public testing::Test {
 protected:
  Checkpoints() : rig_({"dc1", {}, {}}) { rig_.open({"ns"}); }
  // Changes a key every second for so long.
  void write_for(int seconds) {
    for (int i = 0; i < seconds; ++i) {
      rig_.ask("ns", put("k", Bytes(1, static_cast<char>('a' + i % 20))));
      rig_.pass(Duration::seconds(1));
    }
  }
  // The next one is under way for so long, while writing goes on.
  void checkpoint_that_takes(int seconds) {
    const std::size_t before = rig_.checkpoints;
    rig_.hold_checkpoints(true);
    while (rig_.checkpoints == before) write_for(1);
    write_for(seconds);
    rig_.hold_checkpoints(false);
  }
  Rig rig_;
};

TEST_F(Checkpoints, ComeEveryInterval) {
  write_for(21);
  EXPECT_EQ(rig_.checkpoints, 4U);
}

TEST_F(Checkpoints, NothingIsWrittenWhereNothingChanges) {
  write_for(6);
  EXPECT_EQ(rig_.checkpoints, 1U);
  rig_.pass(Duration::seconds(10));
  const std::size_t after = rig_.checkpoints;
  for (int i = 0; i < 100; ++i) rig_.pass(Duration::seconds(1));
  EXPECT_EQ(rig_.checkpoints, after);
}

TEST_F(Checkpoints, OneThatTookLongIsFollowedByARest) {
  checkpoint_that_takes(1);
  EXPECT_EQ(rig_.checkpoints, 1U);
  write_for(18);
  EXPECT_EQ(rig_.checkpoints, 1U);
  write_for(2);
  EXPECT_EQ(rig_.checkpoints, 2U);
}

// Nobody waits behind a checkpoint of many cells: it takes turns with what is asked meanwhile, and holds none of that.
TEST_F(Checkpoints, OneOfManyCellsIsMadeInSlices) {
  const int cells = 16 * static_cast<int>(NamespaceConfig().checkpoint_slice_cells);
  for (int i = 0; i < cells; ++i) rig_.ask("ns", put("k" + std::to_string(i), "1"));
  int turns = 0;
  while (rig_.checkpoints == 0) {
    rig_.ask("ns", put("k" + std::to_string(7 * turns % cells), "2"));
    rig_.pass(Duration::seconds(turns == 0 ? 6 : 0) + Duration::millis(1));
    ASSERT_LT(++turns, 400);
  }
  EXPECT_GE(turns, 4);
}

TEST_F(Checkpoints, TheRestIsHalfAMinuteAtMost) {
  checkpoint_that_takes(10);
  write_for(29);
  EXPECT_EQ(rig_.checkpoints, 1U);
  write_for(2);
  EXPECT_EQ(rig_.checkpoints, 2U);
}

TEST_F(Checkpoints, AStopWithAFullDiskTriesOnceASecond) {
  rig_.ask("ns", put("k", "1"));
  rig_.checkpoint_status = Status(StatusCode::kUnavailable, "no space left on device");
  rig_.node().begin_stop(rig_.now, rig_.out);
  for (int i = 0; i < 35; ++i) rig_.pass(Duration::millis(100));
  EXPECT_EQ(rig_.checkpoints, 4U);
  EXPECT_FALSE(rig_.node().stopped());
  rig_.checkpoint_status = {};
  rig_.pass(Duration::seconds(1));
  EXPECT_TRUE(rig_.node().stopped());
}

// What is written again and again waits for its time, until a restart would have too much of it to read.
TEST(LogCheckpoints, ALongLogDoesNotWait) {
  NodeConfig config{"dc1", {}, {}};
  config.checkpoint_log_bytes = 4 << 20;
  Rig rig(std::move(config));
  rig.open({"ns"});
  const auto write = [&](int megabytes) {
    for (int i = 0; i < 2 * megabytes; ++i) rig.ask("ns", put("k", Bytes(1 << 19, 'v')));
  };
  write(3);
  EXPECT_EQ(rig.checkpoints, 0U);
  write(2);
  EXPECT_EQ(rig.checkpoints, 1U);
  write(2);
  EXPECT_EQ(rig.checkpoints, 1U) << "the log is counted from there";
  write(3);
  EXPECT_EQ(rig.checkpoints, 2U);
}

// A load that the store does not keep up with is slowed down by waiting for its answers, and refused only where it does
// not wait for any.
TEST(FullMemory, SlowsTheLogDownBeforeItRefuses) {
  Rig rig({"dc1", {}, {}});
  NamespaceConfig config;
  config.name = "ns";
  config.checkpoint_dirty_bytes = 256 << 10;
  rig.open(config);
  rig.hold_checkpoints(true);
  int written = 0;
  const auto write = [&] { return rig.send("ns", put("k" + std::to_string(written++), Bytes(1 << 10, 'v'))); };
  // How long the answer takes, in milliseconds.
  const auto answer_time = [&] {
    const RequestId id = write();
    int ms = 0;
    for (; !rig.answered(id) && ms < 2'000; ++ms) rig.pass(Duration::millis(1));
    return ms;
  };
  std::vector<int> times;
  while (times.size() < 1'000 && (times.empty() || rig.replies[RequestId(times.size())].status.ok())) {
    times.push_back(answer_time());
  }
  ASSERT_LT(times.size(), 800U) << "refused in the end";
  const std::size_t all = times.size();
  EXPECT_EQ(rig.replies[RequestId(all)].status.code(), StatusCode::kOverloaded);
  EXPECT_EQ(times[all / 2], 0) << "twice what begins a checkpoint is no reason yet";
  EXPECT_GT(times[all * 5 / 6], 100);
  EXPECT_GT(times[all - 2], 800);
  EXPECT_LE(*std::max_element(times.begin(), times.end()), 1'001);
  // What somebody waits for goes on by itself, and with the store all is as before.
  rig.hold_checkpoints(false);
  for (int i = 0; i < 200; ++i) rig.pass(Duration::millis(5));
  EXPECT_EQ(answer_time(), 0);
}

}  // namespace
}  // namespace pando::node
