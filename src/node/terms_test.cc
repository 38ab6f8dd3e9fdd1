// Requests on terms: tokens that are waited for, writes that are done once, conditions.
#include <gtest/gtest.h>

#include "node/node_suite.h"

namespace pando::node::terms_test {
namespace {

NodeConfig named(std::string name) {
  NodeConfig config;
  config.node_name = std::move(name);
  return config;
}

Terms after(CausalToken token, Duration wait = Duration::seconds(2)) {
  Terms terms;
  terms.after = std::move(token);
  terms.after_wait = wait;
  return terms;
}

Terms once(Bytes key, std::uint64_t fingerprint = 1) {
  Terms terms;
  terms.idempotency_key = std::move(key);
  terms.fingerprint = fingerprint;
  return terms;
}

TEST(Terms, ARequestWaitsForItsTokenAndThenIsToldWhatIsMissing) {
  Rig rig(named("dc1"));
  rig.open({.name = "ns"});
  rig.ask("ns", put("k", "v"));
  EXPECT_EQ(value_in(rig.ask("ns", get("k"), after({{{"dc1", 1}, Seq(1)}}))), "v");

  const RequestId early = rig.send("ns", get("k"), after({{{"dc1", 1}, Seq(2)}}));
  const RequestId late = rig.send("ns", add("n", 1), after({{{"dc1", 1}, Seq(3)}}, Duration::seconds(3)));
  EXPECT_FALSE(rig.answered(early));
  rig.ask("ns", put("k", "w"));
  ASSERT_TRUE(rig.answered(early));
  EXPECT_EQ(value_in(rig.replies.at(early)), "w");
  EXPECT_EQ(to_string(*rig.replies.at(early).token), "dc1:2");

  EXPECT_FALSE(rig.answered(late));
  rig.pass(Duration::seconds(3));
  ASSERT_TRUE(rig.answered(late));
  EXPECT_EQ(rig.replies.at(late).status.code(), StatusCode::kTimeout);
  EXPECT_EQ(rig.replies.at(late).status.message(), "dc1:3 not here yet, waited 3000 ms");
}

TEST(Terms, TooManyThatWaitAreRefusedAndAStopEndsTheRest) {
  Rig rig(named("dc1"));
  rig.open({.name = "ns"});
  std::vector<RequestId> waiting;
  const Terms never = after({{{"dc9", 1}, Seq(1)}});
  for (std::size_t i = 0; i < limits::kSessionWaitsMax; ++i) waiting.push_back(rig.send("ns", get("k"), never));
  EXPECT_EQ(rig.ask("ns", get("k"), never).status.code(), StatusCode::kOverloaded);
  EXPECT_FALSE(rig.answered(waiting.front()));
  rig.node().begin_stop(rig.now, rig.out);
  rig.step(Tick{});
  EXPECT_EQ(rig.replies.at(waiting.front()).status.code(), StatusCode::kUnavailable);
  EXPECT_EQ(rig.replies.at(waiting.back()).status.code(), StatusCode::kUnavailable);
}

TEST(Terms, AReadThatAsksIsToldOnlyWhatCannotBeLost) {
  Rig rig(named("dc1"));
  rig.open({.name = "ns"});
  Terms asks;
  asks.wants_token = true;
  EXPECT_EQ(to_string(*rig.ask("ns", get("k"), asks).token), "");
  rig.ask("ns", put("k", "v"));
  rig.hold_log(true);
  rig.send("ns", put("other", "w"));
  const RequestId apart = rig.send("ns", get("k"), asks);
  ASSERT_TRUE(rig.answered(apart)) << "it shows nothing that is not durable";
  EXPECT_EQ(to_string(*rig.replies.at(apart).token), "dc1:1");
  const RequestId touching = rig.send("ns", get("other"), asks);
  EXPECT_FALSE(rig.answered(touching));
  rig.hold_log(false);
  EXPECT_EQ(to_string(*rig.replies.at(touching).token), "dc1:2");
  EXPECT_FALSE(rig.ask("ns", get("k")).token.has_value()) << "nobody asked";
}

TEST(Terms, AWriteIsDoneOnceAlsoWhileItsFirstAttemptIsUnderWay) {
  Rig rig(named("dc1"));
  rig.open({.name = "ns"});
  rig.hold_log(true);
  const RequestId first = rig.send("ns", add("n", 5), once("k"));
  const RequestId second = rig.send("ns", add("n", 5), once("k"));
  EXPECT_FALSE(rig.answered(first));
  EXPECT_FALSE(rig.answered(second)) << "what it tells is not durable yet";
  rig.hold_log(false);
  EXPECT_EQ(std::get<CounterReply>(rig.replies.at(first).body).value, 5);
  EXPECT_FALSE(rig.replies.at(first).replayed);
  EXPECT_EQ(std::get<CounterReply>(rig.replies.at(second).body).value, 5);
  EXPECT_TRUE(rig.replies.at(second).replayed);
  EXPECT_EQ(rig.replies.at(second).dot, rig.replies.at(first).dot);
  EXPECT_EQ(value_in(rig.ask("ns", get("n"))), "5");

  const Reply other = rig.ask("ns", add("n", 6), once("k", 2));
  EXPECT_EQ(other.status.code(), StatusCode::kConflict);
  // A write that changes nothing is remembered too.
  EXPECT_FALSE(rig.ask("ns", erase("gone"), once("e")).replayed);
  EXPECT_TRUE(rig.ask("ns", erase("gone"), once("e")).replayed);
}

TEST(Terms, ATransactionIsCommittedOnce) {
  Rig rig(named("dc1"));
  rig.open({.name = "ns"});
  const Bytes tx = std::get<TxBegunReply>(rig.ask("ns", TxBeginRequest{}).body).id;
  rig.ask("ns", TxAppendRequest{tx, add("n", 5).mutations[0]});
  const Reply first = rig.ask("ns", TxCommitRequest{tx}, once("k"));
  const Reply second = rig.ask("ns", TxCommitRequest{tx}, once("k"));
  EXPECT_TRUE(second.replayed);
  EXPECT_EQ(std::get<TxCommittedReply>(second.body).processed, std::get<TxCommittedReply>(first.body).processed);
  EXPECT_EQ(value_in(rig.ask("ns", get("n"))), "5");
}

TEST(Terms, ConditionsAreAboutOneKeyOfAWrite) {
  Rig rig(named("dc1"));
  rig.open({.name = "ns"});
  Terms absent;
  absent.if_none_match = Condition{true, {}};
  const Reply made = rig.ask("ns", put("k", "v"), absent);
  EXPECT_TRUE(made.status.ok());
  EXPECT_EQ(made.etag, rig.ask("ns", get("k")).etag);
  EXPECT_EQ(rig.ask("ns", put("k", "w"), absent).status.code(), StatusCode::kPreconditionFailed);
  EXPECT_EQ(value_in(rig.ask("ns", get("k"))), "v");
  WriteRequest both = put("a", "1");
  both.mutations.push_back(put("b", "2").mutations[0]);
  EXPECT_EQ(rig.ask("ns", both, absent).status.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(rig.ask("ns", get("k"), absent).status.code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace pando::node::terms_test
