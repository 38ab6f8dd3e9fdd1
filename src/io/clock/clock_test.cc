#include "io/clock/clock.h"

#include <gtest/gtest.h>

namespace pando::io {
namespace {

TEST(Clock, MonotonicNeverGoesBackAndWallIsOfThisCentury) {
  Time before = clock_now();
  for (int i = 0; i < 10'000; ++i) {
    const Time now = clock_now();
    ASSERT_LE(before.mono_us, now.mono_us);
    before = now;
  }
  EXPECT_GT(before.wall_ms, 1'700'000'000'000) << "the machine's clock says it is before November 2023";
}

}  // namespace
}  // namespace pando::io
