#include "sim/shrink.h"

#include <gtest/gtest.h>

namespace pando::sim {
namespace {

// The first seed that fails under the mutation, made short; the file is what people get, so it is parsed again.
TEST(Shrink, AFailingSeedBecomesAShortScenarioThatFailsForTheSameReason) {
  struct {
    DriverMutation mutation;
    std::size_t steps_max;
  } const rows[] = {
      {DriverMutation::kTailCut, 16},
      {DriverMutation::kRequestTwice, 6},
      {DriverMutation::kEventTwice, 8},
  };
  for (const auto& row : rows) {
    ShrinkOptions options;
    options.plays_max = 400;
    options.run.steps = 80;
    options.run.mutation = row.mutation;
    // A run with backups, upgrades or scopes that change may fail by what a scenario does not say: then the next.
    Shrunk shrunk;
    for (; !shrunk.reproduced; ++options.run.seed) {
      ASSERT_LT(options.run.seed, 60u) << shrunk.checker;
      if (!run_seed(options.run).passed()) shrunk = shrink(options);
    }
    EXPECT_LE(shrunk.steps_after, row.steps_max) << format_scenario(shrunk.scenario);
    EXPECT_LT(shrunk.steps_after, shrunk.steps_before);

    const std::string text = format_scenario(shrunk.scenario);
    const Result<Scenario> file = parse_scenario("shrunk", text);
    ASSERT_TRUE(file.has_value()) << file.error().to_string() << "\n" << text;
    const ScenarioOutcome broken = run_scenario(*file, {.mutation = row.mutation});
    EXPECT_FALSE(broken.passed) << text;
    EXPECT_NE(broken.report.find(shrunk.checker + ": "), std::string::npos) << broken.report;
    const ScenarioOutcome sound = run_scenario(*file, {});
    EXPECT_TRUE(sound.passed) << sound.report << text;
  }
}

TEST(Shrink, ASeedThatPassesHasNothingToShrink) {
  ShrinkOptions options;
  options.run.steps = 40;
  const Shrunk shrunk = shrink(options);
  EXPECT_EQ(shrunk.checker, "");
  EXPECT_FALSE(shrunk.reproduced);
}

}  // namespace
}  // namespace pando::sim
