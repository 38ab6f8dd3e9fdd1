#include <gtest/gtest.h>

#include "api/rest.h"
#include "api/samples_suite.h"
#include "base/limits.h"

namespace pando::api::routes_tx_whole_test {
namespace {

const Sample kSamples[] = {{"tx_whole", TxReply{}}};

struct Parsed {
  Call call;
  Result<Request> request;
};
Parsed parse(std::string_view body, const Headers& headers = {}) {
  static Rest rest;
  auto call = route(Method::kPost, "/api/v1/shop/tx");
  EXPECT_TRUE(call.has_value());
  Bytes owned(body);
  Result<Request> request = rest.parse(*call, headers, owned);
  return {*std::move(call), std::move(request)};
}
std::string refusal(std::string_view body) {
  const Parsed parsed = parse(body);
  return parsed.request ? "taken" : parsed.request.error().message();
}

TEST(TxWhole, AListOfOtherRoutesRequests) {
  const Parsed parsed = parse(R"({"operations":[
      {"path":"/kv/a%2Fb"},
      {"method":"PUT","path":"/kv/a","body":{"value":"aGk="},"if_match":"\"e\""},
      {"method":"POST","path":"/counters/n/incr","body":{"by":5}},
      {"method":"POST","path":"/counters/n/incr"},
      {"method":"POST","path":"/sets/s/add","body":{"members":["eA=="]}},
      {"method":"DELETE","path":"/tables/users/7"},
      {"method":"GET","path":"/kv?prefix=a&limit=2"}]})");
  ASSERT_TRUE(parsed.request) << parsed.request.error().message();
  const auto& tx = std::get<TxRequest>(*parsed.request);
  ASSERT_EQ(tx.items.size(), 7u);
  EXPECT_EQ(parsed.call.parts.size(), 7u);
  EXPECT_EQ(std::get<GetRequest>(tx.items[0].request).key, "a/b");
  const auto& put = std::get<WriteRequest>(tx.items[1].request);
  EXPECT_EQ(put.mutations[0].value, "hi");
  ASSERT_TRUE(tx.items[1].if_match.has_value());
  EXPECT_EQ(tx.items[1].if_match->etags, std::vector<std::string>{"e"});
  EXPECT_EQ(std::get<WriteRequest>(tx.items[2].request).mutations[0].delta, 5);
  EXPECT_EQ(std::get<WriteRequest>(tx.items[3].request).mutations[0].delta, 1);
  EXPECT_EQ(std::get<WriteRequest>(tx.items[5].request).mutations[0].table, "users");
  EXPECT_EQ(std::get<ListRequest>(tx.items[6].request).prefix, "a");
  for (const Call& part : parsed.call.parts) EXPECT_EQ(part.ns, "shop");
}

TEST(TxWhole, ObjectsDeclarationsAndLimitersAreWrittenAsAllElse) {
  const Parsed parsed = parse(R"({"operations":[
      {"method":"PUT","path":"/lob/receipt","body":{"value":"aGk="}},
      {"method":"PUT","path":"/lob?key=other","body":{"value":""}},
      {"method":"DELETE","path":"/lob/old"},
      {"method":"PUT","path":"/declarations/jobs","body":{"ttl":"30d"}},
      {"method":"POST","path":"/limits/mail/take"},
      {"method":"POST","path":"/conflicts/17-0/restore"}]})");
  ASSERT_TRUE(parsed.request) << parsed.request.error().message();
  const auto& tx = std::get<TxRequest>(*parsed.request);
  ASSERT_EQ(tx.items.size(), 6u);
  const Mutation& put = std::get<WriteRequest>(tx.items[0].request).mutations[0];
  EXPECT_EQ(put.table, kTableLob);
  EXPECT_EQ(put.key, "receipt");
  EXPECT_EQ(std::get<PutObject>(put.detail).bytes, "hi");
  EXPECT_EQ(std::get<WriteRequest>(tx.items[1].request).mutations[0].key, "other");
  const Mutation& erased = std::get<WriteRequest>(tx.items[2].request).mutations[0];
  EXPECT_EQ(erased.kind, Mutation::Kind::kDelete);
  EXPECT_EQ(erased.table, kTableLob);
  EXPECT_TRUE(std::holds_alternative<RestoreConflictRequest>(tx.items[5].request));
  TxReply reply;
  reply.items.push_back({{}, TxCommittedReply{1, 7}});
  reply.items.push_back({{}, TxCommittedReply{1, 0}});
  reply.items.push_back({{}, DoneReply{1}});
  Bytes body;
  append_reply(parsed.call, Reply{{}, std::move(reply), {}}, body);
  EXPECT_EQ(body, R"({"success":true,"results":[{"status":200,"body":{"success":true,"checksum":7}},)"
                  R"({"status":200,"body":{"success":true,"checksum":0}},{"status":200,"body":{"success":true}}]})"
                  "\n");
}

TEST(TxWhole, AConditionMayStandBesideARead) {
  const Parsed parsed = parse(R"({"operations":[{"path":"/kv/a","if_match":"\"e\""},
      {"path":"/counters/n","if_none_match":"*"}]})");
  ASSERT_TRUE(parsed.request) << parsed.request.error().message();
  const auto& tx = std::get<TxRequest>(*parsed.request);
  ASSERT_TRUE(tx.items[0].if_match.has_value());
  EXPECT_EQ(tx.items[0].if_match->etags, std::vector<std::string>{"e"});
  ASSERT_TRUE(tx.items[1].if_none_match.has_value());
  EXPECT_TRUE(tx.items[1].if_none_match->any);
}

TEST(TxWhole, RefusalsNameTheOperation) {
  EXPECT_EQ(refusal("{}"), "missing list \"operations\"");
  EXPECT_EQ(refusal(R"({"operations":{}})"), "missing list \"operations\"");
  EXPECT_EQ(refusal(R"({"operations":[]})"), "the list \"operations\" is empty");
  EXPECT_EQ(refusal(R"({"operations":[{"path":"/kv/a"},7]})"), "operation 1: must be an object");
  EXPECT_EQ(refusal(R"({"operations":[{"path":"kv/a"}]})"),
            "operation 0: field \"path\" must begin with \"/\", as in \"/kv/key\"");
  EXPECT_EQ(refusal(R"({"operations":[{"path":"/kv/a"},{"path":"/nothing/a"}]})").substr(0, 13), "operation 1: ");
  EXPECT_EQ(refusal(R"({"operations":[{"path":"/kv/a","method":"PUT","body":{"value":1}}]})"),
            "operation 0: field \"value\" must be a base64 string");
  EXPECT_EQ(refusal(R"({"operations":[{"path":"/watch"}]})"), "operation 0: watch cannot be part of a transaction");
  EXPECT_EQ(
      refusal(R"({"operations":[{"path":"/lob/a"}]})"),
      "operation 0: lob_get cannot be part of a transaction: what an object holds is streamed, read it by itself");
  EXPECT_EQ(refusal(R"({"operations":[{"method":"PUT","path":"/lob/a","body":{"value":1}}]})"),
            "operation 0: field \"value\" must be a base64 string");
  std::string many = R"({"operations":[{"path":"/kv/a"})";
  for (std::size_t i = 0; i < limits::kTxOperationsMax; ++i) many += R"(,{"path":"/kv/a"})";
  EXPECT_EQ(refusal(many + "]}"), "more than 1000 operations");
}

TEST(TxWhole, EachAnswersAsItsRouteDoes) {
  const Parsed parsed =
      parse(R"({"operations":[{"path":"/kv/a"},{"method":"POST","path":"/counters/n/incr"},{"path":"/kv/b"}]})");
  ASSERT_TRUE(parsed.request);
  ValueReply value;
  value.found = true;
  value.value = "hi";
  TxReply tx;
  tx.items.push_back({{}, value});
  tx.items.push_back({{}, CounterReply{true, 7, {}}});
  tx.items.push_back({Status(StatusCode::kGone, "this answer was not kept")});
  Bytes body;
  EXPECT_EQ(append_reply(parsed.call, Reply{{}, std::move(tx), {}}, body), 200);
  EXPECT_EQ(body, R"({"success":true,"results":[{"status":200,"body":{"value":"aGk=","found":true}},)"
                  R"({"status":200,"body":{"success":true,"value":7}},)"
                  R"({"status":410,"body":{"error":"this answer was not kept"}}]})"
                  "\n");
}

}  // namespace
}  // namespace pando::api::routes_tx_whole_test
