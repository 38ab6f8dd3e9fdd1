#include "store/range_digest.h"

#include <gtest/gtest.h>

#include "store/cell_key.h"
#include "store/memory_kv.h"

namespace pando::store::range_digest_test {
namespace {

Bytes key_of(int n) { return cell_key({"kv", Bytes("key") + std::to_string(1000 + n), CellKind::kRegister, ""}); }

// A map with a register per number.
MemoryKv map_of(const std::vector<int>& numbers) {
  MemoryKv kv;
  Batch batch;
  for (const int n : numbers) {
    Cell cell(CellKind::kRegister);
    cell.reg().put({{"dc1", 1}, Seq(static_cast<std::uint64_t>(n) + 1)}, Hlc{1}, std::to_string(n), {});
    batch.put(key_of(n), encode_cell(key_of(n), cell));
  }
  EXPECT_TRUE(kv.write(batch).ok());
  return kv;
}

std::vector<Bytes> walk(const Kv& kv, const Overlay* overlay, std::size_t slice) {
  std::vector<Bytes> keys;
  Bytes at = first_cell_key();
  const Bytes to = cell_keys_end();
  while (at != to) {
    const Bytes before = at;
    EXPECT_TRUE(walk_range(kv, overlay, at, to, slice, [&](ByteSpan key, ByteSpan) {
                  keys.emplace_back(key);
                  return true;
                }).ok());
    EXPECT_GT(at, before) << "every slice gets on";
  }
  return keys;
}

TEST(RangeDigest, ASumOfPartsHoweverTheyAreCut) {
  const MemoryKv kv = map_of({1, 2, 3, 5, 8, 13});
  const auto sum = [&](const Bytes& from, const Bytes& to) {
    RangeDigest digest;
    Bytes at = from;
    EXPECT_TRUE(walk_range(kv, nullptr, at, to, 100, [&](ByteSpan key, ByteSpan state) {
                  digest.add(key, state);
                  return true;
                }).ok());
    EXPECT_EQ(at, to);
    return digest;
  };
  const RangeDigest all = sum(first_cell_key(), cell_keys_end());
  EXPECT_EQ(all.count, 6u);
  for (int cut = 0; cut < 15; ++cut) {
    const RangeDigest low = sum(first_cell_key(), key_of(cut));
    const RangeDigest high = sum(key_of(cut), cell_keys_end());
    EXPECT_EQ(low.sum + high.sum, all.sum) << cut;
    EXPECT_EQ(low.count + high.count, all.count) << cut;
  }
}

TEST(RangeDigest, AnOverlayReplacesAddsAndTakesAway) {
  const MemoryKv kv = map_of({1, 2, 3, 8});
  const Overlay overlay = {
      {key_of(0), Bytes("before the first")}, {key_of(2), std::nullopt}, {key_of(3), Bytes("another")},
      {key_of(5), Bytes("between")},          {key_of(6), std::nullopt}, {key_of(9), Bytes("behind the last")},
  };
  const std::vector<Bytes> expected = {key_of(0), key_of(1), key_of(3), key_of(5), key_of(8), key_of(9)};
  for (const std::size_t slice : {1u, 2u, 3u, 100u}) EXPECT_EQ(walk(kv, &overlay, slice), expected) << slice;
}

TEST(RangeDigest, StopsWhereItIsTold) {
  const MemoryKv kv = map_of({1, 2, 3});
  Bytes at = first_cell_key();
  int seen = 0;
  EXPECT_TRUE(walk_range(kv, nullptr, at, cell_keys_end(), 100, [&](ByteSpan, ByteSpan) { return ++seen < 2; }).ok());
  EXPECT_EQ(seen, 2);
  EXPECT_GT(at, key_of(2));
  EXPECT_LT(at, key_of(3));
}

TEST(RangeDigest, SeparatorsAreShort) {
  EXPECT_EQ(separator("abc", "abd"), "abd");
  EXPECT_EQ(separator("abcdef", "abxyz"), "abx");
  EXPECT_EQ(separator("ab", "abc"), "abc");
  EXPECT_EQ(separator("a", "b"), "b");
}

}  // namespace
}  // namespace pando::store::range_digest_test
