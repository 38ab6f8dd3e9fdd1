// Large orders: built in slices, while what needs them waits and all else goes on.
#include "node/order_path.h"

#include <gtest/gtest.h>

#include <fmt/core.h>

#include "node/node_suite.h"

namespace pando::node::order_path_test {
namespace {

const int kMembers = 3 * static_cast<int>(NamespaceConfig().order_slice_cells);

NodeConfig named(std::string name) {
  NodeConfig config;
  config.node_name = std::move(name);
  return config;
}

WriteRequest with(Bytes key, Mutation::Detail detail) {
  Mutation mutation;
  mutation.kind = Mutation::Kind::kDetail;
  mutation.key = std::move(key);
  mutation.detail = std::move(detail);
  return {{mutation}, false};
}
WriteRequest score(Bytes key, Bytes member, double score) {
  return with(std::move(key), SetScores{{{std::move(member), score}}, {}, false});
}
CountScoresRequest size_of(Bytes key) {
  CountScoresRequest count;
  count.key = std::move(key);
  return count;
}
std::uint64_t count_in(const Reply& reply) {
  EXPECT_TRUE(reply.status.ok()) << reply.status.to_string();
  return std::get<ScoreCountReply>(reply.body).count;
}

// A node that has just started on a disk with a large sorted set, "big".
std::unique_ptr<Rig> started() {
  Rig before(named("dc1"));
  before.open({.name = "ns"});
  SetScores all;
  for (int i = 0; i < kMembers; ++i) {
    all.entries.push_back({fmt::format("m{:06}", i), 1.0 * i});
    if (all.entries.size() < 1000 && i + 1 < kMembers) continue;
    EXPECT_TRUE(before.ask("ns", with("big", std::exchange(all, {}))).status.ok());
  }
  EXPECT_TRUE(before.ask("ns", score("small", "a", 1)).status.ok());
  auto rig = std::make_unique<Rig>(named("dc1"), before.disks());
  rig->open({.name = "ns"});
  return rig;
}

TEST(Orders, ALargeOneIsBuiltOverSeveralTurnsAndWhatNeedsItWaits) {
  const std::unique_ptr<Rig> rig = started();
  const RequestId first = rig->send("ns", size_of("big"));
  const RequestId removal = rig->send("ns", with("big", RemoveScoreRange{ScoreRange{.first = 0, .last = 1}, 2, false}));
  const RequestId second = rig->send("ns", size_of("big"));
  EXPECT_FALSE(rig->answered(first));
  EXPECT_EQ(count_in(rig->ask("ns", size_of("small"))), 1u) << "small ones do not wait for large ones";
  EXPECT_EQ(value_in(rig->ask("ns", get("k"))), "(none)");
  int turns = 0;
  for (; !rig->answered(first) && turns < 20; ++turns) rig->pass(Duration::millis(1));
  EXPECT_GE(turns, 2);
  EXPECT_EQ(count_in(rig->replies.at(first)), static_cast<std::uint64_t>(kMembers));
  ASSERT_TRUE(rig->answered(removal));
  ASSERT_TRUE(rig->answered(second));
  EXPECT_EQ(count_in(rig->replies.at(second)), static_cast<std::uint64_t>(kMembers - 2)) << "in the order they came";
}

TEST(Orders, WhatComesForAKeyWhoseOrderIsBeingBuiltDoesNotOvertake) {
  const std::unique_ptr<Rig> rig = started();
  const RequestId before = rig->send("ns", size_of("big"));
  const RequestId added = rig->send("ns", score("big", "late", 1));
  EXPECT_FALSE(rig->answered(added)) << "it would change what the request before it reads";
  for (int turns = 0; !rig->answered(before) && turns < 20; ++turns) rig->pass(Duration::millis(1));
  EXPECT_EQ(count_in(rig->replies.at(before)), static_cast<std::uint64_t>(kMembers));
  ASSERT_TRUE(rig->answered(added));
  EXPECT_EQ(count_in(rig->ask("ns", size_of("big"))), static_cast<std::uint64_t>(kMembers + 1));
}

TEST(Orders, ARangeThatIsStoredWaitsForTheOrderItIsReadIn) {
  const std::unique_ptr<Rig> rig = started();
  const RequestId stored = rig->send("ns", with("part", StoreScoreRange{"big", {.first = 0, .last = 2}}));
  EXPECT_FALSE(rig->answered(stored));
  for (int turns = 0; !rig->answered(stored) && turns < 20; ++turns) rig->pass(Duration::millis(1));
  ASSERT_TRUE(rig->answered(stored));
  EXPECT_EQ(count_in(rig->ask("ns", size_of("part"))), 3u);
}

TEST(Orders, AStopEndsThoseThatWait) {
  const std::unique_ptr<Rig> rig = started();
  const RequestId waiting = rig->send("ns", size_of("big"));
  rig->node().begin_stop(rig->now, rig->out);
  rig->step(Tick{});
  ASSERT_TRUE(rig->answered(waiting));
  EXPECT_EQ(rig->replies.at(waiting).status.code(), StatusCode::kUnavailable);
}

}  // namespace
}  // namespace pando::node::order_path_test
