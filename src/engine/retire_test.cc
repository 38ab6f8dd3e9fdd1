#include "engine/retire.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "engine/document_suite.h"

namespace pando::engine::retire_test {
namespace {

const CellPath kCounter{"kv", "n", CellKind::kCounter, ""};

Mutation add(std::int64_t delta, Bytes key = "n") {
  Mutation m;
  m.kind = Mutation::Kind::kAdd;
  m.key = std::move(key);
  m.delta = delta;
  return m;
}
Mutation reset() {
  Mutation m;
  m.kind = Mutation::Kind::kReset;
  m.key = "n";
  return m;
}
std::int64_t value(Site& site) { return site.ask<CounterReply>(GetCounterRequest{"kv", "n"}).value; }

TEST(Retire, NothingIsLeftOnceEveryoneHasGivenUp) {
  Sites sites(3);
  for (std::size_t i = 0; i < 3; ++i) sites[i].commit({add(5)});
  sites.exchange();
  sites[0].commit({reset()});
  sites.exchange();
  EXPECT_EQ(sites[0].cell_count(), 1u);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(sites[i].retire(kCounter).size(), 1u);
  sites.exchange();
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(sites[i].cell_count(), 0u);
  sites[1].commit({add(2)});
  sites.exchange();
  EXPECT_EQ(value(sites[0]), 2) << "and it counts on";
}

TEST(Retire, OnlyWhatIsWorthNothingHere) {
  Sites sites(2);
  sites[0].commit({add(5)});
  EXPECT_EQ(sites[0].retire(kCounter).size(), 0u) << "in use";
  sites.exchange();
  sites[1].commit({reset()});
  EXPECT_EQ(sites[1].retire(kCounter).size(), 0u) << "another origin's";
  sites[0].commit({add(1)});
  sites.exchange();
  EXPECT_EQ(sites[0].retire(kCounter).size(), 0u) << "an increment that the reset did not see";
  EXPECT_EQ(value(sites[0]), 1);
}

TEST(Retire, AResetThatNamesASlotThatIsGoneTakesNothingElse) {
  Sites sites(2);
  sites[0].commit({add(5)});
  sites.exchange();
  sites[0].commit({reset()});
  sites[0].retire(kCounter);
  sites[0].commit({add(3)});
  sites[1].commit({reset()});  // of the five
  sites.exchange();
  EXPECT_EQ(value(sites[0]), 3);
  EXPECT_EQ(sites[0].digest(), sites[1].digest());
}

TEST(Retire, ACounterBelowTheSameElementIsNotTaken) {
  Site site("dc1");
  site.commit({patch_document(Json::parse(R"({"a":{"__op__":"add","value":1}})"))});
  site.commit({patch_document(Json::parse(R"({"a":null})"))});
  site.commit({patch_document(Json::parse(R"({"a":{"b":{"__op__":"add","value":7}}})"))});
  EXPECT_EQ(site.retire({"docs", "k", CellKind::kLeafCounter, path_of_fields({"a"})}).size(), 0u);
  EXPECT_EQ(text_of(site), R"({"a":{"b":7}})");
}

using Step = std::tuple<std::uint8_t, std::uint8_t>;

// Increments that every reset has missed are what is left, whoever gives up what in between.
RC_GTEST_PROP(Retire, ChangesNoValue, (const std::vector<Step>& steps)) {
  Sites with(3);
  Sites without(3);
  for (const auto& [who, what] : steps) {
    const std::size_t i = who % 3;
    switch (what % 5) {
      case 0: with[i].retire(kCounter); break;
      case 1:
        with[i].commit({reset()});
        without[i].commit({reset()});
        break;
      case 2:
        // All of what the other has: how many commits that is differs between the two.
        with[i].pull(with[what / 5 % 3]);
        without[i].pull(without[what / 5 % 3]);
        break;
      default: with[i].commit({add(what % 4 - 1)}); without[i].commit({add(what % 4 - 1)});
    }
    RC_ASSERT(value(with[i]) == value(without[i]));
  }
  with.exchange();
  without.exchange();
  for (std::size_t i = 0; i < 3; ++i) {
    RC_ASSERT(with[i].digest() == with[0].digest());
    RC_ASSERT(value(with[i]) == value(without[i]));
  }
}

}  // namespace
}  // namespace pando::engine::retire_test
