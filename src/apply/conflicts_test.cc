#include "apply/conflicts.h"

#include <gtest/gtest.h>

#include "apply/apply.h"
#include "model/table_declaration.h"
#include "store/memory_kv.h"

namespace pando::apply::conflicts_test {
namespace {

class ConflictsTest : public ::testing::Test {
 protected:
  void SetUp() override { open(); }
  void open() {
    cells_ = std::move(*store::Cells::open(kv_));
    cells_->set_self({"dc1", 1});
  }
  std::uint64_t take(const std::string& node, std::uint64_t stamp, std::vector<Op> ops) {
    Commit commit;
    commit.dot = {{node, 1}, cells_->context().get({node, 1}).next()};
    commit.hlc = Hlc{stamp};
    commit.ops = std::move(ops);
    const auto outcome = apply(commit, cells_->applied().next(), *cells_);
    EXPECT_TRUE(outcome) << outcome.error().to_string();
    return outcome->conflicts;
  }
  // "id winner>loser" of each line.
  std::string ledger() {
    std::string text;
    const auto side = [](const Conflict::Side& s) {
      return s.value ? *s.value : std::string(s.type ? name_of(*s.type) : "?");
    };
    for (const Conflict& line : cells_->ledger().lines()) {
      text += to_string(line.id) + " " + side(line.winner) + ">" + side(line.loser) + "\n";
    }
    return text;
  }
  static CellPath path(CellKind kind, Bytes element = {}) { return {"kv", "k", kind, std::move(element)}; }
  static Dot dot(const std::string& node, std::uint64_t seq) { return {{node, 1}, Seq(seq)}; }

  store::MemoryKv kv_;
  std::unique_ptr<store::Cells> cells_;
};

TEST_F(ConflictsTest, EveryLoserIsNamedOnceAndStaysWhenBothWereSeen) {
  EXPECT_EQ(take("dc1", 10, {PutOp{path(CellKind::kRegister), "a", {}}}), 0u);
  EXPECT_EQ(take("dc2", 20, {PutOp{path(CellKind::kRegister), "b", {}}}), 1u);
  EXPECT_EQ(take("dc3", 15, {PutOp{path(CellKind::kRegister), "c", {}}}), 1u);
  EXPECT_EQ(take("dc4", 30, {PutOp{path(CellKind::kRegister), "d", {}}}), 1u);
  const std::vector<Dot> all{dot("dc1", 1), dot("dc2", 1), dot("dc3", 1), dot("dc4", 1)};
  EXPECT_EQ(take("dc1", 40, {PutOp{path(CellKind::kRegister), "e", all}}), 0u);
  EXPECT_EQ(ledger(), "2-0 b>a\n3-0 b>c\n4-0 d>b\n");
}

TEST_F(ConflictsTest, InADeclaredTableEveryPairOfThemMakesALine) {
  // Where the largest is shown, c loses against a, and only the pair of these two says so.
  take("dc1", 1, {PutOp{{std::string(kTableTables), "kv", CellKind::kField, "resolver"}, "max", {}}});
  take("dc1", 10, {PutOp{path(CellKind::kRegister), "5", {}}});
  take("dc2", 20, {PutOp{path(CellKind::kRegister), "3", {}}});
  EXPECT_EQ(take("dc3", 15, {PutOp{path(CellKind::kRegister), "4", {}}}), 2u);
  EXPECT_EQ(ledger(), "3-0 3>5\n4-0 3>4\n4-1 4>5\n") << "as the default resolver says; reads turn them round";
}

TEST_F(ConflictsTest, OfACounterThatOneSiteBeganTheLineNamesIt) {
  take("dc2", 1, {CountOp{path(CellKind::kCounter), Seq(1), 3, 0}});
  take("dc3", 2, {PutOp{path(CellKind::kRegister), "v", {}}});
  EXPECT_EQ(cells_->ledger().lines().back().winner.dot, dot("dc2", 1));
  CellPath other = path(CellKind::kCounter);
  other.key = "l";
  take("dc2", 3, {CountOp{other, Seq(2), 3, 0}});
  take("dc3", 4, {CountOp{other, Seq(2), 3, 0}});
  other.kind = CellKind::kRegister;
  take("dc4", 5, {PutOp{other, "v", {}}});
  EXPECT_EQ(cells_->ledger().lines().back().winner.dot, Dot{}) << "two have";
}

TEST_F(ConflictsTest, WhatNobodyMissesMakesNoLine) {
  take("dc1", 1, {PutOp{path(CellKind::kMember, "m"), "", {}}});
  EXPECT_EQ(take("dc2", 2, {PutOp{path(CellKind::kMember, "m"), "", {}}}), 0u) << "added twice";
  take("dc1", 3, {PutOp{{"kv", "r", CellKind::kRegister, ""}, "same", {}}});
  EXPECT_EQ(take("dc2", 4, {PutOp{{"kv", "r", CellKind::kRegister, ""}, "same", {}}}), 0u) << "the same value";
  take("dc1", 5, {PutOp{{".merge", "k", CellKind::kRegister, ""}, "a", {}}});
  EXPECT_EQ(take("dc2", 6, {PutOp{{".merge", "k", CellKind::kRegister, ""}, "b", {}}}), 0u) << "ours";
}

TEST_F(ConflictsTest, ATypeClashIsToldOncePerKey) {
  take("dc1", 1, {PutOp{path(CellKind::kRegister), "v", {}}});
  EXPECT_EQ(take("dc2", 2, {CountOp{path(CellKind::kCounter), Seq(1), 3, 0}}), 1u);
  EXPECT_EQ(take("dc2", 3, {CountOp{path(CellKind::kCounter), Seq(1), 4, 0}}), 0u);
  EXPECT_EQ(take("dc3", 4, {PutOp{path(CellKind::kMember, "m"), "", {}}, PutOp{path(CellKind::kMember, "n"), "", {}}}),
            1u);
  EXPECT_EQ(take("dc3", 5, {PutOp{path(CellKind::kMember, "o"), "", {}}}), 0u);
  EXPECT_EQ(ledger(), "2-0 counter>v\n4-0 counter>set\n");
  // One that takes the old type away in the same commit is none.
  take("dc2", 6, {PutOp{{"kv", "n", CellKind::kRegister, ""}, "5", {}}});
  EXPECT_EQ(take("dc2", 7,
                 {RemoveOp{{"kv", "n", CellKind::kRegister, ""}, {dot("dc2", 3)}},
                  CountOp{{"kv", "n", CellKind::kCounter, ""}, Seq(4), 6, 0}}),
            0u);
}

TEST_F(ConflictsTest, AReplayMakesTheSameLines) {
  take("dc1", 10, {PutOp{path(CellKind::kRegister), "a", {}}});
  take("dc2", 20, {PutOp{path(CellKind::kRegister), "b", {}}});
  cells_->checkpoint_done(kv_.write(cells_->begin_checkpoint(1)));
  const auto more = [&] { take("dc3", 30, {PutOp{path(CellKind::kRegister), "c", {}}}); };
  more();
  const std::string before = ledger();
  open();
  more();
  EXPECT_EQ(ledger(), before);
}

TEST_F(ConflictsTest, ALargeValueIsNamedAndNotKept) {
  take("dc1", 10, {PutOp{path(CellKind::kRegister), Bytes(limits::kLedgerValueBytesMax + 1, 'x'), {}}});
  take("dc2", 20, {PutOp{path(CellKind::kRegister), "b", {}}});
  EXPECT_EQ(ledger(), "2-0 b>?\n");
}

}  // namespace
}  // namespace pando::apply::conflicts_test
