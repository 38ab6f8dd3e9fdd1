#include "apply/apply.h"

#include <gtest/gtest.h>

#include <functional>

#include "model/lob_manifest.h"
#include "store/cell_cursor.h"
#include "store/memory_kv.h"
#include "store/past_kv.h"

namespace pando::apply::apply_test {
namespace {

const Origin kA{"a", 1};
const Origin kB{"b", 1};

CellPath reg_path(const Bytes& key) { return {"kv", key, CellKind::kRegister, ""}; }
CellPath lob_path(const Bytes& key) { return {"lob", key, CellKind::kRegister, ""}; }
CellPath column_path(const Bytes& key, const Bytes& column) { return {"row", key, CellKind::kField, column}; }

class ApplyTest : public ::testing::Test {
 public:
  // The next commit of `origin`, not yet applied.
  Commit make(const Origin& origin, std::vector<Op> ops) {
    Commit commit;
    commit.dot = {origin, cells_->context().get(origin).next()};
    commit.hlc = Hlc{100 + commit.dot.seq.value};
    commit.chain = commit.dot.seq.value;
    commit.ops = std::move(ops);
    return commit;
  }
  ApplyOutcome apply_ok(const Commit& commit) {
    const auto outcome = apply(commit, cells_->applied().next(), *cells_);
    EXPECT_TRUE(outcome) << outcome.error().to_string();
    return outcome.value_or(ApplyOutcome{});
  }
  Dot write(const Origin& origin, std::vector<Op> ops) {
    const Commit commit = make(origin, std::move(ops));
    EXPECT_TRUE(apply_ok(commit).applied);
    return commit.dot;
  }
  std::vector<Dot> dots(const CellPath& path) {
    const auto* reg = cells_->find_register(path).value();
    return reg == nullptr ? std::vector<Dot>{} : reg->dots();
  }
  Op put(const CellPath& path, const Bytes& value) { return PutOp{path, value, dots(path)}; }
  Bytes get(const CellPath& path) {
    const auto* reg = cells_->find_register(path).value();
    return reg == nullptr ? "-" : reg->resolve()->value;
  }
  void checkpoint_and_forget(const store::CellsOptions& options = {}) {
    const store::Batch batch = cells_->begin_checkpoint(1);
    cells_->checkpoint_done(kv_.write(batch));
    cells_ = *store::Cells::open(kv_, options);
  }
  std::size_t count_cells(std::string_view table) {
    std::size_t count = 0;
    for (store::CellCursor at = cells_->scan(table, "", ""); at.valid(); at.next()) ++count;
    return count;
  }
  Bytes stage_object(const Origin& origin, const Bytes& upload, std::uint64_t chunks) {
    for (std::uint64_t i = 0; i < chunks; ++i) write(origin, {PutOp{chunk_path(upload, i), "chunk", {}}});
    return encode_lob_manifest({upload, chunks * 5, chunks, 0});
  }

  store::MemoryKv kv_;
  std::unique_ptr<store::Cells> cells_ = *store::Cells::open(kv_);
};

TEST_F(ApplyTest, BooksTheCommit) {
  const Commit commit = make(kA, {put(reg_path("x"), "1"), put(reg_path("y"), "2")});
  const ApplyOutcome outcome = apply_ok(commit);
  EXPECT_TRUE(outcome.applied);
  EXPECT_EQ(outcome.changes, 2u);
  EXPECT_EQ(outcome.conflicts, 0u);
  EXPECT_EQ(cells_->applied(), LogPos(1));
  EXPECT_EQ(cells_->meta().changes, 2u);
  EXPECT_EQ(cells_->meta().chain(kA), commit.chain);
  EXPECT_EQ(cells_->meta().hlc_floor, commit.hlc);
  EXPECT_TRUE(cells_->context().covers(commit.dot));
  EXPECT_EQ(cells_->touched(reg_path("y")), LogPos(1));
}

TEST_F(ApplyTest, ARepeatedCommitChangesNothing) {
  const Commit first = make(kA, {put(reg_path("x"), "1")});
  apply_ok(first);
  write(kA, {RemoveOp{reg_path("x"), dots(reg_path("x"))}});
  const std::string before = cells_->digest()->fingerprint;
  EXPECT_FALSE(apply_ok(first).applied) << "a late copy does not bring a deleted value back";
  EXPECT_EQ(cells_->digest()->fingerprint, before);
  EXPECT_EQ(get(reg_path("x")), "-");
  EXPECT_EQ(cells_->applied(), LogPos(3)) << "its record takes its place in the log";
}

TEST_F(ApplyTest, ReplayPassesOverWhatTheCheckpointCovers) {
  const Commit first = make(kA, {put(reg_path("x"), "1")});
  apply_ok(first);
  const Commit second = make(kA, {put(reg_path("x"), "2")});
  apply_ok(second);
  checkpoint_and_forget();
  const auto replayed = apply(first, LogPos(1), *cells_);
  ASSERT_TRUE(replayed);
  EXPECT_FALSE(replayed->applied);
  EXPECT_EQ(cells_->applied(), LogPos(2));
  EXPECT_EQ(cells_->meta().changes, 2u) << "not counted twice";
  EXPECT_EQ(get(reg_path("x")), "2");
}

TEST_F(ApplyTest, ConflictsAreCounted) {
  write(kA, {put(reg_path("x"), "mine")});
  Commit concurrent = make(kB, {PutOp{reg_path("x"), "theirs", {}}});
  EXPECT_EQ(apply_ok(concurrent).conflicts, 1u);
  EXPECT_EQ(dots(reg_path("x")).size(), 2u);
  EXPECT_EQ(apply_ok(make(kA, {put(reg_path("x"), "both seen")})).conflicts, 0u);
  EXPECT_EQ(get(reg_path("x")), "both seen");
}

TEST_F(ApplyTest, ClearTakesEveryCellOfTheKeyThatWasSeenAndNoOther) {
  write(kA, {put(column_path("r", "x"), "1"), put(column_path("r", "y"), "1"), put(column_path("r2", "x"), "1")});
  write(kA, {put({"row", "r", CellKind::kRegister, ""}, "a clash of types")});
  write(kA, {CountOp{{"row", "r", CellKind::kCounter, ""}, Seq(3), 5, 0}});
  const VersionVector observed = cells_->context();
  write(kB, {PutOp{column_path("r", "y"), "concurrent", {}}, PutOp{column_path("r", "z"), "concurrent", {}}});
  checkpoint_and_forget();
  write(kA, {ClearOp{"row", "r", observed}});
  EXPECT_EQ(get(column_path("r", "x")), "-");
  EXPECT_EQ(get({"row", "r", CellKind::kRegister, ""}), "-");
  EXPECT_EQ(get(column_path("r", "y")), "concurrent");
  EXPECT_EQ(get(column_path("r", "z")), "concurrent");
  EXPECT_EQ(get(column_path("r2", "x")), "1");
  EXPECT_EQ((*cells_->find_counter({"row", "r", CellKind::kCounter, ""}))->value(), 5) << "counters are reset instead";
}

TEST_F(ApplyTest, AMemberAddedConcurrentlyWithItsRemovalStays) {
  const CellPath member{"kv", "s", CellKind::kMember, "m"};
  write(kA, {put(member, "")});
  const std::vector<Dot> seen = dots(member);
  write(kB, {PutOp{member, "", seen}});
  write(kA, {RemoveOp{member, seen}});
  EXPECT_EQ(dots(member).size(), 1u) << "the addition was not seen by the removal";
  EXPECT_EQ(apply_ok(make(kA, {PutOp{member, "", {}}})).conflicts, 0u) << "two additions of a member lose nothing";
  EXPECT_EQ(dots(member).size(), 2u);
  write(kA, {RemoveOp{member, dots(member)}});
  EXPECT_EQ(cells_->digest()->cells, 0u) << "and nothing is left";
}

TEST_F(ApplyTest, OneCommitMayClearAndWriteAgain) {
  write(kA, {put(column_path("r", "old"), "1"), put(column_path("r", "both"), "1")});
  const VersionVector observed = cells_->context();
  write(kA, {ClearOp{"row", "r", observed}, PutOp{column_path("r", "both"), "2", {}}});
  EXPECT_EQ(get(column_path("r", "old")), "-");
  EXPECT_EQ(get(column_path("r", "both")), "2");
  EXPECT_EQ(dots(column_path("r", "both")).size(), 1u);
}

TEST_F(ApplyTest, ChunksGoWithTheirManifest) {
  struct Row {
    const char* why;
    std::function<Op(ApplyTest&)> op;
    std::size_t chunks_left;
  };
  const Row rows[] = {
      {"replaced",
       [](ApplyTest& t) {
         return PutOp{lob_path("o"), t.stage_object(kA, "u2", 2), t.dots(lob_path("o"))};
       },
       2},
      {"removed",
       [](ApplyTest& t) {
         return RemoveOp{lob_path("o"), t.dots(lob_path("o"))};
       },
       0},
      {"cleared",
       [](ApplyTest& t) {
         return ClearOp{"lob", "o", t.cells_->context()};
       },
       0},
      {"replaced by a value that is no manifest",
       [](ApplyTest& t) {
         return PutOp{lob_path("o"), "garbage", t.dots(lob_path("o"))};
       },
       0},
  };
  for (const bool stored : {false, true}) {
    for (const Row& row : rows) {
      kv_ = {};
      cells_ = *store::Cells::open(kv_);
      const Bytes manifest = stage_object(kA, "u1", 3);
      write(kA, {put(lob_path("o"), manifest)});
      EXPECT_EQ(count_cells(".lob"), 3u) << row.why;
      const Op op = row.op(*this);
      if (stored) checkpoint_and_forget();
      write(kA, {op});
      EXPECT_EQ(count_cells(".lob"), row.chunks_left) << row.why << (stored ? " (stored)" : " (in memory)");
    }
  }
}

// Cuts are read from snapshots: without the chunks their taker would have the object without its bytes.
TEST_F(ApplyTest, ASnapshotKeepsTheChunksOfAnObjectThatGoesWhileThereIsRoom) {
  for (const bool stored : {false, true}) {
    for (const bool room : {true, false}) {
      kv_ = {};
      store::CellsOptions options;
      if (!room) options.snapshot_bytes_max = limits::kLobChunkBytes;
      cells_ = *store::Cells::open(kv_, options);
      write(kA, {put(lob_path("o"), stage_object(kA, "u1", 3))});
      if (stored) checkpoint_and_forget(options);
      const store::Snapshots::Id snapshot = cells_->snapshots().open(cells_->meta());
      write(kA, {RemoveOp{lob_path("o"), dots(lob_path("o"))}});
      EXPECT_EQ(count_cells(".lob"), 0u);
      ASSERT_TRUE(cells_->snapshots().alive(snapshot)) << "it is not given up for chunks";
      const store::PastKv past(*cells_, snapshot);
      EXPECT_TRUE(*past.get(store::cell_key(lob_path("o"))));
      for (std::uint64_t i = 0; i < 3; ++i) {
        EXPECT_EQ((*past.get(store::cell_key(chunk_path("u1", i)))).has_value(), room) << stored;
      }
    }
  }
}

TEST_F(ApplyTest, ConcurrentObjectsKeepBothUntilOneWins) {
  write(kA, {PutOp{lob_path("o"), stage_object(kA, "ua", 2), {}}});
  write(kB, {PutOp{lob_path("o"), stage_object(kB, "ub", 3), {}}});
  EXPECT_EQ(count_cells(".lob"), 5u);
  write(kA, {put(lob_path("o"), stage_object(kA, "uc", 1))});
  EXPECT_EQ(count_cells(".lob"), 1u);
}

TEST_F(ApplyTest, AnUploadThatWasGivenUpIsCleared) {
  stage_object(kA, "u1", 3);
  stage_object(kA, "u2", 1);
  checkpoint_and_forget();
  write(kA, {ClearOp{".lob", "u1", cells_->context()}});
  EXPECT_EQ(count_cells(".lob"), 1u);
}

TEST_F(ApplyTest, RefusesWhatBreaksCausality) {
  write(kA, {put(reg_path("x"), "1")});
  struct Row {
    Dot dot;
    std::vector<Op> ops;
    const char* named;
    const char* why;
  };
  VersionVector future;
  future.raise(kB, Seq(1));
  VersionVector itself;
  itself.raise(kA, Seq(2));
  const Dot unseen{kB, Seq(1)};
  const Dot own{kA, Seq(2)};
  const CellPath counter{"kv", "c", CellKind::kCounter, ""};
  const Row rows[] = {
      {{kA, Seq(3)}, {}, "a:3: arrives where a:2 is next", "a gap"},
      {{kB, Seq(2)}, {}, "b:2: arrives where b:1 is next", "a gap at the start"},
      {own, {PutOp{reg_path("x"), "2", {unseen}}}, "op 0 refers to b:1", "replaces what is not here"},
      {own, {RemoveOp{reg_path("x"), {unseen}}}, "op 0 refers to b:1", "removes what is not here"},
      {own, {ClearOp{"kv", "x", future}}, "op 0 refers to b:1", "observed what is not here"},
      {own, {ClearOp{"kv", "x", itself}}, "op 0 refers to a:2", "observed itself"},
      {own, {CountOp{counter, Seq(3), 1, 0}}, "op 0 refers to a:3", "a slot born later"},
      {own, {CountResetOp{counter, {{kB, Seq(1), 1, 0}}}}, "op 0 refers to b:1", "resets what is not here"},
  };
  const std::string before = cells_->digest()->fingerprint;
  for (const Row& row : rows) {
    Commit commit;
    commit.dot = row.dot;
    commit.ops = row.ops;
    const auto outcome = apply(commit, LogPos(2), *cells_);
    ASSERT_FALSE(outcome) << row.why;
    EXPECT_EQ(outcome.error().code(), StatusCode::kDataLoss) << row.why;
    EXPECT_NE(outcome.error().message().find(row.named), std::string::npos) << outcome.error().message();
  }
  EXPECT_EQ(cells_->digest()->fingerprint, before);
  EXPECT_EQ(cells_->applied(), LogPos(1));
  EXPECT_TRUE(apply_ok(make(kA, {PutOp{reg_path("x"), "2", {{kA, Seq(1)}}}, PutOp{reg_path("x"), "3", {own}}})).applied)
      << "an earlier op of the same commit may be referred to";
  EXPECT_EQ(get(reg_path("x")), "3");
}

TEST_F(ApplyTest, AFailureHalfWayChangesNothing) {
  write(kA, {put(reg_path("bad"), "1"), put(column_path("r", "x"), "1")});
  checkpoint_and_forget();
  ASSERT_TRUE(kv_.flip_bit(store::cell_key(reg_path("bad")), 8));
  const Commit commit = make(
      kA, {PutOp{reg_path("good"), "2", {}}, ClearOp{"row", "r", cells_->context()}, PutOp{reg_path("bad"), "2", {}}});
  const auto outcome = apply(commit, LogPos(2), *cells_);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code(), StatusCode::kDataLoss);
  EXPECT_NE(outcome.error().message().find("kv/bad"), std::string::npos);
  EXPECT_EQ(get(reg_path("good")), "-");
  EXPECT_EQ(get(column_path("r", "x")), "1");
  EXPECT_EQ(cells_->applied(), LogPos(1));
  EXPECT_EQ(cells_->dirty_cells(), 0u);
}

}  // namespace
}  // namespace pando::apply::apply_test
