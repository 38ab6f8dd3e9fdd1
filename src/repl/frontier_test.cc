#include "repl/frontier.h"

#include <gtest/gtest.h>

namespace pando::repl::frontier_test {
namespace {

const Origin kA{"a", 1}, kB{"b", 1}, kC{"c", 1};

VersionVector vector_of(std::vector<std::pair<Origin, std::uint64_t>> entries) {
  VersionVector vector;
  for (const auto& [origin, seq] : entries) vector.raise(origin, Seq(seq));
  return vector;
}

void tell(const Frontier& from, const VersionVector& durable_there, Frontier& to, const VersionVector& durable_here) {
  for (const Claim& claim : from.claims(durable_there)) to.on_claim(claim, durable_here);
}

TEST(Frontier, IsTheLeastOverAllKnownOrigins) {
  Frontier at_a;
  EXPECT_EQ(at_a.get(), Hlc{});
  at_a.on_own(kA, Hlc{100});
  EXPECT_EQ(at_a.get(), Hlc{100}) << "alone in the world";
  const VersionVector none;
  at_a.on_claim({kB, Seq(0), Hlc{70}}, none);
  EXPECT_EQ(at_a.get(), Hlc{100}) << "somebody new does not take back what was said";
  at_a.on_own(kA, Hlc{200});
  EXPECT_EQ(at_a.get(), Hlc{100});
  at_a.on_claim({kB, Seq(0), Hlc{150}}, none);
  EXPECT_EQ(at_a.get(), Hlc{150});
}

TEST(Frontier, AClaimCountsOnceAllItSpeaksOfIsHere) {
  Frontier frontier;
  frontier.on_own(kA, Hlc{500});
  frontier.on_durable({kB, Seq(1)}, Hlc{10});
  const VersionVector one = vector_of({{kB, 1}});
  frontier.on_claim({kB, Seq(3), Hlc{300}}, one);
  frontier.on_claim({kB, Seq(9), Hlc{400}}, one);
  frontier.on_claim({kB, Seq(12), Hlc{450}}, one);
  struct {
    std::uint64_t seq, hlc, expected;
  } const rows[] = {{2, 20, 20}, {3, 30, 300}, {4, 310, 310}, {9, 390, 390}, {12, 430, 450}};
  for (const auto& row : rows) {
    frontier.on_durable({kB, Seq(row.seq)}, Hlc{row.hlc});
    EXPECT_EQ(frontier.get(), Hlc{row.expected}) << "after b:" << row.seq;
  }
}

TEST(Frontier, TravelsOverAChain) {
  // c never speaks to a: only b does, to both.
  Frontier a, b, c;
  VersionVector at_a, at_b, at_c;
  a.on_own(kA, Hlc{10});
  b.on_own(kB, Hlc{20});
  c.on_own(kC, Hlc{30});
  c.on_durable({kC, Seq(1)}, Hlc{30});
  at_c = vector_of({{kC, 1}});
  tell(a, at_a, b, at_b);
  tell(c, at_c, b, at_b);
  b.on_own(kB, Hlc{50});
  EXPECT_EQ(b.get(), Hlc{}) << "c:1 was announced and is not here";
  tell(b, at_b, a, at_a);
  EXPECT_EQ(a.get(), Hlc{10}) << "a knows of a and b only";
  a.on_own(kA, Hlc{60});
  at_b = vector_of({{kC, 1}});
  b.on_durable({kC, Seq(1)}, Hlc{30});
  tell(a, at_a, b, at_b);
  EXPECT_EQ(b.get(), Hlc{30});
  tell(b, at_b, a, at_a);
  EXPECT_EQ(a.get(), Hlc{10}) << "b's own claim says 50; c's is of a commit that a lacks";
  at_a = vector_of({{kC, 1}});
  a.on_durable({kC, Seq(1)}, Hlc{30});
  EXPECT_EQ(a.get(), Hlc{30});
}

TEST(Frontier, NobodyTellsANodeAboutItself) {
  Frontier frontier;
  frontier.on_own(kA, Hlc{10});
  frontier.on_claim({kA, Seq(0), Hlc{99}}, {});
  EXPECT_EQ(frontier.get(), Hlc{10});
}

// It began on an empty disk, as an epoch of which others have commits.
TEST(Frontier, ClaimsNothingOfAnEpochThatIsOver) {
  Frontier at_b;
  at_b.on_own(kB, Hlc{500});
  ASSERT_EQ(at_b.claims({}).size(), 1u);
  const Origin again{"b", 2};
  at_b.on_own(again, Hlc{});
  EXPECT_TRUE(at_b.claims({}).empty()) << "that b had made nothing up to 500 is not true";
  at_b.on_own(again, Hlc{510});
  EXPECT_EQ(at_b.claims({}), (std::vector<Claim>{{again, Seq(0), Hlc{510}}}));
  at_b.on_claim({kB, Seq(13), Hlc{400}}, vector_of({{kB, 13}}));
  EXPECT_EQ(at_b.claims(vector_of({{kB, 13}})).size(), 2u);
}

TEST(Frontier, OriginsOfAnEarlierRunHoldItUntilHeardOf) {
  Frontier frontier(vector_of({{kB, 7}}));
  frontier.on_own(kA, Hlc{10});
  EXPECT_EQ(frontier.get(), Hlc{});
  frontier.on_claim({kB, Seq(7), Hlc{8}}, vector_of({{kB, 7}}));
  EXPECT_EQ(frontier.get(), Hlc{8});
}

}  // namespace
}  // namespace pando::repl::frontier_test
