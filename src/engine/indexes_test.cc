// Indexes: kept up to date by changes, dropped for room, right after whatever happens to the cells.
#include "engine/indexes.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "engine/site_suite.h"

namespace pando::engine::indexes_test {
namespace {

using test::Site;
using test::with_detail;

Mutation push(Bytes key, std::vector<Bytes> values) {
  return with_detail(std::move(key), ListPush{ListEnd::kBack, std::move(values), false});
}
Mutation add(Bytes key, std::vector<SetScores::Entry> entries) {
  return with_detail(std::move(key), SetScores{std::move(entries), {}, false});
}
Mutation members(Mutation::Kind kind, std::vector<Bytes> who) {
  Mutation m = test::of_kind(kind, "set");
  m.members = std::move(who);
  return m;
}
Mutation join(std::vector<Bytes> who) { return members(Mutation::Kind::kAddMembers, std::move(who)); }
Mutation leave(std::vector<Bytes> who) { return members(Mutation::Kind::kRemoveMembers, std::move(who)); }

std::uint64_t length(Site& site, Bytes key) {
  GetItemsRequest get;
  get.key = std::move(key);
  return site.read<ItemsReply>(get).length;
}
std::uint64_t size(Site& site, Bytes key) {
  CountScoresRequest get;
  get.key = std::move(key);
  return site.read<ScoreCountReply>(get).count;
}
std::string set_size(Site& site, std::uint32_t count_max = UINT32_MAX) {
  CountMembersRequest get;
  get.key = "set";
  get.count_max = count_max;
  const auto reply = site.read<MemberCountReply>(get);
  return std::to_string(reply.count) + (reply.more ? "+" : "");
}

TEST(Indexes, AreBuiltWhenAskedForAndFollowFromThenOn) {
  Site site;
  site.write(add("s", {{"a", 1}}));
  EXPECT_EQ(site.indexes().keys(), 0u) << "setting a score needs no order";
  EXPECT_EQ(size(site, "s"), 1u);
  EXPECT_EQ(site.indexes().keys(), 1u);
  site.write(add("s", {{"b", 2}, {"c", 3}}));
  EXPECT_EQ(size(site, "s"), 3u);
  site.checkpoint();
  EXPECT_EQ(size(site, "s"), 3u);
  site.restart();
  EXPECT_EQ(site.indexes().keys(), 0u);
  EXPECT_EQ(size(site, "s"), 3u);
}

TEST(Indexes, AreDroppedForRoomLeastRecentlyUsedFirst) {
  Site site("dc1", 3 * 1024);
  std::vector<Bytes> values(8, "v");
  for (const Bytes key : {"a", "b", "c", "d", "e"}) {
    site.write(push(key, values));
    site.write(push(key, values));
  }
  EXPECT_LT(site.indexes().keys(), 5u);
  EXPECT_LE(site.indexes().bytes(), 3 * 1024u);
  for (int round = 0; round < 2; ++round) {
    for (const Bytes key : {"a", "b", "c", "d", "e"}) {
      EXPECT_EQ(length(site, key), 16u);
      EXPECT_LE(site.indexes().bytes(), 3 * 1024u);
    }
  }
  // One that is larger than all the room stays alone.
  for (int i = 0; i < 20; ++i) site.write(push("a", values));
  EXPECT_EQ(site.indexes().keys(), 1u);
  EXPECT_EQ(length(site, "a"), 176u);
}

TEST(Indexes, ForgetWhatWasClearedWithoutBeingLookedAt) {
  Site site;
  site.write(push("l", {"a", "b", "c"}));
  site.write(add("s", {{"a", 1}, {"b", 2}}));
  site.restart();  // nothing is in memory: clearing erases cells it never loads
  EXPECT_EQ(length(site, "l"), 3u);
  EXPECT_EQ(size(site, "s"), 2u);
  site.write(test::of_kind(Mutation::Kind::kDelete, "l"));
  site.write(test::of_kind(Mutation::Kind::kDelete, "s"));
  EXPECT_EQ(length(site, "l"), 0u);
  EXPECT_EQ(size(site, "s"), 0u);
  site.write(push("l", {"d"}));
  EXPECT_EQ(length(site, "l"), 1u);
}

TEST(Indexes, AListAndASortedSetUnderOneKeyAreBothFollowed) {
  // A merge can leave both. Readers see the sorted set; the list comes back when that is gone.
  Site site("a");
  Site other("b");
  const Commit scores = site.write(add("k", {{"m", 1}})).commit;
  EXPECT_EQ(size(site, "k"), 1u);
  other.write(push("k", {"v"}));
  const Commit more = other.write(push("k", {"w"})).commit;
  EXPECT_EQ(length(other, "k"), 2u);
  other.deliver(scores);
  GetItemsRequest get;
  get.key = "k";
  View seen = other.view();
  EXPECT_EQ(read(seen, get).error().message(), "key \"k\" holds a sorted set, not a list; delete it first");
  EXPECT_EQ(other.try_write({push("k", {"x"})}).error().code(), StatusCode::kWrongType);
  EXPECT_EQ(size(other, "k"), 1u);
  other.write(with_detail("k", RemoveScores{{"m"}}));
  EXPECT_EQ(length(other, "k"), 2u);
  other.write(push("k", {"x"}));
  EXPECT_EQ(length(other, "k"), 3u);
}

TEST(Indexes, ASetIsCountedOnceAndKnownFromThenOn) {
  Site site;
  EXPECT_EQ(set_size(site), "0");
  site.write(join({"a", "b", "c"}));
  site.write(join({"c", "d"}));
  EXPECT_EQ(set_size(site), "4");
  EXPECT_EQ(set_size(site, 3), "3+");
  site.write(leave({"a", "nobody"}));
  EXPECT_EQ(set_size(site), "3");
  site.write(std::vector<Mutation>{leave({"b"}), join({"b", "x"}), leave({"x"})});
  EXPECT_EQ(set_size(site), "3");
  site.restart();
  EXPECT_EQ(set_size(site, 1), "1+") << "counting stopped";
  EXPECT_EQ(site.indexes().keys(), 0u);
  EXPECT_EQ(set_size(site), "3");
  site.write(test::of_kind(Mutation::Kind::kDeleteSet, "set"));
  EXPECT_EQ(set_size(site), "0");
  site.write(join({"a"}));
  EXPECT_EQ(set_size(site), "1");
}

// Sets in which removing wins. -----------------------------------------------------------------------------------

class SetPair : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (!GetParam()) return;
    b.deliver(a.declare("kv", "sets", "remove"));
    b.note_tables();
  }
  bool remove_wins() const { return GetParam(); }
  void both(const Mutation& mutation) { b.deliver(a.write(mutation).commit); }
  void at_once(const std::vector<Mutation>& here, const std::vector<Mutation>& there) {
    set_size(a);
    set_size(b);
    std::vector<Commit> from_a;
    std::vector<Commit> from_b;
    for (const Mutation& mutation : here) from_a.push_back(a.write(mutation).commit);
    for (const Mutation& mutation : there) from_b.push_back(b.write(mutation).commit);
    for (const Commit& commit : from_a) b.deliver(commit);
    for (const Commit& commit : from_b) a.deliver(commit);
    EXPECT_EQ(a.digest(), b.digest());
  }
  std::string shown() {
    ListMembersRequest list;
    list.key = "set";
    std::string text;
    const auto reply = a.read<MembersReply>(list);
    for (const Bytes& member : reply.members) text += member;
    EXPECT_EQ(b.read<MembersReply>(list).members, reply.members);
    EXPECT_EQ(set_size(a), std::to_string(reply.members.size()));
    EXPECT_EQ(set_size(b), std::to_string(reply.members.size()));
    return text;
  }

  Site a{"a"};
  Site b{"b"};
};

TEST_P(SetPair, AReAddConcurrentWithARemoval) {
  both(join({"m", "n"}));
  at_once({leave({"m"})}, {join({"m"})});
  EXPECT_EQ(shown(), remove_wins() ? "n" : "mn");
  both(join({"m"}));
  EXPECT_EQ(shown(), "mn") << "whoever has seen both decides anew";
}

TEST_P(SetPair, AddedAgainAfterARemovalWhileItIsRemovedElsewhere) {
  both(join({"m"}));
  at_once({leave({"m"}), join({"m"})}, {leave({"m"})});
  EXPECT_EQ(shown(), remove_wins() ? "" : "m");
}

TEST_P(SetPair, AFirstAdditionConcurrentWithARemovalOfWhatWasNeverThere) {
  at_once({join({"m"})}, {leave({"m"})});
  EXPECT_EQ(shown(), remove_wins() ? "" : "m");
}

TEST_P(SetPair, BothAddOrBothRemove) {
  at_once({join({"m"})}, {join({"m", "n"})});
  EXPECT_EQ(shown(), "mn");
  at_once({leave({"m"})}, {leave({"m"})});
  EXPECT_EQ(shown(), "n");
}

TEST_P(SetPair, ADeletedSetTakesOnlyWhatWasSeen) {
  both(join({"m", "n"}));
  at_once({test::of_kind(Mutation::Kind::kDeleteSet, "set")}, {join({"x"})});
  EXPECT_EQ(shown(), "x");
}

TEST_P(SetPair, TheDeclarationMayChange) {
  both(join({"m", "n"}));
  b.deliver(a.declare("kv", "sets", remove_wins() ? "add" : "remove"));
  b.note_tables();
  EXPECT_EQ(shown(), "mn");
  both(leave({"m"}));
  both(join({"x"}));
  EXPECT_EQ(shown(), "nx");
}

INSTANTIATE_TEST_SUITE_P(Sets, SetPair, ::testing::Bool(),
                         [](const auto& wins) { return wins.param ? "RemoveWins" : "AddWins"; });

TEST(Indexes, TheTypeOfAKeyIsKnownUntilACellOfAnotherComes) {
  Site site;
  Site other("b");
  site.write(join({"x"}));
  HasMemberRequest has;
  has.key = "set";
  has.member = "x";
  EXPECT_TRUE(site.indexes().holds_only(kTableKv, "set", ValueType::kSet)) << "the write had to ask";
  site.restart();
  EXPECT_FALSE(site.indexes().holds_only(kTableKv, "set", ValueType::kSet));
  EXPECT_TRUE(site.read<PresenceReply>(has).present);
  EXPECT_TRUE(site.indexes().holds_only(kTableKv, "set", ValueType::kSet));
  site.write(join({"y"}));
  EXPECT_TRUE(site.indexes().holds_only(kTableKv, "set", ValueType::kSet)) << "one more of the same";
  site.deliver(other.write(push("set", {"item"})).commit);
  EXPECT_FALSE(site.indexes().holds_only(kTableKv, "set", ValueType::kSet));
  EXPECT_FALSE(site.indexes().holds_only(kTableKv, "set", ValueType::kList));
}

TEST(Indexes, TypesOfSoManyKeysAreKnown) {
  Indexes indexes;
  const auto key = [](int i) { return fmt::format("key{}", i); };
  for (int i = 0; i < 40'000; ++i) indexes.learn_type(kTableKv, key(i), ValueType::kSet);
  int known = 0;
  for (int i = 0; i < 40'000; ++i) {
    known += indexes.holds_only(kTableKv, key(i), ValueType::kSet) ? 1 : 0;
    ASSERT_FALSE(indexes.holds_only(kTableKv, key(i), ValueType::kList)) << i;
  }
  EXPECT_GT(known, 10'000);
  EXPECT_LE(known, 16'384);
}

// Changes of what was walked already, of what is ahead, and of what is just there.
TEST(Indexes, WhatIsBuiltInSlicesFollowsChangesMeanwhile) {
  for (std::size_t slice : {1u, 2u, 3u, 7u}) {
    Site site;
    for (int i = 10; i < 30; ++i) site.write(add("s", {{fmt::format("m{}", i), 1.0 * (i % 5)}}));
    std::vector<Bytes> items;
    for (int i = 10; i < 30; ++i) items.push_back(fmt::format("v{}", i));
    site.write(push("l", items));
    site.checkpoint();
    site.restart();
    const auto prepared = [&](Bytes key, ValueType type) {
      return *site.view().prepare_order(kTableKv, key, type, slice);
    };
    int round = 0;
    for (bool scores = false, list = false; !scores || !list; ++round) {
      ASSERT_LT(round, 100);
      if (!scores) scores = prepared("s", ValueType::kScores);
      if (!list) list = prepared("l", ValueType::kList);
      if (round == 1) {
        site.write(add("s", {{"m10", 9}, {"m29", 8}, {"m00", 7}, {"m99", 6}}));
        site.write(with_detail("s", RemoveScores{{"m11", "m28"}}));
        site.write(with_detail("s", AddToScore{"m27", 0.5, {}}));
        site.write(with_detail("l", ListPush{ListEnd::kFront, {"first"}, false}));
        site.write(with_detail("l", ListPop{ListEnd::kBack, 1}));
        scores = list = false;
      }
    }
    ListScoresRequest all;
    all.key = "s";
    GetItemsRequest items_asked;
    items_asked.key = "l";
    const auto sliced = site.read<ScoreListReply>(all).entries;
    const auto sliced_items = site.read<ItemsReply>(items_asked).values;
    site.restart();
    const auto whole = site.read<ScoreListReply>(all).entries;
    const auto whole_items = site.read<ItemsReply>(items_asked).values;
    ASSERT_EQ(sliced.size(), whole.size());
    for (std::size_t i = 0; i < whole.size(); ++i) {
      EXPECT_EQ(sliced[i].member, whole[i].member) << slice;
      EXPECT_EQ(sliced[i].score, whole[i].score) << whole[i].member;
    }
    EXPECT_EQ(whole.size(), 20u);
    EXPECT_EQ(sliced_items, whole_items) << slice;
    EXPECT_EQ(whole_items.size(), 20u);
  }
}

}  // namespace
}  // namespace pando::engine::indexes_test
