// How safe a write is when it is answered, and what a start after less than fsync does.
#include "model/bounded.h"
#include "node/durability_path.h"
#include "node/node_suite.h"
#include "repl/frame.h"

namespace pando::node::durability_test {
namespace {

NodeConfig dc1() {
  NodeConfig config;
  config.node_name = "dc1";
  return config;
}

Terms safe(std::string_view text, Duration wait = Duration::seconds(5)) {
  Terms terms;
  terms.durability = *parse_durability(text);
  terms.durability_wait = wait;
  return terms;
}

NamespaceConfig by_default(std::string_view text) {
  NamespaceConfig config{.name = "ns"};
  config.durability = *parse_durability(text);
  return config;
}

WriteRequest declare_bounded(Bytes key) {
  WriteRequest write = put(std::move(key), {});
  write.mutations[0].kind = Mutation::Kind::kDetail;
  write.mutations[0].detail = DeclareBounded{{0, std::nullopt, 10}, {}};
  return write;
}

TEST(Durability, MemoryIsAnsweredAtOnceButForTheFirst) {
  Rig rig(dc1());
  rig.open({.name = "ns"});
  rig.hold_log(true);
  const RequestId first = rig.send("ns", add("n", 1), safe("memory"));
  EXPECT_FALSE(rig.answered(first)) << "that answers run ahead of the disk is not on the disk yet";
  rig.hold_log(false);
  EXPECT_TRUE(rig.replies.at(first).status.ok());

  rig.hold_log(true);
  EXPECT_EQ(std::get<CounterReply>(rig.ask("ns", add("n", 1), safe("memory")).body).value, 2);
  const RequestId read = rig.send("ns", get("n"));
  const RequestId write = rig.send("ns", add("n", 1));
  EXPECT_FALSE(rig.answered(read)) << "what reads tell cannot be taken back";
  EXPECT_FALSE(rig.answered(write)) << "fsync is the default";
  rig.hold_log(false);
  EXPECT_EQ(value_in(rig.replies.at(read)), "2");
  EXPECT_TRUE(rig.replies.at(write).status.ok());
}

TEST(Durability, OsIsAnsweredWhenTheOperatingSystemHasIt) {
  Rig rig(dc1());
  rig.open({.name = "ns"});
  rig.ask("ns", add("n", 1), safe("os"));
  rig.hold_log(true);
  const RequestId handed_over = rig.send("ns", add("n", 1), safe("os"));
  EXPECT_TRUE(rig.answered(handed_over));
  const RequestId behind = rig.send("ns", add("n", 1), safe("os"));
  EXPECT_TRUE(rig.answered(behind)) << "it waits for no sync of those before it";
  const RequestId synced = rig.send("ns", add("n", 1), safe("fsync"));
  EXPECT_FALSE(rig.answered(synced));
  const RequestId last = rig.send("ns", add("n", 1), safe("os"));
  EXPECT_TRUE(rig.answered(last)) << "it takes along who waits for the disk";
  rig.hold_log(false);
  EXPECT_TRUE(rig.replies.at(synced).status.ok());
}

TEST(Durability, AnUncleanStopAfterLessThanFsyncBeginsANewEpoch) {
  Rig rig(dc1());
  rig.open({.name = "ns"});
  rig.ask("ns", add("n", 1), safe("memory"));
  rig.hold_log(true);
  const Reply told = rig.ask("ns", add("n", 10), safe("memory"));
  ASSERT_TRUE(told.status.ok());

  // What was held back is lost with the machine.
  Rig again(dc1(), rig.disks());
  again.open({.name = "ns"});
  EXPECT_EQ(again.notes.size(), 1u);
  EXPECT_EQ(value_in(again.ask("ns", get("n"))), "1");
  const Reply next = again.ask("ns", add("n", 100));
  EXPECT_EQ(to_string(*told.dot), "dc1:2");
  EXPECT_EQ(to_string(*next.dot), "dc1#2:1") << "the number of what was lost names nothing else";
  EXPECT_EQ(value_in(again.ask("ns", get("n"))), "101");

  // Nothing was promised since, so the next unclean stop calls for nothing.
  Rig third(dc1(), again.disks());
  third.open({.name = "ns"});
  EXPECT_EQ(to_string(*third.ask("ns", add("n", 1)).dot), "dc1#2:2");
}

TEST(Durability, ACheckpointRemembersThatAnswersRanAhead) {
  Rig rig(dc1());
  rig.open({.name = "ns"});
  rig.ask("ns", add("n", 1), safe("os"));
  rig.pass(Duration::seconds(10));
  ASSERT_GT(std::get<CheckpointReply>(rig.ask("ns", CheckpointRequest{}).body).covered, LogPos(1));
  Rig again(dc1(), rig.disks());
  EXPECT_EQ(again.open({.name = "ns"}).replayed, 0u);
  EXPECT_EQ(to_string(*again.ask("ns", add("n", 1)).dot), "dc1#2:1");
}

TEST(Durability, ACleanStopKeepsTheEpoch) {
  Rig rig(dc1());
  rig.open({.name = "ns"});
  rig.ask("ns", add("n", 1), safe("memory"));
  rig.node().begin_stop(rig.now, rig.out);
  rig.step(Tick{});
  ASSERT_TRUE(rig.node().stopped());
  Rig again(dc1(), rig.disks());
  EXPECT_TRUE(again.open({.name = "ns"}).clean);
  EXPECT_EQ(to_string(*again.ask("ns", add("n", 1)).dot), "dc1:2");
}

TEST(Durability, TheTableSaysAndElseTheNamespace) {
  Rig rig(dc1());
  rig.open(by_default("memory"));
  rig.ask("ns", add("n", 1));
  WriteRequest declare = put("orders", {});
  declare.mutations[0].kind = Mutation::Kind::kDetail;
  declare.mutations[0].table = std::string(kTableTables);
  declare.mutations[0].detail = DeclareTable{{{"durability", "fsync"}}, false};
  ASSERT_TRUE(rig.ask("ns", declare).status.ok());
  WriteRequest order = put("k", "v");
  order.mutations[0].table = "orders";

  rig.hold_log(true);
  EXPECT_TRUE(rig.answered(rig.send("ns", add("n", 1))));
  EXPECT_TRUE(rig.answered(rig.send("ns", get("n")))) << "reads wait for no more than writes";
  EXPECT_TRUE(rig.answered(rig.send("ns", order, safe("memory")))) << "the request says less";
  EXPECT_FALSE(rig.answered(rig.send("ns", order))) << "the table is declared to need more";
  EXPECT_FALSE(rig.answered(rig.send("ns", add("n", 1), safe("fsync")))) << "the request says more";
  rig.hold_log(false);
}

TEST(Durability, BoundedCountersAreOnTheDiskBeforeTheyAreAnswered) {
  Rig rig(dc1());
  rig.open(by_default("memory"));
  rig.ask("ns", add("n", 1));
  rig.hold_log(true);
  const RequestId declared = rig.send("ns", declare_bounded("stock"), safe("memory"));
  EXPECT_FALSE(rig.answered(declared));
  rig.hold_log(false);
  EXPECT_TRUE(rig.replies.at(declared).status.ok()) << rig.replies.at(declared).status.to_string();
}

// A node with peers that say what they have.
class Sites : public testing::Test {
 protected:
  Sites() : rig_(dc1()) { rig_.open({.name = "ns"}); }

  void meet(LinkId id, std::string name) {
    rig_.step(LinkUp{id, 0, name + ":1"});
    repl::Hello hello;
    hello.origin = {std::move(name), 1};
    hello.ns = "ns";
    say(id, hello);
  }
  template <typename Said>
  void say(LinkId id, const Said& said) {
    rig_.step(LinkFrame{id, repl::encode_frame(said)});
  }
  void ack(LinkId id, std::uint64_t seq) {
    VersionVector has;
    has.raise({"dc1", 1}, Seq(seq));
    say(id, repl::Ack{has});
  }

  Rig rig_;
};

TEST_F(Sites, AWriteWaitsForAsManyAsItAsksFor) {
  meet(LinkId(1), "dc2");
  meet(LinkId(2), "dc3");
  const RequestId one = rig_.send("ns", put("k", "v"), safe("sites:1"));
  const RequestId both = rig_.send("ns", put("k", "w"), safe("sites:2"));
  const RequestId named = rig_.send("ns", put("k", "x"), safe("site:dc3"));
  const RequestId here = rig_.send("ns", put("k", "y"), safe("site:dc1"));
  EXPECT_TRUE(rig_.answered(here)) << "its own disk is one";
  EXPECT_FALSE(rig_.answered(one));
  ack(LinkId(1), 1);
  EXPECT_TRUE(rig_.replies.at(one).status.ok());
  ack(LinkId(1), 4);
  EXPECT_FALSE(rig_.answered(both));
  EXPECT_FALSE(rig_.answered(named));
  ack(LinkId(2), 2);
  EXPECT_TRUE(rig_.replies.at(both).status.ok());
  EXPECT_FALSE(rig_.answered(named));
  ack(LinkId(2), 3);
  EXPECT_TRUE(rig_.replies.at(named).status.ok());
}

TEST_F(Sites, WhoWaitsInVainIsToldWhatWasReached) {
  meet(LinkId(1), "dc2");
  const RequestId write = rig_.send("ns", put("k", "v"), safe("sites:2", Duration::seconds(1)));
  ack(LinkId(1), 1);
  rig_.pass(Duration::millis(999));
  EXPECT_FALSE(rig_.answered(write));
  rig_.pass(Duration::millis(1));
  const Reply& late = rig_.replies.at(write);
  EXPECT_EQ(late.status.code(), StatusCode::kTimeout);
  EXPECT_EQ(late.status.message(),
            "sites:2 not reached within 1000 ms; the write is done and stays: it is on this disk and on those of 1 "
            "other node: dc2");
  ASSERT_TRUE(late.reached.has_value());
  EXPECT_EQ(late.reached->level, Durability::Level::kFsync);
  EXPECT_EQ(late.reached->sites, 1u);
  EXPECT_EQ(to_string(*late.dot), "dc1:1") << "what a later read can wait for";
  EXPECT_EQ(value_in(rig_.ask("ns", get("k"))), "v");
  // Asked for again under its key, it is as safe as it is, and not done twice.
  Terms once = safe("sites:1");
  once.idempotency_key = "once";
  EXPECT_FALSE(rig_.answered(rig_.send("ns", add("n", 1), once)));
  EXPECT_FALSE(rig_.answered(rig_.send("ns", add("n", 1), once)));
  ack(LinkId(1), 2);
  EXPECT_EQ(value_in(rig_.ask("ns", get("n"))), "1");
}

// In a pipeline it is told of each write that was done, and of no other.
TEST_F(Sites, APipelineThatWaitsInVainSaysWhatWasRefused) {
  rig_.ask("ns", put("k", "v"));
  const auto send = [&] {
    return rig_.send("ns", PipelineRequest{{{add("n", 1)}, {add("k", 1)}, {get("k")}, {erase("none")}, {add("m", 2)}}},
                     safe("sites:1", Duration::seconds(1)));
  };
  const auto codes = [&](RequestId id) {
    std::vector<StatusCode> all;
    const Reply& reply = rig_.replies.at(id);
    EXPECT_TRUE(reply.status.ok());
    for (const ItemReply& item : std::get<PipelineReply>(reply.body).items) all.push_back(item.status.code());
    return all;
  };
  using Codes = std::vector<StatusCode>;
  const RequestId done = send();
  rig_.pass(Duration::seconds(1));
  EXPECT_EQ(codes(done), (Codes{StatusCode::kTimeout, StatusCode::kWrongType, StatusCode::kOk, StatusCode::kOk,
                                StatusCode::kTimeout}));
  const Reply& late = rig_.replies.at(done);
  EXPECT_NE(std::get<PipelineReply>(late.body).items[0].status.message().find("the write is done and stays"),
            std::string::npos);
  EXPECT_EQ(late.reached->level, Durability::Level::kFsync);
  EXPECT_EQ(value_in(rig_.ask("ns", get("n"))), "1");

  rig_.hold_log(true);
  const RequestId unknown = send();
  rig_.pass(Duration::seconds(1));
  EXPECT_EQ(codes(unknown), (Codes{StatusCode::kTimeout, StatusCode::kWrongType, StatusCode::kTimeout,
                                   StatusCode::kTimeout, StatusCode::kTimeout}));
  EXPECT_FALSE(rig_.replies.at(unknown).dot.has_value());
  EXPECT_FALSE(std::get<PipelineReply>(rig_.replies.at(unknown).body).items[0].seq.has_value());
}

// A power cut may take it and leave its number to another write, so an answer that goes out before must not name it.
TEST_F(Sites, WhatIsNotOnThisDiskInTimeIsNotPromised) {
  meet(LinkId(1), "dc2");
  rig_.hold_log(true);
  const RequestId write = rig_.send("ns", put("k", "v"), safe("sites:1", Duration::seconds(1)));
  rig_.pass(Duration::seconds(1));
  const Reply& late = rig_.replies.at(write);
  EXPECT_EQ(late.status.code(), StatusCode::kTimeout);
  EXPECT_EQ(late.status.message(),
            "sites:1 not reached within 1000 ms; outcome unknown: the write is done here, but not on this disk yet, "
            "and a crash may still undo it");
  EXPECT_FALSE(late.dot.has_value());
  EXPECT_EQ(late.etag, "");
  ASSERT_TRUE(late.reached.has_value());
  EXPECT_EQ(late.reached->level, Durability::Level::kMemory);

  Rig again(dc1(), rig_.disks());
  again.open({.name = "ns"});
  EXPECT_EQ(to_string(*again.ask("ns", put("k", "w")).dot), "dc1:1") << "it was told to nobody";
}

TEST_F(Sites, AStopEndsTheWait) {
  const RequestId write = rig_.send("ns", put("k", "v"), safe("site:dc2"));
  rig_.node().begin_stop(rig_.now, rig_.out);
  rig_.step(Tick{});
  EXPECT_EQ(rig_.replies.at(write).status.code(), StatusCode::kUnavailable);
  EXPECT_EQ(rig_.replies.at(write).status.message(), "the write is done and stays: the node is stopping");
}

TEST_F(Sites, WhatChangesNothingWaitsForNobody) {
  EXPECT_TRUE(rig_.ask("ns", erase("none"), safe("sites:5")).status.ok());
}

}  // namespace
}  // namespace pando::node::durability_test
