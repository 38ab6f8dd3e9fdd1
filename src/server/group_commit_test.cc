#include "server/group_commit.h"

#include <gtest/gtest.h>

namespace pando::server {
namespace {

Instant at_us(std::int64_t us) { return Instant{us}; }

TEST(GroupCommit, WaitsForThoseWhoWereAnswered) {
  GroupCommit group;
  group.on_handed_out(at_us(0));
  ASSERT_TRUE(group.on_written(at_us(8'000), 3));
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
  group.on_handed_out(at_us(0));
  ASSERT_TRUE(group.on_written(at_us(8'000), 5));
  EXPECT_FALSE(group.on_request(at_us(8'100), 3)) << "one request of three clients";
  EXPECT_TRUE(group.on_request(at_us(8'200), 4)) << "one of the four is new";
  EXPECT_FALSE(group.holding());
}

TEST(GroupCommit, LetsGoWhenTheyStopComing) {
  GroupCommit group;
  group.on_handed_out(at_us(0));
  ASSERT_TRUE(group.on_written(at_us(8'000), 3));
  EXPECT_FALSE(group.on_request(at_us(8'400)));
  EXPECT_FALSE(group.on_time(at_us(8'500))) << "one has just come";
  EXPECT_EQ(group.until(), at_us(8'900));
  EXPECT_TRUE(group.on_time(at_us(8'900)));
  EXPECT_FALSE(group.holding());
  EXPECT_FALSE(group.on_time(at_us(9'900)));
}

TEST(GroupCommit, LetsGoThoughTheyKeepComing) {
  GroupCommit group;
  group.on_handed_out(at_us(0));
  ASSERT_TRUE(group.on_written(at_us(8'000), 1'000));
  std::int64_t now = 8'000;
  while (!group.on_time(at_us(now))) {
    EXPECT_FALSE(group.on_request(at_us(now)));
    now += 100;
  }
  EXPECT_EQ(now, 12'000) << "half of the 8 ms it took";
}

TEST(GroupCommit, OneClientIsNeverMadeToWait) {
  GroupCommit group;
  group.on_handed_out(at_us(0));
  EXPECT_FALSE(group.on_written(at_us(8'000), 1));
  EXPECT_FALSE(group.on_written(at_us(16'000), 0)) << "nor a relayer, which answers nobody";
}

TEST(GroupCommit, FastDisksAreNotHeldAndSlowOnesNotForLong) {
  GroupCommit fast;
  fast.on_handed_out(at_us(0));
  EXPECT_FALSE(fast.on_written(at_us(150), 64));
  GroupCommit slow;
  slow.on_handed_out(at_us(0));
  EXPECT_TRUE(slow.on_written(at_us(1'000'000), 64));
  EXPECT_EQ(slow.until(), at_us(1'000'500));
  EXPECT_FALSE(slow.on_request(at_us(1'004'900)));
  EXPECT_FALSE(slow.on_time(at_us(1'004'999)));
  EXPECT_TRUE(slow.on_time(at_us(1'005'000))) << "5 ms at most";
}

TEST(GroupCommit, FollowsTheDisksUsualTime) {
  GroupCommit group;
  std::int64_t now = 0;
  for (int i = 0; i < 20; ++i) {
    group.on_handed_out(at_us(now));
    now += 8'000;
    group.on_written(at_us(now), 2);
  }
  group.on_handed_out(at_us(now));
  now += 1'000;  // once fast
  group.on_written(at_us(now), 2);
  EXPECT_EQ(group.until(), at_us(now + (3 * 8'000 + 1'000) / 4 / 16)) << "an average of the last few";
}

}  // namespace
}  // namespace pando::server
