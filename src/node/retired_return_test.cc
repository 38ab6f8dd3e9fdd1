// What retirement does between sites, and what becomes of a node that comes back: docs/design/020-retired-nodes.md.

#include <gtest/gtest.h>

#include "node/fleet_suite.h"

namespace pando::node::retired_return_test {
namespace {

WriteRequest put_for(Bytes key, std::int64_t ttl_ms) {
  Mutation m{.key = std::move(key), .value = "v", .ttl = TimeToLive{TimeToLive::Kind::kFor, ttl_ms}};
  WriteRequest write;
  write.mutations.push_back(std::move(m));
  return write;
}
WriteRequest expire(Bytes key, std::int64_t ttl_ms) {
  Mutation m{.kind = Mutation::Kind::kDetail, .key = std::move(key)};
  m.detail = ExpireChange{TimeToLive{TimeToLive::Kind::kFor, ttl_ms}};
  WriteRequest write;
  write.mutations.push_back(std::move(m));
  return write;
}
constexpr std::int64_t kHours = 3'600'000;

void write(Fleet& fleet, std::size_t i, WriteRequest request) {
  const Reply reply = fleet[i].ask("ns", std::move(request));
  EXPECT_TRUE(reply.status.ok()) << reply.status.to_string();
}
Bytes value(Fleet& fleet, std::size_t i, Bytes key) { return value_in(fleet[i].ask("ns", get(std::move(key)))); }
std::int64_t counter(Fleet& fleet, std::size_t i, Bytes key) {
  return fleet.ask<CounterReply>(i, GetCounterRequest{std::string(kTableKv), std::move(key)}).value;
}
// Cells that are stored, ended or not.
std::uint64_t cells(Fleet& fleet, std::size_t i) { return fleet.digest(i, 0).cells; }
void retire(Fleet& fleet, std::size_t at, std::string node) {
  const RequestId id = fleet[at].send("ns", RetireNodeRequest{std::move(node)});
  fleet.pass(Duration::seconds(1));
  ASSERT_TRUE(fleet[at].answered(id));
  const Reply& reply = fleet[at].replies.at(id);
  ASSERT_TRUE(reply.status.ok()) << reply.status.to_string();
  EXPECT_TRUE(std::get<RetireReply>(reply.body).done);
}
NodesReply::Node node_of(Fleet& fleet, std::size_t at, std::string_view name) {
  for (NodesReply::Node& node : fleet.ask<NodesReply>(at, ListNodesRequest{}).nodes) {
    if (node.name == name) return node;
  }
  ADD_FAILURE() << name << " is not known";
  return {};
}
void expect_equal(Fleet& fleet, std::size_t count) {
  for (std::size_t i = 1; i < count; ++i) {
    EXPECT_EQ(fleet.digest(i).fingerprint, fleet.digest(0).fingerprint) << fleet.name(i);
  }
}

TEST(RetiredReturn, WhatHasEndedWaitsForASiteThatIsGoneUntilItIsRetired) {
  Fleet fleet(3);
  fleet.settle();
  write(fleet, 2, put("of-dc3", "x"));
  write(fleet, 1, put("of-dc2", "x"));
  write(fleet, 0, put_for("k", 30'000));
  fleet.settle();
  fleet.kill(2);
  fleet.pass(Duration::seconds(300));
  const std::uint64_t before = cells(fleet, 0);
  EXPECT_EQ(fleet.ask<Boxed<StatsReply>>(0, StatsRequest{})->ended_waiting, 1u) << "dc3 has not vouched";
  retire(fleet, 1, "dc3");
  fleet.pass(Duration::seconds(120));
  const StatsReply stats = *fleet.ask<Boxed<StatsReply>>(0, StatsRequest{});
  EXPECT_EQ(stats.ended_waiting, 0u);
  EXPECT_EQ(stats.ended_freed, 1u);
  EXPECT_EQ(cells(fleet, 0), before - 2 + 1) << "the key and its end; the retirement";
  ASSERT_EQ(stats.retired.size(), 1u);
  EXPECT_EQ(stats.retired[0].first, "dc3");
  EXPECT_EQ(node_of(fleet, 0, "dc3").state, NodesReply::State::kRetired);
  EXPECT_EQ(node_of(fleet, 0, "dc3").retired_by, "dc2");
  EXPECT_EQ(value(fleet, 0, "of-dc3"), "x");
  expect_equal(fleet, 2);
}

TEST(RetiredReturn, ADiskThatComesBackIsMergedAndBringsNothingToLife) {
  Fleet fleet(3);
  fleet.settle();
  write(fleet, 0, put("deleted", "1"));
  write(fleet, 0, add("n", 5));
  write(fleet, 2, add("n", 7));
  write(fleet, 1, put("of-dc2", "x"));
  write(fleet, 0, put_for("gone", 30'000));
  write(fleet, 0, put_for("extended", 30'000));
  fleet.settle();
  fleet.cut(2);
  write(fleet, 2, add("n", 100));
  write(fleet, 2, put("alone", "news"));
  write(fleet, 2, expire("extended", 100 * kHours));
  fleet.kill(2);
  write(fleet, 0, erase("deleted"));
  fleet.pass(Duration::seconds(120));
  retire(fleet, 0, "dc3");
  fleet.pass(Duration::seconds(120));
  EXPECT_EQ(fleet.ask<Boxed<StatsReply>>(0, StatsRequest{})->ended_freed, 2u);
  EXPECT_EQ(fleet.ask<Boxed<StatsReply>>(1, StatsRequest{})->ended_freed, 2u);

  fleet.heal();
  fleet.start(2);
  EXPECT_EQ(value(fleet, 2, "extended"), "v") << "it knows no better yet";
  fleet.pass(Duration::seconds(30));
  EXPECT_EQ(to_string(fleet.ask<Boxed<StatsReply>>(2, StatsRequest{})->origin), "dc3#2");
  write(fleet, 2, add("n", 1000));
  fleet.settle();
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(value(fleet, i, "deleted"), "(none)") << i;
    EXPECT_EQ(value(fleet, i, "gone"), "(none)") << i;
    EXPECT_EQ(value(fleet, i, "extended"), "(none)") << i;
    EXPECT_EQ(value(fleet, i, "alone"), "news") << i;
    EXPECT_EQ(counter(fleet, i, "n"), 1112) << i;
  }
  expect_equal(fleet, 3);
  EXPECT_EQ(node_of(fleet, 0, "dc3").state, NodesReply::State::kLinked);
  EXPECT_EQ(node_of(fleet, 0, "dc3").retired_epoch, 1u);
  EXPECT_TRUE(fleet.ask<Boxed<StatsReply>>(0, StatsRequest{})->retired.empty());
}

TEST(RetiredReturn, APowerCutLeavesNoNewsWithoutWhatIsGivenUpForIt) {
  Fleet fleet(3);
  fleet.settle();
  write(fleet, 0, put_for("extended", 30'000));
  write(fleet, 1, put("of-dc2", "x"));
  write(fleet, 2, put("of-dc3", "x"));
  fleet.settle();
  fleet.cut(2);
  write(fleet, 2, expire("extended", 100 * kHours));
  fleet.kill(2);
  fleet.pass(Duration::seconds(120));
  retire(fleet, 0, "dc3");
  fleet.pass(Duration::seconds(120));
  ASSERT_EQ(fleet.ask<Boxed<StatsReply>>(0, StatsRequest{})->ended_freed, 1u);

  const Origin dc1{"dc1", 1};
  const Origin dc3{"dc3", 1};
  const VersionVector before = fleet.digest(0, 0).context;
  std::vector<std::pair<Rig::Disk, LogWrite>> writes;  // the disk as it was before each
  fleet[0].on_write = [&](const LogWrite& one) { writes.emplace_back(*fleet[0].disks().at("ns"), one); };
  fleet.heal();
  fleet.start(2);
  fleet.pass(Duration::seconds(30));
  fleet[0].on_write = {};
  ASSERT_GT(fleet.digest(0, 0).context.get(dc3), before.get(dc3)) << "its news have come";

  std::size_t with_news = 0;
  for (const auto& [disk, one] : writes) {
    for (std::size_t kept = 0; kept <= one.bytes.size(); kept += 4) {
      const auto torn = std::make_shared<Rig::Disk>(disk);
      torn->segments.at(one.segment_id).replace(one.offset, kept, one.bytes, 0, kept);
      NodeConfig config;
      config.node_name = "dc1";
      Rig rig(config, {{"ns", torn}});
      rig.open({.name = "ns"});
      const VersionVector after = std::get<DigestReply>(rig.ask("ns", DigestRequest{0}).body).context;
      if (after.get(dc3) == before.get(dc3)) continue;
      ++with_news;
      EXPECT_GT(after.get(dc1), before.get(dc1)) << "after " << kept << " of " << one.bytes.size() << " bytes";
    }
  }
  EXPECT_GT(with_news, 0u);
}

TEST(RetiredReturn, AnEmptyDirectoryUnderTheOldNameIsTheNextEpoch) {
  Fleet fleet(3);
  fleet.settle();
  write(fleet, 2, add("n", 1));
  fleet.settle();
  for (std::uint64_t epoch = 1; epoch <= 2; ++epoch) {
    fleet.kill(2);
    fleet.begin_anew(2);
    fleet.pass(Duration::seconds(1));
    retire(fleet, epoch == 1 ? 0 : 1, "dc3");
    fleet.start(2);
    fleet.pass(Duration::seconds(30));
    write(fleet, 2, add("n", epoch == 1 ? 10 : 100));
    fleet.settle();
    EXPECT_EQ(node_of(fleet, 1, "dc3").epoch, epoch + 1);
    EXPECT_EQ(node_of(fleet, 1, "dc3").state, NodesReply::State::kLinked);
  }
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(counter(fleet, i, "n"), 111) << i;
  expect_equal(fleet, 3);
}

TEST(RetiredReturn, ASiteThatIsLinkedIsNotRetired) {
  Fleet fleet(2);
  fleet.settle();
  write(fleet, 1, put("k", "v"));
  fleet.settle();
  EXPECT_EQ(fleet[0].ask("ns", RetireNodeRequest{"dc2"}).status.code(), StatusCode::kConflict);
}

TEST(Drain, IsSafeOnceThePeersHaveEverything) {
  Fleet fleet(2);
  fleet.settle();
  write(fleet, 1, put("of-dc2", "x"));
  fleet.settle();
  fleet.cut(1);
  write(fleet, 0, put("last", "words"));
  (void)fleet.ask<DrainReply>(0, DrainRequest{DrainRequest::Change::kBegin});
  fleet.settle();
  EXPECT_FALSE(fleet.ask<DrainReply>(0, DrainRequest{}).safe) << "nobody is there";
  fleet.heal();
  fleet.settle();
  const DrainReply drained = fleet.ask<DrainReply>(0, DrainRequest{});
  EXPECT_TRUE(drained.safe);
  EXPECT_EQ(drained.peers, (std::vector<DrainReply::Peer>{{"dc2", 0}}));
  EXPECT_EQ(value(fleet, 1, "last"), "words");
  fleet.kill(0);
  fleet.start(0);
  EXPECT_FALSE(fleet.ask<DrainReply>(0, DrainRequest{}).draining) << "a restarted node takes writes";
}

}  // namespace
}  // namespace pando::node::retired_return_test
