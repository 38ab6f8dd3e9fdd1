#include "server/group_commit.h"

#include <gtest/gtest.h>

namespace pando::server {
namespace {

Instant at_us(std::int64_t us) { return Instant{us}; }

// The disk took so long, the loop had hardly anything to do.
GroupCommit::Cost sync(std::int64_t us) { return {Duration::micros(us), Duration::micros(0)}; }

bool holds_next(GroupCommit::Next next) { return next == GroupCommit::Next::kHold; }

TEST(GroupCommit, WaitsForThoseWhoWereAnswered) {
  GroupCommit group;
  ASSERT_TRUE(holds_next(group.on_written(at_us(8'000), 3, sync(8'000))));
  EXPECT_EQ(group.until(), at_us(8'500)) << "a sixteenth of the 8 ms it took";
  EXPECT_FALSE(group.on_request(at_us(8'100)));
  EXPECT_FALSE(group.on_request(at_us(8'200)));
  EXPECT_TRUE(group.on_request(at_us(8'300))) << "all three are back";
  EXPECT_FALSE(group.holding());
  EXPECT_FALSE(group.on_request(at_us(8'400))) << "a fourth changes nothing";
  EXPECT_FALSE(group.on_time(at_us(8'500)));
}

TEST(GroupCommit, CountsClientsNotRequests) {
  GroupCommit group;
  ASSERT_TRUE(holds_next(group.on_written(at_us(8'000), 5, sync(8'000))));
  EXPECT_FALSE(group.on_request(at_us(8'100), 3)) << "one request of three clients";
  EXPECT_TRUE(group.on_request(at_us(8'200), 4)) << "one of the four is new";
  EXPECT_FALSE(group.holding());
}

TEST(GroupCommit, LetsGoWhenTheyStopComing) {
  GroupCommit group;
  ASSERT_TRUE(holds_next(group.on_written(at_us(8'000), 3, sync(8'000))));
  EXPECT_FALSE(group.on_request(at_us(8'400)));
  EXPECT_FALSE(group.on_time(at_us(8'500))) << "one has just come";
  EXPECT_EQ(group.until(), at_us(8'900));
  EXPECT_TRUE(group.on_time(at_us(8'900)));
  EXPECT_FALSE(group.holding());
  EXPECT_FALSE(group.on_time(at_us(9'900)));
}

TEST(GroupCommit, LetsGoThoughTheyKeepComing) {
  GroupCommit group;
  ASSERT_TRUE(holds_next(group.on_written(at_us(8'000), 1'000, sync(8'000))));
  std::int64_t now = 8'000;
  while (!group.on_time(at_us(now))) {
    EXPECT_FALSE(group.on_request(at_us(now)));
    now += 100;
  }
  EXPECT_EQ(now, 12'000) << "half of the 8 ms it took";
}

TEST(GroupCommit, OneClientIsNeverMadeToWait) {
  GroupCommit group;
  EXPECT_FALSE(holds_next(group.on_written(at_us(8'000), 1, sync(8'000))));
  EXPECT_FALSE(holds_next(group.on_written(at_us(16'000), 0, sync(8'000)))) << "nor a relayer, which answers nobody";
}

TEST(GroupCommit, FastDisksAreNotHeldAndSlowOnesNotForLong) {
  GroupCommit fast;
  EXPECT_FALSE(holds_next(fast.on_written(at_us(150), 64, sync(150))));
  GroupCommit slow;
  EXPECT_TRUE(holds_next(slow.on_written(at_us(1'000'000), 64, sync(1'000'000))));
  EXPECT_EQ(slow.until(), at_us(1'000'500));
  EXPECT_FALSE(slow.on_request(at_us(1'004'900)));
  EXPECT_FALSE(slow.on_time(at_us(1'004'999)));
  EXPECT_TRUE(slow.on_time(at_us(1'005'000))) << "5 ms at most";
}

TEST(GroupCommit, FollowsTheDisksUsualTime) {
  GroupCommit group;
  std::int64_t now = 0;
  for (int i = 0; i < 20; ++i) {
    now += 8'000;
    group.on_written(at_us(now), 2, sync(8'000));
  }
  now += 1'000;  // once fast
  group.on_written(at_us(now), 2, sync(1'000));
  EXPECT_EQ(group.until(), at_us(now + (3 * 8'000 + 1'000) / 4 / 16)) << "an average of the last few";
}

// One sync of several writes (`os`): nobody would let go of what the first of them held.
TEST(GroupCommit, AWriteThatComesBackWhileTheNextIsHeldLetsGoOfIt) {
  GroupCommit group;
  ASSERT_EQ(group.on_written(at_us(8'000), 50, sync(8'000)), GroupCommit::Next::kHold);
  EXPECT_EQ(group.on_written(at_us(8'000), 0, sync(8'000)), GroupCommit::Next::kLetGo);
  EXPECT_FALSE(group.holding());
  EXPECT_EQ(group.on_written(at_us(8'000), 0, sync(8'000)), GroupCommit::Next::kGoOn);
  ASSERT_EQ(group.on_written(at_us(9'000), 50, sync(8'000)), GroupCommit::Next::kHold);
  EXPECT_EQ(group.on_written(at_us(9'000), 50, sync(8'000)), GroupCommit::Next::kHold) << "for those";
}

// What the loop did is asked for only where it decides anything.
TEST(GroupCommit, WeighsTheLoopWhereSyncsAreSlow) {
  GroupCommit group;
  EXPECT_FALSE(group.weighs_loop(50));
  for (int i = 0; i < 20; ++i) group.on_written(at_us(1'000 * i), 50, {Duration::micros(100), std::nullopt});
  EXPECT_FALSE(group.weighs_loop(50));
  for (int i = 0; i < 20; ++i) group.on_written(at_us(50'000 + 1'000 * i), 50, sync(600));
  EXPECT_TRUE(group.weighs_loop(50));
  EXPECT_FALSE(group.weighs_loop(1)) << "nobody to share with";
}

// Fifty clients whose requests cost the loop `each_us`, one camp so far: does the next write wait for all?
bool holds(GroupCommit& group, std::int64_t each_us, std::int64_t sync_us) {
  bool held = false;
  std::int64_t now = 0;
  for (int round = 0; round < 20; ++round) {
    group.on_handed_out();
    now += sync_us;
    held = holds_next(group.on_written(at_us(now), 50, {Duration::micros(sync_us), Duration::micros(50 * each_us)}));
    group.on_request(at_us(now), 50);
  }
  return held;
}

TEST(GroupCommit, NobodyIsHeldWhereTheLoopIsWhatTheyWaitFor) {
  GroupCommit group;
  EXPECT_TRUE(holds(group, /*each_us=*/20, /*sync_us=*/8'000)) << "1 ms of work beside 8 of waiting";
  EXPECT_FALSE(holds(group, /*each_us=*/20, /*sync_us=*/600)) << "the disk got faster";
  EXPECT_TRUE(holds(group, /*each_us=*/2, /*sync_us=*/600)) << "so did the loop";
}

TEST(GroupCommit, CountsThoseOfTheOtherCampAsWell) {
  GroupCommit group;
  group.on_handed_out();
  group.on_request(at_us(100), 25);
  EXPECT_TRUE(group.waited_for());
  EXPECT_FALSE(holds_next(group.on_written(at_us(600), 25, {Duration::micros(600), Duration::micros(25 * 20)})))
      << "a round of all fifty is 1 ms of work, longer than a sync";
  group.on_handed_out();
  EXPECT_FALSE(group.waited_for());
}

}  // namespace
}  // namespace pando::server
