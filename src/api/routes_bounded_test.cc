#include <gtest/gtest.h>

#include "api/rest.h"
#include "api/samples_suite.h"
#include "api/spans.h"

namespace pando::api::routes_bounded_test {
namespace {

BoundedReply bounded() {
  BoundedReply reply;
  reply.found = true;
  reply.incarnation = {{"dc1", 1}, Seq(7)};
  reply.bounds = {0, std::nullopt, 10};
  reply.value = 6;
  reply.here = {4, std::nullopt};
  reply.sites = {{{"dc1", 1}, {2, std::nullopt}, {1, 0}, {3, 0}, true},
                 {{"dc1", 2}, {4, std::nullopt}, {}, {1, 0}, false}};
  reply.lost = {{{{"dc2", 1}, Seq(1)}, {std::nullopt, 20, 20}, 15}};
  return reply;
}
const BoundedDoneReply kDone{6, {6, std::nullopt}, "dc1~1700000060000.17.0", 1'700'000'060'000};
const Sample kSamples[] = {
    {"bounded_declare", kDone}, {"bounded_try", kDone},          {"bounded_reserve", kDone},
    {"bounded_commit", kDone},  {"bounded_cancel", kDone},       {"bounded_reclaim", kDone},
    {"bounded_get", bounded()}, {"bounded_get", BoundedReply()}, {"bounded_delete", DoneReply{1}}};

Mutation::Detail parsed(Method method, std::string_view path, Bytes body) {
  Rest rest;
  auto call = route(method, "/api/v1/n/bounded/k" + std::string(path));
  EXPECT_TRUE(call.has_value());
  const auto request = rest.parse(*call, {}, body);
  EXPECT_TRUE(request.has_value()) << request.error().message();
  return request ? std::get<WriteRequest>(*request).mutations.at(0).detail : Mutation::Detail();
}
std::string refused(std::string_view path, Bytes body) {
  Rest rest;
  auto call = route(path.empty() ? Method::kPut : Method::kPost, "/api/v1/n/bounded/k" + std::string(path));
  const auto request = rest.parse(*call, {}, body);
  return request ? "taken" : request.error().message();
}

TEST(RoutesBounded, WhatBodiesMean) {
  const auto declare =
      std::get<DeclareBounded>(parsed(Method::kPut, "", R"({"lower":-5,"upper":null,"sites":["a","b"]})"));
  EXPECT_EQ(declare.bounds, (Bounds{-5, std::nullopt, -5}));
  EXPECT_EQ(declare.sites, (std::vector<std::string>{"a", "b"}));
  const auto use = std::get<TryBounded>(parsed(Method::kPost, "/try", R"({"give":3})"));
  EXPECT_EQ(use.way, Way::kGive);
  EXPECT_EQ(use.amount, 3u);
  const auto reserve = std::get<ReserveBounded>(parsed(Method::kPost, "/reserve", R"({"take":3,"ttl":"1500ms"})"));
  EXPECT_EQ(reserve.ttl, Duration::millis(1'500));
  EXPECT_FALSE(std::get<SettleBounded>(parsed(Method::kPost, "/cancel", R"({"reservation":"x"})")).commit);
  EXPECT_EQ(std::get<ReclaimBounded>(parsed(Method::kPost, "/reclaim", R"({"origin":"dc1#2"})")).from,
            (Origin{"dc1", 2}));
}

TEST(RoutesBounded, MistakesAreNamed) {
  EXPECT_EQ(refused("", R"({"lower":1.5})"), "field \"lower\" must be a whole number that fits 64 bits");
  EXPECT_EQ(refused("", R"({"lower":1,"sites":"dc1"})"), "field \"sites\" must be a list");
  EXPECT_EQ(refused("/try", R"({})"), "say either \"take\" or \"give\", with a whole number");
  EXPECT_EQ(refused("/try", R"({"take":1,"give":1})"), "say either \"take\" or \"give\", with a whole number");
  EXPECT_EQ(refused("/try", R"({"take":-1})"), "field \"take\" must be a whole number above 0");
  EXPECT_EQ(refused("/reserve", R"({"take":1,"ttl":30})"),
            "field \"ttl\" must be a time like \"500ms\", \"30s\", \"5m\", \"12h\" or \"7d\"");
  EXPECT_EQ(refused("/reclaim", R"({"origin":"dc1#0"})"),
            "field \"origin\" must be an origin, like \"dc1\" or \"dc1#2\"");
}

TEST(RoutesBounded, RefusalsSayWhatProgramsNeed) {
  const auto call = route(Method::kPost, "/api/v1/n/bounded/k/try");
  Reply reply = Reply::failure(Status(StatusCode::kOutOfRange, "no"));
  reply.refusal = BoundRefusal{Way::kTake, 5, 1, 2, 9, {{{"dc2", 1}, 3}, {{"dc3", 2}, UINT64_MAX}}};
  Bytes body;
  EXPECT_EQ(append_reply(*call, reply, body), 409);
  EXPECT_EQ(body,
            "{\"error\":\"no\",\"code\":\"out_of_range\",\"hint\":\"ask for less; nothing was changed\","
            "\"refused\":\"take\",\"asked\":5,\"here\":1,\"held\":2,\"value\":9,"
            "\"elsewhere\":{\"dc2\":3,\"dc3#2\":18446744073709551615},\"elsewhere_total\":18446744073709551615}\n");
}

TEST(Spans, AreNumbersWithAUnit) {
  EXPECT_EQ(parse_span("250ms"), Duration::millis(250));
  EXPECT_EQ(parse_span("7d"), Duration::seconds(7 * 86'400));
  for (const char* text : {"", "5", "s", "0s", "-1s", "1.5s", "1 s", "9223372036854775807d"})
    EXPECT_FALSE(parse_span(text)) << text;
}

}  // namespace
}  // namespace pando::api::routes_bounded_test
