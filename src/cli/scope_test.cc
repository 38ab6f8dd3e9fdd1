#include "cli/scope.h"

#include <gtest/gtest.h>

namespace pando::cli::scope_test {
namespace {

using nlohmann::json;

TEST(ScopeText, SaysWhatTheNodeTakesAndWhatArrives) {
  const json answer = json::parse(R"({"namespace":"plant","publish":["alerts"],"subscribe":["limits","thresholds"],
      "held":["thresholds"],"arriving":"120 bytes came from cloud so far",
      "configured":{"publish":["alerts"],"subscribe":["thresholds"]}})");
  EXPECT_EQ(format_scope(answer),
            "publishes   alerts\n"
            "subscribes  limits, thresholds\n"
            "here        thresholds\n"
            "arriving    120 bytes came from cloud so far\n"
            "changed at run time: the configuration says publishes alerts, subscribes thresholds\n");
  const json all = json::parse(R"({"publish":["*"],"subscribe":[],"held":[],"arriving":"",
      "configured":{"publish":["*"],"subscribe":[]}})");
  EXPECT_EQ(format_scope(all), "publishes   all tables\nsubscribes  no tables\n");
}

TEST(ScopeText, AsksForWhatTheFlagsSay) {
  ScopeCommand command;
  EXPECT_TRUE(scope_change(command).is_null());
  command.subscribe = "limits,thresholds";
  command.discard = true;
  EXPECT_EQ(scope_change(command).dump(), R"({"discard":true,"subscribe":["limits","thresholds"]})");
  command = {};
  command.publish = "none";
  EXPECT_EQ(scope_change(command).dump(), R"({"publish":[]})");
  command.publish = "*";
  EXPECT_EQ(scope_change(command).dump(), R"({"publish":["*"]})");
  const auto refused = parse_command_line({"scope", "--discard"});
  ASSERT_FALSE(refused.has_value());
  EXPECT_NE(refused.error().message().find("--subscribe"), std::string::npos);
}

}  // namespace
}  // namespace pando::cli::scope_test
