// Bounded counters: what each request does, what refusals say, and that no bound is ever crossed, whatever is cut off.
//
// Exhaustive for every history of 4 steps at 3 sites at the bound; RapidCheck for long ones with partitions,
// repetition, restarts, and disks that are put back.
#include "engine/bounded.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "engine/escrow_suite.h"

namespace pando::engine::bounded_test {
namespace {

BoundedDoneReply done(const EscrowWorld::Outcome& outcome) {
  EXPECT_TRUE(outcome.status.ok()) << outcome.status.to_string();
  return outcome.body ? std::get<BoundedDoneReply>(*outcome.body) : BoundedDoneReply();
}
BoundRefusal refused(const EscrowWorld::Outcome& outcome) {
  EXPECT_EQ(outcome.status.code(), StatusCode::kOutOfRange) << outcome.status.to_string();
  const auto* refusal = std::get_if<BoundRefusal>(&outcome.refusal);
  EXPECT_NE(refusal, nullptr);
  return refusal == nullptr ? BoundRefusal() : *refusal;
}

TEST(Bounded, TakesAndGivesWithinBothBounds) {
  EscrowWorld world(1);
  const BoundedDoneReply declared = done(world.ask(0, declare(0, 10, 7)));
  EXPECT_EQ(declared.value, 7);
  EXPECT_EQ(declared.here, (Rights{7, 3}));
  EXPECT_EQ(done(world.ask(0, take(5))).value, 2);
  // What was taken may be given back, and no more.
  EXPECT_EQ(done(world.ask(0, give(8))).value, 10);
  const BoundRefusal refusal = refused(world.ask(0, give(1)));
  EXPECT_EQ(refusal.way, Way::kGive);
  EXPECT_EQ(refusal.here, 0u);
  EXPECT_EQ(refusal.value, 10);
  EXPECT_TRUE(refusal.elsewhere.empty());
  EXPECT_EQ(world.bounded(0).value, 10);
}

TEST(Bounded, OneBoundLeavesTheOtherWayFree) {
  EscrowWorld world(2);
  const auto declared = done(world.ask(0, declare(0, std::nullopt, 1)));
  EXPECT_EQ(declared.here, (Rights{1, std::nullopt}));
  world.settle();
  // Stock that arrives at a site that declared nothing is that site's to sell.
  EXPECT_EQ(done(world.ask(1, give(10))).value, 11);
  EXPECT_EQ(done(world.ask(1, take(10))).value, 1);
  refused(world.ask(1, take(1)));
}

TEST(Bounded, WhatCannotBeDeclared) {
  EscrowWorld world(1);
  EXPECT_EQ(world.ask(0, declare(std::nullopt, std::nullopt, 0)).status.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(world.ask(0, declare(0, 10, 11)).status.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(world.ask(0, declare(0, 10, -1)).status.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(world.ask(0, declare(3, 2, 3)).status.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(world.ask(0, declare(0, 10, 5, {"no name"})).status.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(world.ask(0, take(1)).status.code(), StatusCode::kNotFound);
  EXPECT_EQ(world.commits(), 0u);

  done(world.ask(0, declare(0, 10, 5)));
  done(world.ask(0, take(1)));
  EXPECT_EQ(done(world.ask(0, declare(0, 10, 5))).value, 4) << "the same again changes nothing";
  EXPECT_EQ(world.ask(0, declare(0, 11, 5)).status.code(), StatusCode::kConflict);
  EXPECT_EQ(world.ask(0, take(0)).status.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(world.ask(0, take(1ULL << 63)).status.code(), StatusCode::kInvalidArgument);
}

TEST(Bounded, NumbersStayWithin64Bits) {
  EscrowWorld world(1);
  done(world.ask(0, declare(INT64_MIN, INT64_MAX, 0)));
  EXPECT_EQ(done(world.ask(0, give(INT64_MAX))).value, INT64_MAX);
  EXPECT_EQ(world.ask(0, give(1)).status.code(), StatusCode::kOutOfRange);
  // 2^63 - 1 taken and as many given is all that one site can count.
  EXPECT_EQ(done(world.ask(0, take(INT64_MAX))).value, 0);
  EXPECT_EQ(world.ask(0, take(1)).status.code(), StatusCode::kOutOfRange);

  EscrowWorld open(1);
  done(open.ask(0, declare(0, std::nullopt, INT64_MAX)));
  EXPECT_EQ(open.ask(0, give(1)).status.code(), StatusCode::kOutOfRange);
  EXPECT_EQ(open.bounded(0).value, INT64_MAX);
}

TEST(Bounded, RightsComeOnDemand) {
  EscrowWorld world(2);
  done(world.ask(0, declare(0, std::nullopt, 100)));
  world.pull(1, 0);
  const BoundRefusal refusal = refused(world.ask(1, take(5)));
  EXPECT_EQ(refusal.here, 0u);
  EXPECT_EQ(refusal.elsewhere, (std::vector<std::pair<Origin, std::uint64_t>>{{{"dc1", 1}, 100}}));
  world.settle();
  // Its equal part, not just what the client needed.
  EXPECT_EQ(world.bounded(1).here[0], 50u);
  EXPECT_EQ(done(world.ask(1, take(5))).value, 95);

  // Below a quarter of its part it asks before anybody is refused.
  done(world.ask(1, take(40)));
  EXPECT_EQ(world.bounded(1).here[0], 5u);
  world.settle();
  EXPECT_EQ(world.bounded(1).here[0], 27u);
  EXPECT_EQ(world.bounded(0).here[0], 28u);
}

TEST(Bounded, NobodyAsksForWhatIsNowhere) {
  EscrowWorld world(2);
  done(world.ask(0, declare(0, std::nullopt, 3)));
  world.settle();
  const std::size_t before = world.commits();
  const BoundRefusal refusal = refused(world.ask(1, take(4)));
  EXPECT_EQ(refusal.elsewhere.size(), 1u);
  EXPECT_EQ(world.commits(), before);
  refused(world.ask(1, take(3)));
  world.settle();
  EXPECT_EQ(done(world.ask(1, take(3))).value, 0);
  world.settle();
  const std::size_t sold_out = world.commits();
  for (int i = 0; i < 10; ++i) refused(world.ask(static_cast<std::size_t>(i % 2), take(1)));
  world.settle();
  EXPECT_EQ(world.commits(), sold_out) << "a flood of refusals is no flood of commits";
}

TEST(Bounded, RightsMayBeginInEqualPartsAtNamedSites) {
  EscrowWorld world(3);
  done(world.ask(2, declare(0, 10, 10, {"dc1", "dc2"})));
  world.settle();
  EXPECT_EQ(world.bounded(0).here[0], 5u);
  EXPECT_EQ(world.bounded(1).here[0], 5u);
  EXPECT_EQ(world.bounded(2).here[0], 0u);
  EXPECT_EQ(done(world.ask(0, take(5))).value, 5);
  EXPECT_EQ(done(world.ask(1, take(5))).value, 5) << "neither has heard of the other";
  EXPECT_EQ(world.truth().value, 0);
}

TEST(Bounded, ThreeSitesRaceAtTheBound) {
  EscrowWorld world(3);
  done(world.ask(0, declare(0, std::nullopt, 10)));
  world.settle();
  std::int64_t sold = 0;
  for (int round = 0; round < 200; ++round) {
    for (std::size_t site = 0; site < 3; ++site) sold += world.ask(site, take(1)).status.ok() ? 1 : 0;
    world.pull(static_cast<std::size_t>(round) % 3, static_cast<std::size_t>(round + 1) % 3);
    world.keep_up(static_cast<std::size_t>(round) % 3);
    ASSERT_GE(world.truth().value, 0);
  }
  for (int round = 0; round < 10; ++round) {
    world.settle();
    for (std::size_t site = 0; site < 3; ++site) sold += world.ask(site, take(1)).status.ok() ? 1 : 0;
  }
  EXPECT_EQ(sold, 10) << "and the last one is sold too";
  EXPECT_EQ(world.truth().value, 0);
}

TEST(Bounded, ReservationsHoldUntilTheirTimeIsUp) {
  EscrowWorld world(1);
  done(world.ask(0, declare(0, 10, 10)));
  const auto first = done(world.ask(0, reserve(6, 1'000)));
  EXPECT_EQ(first.value, 10) << "reserving takes nothing";
  EXPECT_EQ(first.here[0], 4u);
  EXPECT_EQ(first.expires_at_ms, world.now_ms + 1'000);
  EXPECT_EQ(refused(world.ask(0, take(5))).held, 6u);

  EXPECT_EQ(done(world.ask(0, SettleBounded{first.reservation, true})).value, 4);
  EXPECT_EQ(world.ask(0, SettleBounded{first.reservation, true}).status.code(), StatusCode::kNotFound);
  const auto second = done(world.ask(0, reserve(4, 1'000)));
  EXPECT_EQ(done(world.ask(0, SettleBounded{second.reservation, false})).here[0], 4u);

  const auto third = done(world.ask(0, reserve(4, 1'000)));
  world.restart(0);
  world.now_ms += 999;
  EXPECT_EQ(world.bounded(0).here[0], 0u) << "it survives a restart";
  world.now_ms += 1;
  EXPECT_EQ(world.bounded(0).here[0], 4u);
  EXPECT_EQ(world.ask(0, SettleBounded{third.reservation, true}).status.code(), StatusCode::kGone);
  EXPECT_EQ(done(world.ask(0, take(4))).value, 0);
  // A clock set back does not bring it back.
  world.now_ms -= 500;
  EXPECT_FALSE(world.ask(0, SettleBounded{third.reservation, true}).status.ok());
  EXPECT_EQ(world.truth().value, 0);
  EXPECT_EQ(world.truth().sites[0].held[0], 0u);
}

TEST(Bounded, AReservationBelongsToItsSite) {
  EscrowWorld world(2);
  done(world.ask(0, declare(0, 10, 10)));
  const auto made = done(world.ask(0, reserve(10, 60'000)));
  world.settle();
  EXPECT_EQ(world.ask(1, SettleBounded{made.reservation, true}).status.code(), StatusCode::kConflict);
  EXPECT_EQ(world.ask(1, SettleBounded{"dc2~nonsense", true}).status.code(), StatusCode::kInvalidArgument);
  const BoundRefusal refusal = refused(world.ask(1, take(1)));
  EXPECT_TRUE(refusal.elsewhere.empty()) << "what is held is not free";
  EXPECT_EQ(done(world.ask(0, SettleBounded{made.reservation, true})).value, 0);
}

TEST(Bounded, OfTwoDeclarationsTheFirstCounts) {
  EscrowWorld world(2);
  done(world.ask(0, declare(0, 10, 10)));
  world.now_ms += 1'000;
  done(world.ask(1, declare(0, 20, 20)));
  done(world.ask(0, take(3)));
  done(world.ask(1, take(5)));
  world.settle();
  for (std::size_t site = 0; site < 2; ++site) {
    const BoundedReply reply = world.bounded(site);
    EXPECT_EQ(reply.value, 7);
    EXPECT_EQ(reply.bounds.upper, 10);
    ASSERT_EQ(reply.lost.size(), 1u);
    EXPECT_EQ(reply.lost[0].incarnation, (Dot{{"dc2", 1}, Seq(1)}));
    EXPECT_EQ(reply.lost[0].value, 15);
  }
  EXPECT_EQ(world.digest(0), world.digest(1));
}

TEST(Bounded, DeletedAndDeclaredAgainBeginsFromNothing) {
  EscrowWorld world(2);
  done(world.ask(0, declare(0, 10, 10)));
  world.settle();
  refused(world.ask(1, take(1)));
  world.settle();
  Mutation erase;
  erase.kind = Mutation::Kind::kDelete;
  erase.key = "k";
  EXPECT_TRUE(world.ask(0, erase).status.ok());
  // The other site has not heard of it and goes on selling.
  done(world.ask(1, take(2)));
  done(world.ask(0, declare(0, 5, 5)));
  world.settle();
  for (std::size_t site = 0; site < 2; ++site) {
    EXPECT_EQ(world.bounded(site).value, 5);
    EXPECT_EQ(world.bounded(site).bounds.upper, 5);
  }
  EXPECT_TRUE(world.ask(1, erase).status.ok());
  world.settle();
  EXPECT_EQ(world.cells(0), 0u) << "nothing is left behind";
  EXPECT_EQ(world.cells(1), 0u);
}

TEST(Bounded, DeletedWhileAnotherSiteSellsLeavesNothing) {
  EscrowWorld world(2);
  done(world.ask(0, declare(0, 10, 10, {"dc1", "dc2"})));
  world.settle();
  Mutation erase;
  erase.kind = Mutation::Kind::kDelete;
  erase.key = "k";
  EXPECT_TRUE(world.ask(0, erase).status.ok());
  done(world.ask(1, take(2)));
  done(world.ask(1, reserve(2, 1'000)));
  world.settle();
  EXPECT_FALSE(world.bounded(0).found);
  EXPECT_FALSE(world.bounded(1).found);
  EXPECT_EQ(world.cells(0), 0u);
  EXPECT_EQ(world.digest(0), world.digest(1));
}

TEST(Bounded, RightsOfAnEarlierEpochAreLockedUntilReclaimed) {
  EscrowWorld world(2);
  done(world.ask(0, declare(0, std::nullopt, 10)));
  world.settle();
  done(world.ask(0, take(4)));
  // dc1 is put back to where it had sold nothing, and its tail has reached nobody.
  world.restore(0, 1);
  EXPECT_EQ(world.origin(0), (Origin{"dc1", 2}));
  const BoundRefusal refusal = refused(world.ask(0, take(1)));
  EXPECT_TRUE(refusal.elsewhere.empty()) << "locked rights are nobody's";
  EXPECT_TRUE(world.bounded(0).sites[0].locked);
  EXPECT_EQ(world.ask(0, ReclaimBounded{{"dc2", 1}}).status.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(world.ask(1, ReclaimBounded{{"dc1", 1}}).status.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(world.truth().value, 6);

  // Someone who knows how many were sold says so by reclaiming.
  EXPECT_EQ(done(world.ask(0, ReclaimBounded{{"dc1", 1}})).here[0], 10u);
  EXPECT_EQ(done(world.ask(0, ReclaimBounded{{"dc1", 1}})).here[0], 10u) << "once is enough";
  EXPECT_EQ(done(world.ask(0, take(6))).value, 4);
}

// Every world. ---------------------------------------------------------------------------------------------

struct Limits {
  std::int64_t lower;
  std::int64_t upper;
};

void check(EscrowWorld& world, const Limits& limits) {
  const BoundedReply truth = world.truth();
  ASSERT_GE(truth.value, limits.lower);
  ASSERT_LE(truth.value, limits.upper);
  for (std::size_t site = 0; site < world.size(); ++site) {
    const BoundedReply seen = world.bounded(site);
    if (!seen.found) continue;
    ASSERT_GE(seen.value, limits.lower);
    ASSERT_LE(seen.value, limits.upper);
  }
}

TEST(Bounded, EverySmallWorld) {
  constexpr std::size_t kSites = 3;
  constexpr std::size_t kSteps = 4;
  constexpr std::size_t kActions = 9;
  std::size_t worlds = 1;
  for (std::size_t i = 0; i < kSteps; ++i) worlds *= kActions;
  for (std::size_t number = 0; number < worlds; ++number) {
    EscrowWorld world(kSites);
    (void)world.ask(0, declare(0, 2, 2, {"dc1", "dc2"}));
    for (std::size_t site = 1; site < kSites; ++site) world.pull(site, 0);
    std::int64_t acknowledged = 2;
    std::size_t rest = number;
    for (std::size_t i = 0; i < kSteps; ++i, rest /= kActions) {
      const std::size_t action = rest % kActions;
      const std::size_t site = action % kSites;
      if (action < kSites) {
        acknowledged -= world.ask(site, take(1)).status.ok() ? 1 : 0;
      } else if (action < kSites + 2) {
        acknowledged += world.ask(site, give(1)).status.ok() ? 1 : 0;
      } else if (action == kSites + 2) {
        (void)world.ask(site, reserve(1, 1'000));
      } else {  // hears all there is from both others
        world.pull(site, (site + 1) % kSites);
        world.pull(site, (site + 2) % kSites);
        world.keep_up(site);
      }
    }
    check(world, {0, 2});
    ASSERT_EQ(world.truth().value, acknowledged) << "world " << number;
    if (testing::Test::HasFatalFailure()) FAIL() << "world " << number;
  }
}

using Step = std::tuple<std::uint8_t, std::uint8_t, std::uint8_t>;

RC_GTEST_PROP(Bounded, LongHistories, (const std::vector<Step>& steps)) {
  constexpr std::size_t kSites = 4;
  const Limits limits{-5, 20};
  EscrowWorld world(kSites);
  std::vector<std::vector<Bytes>> reservations(kSites);
  (void)world.ask(0, declare(limits.lower, limits.upper, 6));
  std::int64_t acknowledged = 6;
  std::map<Bytes, std::int64_t> held;
  for (const auto& [who, what, how] : steps) {
    const std::size_t site = who % kSites;
    const std::size_t other = how % kSites;
    switch (what % 10) {
      case 0:
      case 1:
      case 2: acknowledged -= world.ask(site, take(1 + how % 7)).status.ok() ? 1 + how % 7 : 0; break;
      case 3: acknowledged += world.ask(site, give(1 + how % 7)).status.ok() ? 1 + how % 7 : 0; break;
      case 4: {
        const auto outcome = world.ask(site, reserve(1 + how % 5, 10 + how));
        if (!outcome.status.ok()) break;
        reservations[site].push_back(std::get<BoundedDoneReply>(*outcome.body).reservation);
        held[reservations[site].back()] = 1 + how % 5;
        break;
      }
      case 5: {
        if (reservations[site].empty()) break;
        const Bytes& name = reservations[site][how % reservations[site].size()];
        if (world.ask(site, SettleBounded{name, how % 2 == 0}).status.ok() && how % 2 == 0) acknowledged -= held[name];
        break;
      }
      case 6:
        world.now_ms += how % 3 == 0 ? -std::int64_t{how} : how;  // clocks jump
        if (how % 16 == 0) world.restart(site);
        if (how % 32 == 1) world.restore(site, how % 11);
        break;
      default:
        if (how % 16 == 7) world.forget_cursor(site, other);
        if (site == other) break;
        world.pull(site, other, 1 + what % 5);
        world.keep_up(site);
    }
    check(world, limits);
    if (testing::Test::HasFatalFailure()) RC_FAIL("a bound was crossed");
  }
  RC_ASSERT(world.truth().value == acknowledged);
  world.settle();
  for (std::size_t site = 1; site < kSites; ++site) RC_ASSERT(world.digest(site) == world.digest(0));
}

}  // namespace
}  // namespace pando::engine::bounded_test
