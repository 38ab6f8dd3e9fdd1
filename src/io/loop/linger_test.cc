#include "io/loop/linger.h"

#include <gtest/gtest.h>

namespace pando::io::loop::linger_test {
namespace {

// One client: after `think_us` it asks again. Whoever sleeps has to be woken, which takes `wake_us`.
struct World {
  explicit World(Linger::When when = Linger::When::kWherePays) : linger(when) {}
  Linger linger;
  std::int64_t now_us = 1'000'000;
  std::int64_t think_us = 8;
  std::int64_t wake_us = 10;
  std::int64_t work_us = 15;
  std::size_t served = 1;
  std::int64_t slower_us = 0;  // the client is, by so much, where the loop looks on: they share a processor
  std::int64_t looked_us = 0;
  int looks = 0;
  int rounds = 0;

  void round() {
    ++rounds;
    now_us += work_us;
    if (!linger.begin(Instant{now_us}, served)) {
      now_us += think_us + wake_us;
      return;
    }
    ++looks;
    const std::int64_t comes_us = think_us + slower_us;
    if (comes_us <= Linger::kLook.us) {
      linger.on_found();
      looked_us += comes_us;
      now_us += comes_us;
    } else {
      linger.on_nothing();
      looked_us += Linger::kLook.us;
      now_us += comes_us + wake_us;
    }
  }
  // Of the rounds of that time, after how many in a hundred it looked on.
  int run(Duration time) {
    looks = rounds = 0;
    looked_us = 0;
    for (const std::int64_t end = now_us + time.us; now_us < end;) round();
    return 100 * looks / rounds;
  }
};

TEST(Linger, OneClientThatAsksAgainAtOnceIsWaitedFor) {
  World world;
  EXPECT_GT(world.run(Duration::millis(200)), 60) << "from the beginning";
  EXPECT_GT(world.run(Duration::seconds(2)), 80) << "but for races";
}

TEST(Linger, WhoThinksLongerIsNot) {
  World world;
  world.think_us = 200;
  world.run(Duration::millis(500));
  world.run(Duration::seconds(2));
  EXPECT_LT(world.looked_us, 2'000) << "a thousandth of the time";
}

TEST(Linger, NotWhereItKeepsTheClientFromAsking) {
  World world;
  world.slower_us = 12;
  world.run(Duration::millis(500));
  EXPECT_LT(world.run(Duration::seconds(2)), 25) << "races only";
}

TEST(Linger, WhatIsBestForManySaysNothingOfOne) {
  World world;
  world.served = 10;
  world.slower_us = 12;
  EXPECT_LT(world.run(Duration::seconds(3)), 25);
  world.served = 1;
  world.slower_us = 0;
  EXPECT_GT(world.run(Duration::millis(200)), 30) << "found out soon";
  world.run(Duration::seconds(2));
  world.served = 10;
  world.slower_us = 12;
  EXPECT_LT(world.run(Duration::millis(200)), 25) << "as it was found before";
  world.served = 1;
  world.slower_us = 0;
  EXPECT_GT(world.run(Duration::millis(200)), 60) << "and that too";
}

TEST(Linger, NotForALittleGain) {
  World world;
  world.work_us = 400;
  world.run(Duration::millis(500));
  EXPECT_LT(world.run(Duration::seconds(2)), 25) << "10 of 418 µs";
}

TEST(Linger, AClientThatGoesIsNotWaitedForLong) {
  World world;
  world.run(Duration::seconds(2));
  world.think_us = 2'000;
  world.run(Duration::millis(200));
  EXPECT_LT(world.looked_us, 10 * Linger::kLook.us);
}

TEST(Linger, NeverWithOneProcessor) {
  EXPECT_EQ(Linger::for_processors(0), Linger::When::kNever) << "not known";
  EXPECT_EQ(Linger::for_processors(1), Linger::When::kNever);
  EXPECT_EQ(Linger::for_processors(2), Linger::When::kWherePays);
  World world(Linger::When::kNever);
  EXPECT_EQ(world.run(Duration::seconds(2)), 0);
}

TEST(Linger, AlwaysIsAlways) {
  World world(Linger::When::kAlways);
  world.think_us = 500;
  EXPECT_EQ(world.run(Duration::millis(100)), 100);
}

}  // namespace
}  // namespace pando::io::loop::linger_test
