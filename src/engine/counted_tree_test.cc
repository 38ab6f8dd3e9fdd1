#include "engine/counted_tree.h"

#include <gtest/gtest.h>

#include <iterator>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/prng.h"

namespace pando::engine::counted_tree_test {
namespace {

// Some short enough to lie in their string, some not: those that do cannot be moved as bytes.
std::string name(std::uint64_t number) {
  std::string digits = std::to_string(number);
  digits.insert(0, 10 - digits.size(), '0');
  return number % 3 == 0 ? digits + "-which-does-not-fit" : digits;
}

// A tree beside the set that it is.
struct Both {
  void insert(const std::string& key) { ASSERT_EQ(tree.insert(key), plain.insert(key).second) << key; }
  void erase(std::string key) { ASSERT_EQ(tree.erase(key), plain.erase(key) == 1) << key; }
  void expect_same_at(std::size_t rank) const {
    if (rank >= plain.size()) {
      EXPECT_EQ(tree.find_by_order(rank), tree.end());
      return;
    }
    const std::string& key = *std::next(plain.begin(), static_cast<std::ptrdiff_t>(rank));
    ASSERT_NE(tree.find_by_order(rank), tree.end());
    EXPECT_EQ(*tree.find_by_order(rank), key);
    EXPECT_EQ(tree.order_of_key(key), rank);
    EXPECT_EQ(tree.order_of_key(key + "!"), rank + 1) << "of one that is not there";
    EXPECT_EQ(tree.find(key), tree.find_by_order(rank));
    EXPECT_FALSE(tree.contains(key + "!"));
  }
  void expect_same() const {
    tree.check();
    ASSERT_EQ(tree.size(), plain.size());
    std::vector<std::string> there(plain.begin(), plain.end());
    EXPECT_EQ(std::vector<std::string>(tree.begin(), tree.end()), there);
    std::vector<std::string> back;
    for (auto at = tree.end(); at != tree.begin();) back.push_back(*--at);
    EXPECT_EQ(back, std::vector<std::string>(there.rbegin(), there.rend()));
    if (there.empty()) return;
    EXPECT_EQ(tree.front(), there.front());
    EXPECT_EQ(tree.back(), there.back());
  }

  CountedTree<std::string> tree;
  std::set<std::string> plain;
};

TEST(CountedTree, OneThatIsEmptyHasNothing) {
  const CountedTree<int> tree;
  EXPECT_TRUE(tree.empty());
  EXPECT_EQ(tree.begin(), tree.end());
  EXPECT_EQ(tree.find(1), tree.end());
  EXPECT_EQ(tree.order_of_key(1), 0U);
  EXPECT_EQ(tree.find_by_order(0), tree.end());
  tree.check();
}

TEST(CountedTree, WhatIsThereIsNotInsertedTwice) {
  CountedTree<int> tree;
  for (const int key : {2, 1, 3}) EXPECT_TRUE(tree.insert(key));
  for (const int key : {1, 2, 3}) EXPECT_FALSE(tree.insert(key));
  EXPECT_EQ(tree.size(), 3U);
  EXPECT_FALSE(tree.erase(4));
  EXPECT_TRUE(tree.erase(2));
  EXPECT_EQ(tree.order_of_key(3), 1U);
}

// As lists are pushed to and popped from. 5,000: three levels.
TEST(CountedTree, GrowsAndShrinksAtEitherEnd) {
  for (const bool push_front : {false, true}) {
    for (const bool pop_front : {false, true}) {
      CountedTree<int> tree;
      for (int i = 0; i < 5'000; ++i) ASSERT_TRUE(tree.insert(push_front ? -i : i));
      tree.check();
      const int lowest = push_front ? -4'999 : 0;
      for (int i = 0; i < 5'000; i += 71) {
        ASSERT_EQ(*tree.find_by_order(static_cast<std::size_t>(i)), lowest + i);
        ASSERT_EQ(tree.order_of_key(lowest + i), static_cast<std::size_t>(i));
      }
      for (int left = 4'999; left >= 0; --left) {
        const int gone = pop_front ? tree.front() : tree.back();
        ASSERT_EQ(gone, pop_front ? lowest + 4'999 - left : lowest + left);
        ASSERT_TRUE(tree.erase(gone));
        ASSERT_EQ(tree.size(), static_cast<std::size_t>(left));
        if (left % 500 == 0) tree.check();
      }
      EXPECT_TRUE(tree.insert(1)) << "and again";
      EXPECT_EQ(tree.front(), 1);
    }
  }
}

TEST(CountedTree, AQueueDoesNotFillUpWithWhatHasGone) {
  CountedTree<int> tree;
  for (int i = 0; i < 20'000; ++i) {
    tree.insert(i);
    if (i >= 100) tree.erase(i - 100);
  }
  tree.check();
  EXPECT_EQ(tree.size(), 100U);
  EXPECT_EQ(tree.front(), 19'900);
}

TEST(CountedTree, IsTheSetItStandsFor) {
  Prng prng(11);
  for (int round = 0; round < 40; ++round) {
    Both both;
    const std::uint64_t keys = 1 + prng.below(round % 4 == 0 ? 40 : 6'000);
    const std::uint64_t grows = prng.below(10);  // of ten changes so many are meant to add
    std::uint64_t low = 5'000'000;
    std::uint64_t high = low;
    for (int step = 0; step < 4'000; ++step) {
      const std::uint64_t what = prng.below(10);
      const bool add = prng.below(10) < (step < 2'500 ? 8 : grows);
      if (what < 2) {
        add ? both.insert(name(--low)) : both.erase(name(low++));
      } else if (what < 4) {
        add ? both.insert(name(++high)) : both.erase(name(high--));
      } else {
        const std::string key = name(5'000'000 + prng.below(keys));
        add ? both.insert(key) : both.erase(key);
      }
      if (low > high) low = high = 5'000'000;
      if (step % 100 == 0) both.expect_same_at(prng.below(both.plain.size() + 2));
      if (step % 1'000 == 0) both.expect_same();
    }
    both.expect_same();
    while (!both.plain.empty()) both.erase(*std::next(both.plain.begin(), ptrdiff_t(prng.below(both.plain.size()))));
    both.expect_same();
  }
}

TEST(CountedTree, MovesWhole) {
  CountedTree<std::string> a;
  for (std::uint64_t i = 0; i < 300; ++i) a.insert(name(i));
  CountedTree<std::string> b(std::move(a));
  EXPECT_EQ(b.size(), 300U);
  CountedTree<std::string> c;
  c.insert("one");
  c = std::move(b);
  c.check();
  EXPECT_EQ(c.size(), 300U);
  EXPECT_EQ(*c.find_by_order(7), name(7));
}

// The same members with scores of their own kind of order.
TEST(CountedTree, GoesByTheOrderItIsGiven) {
  CountedTree<int, std::greater<int>> tree;
  for (int i = 0; i < 200; ++i) tree.insert(i);
  EXPECT_EQ(tree.front(), 199);
  EXPECT_EQ(tree.order_of_key(190), 9U);
  tree.check();
}

}  // namespace
}  // namespace pando::engine::counted_tree_test
