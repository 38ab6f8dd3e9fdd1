// engine/order_tree.h — ordered sets that know the rank of each key, and small changes laid over a large one.
//
// An OrderTree finds, inserts, erases, ranks and counts in O(log n) (engine/counted_tree.h). An OrderOverlay is what a
// draft does to such a set before anything of it is committed: ranks and n-th of the changed set without copying the
// large one, in O(log² n).
#pragma once

#include <algorithm>
#include <functional>

#include "base/check.h"
#include "engine/counted_tree.h"

namespace pando::engine {

template <typename Key, typename Less = std::less<Key>>
using OrderTree = CountedTree<Key, Less>;

template <typename Key, typename Less = std::less<Key>>
class OrderOverlay {
 public:
  using Tree = OrderTree<Key, Less>;

  // `base` outlives this and does not change meanwhile; null is an empty set.
  explicit OrderOverlay(const Tree* base) : base_(base) {}

  std::size_t size() const { return base_size() - removed_.size() + added_.size(); }
  bool contains(const Key& key) const {
    if (added_.contains(key)) return true;
    return in_base(key) && !removed_.contains(key);
  }
  // How many stand before it, whether it is there or not.
  std::size_t rank(const Key& key) const {
    const std::size_t below = base_ == nullptr ? 0 : base_->order_of_key(key);
    return below - removed_.order_of_key(key) + added_.order_of_key(key);
  }
  // The one with `rank` others before it.
  const Key& at(std::size_t rank) const {
    CHECK(rank < size());
    // Where most pushes go, without a search.
    if (removed_.empty() && rank == 0) return first();
    if (removed_.empty() && rank == size() - 1) return last();
    // Of the added ones, how many stand before that rank: their own ranks ascend.
    const std::size_t before =
        first_where(added_.size(), [&](std::size_t i) { return this->rank(*added_.find_by_order(i)) >= rank; });
    if (before < added_.size()) {
      if (const Key& key = *added_.find_by_order(before); this->rank(key) == rank) return key;
    }
    // The rest are those of the base that stay. The i-th removed one has (its rank in the base) - i of them before it.
    const std::size_t kept = rank - before;
    const std::size_t gone = first_where(
        removed_.size(), [&](std::size_t i) { return base_->order_of_key(*removed_.find_by_order(i)) - i > kept; });
    return *base_->find_by_order(kept + gone);
  }

  // Of a key that is not there and never was.
  void insert_new(const Key& key) { added_.insert(key); }
  void insert(const Key& key) {
    if (in_base(key)) {
      removed_.erase(key);
    } else {
      added_.insert(key);
    }
  }
  void erase(const Key& key) {
    if (in_base(key)) {
      removed_.insert(key);
    } else {
      added_.erase(key);
    }
  }

 private:
  // While none are removed, and there is one.
  const Key& first() const {
    if (base_size() == 0) return added_.front();
    return added_.empty() || Less()(base_->front(), added_.front()) ? base_->front() : added_.front();
  }
  const Key& last() const {
    if (base_size() == 0) return added_.back();
    return added_.empty() || Less()(added_.back(), base_->back()) ? base_->back() : added_.back();
  }
  std::size_t base_size() const { return base_ == nullptr ? 0 : base_->size(); }
  bool in_base(const Key& key) const { return base_ != nullptr && base_->contains(key); }
  // The smallest i in [0, count) for which `test` holds, as it does for all behind; `count` when there is none.
  template <typename Test>
  static std::size_t first_where(std::size_t count, Test test) {
    std::size_t low = 0;
    while (low < count) {
      const std::size_t middle = low + (count - low) / 2;
      if (test(middle)) {
        count = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }

  const Tree* base_;
  Tree added_;    // not in the base
  Tree removed_;  // in the base
};

}  // namespace pando::engine
