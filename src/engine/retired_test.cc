#include "engine/retired.h"

#include <gtest/gtest.h>

#include "engine/bounded.h"
#include "engine/escrow_suite.h"
#include "engine/freer_suite.h"

namespace pando::engine::retired_test {
namespace {

using test::Fleet;
using test::Freer;
using test::kStart;
using test::put;

RetiredNodes known_at(Freer& site) { return *RetiredNodes::load(site.cells()); }
void retire(Freer& site, std::string_view node, std::uint64_t epoch) {
  site.write_ops([&](Draft& made) { return retire_node(made, node, epoch); });
}
// Whether what makes up key k may be freed at the site, as far as vouches go.
bool covers(Freer& site, const RetiredNodes& retired) {
  const auto end = *site.cells().ends_at("kv", "k");
  const FreeingNeeds needs = *needs_of(site.cells(), "kv", "k", *end);
  return Stable::of(site.cells(), retired)->covers(needs);
}

TEST(Retired, BytesAreWhatTheyAre) {
  EXPECT_EQ(encode_retirement(300), Bytes("\x01\xAC\x02", 3));
  EXPECT_EQ(decode_retirement(encode_retirement(300)), 300u);
  for (const Bytes& bytes :
       {Bytes(), Bytes("\x02\x01", 2), Bytes("\x01\x00", 2), Bytes("\x01\x01x", 3), Bytes("\x01")}) {
    EXPECT_FALSE(decode_retirement(bytes)) << ::testing::PrintToString(bytes);
  }
}

TEST(Retired, OfConcurrentOnesTheHighestEpochCountsAndAllMustBeSeen) {
  Fleet fleet(2);
  retire(fleet[0], "dc3", 2);
  retire(fleet[1], "dc3", 1);
  fleet.exchange();
  for (std::size_t i = 0; i < 2; ++i) {
    const RetiredNodes retired = known_at(fleet[i]);
    EXPECT_TRUE(retired.has({"dc3", 1}));
    EXPECT_TRUE(retired.has({"dc3", 2}));
    EXPECT_FALSE(retired.has({"dc3", 3}));
    EXPECT_FALSE(retired.has({"dc2", 1}));
    EXPECT_EQ(retired.nodes().at("dc3").by, (Origin{"dc1", 1}));
    EXPECT_EQ(retired.said().get({"dc1", 1}), Seq(1));
    EXPECT_EQ(retired.said().get({"dc2", 1}), Seq(1));
  }
  EXPECT_EQ(fleet[0].digest(), fleet[1].digest());
}

TEST(Retired, ALaterEpochIsBack) {
  Fleet fleet(1);
  retire(fleet[0], "dc3", 2);
  const RetiredNodes retired = known_at(fleet[0]);
  VersionVector context;
  context.raise({"dc3", 2}, Seq(9));
  EXPECT_TRUE(retired.gone("dc3", context));
  context.raise({"dc3", 3}, Seq(1));
  EXPECT_FALSE(retired.gone("dc3", context));
  EXPECT_FALSE(retired.gone("dc1", {}));
}

TEST(Retired, WhatHasEndedIsFreedWithoutItOnceAllOthersHaveVouchedKnowingThat) {
  Fleet fleet(3);
  fleet[2].commit({put("of-dc3", "x")});
  fleet[1].commit({put("of-dc2", "x")});
  fleet[0].commit({put("k", "v", 100)});
  fleet.exchange();
  fleet.set_clocks(kStart + 100);
  for (std::size_t i = 0; i < 2; ++i) fleet[i].vouch(kStart + 100);
  fleet[0].pull(fleet[1]);
  fleet[1].pull(fleet[0]);
  EXPECT_FALSE(covers(fleet[0], known_at(fleet[0]))) << "dc3 does not vouch";
  retire(fleet[0], "dc3", 1);
  fleet[0].vouch(kStart + 100);
  EXPECT_FALSE(covers(fleet[0], known_at(fleet[0]))) << "dc2 vouched before it knew, and might take dc3 for one of us";
  fleet[1].pull(fleet[0]);
  EXPECT_TRUE(*vouch_is_outdated(fleet[1].cells(), {"dc2", 1}, known_at(fleet[1])));
  fleet[1].vouch(kStart + 100);
  EXPECT_FALSE(*vouch_is_outdated(fleet[1].cells(), {"dc2", 1}, known_at(fleet[1])));
  fleet[0].pull(fleet[1]);
  EXPECT_TRUE(covers(fleet[0], known_at(fleet[0])));
}

TEST(Retired, AndOnlyWhileAllOthersHaveTheSameOfIt) {
  Fleet fleet(3);
  fleet[2].commit({put("of-dc3", "x")});
  fleet[1].commit({put("of-dc2", "x")});
  fleet[0].commit({put("k", "v", 100)});
  fleet.exchange();
  fleet[2].commit({put("more", "x")});
  fleet[1].pull(fleet[2]);
  retire(fleet[0], "dc3", 1);
  fleet[1].pull(fleet[0]);
  fleet.set_clocks(kStart + 100);
  for (std::size_t i = 0; i < 2; ++i) fleet[i].vouch(kStart + 100);
  const Commit vouch_of_dc2 = fleet[1].log().back();
  fleet[0].deliver(fleet[2].log().back());
  fleet[0].deliver(vouch_of_dc2);
  EXPECT_FALSE(covers(fleet[0], known_at(fleet[0]))) << "dc1 itself vouched before it had the last commit of dc3";
  fleet[0].vouch(kStart + 100);
  EXPECT_TRUE(covers(fleet[0], known_at(fleet[0])));
}

TEST(HandOver, GivesEverythingThatIsFreeInEqualParts) {
  EscrowWorld world(3);
  EXPECT_TRUE(world.ask(0, declare(0, std::nullopt, 31)).status.ok());
  EXPECT_TRUE(world.ask(0, reserve(4, 60'000)).status.ok());
  EXPECT_EQ(world.hand_over(0, {}), 31u) << "nobody is there";
  EXPECT_EQ(world.hand_over(0, {{"dc2", 1}, {"dc3", 1}}), 4u) << "what is reserved stays";
  for (std::size_t to = 1; to < 3; ++to) world.pull(to, 0);
  EXPECT_TRUE(world.ask(1, take(14)).status.ok());
  EXPECT_FALSE(world.ask(2, take(14)).status.ok());
  EXPECT_TRUE(world.ask(2, take(13)).status.ok());
  world.now_ms += 60'000;
  EXPECT_EQ(world.hand_over(0, {{"dc2", 1}, {"dc3", 1}}), 0u) << "the reservation is over";
}

}  // namespace
}  // namespace pando::engine::retired_test
