#include "store/cells.h"

#include <gtest/gtest.h>

#include <map>

#include "base/prng.h"
#include "store/back_cursor.h"
#include "store/cell_cursor.h"
#include "store/memory_kv.h"

namespace pando::store::cells_test {
namespace {

const Origin kSelf{"dc1", 1};

CellPath reg_path(const Bytes& key) { return {"kv", key, CellKind::kRegister, ""}; }
CellPath counter_path(const Bytes& key) { return {"kv", key, CellKind::kCounter, ""}; }
CellPath field_path(const Bytes& key, const Bytes& column) { return {"row", key, CellKind::kField, column}; }

// A namespace driven by hand, one commit per call, as apply/ would drive it.
class CellsTest : public ::testing::Test {
 protected:
  CellsTest() { reopen(); }

  void reopen(const CellsOptions& options = {}) {
    auto cells = Cells::open(kv_, options);
    ASSERT_TRUE(cells) << cells.error().to_string();
    cells_ = *std::move(cells);
  }

  void commit() {
    const Seq seq = cells_->context().get(kSelf).next();
    Commit commit;
    commit.dot = {kSelf, seq};
    commit.hlc = Hlc{seq.value};
    commit.chain = seq.value * 100;
    cells_->applied_commit(commit, cells_->applied().next(), 1);
  }
  void put(const CellPath& path, const Bytes& value) {
    const auto cell = cells_->load(path);
    ASSERT_TRUE(cell) << cell.error().to_string();
    const Dot dot{kSelf, cells_->context().get(kSelf).next()};
    (*cell)->reg().put(dot, Hlc{dot.seq.value}, value, (*cell)->reg().dots());
    cells_->changed(**cell, cells_->applied().next());
    commit();
  }
  void add(const CellPath& path, std::uint64_t n) {
    const auto cell = cells_->load(path);
    ASSERT_TRUE(cell);
    crdt::Counter& counter = (*cell)->counter();
    const Dot dot{kSelf, cells_->context().get(kSelf).next()};
    const auto op = crdt::add_op(counter, path, dot, static_cast<std::int64_t>(n)).value();
    counter.count(kSelf, op.birth, op.added, op.removed);
    cells_->changed(**cell, cells_->applied().next());
    commit();
  }
  void remove(const CellPath& path) {
    cells_->erase(cell_key(path), cells_->applied().next());
    commit();
  }
  Bytes get(const CellPath& path) {
    const auto reg = cells_->find_register(path);
    if (!reg) return "failed: " + reg.error().to_string();
    return *reg == nullptr ? "-" : (*reg)->resolve()->value;
  }
  int cells_in_kv() const {
    const Bytes from(1, kCellPrefix);
    int count = 0;
    for (const auto at = kv_.scan(from, prefix_end(from)); at->valid(); at->next()) ++count;
    return count;
  }
  void checkpoint() {
    const Batch batch = cells_->begin_checkpoint(1);
    cells_->checkpoint_done(kv_.write(batch));
  }
  static std::string walk(CellCursor& at) {
    std::string seen;
    for (; at.valid(); at.next()) {
      seen += at.key();
      if (!at.path().element.empty()) seen += "." + at.path().element;
      if (at.cell().kind() == CellKind::kCounter) {
        seen += "#" + std::to_string(at.cell().counter().value()) + " ";
      } else {
        seen += "=" + at.cell().reg().resolve()->value + " ";
      }
    }
    EXPECT_TRUE(at.status().ok()) << at.status().to_string();
    return seen;
  }
  std::string walk(std::string_view table, ByteSpan prefix = {}, ByteSpan after = {}) {
    CellCursor at = cells_->scan(table, prefix, after);
    return walk(at);
  }

  MemoryKv kv_;
  std::unique_ptr<Cells> cells_;
};

TEST_F(CellsTest, FreshOneIsEmpty) {
  EXPECT_EQ(get(reg_path("a")), "-");
  EXPECT_EQ(cells_->applied(), LogPos(0));
  EXPECT_TRUE(cells_->context().empty());
  EXPECT_FALSE(cells_->checkpoint_needed());
  EXPECT_EQ(cells_->digest()->cells, 0u);
}

TEST_F(CellsTest, AMemoIsWhatItWasWhenTheCheckpointBegan) {
  put(reg_path("a"), "1");
  cells_->set_memo("first");
  const Batch batch = cells_->begin_checkpoint(1);
  cells_->set_memo("later");
  cells_->checkpoint_done(kv_.write(batch));
  EXPECT_EQ(cells_->memo(), "later");
  reopen();
  EXPECT_EQ(cells_->memo(), "first");

  put(reg_path("a"), "2");
  cells_->set_memo({});
  (void)cells_->begin_checkpoint(1);
  cells_->checkpoint_done(Status(StatusCode::kUnavailable, "the disk is full"));
  checkpoint();
  reopen();
  EXPECT_EQ(cells_->memo(), "") << "a failed one has taken it away for nobody";
  EXPECT_FALSE(*kv_.get(kMemoKey));
}

TEST_F(CellsTest, ACheckpointIsWhatAReopenFinds) {
  put(reg_path("a"), "1");
  add(counter_path("hits"), 5);
  cells_->set_self(kSelf);
  EXPECT_TRUE(cells_->checkpoint_needed());
  checkpoint();
  EXPECT_FALSE(cells_->checkpoint_needed());
  put(reg_path("a"), "lost with the process");

  reopen();
  EXPECT_EQ(get(reg_path("a")), "1");
  EXPECT_EQ((*cells_->find_counter(counter_path("hits")))->value(), 5);
  EXPECT_EQ(cells_->applied(), LogPos(2));
  EXPECT_EQ(cells_->checkpointed(), LogPos(2));
  EXPECT_EQ(cells_->meta().self, kSelf);
  EXPECT_EQ(cells_->meta().changes, 2u);
  EXPECT_EQ(cells_->meta().chain(kSelf), 200u);
  EXPECT_EQ(cells_->meta().hlc_floor, Hlc{2});
  EXPECT_EQ(cells_->meta().replay_segment, 1u);
  EXPECT_TRUE(cells_->context().covers({kSelf, Seq(2)}));
  EXPECT_FALSE(cells_->context().covers({kSelf, Seq(3)}));
}

TEST_F(CellsTest, AThousandChangesOfOneCellAreOneWrite) {
  for (int i = 0; i < 1000; ++i) add(counter_path("hits"), 1);
  EXPECT_EQ(cells_->dirty_cells(), 1u);
  const Batch batch = cells_->begin_checkpoint(1);
  EXPECT_EQ(std::count_if(batch.begin(), batch.end(), [](const auto& entry) { return entry.key[0] == kCellPrefix; }),
            1);
}

// Counts what is asked of it.
class CountingKv final : public Kv {
 public:
  explicit CountingKv(const MemoryKv& kv) : kv_(kv) {}
  Result<std::optional<Bytes>> get(ByteSpan key) const override {
    ++asked;
    return kv_.get(key);
  }
  std::unique_ptr<KvCursor> scan(ByteSpan from, ByteSpan to) const override {
    ++asked;
    return kv_.scan(from, to);
  }
  Status write(const Batch&) override { return Status(StatusCode::kInternal, "only reads"); }

  mutable int asked = 0;

 private:
  const MemoryKv& kv_;
};

TEST_F(CellsTest, WhatIsNotThereIsNotLookedFor) {
  put(reg_path("a"), "1");
  put(field_path("r", "x"), "2");
  checkpoint();
  CountingKv counting(kv_);
  const auto cells = Cells::open(counting);
  ASSERT_TRUE(cells);
  counting.asked = 0;
  EXPECT_EQ(*(*cells)->find_register(reg_path("new")), nullptr);
  EXPECT_EQ(*(*cells)->find_counter(counter_path("a")), nullptr) << "another kind of a key that is there";
  EXPECT_FALSE((*cells)->scan_key("kv", "new").valid());
  EXPECT_FALSE((*cells)->scan_kinds("kv", "a", CellKind::kField).valid());
  EXPECT_FALSE((*cells)->scan_elements("row", "r", CellKind::kMember, {}, {}).valid());
  EXPECT_EQ(*(*cells)->ends_at("kv", "a"), std::nullopt);
  ASSERT_TRUE((*cells)->load(reg_path("new")));
  EXPECT_EQ(counting.asked, 0);
  EXPECT_NE(*(*cells)->find_register(reg_path("a")), nullptr);
  EXPECT_EQ(counting.asked, 1);
}

// Certain only while its key never had a counter: what a merge left beside it is what reads answer with.
TEST_F(CellsTest, AValueIsLoneUntilItsKeyHasACounter) {
  LogPos touched;
  const auto lone = [&](const Bytes& key) {
    const auto reg = cells_->find_lone_value("kv", key, touched);
    if (!reg) return "failed: " + reg.error().to_string();
    return *reg == nullptr ? Bytes("-") : (*reg)->resolve()->value;
  };
  EXPECT_EQ(lone("a"), "-");
  put(reg_path("a"), "1");
  EXPECT_EQ(lone("a"), "1");
  EXPECT_EQ(touched, cells_->applied());
  // Looked at, and not there.
  ASSERT_TRUE(cells_->load(counter_path("a")));
  EXPECT_EQ(lone("a"), "1");
  add(counter_path("a"), 2);
  EXPECT_EQ(lone("a"), "-") << "it was loaded before it counted";
  put(reg_path("b"), "1");
  put({"kv", "b", CellKind::kField, "f"}, "2");
  EXPECT_EQ(lone("b"), "1") << "a field is of less weight";
  EXPECT_EQ(lone("b"), "1");
  add({"kv", "b", CellKind::kDecimal, ""}, 2);
  EXPECT_EQ(lone("b"), "-");
  put(reg_path("c"), "1");
  remove(reg_path("c"));
  EXPECT_EQ(lone("c"), "-");
  put(reg_path("d"), "4");

  checkpoint();
  reopen();
  EXPECT_EQ(lone("d"), "4") << "from the Kv";
  EXPECT_EQ(lone("a"), "-") << "not in memory";
  EXPECT_EQ(get(reg_path("a")), "1");
  EXPECT_EQ(lone("a"), "-") << "its counter is in the Kv";
}

TEST_F(CellsTest, AStoreWithoutItsFilterIsReadThrough) {
  put(reg_path("a"), "1");
  put(field_path("r", "x"), "2");
  checkpoint();
  // As a version left it that knows of no filters.
  Batch batch;
  const Bytes from(1, kFilterPrefix);
  for (const auto at = kv_.scan(from, prefix_end(from)); at->valid(); at->next()) {
    batch.erase(at->key());
  }
  EXPECT_GT(batch.size(), 1u);
  ASSERT_TRUE(kv_.write(batch).ok());
  reopen();
  EXPECT_EQ(get(reg_path("a")), "1");
  EXPECT_TRUE(cells_->scan_kinds("row", "r", CellKind::kField).valid());
}

// A cell that was found a moment ago is found again without a look into the table, unless it has gone meanwhile.
TEST_F(CellsTest, WhatIsLookedAtTwiceIsTheSameThatWasWritten) {
  Prng random(7);
  // So small that cells come and go all the time.
  reopen({.cache_bytes_max = 2000});
  std::vector<CellPath> paths;
  for (int i = 0; i < 20; ++i) paths.push_back(reg_path("key:" + std::to_string(i)));
  for (int i = 0; i < 20; ++i) paths.push_back(field_path("row", "a field's name " + std::to_string(i)));
  paths.push_back(reg_path(Bytes("with\0zero", 9)));
  paths.push_back(field_path(Bytes("with\0zero", 9), "a"));
  std::map<CellPath, Bytes> expected;
  for (int step = 0; step < 4000; ++step) {
    const CellPath& path = paths[random.below(paths.size())];
    switch (random.below(8)) {
      case 0: checkpoint(); break;
      case 1:
        remove(path);
        expected.erase(path);
        break;
      case 2:
      case 3:
        expected[path] = std::to_string(step);
        put(path, expected[path]);
        break;
      case 4: {
        Cells::Foresight near(*cells_);
        for (std::size_t i = 0; i < 20; ++i) near.add(paths[random.below(paths.size())]);
        near.bring();
        break;
      }
      default: {
        const auto known = expected.find(path);
        ASSERT_EQ(get(path), known == expected.end() ? "-" : known->second) << "step " << step;
      }
    }
  }
}

TEST_F(CellsTest, TouchedTellsWhichRecordAReadWaitsFor) {
  put(reg_path("a"), "1");
  put(reg_path("b"), "1");
  EXPECT_EQ(cells_->touched(reg_path("a")), LogPos(1));
  EXPECT_EQ(cells_->touched(reg_path("b")), LogPos(2));
  EXPECT_EQ(cells_->touched(reg_path("c")), LogPos(0));
  remove(reg_path("a"));
  EXPECT_EQ(get(reg_path("a")), "-");
  EXPECT_EQ(cells_->touched(reg_path("a")), LogPos(3)) << "absence is news too";
  EXPECT_EQ(cells_->scan("kv", "", "").touched(), LogPos(3)) << "also for a scan that passed over it";
  checkpoint();
  EXPECT_EQ(cells_->touched(reg_path("a")), LogPos(0));
  EXPECT_EQ(cells_->touched(reg_path("b")), LogPos(0));
  EXPECT_EQ(cells_->scan("kv", "", "").touched(), LogPos(0));
}

TEST_F(CellsTest, WritesGoOnBesideACheckpoint) {
  put(reg_path("a"), "1");
  put(reg_path("b"), "1");
  const Batch first = cells_->begin_checkpoint(1);
  EXPECT_TRUE(cells_->checkpoint_under_way());
  put(reg_path("a"), "2");
  put(reg_path("c"), "2");
  remove(reg_path("b"));
  EXPECT_EQ(walk("kv"), "a=2 c=2 ") << "reads see the newest";
  ASSERT_TRUE(kv_.write(first).ok());
  EXPECT_EQ(walk("kv"), "a=2 c=2 ") << "whatever the Kv has by now";
  cells_->checkpoint_done({});
  EXPECT_EQ(walk("kv"), "a=2 c=2 ");
  EXPECT_EQ(cells_->dirty_cells(), 3u);
  EXPECT_EQ(cells_->checkpointed(), LogPos(2));
  EXPECT_EQ(cells_->touched(reg_path("a")), LogPos(3));

  reopen();
  EXPECT_EQ(walk("kv"), "a=1 b=1 ") << "the first checkpoint, whole, and nothing of what came after";
}

// What changes before its turn has come is copied first, whichever way it changes.
TEST_F(CellsTest, ACheckpointInStepsIsOfOneMoment) {
  for (const char* key : {"a", "b", "c", "d", "e", "f"}) put(reg_path(key), "1");
  put({"sessions", "old", CellKind::kRegister, ""}, "1");
  add(counter_path("hits"), 5);
  EXPECT_EQ(walk("kv"), "a=1 b=1 c=1 d=1 e=1 f=1 hits#5 ") << "those are in order";
  for (const char* key : {"g", "h"}) put(reg_path(key), "1");
  cells_->start_checkpoint(1);
  EXPECT_FALSE(cells_->gather(1));
  put(reg_path("a"), "2");
  put(reg_path("h"), "2");
  remove(reg_path("b"));
  add(counter_path("hits"), 2);
  ASSERT_TRUE(cells_->free_key("sessions", "old").ok());
  put(reg_path("new"), "2");
  EXPECT_FALSE(cells_->gather(2));
  put(reg_path("a"), "3");
  EXPECT_EQ(walk("kv"), "a=3 c=1 d=1 e=1 f=1 g=1 h=2 hits#7 new=2 ") << "reads see the newest, and put all in order";
  put(reg_path("f"), "3");
  int steps = 0;
  while (!cells_->gather(1)) ++steps;
  EXPECT_GT(steps, 2);
  put(reg_path("c"), "4");
  ASSERT_TRUE(kv_.write(cells_->take_gathered()).ok());
  cells_->checkpoint_written({});
  EXPECT_EQ(cells_->checkpointed(), LogPos(10));
  while (!cells_->settle(1)) {
    ++steps;
    EXPECT_TRUE(cells_->checkpoint_under_way());
    put(reg_path("d"), std::to_string(steps));
  }
  EXPECT_FALSE(cells_->checkpoint_under_way());
  EXPECT_EQ(cells_->touched(reg_path("e")), LogPos(0));

  reopen();
  EXPECT_EQ(walk("kv"), "a=1 b=1 c=1 d=1 e=1 f=1 g=1 h=1 hits#5 ");
  EXPECT_EQ(walk("sessions"), "old=1 ");
}

TEST_F(CellsTest, AStepTakesSoManyCellsOrSoManyBytes) {
  for (int i = 0; i < 10; ++i) put(reg_path("k" + std::to_string(i)), Bytes(Cells::kGatherBytes / 2, 'v'));
  cells_->start_checkpoint(1);
  int steps = 1;
  while (!cells_->gather(1000)) ++steps;
  EXPECT_EQ(steps, 5);
  cells_->checkpoint_done(kv_.write(cells_->take_gathered()));
  EXPECT_EQ(cells_->dirty_bytes(), 0u);
}

TEST_F(CellsTest, AFailedCheckpointLosesNothing) {
  put(reg_path("a"), "1");
  put(reg_path("gone"), "1");
  checkpoint();
  put(reg_path("a"), "2");
  remove(reg_path("gone"));
  cells_->begin_checkpoint(2);
  put(reg_path("b"), "2");
  const std::size_t bytes = cells_->dirty_bytes();
  cells_->checkpoint_done(Status(StatusCode::kUnavailable, "disk full"));
  EXPECT_EQ(cells_->dirty_bytes(), bytes);
  EXPECT_EQ(cells_->checkpointed(), LogPos(2));
  EXPECT_EQ(cells_->touched(reg_path("a")), LogPos(3));
  EXPECT_EQ(walk("kv"), "a=2 b=2 ");
  checkpoint();
  reopen();
  EXPECT_EQ(walk("kv"), "a=2 b=2 ");
  EXPECT_EQ(cells_->applied(), LogPos(5));
}

TEST_F(CellsTest, EmptyCellsLeaveTheKv) {
  put(reg_path("a"), "1");
  checkpoint();
  EXPECT_EQ(cells_in_kv(), 1);
  remove(reg_path("a"));
  put(reg_path("never stored"), "x");
  remove(reg_path("never stored"));
  checkpoint();
  EXPECT_EQ(cells_in_kv(), 0);
  EXPECT_EQ(cells_->dirty_bytes(), 0u);
  EXPECT_EQ(cells_->cached_bytes(), 0u);
}

TEST_F(CellsTest, ScansMergeMemoryOverKv) {
  for (const char* key : {"a", "b", "ba", "bb", "c"}) put(reg_path(key), "1");
  add(counter_path("b"), 7);
  put({"other", "b", CellKind::kRegister, ""}, "x");
  checkpoint();
  put(reg_path("b"), "2");
  put(reg_path("bc"), "2");
  remove(reg_path("ba"));
  struct Row {
    ByteSpan prefix, after;
    const char* expected;
    const char* why;
  };
  const Row rows[] = {
      {"", "", "a=1 b=2 b#7 bb=1 bc=2 c=1 ", "the whole table, and no other"},
      {"b", "", "b=2 b#7 bb=1 bc=2 ", "by prefix"},
      {"b", "b", "bb=1 bc=2 ", "after a key: all its cells are passed"},
      {"b", "ba", "bb=1 bc=2 ", "after a key that is deleted"},
      {"", "bbb", "bc=2 c=1 ", "after a key that never was"},
      {"c", "a", "c=1 ", "after a key before the prefix"},
      {"a", "c", "", "after a key behind the prefix"},
      {"zz", "", "", "nothing there"},
  };
  for (const Row& row : rows) EXPECT_EQ(walk("kv", row.prefix, row.after), row.expected) << row.why;
  CellCursor one = cells_->scan_key("kv", "b");
  EXPECT_EQ(walk(one), "b=2 b#7 ");
  EXPECT_EQ(walk("k"), "") << "a table's name is not a prefix";
}

// Their order is worked out when somebody asks, in between and at the end.
TEST_F(CellsTest, WhatIsUnsavedIsWalkedInOrder) {
  for (const char* key : {"c", "a"}) put(reg_path(key), "1");
  EXPECT_EQ(walk("kv"), "a=1 c=1 ");
  for (const char* key : {"d", "b"}) put(reg_path(key), "2");
  BackCursor back = cells_->scan_back("kv", {});
  std::string seen;
  for (; back.valid(); back.next()) seen += back.key();
  EXPECT_EQ(seen, "dcba");
  put(reg_path("e"), "3");
  EXPECT_EQ(cells_->dirty_cells(), 5u);
  const Batch batch = cells_->begin_checkpoint(1);
  put(reg_path("0"), "4");
  put(reg_path("e"), "5");
  cells_->checkpoint_done(kv_.write(batch));
  EXPECT_EQ(cells_->dirty_cells(), 2u);
  EXPECT_EQ(walk("kv"), "0=4 a=1 b=2 c=1 d=2 e=5 ");
  checkpoint();
  EXPECT_EQ(cells_->dirty_cells(), 0u);
  EXPECT_EQ(walk("kv"), "0=4 a=1 b=2 c=1 d=2 e=5 ");
}

TEST_F(CellsTest, SkipKeyVisitsEachKeyOnce) {
  for (const char* key : {"x", "y", "z"}) {
    for (const char* column : {"1", "2", "3"}) put(field_path(key, column), "v");
  }
  checkpoint();
  for (const char* column : {"0", "4"}) put(field_path("y", column), "w");
  std::string keys;
  for (CellCursor at = cells_->scan("row", "", ""); at.valid(); at.skip_key())
    keys += at.key() + at.path().element + " ";
  EXPECT_EQ(keys, "x1 y0 z1 ");
}

TEST_F(CellsTest, ACursorIsNotUsedPastAChange) {
  put(reg_path("a"), "1");
  put(reg_path("b"), "1");
  EXPECT_DEATH(
      {
        CellCursor at = cells_->scan("kv", "", "");
        put(reg_path("a"), "2");
        at.next();
      },
      "version_");
}

TEST_F(CellsTest, ElementsOfOneKindOfOneKeyByPrefixAndAfter) {
  for (const Bytes member : {"a", "ab", "b", "\xFF", "\xFF\xFF"}) put({"kv", "s", CellKind::kMember, member}, "");
  put({"kv", "s", CellKind::kField, "z"}, "");
  put({"kv", "s", CellKind::kFlag, ""}, "");
  put({"kv", "s2", CellKind::kMember, "other"}, "");
  const auto text = [&](const Bytes& prefix, const Bytes& after) {
    std::string all;
    CellCursor at = cells_->scan_elements("kv", "s", CellKind::kMember, prefix, after);
    for (; at.valid(); at.next()) all += at.path().element + " ";
    return all;
  };
  for (const bool stored : {false, true}) {
    if (stored) checkpoint();
    EXPECT_EQ(text("", ""), "a ab b \xFF \xFF\xFF ");
    EXPECT_EQ(text("a", ""), "a ab ");
    EXPECT_EQ(text("a", "a"), "ab ");
    EXPECT_EQ(text("", "ab"), "b \xFF \xFF\xFF ");
    EXPECT_EQ(text("", "\xFF"), "\xFF\xFF ");
    EXPECT_EQ(text("", "\xFF\xFF"), "");
    EXPECT_EQ(text("b", "c"), "");
    std::size_t kinds = 0;
    for (CellCursor at = cells_->scan_kinds("kv", "s", CellKind::kMember); at.valid(); at.next()) ++kinds;
    EXPECT_EQ(kinds, 6u) << "the members and the flag";
  }
}

TEST_F(CellsTest, CleanCellsAreEvictedOldestFirst) {
  reopen({.cache_bytes_max = 20'000});
  for (int i = 0; i < 200; ++i) put(reg_path(std::to_string(i)), Bytes(100, 'x'));
  EXPECT_GT(cells_->dirty_bytes(), 20'000u) << "dirty cells are not a cache";
  checkpoint();
  EXPECT_EQ(cells_->dirty_bytes(), 0u);
  EXPECT_LE(cells_->cached_bytes(), 20'000u);
  for (int i = 0; i < 200; ++i) ASSERT_EQ(get(reg_path(std::to_string(i))), Bytes(100, 'x'));
  EXPECT_LE(cells_->cached_bytes(), 20'000u + 1'000u);
  EXPECT_EQ(cells_->hot(cell_key(reg_path("0"))), nullptr);
  EXPECT_NE(cells_->hot(cell_key(reg_path("199"))), nullptr);
}

TEST_F(CellsTest, AHoldKeepsEverythingInPlace) {
  reopen({.cache_bytes_max = 0});
  put(reg_path("a"), "1");
  put(reg_path("b"), "2");
  checkpoint();
  {
    const Cells::Hold hold(*cells_);
    const crdt::Register* a = *cells_->find_register(reg_path("a"));
    const crdt::Register* b = *cells_->find_register(reg_path("b"));
    EXPECT_EQ(a->resolve()->value, "1");
    EXPECT_EQ(b->resolve()->value, "2");
  }
  EXPECT_EQ(cells_->cached_bytes(), 0u);
}

TEST_F(CellsTest, LargeCleanCellsAreNotKept) {
  const Bytes large(limits::kCellCachedBytesMax + 1, 'x');
  put(reg_path("large"), large);
  put(reg_path("small"), "1");
  checkpoint();
  EXPECT_EQ(cells_->hot(cell_key(reg_path("large"))), nullptr);
  EXPECT_EQ(get(reg_path("large")), large);
  EXPECT_EQ(get(reg_path("small")), "1");
  EXPECT_EQ(cells_->hot(cell_key(reg_path("large"))), nullptr);
  put(reg_path("large"), large + "y");
  EXPECT_EQ(get(reg_path("large")), large + "y");
}

TEST_F(CellsTest, FetchLeavesNoTrace) {
  put(reg_path("a"), "1");
  checkpoint();
  reopen();
  EXPECT_EQ((*cells_->fetch_register(reg_path("a")))->resolve()->value, "1");
  EXPECT_FALSE(cells_->fetch_register(reg_path("b"))->has_value());
  EXPECT_EQ(cells_->cached_bytes(), 0u);
  put(reg_path("a"), "2");
  EXPECT_EQ((*cells_->fetch_register(reg_path("a")))->resolve()->value, "2") << "the newest, also from memory";
  remove(reg_path("a"));
  EXPECT_FALSE(cells_->fetch_register(reg_path("a"))->has_value());
}

TEST_F(CellsTest, DamageTravelsUpByNameAndIsNeverAbsence) {
  put(reg_path("good"), "1");
  put(reg_path("user:1"), "1");
  checkpoint();
  reopen();
  ASSERT_TRUE(kv_.flip_bit(cell_key(reg_path("user:1")), 12));
  const auto expect_named = [](const Status& status) {
    EXPECT_EQ(status.code(), StatusCode::kDataLoss);
    EXPECT_NE(status.message().find("kv/user:1"), std::string::npos) << status.message();
  };
  expect_named(cells_->find_register(reg_path("user:1")).error());
  expect_named(cells_->fetch_register(reg_path("user:1")).error());
  expect_named(cells_->load(reg_path("user:1")).error());
  expect_named(cells_->digest().error());
  CellCursor at = cells_->scan("kv", "", "");
  ASSERT_TRUE(at.valid());
  EXPECT_EQ(at.key(), "good");
  at.next();
  EXPECT_FALSE(at.valid());
  expect_named(at.status());
  EXPECT_EQ(get(reg_path("good")), "1") << "the rest is served";
}

TEST_F(CellsTest, FailedReadsTravelUp) {
  put(reg_path("a"), "1");
  checkpoint();
  reopen();
  kv_.fail_reads(Status(StatusCode::kIoError, "gone"));
  EXPECT_EQ(cells_->find_register(reg_path("a")).error().code(), StatusCode::kIoError);
  EXPECT_EQ(cells_->scan("kv", "", "").status().code(), StatusCode::kIoError);
  kv_.fail_reads({});
  EXPECT_EQ(get(reg_path("a")), "1");
}

TEST_F(CellsTest, OpenRefusesADamagedOrMissingCheckpointRecord) {
  put(reg_path("a"), "1");
  checkpoint();
  ASSERT_TRUE(kv_.flip_bit(kCheckpointKey, 8));
  EXPECT_EQ(Cells::open(kv_).error().code(), StatusCode::kDataLoss);
  ASSERT_TRUE(kv_.write({{Bytes(kCheckpointKey), std::nullopt}}).ok());
  const auto cells = Cells::open(kv_);
  ASSERT_FALSE(cells);
  EXPECT_EQ(cells.error().code(), StatusCode::kDataLoss);
  EXPECT_NE(cells.error().message().find("no checkpoint record"), std::string::npos);
}

TEST_F(CellsTest, DigestIsOfTheStateNotOfWhereItLies) {
  put(reg_path("a"), "1");
  add(counter_path("hits"), 2);
  put({".merge", "m", CellKind::kRegister, ""}, "x");
  const auto in_memory = cells_->digest();
  EXPECT_EQ(in_memory->cells, 3u);
  EXPECT_EQ(in_memory->touched, LogPos(3));
  EXPECT_EQ(in_memory->fingerprint.size(), 32u);
  checkpoint();
  reopen();
  const auto stored = cells_->digest();
  EXPECT_EQ(stored->fingerprint, in_memory->fingerprint);
  EXPECT_EQ(stored->touched, LogPos(0));
  put(reg_path("a"), "2");
  EXPECT_NE(cells_->digest()->fingerprint, in_memory->fingerprint);
}

// Random puts, deletes, checkpoints (some failing, all with writes beside and between their steps) and restarts against
// a std::map, with a cache far too small.
TEST_F(CellsTest, AgreesWithAModel) {
  const CellsOptions options{.cache_bytes_max = 2'000};
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    kv_ = MemoryKv();
    reopen(options);
    Prng prng(seed);
    std::map<Bytes, Bytes> model;
    std::map<Bytes, Bytes> saved;     // as of the last checkpoint that succeeded
    std::map<Bytes, Bytes> flushing;  // as of the one under way
    enum class Stage { kNone, kGathering, kSettling } stage = Stage::kNone;
    for (int step = 0; step < 300; ++step) {
      const Bytes key = std::to_string(prng.below(30));
      switch (prng.below(9)) {
        case 0:
          remove(reg_path(key));
          model.erase(key);
          break;
        case 1:
          if (stage != Stage::kNone) break;
          cells_->start_checkpoint(1);
          flushing = model;
          stage = Stage::kGathering;
          break;
        case 2:
        case 8: {
          const std::size_t slice = prng.chance(1, 4) ? 1000 : 1 + prng.below(5);
          if (stage == Stage::kSettling && cells_->settle(slice)) stage = Stage::kNone;
          if (stage != Stage::kGathering || !cells_->gather(slice)) break;
          if (prng.chance(1, 3)) {
            cells_->checkpoint_written(Status(StatusCode::kUnavailable, "full"));
          } else {
            cells_->checkpoint_written(kv_.write(cells_->take_gathered()));
            saved = flushing;
          }
          stage = Stage::kSettling;
          break;
        }
        case 3:
          if (!prng.chance(1, 10)) break;
          reopen(options);
          model = saved;
          stage = Stage::kNone;
          break;
        case 4: {
          std::string expected;
          for (const auto& [k, v] : model) expected.append(k).append("=").append(v).append(" ");
          ASSERT_EQ(walk("kv"), expected) << "seed " << seed << " step " << step;
          break;
        }
        default: {
          Bytes value = std::to_string(prng.below(1'000'000));
          put(reg_path(key), value);
          model.insert_or_assign(key, std::move(value));
        }
      }
      ASSERT_EQ(get(reg_path(key)), model.contains(key) ? model[key] : "-") << "seed " << seed << " step " << step;
    }
  }
}

}  // namespace
}  // namespace pando::store::cells_test
