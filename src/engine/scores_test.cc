// Sorted sets: their operations, the traps between sites, every small world, and against a plain map.
#include "engine/scores.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>

#include "base/limits.h"
#include "engine/site_suite.h"

namespace pando::engine::scores_test {
namespace {

using test::Site;
using test::with_detail;

constexpr double kInf = std::numeric_limits<double>::infinity();

Mutation add(std::vector<SetScores::Entry> entries, ScoreCondition condition = {}, bool count_changed = false) {
  return with_detail("s", SetScores{std::move(entries), condition, count_changed});
}
Mutation incr(Bytes member, double step, ScoreCondition condition = {}) {
  return with_detail("s", AddToScore{std::move(member), step, condition});
}
Mutation leave(std::vector<Bytes> members) { return with_detail("s", RemoveScores{std::move(members)}); }
Mutation cut(ScoreRange range, std::uint64_t count_max = UINT64_MAX, bool give_back = false) {
  return with_detail("s", RemoveScoreRange{std::move(range), count_max, give_back});
}
Mutation erase_key() { return test::of_kind(Mutation::Kind::kDelete, "s"); }

ScoreRange by_rank(std::int64_t first, std::int64_t last, bool reverse = false) {
  ScoreRange range;
  range.first = first;
  range.last = last;
  range.reverse = reverse;
  return range;
}
ScoreRange by_score(double min, double max, bool min_open = false, bool max_open = false) {
  ScoreRange range;
  range.by = ScoreRange::By::kScore;
  range.min = min;
  range.max = max;
  range.min_open = min_open;
  range.max_open = max_open;
  return range;
}
ScoreRange by_member(std::optional<Bytes> from, std::optional<Bytes> to, bool from_open = false, bool to_open = false) {
  ScoreRange range;
  range.by = ScoreRange::By::kMember;
  range.from = std::move(from);
  range.to = std::move(to);
  range.from_open = from_open;
  range.to_open = to_open;
  return range;
}
ScoreRange backwards(ScoreRange range) {
  range.reverse = true;
  return range;
}

ListScoresRequest asked(ScoreRange range, std::uint64_t offset = 0, std::uint32_t count_max = UINT32_MAX) {
  ListScoresRequest request;
  request.key = "s";
  request.range = std::move(range);
  request.offset = offset;
  request.count_max = count_max;
  return request;
}
std::string text_of(const ScoreListReply& reply) {
  std::string text;
  for (const auto& entry : reply.entries) {
    text += (text.empty() ? "" : " ") + entry.member + "=" + score_text(entry.score);
  }
  return text + (reply.more ? " …" : "");
}
std::string text(Site& site, ScoreRange range = {}, std::uint64_t offset = 0, std::uint32_t count_max = UINT32_MAX) {
  return text_of(site.read<ScoreListReply>(asked(std::move(range), offset, count_max)));
}
std::uint64_t count(Site& site, ScoreRange range) {
  CountScoresRequest request;
  request.key = "s";
  request.range = std::move(range);
  return site.read<ScoreCountReply>(request).count;
}
std::string rank(Site& site, Bytes member, bool reverse = false) {
  GetRankRequest request;
  request.key = "s";
  request.member = std::move(member);
  request.reverse = reverse;
  const auto reply = site.read<RankReply>(request);
  return reply.found ? std::to_string(reply.rank) + "/" + std::to_string(reply.size) : "none";
}
std::string score(Site& site, Bytes member) {
  GetScoresRequest request;
  request.key = "s";
  request.members = {std::move(member)};
  const auto found = site.read<ScoresReply>(request).scores.front();
  return found ? score_text(*found) : "none";
}

TEST(Scores, AreReadByRankScoreAndMember) {
  Site site;
  EXPECT_EQ(site.write(add({{"c", 3}, {"a", 1}, {"b", 2}, {"aa", 1}, {"z", -kInf}, {"y", kInf}})).results,
            std::vector<std::int64_t>{6});
  EXPECT_EQ(text(site), "z=-inf a=1 aa=1 b=2 c=3 y=inf") << "ties by member";
  EXPECT_EQ(text(site, by_rank(1, 2)), "a=1 aa=1");
  EXPECT_EQ(text(site, by_rank(-2, -1)), "c=3 y=inf");
  EXPECT_EQ(text(site, by_rank(0, 1, /*reverse=*/true)), "y=inf c=3") << "the top";
  EXPECT_EQ(text(site, by_rank(4, 1)), "");
  EXPECT_EQ(text(site, by_rank(-100, 100), 1, 2), "a=1 aa=1 …");
  EXPECT_EQ(text(site, by_score(1, 2)), "a=1 aa=1 b=2");
  EXPECT_EQ(text(site, by_score(1, 3, true, true)), "b=2");
  EXPECT_EQ(text(site, backwards(by_score(1, kInf)), 1, 2), "c=3 b=2 …");
  EXPECT_EQ(text(site, by_score(3, 1)), "");
  EXPECT_EQ(text(site, by_member("a", "b")), "a=1 aa=1 b=2");
  EXPECT_EQ(text(site, by_member("a", "b", true, true)), "aa=1");
  EXPECT_EQ(text(site, by_member({}, {}), 1, 2), "aa=1 b=2 …");
  EXPECT_EQ(text(site, backwards(by_member({}, {})), 1, 2), "y=inf c=3 …");
  EXPECT_EQ(text(site, backwards(by_member("a", "b"))), "b=2 aa=1 a=1");
  EXPECT_EQ(count(site, {}), 6u);
  EXPECT_EQ(count(site, by_score(-kInf, 1, true)), 2u);
  EXPECT_EQ(count(site, by_member("b", {})), 4u);
  EXPECT_EQ(rank(site, "a"), "1/6");
  EXPECT_EQ(rank(site, "a", /*reverse=*/true), "4/6");
  EXPECT_EQ(rank(site, "nobody"), "none");
  EXPECT_EQ(score(site, "b"), "2");
  EXPECT_EQ(score(site, "nobody"), "none");
}

TEST(Scores, AreSetAddedToAndRemoved) {
  Site site;
  site.write(add({{"a", 1}}));
  EXPECT_EQ(site.write(incr("a", 0.5)).returned, (std::vector<std::vector<Bytes>>{{"1.5"}}));
  EXPECT_EQ(site.write(incr("b", 0.1)).returned, (std::vector<std::vector<Bytes>>{{"0.1"}}));
  site.write(std::vector<Mutation>{incr("b", 0.1), incr("b", 0.1)});
  EXPECT_EQ(text(site), "b=0.3 a=1.5") << "sums are exact";
  site.write(add({{"b", 7}}));
  EXPECT_EQ(text(site), "a=1.5 b=7") << "setting takes the place of what was added";
  site.write(incr("c", 0));
  EXPECT_EQ(text(site), "c=0 a=1.5 b=7");
  site.write(std::vector<Mutation>{incr("d", 5), incr("d", -5)});
  EXPECT_EQ(score(site, "d"), "0") << "a sum of zero is there";
  EXPECT_EQ(site.write(leave({"b", "nobody", "d"})).results, std::vector<std::int64_t>{2});
  EXPECT_EQ(text(site), "c=0 a=1.5");
  site.write(std::vector<Mutation>{add({{"x", 1}}), incr("x", 1), leave({"x"}), incr("x", 4)});
  EXPECT_EQ(score(site, "x"), "4");
  site.write(erase_key());
  EXPECT_EQ(text(site), "");
  EXPECT_EQ(rank(site, "a"), "none");
  site.write(incr("a", 2));
  EXPECT_EQ(text(site), "a=2") << "what was counted before is not there again";
}

TEST(Scores, ConditionsAreThoseOfZadd) {
  const ScoreCondition nx{.if_absent = true};
  const ScoreCondition xx{.if_present = true};
  const ScoreCondition gt{.if_greater = true};
  const ScoreCondition lt{.if_less = true};
  const ScoreCondition xx_gt{.if_present = true, .if_greater = true};
  struct Row {
    ScoreCondition condition;
    double score;
    std::string_view known;    // of a member that has 5
    std::string_view unknown;  // of one that is not in
  };
  for (const Row& row :
       {Row{{}, 4, "4", "4"}, Row{nx, 6, "5", "6"}, Row{xx, 6, "6", "none"}, Row{gt, 6, "6", "6"}, Row{gt, 4, "5", "4"},
        Row{gt, 5, "5", "5"}, Row{lt, 4, "4", "4"}, Row{lt, 6, "5", "6"}, Row{xx_gt, 6, "6", "none"}}) {
    Site site;
    site.write(add({{"known", 5}}));
    const bool changes = row.known != "5";
    const bool adds = row.unknown != "none";
    EXPECT_EQ(site.write(add({{"known", row.score}, {"unknown", row.score}}, row.condition, true)).results,
              std::vector<std::int64_t>{(changes ? 1 : 0) + (adds ? 1 : 0)});
    EXPECT_EQ(score(site, "known"), row.known);
    EXPECT_EQ(score(site, "unknown"), row.unknown);
  }
  Site site;
  site.write(add({{"a", 5}}));
  EXPECT_EQ(site.write(incr("a", 1, nx)).returned, (std::vector<std::vector<Bytes>>{{}})) << "not done";
  EXPECT_EQ(site.write(incr("a", -1, gt)).returned, (std::vector<std::vector<Bytes>>{{}}));
  EXPECT_EQ(site.write(incr("a", 1, gt)).returned, (std::vector<std::vector<Bytes>>{{"6"}}));
  EXPECT_EQ(site.write(incr("b", 1, xx)).returned, (std::vector<std::vector<Bytes>>{{}}));
  EXPECT_EQ(site.try_write({add({{"a", 1}}, {.if_absent = true, .if_greater = true})}).error().message(),
            "of nx, gt and lt only one can be asked for, and not nx with xx");
}

TEST(Scores, RangesAreRemoved) {
  const std::vector<SetScores::Entry> five{{"a", 1}, {"b", 2}, {"c", 3}, {"d", 4}, {"e", 5}};
  Site site;
  site.write(add(five));
  EXPECT_EQ(site.write(cut(by_rank(0, 0))).results, std::vector<std::int64_t>{1});
  EXPECT_EQ(site.write(cut(by_rank(0, 0, true), 1, true)).returned, (std::vector<std::vector<Bytes>>{{"e", "5"}}));
  EXPECT_EQ(text(site), "b=2 c=3 d=4");
  EXPECT_EQ(site.write(cut(by_score(3, kInf))).results, std::vector<std::int64_t>{2});
  EXPECT_EQ(text(site), "b=2");
  site.write(add(five));
  EXPECT_EQ(site.write(cut(by_member("b", "d", true))).results, std::vector<std::int64_t>{2});
  EXPECT_EQ(text(site), "a=1 b=2 e=5");
  // What the same commit did before counts.
  site.write(std::vector<Mutation>{add({{"x", 0}, {"b", 9}}), leave({"e"}), cut(by_rank(-1, -1)), cut(by_rank(0, 0))});
  EXPECT_EQ(text(site), "a=1");
  site.write(std::vector<Mutation>{add(five), erase_key(), add({{"q", 1}, {"r", 2}}), cut(by_rank(0, 0))});
  EXPECT_EQ(text(site), "r=2");
  EXPECT_EQ(site.write(cut({})).results, std::vector<std::int64_t>{1});
  EXPECT_EQ(site.cell_count(), 0u);
}

TEST(Scores, WhatCannotBeIsRefusedByName) {
  Site site;
  const auto refused = [&](const Mutation& mutation) { return site.try_write({mutation}).error(); };
  EXPECT_EQ(refused(add({})), Status(StatusCode::kInvalidArgument, "no members"));
  EXPECT_EQ(refused(add({{"a", 1}, {"b", std::nan("")}})),
            Status(StatusCode::kInvalidArgument, "member 1: score is not a number"));
  EXPECT_EQ(refused(add({{"", 1}})).message(), "member 0: member is empty");
  EXPECT_EQ(refused(incr("a", 2e15)).code(), StatusCode::kOutOfRange);
  EXPECT_EQ(refused(cut(by_score(std::nan(""), 1))).message(), "min or max is not a number");
  site.write(test::of_kind(Mutation::Kind::kEnable, "s"));
  EXPECT_EQ(refused(incr("a", 1)).message(), "key \"s\" holds a flag, not a sorted set; delete it first");
  EXPECT_EQ(refused(leave({"a"})).code(), StatusCode::kWrongType);
  EXPECT_EQ(refused(cut({})).code(), StatusCode::kWrongType);
  site.write(test::of_kind(Mutation::Kind::kDisable, "s"));
  site.write(incr("a", 1));
  Mutation flag = test::of_kind(Mutation::Kind::kEnable, "s");
  EXPECT_EQ(refused(flag).message(), "key \"s\" holds a sorted set, not a flag; delete it first");
}

// Between sites: the traps by name. ------------------------------------------------------------------------------

class ScorePair : public ::testing::Test {
 protected:
  void both(const Mutation& mutation) { b.deliver(a.write(mutation).commit); }
  void at_a(const Mutation& mutation) { from_a.push_back(a.write(mutation).commit); }
  void at_b(const Mutation& mutation) { from_b.push_back(b.write(mutation).commit); }
  std::string meet() {
    text(a);  // an index that has to follow
    for (const Commit& commit : from_a) b.deliver(commit);
    for (const Commit& commit : from_b) a.deliver(commit);
    from_a.clear();
    from_b.clear();
    EXPECT_EQ(a.digest(), b.digest());
    EXPECT_EQ(text(a), text(b));
    EXPECT_EQ(text(a), text_of(a.read_anew<ScoreListReply>(asked({}))));
    return text(a);
  }

  Site a{"a"};
  Site b{"b"};
  std::vector<Commit> from_a;
  std::vector<Commit> from_b;
};

TEST_F(ScorePair, ConcurrentIncrementsAddUpExactly) {
  both(add({{"m", 10}}));
  for (int i = 0; i < 10; ++i) at_a(incr("m", 0.1));
  for (int i = 0; i < 10; ++i) at_b(incr("m", 0.2));
  EXPECT_EQ(meet(), "m=13");
}

TEST_F(ScorePair, AnIncrementConcurrentWithARemovalKeepsTheMemberWithWhatWasAdded) {
  both(add({{"m", 10}}));
  both(incr("m", 5));
  at_a(leave({"m"}));
  at_b(incr("m", 2));
  EXPECT_EQ(meet(), "m=2") << "the base and the 5 were seen and removed, the 2 was not";
}

TEST_F(ScorePair, AnIncrementConcurrentWithASettingIsAddedToIt) {
  both(incr("m", 5));
  at_a(add({{"m", 100}}));
  at_b(incr("m", 2));
  EXPECT_EQ(meet(), "m=102");
}

TEST_F(ScorePair, AReAddConcurrentWithARemovalWins) {
  both(add({{"m", 1}}));
  at_a(leave({"m"}));
  at_b(add({{"m", 1}}));
  EXPECT_EQ(meet(), "m=1");
}

TEST_F(ScorePair, AnIncrementConcurrentWithTheDeletionOfTheKeySurvivesExactly) {
  both(add({{"m", 10}, {"n", 3}}));
  both(incr("m", 5));
  at_a(erase_key());
  at_b(incr("m", 2));
  EXPECT_EQ(meet(), "m=2");
  at_a(incr("m", 1));
  EXPECT_EQ(meet(), "m=3");
}

TEST_F(ScorePair, OfConcurrentScoresTheLaterCountsOrTheLargerByDeclaration) {
  at_a(add({{"m", 9}}));
  at_b(add({{"other", 0}}));
  at_b(add({{"m", 5}}));
  EXPECT_EQ(meet(), "other=0 m=5") << "the later";
  both(erase_key());
  at_a(add({{"m", 9}}));
  at_b(add({{"other", 0}}));
  at_b(add({{"m", 5}}));
  EXPECT_EQ(meet(), "other=0 m=5");
  b.deliver(a.declare("kv", "resolver", "max"));
  b.note_tables();
  EXPECT_EQ(text(a), "other=0 m=9") << "the larger, from the declaration on, whatever was known before";
  EXPECT_EQ(text(b), "other=0 m=9");
  EXPECT_EQ(score(a, "m"), "9");
  at_a(add({{"m", -3}}));
  at_b(add({{"m", -20}}));
  EXPECT_EQ(meet(), "m=-3 other=0") << "by number, not by bytes";
}

TEST_F(ScorePair, AReplicaThatWasAwayResurrectsNothing) {
  Site away("c");
  const Commit first = a.write(add({{"m", 1}, {"n", 2}})).commit;
  b.deliver(first);
  away.deliver(first);
  text(away);
  const Commit stale = away.write(incr("other", 1)).commit;
  at_b(incr("m", 4));
  meet();
  at_a(leave({"m"}));
  at_a(erase_key());
  at_a(add({{"k", 7}}));
  EXPECT_EQ(meet(), "k=7");
  a.deliver(stale);
  EXPECT_EQ(text(a), "other=1 k=7");
}

TEST(Scores, EverySmallWorld) {
  const auto act = [](int action, const std::string& name) -> Mutation {
    const double mine = name.back() - '0' + 2;
    switch (action) {
      case 0: return add({{"m", mine}});
      case 1: return incr("m", mine);
      case 2: return leave({"m"});
      case 3: return erase_key();
      case 4: return cut(by_rank(0, 0));
      default: return incr("n", -mine);
    }
  };
  const auto look = [](Site& site) {
    EXPECT_EQ(text(site), text_of(site.read_anew<ScoreListReply>(asked({}))));
    return text(site) + " / " + score(site, "m") + " / " + text(site, by_member({}, {}));
  };
  EXPECT_GT(test::SmallWorlds<3>({add({{"m", 1}, {"n", 5}}), incr("m", 1)}, 6, act, look).explore(), 3000u);
}

// Against a plain map. -------------------------------------------------------------------------------------------

using Step = std::tuple<std::uint8_t, std::uint8_t, std::int8_t>;
using Model = std::map<Bytes, double>;

std::vector<std::pair<double, Bytes>> ordered(const Model& model) {
  std::vector<std::pair<double, Bytes>> order;
  for (const auto& [member, value] : model) order.emplace_back(value, member);
  std::sort(order.begin(), order.end());
  return order;
}

Mutation play(const Step& step, Model& model) {
  const auto& [what, who, much] = step;
  const Bytes member(1, static_cast<char>('a' + who % 12));
  const auto erase_range = [&](std::size_t first, std::size_t last) {
    const auto order = ordered(model);
    for (std::size_t i = first; i < last; ++i) model.erase(order[i].second);
  };
  switch (what % 5) {
    case 0: model[member] = much; return add({{member, static_cast<double>(much)}});
    case 1: model[member] += much; return incr(member, much);
    case 2: model.erase(member); return leave({member});
    case 3: {
      const auto [first, last] = ranks_between(much % 4, who % 5, model.size());
      erase_range(first, last);
      return cut(by_rank(much % 4, who % 5));
    }
    default: {
      const double low = much % 16;
      std::erase_if(model, [&](const auto& entry) { return entry.second > low && entry.second <= low + 3; });
      return cut(by_score(low, low + 3, true, false));
    }
  }
}

RC_GTEST_PROP(Scores, OneSiteIsAPlainMap, (const std::vector<std::vector<Step>>& commits)) {
  Site site;
  Model model;
  int count_ = 0;
  for (const std::vector<Step>& commit : commits) {
    std::vector<Mutation> mutations;
    for (const Step& step : commit) mutations.push_back(play(step, model));
    if (mutations.empty()) continue;
    site.write(mutations);
    const auto reply = site.read<ScoreListReply>(asked({}));
    std::vector<std::pair<double, Bytes>> shown;
    for (const auto& entry : reply.entries) shown.emplace_back(entry.score, entry.member);
    RC_ASSERT(shown == ordered(model));
    for (std::size_t i = 0; i < shown.size(); ++i) {
      RC_ASSERT(rank(site, shown[i].second) == std::to_string(i) + "/" + std::to_string(shown.size()));
      RC_ASSERT(score(site, shown[i].second) == score_text(shown[i].first));
    }
    if (++count_ % 16 == 0) site.restart();
  }
}

RC_GTEST_PROP(Scores, SitesAgreeWhateverTheyDo, (const std::vector<std::tuple<std::uint8_t, Step>>& steps)) {
  std::array<Site, 3> sites{Site("a"), Site("b"), Site("c")};
  std::array<std::vector<Commit>, 3> logs;
  std::array<std::array<std::size_t, 3>, 3> cursors{};
  const auto pull = [&](std::size_t to, std::size_t from, std::size_t many) {
    for (std::size_t& cursor = cursors[to][from]; many > 0 && cursor < logs[from].size(); --many, ++cursor) {
      const Commit commit = logs[from][cursor];
      if (sites[to].cells().context().covers(commit.dot)) continue;
      sites[to].deliver(commit);
      logs[to].push_back(commit);
    }
  };
  for (const auto& [who, step] : steps) {
    const std::size_t self = who % 3;
    Model ignored;
    if (who / 3 % 3 == 0) {
      pull(self, std::get<1>(step) % 3, 1 + std::get<1>(step) % 4);
    } else {
      logs[self].push_back(sites[self].write(play(step, ignored)).commit);
      text(sites[self]);
    }
  }
  for (std::size_t round = 0; round < 3; ++round) {
    for (std::size_t to = 0; to < 3; ++to) {
      for (std::size_t from = 0; from < 3; ++from) pull(to, from, SIZE_MAX);
    }
  }
  for (Site& site : sites) {
    RC_ASSERT(site.digest() == sites[0].digest());
    RC_ASSERT(text(site) == text(sites[0]));
    RC_ASSERT(text(site) == text_of(site.read_anew<ScoreListReply>(asked({}))));
    RC_ASSERT(text(site, by_member({}, {})) == text(sites[0], by_member({}, {})));
  }
}

}  // namespace
}  // namespace pando::engine::scores_test
