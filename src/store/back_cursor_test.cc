#include "store/back_cursor.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/prng.h"
#include "store/cell_cursor.h"
#include "store/memory_kv.h"

namespace pando::store::back_cursor_test {
namespace {

const Origin kSelf{"dc1", 1};

// Cells some of which are in the Kv, some only in memory, some changed or deleted since.
class BackCursorTest : public ::testing::Test {
 protected:
  void put(const CellPath& path) {
    Cell* cell = *cells_->load(path);
    ++seq_;
    cell->reg().put({kSelf, Seq(seq_)}, Hlc{seq_}, "v", cell->reg().dots());
    cells_->changed(*cell, LogPos(++pos_));
    cells_->applied_record(LogPos(pos_), 0);
  }
  void erase(const CellPath& path) {
    cells_->erase(cell_key(path), LogPos(++pos_));
    cells_->applied_record(LogPos(pos_), 0);
  }
  void checkpoint() {
    const Batch batch = cells_->begin_checkpoint(1);
    cells_->checkpoint_done(kv_.write(batch));
  }
  static CellPath cell(const Bytes& key, const Bytes& element) { return {"t", key, CellKind::kField, element}; }

  template <typename Cursor>
  static std::vector<std::string> walk(Cursor&& at, bool keys_only) {
    std::vector<std::string> seen;
    for (; at.valid(); keys_only ? at.skip_key() : at.next()) {
      seen.push_back(keys_only ? at.key() : at.key() + "/" + at.path().element);
    }
    EXPECT_TRUE(at.status().ok()) << at.status().to_string();
    return seen;
  }
  // Both directions see the same.
  void compare(const KeyRange& range) {
    for (const bool keys_only : {false, true}) {
      std::vector<std::string> back = walk(cells_->scan_back("t", range), keys_only);
      std::reverse(back.begin(), back.end());
      ASSERT_EQ(back, walk(cells_->scan_range("t", range), keys_only));
    }
  }

  MemoryKv kv_;
  std::unique_ptr<Cells> cells_ = std::move(*Cells::open(kv_, {.cache_bytes_max = 0}));
  std::uint64_t seq_ = 0;
  std::uint64_t pos_ = 0;
};

TEST_F(BackCursorTest, WalksFromTheEndOverMemoryAndStore) {
  put(cell("a", "1"));
  put(cell("b", "1"));
  put(cell("b", "2"));
  put({"s", "before", CellKind::kRegister, ""});
  put({"u", "behind", CellKind::kRegister, ""});
  checkpoint();
  put(cell("b", "3"));
  put(cell("c", "1"));
  erase(cell("b", "1"));
  using Seen = std::vector<std::string>;
  EXPECT_EQ(walk(cells_->scan_back("t", {}), false), (Seen{"c/1", "b/3", "b/2", "a/1"}));
  EXPECT_EQ(walk(cells_->scan_back("t", {}), true), (Seen{"c", "b", "a"}));
  EXPECT_EQ(walk(cells_->scan_back("t", {.from = "b", .to = "c"}), false), (Seen{"b/3", "b/2"}));
  EXPECT_EQ(walk(cells_->scan_back("t", {.prefix = "b"}), true), (Seen{"b"}));
  EXPECT_EQ(walk(cells_->scan_back("t", {.after = "a"}), true), (Seen{"c", "b"}));
  EXPECT_EQ(walk(cells_->scan_back("t", {.from = "x"}), true), Seen{});
  EXPECT_EQ(walk(cells_->scan_back("t", {.from = "c", .to = "b"}), true), Seen{}) << "bounds the wrong way round";
}

TEST_F(BackCursorTest, WaitsForWhatItPassedOver) {
  put(cell("a", "1"));
  checkpoint();
  erase(cell("a", "1"));
  BackCursor at = cells_->scan_back("t", {});
  EXPECT_FALSE(at.valid());
  EXPECT_EQ(at.touched(), LogPos(pos_)) << "a deletion is something that was seen";
}

TEST_F(BackCursorTest, DamageStopsIt) {
  put(cell("a", "1"));
  put(cell("b", "1"));
  checkpoint();
  ASSERT_TRUE(kv_.flip_bit(cell_key(cell("a", "1")), 8));
  BackCursor at = cells_->scan_back("t", {});
  ASSERT_TRUE(at.valid());
  at.next();
  EXPECT_FALSE(at.valid());
  EXPECT_EQ(at.status().code(), StatusCode::kDataLoss);
}

TEST_F(BackCursorTest, SeesWhatTheOtherDirectionSees) {
  Prng prng(11);
  const auto random_key = [&] {
    Bytes key;
    for (std::uint64_t i = 0; i <= prng.below(2); ++i)
      key.push_back(
          "\x00\x01"
          "ab\xFF"[prng.below(5)]);
    return key;
  };
  for (int round = 0; round < 200; ++round) {
    const CellPath path = cell(random_key(), std::string(1, static_cast<char>('x' + prng.below(3))));
    if (prng.chance(1, 3)) {
      erase(path);
    } else {
      put(path);
    }
    if (prng.chance(1, 10)) checkpoint();
    KeyRange range;
    if (prng.chance(1, 2)) range.prefix = random_key();
    if (prng.chance(1, 2)) range.from = random_key();
    if (prng.chance(1, 2)) range.to = random_key();
    if (prng.chance(1, 2)) range.after = random_key();
    ASSERT_NO_FATAL_FAILURE(compare(range)) << "round " << round;
  }
}

}  // namespace
}  // namespace pando::store::back_cursor_test
