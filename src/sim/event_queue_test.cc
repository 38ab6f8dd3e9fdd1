#include "sim/event_queue.h"

#include <gtest/gtest.h>

#include <string>

namespace pando::sim {
namespace {

TEST(EventQueue, RunsByInstantThenByOrderOfAdding) {
  EventQueue queue;
  std::string ran;
  const auto add = [&](std::int64_t at_us, char name) {
    queue.at(Instant{at_us}, EventKind::kWork, [&ran, name] { ran.push_back(name); });
  };
  add(20, 'd');
  add(10, 'b');
  add(10, 'c');
  add(-5, 'a');  // the past is now
  while (queue.run_next()) {
  }
  EXPECT_EQ(ran, "abcd");
  EXPECT_EQ(queue.now(), Instant{20});
  EXPECT_EQ(queue.ran_count(), 4u);
}

TEST(EventQueue, OnlyWorkKeepsAWorldBusy) {
  EventQueue queue;
  queue.at(Instant{5}, EventKind::kTimer, [] {});
  EXPECT_EQ(queue.work_count(), 0u);
  queue.after(Duration{1}, [&queue] { queue.after(Duration{1}, [] {}); });
  EXPECT_EQ(queue.work_count(), 1u);
  queue.run_until(Instant{1});
  EXPECT_EQ(queue.work_count(), 1u) << "what it added";
  queue.run_until(Instant{100});
  EXPECT_EQ(queue.work_count(), 0u);
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.now(), Instant{100}) << "the clock goes on without events";
}

}  // namespace
}  // namespace pando::sim
