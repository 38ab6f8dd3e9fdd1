#include "repl/providers.h"

#include <gtest/gtest.h>

namespace pando::repl::providers_test {
namespace {

const Origin kA{"a", 1}, kB{"b", 1}, kC{"c", 1}, kB2{"b", 2};
constexpr LinkId kToA(1), kToB(2);
using Origins = std::vector<Origin>;

TEST(Providers, AnOriginsOwnLinkThenWhoeverBroughtItFirst) {
  Providers providers;
  providers.link_up(kToA, kA, {kA, kC});
  EXPECT_EQ(providers.of(kC), kToA);
  providers.link_up(kToB, kB, {kB, kC});
  EXPECT_EQ(providers.have_only(kToA), Origins{kB});
  EXPECT_EQ(providers.have_only(kToB), (Origins{kA, kC}));
  providers.came(kC, kToB);
  EXPECT_EQ(providers.of(kC), kToA) << "a duplicate changes nothing";
  providers.came(kB2, kToA);
  EXPECT_EQ(providers.of(kB2), kToA) << "nobody knew that epoch";
}

TEST(Providers, TheFasterOneTakesOver) {
  Providers providers;
  providers.link_up(kToA, kA, {kC});
  providers.link_up(kToB, kB, {});
  const std::uint64_t version = providers.version();
  providers.choose(kC, kToA);
  EXPECT_EQ(providers.version(), version) << "nothing new to tell";
  providers.choose(kC, kToB);
  EXPECT_NE(providers.version(), version);
  EXPECT_EQ(providers.have_only(kToA), (Origins{kB, kC}));
}

TEST(Providers, ALinkThatGoesDownLeavesItToAnother) {
  Providers providers;
  providers.link_up(kToA, kA, {kC, kB2});
  providers.link_up(kToB, kB, {});
  providers.link_down(kToA);
  EXPECT_EQ(providers.have_only(kToB), Origins{});
  EXPECT_EQ(providers.of(kA), kToB);
  providers.link_down(kToB);
  EXPECT_EQ(providers.of(kA), std::nullopt);
  providers.came(kA, kToA);
  EXPECT_EQ(providers.of(kA), std::nullopt) << "it is down";
}

}  // namespace
}  // namespace pando::repl::providers_test
