// Rate limiters: what passes when, and that no more passes than was promised, whatever is cut off, restarted, restored
// or set to another time.
#include "engine/limiter.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/limits.h"
#include "engine/escrow_suite.h"
#include "engine/limiter_meter.h"

namespace pando::engine::limiter_test {
namespace {

constexpr std::int64_t kDayMs = 86'400'000;
const EscrowKey kWhere{std::string(kTableLimits), "l"};

LimiterTerms window(std::uint64_t limit, std::int64_t per_ms, bool strict = false) {
  return {LimiterTerms::Kind::kWindow, strict, limit, 0, per_ms};
}
LimiterTerms bucket(std::uint64_t limit, std::uint64_t rate, std::int64_t per_ms, bool strict = false) {
  return {LimiterTerms::Kind::kBucket, strict, limit, rate, per_ms};
}

class Fleet : public EscrowWorld {
 public:
  Fleet(std::size_t sites, LimiterTerms terms, std::vector<std::string> names = {}) : EscrowWorld(sites) {
    declare(0, terms, std::move(names));
    for (std::size_t site = 1; site < sites; ++site) pull(site, 0);
  }
  void declare(std::size_t site, LimiterTerms terms, std::vector<std::string> names = {}) {
    const Outcome outcome = ask(site, DeclareLimiter{terms, std::move(names)}, "l", kWhere.table);
    EXPECT_TRUE(outcome.status.ok()) << outcome.status.to_string();
  }
  LimiterReply take(std::size_t site, std::uint64_t n = 1, Bytes subject = {}) {
    const Outcome outcome = ask(site, TakeLimited{std::move(subject), n}, "l", kWhere.table);
    EXPECT_TRUE(outcome.status.ok()) << outcome.status.to_string();
    return outcome.body ? std::get<LimiterReply>(*outcome.body) : LimiterReply();
  }
  // How many of `tries` pass, one by one.
  int passed(std::size_t site, int tries) {
    int count = 0;
    for (int i = 0; i < tries; ++i) count += take(site).allowed ? 1 : 0;
    return count;
  }
  LimiterReply seen(std::size_t site, Bytes subject = {}) {
    return read<LimiterReply>(site, GetLimiterRequest{"l", std::move(subject)});
  }
  Status refused(std::size_t site, Mutation::Detail detail) {
    return ask(site, std::move(detail), "l", kWhere.table).status;
  }
  void exchange() { settle(kWhere); }
};

TEST(Limiter, AWindowLetsTheLimitPassInAnySpan) {
  Fleet fleet(1, window(5, 16'000));
  const std::int64_t start = fleet.now_ms = 1'700'000'000'000 / 1'000 * 1'000;
  EXPECT_EQ(fleet.take(0, 3).remaining, 2u);
  fleet.now_ms += 8'000;
  EXPECT_EQ(fleet.take(0, 2).remaining, 0u);
  const LimiterReply denied = fleet.take(0);
  EXPECT_FALSE(denied.allowed);
  // The three are out of the window when the sixteenth they passed in is a whole span ago.
  EXPECT_EQ(denied.retry_after_ms, 9'000);
  EXPECT_EQ(fleet.take(0, 4).retry_after_ms, 17'000) << "four need the others out too";
  fleet.now_ms = start + 16'999;
  EXPECT_FALSE(fleet.take(0).allowed);
  fleet.now_ms = start + 17'000;
  EXPECT_EQ(fleet.seen(0).remaining, 3u);
  EXPECT_EQ(fleet.take(0, 3).remaining, 0u);
}

TEST(Limiter, ABucketLetsItsFillPassAndIsRefilled) {
  Fleet fleet(1, bucket(10, 5, 1'000));
  EXPECT_EQ(fleet.passed(0, 20), 10);
  EXPECT_EQ(fleet.take(0).retry_after_ms, 200);
  EXPECT_EQ(fleet.take(0, 10).retry_after_ms, 2'000);
  fleet.now_ms += 199;
  EXPECT_FALSE(fleet.take(0).allowed);
  fleet.now_ms += 1;
  EXPECT_TRUE(fleet.take(0).allowed);
  fleet.now_ms += 60'000;
  EXPECT_EQ(fleet.seen(0).remaining, 10u) << "and no more than full";
}

TEST(Limiter, WhatIsDeniedIsNoCommit) {
  Fleet fleet(1, window(2, 1'000));
  EXPECT_EQ(fleet.passed(0, 2), 2);
  const std::size_t before = fleet.commits();
  EXPECT_EQ(fleet.passed(0, 50), 0);
  EXPECT_EQ(fleet.commits(), before);
}

TEST(Limiter, SubjectsAreCountedByThemselves) {
  Fleet fleet(2, window(2, 1'000));
  EXPECT_TRUE(fleet.take(0, 2, "ada").allowed);
  EXPECT_FALSE(fleet.take(0, 1, "ada").allowed);
  EXPECT_TRUE(fleet.take(0, 2, "ben").allowed);
  fleet.exchange();
  EXPECT_FALSE(fleet.take(1, 1, "ada").allowed);
  EXPECT_TRUE(fleet.take(1, 1, "chen").allowed);
}

TEST(Limiter, MistakesAreNamed) {
  Fleet fleet(1, window(2, 1'000));
  EXPECT_EQ(fleet.refused(0, TakeLimited{"", 0}).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(fleet.refused(0, TakeLimited{"", 3}).message(), "3 at once; it must be 1 to 2, the limit of \"l\"");
  EXPECT_EQ(fleet.refused(0, TakeLimited{Bytes(limits::kSubjectBytesMax + 1, 's'), 1}).code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(fleet.refused(0, DeclareLimiter{window(0, 1'000), {}}).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(fleet.refused(0, DeclareLimiter{window(1, 0), {}}).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(fleet.refused(0, DeclareLimiter{bucket(1, 0, 1'000), {}}).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(fleet.refused(0, DeclareLimiter{window(1, 1'000, true), {"no name"}}).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(fleet.ask(0, TakeLimited{}, "other", kWhere.table).status.code(), StatusCode::kNotFound);
  EXPECT_FALSE(fleet.read<LimiterReply>(0, GetLimiterRequest{"other", ""}).found);
}

// Cut off. -------------------------------------------------------------------------------------------------------

TEST(Limiter, FastSitesThatHearEachOtherShareTheLimit) {
  for (const LimiterTerms& terms : {window(10, 60'000), bucket(10, 10, 60'000)}) {
    Fleet fleet(3, terms);
    int passed = 0;
    for (int i = 0; i < 30; ++i) {
      passed += fleet.passed(static_cast<std::size_t>(i) % 3, 1);
      fleet.exchange();
    }
    EXPECT_EQ(passed, 10);
    EXPECT_EQ(fleet.digest(0), fleet.digest(2));
  }
}

TEST(Limiter, FastSitesThatDoNotHearEachOtherEachLetTheLimitPassAndNoMore) {
  for (const LimiterTerms& terms : {window(10, 60'000), bucket(10, 10, 60'000)}) {
    Fleet fleet(3, terms);
    for (std::size_t site = 0; site < 3; ++site) EXPECT_EQ(fleet.passed(site, 100), 10);
    fleet.exchange();
    for (std::size_t site = 0; site < 3; ++site) EXPECT_EQ(fleet.passed(site, 100), 0) << "they know by now";
    fleet.now_ms += 64'000;
    EXPECT_EQ(fleet.passed(1, 100), 10) << "and what was over is over";
  }
}

TEST(Limiter, AFastBucketThatWasIdleIsNotTakenForFull) {
  Fleet fleet(2, bucket(10, 10, 60'000));
  EXPECT_EQ(fleet.passed(0, 4), 4);
  fleet.exchange();
  EXPECT_EQ(fleet.seen(1).remaining, 6u);
  EXPECT_EQ(fleet.passed(1, 10), 6);
  fleet.exchange();
  fleet.now_ms += 30'000;
  EXPECT_EQ(fleet.seen(0).remaining, 5u);
  EXPECT_EQ(fleet.seen(1).remaining, 5u);
}

TEST(Limiter, ADeniedFastBucketFillsUpAgain) {
  Fleet fleet(2, bucket(10, 10, 60'000));
  EXPECT_EQ(fleet.passed(0, 1), 1);
  EXPECT_EQ(fleet.passed(1, 10), 10);
  fleet.exchange();
  // Denied writes nothing, so what the other site counted is news each time; it must age all the same.
  EXPECT_FALSE(fleet.take(0).allowed);
  fleet.now_ms += 6'000;
  EXPECT_TRUE(fleet.take(0).allowed);
  EXPECT_FALSE(fleet.take(0).allowed);
}

TEST(Limiter, StrictSitesHoldAPartEach) {
  Fleet fleet(3, window(10, 60'000, true), {"dc1", "dc2", "dc3"});
  EXPECT_EQ(fleet.seen(0).share, 4u);
  EXPECT_EQ(fleet.seen(0).sites, (std::vector<std::string>{"dc1", "dc2", "dc3"}));
  EXPECT_EQ(fleet.passed(0, 100), 4);
  EXPECT_EQ(fleet.passed(1, 100), 3);
  EXPECT_EQ(fleet.passed(2, 100), 3);
  fleet.exchange();
  for (std::size_t site = 0; site < 3; ++site) EXPECT_EQ(fleet.passed(site, 100), 0);
  const LimiterReply never = fleet.take(1, 4);
  EXPECT_EQ(never.retry_after_ms, LimiterReply::kNever) << "its part is 3";
}

TEST(Limiter, ASiteWithoutAPartLetsNothingPass) {
  Fleet fleet(2, window(10, 60'000, true), {"dc1"});
  EXPECT_EQ(fleet.take(1).retry_after_ms, LimiterReply::kNever);
  EXPECT_EQ(fleet.passed(0, 100), 10);
  Fleet fast(2, bucket(10, 1, 1'000, true), {"dc1"});
  EXPECT_EQ(fast.take(1).retry_after_ms, LimiterReply::kNever);
}

TEST(Limiter, StrictAfterARestoreNothingPassesUntilItIsForgotten) {
  for (const LimiterTerms& terms : {window(4, 16'000, true), bucket(4, 4, 16'000, true)}) {
    Fleet fleet(2, terms, {"dc1", "dc2"});
    EXPECT_EQ(fleet.passed(0, 10), 2);
    fleet.restore(0, 1);  // what had passed is lost, and has reached nobody
    EXPECT_EQ(fleet.seen(0).remaining, 0u);
    const LimiterReply denied = fleet.take(0);
    EXPECT_FALSE(denied.allowed);
    EXPECT_GE(denied.retry_after_ms, 16'000);
    EXPECT_EQ(fleet.passed(1, 10), 2) << "the others go on";
    fleet.now_ms += denied.retry_after_ms;
    EXPECT_EQ(fleet.passed(0, 10), 2);
    fleet.exchange();
    fleet.declare(0, window(6, 1'000, true), {"dc1", "dc2"});
    EXPECT_EQ(fleet.passed(0, 10), 3) << "declared under the new epoch";
  }
}

// Clocks. --------------------------------------------------------------------------------------------------------

TEST(Limiter, AClockADayAheadHandsOutNoMoreThanOneLimit) {
  for (const LimiterTerms& terms :
       {window(10, 60'000), bucket(10, 10, 60'000), window(10, 60'000, true), bucket(10, 10, 60'000, true)}) {
    const std::uint64_t own = terms.strict ? 5 : 10;
    Fleet fleet(2, terms, terms.strict ? std::vector<std::string>{"dc1", "dc2"} : std::vector<std::string>());
    EXPECT_EQ(fleet.passed(1, 100), static_cast<int>(own));
    fleet.set_ahead(1, kDayMs);
    EXPECT_EQ(fleet.passed(1, 100), static_cast<int>(own)) << "once, for the day it was set forward";
    EXPECT_EQ(fleet.passed(1, 100), 0);
    fleet.exchange();
    fleet.now_ms += 70'000;
    EXPECT_GE(fleet.passed(0, 100), 1) << "the others are not starved by what lies ahead";
    // Set back again it neither hands out anew nor starves for a day.
    fleet.passed(1, 100);
    fleet.set_ahead(1, 0);
    EXPECT_LE(fleet.passed(1, 100), static_cast<int>(own));
    fleet.now_ms += 70'000;
    EXPECT_GE(fleet.passed(1, 100), 1);
  }
}

TEST(Limiter, AClockSetBackWhileFullIsWrittenDownOnce) {
  Fleet fleet(1, window(3, 16'000));
  EXPECT_EQ(fleet.passed(0, 3), 3);
  fleet.set_ahead(0, -kDayMs);
  const std::size_t before = fleet.commits();
  EXPECT_EQ(fleet.passed(0, 20), 0);
  EXPECT_EQ(fleet.commits(), before + 1);
  fleet.now_ms += 17'000;
  EXPECT_EQ(fleet.passed(0, 20), 3);
}

// Nothing is left. -----------------------------------------------------------------------------------------------

TEST(Limiter, WhatIsOverTakesNoSpace) {
  for (const LimiterTerms& terms : {window(5, 16'000), bucket(5, 5, 16'000)}) {
    Fleet fleet(2, terms);
    for (int i = 0; i < 40; ++i) fleet.take(static_cast<std::size_t>(i) % 2, 1, "user" + std::to_string(i % 10));
    fleet.exchange();
    EXPECT_GE(fleet.cells(0), 11u);
    fleet.now_ms += 20'000;
    for (int i = 0; i < 10; ++i) {
      for (std::size_t site = 0; site < 2; ++site) {
        fleet.keep_up(site, {kWhere.table, "l", "user" + std::to_string(i)});
      }
    }
    fleet.exchange();
    EXPECT_EQ(fleet.cells(0), 1u) << "the declaration";
    EXPECT_EQ(fleet.digest(0), fleet.digest(1));
  }
}

TEST(Limiter, NewSubjectsTakeTheSpaceOfThoseThatAreOver) {
  Fleet fleet(1, window(5, 1'600));
  for (int i = 0; i < 2'000; ++i) {
    fleet.take(0, 1, "user" + std::to_string(i * 7'919 % 100'003));
    fleet.now_ms += 100;
  }
  // 17 are not over at any time; each new one looks at 16 others.
  EXPECT_LT(fleet.cells(0), 60u);
}

TEST(Limiter, WhatANodeThatIsGoneLeftIsRemovedWhenNoClockCanBeThatWrong) {
  Fleet fleet(2, window(5, 16'000));
  fleet.take(1, 1, "ada");
  fleet.exchange();
  fleet.now_ms += kDayMs;
  fleet.take(0, 1, "ben");
  EXPECT_EQ(fleet.cells(0), 3u);
  fleet.now_ms += 2 * kDayMs;
  fleet.take(0, 1, "chen");
  EXPECT_EQ(fleet.cells(0), 2u);
}

TEST(Limiter, OtherTermsBeginAnewAndLeaveNothingBehind) {
  Fleet fleet(2, window(5, 16'000));
  EXPECT_EQ(fleet.passed(0, 10), 5);
  const std::size_t before = fleet.commits();
  fleet.declare(0, window(5, 16'000));
  EXPECT_EQ(fleet.commits(), before) << "the same again";
  EXPECT_EQ(fleet.passed(1, 2), 2) << "not heard of yet";
  fleet.declare(0, window(3, 16'000));
  EXPECT_EQ(fleet.passed(0, 10), 3);
  fleet.exchange();
  EXPECT_EQ(fleet.seen(1).remaining, 0u);
  EXPECT_EQ(fleet.cells(1), 2u) << "the declaration, and what dc1 counts under it";
  Mutation erase;
  erase.kind = Mutation::Kind::kDelete;
  erase.table = kWhere.table;
  erase.key = "l";
  EXPECT_TRUE(fleet.ask(1, erase).status.ok());
  fleet.take(0, 1, "late");
  fleet.exchange();
  EXPECT_FALSE(fleet.seen(0).found);
  fleet.keep_up(0, {kWhere.table, "l", "late"});
  fleet.exchange();
  EXPECT_EQ(fleet.cells(0), 0u);
  EXPECT_EQ(fleet.cells(1), 0u);
}

TEST(Limiter, OfTwoDeclarationsOneCountsAtBothSites) {
  EscrowWorld world(2);
  (void)world.ask(0, DeclareLimiter{window(5, 16'000), {}}, "l", kWhere.table);
  world.now_ms += 1;
  (void)world.ask(1, DeclareLimiter{window(9, 16'000), {}}, "l", kWhere.table);
  world.settle(kWhere);
  for (std::size_t site = 0; site < 2; ++site) {
    EXPECT_EQ(world.read<LimiterReply>(site, GetLimiterRequest{"l", ""}).terms.limit, 5u);
  }
}

// Every history. -------------------------------------------------------------------------------------------------

struct Passage {
  std::int64_t at_ms;
  std::uint64_t count;
};

// The most that passed within any span of so long.
std::uint64_t most_within(const std::vector<Passage>& all, std::int64_t span_ms) {
  std::uint64_t most = 0;
  for (std::size_t first = 0; first < all.size(); ++first) {
    std::uint64_t sum = 0;
    for (std::size_t i = first; i < all.size() && all[i].at_ms < all[first].at_ms + span_ms; ++i) sum += all[i].count;
    most = std::max(most, sum);
  }
  return most;
}

using Step = std::tuple<std::uint8_t, std::uint8_t, std::uint8_t>;

// Takes, meetings, restarts and restores, in even time.
std::vector<Passage> play(Fleet& fleet, const std::vector<Step>& steps, bool meets) {
  std::vector<Passage> passed;
  for (const auto& [who, what, how] : steps) {
    const std::size_t site = who % fleet.size();
    switch (what % 8) {
      case 0: fleet.now_ms += how * 13; break;
      case 1:
        if (meets) fleet.pull(site, how % fleet.size());
        break;
      case 2:
        if (how % 8 == 0) fleet.restart(site);
        if (how % 8 == 1) fleet.restore(site, how % 13 + 1);
        if (how % 8 > 4) fleet.keep_up(site, kWhere);
        break;
      default: {
        const std::uint64_t n = 1 + how % 3;
        if (fleet.take(site, n).allowed) passed.push_back({fleet.now_ms, n});
        fleet.now_ms += how % 50;
      }
    }
  }
  return passed;
}

RC_GTEST_PROP(Limiter, StrictWindowsNeverLetMorePass, (const std::vector<Step>& steps)) {
  Fleet fleet(3, window(12, 1'000, true), {"dc1", "dc2", "dc3"});
  RC_ASSERT(most_within(play(fleet, steps, true), 1'000) <= 12u);
}

RC_GTEST_PROP(Limiter, StrictBucketsNeverLetMorePass, (const std::vector<Step>& steps)) {
  Fleet fleet(3, bucket(12, 24, 1'000, true), {"dc1", "dc2", "dc3"});
  const std::vector<Passage> passed = play(fleet, steps, true);
  for (const std::int64_t span_ms : {1, 100, 500, 1'000, 3'000}) {
    RC_ASSERT(most_within(passed, span_ms) <= 12u + 24u * static_cast<std::uint64_t>(span_ms) / 1'000);
  }
}

RC_GTEST_PROP(Limiter, FastWindowsOvershootByNoMoreThanIsSaid, (const std::vector<Step>& steps, bool meets)) {
  Fleet fleet(3, window(12, 1'000));
  std::vector<Step> without_restores;
  for (const Step& step : steps) {
    if (std::get<1>(step) % 8 != 2 || std::get<2>(step) % 8 != 1) without_restores.push_back(step);
  }
  RC_ASSERT(most_within(play(fleet, without_restores, meets), 1'000) <= 3u * 12u);
}

RC_GTEST_PROP(Limiter, AMeterLetsNothingMorePassWhateverItsBytes,
              (std::uint64_t at, std::uint64_t deficit, bool kind)) {
  const LimiterTerms terms = kind ? bucket(7, 3, 1'000) : window(7, 1'000);
  std::map<Origin, EscrowPart> parts;
  LimiterMeter& meter = parts[{"dc1", 1}].meter;
  meter.at_ms = at;
  meter.deficit = UInt128{deficit} * deficit;
  meter.slots = {{at % (UINT64_MAX - 1), 5}, {UINT64_MAX, UINT64_MAX}};
  parts[{"dc2", 1}].meter = meter;
  const LimiterGauge gauge(terms, terms.limit, parts, {"dc1", 1}, 1'700'000'000'000);
  RC_ASSERT(gauge.free() <= 7u);
  RC_ASSERT(gauge.idle_at_ms() >= 1'700'000'000'000);
  const auto wait_ms = gauge.wait_ms(7);
  RC_ASSERT(!wait_ms || *wait_ms >= 0);
}

}  // namespace
}  // namespace pando::engine::limiter_test
