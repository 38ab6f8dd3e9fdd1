// Pipelines: what each item answers, which of them share a commit, and that none takes another down with it.
#include "node/pipeline_path.h"

#include <gtest/gtest.h>

#include "node/node_suite.h"

namespace pando::node::pipeline_path_test {
namespace {

class PipelineTest : public testing::Test {
 protected:
  void SetUp() override {
    rig.open({.name = "ns"});
    rig.step(WatchOpen{WatchId(1), "ns", {}, {}});
    rig.step(WatchReady{WatchId(1)});
  }

  static PipelineItem with(Bytes key, Mutation::Detail detail) {
    Mutation made;
    made.kind = Mutation::Kind::kDetail;
    made.key = std::move(key);
    made.detail = std::move(detail);
    return {WriteRequest{{std::move(made)}, true}};
  }
  static PipelineItem score(Bytes key, Bytes member, double value) {
    return with(std::move(key), SetScores{{{std::move(member), value}}, {}, false});
  }
  static PipelineItem member(Bytes key, Bytes name) {
    Mutation made;
    made.kind = Mutation::Kind::kAddMembers;
    made.key = std::move(key);
    made.members.push_back(std::move(name));
    return {WriteRequest{{std::move(made)}, true}};
  }
  static PipelineItem counted(Bytes key, std::int64_t delta) {
    WriteRequest write = add(std::move(key), delta);
    write.results = true;
    return {std::move(write)};
  }

  std::vector<ItemReply> run(std::vector<PipelineItem> items) {
    const std::uint64_t before = commits();
    Reply reply = rig.ask("ns", PipelineRequest{std::move(items)});
    EXPECT_TRUE(reply.status.ok()) << reply.status.to_string();
    made = commits() - before;
    return std::get<PipelineReply>(std::move(reply.body)).items;
  }
  std::uint64_t commits() { return std::get<Boxed<StatsReply>>(rig.ask("ns", StatsRequest{}).body)->commits; }
  static std::int64_t result(const ItemReply& reply) {
    EXPECT_TRUE(reply.status.ok()) << reply.status.to_string();
    return std::get<DoneReply>(reply.body).results.at(0);
  }

  Rig rig{NodeConfig{.node_name = "dc1"}};
  std::uint64_t made = 0;  // commits of the last run()
};

TEST_F(PipelineTest, WritesOfSeveralKeysShareACommitAndAreToldEach) {
  const std::vector<ItemReply> replies =
      run({{put("a", "1")}, counted("n", 5), member("s", "x"), member("s", "y"), score("z", "m", 2)});
  EXPECT_EQ(made, 1U);
  EXPECT_EQ(result(replies[1]), 5);
  EXPECT_EQ(result(replies[2]), 1);
  EXPECT_EQ(result(replies[3]), 1);
  for (const ItemReply& reply : replies) EXPECT_EQ(reply.seq, replies[0].seq);
  EXPECT_EQ(value_in(rig.ask("ns", get("a"))), "1");
  EXPECT_EQ(rig.events.size(), 4U) << "one for each key";
}

TEST_F(PipelineTest, AWriteThatChangesNothingHasNoPartInTheCommit) {
  const std::vector<ItemReply> replies = run({{put("a", "1")}, {erase("absent")}, {put("b", "2")}});
  EXPECT_EQ(made, 1U);
  EXPECT_TRUE(replies[0].seq);
  EXPECT_TRUE(replies[1].status.ok());
  EXPECT_FALSE(replies[1].seq);
  EXPECT_EQ(replies[2].seq, replies[0].seq);
}

TEST_F(PipelineTest, OfAlternativesOnlyTheFirstThatGivesSomethingBackIsDone) {
  const auto first_of = [](const std::vector<Bytes>& keys) {
    WriteRequest write{{}, true, true};
    for (const Bytes& key : keys) {
      Mutation pop;
      pop.kind = Mutation::Kind::kDetail;
      pop.key = key;
      pop.detail = ListPop{ListEnd::kFront, 1};
      write.mutations.push_back(std::move(pop));
    }
    return write;
  };
  const auto given = [](const ItemReply& reply) {
    EXPECT_TRUE(reply.status.ok()) << reply.status.to_string();
    return std::get<DoneReply>(reply.body).returned;
  };
  using Given = std::vector<std::vector<Bytes>>;
  const auto items = [](std::vector<Bytes> values) { return ListPush{ListEnd::kBack, std::move(values), false}; };
  run({with("a", items({"1"})), with("b", items({"2", "3"})), {put("plain", "v")}});
  std::vector<ItemReply> replies =
      run({{first_of({"none", "a", "b"})}, {first_of({"none", "a", "b"})}, {first_of({"none"})}});
  EXPECT_EQ(given(replies[0]), (Given{{}, {"1"}}));
  EXPECT_EQ(given(replies[1]), (Given{{}, {}, {"2"}})) << "as those before it left it";
  EXPECT_EQ(given(replies[2]), (Given{{}}));
  // What stands behind it is not even looked at; what stands before it is.
  replies = run({{first_of({"b", "plain"})}, {first_of({"plain", "b"})}});
  EXPECT_EQ(given(replies[0]), (Given{{"3"}}));
  EXPECT_EQ(replies[1].status.code(), StatusCode::kWrongType);
  // By itself, and within a transaction.
  run({with("c", items({"4", "5"}))});
  EXPECT_EQ(std::get<DoneReply>(rig.ask("ns", first_of({"a", "c", "plain"})).body).returned, (Given{{}, {"4"}}));
  TxRequest tx;
  tx.items.push_back({first_of({"a", "c", "plain"})});
  tx.items.push_back({first_of({"a", "c"})});
  const Reply done = rig.ask("ns", std::move(tx));
  ASSERT_TRUE(done.status.ok()) << done.status.to_string();
  EXPECT_EQ(given(std::get<TxReply>(done.body).items[0]), (Given{{}, {"5"}}));
  EXPECT_EQ(given(std::get<TxReply>(done.body).items[1]), (Given{{}, {}}));
}

TEST_F(PipelineTest, EveryValueOfAKeyIsSeen) {
  const std::vector<ItemReply> replies = run(
      {{put("a", "1")}, {get("a")}, {put("a", "2")}, {put("a", "3")}, {get("a")}, counted("n", 1), counted("n", 1)});
  EXPECT_EQ(value_in(replies[1]), "1");
  EXPECT_EQ(value_in(replies[4]), "3");
  EXPECT_EQ(result(replies[5]), 1);
  EXPECT_EQ(result(replies[6]), 2);
  EXPECT_EQ(made, 5U);
  std::vector<Bytes> values;
  for (const WatchEvent& event : rig.events) values.push_back(event.change.value.value_or(Bytes()));
  EXPECT_EQ(values, (std::vector<Bytes>{"1", "2", "3", "2", "2"})) << "of a counter, what it is when it is told";
}

TEST_F(PipelineTest, ARefusedWriteTakesNothingWithIt) {
  EXPECT_TRUE(rig.ask("ns", put("text", "not a set")).status.ok());
  const std::vector<ItemReply> replies = run({{put("a", "1")},
                                              member("text", "x"),
                                              member("s", "x"),
                                              score("s", "m", 1),  // of another type than what stands before it
                                              member("s", "y"),
                                              {put("", "no key")},
                                              {put("b", "2")}});
  EXPECT_EQ(replies[1].status.code(), StatusCode::kWrongType);
  EXPECT_EQ(replies[3].status.code(), StatusCode::kWrongType);
  EXPECT_EQ(replies[5].status.code(), StatusCode::kInvalidArgument);
  for (const std::size_t done : {0, 2, 4, 6}) EXPECT_TRUE(replies[done].status.ok()) << done;
  EXPECT_EQ(result(replies[4]), 1);
  const Reply members = rig.ask("ns", CountMembersRequest{std::string(kTableKv), "s", 10});
  EXPECT_EQ(std::get<MemberCountReply>(members.body).count, 2U);
  EXPECT_EQ(value_in(rig.ask("ns", get("b"))), "2");
  EXPECT_EQ(value_in(rig.ask("ns", get("text"))), "not a set");
}

TEST_F(PipelineTest, ItIsAnsweredWhenAllOfItIsDurable) {
  rig.hold_log(true);
  const RequestId id = rig.send("ns", PipelineRequest{{{put("a", "1")}, {get("a")}, {put("b", "2")}}});
  const RequestId reads = rig.send("ns", PipelineRequest{{{get("c")}, {get("d")}}});
  EXPECT_FALSE(rig.answered(id));
  EXPECT_TRUE(rig.answered(reads)) << "it depends on nothing that is on its way";
  rig.hold_log(false);
  EXPECT_TRUE(rig.answered(id));
}

TEST_F(PipelineTest, AFailedDiskRefusesWhatItDidNotTake) {
  rig.fail_next_write = Status(StatusCode::kUnavailable, "input/output error");
  const Reply reply = rig.ask("ns", PipelineRequest{{{put("a", "1")}, {put("b", "2")}}});
  EXPECT_FALSE(reply.status.ok());
}

TEST_F(PipelineTest, WhatCannotBeAPartIsRefusedByItself) {
  const std::vector<ItemReply> replies = run({{put("a", "1")}, {TxBeginRequest{}}, {WriteRequest{}}, {put("b", "2")}});
  EXPECT_EQ(replies[1].status.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(replies[2].status.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(value_in(rig.ask("ns", get("b"))), "2");

  Terms once;
  once.idempotency_key = "k";
  const RequestId id = rig.send("ns", PipelineRequest{{{put("c", "1")}}}, once);
  EXPECT_EQ(rig.replies.at(id).status.code(), StatusCode::kInvalidArgument);
}

TEST(PipelineInAGroup, IsRefused) {
  NodeConfig config{.node_name = "dc1"};
  config.merge_groups.push_back({"group", {"ns", "other"}});
  Rig rig(config);
  rig.open({.name = "ns"});
  rig.open({.name = "other"});
  EXPECT_EQ(rig.ask("ns", PipelineRequest{{{put("a", "1")}}}).status.code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace pando::node::pipeline_path_test
