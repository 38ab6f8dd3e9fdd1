// Transactions in one request, and what is seen within one that is open.
#include "node/node_suite.h"

namespace pando::node::tx_test {
namespace {

class Tx : public testing::Test {
 protected:
  Tx() : rig_(named()) { rig_.open({.name = "ns"}); }

  static NodeConfig named() {
    NodeConfig config;
    config.node_name = "dc1";
    return config;
  }
  Reply ask(Request request, Terms terms = {}) { return rig_.ask("ns", std::move(request), std::move(terms)); }
  // Of a list of operations.
  Reply all(std::vector<Request> requests, Terms terms = {}) {
    TxRequest tx;
    for (Request& request : requests) tx.items.push_back({std::move(request)});
    return ask(std::move(tx), std::move(terms));
  }
  static const ItemReply& item(const Reply& reply, std::size_t i) { return std::get<TxReply>(reply.body).items.at(i); }
  template <typename AnyReply>
  static std::int64_t count_in(const AnyReply& reply) {
    return std::get<CounterReply>(reply.body).value;
  }

  Bytes begin() { return std::get<TxBegunReply>(ask(TxBeginRequest{}).body).id; }
  static Terms within(const Bytes& tx) {
    Terms terms;
    terms.transaction = tx;
    return terms;
  }

  Rig rig_;
};

TEST_F(Tx, EachOperationSeesThoseBeforeIt) {
  ask(put("a", "old"));
  const Reply reply =
      all({get("a"), put("a", "new"), get("a"), add("n", 5), add("n", 2), get("n"), erase("a"), get("a")});
  ASSERT_TRUE(reply.status.ok()) << reply.status.to_string();
  EXPECT_EQ(value_in(item(reply, 0)), "old");
  EXPECT_EQ(value_in(item(reply, 2)), "new");
  EXPECT_EQ(count_in(item(reply, 3)), 5);
  EXPECT_EQ(count_in(item(reply, 4)), 7);
  EXPECT_EQ(value_in(item(reply, 5)), "7");
  EXPECT_EQ(value_in(item(reply, 7)), "(none)");
  EXPECT_EQ(to_string(*reply.dot), "dc1:2") << "one commit";
  EXPECT_EQ(value_in(ask(get("a"))), "(none)");
  EXPECT_EQ(value_in(ask(get("n"))), "7");
}

TEST_F(Tx, AReadThatMayMissItsTypeStopsNothing) {
  ask(put("a", "x"));
  TxRequest tx;
  tx.items.push_back({put("b", "y")});
  tx.items.push_back({.request = ListMembersRequest{std::string(kTableKv), "a"}, .may_miss_type = true});
  const Reply reply = ask(tx);
  ASSERT_TRUE(reply.status.ok()) << reply.status.to_string();
  EXPECT_EQ(item(reply, 1).status.code(), StatusCode::kWrongType);
  EXPECT_EQ(value_in(ask(get("b"))), "y");
  tx.items[1].may_miss_type = false;
  EXPECT_EQ(ask(tx).status.code(), StatusCode::kWrongType);
}

TEST_F(Tx, NothingIsChangedWhenOneFailsAndItIsNamed) {
  ask(add("n", 1));
  const Reply reply = all({put("a", "x"), add("n", 1), put("n", Bytes(limits::kValueBytesMax + 1, 'x'))});
  EXPECT_EQ(reply.status.code(), StatusCode::kTooLarge);
  EXPECT_EQ(reply.status.message().substr(0, 13), "operation 2: ") << reply.status.message();
  EXPECT_EQ(value_in(ask(get("a"))), "(none)");
  EXPECT_EQ(value_in(ask(get("n"))), "1");
  // A read that fails is one of them.
  const Reply wrong = all({put("a", "x"), GetCounterRequest{std::string(kTableKv), "a"}});
  EXPECT_EQ(wrong.status.code(), StatusCode::kWrongType);
  EXPECT_EQ(value_in(ask(get("a"))), "(none)");
  EXPECT_EQ(all({put("a", "x"), StatsRequest{}}).status.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(all({}).status.code(), StatusCode::kInvalidArgument);
}

TEST_F(Tx, ConditionsHoldForTheWhole) {
  TxRequest tx;
  tx.items.push_back({put("a", "1")});
  tx.items.push_back({put("b", "1")});
  tx.items.back().if_none_match = Condition{true, {}};
  EXPECT_TRUE(ask(tx).status.ok());
  tx.items[0] = {put("a", "2")};
  const Reply refused = ask(tx);
  EXPECT_EQ(refused.status.code(), StatusCode::kPreconditionFailed);
  EXPECT_EQ(refused.status.message().substr(0, 13), "operation 1: ");
  EXPECT_EQ(value_in(ask(get("a"))), "1");
}

TEST_F(Tx, OnlyReadsAreOneMomentAndNoCommit) {
  ask(put("a", "1"));
  ask(add("n", 3));
  const Reply reply = all({get("a"), get("n"), get("none")});
  EXPECT_EQ(value_in(item(reply, 0)), "1");
  EXPECT_EQ(value_in(item(reply, 1)), "3");
  EXPECT_EQ(value_in(item(reply, 2)), "(none)");
  EXPECT_FALSE(reply.dot.has_value());
  rig_.hold_log(true);
  const RequestId write = rig_.send("ns", put("a", "2"));
  TxRequest reads;
  reads.items.push_back({get("a")});
  const RequestId read = rig_.send("ns", reads);
  EXPECT_FALSE(rig_.answered(read)) << "what it shows is not durable yet";
  rig_.hold_log(false);
  EXPECT_TRUE(rig_.answered(write));
  EXPECT_EQ(value_in(item(rig_.replies.at(read), 0)), "2");
}

TEST_F(Tx, IsDoneOnce) {
  Terms once;
  once.idempotency_key = "k";
  once.fingerprint = 1;
  EXPECT_EQ(count_in(item(all({add("n", 5), get("n")}, once), 0)), 5);
  const Reply again = all({add("n", 5), get("n")}, once);
  EXPECT_TRUE(again.replayed);
  EXPECT_EQ(count_in(item(again, 0)), 5);
  EXPECT_EQ(item(again, 1).status.code(), StatusCode::kGone) << "what was read is not kept";
  EXPECT_EQ(value_in(ask(get("n"))), "5");
}

TEST_F(Tx, ManyCountsOfOneCounterAddUp) {
  TxRequest tx;
  for (int i = 0; i < 500; ++i) tx.items.push_back({add("n", 1)});
  EXPECT_EQ(count_in(item(ask(tx), 499)), 500);
}

TEST_F(Tx, AnOpenOneSeesTheMomentItBeganAndItsOwnChanges) {
  ask(put("a", "1"));
  ask(put("b", "1"));
  ask(add("n", 1));
  const Bytes tx = begin();
  ask(put("a", "2"));
  ask(erase("b"));
  ask(add("n", 10));
  ask(put("c", "2"));
  EXPECT_EQ(value_in(ask(get("a"), within(tx))), "1");
  EXPECT_EQ(value_in(ask(get("b"), within(tx))), "1");
  EXPECT_EQ(value_in(ask(get("c"), within(tx))), "(none)");
  EXPECT_EQ(std::get<ListReply>(ask(ListRequest{}, within(tx)).body).keys, (std::vector<Bytes>{"a", "b", "n"}));

  EXPECT_EQ(count_in(ask(add("n", 100), within(tx))), 101) << "as it would be within the transaction";
  ask(TxAppendRequest{tx, put("a", "mine").mutations[0]});
  EXPECT_EQ(value_in(ask(get("a"), within(tx))), "mine");
  EXPECT_EQ(value_in(ask(get("n"), within(tx))), "101");
  EXPECT_EQ(value_in(ask(get("a"))), "2") << "nobody else sees it";
  const Bytes other = begin();
  EXPECT_EQ(value_in(ask(get("a"), within(other))), "2");

  EXPECT_TRUE(ask(TxCommitRequest{tx}).status.ok());
  EXPECT_EQ(value_in(ask(get("a"))), "mine");
  EXPECT_EQ(value_in(ask(get("n"))), "111") << "counters add to what is there at the commit";
  EXPECT_EQ(value_in(ask(get("b"))), "(none)");
  EXPECT_EQ(value_in(ask(get("a"), within(other))), "2");
  EXPECT_EQ(ask(get("a"), within(tx)).status.code(), StatusCode::kConflict);
  ask(TxAbortRequest{other});
  EXPECT_EQ(ask(get("a"), within(other)).status.code(), StatusCode::kGone);
  EXPECT_EQ(ask(get("a"), within("nobody")).status.code(), StatusCode::kNotFound);
}

TEST_F(Tx, ACheckpointInBetweenChangesNothing) {
  ask(put("a", "1"));
  const Bytes tx = begin();
  ask(put("a", "2"));
  rig_.pass(Duration::seconds(10));
  ask(put("a", "3"));
  EXPECT_EQ(value_in(ask(get("a"), within(tx))), "1");
}

TEST_F(Tx, AWriteThatFailsWithinIsNotPartOfIt) {
  ask(put("a", "text"));
  const Bytes tx = begin();
  EXPECT_EQ(ask(add("a", 1), within(tx)).status.code(), StatusCode::kWrongType);
  EXPECT_TRUE(ask(put("b", "1"), within(tx)).status.ok());
  EXPECT_EQ(ask(StatsRequest{}, within(tx)).status.code(), StatusCode::kOk) << "about the namespace, not within it";
  EXPECT_EQ(ask(OffsetRequest{}, within(tx)).status.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(std::get<TxCommittedReply>(ask(TxCommitRequest{tx}).body).processed, 1u);
}

TEST_F(Tx, WhatItReadIsDurableBeforeItIsTold) {
  const Bytes before = begin();
  rig_.hold_log(true);
  rig_.send("ns", put("a", "1"));
  const RequestId begun = rig_.send("ns", TxBeginRequest{});
  const Bytes tx = std::get<TxBegunReply>(rig_.replies.at(begun).body).id;
  EXPECT_TRUE(rig_.answered(rig_.send("ns", get("a"), within(before))));
  const RequestId read = rig_.send("ns", get("a"), within(tx));
  EXPECT_FALSE(rig_.answered(read));
  rig_.hold_log(false);
  EXPECT_EQ(value_in(rig_.replies.at(read)), "1");
}

WriteRequest declare(std::string table, std::string property, std::string text) {
  WriteRequest write;
  Mutation m;
  m.kind = Mutation::Kind::kDetail;
  m.table = std::string(kTableTables);
  m.key = std::move(table);
  m.detail = DeclareTable{{{std::move(property), std::move(text)}}, false};
  write.mutations.push_back(std::move(m));
  return write;
}
WriteRequest object(Bytes key, Bytes bytes) {
  WriteRequest write;
  Mutation m;
  m.kind = Mutation::Kind::kDetail;
  m.table = std::string(kTableLob);
  m.key = std::move(key);
  m.detail = PutObject{std::move(bytes), {}};
  write.mutations.push_back(std::move(m));
  return write;
}
WriteRequest erase_object(Bytes key) {
  WriteRequest write;
  Mutation m;
  m.kind = Mutation::Kind::kDelete;
  m.table = std::string(kTableLob);
  m.key = std::move(key);
  write.mutations.push_back(std::move(m));
  return write;
}

TEST_F(Tx, ADeclarationIsInForceForWhatFollowsIt) {
  Request in_declared = put("k", "v");
  std::get<WriteRequest>(in_declared).mutations[0].table = "jobs";
  const Reply reply = all({declare("jobs", "ttl", "60s"), GetDeclarationRequest{"jobs"}, in_declared,
                           GetTtlRequest{.table = "jobs", .key = "k"}});
  ASSERT_TRUE(reply.status.ok()) << reply.status.to_string();
  EXPECT_TRUE(std::get<DeclarationsReply>(item(reply, 1).body).items.at(0).declared);
  EXPECT_EQ(std::get<TtlReply>(item(reply, 3).body).remaining_ms, 60'000);
  EXPECT_EQ(to_string(*reply.dot), "dc1:1") << "one commit";
  EXPECT_TRUE(std::get<DeclarationsReply>(ask(GetDeclarationRequest{"jobs"}).body).items.at(0).declared);
}

TEST_F(Tx, ADeclarationOfAListThatFailsIsNotInForce) {
  const Reply reply =
      all({declare("jobs", "ttl", "60s"), put("n", "x"), GetCounterRequest{std::string(kTableKv), "n"}});
  EXPECT_FALSE(reply.status.ok());
  EXPECT_FALSE(std::get<DeclarationsReply>(ask(GetDeclarationRequest{"jobs"}).body).items.at(0).declared);
}

TEST_F(Tx, ObjectsComeWholeAndGo) {
  const Bytes large(limits::kLobChunkBytes * 2 + 5, 'x');
  const Reply reply = all({object("a", large), object("empty", ""), put("k", "v")});
  ASSERT_TRUE(reply.status.ok()) << reply.status.to_string();
  const auto stat = std::get<LobStatReply>(ask(LobStatRequest{"a"}).body);
  EXPECT_EQ(stat.size_bytes, large.size());
  EXPECT_EQ(stat.crc32, std::get<TxCommittedReply>(item(reply, 0).body).checksum);
  const Reply chunk = ask(LobChunkRequest{"a", stat.upload, 2});
  EXPECT_EQ(std::get<LobChunkReply>(chunk.body).chunk, "xxxxx");
  EXPECT_EQ(std::get<LobStatReply>(ask(LobStatRequest{"empty"}).body).size_bytes, 0u);
  ASSERT_TRUE(all({erase_object("a"), erase_object("none")}).status.ok());
  EXPECT_FALSE(std::get<LobStatReply>(ask(LobStatRequest{"a"}).body).found);

  const Reply twice = all({object("b", "1"), object("b", "2")});
  EXPECT_EQ(twice.status.message(), "operation 1: object \"b\" is written twice by one transaction");
  const Reply both = all({object("b", "1"), erase_object("b")});
  EXPECT_EQ(both.status.message(), "operation 1: object \"b\" is written and deleted by one transaction");
  EXPECT_FALSE(std::get<LobStatReply>(ask(LobStatRequest{"b"}).body).found);
}

TEST_F(Tx, AConditionBesideAReadStopsTheWhole) {
  ask(put("guard", "1"));
  const std::string before = std::get<EtagReply>(ask(GetEtagRequest{std::string(kTableKv), "guard"}).body).etag;
  const auto guarded = [&](Bytes value) {
    TxRequest tx;
    tx.items.push_back({get("guard")});
    tx.items.back().if_match = Condition{.any = false, .etags = {before}};
    tx.items.push_back({put("k", std::move(value))});
    return ask(std::move(tx));
  };
  EXPECT_TRUE(guarded("one").status.ok());
  ask(put("guard", "1"));
  const Reply refused = guarded("two");
  EXPECT_EQ(refused.status.code(), StatusCode::kPreconditionFailed) << refused.status.to_string();
  EXPECT_EQ(value_in(ask(get("k"))), "one");
  TxRequest listing;
  listing.items.push_back({ListRequest{}});
  listing.items.back().if_match = Condition{.any = true, .etags = {}};
  EXPECT_EQ(ask(std::move(listing)).status.code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace pando::node::tx_test
