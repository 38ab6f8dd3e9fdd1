#include "store/expiry_index.h"

#include <gtest/gtest.h>

#include "model/expiry.h"
#include "store/memory_kv.h"

namespace pando::store::expiry_index_test {
namespace {

std::string due(ExpiryIndex& index, std::int64_t now_ms, std::size_t count_max = 10) {
  const auto hints = index.due(now_ms, count_max);
  EXPECT_TRUE(hints) << hints.error().to_string();
  std::string text;
  for (const auto& hint : *hints) text += hint.cell_key + "@" + std::to_string(hint.at_ms) + " ";
  return text;
}

void save(ExpiryIndex& index, MemoryKv& kv) {
  Batch batch;
  index.begin_checkpoint(batch);
  index.checkpoint_done(kv.write(batch).ok());
}

TEST(ExpiryIndex, HintsComeUpInTheOrderOfTimeFromAllSources) {
  MemoryKv kv;
  ExpiryIndex index(kv);
  ASSERT_TRUE(index.load().ok());
  EXPECT_EQ(index.next_ms(), kNeverExpires);
  index.add({300, "c"});
  index.add({100, "a"});
  index.add({50, "gone"});
  save(index, kv);
  Batch under_way;
  index.add({200, "b"});
  index.begin_checkpoint(under_way);
  index.add({70'000, "far"});
  index.drop({50, "gone"});
  EXPECT_EQ(due(index, 99), "");
  EXPECT_EQ(index.next_ms(), 100);
  EXPECT_EQ(due(index, 300), "a@100 b@200 c@300 ");
  EXPECT_EQ(due(index, 300, 2), "a@100 b@200 ");
  index.drop({100, "a"});
  index.drop({200, "b"});
  EXPECT_EQ(due(index, 300), "c@300 ");
  index.checkpoint_done(kv.write(under_way).ok());
  save(index, kv);
  index.drop({300, "c"});
  EXPECT_EQ(due(index, 300), "");
  EXPECT_EQ(index.next_ms(), 70'000);
  EXPECT_TRUE(index.changed());
  save(index, kv);
  EXPECT_FALSE(index.changed());

  ExpiryIndex again(kv);
  ASSERT_TRUE(again.load().ok());
  EXPECT_EQ(again.next_ms(), 70'000);
  EXPECT_EQ(due(again, 80'000), "far@70000 ");
}

TEST(ExpiryIndex, AFailedCheckpointLosesNoChange) {
  MemoryKv kv;
  ExpiryIndex index(kv);
  index.add({10, "a"});
  index.add({20, "b"});
  Batch batch;
  index.begin_checkpoint(batch);
  index.drop({10, "a"});
  index.checkpoint_done(false);
  EXPECT_EQ(due(index, 100), "b@20 ");
  save(index, kv);
  ExpiryIndex again(kv);
  ASSERT_TRUE(again.load().ok());
  EXPECT_EQ(due(again, 100), "b@20 ");
}

TEST(ExpiryIndex, TablesAreMarkedForGood) {
  MemoryKv kv;
  ExpiryIndex index(kv);
  EXPECT_FALSE(index.may_expire("kv"));
  index.mark("kv", Freed::kNothing);
  EXPECT_TRUE(index.may_expire("kv"));
  EXPECT_EQ(index.freed("kv"), Freed::kNothing);
  index.mark("sessions", Freed::kKeys);
  index.mark("sessions", Freed::kNothing);
  index.mark("rows", Freed::kFields);
  index.mark("rows", Freed::kKeys);
  save(index, kv);
  ExpiryIndex again(kv);
  ASSERT_TRUE(again.load().ok());
  EXPECT_TRUE(again.may_expire("kv"));
  EXPECT_EQ(again.freed("kv"), Freed::kNothing);
  EXPECT_EQ(again.freed("sessions"), Freed::kKeys);
  EXPECT_EQ(again.freed("rows"), Freed::kFields) << "it never falls";
  EXPECT_FALSE(again.may_expire("row"));
}

}  // namespace
}  // namespace pando::store::expiry_index_test
