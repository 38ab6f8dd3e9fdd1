#include "cli/crdt_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/base64.h"
#include "cli/crdt_client.h"

namespace pando::cli {
namespace {

using ::testing::HasSubstr;

std::vector<Bytes> message(const std::string& ns, const std::string& key, const std::string& payload) {
  return {ns + ".kv", R"({"key":")" + key + R"(","namespace":")" + ns +
                          R"(","operation":"put","entry_type":"kv","seq_num":1,"value":")" + base64_encode(payload) +
                          R"(","origin":"dc1"})"};
}

std::vector<Bytes> lww(const std::string& ns, const std::string& key, const std::string& value, long timestamp,
                       const std::string& replica) {
  return message(
      ns, key,
      R"({"value":)" + value + R"(,"timestamp":)" + std::to_string(timestamp) + R"(,"replica":")" + replica + R"("})");
}

std::vector<Bytes> count(const std::string& key, const std::string& replica, long n) {
  return message(replica, key, R"({"replica":")" + replica + R"(","count":)" + std::to_string(n) + "}");
}

const std::string kDc1 = "ad-campaign-dc1";
const std::string kDc2 = "ad-campaign-dc2";

// The blocks of the tutorial, each as it is shown there.

TEST(CrdtState, TutorialScenario1) {
  CrdtState state;
  EXPECT_EQ(state.on_message(lww(kDc1, "lww:user-status", R"("online")", 1698765432000, kDc1)),
            R"(
Change notification received
  Topic: ad-campaign-dc1.kv
  Key: lww:user-status
  Operation: put
Processing update: lww:user-status
  LWW-Register updated: lww:user-status
    Value: online
    Timestamp: 1698765432000
    Replica: ad-campaign-dc1

CURRENT CRDT STATE
LWW-Registers:
  lww:user-status:
    Value: online
    Timestamp: 1698765432000
    Replica: ad-campaign-dc1
)");
  EXPECT_EQ(state.on_message(lww(kDc2, "lww:user-status", R"("away")", 1698765433000, kDc2)),
            R"(
Change notification received
  Topic: ad-campaign-dc2.kv
  Key: lww:user-status
  Operation: put
Processing update: lww:user-status
  LWW-Register updated: lww:user-status
    Value: away
    Timestamp: 1698765433000
    Replica: ad-campaign-dc2

CURRENT CRDT STATE
LWW-Registers:
  lww:user-status:
    Value: away
    Timestamp: 1698765433000
    Replica: ad-campaign-dc2
)");
}

TEST(CrdtState, TutorialScenarios3And5) {
  CrdtState state;
  state.on_message(count("counter:page-views", kDc1, 5));
  EXPECT_EQ(state.on_message(count("counter:page-views", kDc2, 3)), R"(
Change notification received
  Topic: ad-campaign-dc2.kv
  Key: counter:page-views
  Operation: put
Processing update: counter:page-views
  G-Counter updated: counter:page-views
    Replica: ad-campaign-dc2
    Count: 3

CURRENT CRDT STATE
G-Counters:
  counter:page-views:
    Replica Counts: {"ad-campaign-dc1":5,"ad-campaign-dc2":3}
    Total: 8
)");
  CrdtState other;
  other.on_message(count("counter:db-queries", kDc1, 250));
  other.on_message(count("counter:api-calls", kDc2, 75));
  other.on_message(count("counter:api-calls", kDc1, 100));
  EXPECT_EQ(other.text(), R"(CURRENT CRDT STATE
G-Counters:
  counter:api-calls:
    Replica Counts: {"ad-campaign-dc1":100,"ad-campaign-dc2":75}
    Total: 175
  counter:db-queries:
    Replica Counts: {"ad-campaign-dc1":250}
    Total: 250
)") << "sorted, whatever came first";
}

TEST(CrdtState, TutorialScenario4) {
  CrdtState state;
  state.on_message(lww(kDc1, "lww:feature-flag", "true", 2000, kDc1));
  const std::string before = state.text();
  EXPECT_THAT(state.on_message(lww(kDc2, "lww:feature-flag", "false", 1000, kDc2)), ::testing::EndsWith(R"(
Processing update: lww:feature-flag
  LWW-Register ignored (stale): lww:feature-flag
    Incoming timestamp: 1000
    Current timestamp: 2000
)"));
  EXPECT_EQ(state.text(), before);
}

TEST(CrdtState, WhoWins) {
  const struct {
    std::vector<Bytes> loser;
    std::vector<Bytes> winner;
    const char* why;
  } rows[] = {
      {lww("a", "lww:k", R"("z")", 1, "z"), lww("a", "lww:k", R"("a")", 2, "a"), "later beats all else"},
      {lww("a", "lww:k", R"("z")", -2, "z"), lww("a", "lww:k", R"("a")", -1, "a"), "also before 1970"},
      {lww("a", "lww:k", R"("z")", 1, "a"), lww("a", "lww:k", R"("a")", 1, "b"), "higher replica beats value"},
      {lww("a", "lww:k", R"("z")", 1, "B"), lww("a", "lww:k", R"("a")", 1, "a"), "bytewise: 'a' is above 'B'"},
      {lww("a", "lww:k", R"("z")", 1, "x"), lww("a", "lww:k", R"("a")", 1, "\xc3\xa4"), "bytewise: unsigned"},
      {lww("a", "lww:k", R"("a")", 1, "r"), lww("b", "lww:k", R"("b")", 1, "r"),
       "higher value; namespaces say nothing"},
      {count("counter:k", "r", 4), count("counter:k", "r", 5), "more"},
      {count("counter:k", "r", 0), count("counter:k", "r", 9223372036854775807), "the largest"},
  };
  for (const auto& row : rows) {
    CrdtState one;
    EXPECT_THAT(one.on_message(row.loser), HasSubstr("updated")) << row.why;
    EXPECT_THAT(one.on_message(row.winner), HasSubstr("updated")) << row.why;
    CrdtState other;
    EXPECT_THAT(other.on_message(row.winner), HasSubstr("updated")) << row.why;
    EXPECT_THAT(other.on_message(row.loser), HasSubstr("ignored (stale)")) << row.why;
    EXPECT_THAT(other.on_message(row.winner), HasSubstr("ignored (stale)")) << row.why;
    EXPECT_EQ(one.text(), other.text()) << row.why;
  }
}

TEST(CrdtState, EveryOrderEndsTheSame) {
  std::vector<std::vector<Bytes>> messages = {
      lww("a", "lww:k", "true", 1, "a"), lww("a", "lww:k", "1", 1, "b"), lww("b", "lww:k", "2", 1, "b"),
      count("counter:k", "a", 1),        count("counter:k", "a", 2),     count("counter:k", "b", 1),
  };
  std::sort(messages.begin(), messages.end());
  std::string expected;
  do {
    CrdtState state;
    for (const auto& m : messages) state.on_message(m);
    state.on_message(messages.front());
    if (expected.empty()) expected = state.text();
    ASSERT_EQ(state.text(), expected);
  } while (std::next_permutation(messages.begin(), messages.end()));
}

TEST(CrdtState, ValuesAsShown) {
  const struct {
    std::string json;
    std::string shown;
  } rows[] = {
      {R"("text")", "text"}, {"true", "true"},
      {"null", "null"},      {"1.5", "1.5"},
      {"[1, 2]", "[1,2]"},   {R"({"b":1, "a":[]})", R"({"b":1,"a":[]})"},
      {R"("")", ""},         {R"("two\nlines\u001b[31m")", R"(two\nlines\x1b[31m)"},
  };
  for (const auto& row : rows) {
    CrdtState state;
    state.on_message(lww("a", "lww:k", row.json, 1, "r"));
    EXPECT_THAT(state.text(), HasSubstr("    Value: " + row.shown + "\n"));
  }
}

TEST(CrdtState, TotalsMayPass64Bits) {
  CrdtState state;
  for (const char* replica : {"a", "b", "c"}) state.on_message(count("counter:k", replica, 9223372036854775807));
  EXPECT_THAT(state.text(), HasSubstr("Total: 27670116110564327421\n"));
}

TEST(CrdtState, WhatCannotBeMergedIsSaidInOneLine) {
  const auto with_value = [](const std::string& key, const std::string& value) {
    return std::vector<Bytes>{"ns.kv", R"({"key":")" + key + R"(","operation":"put","value":")" + value + R"("})"};
  };
  const struct {
    std::vector<Bytes> frames;
    std::string line;
  } rows[] = {
      {{"ns.kv"}, "Malformed notification ignored: 1 frames instead of 2"},
      {{"ns.kv", "{}", ""}, "Malformed notification ignored: 3 frames instead of 2"},
      {{"ns.kv", "nonsense"}, "Malformed notification ignored: not a JSON object"},
      {{"ns.kv", "[1]"}, "Malformed notification ignored: not a JSON object"},
      {{"ns.kv", R"({"key":7})"}, "Malformed notification ignored: no key or no operation"},
      {{"ns.kv", R"({"key":"lww:k","operation":"delete"})"}, "  Nothing to merge in a delete: lww:k"},
      {with_value("lww:k", "&&"), "  Malformed value ignored: illegal base64 data at input byte 0"},
      {message("ns", "plain", "x"), "  Not a CRDT key, ignored: plain"},
      {message("ns", "lww:k", "x"), "  Malformed LWW-Register payload ignored: lww:k"},
      {message("ns", "lww:k", R"({"value":1,"timestamp":1.5,"replica":"r"})"),
       "  Malformed LWW-Register payload ignored: lww:k"},
      {message("ns", "lww:k", R"({"timestamp":1,"replica":"r"})"), "  Malformed LWW-Register payload ignored: lww:k"},
      {message("ns", "counter:k", R"({"replica":"r","count":-1})"), "  Malformed G-Counter payload ignored: counter:k"},
      {message("ns", "counter:k", R"({"count":1})"), "  Malformed G-Counter payload ignored: counter:k"},
  };
  CrdtState state;
  for (const auto& row : rows) {
    EXPECT_THAT(state.on_message(row.frames), ::testing::EndsWith("\n" + row.line + "\n"));
    EXPECT_EQ(state.text(), "CURRENT CRDT STATE\n");
  }
}

TEST(CrdtClientOptions, Sources) {
  std::string why;
  const auto source = parse_crdt_source("ad=tcp://[::1]:5555", &why);
  ASSERT_TRUE(source.has_value());
  EXPECT_EQ(source->ns, "ad");
  EXPECT_EQ(source->endpoint, "tcp://[::1]:5555");
  for (const char* bad : {"", "ad", "=tcp://x:1", "ad=localhost:5555"}) {
    EXPECT_FALSE(parse_crdt_source(bad, &why).has_value()) << bad;
    EXPECT_THAT(why, HasSubstr("tcp://localhost:5555"));
  }
}

}  // namespace
}  // namespace pando::cli
