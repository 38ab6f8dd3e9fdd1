// Lists: against a plain vector, between sites, and in every small world.
#include "engine/list.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/limits.h"
#include "engine/site_suite.h"
#include "model/expiry.h"
#include "model/list_position.h"

namespace pando::engine::list_test {
namespace {

using test::Site;
using test::with_detail;
using Values = std::vector<Bytes>;

Mutation push(Values values, ListEnd end = ListEnd::kBack) {
  return with_detail("l", ListPush{end, std::move(values), false});
}
Mutation push_front(Values values) { return push(std::move(values), ListEnd::kFront); }
Mutation insert(std::int64_t index, Values values) {
  return with_detail("l", ListInsert{index, std::nullopt, false, std::move(values)});
}
Mutation beside(Bytes pivot, bool behind, Values values) {
  return with_detail("l", ListInsert{0, std::move(pivot), behind, std::move(values)});
}
Mutation pop(ListEnd end, std::uint32_t count = 1) { return with_detail("l", ListPop{end, count}); }
Mutation set(std::int64_t index, Bytes value) { return with_detail("l", ListSet{index, std::move(value)}); }
Mutation cut(std::int64_t first, std::int64_t last, bool keep = false) {
  return with_detail("l", ListCut{first, last, keep});
}
Mutation take_out(Bytes value, std::int64_t count = 0) { return with_detail("l", ListRemove{std::move(value), count}); }
Mutation move(std::int64_t from, std::int64_t to) { return with_detail("l", ListMove{from, to}); }
Mutation erase_key() { return test::of_kind(Mutation::Kind::kDelete, "l"); }

GetItemsRequest all() {
  GetItemsRequest get;
  get.key = "l";
  get.count_max = UINT32_MAX;
  return get;
}
Values items(Site& site) { return site.read<ItemsReply>(all()).values; }
std::string text(Site& site) {
  std::string joined;
  for (const Bytes& value : items(site)) joined += (joined.empty() ? "" : " ") + value;
  return joined;
}
std::vector<std::int64_t> find(Site& site, Bytes value, bool reverse = false) {
  FindItemsRequest request;
  request.key = "l";
  request.value = std::move(value);
  request.reverse = reverse;
  request.count_max = 10;
  std::vector<std::int64_t> found;
  for (const auto index : site.read<FoundItemsReply>(request).indexes)
    found.push_back(static_cast<std::int64_t>(index));
  return found;
}

TEST(List, DoesWhatItsOperationsSay) {
  Site site;
  EXPECT_EQ(site.write(push({"a", "b", "c"})).results, std::vector<std::int64_t>{3});
  site.write(push_front({"x", "y"}));
  EXPECT_EQ(text(site), "y x a b c") << "to the front one after the other";
  EXPECT_EQ(site.write(insert(2, {"1", "2"})).results, std::vector<std::int64_t>{7});
  EXPECT_EQ(text(site), "y x 1 2 a b c");
  site.write(insert(-1, {"z"}));
  EXPECT_EQ(text(site), "y x 1 2 a b c z");
  EXPECT_EQ(site.write(pop(ListEnd::kFront, 2)).returned, (std::vector<Values>{{"y", "x"}}));
  EXPECT_EQ(site.write(pop(ListEnd::kBack, 2)).returned, (std::vector<Values>{{"z", "c"}}));
  EXPECT_EQ(text(site), "1 2 a b");
  site.write(set(-1, "B"));
  site.write(move(3, 0));
  EXPECT_EQ(text(site), "B 1 2 a");
  site.write(move(0, 2));
  EXPECT_EQ(text(site), "1 2 B a");
  EXPECT_EQ(site.write(beside("B", true, {"c"})).results, std::vector<std::int64_t>{5});
  EXPECT_EQ(site.write(beside("B", false, {"b"})).results, std::vector<std::int64_t>{6});
  EXPECT_EQ(text(site), "1 2 b B c a");
  EXPECT_EQ(site.write(beside("nowhere", false, {"b"})).results, std::vector<std::int64_t>{-1});
  EXPECT_EQ(site.write(cut(1, 2)).results, std::vector<std::int64_t>{2});
  EXPECT_EQ(site.write(cut(1, 2, /*keep=*/true)).results, std::vector<std::int64_t>{2});
  EXPECT_EQ(text(site), "B c");
  site.write(push({"c", "d", "c"}));
  EXPECT_EQ(find(site, "c"), (std::vector<std::int64_t>{1, 2, 4}));
  EXPECT_EQ(find(site, "c", /*reverse=*/true), (std::vector<std::int64_t>{4, 2, 1}));
  EXPECT_EQ(site.write(take_out("c", -2)).results, std::vector<std::int64_t>{2});
  EXPECT_EQ(text(site), "B c d");
  EXPECT_EQ(site.write(take_out("c")).results, std::vector<std::int64_t>{1});
  EXPECT_EQ(site.write(pop(ListEnd::kFront, 9)).returned, (std::vector<Values>{{"B", "d"}}));
  EXPECT_EQ(site.cell_count(), 0u) << "nothing is left behind";
  EXPECT_EQ(site.write(pop(ListEnd::kFront)).results, std::vector<std::int64_t>{0});
  EXPECT_EQ(site.write(with_detail("l", ListPush{ListEnd::kBack, {"a"}, /*if_exists=*/true})).results,
            std::vector<std::int64_t>{0});
  EXPECT_EQ(text(site), "");
}

TEST(List, WhatCannotBeIsRefusedByName) {
  Site site;
  site.write(push({"a", "b"}));
  const auto refused = [&](const Mutation& mutation) { return site.try_write({mutation}).error(); };
  EXPECT_EQ(refused(set(2, "x")), Status(StatusCode::kOutOfRange, "there is no item 2: the list has 2"));
  EXPECT_EQ(refused(move(-3, 0)), Status(StatusCode::kOutOfRange, "there is no item -3: the list has 2"));
  EXPECT_EQ(refused(insert(3, {"x"})), Status(StatusCode::kOutOfRange, "there is no item 3: the list has 2"));
  EXPECT_EQ(refused(push({})), Status(StatusCode::kInvalidArgument, "no values"));
  EXPECT_EQ(refused(push({Bytes(limits::kValueBytesMax + 1, 'x')})).code(), StatusCode::kTooLarge);
  site.write(test::of_kind(Mutation::Kind::kEnable, "flag"));
  EXPECT_EQ(site.try_write({with_detail("flag", ListPush{ListEnd::kBack, {"a"}, false})}).error(),
            Status(StatusCode::kWrongType, "key \"flag\" holds a flag, not a list; delete it first"));
  Mutation member = test::of_kind(Mutation::Kind::kAddMembers, "l");
  member.members = {"m"};
  EXPECT_EQ(refused(member).code(), StatusCode::kWrongType);
  EXPECT_EQ(text(site), "a b");
}

TEST(List, SeveralChangesInOneCommitSeeEachOther) {
  Site site;
  site.write(push({"a", "b", "c"}));
  const Site::Written written = site.write(
      std::vector<Mutation>{push({"d"}), pop(ListEnd::kFront), move(2, 0), set(0, "D"), insert(1, {"e"}), move(1, 3),
                            pop(ListEnd::kBack), push_front({"f"}), cut(1, 1), push({"g", "h"}), take_out("h")});
  EXPECT_EQ(text(site), "f b c g");
  EXPECT_EQ(written.returned[1], Values{"a"});
  EXPECT_EQ(written.returned[6], Values{"e"});
  site.write(std::vector<Mutation>{erase_key(), push({"1", "2", "3"}), cut(0, -1), push({"4"}), push_front({"5"})});
  EXPECT_EQ(text(site), "5 4");
  EXPECT_EQ(site.cell_count(), 2u);
}

TEST(List, IsGoneWhenItsTimeIsUpAndStartsAnew) {
  Site site;
  site.write(push({"a", "b"}));
  Commit expiry;
  expiry.dot = {{"dc2", 1}, Seq(1)};
  expiry.hlc = Hlc{100};
  expiry.ops = {PutOp{{"kv", "l", CellKind::kExpiry, {}}, encode_expiry(50), {}}};
  EXPECT_EQ(text(site), "a b");
  site.deliver(expiry);
  site.set_now(49);
  EXPECT_EQ(text(site), "a b");
  site.set_now(50);
  EXPECT_EQ(text(site), "");
  EXPECT_EQ(site.write(push({"c"})).results, std::vector<std::int64_t>{1});
  EXPECT_EQ(text(site), "c");
}

// Between sites. -----------------------------------------------------------------------------------------------

// Two sites that have the same, write unseen by each other, and then hear of it.
class ListPair : public ::testing::Test {
 protected:
  void both(const Mutation& mutation) {
    const Commit commit = a.write(mutation).commit;
    b.deliver(commit);
  }
  void at_a(const Mutation& mutation) { from_a.push_back(a.write(mutation).commit); }
  void at_b(const Mutation& mutation) { from_b.push_back(b.write(mutation).commit); }
  std::string meet() {
    for (const Commit& commit : from_a) b.deliver(commit);
    for (const Commit& commit : from_b) a.deliver(commit);
    from_a.clear();
    from_b.clear();
    EXPECT_EQ(a.digest(), b.digest());
    EXPECT_EQ(text(a), text(b));
    EXPECT_EQ(items(a), a.read_anew<ItemsReply>(all()).values) << "the index that was kept is the one built anew";
    return text(a);
  }

  Site a{"a"};
  Site b{"b"};
  std::vector<Commit> from_a;
  std::vector<Commit> from_b;
};

TEST_F(ListPair, RunsTypedForwardsDoNotMix) {
  for (const std::int64_t spot : {0, 1, 2}) {
    both(erase_key());
    both(push({"<", ">"}));
    for (std::int64_t i = 0; i < 4; ++i) {
      at_a(insert(spot + i, {"a" + std::to_string(i)}));
      at_b(insert(spot + i, {"b" + std::to_string(i)}));
    }
    const std::string list = meet();
    EXPECT_NE(list.find("a0 a1 a2 a3"), std::string::npos) << list;
    EXPECT_NE(list.find("b0 b1 b2 b3"), std::string::npos) << list;
  }
}

TEST_F(ListPair, RunsTypedBackwardsDoNotMix) {
  for (const std::int64_t spot : {0, 1, 2}) {
    both(erase_key());
    both(push({"<", ">"}));
    for (std::int64_t i = 0; i < 4; ++i) {
      at_a(insert(spot, {"a" + std::to_string(i)}));
      at_b(insert(spot, {"b" + std::to_string(i)}));
    }
    const std::string list = meet();
    EXPECT_NE(list.find("a3 a2 a1 a0"), std::string::npos) << list;
    EXPECT_NE(list.find("b3 b2 b1 b0"), std::string::npos) << list;
  }
}

TEST_F(ListPair, RunsDoNotMixWhenOneGoesForwardsAndOneBackwardsOrInOnePiece) {
  both(push({"<", ">"}));
  for (std::int64_t i = 0; i < 4; ++i) {
    at_a(insert(1 + i, {"a" + std::to_string(i)}));
    at_b(insert(1, {"b" + std::to_string(i)}));
  }
  EXPECT_EQ(meet(), "< b3 b2 b1 b0 a0 a1 a2 a3 >");
  both(erase_key());
  at_a(push({"a0", "a1", "a2"}));
  at_b(push({"b0", "b1", "b2"}));
  EXPECT_EQ(meet(), "a0 a1 a2 b0 b1 b2");
}

TEST_F(ListPair, ARunThatIsContinuedAfterMeetingStaysWhole) {
  at_a(push({"a0", "a1"}));
  at_b(push({"b0", "b1"}));
  EXPECT_EQ(meet(), "a0 a1 b0 b1");
  at_a(insert(2, {"a2"}));
  at_b(insert(4, {"b2"}));
  at_a(insert(3, {"a3"}));
  at_b(insert(5, {"b3"}));
  EXPECT_EQ(meet(), "a0 a1 a2 a3 b0 b1 b2 b3");
}

TEST_F(ListPair, AnItemThatBothMoveIsThereOnce) {
  both(push({"x", "1", "2", "3"}));
  at_a(move(0, 1));
  at_b(move(0, 3));
  EXPECT_EQ(meet(), "1 2 3 x") << "the latest move counts; of the same stamp the one further on";
  EXPECT_EQ(a.cell_count(), 5u) << "the other place is still known";
  at_a(move(3, 0));
  EXPECT_EQ(meet(), "x 1 2 3");
  EXPECT_EQ(a.cell_count(), 4u) << "the next writer of the item cleans up";
}

TEST_F(ListPair, AMoveAndAValueSetAtOnceBothHold) {
  both(push({"x", "1", "2"}));
  at_a(move(0, 2));
  at_b(set(0, "X"));
  EXPECT_EQ(meet(), "1 2 X");
  at_b(move(2, 0));
  at_a(set(2, "XX"));
  EXPECT_EQ(meet(), "XX 1 2");
  at_a(set(0, "XXX"));
  EXPECT_EQ(meet(), "XXX 1 2");
  EXPECT_EQ(a.cell_count(), 3u);
}

TEST_F(ListPair, OfTwoValuesSetAtOnceTheLaterIsShownWhereverTheItemIs) {
  both(push({"x", "1", "2"}));
  at_a(set(0, "a"));
  at_a(move(0, 1));
  at_b(set(0, "b"));
  at_b(set(0, "later"));
  at_b(set(0, "latest"));
  EXPECT_EQ(meet(), "1 latest 2");
}

TEST_F(ListPair, AnItemRemovedWhileItIsMovedOrSetStays) {
  both(push({"x", "1", "2"}));
  at_a(pop(ListEnd::kFront));
  at_b(move(0, 2));
  EXPECT_EQ(meet(), "1 2 x");
  at_a(pop(ListEnd::kBack));
  at_b(set(2, "X"));
  EXPECT_EQ(meet(), "1 2 X");
  at_a(pop(ListEnd::kBack));
  EXPECT_EQ(meet(), "1 2");
  EXPECT_EQ(a.cell_count(), 2u);
}

TEST_F(ListPair, ADeletedListTakesOnlyWhatWasSeen) {
  both(push({"1", "2"}));
  at_a(erase_key());
  at_b(push({"3"}));
  EXPECT_EQ(meet(), "3");
}

TEST_F(ListPair, TwoPopsAtOnceMayTakeTheSameItem) {
  both(push({"1", "2", "3"}));
  at_a(pop(ListEnd::kFront));
  at_b(pop(ListEnd::kFront));
  EXPECT_EQ(meet(), "2 3");
}

TEST(List, CellsThatAreNotWellFormedAreNotShown) {
  Site site;
  site.write(push({"a"}));
  Commit forged;
  forged.dot = {{"evil", 1}, Seq(1)};
  forged.hlc = Hlc{1000};
  forged.ops = {
      PutOp{{"kv", "l", CellKind::kItem, "no position"}, Bytes("\0x", 2), {}},
      PutOp{{"kv", "l", CellKind::kItem, *list_position_between("", "", {{"evil", 1}, Seq(1), 0})}, "\x7F", {}}};
  site.deliver(forged);
  EXPECT_EQ(text(site), "a");
  site.write(push_front({"b"}));
  EXPECT_EQ(text(site), "b a");
  site.write(erase_key());
  EXPECT_EQ(site.cell_count(), 0u);
}

// All of the menu on a list of three, by sites that have seen any part of it.
TEST(List, EverySmallWorld) {
  const auto act = [](int action, const std::string& name) -> Mutation {
    switch (action) {
      case 0: return push({name});
      case 1: return insert(1, {name + "l", name + "r"});
      case 2: return move(0, -1);
      case 3: return move(-1, 1);
      case 4: return set(0, name);
      default: return pop(ListEnd::kFront);
    }
  };
  const auto look = [](Site& site) {
    const Values shown = items(site);
    EXPECT_EQ(shown, site.read_anew<ItemsReply>(all()).values);
    // Values are called after the commit that wrote them, so no value may be there twice.
    EXPECT_EQ(std::set<Bytes>(shown.begin(), shown.end()).size(), shown.size());
    return text(site);
  };
  EXPECT_GT(test::SmallWorlds<3>({push({"1", "2", "3"})}, 6, act, look).explore(), 3000u);
}

// Against a plain vector. ----------------------------------------------------------------------------------------

using Step = std::tuple<std::uint8_t, std::uint8_t, std::uint8_t>;

// What step `what` is, and what it does to a plain list; nothing when it cannot be done.
std::optional<Mutation> play(const Step& step, const Bytes& name, Values& list) {
  const auto& [what, where, much] = step;
  const std::size_t size = list.size();
  const auto at = [&](std::size_t i) { return list.begin() + static_cast<std::ptrdiff_t>(i); };
  const std::size_t i = size == 0 ? 0 : where % size;
  switch (what % 8) {
    case 0: list.push_back(name); return push({name});
    case 1: list.insert(list.begin(), name); return push_front({name});
    case 2: {
      const std::size_t place = where % (size + 1);
      list.insert(at(place), {name, name + "'"});
      return insert(static_cast<std::int64_t>(place), {name, name + "'"});
    }
    case 3: {
      const std::size_t count = std::min<std::size_t>(much % 3, size);
      list.erase(list.begin(), at(count));
      return pop(ListEnd::kFront, much % 3);
    }
    case 4: {
      const std::size_t last = std::min(i + much % 3, size - 1);
      if (size == 0) return std::nullopt;
      list.erase(at(i), at(last + 1));
      return cut(static_cast<std::int64_t>(i), static_cast<std::int64_t>(last));
    }
    case 5:
      if (size == 0) return std::nullopt;
      list[i] = name;
      return set(static_cast<std::int64_t>(i), name);
    case 6: {
      if (size == 0) return std::nullopt;
      const std::size_t to = much % size;
      const Bytes value = list[i];
      list.erase(at(i));
      list.insert(at(to), value);
      return move(static_cast<std::int64_t>(i), static_cast<std::int64_t>(to));
    }
    default: {
      if (size == 0) return std::nullopt;
      const Bytes value = list[i];
      list.erase(std::remove(list.begin(), list.end(), value), list.end());
      return take_out(value);
    }
  }
}

RC_GTEST_PROP(List, OneSiteIsAPlainList, (const std::vector<std::vector<Step>>& commits)) {
  Site site;
  Values model;
  int count = 0;
  for (const std::vector<Step>& commit : commits) {
    std::vector<Mutation> mutations;
    for (const Step& step : commit) {
      if (auto mutation = play(step, "v" + std::to_string(++count), model)) mutations.push_back(*std::move(mutation));
    }
    if (mutations.empty()) continue;
    site.write(mutations);
    RC_ASSERT(items(site) == model);
    if (count % 16 == 0) site.restart();
  }
  RC_ASSERT(site.cell_count() == model.size());
}

RC_GTEST_PROP(List, SitesAgreeWhateverTheyDo, (const std::vector<std::tuple<std::uint8_t, Step>>& steps)) {
  std::array<Site, 3> sites{Site("a"), Site("b"), Site("c")};
  std::array<std::vector<Commit>, 3> logs;
  std::array<std::array<std::size_t, 3>, 3> cursors{};
  const auto pull = [&](std::size_t to, std::size_t from, std::size_t count) {
    for (std::size_t& cursor = cursors[to][from]; count > 0 && cursor < logs[from].size(); --count, ++cursor) {
      const Commit commit = logs[from][cursor];
      if (sites[to].cells().context().covers(commit.dot)) continue;
      sites[to].deliver(commit);
      logs[to].push_back(commit);
    }
  };
  int count = 0;
  for (const auto& [who, step] : steps) {
    const std::size_t self = who % 3;
    if (who / 3 % 3 == 0) {
      pull(self, std::get<1>(step) % 3, 1 + std::get<2>(step) % 4);
      continue;
    }
    Values seen = items(sites[self]);
    const auto mutation = play(step, "v" + std::to_string(++count), seen);
    if (!mutation) continue;
    logs[self].push_back(sites[self].write(*mutation).commit);
    RC_ASSERT(items(sites[self]) == seen);
  }
  for (std::size_t round = 0; round < 3; ++round) {
    for (std::size_t to = 0; to < 3; ++to) {
      for (std::size_t from = 0; from < 3; ++from) pull(to, from, SIZE_MAX);
    }
  }
  for (Site& site : sites) {
    RC_ASSERT(site.digest() == sites[0].digest());
    RC_ASSERT(items(site) == items(sites[0]));
    RC_ASSERT(items(site) == site.read_anew<ItemsReply>(all()).values);
    site.restart();
    RC_ASSERT(items(site) == items(sites[0]));
  }
}

}  // namespace
}  // namespace pando::engine::list_test
