#include "sim/seeded_run.h"

#include <gtest/gtest.h>

namespace pando::sim {
namespace {

TEST(SeededRun, TheSameSeedIsTheSameRun) {
  for (const std::uint64_t seed : {3u, 17u, 91u}) {
    const SeededOutcome once = run_seed({seed, 150, DriverMutation::kNone, {}});
    const SeededOutcome again = run_seed({seed, 150, DriverMutation::kNone, {}});
    EXPECT_TRUE(once.passed()) << (once.passed() ? "" : once.violations[0].text);
    EXPECT_EQ(once.trace_hash, again.trace_hash);
    EXPECT_EQ(once.operations, again.operations);
    EXPECT_EQ(once.events, again.events);
    EXPECT_EQ(once.simulated, again.simulated);
  }
  EXPECT_NE(run_seed({1, 100, DriverMutation::kNone, {}}).trace_hash,
            run_seed({2, 100, DriverMutation::kNone, {}}).trace_hash);
}

TEST(SeededRun, KeepingLinesDoesNotChangeTheRun) {
  const SeededOutcome plain = run_seed({5, 100, DriverMutation::kNone, {}});
  const SeededOutcome kept = run_seed({5, 100, DriverMutation::kNone, {false, 20}});
  EXPECT_EQ(plain.trace_hash, kept.trace_hash);
  EXPECT_EQ(kept.last_lines.size(), 20u);
}

// All of them over many seeds: pando-sim --mutations.
TEST(SeededRun, ABrokenPromiseIsNoticed) {
  bool noticed = false;
  for (std::uint64_t seed = 1; seed < 20 && !noticed; ++seed) {
    noticed = !run_seed({seed, 200, DriverMutation::kRequestTwice, {}}).passed();
  }
  EXPECT_TRUE(noticed);
}

}  // namespace
}  // namespace pando::sim
