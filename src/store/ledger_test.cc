#include "store/ledger.h"

#include <gtest/gtest.h>

#include "store/memory_kv.h"

namespace pando::store::ledger_test {
namespace {

Conflict line(std::uint64_t pos, std::uint32_t index = 0, std::size_t value_bytes = 1) {
  Conflict made;
  made.id = {LogPos(pos), index};
  made.path = {"kv", "k", CellKind::kRegister, ""};
  made.loser = {{{"dc1", 1}, Seq(pos)}, Hlc{pos}, std::nullopt, Bytes(value_bytes, 'x')};
  return made;
}
std::string ids(const Ledger& ledger) {
  std::string text;
  for (const Conflict& each : ledger.lines()) text += to_string(each.id) + " ";
  return text;
}
void save(Ledger& ledger, MemoryKv& kv) {
  Batch batch;
  ledger.begin_checkpoint(batch);
  ledger.checkpoint_done(kv.write(batch).ok());
}

TEST(Ledger, LinesOutliveARestartAndAReplayMakesNoneTwice) {
  MemoryKv kv;
  Ledger ledger(kv, {10, 1 << 20});
  ledger.add(line(3));
  ledger.add(line(3, 1));
  save(ledger, kv);
  ledger.add(line(5));
  Ledger again(kv, {10, 1 << 20});
  ASSERT_TRUE(again.load().ok());
  EXPECT_EQ(ids(again), "3-0 3-1 ");
  again.add(line(3, 1));
  again.add(line(5));
  EXPECT_EQ(ids(again), ids(ledger));
  EXPECT_EQ(again.next_index(LogPos(5)), 1u);
  EXPECT_EQ(again.next_index(LogPos(6)), 0u);
  EXPECT_EQ(again.find({LogPos(3), 1})->loser.dot.seq, Seq(3));
  EXPECT_EQ(again.find({LogPos(4), 0}), nullptr);
}

TEST(Ledger, TheOldestMakeRoomAndAreCounted) {
  MemoryKv kv;
  Ledger ledger(kv, {3, 4096});
  for (std::uint64_t pos = 1; pos <= 5; ++pos) ledger.add(line(pos));
  EXPECT_EQ(ids(ledger), "3-0 4-0 5-0 ");
  EXPECT_EQ(ledger.dropped(), 2u);
  ledger.add(line(6, 0, 3500));
  EXPECT_EQ(ids(ledger), "5-0 6-0 ") << "bytes count too";
  save(ledger, kv);
  EXPECT_EQ(kv.size(), 2u);
  EXPECT_FALSE(ledger.changed());
}

}  // namespace
}  // namespace pando::store::ledger_test
