#include "sim/scenario.h"

#include <gtest/gtest.h>

#include "sim/scenario_player.h"
#include "sim/scenario_requests.h"

namespace pando::sim {
namespace {

constexpr std::string_view kScript = R"(# a comment
nodes dc1 dc2

dc1> PUT k v
dc1> GET k
----
v
# another
dc1> LIST
----
| dc1> not a command
k
settle
)";

TEST(Scenario, ParsesStepsAndTheirAnswersAndFormatsThemBack) {
  const Result<Scenario> scenario = parse_scenario("test", kScript);
  ASSERT_TRUE(scenario.has_value()) << scenario.error().to_string();
  ASSERT_EQ(scenario->steps.size(), 5u);
  EXPECT_EQ(scenario->steps[0].command, "nodes dc1 dc2");
  EXPECT_EQ(scenario->steps[0].text, (std::vector<std::string>{"# a comment"}));
  EXPECT_FALSE(scenario->steps[1].has_expected);
  EXPECT_EQ(scenario->steps[2].line, 5u);
  EXPECT_EQ(scenario->steps[2].expected, (std::vector<std::string>{"v"}));
  EXPECT_EQ(scenario->steps[3].expected, (std::vector<std::string>{"dc1> not a command", "k"}));
  EXPECT_EQ(scenario->steps[4].command, "settle");
  EXPECT_EQ(format_scenario(*scenario), kScript);
}

TEST(Scenario, RefusesWhatItDoesNotKnowByLine) {
  struct {
    std::string_view text, message;
  } const rows[] = {
      {"nodes dc1\nfly dc1\n", "t:2: not a command: fly dc1"},
      {"----\nx\n", "t:1: ---- without a command before it"},
      {"nodes dc1\n\n----\n", "t:3: ---- without a command before it"},
  };
  for (const auto& row : rows) {
    const Result<Scenario> scenario = parse_scenario("t", row.text);
    ASSERT_FALSE(scenario.has_value()) << row.text;
    EXPECT_EQ(scenario.error().message(), row.message);
  }
}

TEST(Scenario, CommandsAreVerbsAndPrompts) {
  for (const char* line : {"settle", "cut dc1 dc2", "dc1> GET k", "dc1/ns> GET k", "dc1&> GET k", "dc-1.a>"}) {
    EXPECT_TRUE(looks_like_command(line)) << line;
  }
  for (const char* line : {"", "5", "settled", "{\"a\": 1} > b", "a b> c", "> x", "x>y"}) {
    EXPECT_FALSE(looks_like_command(line)) << line;
  }
}

TEST(Scenario, WordsHaveQuotesAndBytes) {
  struct {
    std::string_view line;
    std::vector<std::string> words;
  } const rows[] = {
      {" a  b ", {"a", "b"}},
      {R"('a b' "c 'd'")", {"a b", "c 'd'"}},
      {R"(x'y z'w)", {"xy zw"}},
      {R"('' "")", {"", ""}},
      {R"(\x41\x00 \xZZ)", {std::string("A\0", 2), "\\xZZ"}},
      {R"(a\)", {"a\\"}},
  };
  for (const auto& row : rows) {
    const auto words = split_words(row.line);
    ASSERT_TRUE(words.has_value()) << row.line;
    EXPECT_EQ(*words, row.words) << row.line;
  }
  EXPECT_FALSE(split_words("'open").has_value());
}

TEST(Scenario, ADifferenceFailsAndIsRewritten) {
  const Result<Scenario> scenario = parse_scenario("t", "nodes dc1\ndc1> PUT k v\ndc1> GET k\n----\nw\n");
  const ScenarioOutcome outcome = run_scenario(*scenario, {});
  EXPECT_FALSE(outcome.passed);
  EXPECT_EQ(outcome.report, "t:3: dc1> GET k\n  expected\n    w\n  got\n    v\n");
  EXPECT_TRUE(run_scenario(outcome.rewritten, {}).passed);
}

TEST(Scenario, AFailureNobodyExpectedFails) {
  const ScenarioOutcome outcome = run_scenario(*parse_scenario("t", "nodes dc1\ndc1> PUT '' v\n"), {});
  EXPECT_FALSE(outcome.passed);
  EXPECT_EQ(outcome.report, "t:2: dc1> PUT '' v\n  got\n    ! invalid_argument: key is empty\n");
}

TEST(Scenario, MistakesInTheScriptAreNamed) {
  struct {
    std::string_view text, output;
  } const rows[] = {
      {"dc1> GET k\n", "! script: no `nodes` yet"},
      {"nodes dc1\ndc2> GET k\n", "! script: there is no node 'dc2'"},
      {"nodes dc1\nsettle\nnodes dc2\n", "! script: 'nodes' comes before the first event"},
      {"nodes dc1\nsleep 5\n", "! script: '5' is not a duration, like 200ms, 5s, 2h"},
      {"nodes dc1\nsleep 5x\n", "! script: '5x' has no known unit (us ms s m h d)"},
      {"nodes dc1\ncrash dc1\ncrash dc1\n", "! script: dc1 is down"},
      {"nodes dc1\ndc1> 'GET k\n", "! script: a quote is not closed"},
      {"nodes dc1\ndc1> FLY k\n", "! invalid_argument: FLY with 2 words is not a mutation"},
  };
  for (const auto& row : rows) {
    const ScenarioOutcome outcome = run_scenario(*parse_scenario("t", row.text), {});
    EXPECT_NE(outcome.report.find(row.output), std::string::npos) << row.text << outcome.report;
  }
}

}  // namespace
}  // namespace pando::sim
