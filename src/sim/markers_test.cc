#include "sim/markers.h"

#include <gtest/gtest.h>

#include <set>

#include "sim/scenario.h"
#include "sim/seeded_run.h"

namespace pando::sim {
namespace {

TEST(Markers, TheTableIsWholeAndInOrder) {
  const auto& all = all_markers();
  ASSERT_EQ(all.size(), static_cast<std::size_t>(Marker::kCount_));
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(all[i].marker, static_cast<Marker>(i)) << all[i].name;
    EXPECT_TRUE(names.insert(all[i].name).second) << all[i].name;
  }
}

TEST(Markers, WhatWasNeverReachedIsNamedByWhoShouldHave) {
  MarkerCounts counts;
  EXPECT_EQ(counts.missing(true).size() + counts.missing(false).size(), all_markers().size());
  EXPECT_EQ(counts.describe(), "nothing");
  MarkerCounts one;
  one.reach(Marker::kTornTail);
  counts.add(one);
  counts.add(one);
  EXPECT_EQ(counts.describe(), "torn-tail 2");
  EXPECT_EQ(counts.missing(true).size() + counts.missing(false).size(), all_markers().size() - 1);
}

// Each row reaches its branch in a few lines; the phrases that markers look for are the nodes' own.
TEST(Markers, AScenarioReachesItsBranch) {
  struct {
    Marker marker;
    std::string_view script;
  } const rows[] = {
      {Marker::kConflict, "nodes a b\ncut a b\na> PUT k 1\nb> PUT k 2\nheal\nsettle\n"},
      {Marker::kReplayed, "nodes a\na> PUT k 1\ncrash a\nstart a\n"},
      {Marker::kCleanStart, "nodes a\na> PUT k 1\nrestart a\n"},
      {Marker::kSyncFailed, "nodes a\nunchecked\ndisk a fsync-fails\na&> PUT k 1\nsleep 1s\n"},
      {Marker::kStrangerRefused, "nodes a\nstranger a noise\nsleep 1s\n"},
      {Marker::kHalfOpenLink, "nodes a b\nsettle\ncut a -> b\nsleep 20s\n"},
      {Marker::kAnsweredAgain, "nodes a\na> PUT k 1 IDEMPOTENT x\na> PUT k 1 IDEMPOTENT x\n"},
      {Marker::kTakenBack,
       "nodes a b\ncut a b\na> INCR n 1 IDEMPOTENT x\nb> INCR n 1 IDEMPOTENT x\nheal\nsettle\nsleep 2s\n"},
      {Marker::kPoison, "nodes a b\nspoil 1\na> PUT k 1\nsleep 1s\n"},
      {Marker::kEpochPeerKnows,
       "nodes a b\nunchecked\na> PUT j 1\nsettle\nbackup a\na> PUT k 1\nsettle\ncrash a\nrestore a\nstart a\nsettle\n"},
      {Marker::kEpochMetAnother, "nodes a b\nsleep 1s\ncrash a power\nwipe a\nstart a\nsleep 5s\n"},
  };
  for (const auto& row : rows) {
    const std::string name(all_markers()[static_cast<std::size_t>(row.marker)].name);
    const Result<Scenario> scenario = parse_scenario(name, row.script);
    ASSERT_TRUE(scenario.has_value()) << scenario.error().message();
    const ScenarioOutcome outcome = run_scenario(*scenario, {});
    EXPECT_GT(outcome.markers.of(row.marker), 0u) << name << ": " << outcome.markers.describe() << outcome.report;
  }
}

TEST(Markers, CountingIsAFunctionOfTheSeed) {
  const SeededOutcome once = run_seed({4, 150, DriverMutation::kNone, {}});
  const SeededOutcome again = run_seed({4, 150, DriverMutation::kNone, {}});
  EXPECT_EQ(once.markers.describe(), again.markers.describe());
  EXPECT_NE(once.markers.describe(), "nothing");
}

}  // namespace
}  // namespace pando::sim
