#include "engine/late_report.h"

#include <gtest/gtest.h>

#include "engine/freer_suite.h"

namespace pando::engine::late_report_test {
namespace {

using test::Fleet;
using test::kStart;
using test::put;

// A key of dc1 and dc2 that has ended, at a third site that has what these two said of it.
class LateReport : public ::testing::Test {
 protected:
  LateReport() : fleet_(3) {
    fleet_[1].commit({put("other", "x")});
    fleet_[0].commit({put("k", "v", 100)});
    fleet_[1].pull(fleet_[0]);
    fleet_[0].pull(fleet_[1]);
    fleet_[0].vouch(kStart + 100);
    fleet_[1].pull(fleet_[0]);
    fleet_[1].vouch(kStart + 100);
  }

  void reader_hears_of(std::size_t site) { fleet_[2].pull(fleet_[site]); }
  Commit by_edge(Op op) {
    Commit commit;
    commit.dot = {{"edge", 1}, Seq(++edge_)};
    commit.hlc = Hlc{5};
    commit.ops = {std::move(op)};
    return commit;
  }
  // The edge has said what it holds, and that it has seen all.
  void edge_vouches(TableScope scope) {
    fleet_[2].deliver(by_edge(PutOp{{std::string(kTableVouches), to_string(Origin{"edge", 1}), CellKind::kRegister, {}},
                                    encode_vouch({0, fleet_[2].cells().context(), std::move(scope)}),
                                    {}}));
  }
  // Whether the reader still has the key when it takes what the edge writes to it.
  bool stays() {
    const Commit report = by_edge(PutOp{{"kv", "k", CellKind::kRegister, {}}, "w", {}});
    EXPECT_TRUE(free_before(fleet_[2].cells(), report).ok());
    return fleet_[2].cells().ends_at("kv", "k")->has_value();
  }

  const TableScope reports_{TableSet::of({"kv"}), TableSet::of({"flags"})};
  const TableScope takes_{TableSet::of({"kv"}), TableSet::of({"kv"})};
  Fleet fleet_;
  std::uint64_t edge_ = 0;
};

TEST_F(LateReport, FindsTheKeyAsItIsWhereItWasFreed) {
  reader_hears_of(1);
  edge_vouches(reports_);
  EXPECT_FALSE(stays());
  EXPECT_TRUE(fleet_[2].cells().has_freed("kv"));
}

TEST_F(LateReport, ChangesNothingWhileSomebodyMayTakeTheKeyForAlive) {
  reader_hears_of(0);
  edge_vouches(reports_);
  EXPECT_TRUE(stays()) << "dc2 has not vouched as far as is known here";
}

TEST_F(LateReport, OfWhoSeesTheTableTakesAwayByItself) {
  reader_hears_of(1);
  edge_vouches(takes_);
  EXPECT_TRUE(stays());
}

TEST_F(LateReport, OfWhomNobodyHadHeardIsOne) {
  reader_hears_of(1);
  EXPECT_FALSE(stays());
}

TEST_F(LateReport, OfWhomIsWaitedForIsNone) {
  fleet_[0].deliver(by_edge(PutOp{{"kv", "of the edge", CellKind::kRegister, {}}, "w", {}}));
  fleet_[1].pull(fleet_[0]);
  fleet_[1].vouch(kStart + 100);
  reader_hears_of(1);
  EXPECT_TRUE(stays()) << "it may have moved the end, and nobody has freed the key without it";
}

TEST_F(LateReport, LeavesWhatTheEdgeItselfWrote) {
  reader_hears_of(1);
  edge_vouches(reports_);
  fleet_[2].deliver(by_edge(PutOp{{"kv", "own", CellKind::kRegister, {}}, "w", {}}));
  const auto over = over_of_others(fleet_[2].cells(), {"kv", "own", CellKind::kRegister, {}}, "edge", kStart + 1'000);
  ASSERT_TRUE(over.has_value());
  EXPECT_TRUE(over->empty());
  const auto of_dc1 = over_of_others(fleet_[2].cells(), {"kv", "k", CellKind::kRegister, {}}, "edge", kStart + 100);
  ASSERT_TRUE(of_dc1.has_value());
  ASSERT_EQ(of_dc1->size(), 1u);
  EXPECT_TRUE(of_dc1->front().field.empty());
  EXPECT_TRUE(over_of_others(fleet_[2].cells(), {"kv", "k", CellKind::kRegister, {}}, "edge", kStart + 99)->empty());
}

}  // namespace
}  // namespace pando::engine::late_report_test
