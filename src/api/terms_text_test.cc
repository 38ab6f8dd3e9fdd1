#include "api/terms_text.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace pando::api::terms_text_test {
namespace {

// The call that `line` makes, with its terms taken from `headers`.
struct Taken {
  Call call;
  Status status;
};
Taken take(std::string_view line, const Headers& headers) {
  const std::size_t space = line.find(' ');
  auto call = route(method_of(line.substr(0, space)), line.substr(space + 1));
  EXPECT_TRUE(call.has_value()) << line;
  Status status = take_terms(headers, *call);
  return {std::move(*call), std::move(status)};
}

constexpr std::string_view kPut = "PUT /api/v1/ns/kv/k";
constexpr std::string_view kGet = "GET /api/v1/ns/kv/k";

Headers durability(std::string_view text) {
  Headers headers;
  headers.durability = text;
  return headers;
}
Headers token(std::string_view text, std::string_view wait = {}) {
  Headers headers;
  headers.token = text;
  headers.wait = wait;
  return headers;
}
Headers if_match(std::string_view text) {
  Headers headers;
  headers.if_match = text;
  return headers;
}
Headers if_none_match(std::string_view text) {
  Headers headers;
  headers.if_none_match = text;
  return headers;
}

Headers blank(std::string_view name) {
  Headers headers;
  headers.blank = name;
  return headers;
}

TEST(Terms, NoHeadersNoTerms) {
  const Taken put = take(kPut, {});
  EXPECT_TRUE(put.status.ok());
  EXPECT_TRUE(put.call.terms.plain());
}

TEST(Terms, TokenAndWait) {
  const Taken get = take(kGet, token(" dc1:17,dc2#2:4 ", "1500ms"));
  ASSERT_TRUE(get.status.ok()) << get.status.to_string();
  ASSERT_TRUE(get.call.terms.after.has_value());
  EXPECT_EQ(to_string(*get.call.terms.after), "dc1:17,dc2#2:4");
  EXPECT_TRUE(get.call.terms.wants_token);
  EXPECT_EQ(get.call.terms.after_wait, Duration::millis(1500));
  // An empty token waits for nothing and asks to be told.
  const Taken empty = take(kGet, token(""));
  EXPECT_TRUE(empty.status.ok());
  EXPECT_FALSE(empty.call.terms.after.has_value());
  EXPECT_TRUE(empty.call.terms.wants_token);
  EXPECT_EQ(empty.call.terms.after_wait, Terms().after_wait);
}

TEST(Terms, Durability) {
  struct Row {
    std::string_view text;
    std::string_view level;
    Duration wait;
  };
  const Row rows[] = {
      {"memory", "memory", Terms().durability_wait},
      {"fsync,wait=1s", "fsync", Duration::seconds(1)},
      {"sites:2 , wait=500ms", "sites:2", Duration::millis(500)},
      {"site:dc2,wait=0ms", "site:dc2", Duration::millis(0)},
      {"os,wait=60s", "os", Duration::seconds(60)},
  };
  for (const Row& row : rows) {
    const Taken put = take(kPut, durability(row.text));
    ASSERT_TRUE(put.status.ok()) << row.text << ": " << put.status.to_string();
    EXPECT_EQ(to_string(*put.call.terms.durability), row.level);
    EXPECT_EQ(put.call.terms.durability_wait, row.wait) << row.text;
  }
}

TEST(Terms, ConditionsOfWritesGoToTheNode) {
  struct Row {
    const char* why;
    Headers headers;
    bool any;
    std::vector<std::string> etags;
  };
  const Row rows[] = {
      {"whatever is there", if_match(" * "), true, {}},
      {"one", if_match("\"a b\""), false, {"a b"}},
      {"several", if_match("\"a\" ,\t\"b\",\"\""), false, {"a", "b", ""}},
      {"a weak one never matches strongly", if_match("W/\"a\", \"b\""), false, {"b"}},
      {"nothing there", if_none_match("*"), true, {}},
      {"a weak one matches weakly", if_none_match("W/\"a\""), false, {"a"}},
  };
  for (const Row& row : rows) {
    const Taken put = take(kPut, row.headers);
    ASSERT_TRUE(put.status.ok()) << row.why << ": " << put.status.to_string();
    const auto& condition = row.headers.if_match.empty() ? put.call.terms.if_none_match : put.call.terms.if_match;
    ASSERT_TRUE(condition.has_value()) << row.why;
    EXPECT_EQ(condition->any, row.any) << row.why;
    EXPECT_EQ(condition->etags, row.etags) << row.why;
    EXPECT_FALSE(put.call.read_if.match || put.call.read_if.none_match) << row.why;
  }
}

// A read is answered, and looked at then.
TEST(Terms, ConditionsOfReads) {
  struct Row {
    const char* why;
    Headers headers;
    std::string etag;
    int status;
    std::string body;
  };
  const std::string kValue = "{\"value\":\"\",\"found\":false}\n";
  const std::string kFailed = "{\"error\":\"the state here is none that If-Match names\"}\n";
  const Row rows[] = {
      {"no condition", {}, "e1", 200, kValue},
      {"known already", if_none_match("\"e0\", W/\"e1\""), "e1", 304, ""},
      {"changed since", if_none_match("\"e0\""), "e1", 200, kValue},
      {"known to be there", if_none_match("*"), "e1", 304, ""},
      {"not there", if_none_match("*"), "", 200, kValue},
      {"as expected", if_match("\"e1\""), "e1", 200, kValue},
      {"another state", if_match("\"e0\""), "e1", 412, kFailed},
      {"nothing there", if_match("*"), "", 412, kFailed},
  };
  for (const Row& row : rows) {
    const Taken get = take(kGet, row.headers);
    ASSERT_TRUE(get.status.ok()) << row.why;
    EXPECT_FALSE(get.call.terms.if_match || get.call.terms.if_none_match) << row.why;
    EXPECT_EQ(get.call.terms.wants_etag, !row.headers.plain()) << row.why;
    Reply reply{{}, ValueReply{}, {}};
    reply.etag = row.etag;
    Bytes body;
    EXPECT_EQ(append_reply(get.call, reply, body), row.status) << row.why;
    EXPECT_EQ(body, row.body) << row.why;
  }
}

TEST(Terms, MalformedOnesAreNamed) {
  const std::string many = [] {
    std::string list = "\"a\"";
    for (std::size_t i = 0; i < limits::kConditionEtagsMax; ++i) list += ",\"a\"";
    return list;
  }();
  const std::string long_key(limits::kIdempotencyKeyBytesMax + 1, 'k');
  Headers key;
  key.idempotency_key = long_key;
  constexpr std::string_view kWaits = "a wait is a number of ms or s, at most 60s, as in 500ms, not ";
  struct Row {
    std::string_view line;
    Headers headers;
    std::string text;
  };
  const Row rows[] = {
      {kGet, token("dc1"), "Pando-Token: causal token: no \"origin:number\" at byte 0"},
      {kGet, token("dc2:1,dc1:1"), "Pando-Token: causal token: origins out of order at byte 6"},
      {kGet, token("", "soon"), "Pando-Wait: " + std::string(kWaits) + "\"soon\""},
      {kGet, token("", "5"), "Pando-Wait: " + std::string(kWaits) + "\"5\""},
      {kGet, token("", "61s"), "Pando-Wait: " + std::string(kWaits) + "\"61s\""},
      {kGet, token("", "99999999999999999999s"), "Pando-Wait: " + std::string(kWaits) + "\"99999999999999999999s\""},
      {kGet, token("", "-1s"), "Pando-Wait: " + std::string(kWaits) + "\"-1s\""},
      {kPut, durability("disk"),
       "Pando-Durability: durability \"disk\" is none of memory, os, fsync, sites:N, site:NAME"},
      {kPut, durability("sites:0"),
       "Pando-Durability: durability \"sites:0\" is none of memory, os, fsync, sites:N, site:NAME"},
      {kPut, durability("os,then"), "Pando-Durability: only wait= may follow, not \"then\""},
      {kPut, durability("os,wait=1h"), "Pando-Durability: " + std::string(kWaits) + "\"1h\""},
      {kPut, if_match("e1"), "If-Match: must be * or a list of ETags in quotes"},
      {kPut, if_match("\"e1"), "If-Match: must be * or a list of ETags in quotes"},
      {kPut, if_match("\"e1\" \"e2\""), "If-Match: ETags are separated by commas"},
      {kPut, if_match("\"e1\","), "If-Match: must be * or a list of ETags in quotes"},
      {kPut, if_none_match(many), "If-None-Match: more than 64 ETags"},
      {kPut, key, "Idempotency-Key has 257 bytes, the limit is 256"},
      {kPut, blank("Idempotency-Key"), "Idempotency-Key is empty: leave it out, or say what"},
      // What was asked for and is not given is not passed over.
      {kGet, durability("fsync"), "Pando-Durability is not taken by kv_get"},
      {"POST /api/v1/ns/kv/batch", if_match("*"), "If-Match is not taken by kv_batch"},
      {"GET /api/v1/ns/stats", if_none_match("*"), "If-None-Match is not taken by stats"},
  };
  for (const Row& row : rows) {
    const Taken taken = take(row.line, row.headers);
    EXPECT_EQ(taken.status.code(), StatusCode::kInvalidArgument) << row.text;
    EXPECT_EQ(taken.status.message(), row.text);
  }
}

TEST(Terms, HarmlessOnesAreIgnored) {
  Headers headers = token("dc1:1");
  headers.idempotency_key = "once";
  const Taken begin = take("POST /api/v1/ns/tx/begin", headers);
  EXPECT_TRUE(begin.status.ok());
  EXPECT_TRUE(begin.call.terms.plain());
}

TEST(AnswerTerms, TokenOfAWriteIsItsDot) {
  Reply reply;
  EXPECT_FALSE(answer_terms(reply).has_token);
  reply.dot = Dot{{"dc1", 2}, Seq(17)};
  EXPECT_EQ(answer_terms(reply).token, "dc1#2:17");
  reply.token = CausalToken{};  // it has seen nothing, and says so
  EXPECT_TRUE(answer_terms(reply).has_token);
  EXPECT_EQ(answer_terms(reply).token, "");
  reply.etag = "e1";
  EXPECT_EQ(answer_terms(reply).etag, "\"e1\"");
}

TEST(AnswerTerms, WhatWasReachedAndWhatWasAnsweredBefore) {
  Reply reply;
  EXPECT_EQ(answer_terms(reply).reached, "");
  EXPECT_FALSE(answer_terms(reply).replayed);
  reply.reached = Reply::Reached{Durability::Level::kOs, 0};
  EXPECT_EQ(answer_terms(reply).reached, "os");
  reply.reached = Reply::Reached{Durability::Level::kFsync, 2};
  reply.replayed = true;
  EXPECT_EQ(answer_terms(reply).reached, "sites:2");
  EXPECT_TRUE(answer_terms(reply).replayed);
}

}  // namespace
}  // namespace pando::api::terms_text_test
