#include "cli/nodes.h"

#include <gtest/gtest.h>

namespace pando::cli::nodes_test {
namespace {

using nlohmann::json;

json draining(bool safe) {
  return {{"namespace", "ad"},
          {"draining", true},
          {"safe", safe},
          {"transactions", 0},
          {"counters", 0},
          {"looking", false},
          {"peers", json::array({json{{"peer", "dc2"}, {"lacksCommits", 0}}})}};
}

TEST(Drain, SaysWhenItIsSafeAndWhatIsMissingBefore) {
  EXPECT_EQ(format_drain(draining(true), false), "ad  safe to stop: dc2 has everything on disk\n");
  json answer = draining(false);
  answer["transactions"] = 1;
  answer["counters"] = 2;
  answer["looking"] = true;
  answer["peers"][0]["lacksCommits"] = 1;
  EXPECT_EQ(
      format_drain(answer, false),
      "ad  draining: dc2 lacks 1 commit, 1 transaction is open, rights of 2 bounded counters are still here, looking "
      "for bounded counters\n");
  answer["draining"] = false;
  EXPECT_EQ(format_drain(answer, false), "ad  takes writes\n");
}

TEST(Drain, SaysThatNobodyIsThere) {
  json answer = draining(false);
  EXPECT_EQ(drain_stuck(answer), "");
  answer["peers"] = json::array();
  EXPECT_EQ(format_drain(answer, false), "ad  draining: no peer is linked that takes all tables\n");
  EXPECT_NE(drain_stuck(answer).find("ad: no peer that takes all tables is linked now"), std::string::npos);
}

TEST(Retire, SaysWhatIsLost) {
  json answer = {{"namespace", "ad"}, {"node", "dc3"},       {"epoch", 1},    {"done", false},
                 {"commits", 12},     {"missingCommits", 0}, {"counters", 0}, {"rights", 0}};
  EXPECT_EQ(format_retire(answer, false),
            "ad  dc3 would be retired, up to epoch 1: 12 commits of it here, and they stay.\n");
  answer["done"] = true;
  answer["missingCommits"] = 1;
  answer["counters"] = 1;
  answer["rights"] = 40;
  EXPECT_EQ(
      format_retire(answer, false),
      "ad  dc3 is retired, up to epoch 1: 12 commits of it here, and they stay.\n"
      "  1 commit of it that it had acknowledged is not here: only its disk has it. It is merged in if that disk is "
      "ever started again.\n"
      "  It holds 40 rights of 1 bounded counter, which nobody else can use: it may have used them unseen. Had it been "
      "drained, they would be elsewhere.\n");
}

TEST(Nodes, AreATable) {
  const json answers = json::array({json{
      {"namespace", "ad"},
      {"nodes", json::array({json{{"node", "dc1"}, {"state", "self"}, {"epoch", 1}, {"commits", 7}},
                             json{{"node", "dc3"},
                                  {"state", "retired"},
                                  {"epoch", 2},
                                  {"commits", 30},
                                  {"retired", json{{"epoch", 2}, {"by", "dc1"}, {"atMs", 1'700'000'000'000}}}}})}}});
  EXPECT_EQ(format_nodes(answers, false),
            "NAMESPACE  NODE  STATE    EPOCH  COMMITS  RETIRED\n"
            "ad         dc1   self         1        7  \n"
            "ad         dc3   retired      2       30  epoch 2 by dc1, 2023-11-14 22:13 UTC\n");
}

TEST(CommandLine, DrainRetireNodes) {
  const auto drain = parse_command_line({"drain", "--undo", "--url", "http://a:1", "--timeout", "3s"});
  ASSERT_TRUE(drain.has_value());
  EXPECT_TRUE(std::get<DrainCommand>(*drain).undo);
  EXPECT_EQ(std::get<DrainCommand>(*drain).wait_ms, 3000);
  EXPECT_FALSE(parse_command_line({"drain", "--timeout", "soon"}).has_value());
  const auto retire = parse_command_line({"retire", "dc3", "--yes"});
  ASSERT_TRUE(retire.has_value());
  EXPECT_EQ(std::get<RetireCommand>(*retire).node, "dc3");
  EXPECT_TRUE(std::get<RetireCommand>(*retire).yes);
  EXPECT_FALSE(parse_command_line({"retire"}).has_value()) << "whom?";
  EXPECT_TRUE(parse_command_line({"nodes", "--json"}).has_value());
}

}  // namespace
}  // namespace pando::cli::nodes_test
