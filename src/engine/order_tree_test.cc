#include "engine/order_tree.h"

#include <gtest/gtest.h>

#include <set>

#include "base/prng.h"

namespace pando::engine::order_tree_test {
namespace {

// An overlay beside the set that it stands for.
struct Both {
  explicit Both(const std::set<int>& keys) : plain(keys) {
    for (const int key : keys) base.insert(key);
  }
  void insert(int key) {
    overlay.insert(key);
    plain.insert(key);
  }
  void erase(int key) {
    overlay.erase(key);
    plain.erase(key);
  }
  void expect_same() const {
    ASSERT_EQ(overlay.size(), plain.size());
    std::size_t rank = 0;
    for (const int key : plain) {
      EXPECT_EQ(overlay.at(rank), key) << "at " << rank;
      EXPECT_EQ(overlay.rank(key), rank);
      EXPECT_TRUE(overlay.contains(key));
      ++rank;
    }
  }

  OrderTree<int> base;
  std::set<int> plain;
  OrderOverlay<int> overlay{&base};
};

TEST(OrderOverlay, EndsOfOneWithoutABase) {
  OrderOverlay<int> overlay(nullptr);
  overlay.insert_new(5);
  EXPECT_EQ(overlay.at(0), 5);
  overlay.insert_new(3);
  overlay.insert_new(7);
  EXPECT_EQ(overlay.at(0), 3);
  EXPECT_EQ(overlay.at(2), 7);
}

TEST(OrderOverlay, EndsAreThoseOfTheBaseOrOfWhatWasAdded) {
  Both both({10, 20, 30});
  both.expect_same();
  both.insert(5);
  both.insert(35);
  both.expect_same();
  both.erase(5);
  both.erase(10);
  both.erase(30);
  both.expect_same();
}

TEST(OrderOverlay, IsTheSetItStandsFor) {
  Prng prng(7);
  for (int round = 0; round < 200; ++round) {
    std::set<int> keys;
    for (std::uint64_t i = prng.below(12); i > 0; --i) keys.insert(static_cast<int>(prng.below(40)));
    Both both(keys);
    for (std::uint64_t step = prng.below(20); step > 0; --step) {
      const int key = static_cast<int>(prng.below(40));
      const bool there = both.plain.count(key) != 0;
      if (there && prng.below(3) == 0) both.erase(key);
      if (!there) both.insert(key);
    }
    both.expect_same();
  }
}

}  // namespace
}  // namespace pando::engine::order_tree_test
