// Comparing with a peer for a client, and as proof: what is told, what is changed, and what is left alone.
#include "model/expiry.h"
#include "model/lob_manifest.h"
#include "node/resync_suite.h"

namespace pando::node::resync_compare_test {
namespace {

using Site = ResyncSite;
using Wire = ResyncWire;

// The answer to what a client of dc1 asks.
Reply ask(Site& site, Wire& wire, const ResyncRequest& request) {
  site.out().replies.clear();
  site.peers().handle(RequestId(7), request, site.out());
  for (int turns = 0; site.out().replies.empty() && turns < 5000; ++turns) wire.run(1);
  EXPECT_EQ(site.out().replies.size(), 1u);
  return site.out().replies.empty() ? Reply() : site.out().replies.front().reply;
}
ResyncReply done(const Reply& reply) {
  EXPECT_TRUE(reply.status.ok()) << reply.status.to_string();
  const auto* body = std::get_if<ResyncReply>(&reply.body);
  return body == nullptr ? ResyncReply() : *body;
}
TableDifference of_table(const ResyncReply& reply, std::string_view name) {
  for (const TableDifference& table : reply.tables) {
    if (table.table == name) return table;
  }
  ADD_FAILURE() << "table " << name << " is not told of";
  return {};
}
std::vector<std::string> notes_with(Site& site, std::string_view what) {
  std::vector<std::string> found;
  for (const Note& note : site.out().notes) {
    if (note.text.find(what) != std::string::npos) found.push_back(note.text);
  }
  return found;
}

TEST(ResyncCompare, ADryRunSaysWhatDiffersAndChangesNothing) {
  Site dc1("dc1"), dc2("dc2");
  Wire wire(dc1, dc2);
  write_many(dc1, 0, 10'000);
  dc1.commit({PutOp{{"row", "r", CellKind::kField, "c"}, "v", {}}});
  ASSERT_TRUE(wire.settle());
  const ResyncReply equal = done(ask(dc1, wire, {"dc2", false}));
  EXPECT_EQ(equal.peer, "dc2");
  EXPECT_EQ(of_table(equal, "kv").cells, 10'000u);
  EXPECT_EQ(of_table(equal, "kv").keys, 0u);
  EXPECT_EQ(of_table(equal, "row").cells, 1u);

  dc1.tamper(key_of(7), std::nullopt);
  dc2.tamper(key_of(8), std::nullopt);
  dc2.tamper(key_of(4711), Bytes("another value"));
  const std::string here = dc1.digest(), there = dc2.digest();
  const ResyncReply reply = done(ask(dc1, wire, {"", false}));
  EXPECT_FALSE(reply.merged);
  EXPECT_EQ(reply.ahead_commits, 0u);
  EXPECT_EQ(reply.behind_commits, 0u);
  const TableDifference kv = of_table(reply, "kv");
  EXPECT_EQ(kv.keys, 3u);
  EXPECT_EQ(kv.only_there, 1u);
  EXPECT_EQ(kv.only_here, 1u);
  EXPECT_EQ(kv.unlike, 1u);
  EXPECT_GT(kv.bytes_there, kv.bytes_here) << "another value is the longer one";
  EXPECT_EQ(of_table(reply, "row").keys, 0u);
  EXPECT_EQ(dc1.digest(), here);
  EXPECT_EQ(dc2.digest(), there);
  EXPECT_EQ(dc1.peers().resync().taken().finished, 0u);
}

TEST(ResyncCompare, WhatOneSideHasNotSeenIsToldAsCommits) {
  Site dc1("dc1"), dc2("dc2");
  Wire wire(dc1, dc2);
  dc1.put("a", "1");
  ASSERT_TRUE(wire.settle());
  // Written while it is under way: the snapshots of both sides are what counts.
  dc1.out().replies.clear();
  dc1.peers().handle(RequestId(7), {"dc2", false}, dc1.out());
  dc2.put("b", "2");
  for (int turns = 0; dc1.out().replies.empty() && turns < 5000; ++turns) wire.run(1);
  ASSERT_EQ(dc1.out().replies.size(), 1u);
  const ResyncReply reply = done(dc1.out().replies.front().reply);
  EXPECT_EQ(reply.behind_commits, of_table(reply, "kv").only_there);
  ASSERT_TRUE(wire.settle());
  EXPECT_EQ(dc1.value("b"), "2");
}

TEST(ResyncCompare, WhoAsksForItGetsItMended) {
  Site dc1("dc1"), dc2("dc2");
  Wire wire(dc1, dc2);
  write_many(dc1, 0, 1000);
  ASSERT_TRUE(wire.settle());
  dc1.tamper(key_of(7), std::nullopt);
  const ResyncReply reply = done(ask(dc1, wire, {"dc2", true}));
  EXPECT_TRUE(reply.merged);
  EXPECT_EQ(of_table(reply, "kv").only_there, 1u);
  EXPECT_EQ(dc1.value(key_of(7)), "value 7");
  EXPECT_EQ(dc1.digest(), dc2.digest());
  dc1.restart();
  EXPECT_EQ(dc1.value(key_of(7)), "value 7") << "from the log";
}

TEST(ResyncCompare, RefusalsSayWhy) {
  Site dc1("dc1"), dc2("dc2"), dc3("dc3");
  const auto refusal = [&](const ResyncRequest& request) {
    dc1.out().replies.clear();
    dc1.peers().handle(RequestId(7), request, dc1.out());
    return dc1.out().replies.empty() ? Status() : dc1.out().replies.front().reply.status;
  };
  EXPECT_EQ(refusal({"dc2", false}).code(), StatusCode::kUnavailable);
  Wire wire(dc1, dc2);
  wire.run(10);
  EXPECT_EQ(refusal({"dc9", false}).message(), "no link is up to a peer named \"dc9\"; there are: dc2");
  // The link ends while it is under way.
  dc1.out().replies.clear();
  dc1.peers().handle(RequestId(8), {"dc2", false}, dc1.out());
  dc1.end_turn();
  wire.disconnect();
  dc1.end_turn();
  ASSERT_EQ(dc1.out().replies.size(), 1u);
  EXPECT_EQ(dc1.out().replies.front().reply.status.code(), StatusCode::kUnavailable);
}

TEST(ResyncCompare, AtRestEqualityIsProved) {
  constexpr Duration kEvery = Duration::seconds(1);
  Site dc1("dc1", {}, kEvery), dc2("dc2", {}, kEvery);
  Wire wire(dc1, dc2);
  write_many(dc1, 0, 9000);
  dc2.count("hits", 3);
  ASSERT_TRUE(wire.settle());
  wire.run(3000);
  for (Site* site : {&dc1, &dc2}) {
    const StatsReply stats = site->stats();
    EXPECT_GE(stats.compared_total, 1u) << site->name();
    EXPECT_EQ(stats.differed_total, 0u) << site->name();
    ASSERT_EQ(stats.converged.size(), 1u) << site->name();
    EXPECT_EQ(stats.converged[0].table, "kv");
    EXPECT_TRUE(stats.converged[0].equal);
  }
}

TEST(ResyncCompare, WhatDiffersIsNamedAndMendedAtBothSides) {
  constexpr Duration kEvery = Duration::seconds(1);
  Site dc1("dc1", {}, kEvery), dc2("dc2", {}, kEvery);
  Wire wire(dc1, dc2);
  write_many(dc1, 0, 9000);
  ASSERT_TRUE(wire.settle());
  dc2.tamper(key_of(7), std::nullopt);
  dc1.tamper(key_of(8000), std::nullopt);
  dc2.tamper(key_of(4711), Bytes("value 0"));
  wire.run(12'000);
  EXPECT_EQ(dc1.digest(), dc2.digest());
  for (Site* site : {&dc1, &dc2}) {
    EXPECT_EQ(site->value(key_of(7)), "value 7") << site->name();
    EXPECT_EQ(site->value(key_of(8000)), "value 8000") << site->name();
    EXPECT_EQ(site->value(key_of(4711)), "value 4711") << site->name() << ": the larger one";
    const StatsReply stats = site->stats();
    EXPECT_GE(stats.differed_total, 1u) << site->name();
    ASSERT_EQ(stats.converged.size(), 1u);
    EXPECT_TRUE(stats.converged[0].equal) << site->name() << ", by now";
  }
  EXPECT_EQ(dc2.stats().mended_cells + dc1.stats().mended_cells, 3u);
  const auto named = notes_with(dc2, "though both have seen the same");
  ASSERT_FALSE(named.empty());
  EXPECT_NE(named.front().find("user:000"), std::string::npos) << named.front();
  // What was mended is in the log, and third parties read on behind it.
  dc2.restart();
  EXPECT_EQ(dc2.digest(), dc1.digest());
}

void put_object(Site& site, const Bytes& upload) {
  const CellPath name{std::string(kTableLob), "o", CellKind::kRegister, ""};
  std::vector<Dot> seen;
  if (const auto reg = site.replica().cells().find_register(name); reg && *reg != nullptr) seen = (*reg)->dots();
  const Bytes chunk(1000, 'Z');
  site.commit(
      {PutOp{chunk_path(upload, 0), chunk, {}}, PutOp{name, encode_lob_manifest({upload, chunk.size(), 1, 0}), seen}});
}

// Cuts do not keep the chunks of an object that is replaced while they are open.
TEST(ResyncCompare, AnObjectThatIsReplacedDuringAProofIsNoDifference) {
  for (const bool at_the_peer : {true, false}) {
    Site dc1("dc1", {}, Duration::seconds(1)), dc2("dc2");
    Wire wire(dc1, dc2);
    write_many(dc1, 0, 9000);
    put_object(dc1, "first");
    ASSERT_TRUE(wire.settle());
    const std::uint64_t before = dc2.peers().resync().serving().cuts_served();
    for (int turns = 0; dc2.peers().resync().serving().cuts_served() == before && turns < 5000; ++turns) wire.run(1);
    ASSERT_EQ(dc2.peers().resync().serving().cuts_served(), before + 1);
    // dc1 hears of it late, so that it still is where the proof began; or it moves on itself.
    wire.holds_commits = true;
    wire.run(at_the_peer ? 0 : 2);
    put_object(at_the_peer ? dc2 : dc1, "second");
    const std::uint64_t compared = dc1.stats().compared_total;
    for (int turns = 0; dc1.stats().compared_total == compared && turns < 5000; ++turns) wire.run(1);
    EXPECT_GT(dc1.stats().compared_total, compared) << at_the_peer;
    EXPECT_EQ(dc1.stats().differed_total, 0u) << at_the_peer;
    wire.release();
    ASSERT_TRUE(wire.settle());
    EXPECT_EQ(dc1.digest(), dc2.digest());
  }
}

// An edge takes kv, reports alerts and keeps its readings: of the rest the two may hold what they like.
TEST(ResyncCompare, OfPartsOnlyWhatBothShareIsCompared) {
  constexpr Duration kEvery = Duration::seconds(1);
  const TableScope scope{TableSet::of({"alerts"}), TableSet::of({"kv"})};
  Site cloud("cloud", {}, kEvery), edge("edge", {}, kEvery, scope);
  Wire wire(cloud, edge);
  const auto put = [](Site& site, std::string table, const char* key) {
    site.commit({PutOp{{std::move(table), key, CellKind::kRegister, ""}, "v", {}}});
  };
  write_many(cloud, 0, 2000);
  put(cloud, "row", "only at the cloud");
  put(cloud, "alerts", "of another edge");
  put(edge, "alerts", "hot");
  put(edge, "readings", "38.5");
  ASSERT_TRUE(wire.settle());
  wire.run(3000);
  for (Site* site : {&cloud, &edge}) {
    const StatsReply stats = site->stats();
    EXPECT_GE(stats.compared_total, 1u) << site->name();
    EXPECT_EQ(stats.differed_total, 0u) << site->name();
    ASSERT_EQ(stats.converged.size(), 1u) << site->name();
    EXPECT_EQ(stats.converged[0].table, "kv") << site->name();
    const ResyncReply reply = done(ask(*site, wire, {"", false}));
    ASSERT_EQ(reply.tables.size(), 1u) << site->name();
    EXPECT_EQ(of_table(reply, "kv").cells, 2000u) << site->name();
    EXPECT_EQ(of_table(reply, "kv").keys, 0u) << site->name();
  }
  edge.tamper(key_of(7), std::nullopt);
  cloud.tamper(key_of(8), std::nullopt);
  wire.run(12'000);
  EXPECT_EQ(edge.value(key_of(7)), "value 7");
  EXPECT_EQ(cloud.value(key_of(8)), "value 8");
  EXPECT_EQ(edge.stats().mended_cells + cloud.stats().mended_cells, 2u);
}

// Its context says "seen" of what it does not hold.
TEST(ResyncCompare, WhatAPartHasSeenIsNotMergedInBeforeItIsHere) {
  Site cloud("cloud"), edge("edge", {}, {}, {TableSet::of({"kv"}), TableSet::of({"kv"})});
  Wire wire(cloud, edge);
  write_many(cloud, 0, 100);
  ASSERT_TRUE(wire.settle());
  wire.holds_commits = true;
  edge.put("b", "2");
  const Reply refused = ask(cloud, wire, {"edge", true});
  EXPECT_EQ(refused.status.code(), StatusCode::kUnavailable) << refused.status.message();
  EXPECT_EQ(cloud.value("b"), "(none)");
  EXPECT_EQ(done(ask(cloud, wire, {"edge", false})).behind_commits, 1u) << "to look does no harm";
  wire.release();
  ASSERT_TRUE(wire.settle());
  const ResyncReply merged = done(ask(cloud, wire, {"edge", true}));
  EXPECT_TRUE(merged.merged);
  EXPECT_EQ(of_table(merged, "kv").keys, 0u);
  EXPECT_EQ(cloud.value("b"), "2");
}

TEST(ResyncCompare, KeysWhoseTimeHasRunOutTellNothing) {
  Site dc1("dc1"), dc2("dc2");
  Wire wire(dc1, dc2);
  const std::int64_t end = dc1.now.wall_ms + 5'000;
  dc1.put("stays", "1");
  dc1.commit({PutOp{{"kv", "short", CellKind::kRegister, ""}, "lived", {}},
              PutOp{{"kv", "short", CellKind::kExpiry, ""}, encode_expiry(end), {}}});
  ASSERT_TRUE(wire.settle());
  wire.run(6000);
  ASSERT_GE(dc1.now.wall_ms, end);
  ASSERT_TRUE(dc1.replica().cells().free_key("kv", "short").ok());
  for (Site* site : {&dc1, &dc2}) {
    const ResyncReply reply = done(ask(*site, wire, {"", false}));
    EXPECT_EQ(of_table(reply, "kv").keys, 0u) << site->name();
  }
}

}  // namespace
}  // namespace pando::node::resync_compare_test
