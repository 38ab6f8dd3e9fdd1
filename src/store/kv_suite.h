// store/kv_suite.h — what every Kv must do; run for MemoryKv here and for RocksKv in io/rocks.
//
// A test binary instantiates it with a function that makes a harness around a fresh, empty Kv:
//
//   INSTANTIATE_TEST_SUITE_P(Memory, KvSuite, ::testing::Values(make_memory_harness));
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>

#include "base/prng.h"
#include "store/kv.h"

namespace pando::store {

class KvHarness {
 public:
  virtual ~KvHarness() = default;
  virtual Kv& kv() = 0;
  // As a process that was killed and started again would find it.
  virtual void reopen() = 0;
};

class KvSuite : public ::testing::TestWithParam<std::unique_ptr<KvHarness> (*)()> {
 protected:
  Kv& kv() { return harness_->kv(); }
  void reopen() { harness_->reopen(); }

  void write(const Batch& batch) {
    const Status status = kv().write(batch);
    ASSERT_TRUE(status.ok()) << status.to_string();
  }
  // "-" when absent.
  Bytes get(ByteSpan key) {
    const auto value = kv().get(key);
    if (!value) return "failed: " + value.error().to_string();
    return value->value_or("-");
  }
  static std::string walk(KvCursor& at) {
    std::string seen;
    for (; at.valid(); at.next()) seen.append(at.key()).append("=").append(at.value()).append(" ");
    EXPECT_TRUE(at.status().ok()) << at.status().to_string();
    return seen;
  }
  std::string walk(ByteSpan from, ByteSpan to) { return walk(*kv().scan(from, to)); }
  // From the end to the beginning.
  static std::string walk_back(KvCursor& at) {
    std::string seen;
    for (; at.valid(); at.prev()) seen.append(at.key()).append("=").append(at.value()).append(" ");
    EXPECT_TRUE(at.status().ok()) << at.status().to_string();
    return seen;
  }
  std::string walk_back(ByteSpan from, ByteSpan to) {
    const auto at = kv().scan(from, to);
    at->seek_before("");
    return walk_back(*at);
  }

 private:
  std::unique_ptr<KvHarness> harness_ = GetParam()();
};

TEST_P(KvSuite, AbsentIsAnAnswer) {
  EXPECT_EQ(get("nothing"), "-");
  EXPECT_EQ(walk("", ""), "");
}

TEST_P(KvSuite, PutsReplacesAndDeletes) {
  write({{"a", "1"}, {"b", "2"}});
  write({{"a", "3"}, {"b", std::nullopt}, {"never", std::nullopt}});
  EXPECT_EQ(get("a"), "3");
  EXPECT_EQ(get("b"), "-");
  EXPECT_EQ(walk("", ""), "a=3 ");
}

TEST_P(KvSuite, TheLaterPairOfABatchWins) {
  write({{"a", "1"}, {"a", "2"}, {"b", "1"}, {"b", std::nullopt}});
  EXPECT_EQ(walk("", ""), "a=2 ");
}

TEST_P(KvSuite, EmptyValuesAndEmptyBatchesAreFine) {
  write({});
  write({{"a", ""}});
  EXPECT_EQ(get("a"), "");
  EXPECT_EQ(walk("", ""), "a= ");
}

TEST_P(KvSuite, KeysAreUnsignedBytes) {
  const Bytes zero("\x00", 1);
  const Bytes zero_zero("\x00\x00", 2);
  write({{"\xFF", "4"}, {"\x7F", "3"}, {zero_zero, "2"}, {zero, "1"}, {"\xFF\xFF", "5"}});
  std::string values;
  for (auto at = kv().scan("", ""); at->valid(); at->next()) values.append(at->value());
  EXPECT_EQ(values, "12345");
  EXPECT_EQ(get(zero_zero), "2");
}

TEST_P(KvSuite, ScanBounds) {
  write({{"a", "1"}, {"b", "2"}, {"bb", "3"}, {"c", "4"}});
  struct Row {
    ByteSpan from, to, expected, why;
  };
  const Row rows[] = {
      {"", "", "a=1 b=2 bb=3 c=4 ", "no bounds: everything"},
      {"b", "", "b=2 bb=3 c=4 ", "from is included"},
      {"", "c", "a=1 b=2 bb=3 ", "to is not"},
      {"b", "bb", "b=2 ", "a key that starts like the bound"},
      {"ba", "bc", "bb=3 ", "bounds need not exist"},
      {"c", "b", "", "an empty range"},
      {"d", "", "", "after the last"},
  };
  for (const Row& row : rows) EXPECT_EQ(walk(row.from, row.to), row.expected) << row.why;
}

TEST_P(KvSuite, SeekMovesBothWaysWithinTheBounds) {
  write({{"a", "1"}, {"b", "2"}, {"c", "3"}, {"d", "4"}});
  const auto at = kv().scan("b", "d");
  at->seek("c");
  ASSERT_TRUE(at->valid());
  EXPECT_EQ(at->key(), "c");
  at->seek("a");
  ASSERT_TRUE(at->valid());
  EXPECT_EQ(at->key(), "b") << "not before `from`";
  at->seek("bx");
  EXPECT_EQ(walk(*at), "c=3 ");
  at->seek("d");
  EXPECT_FALSE(at->valid()) << "not past `to`";
  at->seek("b");
  EXPECT_EQ(walk(*at), "b=2 c=3 ") << "usable again after the end";
}

TEST_P(KvSuite, WalksBackWithinTheBounds) {
  EXPECT_EQ(walk_back("", ""), "");
  write({{"a", "1"}, {"b", "2"}, {"bb", "3"}, {"c", "4"}});
  struct Row {
    ByteSpan from, to, expected, why;
  };
  const Row rows[] = {
      {"", "", "c=4 bb=3 b=2 a=1 ", "no bounds: everything"},
      {"b", "", "c=4 bb=3 b=2 ", "from is included"},
      {"", "c", "bb=3 b=2 a=1 ", "to is not"},
      {"ba", "bc", "bb=3 ", "bounds need not exist"},
      {"c", "b", "", "an empty range"},
      {"", "Z", "", "before the first"},
      {"d", "", "", "after the last"},
  };
  for (const Row& row : rows) EXPECT_EQ(walk_back(row.from, row.to), row.expected) << row.why;
}

TEST_P(KvSuite, SeekBeforeMovesBothWaysWithinTheBounds) {
  write({{"a", "1"}, {"b", "2"}, {"c", "3"}, {"d", "4"}});
  const auto at = kv().scan("b", "d");
  at->seek_before("c");
  ASSERT_TRUE(at->valid());
  EXPECT_EQ(at->key(), "b") << "before it, not at it";
  at->seek_before("x");
  ASSERT_TRUE(at->valid());
  EXPECT_EQ(at->key(), "c") << "not past `to`";
  at->seek_before("bx");
  ASSERT_TRUE(at->valid());
  EXPECT_EQ(at->key(), "b");
  at->seek_before("b");
  EXPECT_FALSE(at->valid()) << "not before `from`";
  at->seek_before("");
  EXPECT_EQ(walk_back(*at), "c=3 b=2 ") << "usable again after the end";
  at->seek("b");
  EXPECT_EQ(walk(*at), "b=2 c=3 ") << "and forwards";
  at->seek("c");
  EXPECT_EQ(walk_back(*at), "c=3 b=2 ") << "turns round where it stands";
}

TEST_P(KvSuite, ACursorSeesTheMapItStartedOn) {
  write({{"a", "1"}, {"b", "2"}, {"c", "3"}});
  const auto before = kv().scan("", "");
  write({{"a", "9"}, {"b", std::nullopt}, {"bb", "9"}});
  EXPECT_EQ(walk("", ""), "a=9 bb=9 c=3 ");
  EXPECT_EQ(walk(*before), "a=1 b=2 c=3 ");
}

TEST_P(KvSuite, WhatWasWrittenSurvivesAReopen) {
  write({{"a", "1"}, {"b", "2"}});
  reopen();
  EXPECT_EQ(walk("", ""), "a=1 b=2 ");
  write({{"b", std::nullopt}, {"c", "3"}});
  reopen();
  reopen();
  EXPECT_EQ(walk("", ""), "a=1 c=3 ");
}

TEST_P(KvSuite, LargeValuesAndLargeBatches) {
  Batch batch;
  for (int i = 0; i < 2000; ++i) batch.put("key" + std::to_string(10000 + i), Bytes(100, 'x'));
  batch.put("large", Bytes(5 << 20, 'y'));
  write(batch);
  reopen();
  EXPECT_EQ(get("large"), Bytes(5 << 20, 'y'));
  int count = 0;
  for (auto at = kv().scan("key", "kez"); at->valid(); at->next()) ++count;
  EXPECT_EQ(count, 2000);
}

// The same as a std::map, whatever is done to it.
TEST_P(KvSuite, AgreesWithAModel) {
  std::map<Bytes, Bytes> model;
  Prng prng(7);
  const auto random_key = [&] {
    Bytes key;
    for (std::uint64_t i = 0; i <= prng.below(3); ++i)
      key.push_back(
          "\x00\x01"
          "ab\xFE\xFF"[prng.below(6)]);
    return key;
  };
  for (int round = 0; round < 60; ++round) {
    Batch batch;
    for (std::uint64_t i = 0; i < prng.below(8); ++i) {
      Bytes key = random_key();
      if (prng.chance(1, 3)) {
        model.erase(key);
        batch.erase(key);
      } else {
        Bytes value = std::to_string(prng.below(1000));
        model.insert_or_assign(key, value);
        batch.put(key, value);
      }
    }
    write(batch);
    if (prng.chance(1, 10)) reopen();
    const Bytes from = random_key();
    std::string expected;
    for (auto at = model.lower_bound(from); at != model.end(); ++at) {
      expected.append(at->first).append("=").append(at->second).append(" ");
    }
    ASSERT_EQ(walk(from, ""), expected) << "round " << round;
    expected.clear();
    for (auto at = model.lower_bound(from); at != model.begin();) {
      --at;
      expected.append(at->first).append("=").append(at->second).append(" ");
    }
    ASSERT_EQ(walk_back("", from), expected) << "round " << round;
    const Bytes key = random_key();
    ASSERT_EQ(get(key), model.contains(key) ? model[key] : "-") << "round " << round;
  }
}

}  // namespace pando::store
