#include "repl/dialer.h"

#include <gtest/gtest.h>

namespace pando::repl::dialer_test {
namespace {

constexpr Instant at(std::int64_t ms) { return Instant{ms * 1000}; }

// The wait after each of `count` failed dials, in milliseconds.
std::vector<std::int64_t> waits(std::uint64_t seed, int count) {
  Dialer dialer{Prng(seed)};
  std::vector<std::int64_t> waits;
  Instant now = at(0);
  for (int i = 0; i < count; ++i) {
    EXPECT_TRUE(dialer.poll(now));
    dialer.on_down(now, false);
    waits.push_back((dialer.next_deadline() - now).millis());
    now = dialer.next_deadline();
  }
  return waits;
}

TEST(Dialer, WaitsDoubleWithJitterUpToTheMaximum) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    const std::vector<std::int64_t> found = waits(seed, 10);
    std::int64_t full = 100;
    for (const std::int64_t wait : found) {
      EXPECT_GE(wait, full / 2);
      EXPECT_LE(wait, full);
      full = std::min<std::int64_t>(full * 2, 5000);
    }
  }
  EXPECT_NE(waits(1, 10), waits(2, 10)) << "two nodes do not knock in step";
  EXPECT_EQ(waits(1, 10), waits(1, 10)) << "a run can be replayed";
}

TEST(Dialer, DialsOnceAndWhenDue) {
  Dialer dialer{Prng(1)};
  EXPECT_LE(dialer.next_deadline(), at(0));
  EXPECT_TRUE(dialer.poll(at(0)));
  EXPECT_FALSE(dialer.poll(at(100'000))) << "still dialling";
  EXPECT_GT(dialer.next_deadline(), at(1'000'000'000));
  dialer.on_up();
  EXPECT_FALSE(dialer.poll(at(100'000))) << "up";
  dialer.on_down(at(100'000), false);
  EXPECT_FALSE(dialer.poll(at(100'000) + Duration::millis(49)));
  EXPECT_TRUE(dialer.poll(at(100'100)));
}

TEST(Dialer, HelloResetsAndRefusalWaitsLongest) {
  Dialer dialer{Prng(1)};
  Instant now = at(0);
  for (int i = 0; i < 8; ++i) {
    EXPECT_TRUE(dialer.poll(now));
    dialer.on_up();  // a stream without a Hello is no success: a proxy may answer for a dead node
    dialer.on_down(now, false);
    now = dialer.next_deadline();
  }
  EXPECT_EQ(dialer.failures(), 8u);
  EXPECT_TRUE(dialer.poll(now));
  dialer.on_up();
  dialer.on_hello();
  EXPECT_EQ(dialer.failures(), 0u);
  dialer.on_down(now, false);
  EXPECT_LE((dialer.next_deadline() - now).millis(), 100);

  now = dialer.next_deadline();
  EXPECT_TRUE(dialer.poll(now));
  dialer.on_up();
  dialer.on_hello();
  dialer.on_down(now, true);
  EXPECT_EQ((dialer.next_deadline() - now).millis(), 5000);
}

}  // namespace
}  // namespace pando::repl::dialer_test
