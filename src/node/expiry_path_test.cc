#include "node/expiry_path.h"

#include <gtest/gtest.h>

#include "node/node_suite.h"

namespace pando::node::expiry_path_test {
namespace {

NodeConfig named(std::string name) {
  NodeConfig config;
  config.node_name = std::move(name);
  return config;
}

Request put_for(Bytes key, std::int64_t ttl_ms) {
  Mutation m{.key = std::move(key), .value = "v", .ttl = TimeToLive{TimeToLive::Kind::kFor, ttl_ms}};
  WriteRequest write;
  write.mutations.push_back(std::move(m));
  return write;
}
Request row_with_ends(int columns, std::int64_t ttl_ms) {
  Mutation row{.kind = Mutation::Kind::kPutColumns, .table = std::string(kTableRow), .key = "r"};
  row.columns.emplace_back("stays", "v");
  WriteRequest write;
  for (int i = 0; i < columns; ++i) row.columns.emplace_back("c" + std::to_string(i), "v");
  write.mutations.push_back(row);
  for (int i = 0; i < columns; ++i) {
    Mutation end{.kind = Mutation::Kind::kDetail, .table = std::string(kTableRow), .key = "r"};
    end.detail =
        ExpireChange{TimeToLive{TimeToLive::Kind::kFor, ttl_ms}, ExpireChange::When::kAlways, "c" + std::to_string(i)};
    write.mutations.push_back(std::move(end));
  }
  return write;
}
void pass_slices(Rig& rig) {
  rig.pass(Duration::seconds(16));
  for (int slice = 0; slice < 20; ++slice) rig.pass(Duration::millis(50));
}
// Cells that are stored, whatever has ended.
std::uint64_t cells(Rig& rig) { return std::get<DigestReply>(rig.ask("ns", DigestRequest{0}).body).cells; }
bool shows(Rig& rig, Bytes key) { return value_in(rig.ask("ns", get(std::move(key)))) != "(none)"; }

TEST(ExpiryPath, WhatHasEndedIsFreedAfterAMinuteAndLeavesOneVouch) {
  Rig rig(named("dc1"));
  rig.open({.name = "ns"});
  for (int i = 0; i < 1'000; ++i) rig.ask("ns", put_for("k" + std::to_string(i), 1'000 + i));
  EXPECT_EQ(cells(rig), 2'000u);
  rig.pass(Duration::seconds(3));
  EXPECT_FALSE(shows(rig, "k0"));
  EXPECT_EQ(cells(rig), 2'000u) << "hidden";
  rig.pass(Duration::seconds(60));
  for (int slice = 0; slice < 20; ++slice) rig.pass(Duration::millis(50));
  rig.pass(Duration::seconds(16));
  for (int slice = 0; slice < 20; ++slice) rig.pass(Duration::millis(50));
  EXPECT_EQ(cells(rig), 1u) << "what this node has vouched for";
  const StatsReply stats = *std::get<Boxed<StatsReply>>(rig.ask("ns", StatsRequest{}).body);
  EXPECT_LE(stats.commits, 1'002u) << "one for all that ended together, and one more for those after the first slice";
  rig.ask("ns", put("k1", "anew"));
  EXPECT_TRUE(shows(rig, "k1"));
}

TEST(ExpiryPath, ColumnsAreFreedByThemselvesInMemoryAndInTheStore) {
  Rig::Disks disks;
  Time later;
  {
    Rig rig(named("dc1"));
    rig.open({.name = "ns"});
    rig.ask("ns", row_with_ends(600, 1'000));
    EXPECT_EQ(cells(rig), 1'201u);
    rig.pass(Duration::seconds(62));
    // Somebody goes on writing to the row meanwhile.
    for (int i = 0; i < 4; ++i) {
      pass_slices(rig);
      Mutation touch{.kind = Mutation::Kind::kPutColumns, .table = std::string(kTableRow), .key = "r"};
      touch.columns.emplace_back("stays", std::to_string(i));
      WriteRequest write;
      write.mutations.push_back(std::move(touch));
      rig.ask("ns", std::move(write));
    }
    for (int slice = 0; slice < 20; ++slice) rig.pass(Duration::millis(50));
    EXPECT_EQ(cells(rig), 2u) << "the column that stays, and what this node has vouched for";
    const auto counted = std::get<MemberCountReply>(rig.ask("ns", CountFieldsRequest{"row", "r"}).body);
    EXPECT_EQ(counted.count, 1u);
    disks = rig.disks();
    later = rig.now;
  }
  Rig again(named("dc1"), disks);
  again.now = later;
  again.open({.name = "ns"});
  pass_slices(again);
  for (int i = 0; i < 4; ++i) pass_slices(again);
  EXPECT_EQ(cells(again), 2u);
}

TEST(ExpiryPath, NothingIsSaidWhereNothingEnds) {
  Rig rig(named("dc1"));
  rig.open({.name = "ns"});
  rig.ask("ns", put("k", "v"));
  rig.pass(Duration::seconds(100));
  rig.ask("ns", put_for("later", 3'600'000));
  rig.pass(Duration::seconds(100));
  EXPECT_EQ(std::get<Boxed<StatsReply>>(rig.ask("ns", StatsRequest{}).body)->commits, 2u);
}

TEST(ExpiryPath, AKeyThatIsWrittenWhileItWaitsIsLookedAtAgain) {
  Rig rig(named("dc1"));
  rig.open({.name = "ns"});
  rig.ask("ns", put_for("k", 1'000));
  rig.hold_log(true);
  rig.pass(Duration::seconds(61));
  rig.hold_log(false);
  rig.ask("ns", put_for("k", 5'000'000));
  for (int i = 0; i < 10; ++i) rig.pass(Duration::seconds(20));
  EXPECT_TRUE(shows(rig, "k"));
}

TEST(ExpiryPath, AClockThatIsSetBackShowsNothingAgain) {
  Rig::Disks disks;
  Time later;
  {
    Rig rig(named("dc1"));
    rig.open({.name = "ns"});
    rig.ask("ns", put_for("k", 1'000));
    rig.pass(Duration::seconds(10));
    rig.ask("ns", put_for("other", 2'000));
    rig.pass(Duration::seconds(62));
    for (int i = 0; i < 10; ++i) rig.pass(Duration::millis(50));
    disks = rig.disks();
    later = rig.now;
  }
  Rig again(named("dc1"), disks);
  again.now = {later.mono_us, later.wall_ms - 3'600'000};
  again.open({.name = "ns"});
  EXPECT_FALSE(shows(again, "k"));
  EXPECT_EQ(std::get<TtlReply>(again.ask("ns", GetTtlRequest{"kv", "other", {}}).body).found, false)
      << "it ended before what the node has promised to be past";
}

TEST(ExpiryPath, APeerThatWasNeverMetHoldsIt) {
  NodeConfig config = named("dc1");
  config.links.push_back({"dc2", "dc2:4001", "ns"});
  Rig rig(std::move(config));
  rig.open({.name = "ns"});
  rig.ask("ns", put_for("k", 1'000));
  rig.pass(Duration::seconds(100));
  for (int i = 0; i < 10; ++i) rig.pass(Duration::seconds(20));
  EXPECT_EQ(cells(rig), 2u) << "it may hold something for the key";
  EXPECT_FALSE(shows(rig, "k"));
}

}  // namespace
}  // namespace pando::node::expiry_path_test
