#include "store/key_filter.h"

#include <gtest/gtest.h>

#include <string>

#include "store/memory_kv.h"

namespace pando::store::key_filter_test {
namespace {

Bytes nth(std::uint64_t i) { return "key" + std::to_string(i); }
constexpr CellKind kKind = CellKind::kRegister;
void insert(KeyFilter& filter, const Bytes& key, CellKind kind = kKind, const Bytes& element = {}) {
  filter.insert(key + static_cast<char>(kind) + element, key.size());
}
const LogPos kAt(7);

TEST(KeyFilter, KnowsEveryKeyAndFewOthers) {
  KeyFilter filter;
  constexpr std::uint64_t kKeys = 70'000;  // fills four layers
  EXPECT_FALSE(filter.may_hold(nth(0)));
  for (std::uint64_t i = 0; i < kKeys; ++i) insert(filter, nth(i));
  for (std::uint64_t i = 0; i < kKeys; ++i) ASSERT_TRUE(filter.may_hold(nth(i))) << i;
  std::uint64_t wrong = 0;
  for (std::uint64_t i = kKeys; i < 2 * kKeys; ++i) wrong += filter.may_hold(nth(i)) ? 1 : 0;
  EXPECT_LT(wrong, kKeys / 40) << "one in forty at most";
  wrong = 0;
  for (std::uint64_t i = 0; i < kKeys; ++i) wrong += filter.may_hold(nth(i), CellKind::kCounter) ? 1 : 0;
  EXPECT_LT(wrong, kKeys / 40) << "another kind of cell of keys that are there";
  EXPECT_LE(filter.memory_bytes() * 8, kKeys * 40);
}

TEST(KeyFilter, KnowsEveryMemberOfAKeyAndFewOthers) {
  KeyFilter filter;
  const auto cell = [](std::uint64_t i) { return "set" + Bytes(1, static_cast<char>(CellKind::kMember)) + nth(i); };
  constexpr std::uint64_t kMembers = 70'000;
  for (std::uint64_t i = 0; i < kMembers; ++i) insert(filter, "set", CellKind::kMember, nth(i));
  for (std::uint64_t i = 0; i < kMembers; ++i) ASSERT_TRUE(filter.may_hold_cell(cell(i))) << i;
  std::uint64_t wrong = 0;
  for (std::uint64_t i = kMembers; i < 2 * kMembers; ++i) wrong += filter.may_hold_cell(cell(i)) ? 1 : 0;
  EXPECT_LT(wrong, kMembers / 20) << "one in twenty at most";
}

TEST(KeyFilter, OneOfTheFirstVersionIsNone) {
  MemoryKv kv;
  KeyFilter filter;
  insert(filter, nth(1));
  Batch batch;
  filter.save(kAt, batch);
  std::vector<Batch::Entry> entries(batch.begin(), batch.end());
  const Bytes key(entries.back().key);
  Bytes head(*entries.back().value);
  ASSERT_EQ(head.front(), '\x02');
  head.front() = '\x01';
  batch.put(key, head);
  ASSERT_TRUE(kv.write(batch).ok());
  const auto loaded = KeyFilter::load(kv, kAt);
  ASSERT_TRUE(loaded.has_value());
  EXPECT_FALSE(loaded->has_value()) << "it knows no cells: made anew";
}

TEST(KeyFilter, ComesBackFromTheKv) {
  MemoryKv kv;
  ASSERT_FALSE(KeyFilter::load(kv, kAt)->has_value());
  KeyFilter filter;
  for (std::uint64_t i = 0; i < 100'000; ++i) insert(filter, nth(i));
  Batch batch;
  filter.save(kAt, batch);
  ASSERT_TRUE(kv.write(batch).ok());
  batch.clear();
  filter.save(kAt, batch);
  EXPECT_EQ(batch.size(), 1u) << "nothing changed since but the checkpoint";

  insert(filter, nth(1'000'001));
  filter.save(kAt, batch);
  EXPECT_LE(batch.size(), 1u + 3u) << "a page for the key, one for its kind, and the head, beside the head above";
  filter.save_failed();
  batch.clear();
  filter.save(kAt, batch);
  ASSERT_TRUE(kv.write(batch).ok());

  const auto again = KeyFilter::load(kv, kAt);
  ASSERT_TRUE(again && *again);
  for (std::uint64_t i = 0; i < 100'000; ++i) ASSERT_TRUE((*again)->may_hold(nth(i))) << i;
  EXPECT_TRUE((*again)->may_hold(nth(1'000'001)));
}

TEST(KeyFilter, OneOfAnotherCheckpointIsNone) {
  MemoryKv kv;
  KeyFilter filter;
  Batch batch;
  filter.save(kAt, batch);
  ASSERT_TRUE(kv.write(batch).ok());
  EXPECT_TRUE(KeyFilter::load(kv, kAt)->has_value());
  EXPECT_FALSE(KeyFilter::load(kv, kAt.next())->has_value());
}

TEST(KeyFilter, RefusesAPageThatDoesNotFit) {
  MemoryKv kv;
  KeyFilter filter;
  insert(filter, nth(1));
  Batch batch;
  filter.save(kAt, batch);
  batch.put(Bytes("\x03p\x00\x00\x00\x00\x00", 7), "short");
  ASSERT_TRUE(kv.write(batch).ok());
  EXPECT_EQ(KeyFilter::load(kv, kAt).error().code(), StatusCode::kDataLoss);
}

}  // namespace
}  // namespace pando::store::key_filter_test
