#include "store/past_kv.h"

#include <gtest/gtest.h>

#include <map>

#include "base/prng.h"
#include "store/back_cursor.h"
#include "store/cell_cursor.h"
#include "store/memory_kv.h"

namespace pando::store::past_kv_test {
namespace {

const Origin kSelf{"dc1", 1};

CellPath path_of(std::uint64_t n) { return {"kv", "k" + std::to_string(n), CellKind::kRegister, ""}; }

// A namespace driven by hand, and what it held, as text by cell.
class PastKvTest : public ::testing::Test {
 protected:
  using State = std::map<Bytes, Bytes>;

  void open(std::size_t snapshot_bytes_max = limits::kSnapshotBytesMax) {
    CellsOptions options;
    options.snapshot_bytes_max = snapshot_bytes_max;
    options.cache_bytes_max = 0;
    cells_ = *Cells::open(kv_, options);
    cells_->set_self(kSelf);
  }
  void put(const CellPath& path, const Bytes& value) {
    Cell* cell = *cells_->load(path);
    const Dot dot = next();
    cell->reg().put(dot, Hlc{dot.seq.value}, value, cell->reg().dots());
    cells_->changed(*cell, cells_->applied().next());
    commit();
    now_[path.key] = value;
  }
  void remove(const CellPath& path) {
    Cell* cell = *cells_->load(path);
    cell->reg().remove(cell->reg().dots());
    cells_->changed(*cell, cells_->applied().next());
    commit();
    now_.erase(path.key);
  }
  // As a deletion of a key does it: without looking at what is not in memory.
  void erase(const CellPath& path) {
    {
      CellCursor at = cells_->scan_key(path.table, path.key);
      if (!at.valid()) return;
      cells_->preserve(at.cell_key(), at.cell());
    }
    cells_->erase(cell_key(path), cells_->applied().next());
    commit();
    now_.erase(path.key);
  }
  void checkpoint() { cells_->checkpoint_done(kv_.write(cells_->begin_checkpoint(1))); }
  Snapshots::Id snapshot() { return cells_->snapshots().open(cells_->meta()); }

  // What Cells of their own over it show, by every way of reading.
  State seen(std::optional<Snapshots::Id> id) {
    const PastKv past(*cells_, id);
    auto opened = Cells::open(past);
    EXPECT_TRUE(opened) << opened.error().to_string();
    Cells& over = **opened;
    State state;
    for (CellCursor at = over.scan("kv", {}, {}); at.valid(); at.next()) {
      state[at.key()] = at.cell().reg().resolve()->value;
    }
    State back;
    for (BackCursor at = over.scan_back("kv", {}); at.valid(); at.next()) {
      back[at.key()] = at.cell().reg().resolve()->value;
    }
    EXPECT_EQ(back, state);
    for (std::uint64_t n = 0; n < kKeys; ++n) {
      const crdt::Register* reg = *over.find_register(path_of(n));
      const auto there = state.find(path_of(n).key);
      EXPECT_EQ(reg == nullptr, there == state.end()) << n;
      if (reg == nullptr || there == state.end()) continue;
      EXPECT_EQ(reg->resolve()->value, there->second);
    }
    return state;
  }
  Dot next() const { return {kSelf, cells_->context().get(kSelf).next()}; }

  static constexpr std::uint64_t kKeys = 12;
  MemoryKv kv_;
  std::unique_ptr<Cells> cells_;
  State now_;

 private:
  void commit() {
    Commit commit;
    commit.dot = next();
    commit.hlc = Hlc{commit.dot.seq.value};
    cells_->applied_commit(commit, cells_->applied().next(), 1);
  }
};

TEST_F(PastKvTest, EverySnapshotGoesOnSeeingItsMoment) {
  open();
  Prng rng(7);
  std::map<Snapshots::Id, State> moments;
  std::uint64_t values = 0;
  for (int step = 0; step < 600; ++step) {
    const CellPath path = path_of(rng.below(kKeys));
    switch (rng.below(10)) {
      case 0: moments[snapshot()] = now_; break;
      case 1:
        if (!moments.empty()) {
          auto one = moments.begin();
          std::advance(one, rng.below(moments.size()));
          EXPECT_EQ(seen(one->first), one->second) << step;
          cells_->snapshots().close(one->first);
          moments.erase(one);
        }
        break;
      case 2: checkpoint(); break;
      case 3: remove(path); break;
      case 4: erase(path); break;
      default: put(path, std::to_string(++values));
    }
  }
  for (const auto& [id, state] : moments) EXPECT_EQ(seen(id), state);
  EXPECT_EQ(seen(std::nullopt), now_);
  EXPECT_GT(cells_->snapshots().bytes(), 0u);
  for (const auto& [id, state] : moments) cells_->snapshots().close(id);
  EXPECT_EQ(cells_->snapshots().bytes(), 0u) << "nobody sees it any more";
}

TEST_F(PastKvTest, WhatIsAppliedOverItStaysThere) {
  open();
  put(path_of(1), "here");
  const Snapshots::Id id = snapshot();
  const PastKv past(*cells_, id);
  auto over = *Cells::open(past);
  EXPECT_EQ(over->context().get(kSelf), Seq(1));
  Cell* cell = *over->load(path_of(1));
  cell->reg().put({kSelf, Seq(2)}, Hlc{9}, "there", cell->reg().dots());
  over->changed(*cell, over->applied().next());
  EXPECT_EQ((*over->find_register(path_of(1)))->resolve()->value, "there");
  EXPECT_EQ(seen(id), (State{{"k1", "here"}}));
  EXPECT_EQ(past.get(cell_key(path_of(2)))->has_value(), false);
  EXPECT_EQ(PastKv(*cells_).write({}).code(), StatusCode::kReadOnly);
}

TEST_F(PastKvTest, TheOldestIsGivenUpWhenTooMuchIsKept) {
  open(/*snapshot_bytes_max=*/20'000);
  for (std::uint64_t n = 0; n < kKeys; ++n) put(path_of(n), Bytes(1000, 'x'));
  const Snapshots::Id first = snapshot();
  put(path_of(0), "changed");
  const Snapshots::Id second = snapshot();
  const State then = now_;
  EXPECT_TRUE(cells_->snapshots().alive(first));
  for (int round = 0; cells_->snapshots().alive(first); ++round) {
    ASSERT_LT(round, 100);
    put(path_of(static_cast<std::uint64_t>(round) % kKeys), Bytes(3000, 'y'));
    if (cells_->snapshots().alive(second)) {
      EXPECT_EQ(seen(second), then);
    }
    if (round % 4 == 3) snapshot();
  }
  EXPECT_LE(cells_->snapshots().bytes(), 20'000u);
}

}  // namespace
}  // namespace pando::store::past_kv_test
