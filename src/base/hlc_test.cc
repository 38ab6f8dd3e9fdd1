#include "base/hlc.h"

#include <gtest/gtest.h>

#include "base/prng.h"

namespace pando {
namespace {

TEST(Hlc, KeepsMillisecondsAboveACounter) {
  EXPECT_EQ(Hlc::from_wall_ms(1).bits, 65536u);
  EXPECT_EQ(Hlc::from_wall_ms(1'700'000'000'000).wall_ms(), 1'700'000'000'000);
  EXPECT_EQ(Hlc::from_wall_ms(-5).bits, 0u) << "before 1970 is 1970";
}

TEST(HlcClock, FollowsTheWallAndNeverGoesBack) {
  struct Step {
    const char* why;
    std::int64_t wall_ms;
    Hlc expected;
  };
  HlcClock clock;
  const Hlc thousand = Hlc::from_wall_ms(1000);
  const Step steps[] = {
      {"follows the wall", 1000, thousand},
      {"counts within a millisecond", 1000, Hlc{thousand.bits + 1}},
      {"counts while the wall is behind", 500, Hlc{thousand.bits + 2}},
      {"follows again", 1001, Hlc::from_wall_ms(1001)},
  };
  for (const Step& step : steps) EXPECT_EQ(clock.tick(step.wall_ms), step.expected) << step.why;
}

TEST(HlcClock, IsBehindNothingItSaw) {
  HlcClock clock;
  clock.tick(1000);
  clock.witness(Hlc::from_wall_ms(5000));
  EXPECT_GT(clock.tick(1001), Hlc::from_wall_ms(5000));
  clock.witness(Hlc::from_wall_ms(2000));
  EXPECT_GT(clock.last(), Hlc::from_wall_ms(5000)) << "an older stamp changes nothing";
}

TEST(HlcClock, StartsAboveItsFloor) {
  const Hlc floor = Hlc::from_wall_ms(9000);
  HlcClock clock(floor);
  EXPECT_GT(clock.tick(1), floor);
}

TEST(HlcClock, ManyWithinAMillisecondRunIntoTheNext) {
  HlcClock clock;
  Hlc last = clock.tick(7);
  for (int i = 0; i < 70'000; ++i) {
    const Hlc next = clock.tick(7);
    ASSERT_GT(next, last);
    last = next;
  }
  EXPECT_EQ(last.wall_ms(), 8);
}

TEST(Prng, TheSameSeedGivesTheSameNumbers) {
  Prng a(42);
  // SplitMix64's own reference values.
  EXPECT_EQ(a.next(), 13679457532755275413u);
  EXPECT_EQ(a.next(), 2949826092126892291u);
  EXPECT_EQ(a.next(), 5139283748462763858u);
  Prng b(42);
  for (int i = 0; i < 3; ++i) b.next();
  EXPECT_EQ(a.fork().next(), b.fork().next());
}

TEST(Prng, StaysBelowItsBound) {
  Prng prng(1);
  int hits = 0;
  for (int i = 0; i < 10'000; ++i) {
    ASSERT_LT(prng.below(7), 7u);
    hits += prng.chance(1, 4) ? 1 : 0;
  }
  EXPECT_GT(hits, 2300);
  EXPECT_LT(hits, 2700);
}

}  // namespace
}  // namespace pando
