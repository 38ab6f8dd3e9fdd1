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

TEST(LostDisk, BytesAreWhatTheyAre) {
  EXPECT_EQ(encode_lost_disk({300}), Bytes("\x01\xAC\x02\x00", 4));
  LostDisk closing{2, VersionVector()};
  EXPECT_EQ(encode_lost_disk(closing), Bytes("\x01\x02\x01\x00", 4));
  closing.whole->raise({"dc3", 1}, Seq(7));
  for (const LostDisk& lost : {LostDisk{300}, closing}) EXPECT_EQ(decode_lost_disk(encode_lost_disk(lost)), lost);
  for (const Bytes& bytes : {Bytes(), Bytes("\x02\x01\x00", 3), Bytes("\x01\x00\x00", 3), Bytes("\x01\x01\x00x", 4),
                             Bytes("\x01\x01\x02", 3)}) {
    EXPECT_FALSE(decode_lost_disk(bytes)) << ::testing::PrintToString(bytes);
  }
}

// dc3 has told dc2 more than dc1 when it is lost.
TEST(LostDisk, IsClosedOnceAllHaveVouchedKnowingItAndNobodyHasMore) {
  Fleet fleet(3);
  fleet[0].commit({put("of-dc1", "x")});
  fleet[1].commit({put("of-dc2", "x")});
  fleet[2].commit({put("of-dc3", "x")});
  fleet.exchange();
  fleet[2].commit({put("more", "x")});
  fleet[1].pull(fleet[2]);
  const auto may_close = [&] { return *none_has_more(fleet[0].cells(), known_at(fleet[0]), "dc3", {}); };
  const auto owes = [&](std::size_t i) {
    return *owes_word(fleet[i].cells(), fleet[i].next_dot().origin, known_at(fleet[i]));
  };
  retire(fleet[0], "dc3", 1);
  EXPECT_FALSE(owes(0)) << "its disk may come back";
  fleet[0].write_ops([&](Draft& made) { return lose_disk(made, "dc3", 1); });
  EXPECT_TRUE(owes(0));
  EXPECT_FALSE(may_close());
  fleet[0].vouch(kStart);
  EXPECT_FALSE(owes(0));
  EXPECT_FALSE(may_close()) << "dc2 has not said anything";
  fleet[1].pull(fleet[0]);
  EXPECT_TRUE(owes(1));
  fleet[1].vouch(kStart);
  fleet[0].deliver(fleet[1].log().back());
  EXPECT_FALSE(may_close()) << "dc2 has more";
  EXPECT_TRUE(*none_has_more(fleet[0].cells(), known_at(fleet[0]), "dc3", {"dc2"})) << "but not of all tables";
  fleet[0].deliver(fleet[2].log().back());
  EXPECT_TRUE(may_close());
}

TEST(LostDisk, ThatHasMoreIsToldFromThoseWhoGoOnWithParts) {
  Fleet fleet(2);
  fleet[0].commit({put("of-dc1", "x")});
  fleet[1].commit({put("of-dc2", "x")});
  fleet.exchange();
  retire(fleet[0], "dc2", 1);
  fleet[0].write_ops([&](Draft& made) { return lose_disk(made, "dc2", 1); });
  using Bearer = RetiredNodes::Bearer;
  const auto checked = [&](const VersionVector& theirs, Bearer bearer) {
    return known_at(fleet[0]).check_lost(theirs, fleet[0].cells().context(), bearer).code();
  };
  const auto refused = [&](const VersionVector& theirs, bool is_disk) {
    return checked(theirs, is_disk ? Bearer::kDisk : Bearer::kPeer) != StatusCode::kOk;
  };
  VersionVector disk;
  disk.raise({"dc2", 1}, Seq(1));
  EXPECT_FALSE(refused(disk, true)) << "nothing that is not here";
  disk.raise({"dc2", 1}, Seq(2));
  EXPECT_TRUE(refused(disk, true));
  EXPECT_FALSE(refused(disk, false)) << "somebody who had it before may bring it";
  EXPECT_EQ(checked(disk, Bearer::kBackup), StatusCode::kUnavailable) << "it may have lost it since";
  EXPECT_EQ(known_at(fleet[0]).closing({"dc2", 1}), nullptr);
  LostDisk closing{1, VersionVector()};
  closing.whole->raise({"dc2", 1}, Seq(1));
  fleet[0].write_ops([&](Draft& made) {
    return made.put({std::string(kTableNodes), "dc2", CellKind::kField, "disk 1"}, encode_lost_disk(closing));
  });
  const RetiredNodes known = known_at(fleet[0]);
  ASSERT_NE(known.closing({"dc2", 1}), nullptr);
  EXPECT_EQ(known.closing({"dc2", 1})->whole.get({"dc2", 1}), Seq(1));
  EXPECT_EQ(known.closing({"dc2", 2}), nullptr);
  EXPECT_FALSE(known.any_open());
  EXPECT_TRUE(refused(disk, true));
  EXPECT_TRUE(refused(disk, false)) << "whole: what is here of it are parts";
  disk.merge(fleet[0].cells().context());
  EXPECT_FALSE(refused(disk, false)) << "it has parts too, as it knows";
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
