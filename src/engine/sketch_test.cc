#include "engine/sketch.h"

#include <gtest/gtest.h>

#include "engine/sites_suite.h"

namespace pando::engine::sketch_test {
namespace {

using test::of_kind;
using test::with_detail;

std::vector<Bytes> things(int first, int last) {
  std::vector<Bytes> all;
  for (int i = first; i < last; ++i) all.push_back("thing " + std::to_string(i));
  return all;
}
Mutation add(Bytes key, std::vector<Bytes> what) { return with_detail(std::move(key), AddToSketch{std::move(what)}); }
Mutation merge(Bytes key, std::vector<Bytes> keys) {
  return with_detail(std::move(key), MergeSketches{std::move(keys)});
}
std::uint64_t count(Site& site, std::vector<Bytes> keys) {
  return site.ask<MemberCountReply>(CountSketchRequest{std::string(kTableKv), std::move(keys)}).count;
}

TEST(Sketches, SayWhetherARankGrew) {
  Site site("dc1");
  EXPECT_EQ(site.write(add("s", {})).results[0], 1) << "a new one";
  EXPECT_EQ(site.write(add("s", {})).results[0], 0);
  EXPECT_EQ(site.write(add("s", things(0, 100))).results[0], 1);
  EXPECT_TRUE(site.write(add("s", things(0, 100))).commit.ops.empty()) << "nothing grows, nothing is written";
  EXPECT_NEAR(static_cast<double>(count(site, {"s"})), 100, 3);
  EXPECT_EQ(count(site, {"absent"}), 0u);
}

// What both sites add at once is all counted, also by a third that hears of them in the other order.
TEST(Sketches, ConcurrentAdditionsAddUp) {
  Sites sites(3);
  sites[0].commit({add("s", things(0, 50))});
  sites.exchange();
  sites[0].commit({add("s", things(50, 1'000))});
  sites[1].commit({add("s", things(1'000, 2'000))});
  sites[2].pull(sites[1]);
  sites[2].pull(sites[0]);
  sites.exchange();
  for (std::size_t i = 0; i < sites.size(); ++i) {
    EXPECT_NEAR(static_cast<double>(count(sites[i], {"s"})), 2'000, 60);
    EXPECT_EQ(count(sites[i], {"s"}), count(sites[0], {"s"}));
    EXPECT_EQ(sites[i].digest(), sites[0].digest());
  }
  // As if one site had added all of it.
  Site alone("alone");
  alone.commit({add("s", things(0, 2'000))});
  EXPECT_EQ(count(sites[0], {"s"}), count(alone, {"s"}));
  // The next addition takes the place of both; nothing of either is lost.
  sites[0].commit({add("s", things(2'000, 2'500))});
  sites.exchange();
  alone.commit({add("s", things(0, 2'500))});
  EXPECT_EQ(count(sites[1], {"s"}), count(alone, {"s"}));
}

TEST(Sketches, RemovalTakesAwayWhatItSaw) {
  Sites sites(2);
  sites[0].commit({add("s", things(0, 100))});
  sites.exchange();
  sites[0].commit({of_kind(Mutation::Kind::kDelete, "s")});
  sites.exchange();
  EXPECT_EQ(count(sites[1], {"s"}), 0u);
  sites[0].commit({add("s", {"a"})});
  sites.exchange();
  sites[0].commit({of_kind(Mutation::Kind::kDelete, "s")});
  sites[1].commit({add("s", {"b"})});
  sites.exchange();
  EXPECT_EQ(count(sites[0], {"s"}), 1u) << "what the removal did not see stays";
  EXPECT_EQ(sites[0].digest(), sites[1].digest());
}

TEST(Sketches, AreMergedAndCopiedWithAllThatSitesAdded) {
  Sites sites(2);
  sites[0].commit({add("s", things(0, 500))});
  sites[1].commit({add("s", things(500, 1'000))});
  sites.exchange();
  const std::uint64_t both = count(sites[0], {"s"});
  sites[0].commit({merge("all", {"s", "absent"}), with_detail("s", CopyKey{"copy", false, false})});
  EXPECT_EQ(count(sites[0], {"all"}), both);
  EXPECT_EQ(count(sites[0], {"copy"}), both);
  EXPECT_EQ(count(sites[0], {"all", "copy", "s"}), both);
  EXPECT_EQ(sites[0].write(merge("none", {"absent"})).commit.ops.size(), 1u) << "an empty one";
}

TEST(Sketches, KeepToTheirType) {
  Site site("dc1");
  Mutation put = of_kind(Mutation::Kind::kPut, "word");
  put.value = "v";
  site.write(put);
  EXPECT_EQ(site.try_commit({add("word", {"x"})}).code(), StatusCode::kWrongType);
  EXPECT_EQ(site.try_commit({merge("s", {"word"})}).code(), StatusCode::kWrongType);
  EXPECT_EQ(site.refusal(CountSketchRequest{std::string(kTableKv), {"word"}}).code(), StatusCode::kWrongType);
  site.write(add("s", {"x"}));
  EXPECT_EQ(site.try_commit({merge("word", {"s"})}).code(), StatusCode::kWrongType);
}

}  // namespace
}  // namespace pando::engine::sketch_test
