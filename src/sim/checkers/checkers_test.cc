#include <gtest/gtest.h>

#include "sim/ask.h"
#include "sim/checkers/convergence.h"
#include "sim/checkers/history.h"
#include "sim/checkers/oracle.h"

namespace pando::sim {
namespace {

const Origin kA{"a", 1};
const Origin kB{"b", 1};

Commit commit(const Origin& origin, std::uint64_t seq, std::uint64_t hlc, std::vector<Op> ops) {
  Commit made;
  made.dot = {origin, Seq(seq)};
  made.hlc = Hlc{hlc};
  made.ops = std::move(ops);
  return made;
}

CellPath path(std::string_view table, Bytes key, CellKind kind = CellKind::kRegister, Bytes element = {}) {
  return {std::string(table), std::move(key), kind, std::move(element)};
}

using Lines = std::vector<std::string>;

TEST(NaiveState, ConcurrentPutsKeepBothAndShowTheLater) {
  NaiveState state;
  state.apply(commit(kA, 1, 10, {PutOp{path("kv", "k"), "red", {}}}));
  state.apply(commit(kB, 1, 20, {PutOp{path("kv", "k"), "blue", {}}}));
  EXPECT_EQ(state.describe(), (Lines{"kv k = blue by b:1"}));
  // Whoever saw only b:1 removes only that.
  state.apply(commit(kB, 2, 30, {RemoveOp{path("kv", "k"), {{kB, Seq(1)}}}}));
  EXPECT_EQ(state.describe(), (Lines{"kv k = red by a:1"}));
}

TEST(NaiveState, EqualStampsGoByOriginThenBytes) {
  NaiveState state;
  state.apply(commit(kB, 1, 10, {PutOp{path("kv", "k"), "x", {}}}));
  state.apply(commit(kA, 1, 10, {PutOp{path("kv", "k"), "z", {}}}));
  EXPECT_EQ(state.describe(), (Lines{"kv k = x by b:1"}));
}

TEST(NaiveState, CountersAreTotalsPerOriginLessBaselines) {
  NaiveState state;
  const CellPath n = path("kv", "n", CellKind::kCounter);
  state.apply(commit(kA, 1, 1, {CountOp{n, Seq(1), 5, 0}}));
  state.apply(commit(kB, 1, 1, {CountOp{n, Seq(1), 3, 1}}));
  EXPECT_EQ(state.describe(), (Lines{"kv n = 7"}));
  state.apply(commit(kA, 2, 2, {CountResetOp{n, {{kA, Seq(1), 5, 0}}}}));
  EXPECT_EQ(state.describe(), (Lines{"kv n = 2"})) << "b's part was not seen";
  state.apply(commit(kA, 3, 3, {CountOp{n, Seq(1), 4, 0}}));
  EXPECT_EQ(state.describe(), (Lines{"kv n = 2"})) << "totals only grow";
}

TEST(NaiveState, ClearingARowTakesWhatWasSeen) {
  NaiveState state;
  VersionVector seen;
  seen.raise(kA, Seq(1));
  state.apply(commit(kA, 1, 1, {PutOp{path("row", "r", CellKind::kField, "x"), "1", {}}}));
  state.apply(commit(kB, 1, 1, {PutOp{path("row", "r", CellKind::kField, "y"), "2", {}}}));
  state.apply(commit(kA, 2, 2, {ClearOp{"row", "r", seen}}));
  EXPECT_EQ(state.describe(), (Lines{"row r = y=2"}));
}

TEST(History, AChangeIsARunOfOpsOnOneVisibleKey) {
  const auto field = [](Bytes key, Bytes element) {
    return PutOp{path("row", std::move(key), CellKind::kField, std::move(element)), "v", {}};
  };
  const auto changes = expected_changes(commit(
      kA, 1, 1,
      {field("r1", "a"), field("r1", "b"), PutOp{path(".lob", "u"), "c", {}}, field("r1", "c"), field("r2", "a")}));
  ASSERT_EQ(changes.size(), 2u) << "an op of an internal table in between does not end the run";
  EXPECT_EQ(changes[0].key, "r1");
  EXPECT_EQ(changes[1].key, "r2");
  EXPECT_EQ(changes[1].index, 1u);

  const CellPath ada{"kv", "p", CellKind::kLease, "ada"};
  const CellPath ben{"kv", "p", CellKind::kLease, "ben"};
  EXPECT_EQ(expected_changes(commit(kA, 2, 1,
                                    {PutOp{ada, "", {}}, PutOp{ben, "", {}}, RemoveOp{ada, {{kA, Seq(1)}}},
                                     PutOp{{"kv", "p", CellKind::kExpiry, ""}, "", {}}}))
                .size(),
            3u)
      << "who came, who went, and the end of the key";
}

TEST(History, FiltersMatchTableAndPrefixOrKey) {
  struct {
    WatchFilter filter;
    std::string_view table, key;
    bool expected;
  } const rows[] = {
      {{std::nullopt, "", false}, "kv", "any", true},   {{std::nullopt, "an", false}, "row", "any", true},
      {{std::nullopt, "an", true}, "kv", "any", false}, {{std::nullopt, "any", true}, "kv", "any", true},
      {{"row", "", false}, "kv", "any", false},         {{std::nullopt, "anyway", false}, "kv", "any", false},
  };
  for (const auto& row : rows) EXPECT_EQ(matches(row.filter, row.table, row.key), row.expected) << row.filter.prefix;
}

TEST(Convergence, DifferencesAreListedAndCut) {
  EXPECT_EQ(diff_lines({"a", "b"}, {"b", "c"}, 10), (Lines{"- a", "+ c"}));
  EXPECT_EQ(diff_lines({"a", "b", "c"}, {}, 2), (Lines{"- a", "- b", "… 1 lines more"}));
  EXPECT_TRUE(diff_lines({"a"}, {"a"}, 2).empty());
}

TEST(Ask, Crc32IsTheUsualOne) {
  EXPECT_EQ(crc32_ieee("123456789"), 0xCBF43926u);
  EXPECT_EQ(crc32_ieee(""), 0u);
}

}  // namespace
}  // namespace pando::sim
