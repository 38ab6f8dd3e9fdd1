#include <gtest/gtest.h>

#include "api/rest.h"
#include "api/samples_suite.h"

namespace pando::api::routes_presence_test {
namespace {

const LeaseReply kAda{true, {1'700'000'030'000, R"({"name":"Ada","seat":[1,2]})"}, 30'000};
const LeasesReply kTwo{{{"ada", kAda.lease, 30'000}, {"\xFF", {1'700'000'000'007, ""}, 7}}, true};
const Sample kSamples[] = {{"presence_join", RenewedReply{1'700'000'030'000, 1}},
                           {"presence_renew", RenewedReply{1'700'000'030'000, 0}},
                           {"presence_has", kAda},
                           {"presence_has", LeaseReply()},
                           {"presence_leave", DoneReply{1}},
                           {"presence_leave_many", DoneReply{1}},
                           {"presence_count", MemberCountReply{100'000, true}},
                           {"presence_list", kTwo},
                           {"presence_list", LeasesReply()},
                           {"presence_delete", DoneReply{1}}};

Result<Request> parse(Method method, std::string_view path, Bytes body) {
  Rest rest;
  auto call = route(method, "/api/v1/n/presence/room" + std::string(path));
  EXPECT_TRUE(call.has_value());
  return rest.parse(*call, {}, body);
}
Mutation parsed(Method method, std::string_view path, Bytes body) {
  const auto request = parse(method, path, std::move(body));
  EXPECT_TRUE(request.has_value()) << request.error().message();
  return request ? std::get<WriteRequest>(*request).mutations.at(0) : Mutation();
}
Bytes told(Method method, std::string_view path, ReplyBody body) {
  Bytes out;
  EXPECT_EQ(
      append_reply(*route(method, "/api/v1/n/presence/room" + std::string(path)), Reply{{}, std::move(body), {}}, out),
      200);
  return out;
}

TEST(RoutesPresence, WhatBodiesMean) {
  const auto bare = std::get<RenewLeases>(parsed(Method::kPut, "/members/ada", "").detail);
  EXPECT_EQ(bare.ttl_ms, 30'000);
  EXPECT_EQ(bare.entries.at(0).member, "ada");
  EXPECT_FALSE(bare.entries.at(0).about);
  const Mutation join = parsed(Method::kPut, "/members/a%2Fb?table=rooms",
                               "{\"ttl\":\"500ms\", \"about\": {\"name\" : \"Ada\", \"n\":[1, 2.50]}}");
  EXPECT_EQ(join.table, "rooms");
  EXPECT_EQ(std::get<RenewLeases>(join.detail).ttl_ms, 500);
  EXPECT_EQ(std::get<RenewLeases>(join.detail).entries.at(0).member, "a/b");
  EXPECT_EQ(std::get<RenewLeases>(join.detail).entries.at(0).about, R"({"name":"Ada","n":[1,2.5]})");
  const auto many = std::get<RenewLeases>(parsed(Method::kPost, "/renew", R"({"members":["YWRh","YmVu"]})").detail);
  EXPECT_EQ(many.entries.size(), 2u);
  EXPECT_EQ(many.entries.at(1).member, "ben");
  EXPECT_EQ(std::get<EndLeases>(parsed(Method::kDelete, "/members/ada", "").detail).members,
            (std::vector<Bytes>{"ada"}));
  EXPECT_EQ(std::get<EndLeases>(parsed(Method::kPost, "/leave", R"({"members":["YWRh"]})").detail).members.size(), 1u);
  EXPECT_EQ(std::get<DeleteTyped>(parsed(Method::kDelete, "", "").detail).type, ValueType::kPresence);
  const auto list = std::get<ListLeasesRequest>(*parse(Method::kGet, "?prefix=a&after=ab&limit=7", ""));
  EXPECT_EQ(list.prefix, "a");
  EXPECT_EQ(list.after, "ab");
  EXPECT_EQ(list.count_max, 7u);
}

TEST(RoutesPresence, MistakesAreNamed) {
  const auto refused = [](Method method, std::string_view path, Bytes body) {
    const auto request = parse(method, path, std::move(body));
    return request ? "taken" : request.error().message();
  };
  EXPECT_EQ(refused(Method::kPut, "/members/ada", R"({"ttl":30})"),
            "field \"ttl\" must be a time like \"500ms\", \"30s\", \"5m\", \"12h\" or \"7d\"");
  EXPECT_EQ(refused(Method::kPost, "/renew", R"({"ttl":"30s"})"), "no members");
  EXPECT_EQ(refused(Method::kGet, "?table=.limits", ""), refused(Method::kGet, "/count?table=.limits", ""));
}

TEST(RoutesPresence, WhatAnswersSay) {
  EXPECT_EQ(told(Method::kPut, "/members/ada", RenewedReply{17, 1}), "{\"success\":true,\"until\":17,\"joined\":1}\n");
  EXPECT_EQ(told(Method::kGet, "/members/ada", kAda),
            "{\"present\":true,\"until\":1700000030000,\"remaining_ms\":30000,"
            "\"about\":{\"name\":\"Ada\",\"seat\":[1,2]}}\n");
  EXPECT_EQ(told(Method::kGet, "/members/ada", LeaseReply()), "{\"present\":false}\n");
  EXPECT_EQ(told(Method::kGet, "", kTwo),
            "{\"members\":[{\"member\":\"YWRh\",\"until\":1700000030000,\"remaining_ms\":30000,"
            "\"about\":{\"name\":\"Ada\",\"seat\":[1,2]}},"
            "{\"member\":\"/w==\",\"until\":1700000000007,\"remaining_ms\":7}],\"more\":true}\n");
  EXPECT_EQ(told(Method::kGet, "/count", MemberCountReply{2, false}), "{\"count\":2,\"more\":false}\n");
  // A peer may have written anything.
  EXPECT_EQ(told(Method::kGet, "/members/ada", LeaseReply{true, {9, "{\"a\":\xFF"}, 1}),
            "{\"present\":true,\"until\":9,\"remaining_ms\":1,\"about\":\"{\\\"a\\\":\xEF\xBF\xBD\"}\n");
}

}  // namespace
}  // namespace pando::api::routes_presence_test
