#include "node/node.h"

#include <gtest/gtest.h>

#include "node/node_suite.h"
#include "repl/session.h"

namespace pando::node::node_test {
namespace {

NodeConfig named(std::string name) {
  NodeConfig config;
  config.node_name = std::move(name);
  return config;
}

TEST(Node, AnswersOnlyWhenDurable) {
  Rig rig(named("dc1"));
  rig.open({.name = "ns"});
  rig.hold_log(true);
  const RequestId write = rig.send("ns", put("k", "v"));
  EXPECT_FALSE(rig.answered(write));
  const RequestId read = rig.send("ns", get("k"));
  EXPECT_FALSE(rig.answered(read)) << "a read that saw the write waits for it";
  const RequestId other = rig.send("ns", get("other"));
  EXPECT_TRUE(rig.answered(other)) << "a read that did not, does not";
  rig.hold_log(false);
  EXPECT_TRUE(rig.replies.at(write).status.ok());
  EXPECT_EQ(value_in(rig.replies.at(read)), "v");
}

TEST(Node, ReplaysTheLogAfterACrashAndNothingAfterACleanStop) {
  Rig::Disks disks;
  {
    Rig rig(named("dc1"));
    rig.open({.name = "ns"});
    rig.ask("ns", put("k", "v1"));
    rig.ask("ns", add("n", 5));
    rig.ask("ns", add("n", -2));
    disks = rig.disks();
  }
  Rig again(named("dc1"), disks);
  const OpenReport crashed = again.open({.name = "ns"});
  EXPECT_FALSE(crashed.clean);
  EXPECT_EQ(crashed.replayed, 3u);
  EXPECT_EQ(value_in(again.ask("ns", get("k"))), "v1");
  EXPECT_EQ(value_in(again.ask("ns", get("n"))), "3");
  again.ask("ns", put("k", "v2"));
  again.node().begin_stop(again.now, again.out);
  again.step(Tick{});
  EXPECT_TRUE(again.node().stopped());

  Rig third(named("dc1"), again.disks());
  const OpenReport stopped = third.open({.name = "ns"});
  EXPECT_TRUE(stopped.clean);
  EXPECT_EQ(stopped.replayed, 0u);
  EXPECT_EQ(value_in(third.ask("ns", get("k"))), "v2");
  EXPECT_EQ(std::get<CounterReply>(third.ask("ns", add("n", 1)).body).value, 4);
  EXPECT_EQ(value_in(third.ask("ns", get("n"))), "4");
}

TEST(Node, AFailedFsyncIsFinalForItsNamespaceOnly) {
  Rig rig(named("dc1"));
  rig.open({.name = "bad"});
  rig.open({.name = "good"});
  rig.ask("bad", put("k", "v"));
  rig.fail_next_write = Status(StatusCode::kIoError, "fdatasync: Input/output error");
  const Reply failed = rig.ask("bad", put("k", "w"));
  EXPECT_EQ(failed.status.code(), StatusCode::kUnavailable);
  EXPECT_NE(failed.status.message().find("outcome unknown"), std::string::npos) << failed.status.message();
  for (Request request : {Request(put("k", "x")), Request(get("k"))}) {
    const Reply reply = rig.ask("bad", std::move(request));
    EXPECT_EQ(reply.status.code(), StatusCode::kUnavailable);
    EXPECT_NE(reply.status.message().find("Input/output error"), std::string::npos);
  }
  EXPECT_TRUE(rig.ask("good", put("k", "v")).status.ok());
  const std::vector<Node::Health> health = rig.node().health();
  ASSERT_EQ(health.size(), 2u);
  EXPECT_FALSE(health[0].status.ok());
  EXPECT_TRUE(health[1].status.ok());
}

TEST(Node, AFullDiskRefusesWritesAndRecovers) {
  Rig rig(named("dc1"));
  rig.prepare_status = Status(StatusCode::kUnavailable, "disk full: No space left on device");
  rig.open({.name = "ns"});
  // The record that needs the first segment waits for it; once preparing is known to fail, writes are refused.
  const Reply refused = [&] {
    rig.send("ns", put("a", "1"));
    return rig.ask("ns", put("b", "2"));
  }();
  EXPECT_EQ(refused.status.code(), StatusCode::kUnavailable) << refused.status.to_string();
  EXPECT_FALSE(rig.node().health()[0].status.ok());
  EXPECT_EQ(value_in(rig.ask("ns", get("b"))), "(none)");
  rig.prepare_status = {};
  rig.pass(Duration::seconds(5));
  EXPECT_TRUE(rig.ask("ns", put("b", "2")).status.ok());
  EXPECT_TRUE(rig.node().health()[0].status.ok());
}

TEST(Node, AnySegmentThatCannotBePreparedIsTriedAgain) {
  Rig rig(named("dc1"));
  rig.prepare_status = Status(StatusCode::kIoError, "rename 2.log: Input/output error");
  rig.open({.name = "ns"});
  const RequestId waiting = rig.send("ns", put("a", "1"));
  rig.pass(Duration::millis(1));
  EXPECT_EQ(rig.replies.at(waiting).status.code(), StatusCode::kUnavailable);
  EXPECT_EQ(rig.ask("ns", put("b", "2")).status.code(), StatusCode::kUnavailable);
  rig.prepare_status = {};
  rig.pass(Duration::seconds(5));
  EXPECT_TRUE(rig.ask("ns", put("b", "2")).status.ok());
  EXPECT_TRUE(rig.node().health()[0].status.ok());
}

TEST(Node, SetsAndFlagsAreReadOnceTheyAreDurable) {
  Rig rig(named("dc1"));
  rig.open({.name = "ns"});
  const auto change = [](Mutation::Kind kind, Bytes key, std::vector<Bytes> members) {
    WriteRequest write;
    write.mutations.emplace_back();
    write.mutations[0].kind = kind;
    write.mutations[0].key = std::move(key);
    write.mutations[0].members = std::move(members);
    return write;
  };
  const auto members = [](const Reply& reply) { return std::get<MembersReply>(reply.body).members; };
  const auto present = [](const Reply& reply) { return std::get<PresenceReply>(reply.body).present; };
  const HasMemberRequest has{std::string(kTableKv), "s", "a"};
  const GetFlagRequest flag{std::string(kTableKv), "f"};
  ListMembersRequest list;
  list.key = "s";
  rig.ask("ns", change(Mutation::Kind::kAddMembers, "s", {"a", "b", "c"}));
  rig.ask("ns", change(Mutation::Kind::kEnable, "f", {}));
  rig.hold_log(true);
  rig.send("ns", change(Mutation::Kind::kRemoveMembers, "s", {"a"}));
  rig.send("ns", change(Mutation::Kind::kDisable, "f", {}));
  const std::vector<RequestId> waiting = {rig.send("ns", has), rig.send("ns", list), rig.send("ns", flag),
                                          rig.send("ns", CountMembersRequest{std::string(kTableKv), "s", 10})};
  for (const RequestId id : waiting) EXPECT_FALSE(rig.answered(id)) << "a removal may still be lost";
  rig.hold_log(false);
  for (const RequestId id : waiting) EXPECT_TRUE(rig.answered(id));
  EXPECT_FALSE(present(rig.replies.at(waiting[0])));
  EXPECT_EQ(members(rig.replies.at(waiting[1])), (std::vector<Bytes>{"b", "c"}));
  EXPECT_FALSE(present(rig.replies.at(waiting[2])));
  EXPECT_EQ(std::get<MemberCountReply>(rig.replies.at(waiting[3]).body).count, 2u);
  list.count_max = 1;
  const Reply page = rig.ask("ns", list);
  EXPECT_EQ(members(page), std::vector<Bytes>{"b"});
  EXPECT_TRUE(std::get<MembersReply>(page.body).more);
  const Reply some = rig.ask("ns", CountMembersRequest{std::string(kTableKv), "s", 1});
  EXPECT_EQ(std::get<MemberCountReply>(some.body).count, 1u);
  EXPECT_TRUE(std::get<MemberCountReply>(some.body).more);
  EXPECT_EQ(rig.ask("ns", get("s")).status.code(), StatusCode::kWrongType);
  EXPECT_EQ(rig.ask("ns", GetCounterRequest{std::string(kTableKv), "s"}).status.code(), StatusCode::kWrongType);
  EXPECT_EQ(rig.ask("ns", GetFlagRequest{std::string(kTableKv), "s"}).status.code(), StatusCode::kWrongType);
}

TEST(Node, UnknownNamespacesAndReadOnlyOnesSaySo) {
  Rig rig(named("relay"));
  rig.open({.name = "ns", .writable = false});
  EXPECT_EQ(rig.ask("nope", get("k")).status, Status(StatusCode::kNotFound, "namespace not found: nope"));
  EXPECT_EQ(rig.ask("ns", put("k", "v")).status.code(), StatusCode::kReadOnly);
  EXPECT_EQ(rig.ask("ns", TxBeginRequest{}).status.code(), StatusCode::kReadOnly);
}

TEST(Node, TransactionsAreAtomicAndBelongToTheirNamespace) {
  Rig rig(named("dc1"));
  rig.open({.name = "ns"});
  rig.open({.name = "other"});
  const Bytes id = std::get<TxBegunReply>(rig.ask("ns", TxBeginRequest{}).body).id;
  EXPECT_TRUE(rig.ask("ns", TxAppendRequest{id, put("a", "1").mutations[0]}).status.ok());
  EXPECT_TRUE(rig.ask("ns", TxAppendRequest{id, add("n", 7).mutations[0]}).status.ok());
  EXPECT_EQ(value_in(rig.ask("ns", get("a"))), "(none)") << "not before the commit";
  EXPECT_EQ(rig.ask("other", TxCommitRequest{id}).status.code(), StatusCode::kNotFound);
  EXPECT_TRUE(rig.ask("ns", TxCommitRequest{id}).status.ok());
  EXPECT_EQ(value_in(rig.ask("ns", get("a"))), "1");
  EXPECT_EQ(value_in(rig.ask("ns", get("n"))), "7");
  EXPECT_EQ(rig.ask("ns", TxCommitRequest{id}).status.code(), StatusCode::kConflict);
  const Bytes idle = std::get<TxBegunReply>(rig.ask("ns", TxBeginRequest{}).body).id;
  rig.pass(Duration::seconds(121));
  EXPECT_EQ(rig.ask("ns", TxCommitRequest{idle}).status.code(), StatusCode::kGone);
}

TEST(Node, AnObjectIsStagedInChunksAndSeenWhole) {
  Rig rig(named("dc1"));
  rig.open({.name = "ns"});
  const Bytes part(limits::kLobChunkBytes / 2 + 1000, 'x');
  const Bytes id = std::get<TxBegunReply>(rig.ask("ns", TxBeginRequest{TxOperation::kPut, TxEntryType::kLob}).body).id;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(rig.ask("ns", TxAppendLobRequest{id, "obj", part}).status.ok());
  EXPECT_EQ(rig.ask("ns", TxAppendLobRequest{id, "another", part}).status.code(), StatusCode::kInvalidArgument);
  EXPECT_FALSE(std::get<LobStatReply>(rig.ask("ns", LobStatRequest{"obj"}).body).found);
  EXPECT_TRUE(rig.ask("ns", TxCommitRequest{id}).status.ok());
  const LobStatReply stat = std::get<LobStatReply>(rig.ask("ns", LobStatRequest{"obj"}).body);
  ASSERT_TRUE(stat.found);
  EXPECT_EQ(stat.size_bytes, 3 * part.size());
  Bytes whole;
  for (std::uint64_t i = 0; i < stat.chunk_count; ++i) {
    whole += std::get<LobChunkReply>(rig.ask("ns", LobChunkRequest{"obj", stat.upload, i}).body).chunk;
  }
  EXPECT_EQ(whole, part + part + part);
}

TEST(Node, StagedChunksOfALostProcessAreDiscarded) {
  Rig::Disks disks;
  {
    Rig rig(named("dc1"));
    rig.open({.name = "ns"});
    const Bytes id = std::get<TxBegunReply>(rig.ask("ns", TxBeginRequest{}).body).id;
    rig.ask("ns", TxAppendLobRequest{id, "obj", Bytes(limits::kLobChunkBytes * 2, 'x')});
    EXPECT_GT(std::get<DigestReply>(rig.ask("ns", DigestRequest{}).body).cells, 0u);
    disks = rig.disks();
  }
  Rig again(named("dc1"), disks);
  again.open({.name = "ns"});
  EXPECT_EQ(std::get<DigestReply>(again.ask("ns", DigestRequest{}).body).cells, 0u);
}

TEST(Node, MergeGroupsAnswerTheWinnerFromAnyMember) {
  NodeConfig config = named("relayer");
  config.merge_groups = {{"campaign", {"dc1", "dc2"}}};
  Rig rig(config);
  rig.open({.name = "dc1"});
  rig.open({.name = "dc2"});
  const Bytes online = R"({"value":"online","timestamp":10,"replica":"r1"})";
  const Bytes away = R"({"value":"away","timestamp":20,"replica":"r2"})";
  rig.ask("dc1", put("lww:s", online));
  rig.ask("dc2", put("lww:s", away));
  EXPECT_EQ(value_in(rig.ask("dc1", get("lww:s"))), away);
  EXPECT_EQ(value_in(rig.ask("dc1", GetRequest{std::string(kTableKv), "lww:s", true})), online);
  // A stale write in the winner's own namespace does not bring the old value back.
  rig.ask("dc2", put("lww:s", R"({"value":"old","timestamp":5,"replica":"r2"})"));
  EXPECT_EQ(value_in(rig.ask("dc2", get("lww:s"))), away);
  rig.ask("dc1", put("counter:c", R"({"replica":"r1","count":5})"));
  rig.ask("dc2", put("counter:c", R"({"replica":"r2","count":3})"));
  rig.ask("dc2", put("counter:c", R"({"replica":"r1","count":4})"));
  const auto merged = std::get<MergedReply>(rig.ask("dc2", GetMergedRequest{"counter:c"}).body);
  EXPECT_EQ(merged.total, 8u);
  EXPECT_EQ(rig.ask("dc1", put("lww:bad", "not json")).status, Status());
  EXPECT_EQ(value_in(rig.ask("dc1", get("lww:bad"))), "not json");
  EXPECT_EQ(std::get<Boxed<StatsReply>>(rig.ask("dc1", StatsRequest{}).body)->malformed_payloads, 1u);
}

TEST(Node, WatchesResumeFromTheirCursor) {
  Rig rig(named("dc1"));
  rig.open({.name = "ns", .notify = true});
  rig.ask("ns", put("before", "0"));
  rig.step(WatchOpen{WatchId(1), "ns", {std::nullopt, "k", false}, ""});
  ASSERT_EQ(rig.opened.size(), 1u);
  ASSERT_TRUE(rig.opened[0].status.ok());
  rig.ask("ns", put("k1", "1"));
  rig.ask("ns", put("x", "not matched"));
  rig.ask("ns", put("k2", "2"));
  ASSERT_EQ(rig.events.size(), 1u) << "one batch outstanding";
  EXPECT_EQ(rig.events[0].change.number, 2u);
  rig.step(WatchReady{WatchId(1)});
  ASSERT_EQ(rig.events.size(), 2u);
  EXPECT_EQ(rig.events[1].change.key, "k2");
  EXPECT_EQ(rig.events[1].change.number, 4u);
  const std::string cursor = rig.events[0].cursor;
  rig.step(WatchClose{WatchId(1)});
  rig.step(WatchOpen{WatchId(2), "ns", {std::nullopt, "k", false}, cursor});
  ASSERT_EQ(rig.events.size(), 3u);
  EXPECT_EQ(rig.events[2].change.key, "k2");
  EXPECT_EQ(rig.events[2].change.number, 4u);
  EXPECT_EQ(rig.notified.size(), 4u);
  rig.step(WatchOpen{WatchId(3), "ns", {}, "garbage"});
  EXPECT_EQ(rig.opened.back().status.code(), StatusCode::kInvalidArgument);
}

// A peer that speaks the protocol well and lies about what it has seen.
TEST(Node, ACommitThatSawTheFutureIsRefusedBeforeTheLog) {
  Rig rig(named("dc1"));
  rig.open({.name = "ns"});
  rig.step(LinkUp{LinkId(1), 0, "liar:1"});
  repl::SessionOptions options;
  options.self = {"liar", 1};
  options.ns = "ns";
  options.dialed = true;
  repl::Session liar(options, rig.now);
  Commit commit;
  commit.dot = {{"liar", 1}, Seq(1)};
  commit.hlc = Hlc::from_wall_ms(rig.now.wall_ms);
  commit.ops = {RemoveOp{{std::string(kTableKv), "k", CellKind::kRegister, {}}, {{{"dc1", 1}, Seq(99)}}}};
  const Bytes encoded = seal_commit(0, commit);
  VersionVector has;
  has.raise(commit.dot.origin, commit.dot.seq);
  liar.start(has, {}, rig.now);
  for (Bytes& frame : liar.take_frames()) rig.step(LinkFrame{LinkId(1), std::move(frame)});
  rig.step(LinkFrame{LinkId(1), repl::encode_frame(repl::Body{LogPos(1), {encoded}})});
  EXPECT_TRUE(rig.closes.empty());
  const StatsReply stats = *rig.node().stats("ns");
  ASSERT_EQ(stats.quarantined.size(), 1u);
  EXPECT_EQ(stats.quarantined[0].dot, commit.dot);
  EXPECT_EQ(stats.commits, 0u);
  EXPECT_TRUE(rig.ask("ns", put("k", "v")).status.ok()) << "the namespace goes on";
  Rig again(named("dc1"), rig.disks());
  EXPECT_TRUE(again.open({.name = "ns"}).damage.ok()) << "and starts again";
}

// Two nodes, frames carried by hand.
TEST(Node, TwoNodesMergeBothWays) {
  NodeConfig dialer = named("dc1");
  dialer.links = {{"dc2", "dc2:1", "ns", true, true}};
  Rig one(dialer);
  Rig two(named("dc2"));
  one.open({.name = "ns"});
  two.open({.name = "ns"});
  one.ask("ns", add("n", 5));
  one.ask("ns", put("k", "from dc1"));
  two.pass(Duration::millis(10));
  two.ask("ns", add("n", 3));
  two.ask("ns", put("k", "from dc2"));
  ASSERT_EQ(one.dials.size(), 1u);
  one.step(LinkUp{LinkId(1), one.dials[0].dial_id, "dc2:1"});
  two.step(LinkUp{LinkId(9), 0, "dc1:5"});
  const auto carry = [&] {
    while (!one.frames.empty() || !two.frames.empty()) {
      for (LinkSend& sent : std::exchange(one.frames, {})) two.step(LinkFrame{LinkId(9), std::move(sent.frame)});
      for (LinkSend& sent : std::exchange(two.frames, {})) one.step(LinkFrame{LinkId(1), std::move(sent.frame)});
    }
  };
  carry();
  for (Rig* rig : {&one, &two}) {
    EXPECT_EQ(value_in(rig->ask("ns", get("n"))), "8");
    EXPECT_EQ(value_in(rig->ask("ns", get("k"))), "from dc2");
  }
  carry();
  EXPECT_EQ(std::get<DigestReply>(one.ask("ns", DigestRequest{}).body).fingerprint,
            std::get<DigestReply>(two.ask("ns", DigestRequest{}).body).fingerprint);
  two.ask("ns", erase("k"));
  carry();
  EXPECT_EQ(value_in(one.ask("ns", get("k"))), "(none)");
}

}  // namespace
}  // namespace pando::node::node_test
