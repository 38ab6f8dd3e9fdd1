// Two namespaces and one link between them, in memory: what a resync costs, and that it merges and never replaces.
#include <cstdlib>

#include "node/resync_suite.h"

namespace pando::node::resync_test {
namespace {

using Site = ResyncSite;
using Wire = ResyncWire;

TEST(Resync, WhoNeedsWhatTheLogNoLongerHasGetsIt) {
  Site dc1("dc1");
  Site dc2("dc2");
  Wire wire(dc1, dc2);
  write_many(dc1, 0, 3000);
  dc1.count("hits", 5);
  ASSERT_TRUE(wire.settle());
  wire.disconnect();

  // Both write while they are apart; dc1's log forgets.
  dc1.put(key_of(1), "new at dc1");
  dc1.remove(key_of(2));
  dc1.count("hits", 10);
  dc1.remove(key_of(4));
  write_many(dc1, 3000, 6000);
  dc1.cut_log();
  dc2.put(key_of(3), "new at dc2");
  dc2.put(key_of(4), "put while it was deleted");
  dc2.count("hits", 100);

  wire.connect();
  ASSERT_TRUE(wire.settle());
  EXPECT_EQ(dc2.peers().resync().taken().finished, 1u);
  EXPECT_EQ(dc1.peers().resync().taken().finished, 0u) << "dc2's log has all that dc1 lacks";
  for (Site* site : {&dc1, &dc2}) {
    EXPECT_EQ(site->value(key_of(1)), "new at dc1") << site->name();
    EXPECT_EQ(site->value(key_of(2)), "(none)") << site->name() << ": deleted, and stays so";
    EXPECT_EQ(site->value(key_of(3)), "new at dc2") << site->name() << ": nothing is replaced";
    EXPECT_EQ(site->value(key_of(4)), "put while it was deleted") << site->name();
    EXPECT_EQ(site->counter("hits"), 115) << site->name();
    EXPECT_EQ(site->value(key_of(5999)), "value 5999") << site->name();
  }
  EXPECT_EQ(dc1.digest(), dc2.digest());

  // The log goes on from there.
  dc1.put("after", "the resync");
  dc2.put("after too", "the resync");
  ASSERT_TRUE(wire.settle());
  EXPECT_EQ(dc2.value("after"), "the resync");
  EXPECT_EQ(dc1.value("after too"), "the resync");
  EXPECT_EQ(dc1.digest(), dc2.digest());
}

TEST(Resync, WhatWasMergedInIsThereAfterARestart) {
  Site dc1("dc1");
  Site dc2("dc2");
  dc2.put("own", "dc2's");
  dc2.count("hits", 3);
  write_many(dc1, 0, 4000);
  dc1.count("hits", 4);
  dc1.put("large", Bytes(2 << 20, 'x'));
  write_many(dc1, 4000, 5000);
  dc1.cut_log();
  Wire wire(dc1, dc2);
  ASSERT_TRUE(wire.settle());
  wire.disconnect();
  const std::string before = dc2.digest();
  EXPECT_EQ(before, dc1.digest());
  dc2.restart();
  EXPECT_EQ(dc2.digest(), before) << "the log, replayed, joins the same";
  EXPECT_EQ(dc2.value("large").size(), std::size_t{2} << 20) << "came in pieces";
  EXPECT_EQ(dc2.counter("hits"), 7);
  EXPECT_EQ(dc2.replica().durable_context(), dc1.replica().durable_context());
  dc2.checkpoint();
  dc2.restart();
  EXPECT_EQ(dc2.digest(), before);
}

// The sizes of full runs are asked for by name; docs/performance.md has what they come to.
int sized(const char* variable, int otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::atoi(text);
}

// The bar: 64 KiB for one of a million. Each step down from 8192 cells to one costs a little; the parts of the whole
// store cost some 25 bytes per 8192 cells.
TEST(Resync, OneChangedKeyOfManyCostsLittle) {
  const int keys = sized("PANDO_RESYNC_KEYS", 50'000);
  Site dc1("dc1");
  Site dc2("dc2");
  Wire wire(dc1, dc2);
  write_many(dc1, 0, keys);
  ASSERT_TRUE(wire.settle());
  wire.disconnect();
  for (int i = 0; i < 300; ++i) dc1.put(key_of(37'777), Bytes(1000, 'v') + std::to_string(i));
  dc1.cut_log();
  (void)wire.take_bytes();
  wire.connect();
  ASSERT_TRUE(wire.settle());
  const std::uint64_t bytes = wire.take_bytes();
  EXPECT_EQ(dc2.peers().resync().taken().finished, 1u);
  EXPECT_EQ(dc2.peers().resync().taken().differing, 1u);
  EXPECT_EQ(dc1.digest(), dc2.digest());
  fmt::print("one changed key of {}: {} bytes crossed, heartbeats and the value of 1 KiB included\n", keys, bytes);
  EXPECT_LT(bytes, keys <= 50'000 ? 16u << 10 : 64u << 10);
}

// A peer that is far behind gets what the increments come to, not each of them.
TEST(Resync, ManyIncrementsOfFewKeysCostTheKeys) {
  const int increments = sized("PANDO_RESYNC_INCREMENTS", 20'000);
  const bool full = increments > 100'000;
  const int keys = full ? 1'000 : 100;
  const NamespaceConfig as_ever;
  Site dc1("dc1", {as_ever.tail_bytes_max, full ? as_ever.tail_bytes_min : 256 << 10});
  Site dc2("dc2");
  Wire wire(dc1, dc2);
  dc1.put("first", "contact");
  ASSERT_TRUE(wire.settle());
  wire.disconnect();
  for (int i = 0; i < increments; ++i) dc1.count(fmt::format("counter:{}", i % keys), 1);
  (void)wire.take_bytes();
  wire.connect();
  ASSERT_TRUE(wire.settle());
  const std::uint64_t bytes = wire.take_bytes();
  EXPECT_EQ(dc2.peers().resync().taken().finished, 1u) << "though the log reaches back";
  for (int i = 0; i < keys; ++i) EXPECT_EQ(dc2.counter(fmt::format("counter:{}", i)), increments / keys);
  fmt::print("{} increments of {} keys: {} bytes crossed; the log of them has {}\n", increments, keys, bytes,
             dc1.replica().index().bytes());
  EXPECT_LT(bytes, full ? 2'000'000u : 32u << 10);
}

// What it lacks is little, however long the log and however small the store is.
TEST(Resync, WhoWasAwayForAMomentReadsTheLog) {
  Site dc1("dc1", {1 << 30, 64 << 10});
  Site dc2("dc2");
  Wire wire(dc1, dc2);
  dc1.put("first", "contact");
  ASSERT_TRUE(wire.settle());
  for (int i = 0; i < 5000; ++i) dc1.count("hits", 1);
  ASSERT_TRUE(wire.settle());
  ASSERT_GT(dc1.replica().index().bytes(), 256u << 10);
  wire.disconnect();
  for (int i = 0; i < 100; ++i) dc1.count("hits", 1);
  wire.connect();
  ASSERT_TRUE(wire.settle());
  EXPECT_EQ(dc2.counter("hits"), 5100);
  EXPECT_EQ(dc2.peers().resync().taken().finished, 0u);
  // Once more, for longer: now it is worth it, and somebody who has written meanwhile loses nothing.
  wire.disconnect();
  for (int i = 0; i < 5000; ++i) dc1.count("hits", 1);
  dc2.count("hits", 7);
  wire.connect();
  ASSERT_TRUE(wire.settle());
  EXPECT_EQ(dc2.peers().resync().taken().finished, 1u);
  EXPECT_EQ(dc1.counter("hits"), 10'107);
  EXPECT_EQ(dc1.digest(), dc2.digest());
}

// The cells that the log's tail is about are as many as it has commits: nothing is gained by comparing them.
TEST(Resync, WhoLacksNewKeysReadsTheLog) {
  Site dc1("dc1", {1 << 30, 64 << 10});
  Site dc2("dc2");
  Wire wire(dc1, dc2);
  dc1.put("first", "contact");
  ASSERT_TRUE(wire.settle());
  wire.disconnect();
  for (int i = 0; i < 20'000; ++i) dc1.put(key_of(i), "v");
  wire.connect();
  wire.run(1);
  EXPECT_EQ(dc2.peers().resync().taken().finished, 0u);
  ASSERT_TRUE(wire.settle());
  EXPECT_EQ(dc2.peers().resync().taken().finished, 0u);
  EXPECT_EQ(dc1.digest(), dc2.digest());
}

// Peers that come while cells are weighed wait for it, and what was found holds for the next.
TEST(WayBackOfMany, CellsAreWeighedInSlicesAndOnce) {
  Site dc1("dc1", {1 << 30, 1024});
  write_many(dc1, 0, 5000);
  WayBack way_back(dc1.replica());
  const Instant now = instant_of(dc1.now);
  EXPECT_EQ(way_back.way(1 << 10, now), WayBack::Way::kLog) << "so little is always read";
  EXPECT_EQ(way_back.way(8 << 20, now), WayBack::Way::kUnknown);
  int slices = 1;
  way_back.work(now);
  EXPECT_EQ(way_back.way(8 << 20, now), WayBack::Way::kUnknown) << "the next slice waits for its time";
  while (const auto at = way_back.next_deadline()) {
    way_back.work(*at);
    ++slices;
  }
  EXPECT_EQ(slices, 5) << "5000 cells, 1024 at a time";
  const Instant later = now + Duration::seconds(30);
  EXPECT_EQ(way_back.way(8 << 20, later), WayBack::Way::kResync);
  EXPECT_EQ(way_back.way(256 << 10, later), WayBack::Way::kLog) << "the cells weigh more than a quarter of that";
  EXPECT_FALSE(way_back.next_deadline());
  EXPECT_EQ(way_back.way(8 << 20, now + Duration::seconds(90)), WayBack::Way::kUnknown) << "weighed anew";
  EXPECT_EQ(way_back.way(std::uint64_t{2} << 30, now), WayBack::Way::kResync) << "whatever they weigh";
}

TEST(Resync, ALinkThatEndsCostsWhatWasNotYetGot) {
  Site dc1("dc1");
  Site dc2("dc2");
  write_many(dc1, 0, 20'000);
  dc1.cut_log();
  Wire wire(dc1, dc2);
  // Until about a third of it is there.
  std::uint64_t first = 0;
  while (first < 300'000) {
    wire.run(1);
    first += wire.take_bytes();
  }
  EXPECT_EQ(dc2.peers().resync().taken().finished, 0u);
  EXPECT_TRUE(dc2.replica().durable_context().empty()) << "nothing counts before all of it is there";
  EXPECT_EQ(dc2.value(key_of(1)), "(none)");
  wire.disconnect();
  wire.connect();
  ASSERT_TRUE(wire.settle());
  const std::uint64_t second = wire.take_bytes();
  EXPECT_EQ(dc1.digest(), dc2.digest());
  fmt::print("{} bytes before the link ended, {} after it was back\n", first, second);
  EXPECT_LT(second, 800'000u) << "all of it is some 990,000";
}

TEST(Resync, WritesGoOnMeanwhileOnBothSides) {
  Site dc1("dc1");
  Site dc2("dc2");
  Wire wire(dc1, dc2);
  write_many(dc1, 0, 10'000);
  ASSERT_TRUE(wire.settle());
  wire.disconnect();
  write_many(dc1, 10'000, 20'000);
  dc1.cut_log();
  wire.connect();
  while (!dc2.peers().resync().taking()) wire.run(10);
  for (int i = 0; i < 40; ++i) {
    wire.run(1);
    dc1.put(key_of(i), fmt::format("dc1 {}", i));
    dc1.remove(key_of(5000 + i));
    dc2.put(key_of(100 + i), fmt::format("dc2 {}", i));
    dc2.remove(key_of(6000 + i));
    dc2.count("hits", 1);
    dc1.count("hits", 1);
  }
  ASSERT_TRUE(wire.settle());
  EXPECT_EQ(dc2.peers().resync().taken().finished, 1u);
  EXPECT_EQ(dc1.counter("hits"), 80);
  EXPECT_EQ(dc2.counter("hits"), 80);
  EXPECT_EQ(dc1.value(key_of(139)), "dc2 39");
  EXPECT_EQ(dc2.value(key_of(5039)), "(none)");
  EXPECT_EQ(dc1.value(key_of(6039)), "(none)");
  EXPECT_EQ(dc1.digest(), dc2.digest());
}

TEST(Resync, ALogThatGoesOnBehindACutServesWhoHasThat) {
  Site dc1("dc1");
  Site dc2("dc2");
  Site dc3("dc3");
  Wire far(dc2, dc3);
  dc2.put("early", "from dc2");
  ASSERT_TRUE(far.settle());
  far.disconnect();
  write_many(dc1, 0, 4000);
  dc1.cut_log();
  Wire near(dc1, dc2);
  ASSERT_TRUE(near.settle());
  EXPECT_EQ(dc2.peers().resync().taken().finished, 1u);
  dc2.put("late", "from dc2");
  // dc3 knows dc2's log up to where the cut was merged in: what lies there is not in any log it can read.
  far.connect();
  ASSERT_TRUE(far.settle());
  EXPECT_EQ(dc3.peers().resync().taken().finished, 1u);
  EXPECT_EQ(dc3.value("late"), "from dc2");
  EXPECT_EQ(dc3.value(key_of(3999)), "value 3999");
  EXPECT_EQ(dc3.digest(), dc2.digest());
}

TEST(Resync, APeerThatDoesNotSpeakOfItIsRefusedByName) {
  Site dc1("dc1");
  write_many(dc1, 0, 4000);
  dc1.cut_log();
  dc1.peers().open(LinkId(1), {.dialed = false, .label = "old"}, dc1.now);
  repl::Hello hello;
  hello.origin = {"dc2", 1};
  hello.ns = "ns";
  dc1.peers().on_frame(LinkId(1), repl::encode_frame(hello), dc1.now, dc1.out());
  const PeerPath::Ended ended = dc1.peers().close(LinkId(1));
  EXPECT_EQ(ended.reason.code(), StatusCode::kGone);
  EXPECT_NE(ended.reason.message().find("does not speak of resync"), std::string::npos) << ended.reason.message();
}

TEST(Resync, APeerThatOverstatesItsCutIsRefused) {
  Site dc2("dc2");
  dc2.peers().open(LinkId(1), {.dialed = false, .label = "peer"}, dc2.now);
  repl::Hello hello;
  hello.origin = {"dc1", 1};
  hello.ns = "ns";
  hello.features = repl::kFeatureResync;
  const auto hear = [&](const auto& frame) {
    dc2.peers().on_frame(LinkId(1), repl::encode_frame(frame), dc2.now, dc2.out());
  };
  hear(hello);
  VersionVector needs;
  needs.raise({"dc1", 1}, Seq(1));
  hear(repl::ResyncFrame(repl::Gap{needs}));
  dc2.now.mono_us += 2'000'000;
  dc2.end_turn();
  // Commits of dc2 itself that it never made.
  Cut cut;
  cut.context.raise({"dc1", 1}, Seq(1));
  cut.context.raise({"dc2", 1}, Seq(9));
  cut.chains = {0, 0};
  hear(repl::ResyncFrame(repl::CutHeld{1, cut}));
  const PeerPath::Ended ended = dc2.peers().close(LinkId(1));
  EXPECT_EQ(ended.reason.code(), StatusCode::kConflict) << ended.reason.message();
}

}  // namespace
}  // namespace pando::node::resync_test
