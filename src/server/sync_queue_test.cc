#include "server/sync_queue.h"

#include <gtest/gtest.h>

namespace pando::server::sync_queue_test {
namespace {

constexpr Duration kLittle = Duration::micros(10);

TEST(SyncQueue, TheFirstBeginsAtOnce) {
  SyncQueue queue;
  const Instant now{1'000'000};
  EXPECT_FALSE(queue.begin(now)) << "nothing was put";
  EXPECT_FALSE(queue.ask_at());
  queue.on_put(false);
  EXPECT_TRUE(queue.begin(now));
  EXPECT_TRUE(queue.under_way());
  EXPECT_EQ(queue.on_synced(), 1u);
  EXPECT_FALSE(queue.under_way());
}

TEST(SyncQueue, OneStandsForAllThatWasPutBeforeIt) {
  SyncQueue queue;
  Instant now{1'000'000};
  queue.on_put(false);
  ASSERT_TRUE(queue.begin(now));
  for (int i = 0; i < 3; ++i) queue.on_put(false);
  EXPECT_FALSE(queue.begin(now)) << "one at a time";
  EXPECT_FALSE(queue.ask_at()) << "its end is when to ask";
  EXPECT_EQ(queue.on_synced(), 1u);
  now = now + SyncQueue::kPause;
  ASSERT_TRUE(queue.begin(now));
  EXPECT_EQ(queue.on_synced(), 3u);
  EXPECT_FALSE(queue.begin(now + SyncQueue::kPause));
}

TEST(SyncQueue, TheNextWaitsAWhileUnlessSomebodyWaitsForIt) {
  SyncQueue queue;
  const Instant began{1'000'000};
  queue.on_put(false);
  ASSERT_TRUE(queue.begin(began));
  queue.on_synced();
  queue.on_put(false);
  EXPECT_FALSE(queue.begin(began + kLittle));
  EXPECT_EQ(queue.ask_at(), began + SyncQueue::kPause);
  queue.on_put(true);
  EXPECT_TRUE(queue.begin(began + kLittle));
  EXPECT_EQ(queue.on_synced(), 2u);
  queue.on_put(false);
  EXPECT_FALSE(queue.begin(began + kLittle + kLittle)) << "who waited has it";
}

}  // namespace
}  // namespace pando::server::sync_queue_test
