#include <gtest/gtest.h>

#include "api/rest.h"
#include "api/samples_suite.h"
#include "api/terms_text.h"

namespace pando::api::routes_limits_test {
namespace {

LimiterReply verdict(bool allowed, std::uint64_t remaining, std::int64_t retry_after_ms) {
  LimiterReply reply;
  reply.allowed = allowed;
  reply.terms = {LimiterTerms::Kind::kBucket, true, 10, 5, 60'000};
  reply.share = 5;
  reply.sites = {"dc1", "dc2"};
  reply.remaining = remaining;
  reply.retry_after_ms = retry_after_ms;
  return reply;
}
LimiterReply unknown() {
  LimiterReply reply;
  reply.found = false;
  return reply;
}
const Sample kSamples[] = {{"limit_take", verdict(true, 4, 0)},
                           {"limit_take", verdict(false, 0, 1'001)},
                           {"limit_take", verdict(false, 3, LimiterReply::kNever)},
                           {"limit_get", verdict(false, 0, 7)},
                           {"limit_get", unknown()},
                           {"limit_declare", DoneReply{1}},
                           {"limit_delete", DoneReply{1}},
                           {"limit_list", ListReply{{"login"}, false}}};

Result<Request> parse(Method method, std::string_view path, Bytes body) {
  Rest rest;
  auto call = route(method, "/api/v1/n/limits/login" + std::string(path));
  EXPECT_TRUE(call.has_value());
  return rest.parse(*call, {}, body);
}
Mutation parsed(Method method, std::string_view path, Bytes body) {
  const auto request = parse(method, path, std::move(body));
  EXPECT_TRUE(request.has_value()) << request.error().message();
  return request ? std::get<WriteRequest>(*request).mutations.at(0) : Mutation();
}
std::string refused(Method method, std::string_view path, Bytes body) {
  const auto request = parse(method, path, std::move(body));
  return request ? "taken" : request.error().message();
}
std::pair<int, Bytes> told(std::string_view path, Method method, const LimiterReply& reply) {
  Bytes out;
  const int status =
      append_reply(*route(method, "/api/v1/n/limits/login" + std::string(path)), Reply{{}, reply, {}}, out);
  return {status, out};
}

TEST(RoutesLimits, WhatBodiesMean) {
  using Kind = LimiterTerms::Kind;
  const auto plain = std::get<DeclareLimiter>(parsed(Method::kPut, "", R"({"limit":100,"per":"1m"})").detail);
  EXPECT_EQ(plain.terms, (LimiterTerms{Kind::kWindow, false, 100, 0, 60'000}));
  const auto full = std::get<DeclareLimiter>(
      parsed(Method::kPut, "", R"({"limit":9,"per":"1s","algorithm":"bucket","rate":3,"mode":"strict","sites":["a"]})")
          .detail);
  EXPECT_EQ(full.terms, (LimiterTerms{Kind::kBucket, true, 9, 3, 1'000}));
  EXPECT_EQ(full.sites, std::vector<std::string>{"a"});
  const auto bucket =
      std::get<DeclareLimiter>(parsed(Method::kPut, "", R"({"limit":9,"per":"1s","algorithm":"bucket"})").detail);
  EXPECT_EQ(bucket.terms.rate, 9u);

  const Mutation bare = parsed(Method::kPost, "/take", "");
  EXPECT_EQ(bare.table, kTableLimits);
  EXPECT_EQ(bare.key, "login");
  EXPECT_EQ(std::get<TakeLimited>(bare.detail).amount, 1u);
  const auto take = std::get<TakeLimited>(parsed(Method::kPost, "/take", R"({"n":3,"subject":"user:17"})").detail);
  EXPECT_EQ(take.amount, 3u);
  EXPECT_EQ(take.subject, "user:17");
  EXPECT_EQ(std::get<GetLimiterRequest>(*parse(Method::kGet, "?subject=u%201", "")).subject, "u 1");
}

TEST(RoutesLimits, MistakesAreNamed) {
  const auto put = [](Bytes body) { return refused(Method::kPut, "", std::move(body)); };
  EXPECT_EQ(put("{}"), "say how many in which time: {\"limit\":100,\"per\":\"1m\"}");
  EXPECT_EQ(put(R"({"limit":-1,"per":"1m"})"), "field \"limit\" must be a whole number above 0");
  EXPECT_EQ(put(R"({"limit":1,"per":60})"),
            "field \"per\" must be a time like \"500ms\", \"30s\", \"5m\", \"12h\" or \"7d\"");
  EXPECT_EQ(put(R"({"limit":1,"per":"1m","mode":"lax"})"), "field \"mode\" is neither fast nor strict: \"lax\"");
  EXPECT_EQ(put(R"({"limit":1,"per":"1m","sites":["a"]})"), "only a strict limiter is divided among \"sites\"");
  EXPECT_EQ(refused(Method::kPost, "/take", R"({"n":0})"), "field \"n\" must be a whole number above 0");
  EXPECT_EQ(refused(Method::kPost, "/take", R"({"subject":7})"), "field \"subject\" must be a string");
}

TEST(RoutesLimits, ADenialIsAnAnswerThatSaysWhenToComeBack) {
  const auto [allowed, yes] = told("/take", Method::kPost, verdict(true, 4, 0));
  EXPECT_EQ(allowed, 200);
  EXPECT_EQ(yes, "{\"allowed\":true,\"limit\":10,\"remaining\":4,\"retry_after_ms\":0}\n");
  const auto [denied, no] = told("/take", Method::kPost, verdict(false, 0, 1'001));
  EXPECT_EQ(denied, 429);
  EXPECT_EQ(no, "{\"allowed\":false,\"limit\":10,\"remaining\":0,\"retry_after_ms\":1001}\n");
  EXPECT_EQ(told("/take", Method::kPost, verdict(false, 3, LimiterReply::kNever)).second,
            "{\"allowed\":false,\"limit\":10,\"remaining\":3,\"retry_after_ms\":null}\n");
  // Asking is no taking.
  EXPECT_EQ(told("", Method::kGet, verdict(false, 0, 7)).first, 200);
  EXPECT_EQ(told("", Method::kGet, unknown()).second, "{\"found\":false}\n");

  EXPECT_EQ(answer_terms(Reply{{}, verdict(false, 0, 1'000), {}}).retry_after, "1");
  EXPECT_EQ(answer_terms(Reply{{}, verdict(false, 0, 1'001), {}}).retry_after, "2");
  EXPECT_EQ(answer_terms(Reply{{}, verdict(false, 3, LimiterReply::kNever), {}}).retry_after, "");
  EXPECT_EQ(answer_terms(Reply{{}, verdict(true, 3, 0), {}}).retry_after, "");
}

}  // namespace
}  // namespace pando::api::routes_limits_test
