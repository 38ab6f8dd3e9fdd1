// Transactions in one request as clients of the Redis protocol make them: of edits, on what was seen before.
#include <gtest/gtest.h>

#include "node/node_suite.h"

namespace pando::node::tx_seen_test {
namespace {

class TxSeenTest : public testing::Test {
 protected:
  void SetUp() override { rig.open({.name = "ns"}); }

  static TxItem write(Mutation mutation) {
    WriteRequest request;
    request.mutations.push_back(std::move(mutation));
    request.results = true;
    return {std::move(request)};
  }
  static Mutation detail(Bytes key, Mutation::Detail change) {
    Mutation made;
    made.kind = Mutation::Kind::kDetail;
    made.key = std::move(key);
    made.detail = std::move(change);
    return made;
  }
  static Mutation put_of(Bytes key, Bytes value) {
    Mutation made;
    made.key = std::move(key);
    made.value = std::move(value);
    return made;
  }
  Reply run(std::vector<TxItem> items, std::vector<TxRequest::Seen> seen = {}) {
    return rig.ask("ns", TxRequest{std::move(items), std::move(seen)});
  }
  static const ReplyBody& item(const Reply& reply, std::size_t i) {
    return std::get<TxReply>(reply.body).items.at(i).body;
  }
  std::string etag(Bytes key) {
    return std::get<EtagReply>(rig.ask("ns", GetEtagRequest{std::string(kTableKv), std::move(key)}).body).etag;
  }

  Rig rig{NodeConfig{.node_name = "dc1"}};
};

TEST_F(TxSeenTest, ReadsSeeTheWritesBeforeThem) {
  rig.ask("ns", put("old", "v"));
  const GetRequest get_k{std::string(kTableKv), "k", true};
  const CountScoresRequest count{std::string(kTableKv), "z", {}};
  const Reply reply = run({{get_k},
                           write(put_of("k", "1")),
                           {get_k},
                           {GetRequest{std::string(kTableKv), "old", true}},
                           write(detail("z", SetScores{{{"a", 1}, {"b", 2}}, {}, false})),
                           {count},
                           write(detail("z", RemoveScores{{"a"}})),
                           {count},
                           {GetTypeRequest{std::string(kTableKv), "z"}}});
  ASSERT_TRUE(reply.status.ok()) << reply.status.message();
  EXPECT_FALSE(std::get<ValueReply>(item(reply, 0)).found);
  EXPECT_EQ(std::get<ValueReply>(item(reply, 2)).value, "1");
  EXPECT_EQ(std::get<ValueReply>(item(reply, 3)).value, "v");
  EXPECT_EQ(std::get<ScoreCountReply>(item(reply, 5)).count, 2u);
  EXPECT_EQ(std::get<DoneReply>(item(reply, 6)).results.at(0), 1);
  EXPECT_EQ(std::get<ScoreCountReply>(item(reply, 7)).count, 1u);
  EXPECT_EQ(std::get<TypeReply>(item(reply, 8)).type, ValueType::kScores);
  // One commit, after the one that put `old`.
  EXPECT_EQ(to_string(*reply.dot), "dc1:2");
  EXPECT_EQ(std::get<ScoreCountReply>(rig.ask("ns", count).body).count, 1u);
}

TEST_F(TxSeenTest, ReadsWhatExpiredKeysAreAfterAWrite) {
  Mutation brief = put_of("k", "v");
  brief.ttl = TimeToLive{TimeToLive::Kind::kFor, 1'000};
  const GetTtlRequest ttl{std::string(kTableKv), "k", {}};
  Reply reply = run({write(brief), {ttl}});
  EXPECT_EQ(std::get<TtlReply>(item(reply, 1)).remaining_ms, 1'000);
  rig.pass(Duration::seconds(2));
  reply = run({write(detail("k", ListPush{ListEnd::kBack, {"x"}, false})), {ttl}});
  ASSERT_TRUE(reply.status.ok()) << reply.status.message();
  EXPECT_TRUE(std::get<TtlReply>(item(reply, 1)).found);
  EXPECT_FALSE(std::get<TtlReply>(item(reply, 1)).ends);
}

TEST_F(TxSeenTest, OneRefusedItemRefusesAll) {
  rig.ask("ns", put("word", "abc"));
  const Reply reply = run({write(put_of("k", "1")), write(detail("word", ListPush{ListEnd::kBack, {"x"}, false}))});
  EXPECT_EQ(reply.status.code(), StatusCode::kWrongType);
  EXPECT_FALSE(std::get<ValueReply>(rig.ask("ns", get("k")).body).found);
  EXPECT_EQ(run({{StatsRequest{}}}).status.code(), StatusCode::kInvalidArgument);
}

TEST_F(TxSeenTest, NothingIsDoneWhenAKeyIsNotAsSeen) {
  rig.ask("ns", put("k", "1"));
  const TxRequest::Seen seen{std::string(kTableKv), "k", etag("k")};
  const TxRequest::Seen absent{std::string(kTableKv), "none", etag("none")};
  EXPECT_TRUE(std::get<TxReply>(run({write(put_of("a", "1"))}, {seen, absent}).body).done);
  rig.ask("ns", put("k", "1"));  // the same value is another write
  const Reply late = run({write(put_of("a", "2"))}, {seen});
  ASSERT_TRUE(late.status.ok());
  EXPECT_FALSE(std::get<TxReply>(late.body).done);
  EXPECT_FALSE(late.dot);
  EXPECT_EQ(value_in(rig.ask("ns", get("a"))), "1");
}

TEST_F(TxSeenTest, AnswersWaitForWhatTheyShow) {
  rig.hold_log(true);
  const RequestId written = rig.send("ns", put("k", "1"));
  const RequestId read = rig.send("ns", TxRequest{{{GetRequest{std::string(kTableKv), "k", true}}}, {}});
  EXPECT_FALSE(rig.answered(read));
  rig.hold_log(false);
  EXPECT_TRUE(rig.answered(written));
  EXPECT_TRUE(rig.answered(read));
}

}  // namespace
}  // namespace pando::node::tx_seen_test
