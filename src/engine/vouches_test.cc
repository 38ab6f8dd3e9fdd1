#include "engine/vouches.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "engine/expiry.h"
#include "engine/freeing_suite.h"
#include "model/expiry.h"

namespace pando::engine::vouches_test {
namespace {

using test::Fleet;
using test::Freer;
using test::kStart;
using test::put;

Mutation add(Bytes key, std::int64_t delta) {
  Mutation m = test::of_kind(Mutation::Kind::kAdd, std::move(key));
  m.delta = delta;
  return m;
}
Mutation expire(Bytes key, TimeToLive ttl) { return test::with_detail(std::move(key), ExpireChange{ttl}); }
TimeToLive in(std::int64_t ms) { return {TimeToLive::Kind::kFor, ms}; }

TEST(Vouches, BytesAreWhatTheyAre) {
  VersionVector seen;
  seen.raise({"dc1", 1}, Seq(300));
  const Vouch vouch{1'700'000'000'000, seen};
  EXPECT_EQ(decode_vouch(encode_vouch(vouch)), vouch);
  EXPECT_EQ(encode_vouch(vouch), Bytes("\x01\x00\x68\xE5\xCF\x8B\x01\x00\x00\x01\x03"
                                       "dc1\x01\xAC\x02",
                                       17));
  for (const Bytes& bytes : {Bytes(), Bytes("\x02"), encode_vouch(vouch) + "x", encode_vouch(vouch).substr(0, 12),
                             Bytes("\x01\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x00", 10)}) {
    EXPECT_FALSE(decode_vouch(bytes)) << ::testing::PrintToString(bytes);
  }
}

TEST(Vouches, BytesOfASiteThatHoldsSomeTables) {
  VersionVector seen;
  seen.raise({"edge", 1}, Seq(3));
  const Vouch vouch{5, seen, {TableSet::of({"alerts"}), TableSet::of({"kv"})}};
  EXPECT_EQ(decode_vouch(encode_vouch(vouch)), vouch);
  EXPECT_EQ(encode_vouch(vouch), Bytes("\x02\x05\x00\x00\x00\x00\x00\x00\x00\x01\x04"
                                       "edge\x01\x03\x00\x01\x06"
                                       "alerts\x00\x01\x02kv",
                                       31));
  EXPECT_FALSE(decode_vouch(encode_vouch(vouch).substr(0, 30)));
  EXPECT_FALSE(decode_vouch("\x03" + encode_vouch(vouch).substr(1)));
}

TEST(Vouches, WhoOnlyReportsATableSeesThereWhatIsTheirOwn) {
  Freer site("dc1");
  site.commit({put("x", "1")});
  site.vouch(kStart + 100);
  const auto edge_says = [&](std::uint64_t seq, std::uint64_t epoch, TableScope scope) {
    Commit commit;
    commit.dot = {{"edge", epoch}, Seq(seq)};
    commit.hlc = Hlc{5};
    commit.ops = {PutOp{{std::string(kTableVouches), Bytes(to_string(commit.dot.origin)), CellKind::kRegister, {}},
                        encode_vouch({kStart + 100, site.cells().context(), std::move(scope)}),
                        {}}};
    site.deliver(commit);
  };
  const auto all_see = [&](std::vector<Origin> made_by, const std::string& table) {
    FreeingNeeds needs;
    for (const Origin& origin : made_by) needs.seen.raise(origin, Seq(1));
    return Stable::of(site.cells())->all_see(needs, table);
  };
  const Origin dc1{"dc1", 1};
  const Origin edge{"edge", 1};
  const Origin before{"edge", 2};
  EXPECT_TRUE(all_see({dc1, edge}, "alerts")) << "nobody said anything else";
  const TableScope reports{TableSet::of({"alerts", "log"}), TableSet::of({"kv", "log"})};
  edge_says(1, 1, reports);
  EXPECT_FALSE(all_see({dc1, edge}, "alerts"));
  EXPECT_FALSE(all_see({dc1}, "alerts"));
  EXPECT_TRUE(all_see({edge}, "alerts"));
  EXPECT_TRUE(all_see({edge, before}, "alerts")) << "its commits of another epoch come to it whole";
  EXPECT_TRUE(all_see({dc1, edge}, "kv")) << "which it does not write";
  EXPECT_TRUE(all_see({dc1, edge}, "log")) << "which it takes";
  EXPECT_TRUE(all_see({dc1, edge}, "readings")) << "which are its own";
  EXPECT_TRUE(*vouch_is_outdated(site.cells(), edge, {}, {}));
  EXPECT_FALSE(*vouch_is_outdated(site.cells(), edge, {}, reports));
  edge_says(1, 2, {});
  EXPECT_TRUE(all_see({dc1, edge}, "alerts")) << "the epoch that only reported it writes no more";
}

TEST(Vouches, AKeyIsFreedOnceEverybodyKnowsAllOfItAndThatItHasEnded) {
  Fleet fleet(2);
  fleet[1].commit({put("other", "x")});
  fleet[0].commit({put("k", "v", 100)});
  fleet.exchange();
  fleet.set_clocks(kStart + 100);
  EXPECT_FALSE(fleet[0].free("k")) << "nobody vouches";
  fleet[0].vouch(kStart + 100);
  EXPECT_FALSE(fleet[0].free("k")) << "the other does not";
  fleet[1].vouch(kStart + 99);
  fleet.exchange();
  EXPECT_FALSE(fleet[0].free("k")) << "by its clock it has not ended";
  fleet[1].vouch(kStart + 100);
  EXPECT_FALSE(fleet[0].free("k")) << "not heard yet";
  fleet.exchange();
  EXPECT_TRUE(fleet[0].free("k"));
  EXPECT_EQ(fleet[0].get("k"), "-");
  EXPECT_TRUE(fleet[1].free("k")) << "each for itself";
  EXPECT_EQ(fleet[0].digest(), fleet[1].digest());
  EXPECT_EQ(fleet[0].cell_count(), 3u) << "the other key, and a vouch of each";
}

TEST(Vouches, WhatOneOfThemHasNotSeenHoldsIt) {
  Fleet fleet(2);
  fleet[0].commit({put("k", "v", 100)});
  fleet.exchange();
  fleet[1].commit({put("x", "1")});
  fleet[0].commit({add("n", 1)});
  fleet[0].commit({expire("n", in(100))});
  fleet.set_clocks(kStart + 100);
  for (std::size_t i = 0; i < 2; ++i) fleet[i].vouch(kStart + 100);
  fleet.exchange();
  EXPECT_TRUE(fleet[0].free("k"));
  EXPECT_FALSE(fleet[0].free("n")) << "dc2 vouched before it had the counter";
  fleet[1].vouch(kStart + 100);
  fleet.exchange();
  EXPECT_TRUE(fleet[0].free("n"));
}

TEST(Vouches, SomebodyWhoIsOnlyHeardOfHoldsAll) {
  Fleet fleet(3);
  fleet[0].commit({put("k", "v", 100)});
  fleet[2].commit({put("x", "1")});
  fleet[1].pull(fleet[0]);
  fleet[1].pull(fleet[2]);
  fleet.set_clocks(kStart + 100);
  fleet[0].vouch(kStart + 100);
  fleet[1].vouch(kStart + 100);
  fleet[0].pull(fleet[1]);
  EXPECT_FALSE(fleet[0].free("k")) << "dc3 has written, dc2 says, and has not vouched";
  fleet.exchange();
  EXPECT_FALSE(fleet[0].free("k"));
  fleet[2].vouch(kStart + 100);
  fleet.exchange();
  EXPECT_TRUE(fleet[0].free("k"));
}

TEST(Vouches, AnEpochThatIsReplacedNeedNotVouchButAllMustKnowTheSameOfIt) {
  Freer site("dc1");
  site.commit({put("k", "v", 100)});
  site.set_clock(kStart + 100);
  const auto deliver = [&](const Origin& origin, std::uint64_t seq, CellPath path, Bytes value) {
    Commit commit;
    commit.dot = {origin, Seq(seq)};
    commit.hlc = Hlc{5};
    commit.ops = {PutOp{std::move(path), std::move(value), {}}};
    site.deliver(commit);
  };
  const Origin before{"x", 1};
  const Origin after{"x", 2};
  const CellPath vouch{std::string(kTableVouches), "x#2", CellKind::kRegister, {}};
  deliver(before, 1, {"kv", "a", CellKind::kRegister, {}}, "a");
  site.vouch(kStart + 100);
  EXPECT_FALSE(site.free("k")) << "x has not vouched";
  VersionVector seen = site.cells().context();
  deliver(after, 1, vouch, encode_vouch({kStart + 100, seen}));
  deliver(before, 2, {"kv", "b", CellKind::kRegister, {}}, "b");
  EXPECT_FALSE(site.free("k")) << "neither knew of x's last commit in its first epoch";
  site.vouch(kStart + 100);
  EXPECT_FALSE(site.free("k")) << "x does not yet";
  seen.raise(before, Seq(2));
  Commit again;
  again.dot = {after, Seq(2)};
  again.hlc = Hlc{6};
  again.ops = {PutOp{vouch, encode_vouch({kStart + 100, seen}), {{after, Seq(1)}}}};
  site.deliver(again);
  EXPECT_TRUE(site.free("k"));
}

TEST(Vouches, APromiseOutlivesARestartAndAClockThatIsSetBack) {
  Freer site("dc1");
  site.commit({put("k", "v", 100)});
  site.set_clock(kStart + 200);
  site.vouch(kStart + 200);
  site.restart();
  site.set_clock(kStart);
  EXPECT_EQ(site.promised(), kStart + 200);
  EXPECT_EQ(site.get("k"), "-");
  site.vouch(kStart + 1);
  EXPECT_EQ(site.promised(), kStart + 200) << "it never falls";
}

TEST(Vouches, WhatOthersHaveVouchedForIsFollowedByWhoHasNotSaidSoItself) {
  Freer site("dc1");
  const Origin self{"dc1", 1};
  const Origin next{"dc1", 2};
  EXPECT_EQ(*clock_to_follow_ms(site.cells(), self), 0) << "nobody vouches";
  const auto other_says = [&](std::uint64_t seq, std::int64_t clock_ms, Hlc stamp) {
    Commit commit;
    commit.dot = {{"dc2", 1}, Seq(seq)};
    commit.hlc = stamp;
    std::vector<Dot> replaced;
    if (seq > 1) replaced.push_back({{"dc2", 1}, Seq(seq - 1)});
    commit.ops = {PutOp{{std::string(kTableVouches), "dc2", CellKind::kRegister, {}},
                        encode_vouch({clock_ms, site.cells().context(), {}}),
                        std::move(replaced)}};
    site.deliver(commit);
  };
  const Hlc late = Hlc::from_wall_ms(kStart + 10'000);
  other_says(1, kStart + 100, late);
  EXPECT_EQ(*clock_to_follow_ms(site.cells(), self), kStart + 100);
  site.set_clock(kStart + 100);
  site.vouch(kStart + 100);
  EXPECT_EQ(*clock_to_follow_ms(site.cells(), self), 0) << "it says so itself";
  EXPECT_EQ(*clock_to_follow_ms(site.cells(), next), kStart + 100) << "its next epoch has not, of anybody";
  other_says(2, kStart + 300, late);
  EXPECT_EQ(*clock_to_follow_ms(site.cells(), self), kStart + 300) << "said since, and perhaps before, unheard of it";
  other_says(3, kStart + 20'000, late);
  EXPECT_EQ(*clock_to_follow_ms(site.cells(), self), kStart + 10'000) << "no further than its stamp, which was checked";
}

TEST(Vouches, AReplicaThatWasAwayForDaysBringsNothingBack) {
  Fleet fleet(3);
  for (std::size_t i = 0; i < 3; ++i) fleet[i].commit({put("x" + std::to_string(i), "1")});
  fleet[0].commit({put("k", "old", 100)});
  fleet[0].commit({add("n", 5)});
  fleet[0].commit({expire("n", in(100))});
  fleet.exchange();
  // dc3 is away; it counts and extends before the end, then writes days later.
  fleet[2].commit({add("n", 1)});
  fleet[2].commit({expire("n", in(200))});
  constexpr std::int64_t kDays = kStart + 3LL * 86'400'000;
  fleet[0].set_clock(kDays);
  fleet[1].set_clock(kDays);
  for (std::size_t i = 0; i < 2; ++i) fleet[i].vouch(kDays);
  fleet[0].pull(fleet[1]);
  EXPECT_FALSE(fleet[0].free("k")) << "dc3 holds it";
  fleet[2].set_clock(kDays);
  fleet[2].commit({add("n", 2)});
  fleet.exchange();
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(fleet[i].get("k"), "-");
    EXPECT_EQ(fleet[i].get("n"), "2") << "begun anew";
    fleet[i].vouch(kDays);
  }
  fleet.exchange();
  for (std::size_t i = 0; i < 3; ++i) EXPECT_TRUE(fleet[i].free("k"));
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(fleet[i].digest(), fleet[0].digest());
}

// Of a value "k" and a counter "n".
Mutation act(std::uint8_t what, std::uint8_t how) {
  const Bytes key = what % 2 == 0 ? "k" : "n";
  switch (what / 2 % 4) {
    case 0: return key == "k" ? put(key, std::to_string(how), 50 + how % 100) : add(key, 1 + how % 5);
    case 1:
    case 2: return expire(key, how % 5 == 0 ? TimeToLive{} : in(1 + how % 100));
    default: return key == "k" ? put(key, "plain") : test::of_kind(Mutation::Kind::kDelete, key);
  }
}

RC_GTEST_PROP(Vouches, NobodyCanTellWhoFreed, ()) {
  const test::FreeingSteps steps = *test::freeing_steps({{0, 2}, {1, 3}});
  test::FreeingWorlds worlds;
  worlds.live(
      steps, act, [](Freer& site) { return static_cast<int>(site.free("k")) + static_cast<int>(site.free("n")); },
      [](Freer& a, Freer& b) {
        for (const Bytes& key : {Bytes("k"), Bytes("n")}) RC_ASSERT(a.get(key) == b.get(key));
      });
}

}  // namespace
}  // namespace pando::engine::vouches_test
