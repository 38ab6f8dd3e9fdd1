#include <gtest/gtest.h>

#include "model/commit_parts.h"
#include "repl/session_suite.h"

namespace pando::repl::session_test {
namespace {

// One origin's commits, in turn of tables kv and row; every fourth of both, as one.
std::vector<Bytes> mixed_commits(const Origin& origin, std::uint64_t count) {
  std::vector<Bytes> all;
  std::uint64_t chain = 0;
  for (std::uint64_t seq = 1; seq <= count; ++seq) {
    Commit commit;
    commit.dot = {origin, Seq(seq)};
    commit.hlc = Hlc::from_wall_ms(1'700'000'000'000 + static_cast<std::int64_t>(seq));
    if (seq % 4 < 2) commit.ops.push_back(PutOp{CellPath{"kv", "k", CellKind::kRegister, ""}, "v", {}});
    if (seq % 4 != 1) commit.ops.push_back(PutOp{CellPath{"row", "r", CellKind::kRegister, ""}, "v", {}});
    divide(commit, [](std::string_view) { return false; });
    all.push_back(seal_commit(chain, commit));
    chain = commit.chain;
  }
  return all;
}

// What is of no table that a peer takes is a skip, a run of them one item; both ends agree on how far they are, and on
// the hash.
TEST(Session, PartsAndSkips) {
  FakeNode cloud("cloud"), edge("edge");
  for (Bytes& commit : mixed_commits(cloud.self(), 40)) cloud.append(std::move(commit));
  SessionOptions takes = edge.options();
  takes.tables = TableSet::of({"kv"});
  {
    FakeLink link(cloud, cloud.options(), edge, takes, at_ms(0));
    link.settle(at_ms(1));
    EXPECT_EQ(link.session(0).behind_commits(), 0u);
    EXPECT_EQ(link.session(0).stats().commits_skipped, 20u) << "2, 3, 6, 7, …";
  }
  EXPECT_EQ(edge.context(), cloud.context());
  EXPECT_EQ(edge.heads(), cloud.heads());
  EXPECT_EQ(edge.log().size(), 30u) << "two of four are one skip";
  for (const Bytes& bytes : edge.log()) {
    const Commit commit = decode_commit(bytes).value();
    for (const Op& op : commit.ops) EXPECT_EQ(table_of(op), "kv");
  }
  // Met again, whoever takes as much or less gets it from there.
  FakeNode other("other");
  SessionOptions less = other.options();
  less.tables = TableSet::of({"kv"});
  FakeLink link(edge, takes, other, less, at_ms(2));
  link.settle(at_ms(3));
  EXPECT_EQ(other.context(), cloud.context());
}

// A node that has only parts says so of each commit, in its place; who takes more gets them elsewhere, then what the
// node made itself.
TEST(Session, PartsAreNotGivenForTheWhole) {
  FakeNode cloud("cloud"), edge("edge"), second("second");
  for (Bytes& commit : mixed_commits(cloud.self(), 8)) cloud.append(std::move(commit));
  SessionOptions takes = edge.options();
  takes.tables = TableSet::of({"kv"});
  FakeLink down(cloud, cloud.options(), edge, takes, at_ms(0));
  down.settle(at_ms(1));
  edge.write();
  FakeLink across(edge, takes, second, second.options(), at_ms(2));
  across.settle(at_ms(3));
  EXPECT_TRUE(second.context().empty()) << "the edge's own commit may build on the others";
  EXPECT_FALSE(across.session(1).gives(cloud.self()));
  EXPECT_TRUE(across.session(1).gives(edge.self()));
  FakeLink up(cloud, cloud.options(), second, second.options(), at_ms(4));
  up.settle(at_ms(5));
  across.settle(at_ms(6));
  EXPECT_EQ(second.context().get(edge.self()), Seq(1));
  EXPECT_EQ(second.context().get(cloud.self()), Seq(8));
  EXPECT_EQ(second.log().size(), 9u) << "whole commits, no skips";
}

// Who asks for one all the same breaks the protocol.
TEST(Session, PartsAreNotWanted) {
  FakeNode edge("dc1");
  SessionOptions takes = edge.options();
  takes.tables = TableSet::of({"kv"});
  const std::vector<Bytes> commits = mixed_commits(Origin{"dc9", 1}, 1);
  Session session = up(vector_of(Origin{"dc9", 1}, 1), takes);
  session.seek(LogPos(1));
  session.offer(LogPos(1), commits[0]);
  (void)session.take_frames();
  EXPECT_EQ(session.stats().commits_announced, 1u);
  (void)session.on_frame(encode_frame(Want{{{Origin{"dc9", 1}, Seq(0), Seq(1)}}}), at_ms(1));
  EXPECT_EQ(session.close_reason().message(), "dc2 wants commits of dc9, of which dc1 holds only kv");
}

// What a node lost it gets back whole, whatever it takes of others'.
TEST(Session, OwnCommitsComeBackWhole) {
  FakeNode cloud("cloud"), edge("edge");
  for (Bytes& commit : mixed_commits(Origin{"edge", 1}, 8)) cloud.append(std::move(commit));
  SessionOptions takes = edge.options();
  takes.tables = TableSet::of({});
  takes.self.epoch = 2;
  FakeLink link(cloud, cloud.options(), edge, takes, at_ms(0));
  link.settle(at_ms(1));
  EXPECT_EQ(link.session(0).stats().commits_skipped, 0u);
  EXPECT_EQ(link.session(0).stats().commits_sent, 8u);
}

// And from nobody who has parts of it: those say that they have it, and it waits for somebody who has it whole.
TEST(Session, OwnCommitsDoNotComeBackInParts) {
  const std::vector<Bytes> lost = mixed_commits(Origin{"edge", 1}, 8);
  FakeNode cloud("cloud"), neighbour("neighbour"), edge("edge");
  for (const Bytes& commit : lost) cloud.append(Bytes(commit));
  SessionOptions holds = neighbour.options();
  holds.tables = TableSet::of({"kv", "log"});
  FakeLink down(cloud, cloud.options(), neighbour, holds, at_ms(0));
  down.settle(at_ms(1));
  ASSERT_EQ(neighbour.context().get(Origin{"edge", 1}), Seq(8));
  SessionOptions takes = edge.options();
  takes.tables = TableSet::of({"kv"});
  takes.tables_made = TableSet::of({"kv", "row"});
  takes.self.epoch = 2;
  FakeLink across(neighbour, holds, edge, takes, at_ms(2));
  across.settle(at_ms(3));
  EXPECT_FALSE(across.session(1).gives(Origin{"edge", 1}));
  EXPECT_TRUE(across.session(1).gives(Origin{"cloud", 1}));
  EXPECT_EQ(across.session(0).stats().commits_sent, 2u) << "1 and 5 are of kv alone";
  EXPECT_EQ(across.session(0).stats().commits_announced, 4u) << "two parts, two skips";
  EXPECT_EQ(across.session(0).stats().commits_skipped, 0u);
}

// A peer that knows nothing of parts is not sent the whole instead.
TEST(Session, PartsNeedAPeerThatKnowsThem) {
  Session session = greeting(vector_of(Origin{"dc1", 1}, 1));
  Hello hello = hello_of("dc2");
  hello.tables = TableSet::of({"row"});
  (void)session.on_frame(encode_frame(hello), at_ms(0));
  (void)session.on_frame(encode_frame(Route{}), at_ms(0));
  session.seek(LogPos(1));
  session.offer(LogPos(1), mixed_commits(Origin{"dc1", 1}, 1)[0]);
  EXPECT_EQ(session.close_reason().code(), StatusCode::kUnimplemented);
}

}  // namespace
}  // namespace pando::repl::session_test
