#include "sim/plan.h"

#include <gtest/gtest.h>

namespace pando::sim::plan_test {
namespace {

constexpr std::string_view kTopology = R"(
[[nodes]]
name = "a"
site = "north"
[[nodes]]
name = "b"
site = "south"
[[nodes]]
name = "c"
site = "south"
[[links]]
from = "a"
to = "b"
delay = "5ms"
bandwidth = "1Mbit"
loss = "1%"
[[links]]
from = "b"
to = "c"
[[links]]
from = "c"
to = "a"
[load]
writes_per_hour = 3600
keys = 20
for = "60s"
[log]
segment_bytes = 65536
)";

Result<Plan> plan_with(std::string_view faults) {
  return read_plan({"fleet.toml", std::string(kTopology)}, {"faults.toml", std::string(faults)});
}

TEST(Plan, IsReadAsItStands) {
  const Result<Plan> plan = plan_with(R"(
[[fault]]
kind = "slow"
between = ["north", "south"]
at = "20s"
for = "5s"
bandwidth = "50kbit"
[[fault]]
kind = "down"
site = "south"
at = "10s"
for = "1m"
)");
  ASSERT_TRUE(plan.has_value()) << plan.error().message();
  ASSERT_EQ(plan->faults.size(), 2u);
  EXPECT_EQ(plan->faults[0].words, "south is down for 1m");
  EXPECT_EQ(plan->faults[0].nodes, (std::vector<std::string>{"b", "c"}));
  EXPECT_EQ(plan->faults[1].words, "it is slow between north and south for 5s");
  EXPECT_EQ(plan->faults[1].quality.bytes_per_s, 6250u);
  EXPECT_EQ(plan->links.size(), 3u);
  EXPECT_EQ(plan->links[0].quality.delay_min, Duration::millis(5));
  EXPECT_EQ(plan->links[0].quality.lost_of_million, 10'000u);
  EXPECT_EQ(plan->load.writes_per_hour, 3600u);
}

TEST(Plan, MistakesNameFileLineAndKey) {
  const std::string two = "[[nodes]]\nname = \"a\"\n[[nodes]]\nname = \"b\"\n";
  struct {
    std::string topology, faults, message;
  } const rows[] = {
      {"x = 1\n", "",
       "fleet.toml:1: nodes: a fleet has [[nodes]], one or more\nfleet.toml:1: x: is not a key that is known here"},
      {"[[nodes]]\n", "", "fleet.toml:1: nodes.name: is missing"},
      {"[[nodes]]\nname = 3\n", "", "fleet.toml:2: nodes.name: wants text in quotes"},
      {two + "[[links]]\nfrom = \"a\"\nto = \"z\"\n", "", "fleet.toml:7: links.to: there is no node \"z\""},
      {two + "[[links]]\nfrom = \"a\"\nto = \"b\"\nbandwidth = \"fast\"\n", "",
       "fleet.toml:8: links.bandwidth: \"fast\" is not a bandwidth like \"50kbit\", \"10Mbit\", \"1MB\" (a second)"},
      {two + "[load]\nfor = \"long\"\n", "", "fleet.toml:6: load.for: 'long' is not a duration, like 200ms, 5s, 2h"},
      {two + "[load]\nspeed = 3\n", "", "fleet.toml:6: load.speed: is not a key that is known here"},
      {two, "[[fault]]\nkind = \"fire\"\n",
       "faults.toml:2: fault.kind: is one of: down crash power cut one-way slow clock disk-full"},
      {two, "[[fault]]\nkind = \"down\"\nsite = \"z\"\nat = \"1s\"\nfor = \"1s\"\n",
       "faults.toml:3: fault.site: there is no node or site \"z\""},
      {two, "[[fault]]\nkind = \"clock\"\nnode = \"a\"\nat = \"1s\"\n", "faults.toml:1: fault.by: is missing"},
      {two, "[[fault]]\nkind = \"cut\"\nbetween = [\"a\"]\nat = \"1s\"\nfor = \"1s\"\n",
       "faults.toml:3: fault.between: names two, nodes or sites"},
  };
  for (const auto& row : rows) {
    const Result<Plan> plan =
        read_plan({"fleet.toml", row.topology}, {row.faults.empty() ? "" : "faults.toml", row.faults});
    ASSERT_FALSE(plan.has_value()) << row.message;
    EXPECT_EQ(plan.error().message(), row.message);
  }
  EXPECT_NE(read_plan({"fleet.toml", "[[nodes\n"}, {}).error().message().find("fleet.toml:1: "), std::string::npos);
}

// One of each kind, at once or after another: nothing is lost, all come back, and the report says what was seen.
TEST(Plan, EveryKindOfFaultIsPlayedAndHeld) {
  const Result<Plan> plan = plan_with(R"(
fault = [
  { kind = "down",      site = "south", at = "5s",  for = "10s" },
  { kind = "cut",       site = "north", at = "20s", for = "5s" },
  { kind = "one-way",   from = "a", to = "south", at = "26s", for = "4s" },
  { kind = "slow",      between = ["a", "b"], at = "30s", for = "5s", bandwidth = "100kbit", loss = "20%" },
  { kind = "crash",     node = "c", at = "36s", for = "2s" },
  { kind = "power",     node = "a", at = "40s", for = "2s" },
  { kind = "clock",     node = "b", at = "44s", by = "+1h", for = "5s" },
  { kind = "disk-full", node = "a", at = "46s", for = "5s" },
]
)");
  ASSERT_TRUE(plan.has_value()) << plan.error().message();
  const PlanReport report = run_plan(*plan);
  EXPECT_TRUE(report.held) << report.text;
  for (const char* part :
       {"after 5s: south is down for 10s\n", "after 20s: nothing passes between north and all others for 5s\n",
        "after 26s: nothing passes from a to south for 4s\n", "after 44s: the clock of b jumps by 1h for 5s\n",
        "connection refused", "all have everything", "all nodes hold the same", "every checker is content"}) {
    EXPECT_NE(report.text.find(part), std::string::npos) << part << "\n" << report.text;
  }
  EXPECT_EQ(run_plan(*plan).text, report.text) << "the same plan, the same answer";
}

TEST(Plan, WithoutFaultsNobodyIsBehindForLong) {
  const Result<Plan> plan = read_plan({"fleet.toml", std::string(kTopology)}, {});
  ASSERT_TRUE(plan.has_value()) << plan.error().message();
  const PlanReport report = run_plan(*plan);
  EXPECT_TRUE(report.held) << report.text;
  EXPECT_EQ(report.text.find("not ("), std::string::npos) << report.text;
}

}  // namespace
}  // namespace pando::sim::plan_test
