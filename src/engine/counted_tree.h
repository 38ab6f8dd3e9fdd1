// engine/counted_tree.h — an ordered set that knows the rank of each key: a B+-tree that counts what is below.
//
// Keys are in leaves of up to kLeafKeys that lie in a row; a branch knows how many keys are below it and its lowest
// leaf, whose first key is where it begins. find, insert, erase, rank and n-th are O(log n), with a few cache lines per
// level where a binary tree has one per comparison. At the ends (where lists are pushed and popped) no search is made,
// and a leaf has its room where it grows, so that nothing is shifted: front insertion leaves it in front.
//
// A leaf grows from four keys, so that a set of few is small. A split at an end of the set leaves the old leaf full; a
// leaf that has lost three quarters of its keys goes into a neighbour that has room. R. Bayer, E. McCreight,
// "Organization and Maintenance of Large Ordered Indices" (1972).
//
// Iterators and references hold until the next change. Less(a, b) of two keys does not change while they are in.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <memory>
#include <new>
#include <utility>

#include "base/check.h"

namespace pando::engine {

template <typename Key, typename Less = std::less<Key>>
class CountedTree {
  struct Leaf;
  struct Inner;

 public:
  static constexpr std::uint32_t kLeafKeys = 64;
  static constexpr std::uint32_t kBranches = 32;

  class const_iterator {
   public:
    using iterator_category = std::bidirectional_iterator_tag;
    using value_type = Key;
    using difference_type = std::ptrdiff_t;
    using pointer = const Key*;
    using reference = const Key&;

    const Key& operator*() const { return leaf_->at(index_); }
    const Key* operator->() const { return &leaf_->at(index_); }
    const_iterator& operator++() {
      if (++index_ == leaf_->count) *this = {tree_, leaf_->after, 0};
      return *this;
    }
    // From end() to the last one.
    const_iterator& operator--() {
      if (index_ == 0) {
        leaf_ = leaf_ == nullptr ? tree_->last_ : leaf_->before;
        index_ = leaf_->count;
      }
      --index_;
      return *this;
    }
    bool operator==(const const_iterator& other) const { return leaf_ == other.leaf_ && index_ == other.index_; }

   private:
    friend class CountedTree;
    const_iterator(const CountedTree* tree, const Leaf* leaf, std::uint32_t index)
        : tree_(tree), leaf_(leaf), index_(index) {}
    const CountedTree* tree_;
    const Leaf* leaf_;  // null: the end
    std::uint32_t index_;
  };

  CountedTree() = default;
  CountedTree(CountedTree&& other) noexcept
      : root_(std::exchange(other.root_, {})), last_(std::exchange(other.last_, nullptr)) {}
  CountedTree& operator=(CountedTree&& other) noexcept {
    std::swap(root_, other.root_);
    std::swap(last_, other.last_);
    return *this;
  }
  ~CountedTree() { clear(); }

  std::size_t size() const { return root_.below; }
  bool empty() const { return size() == 0; }
  const_iterator begin() const { return {this, root_.lowest, 0}; }
  const_iterator end() const { return {this, nullptr, 0}; }
  // Of one that is not empty.
  const Key& front() const { return root_.lowest->at(0); }
  const Key& back() const { return last_->at(last_->count - 1); }

  bool contains(const Key& key) const { return find(key) != end(); }
  const_iterator find(const Key& key) const {
    if (empty() || side_of(key) != Side::kInside) return end();
    const Branch* at = &root_;
    while (at->inner != nullptr) at = &at->inner->branches[at->inner->slot_of(key)];
    const std::uint32_t index = at->lowest->rank(key);
    if (index == at->lowest->count || Less()(key, at->lowest->at(index))) return end();
    return {this, at->lowest, index};
  }
  // How many stand before it, whether it is there or not.
  std::size_t order_of_key(const Key& key) const {
    if (empty()) return 0;
    if (const Side side = side_of(key); side != Side::kInside) return side == Side::kFront ? 0 : size();
    std::size_t rank = 0;
    const Branch* at = &root_;
    while (at->inner != nullptr) {
      const std::uint32_t slot = at->inner->slot_of(key);
      for (std::uint32_t i = 0; i < slot; ++i) rank += at->inner->branches[i].below;
      at = &at->inner->branches[slot];
    }
    return rank + at->lowest->rank(key);
  }
  // The one with so many before it; end() when there are no more.
  const_iterator find_by_order(std::size_t rank) const {
    if (rank >= size()) return end();
    const Branch* at = &root_;
    while (at->inner != nullptr) {
      std::uint32_t slot = 0;
      while (rank >= at->inner->branches[slot].below) rank -= at->inner->branches[slot++].below;
      at = &at->inner->branches[slot];
    }
    return {this, at->lowest, static_cast<std::uint32_t>(rank)};
  }

  // False when it was there.
  bool insert(Key key) {
    if (empty()) {
      last_ = new Leaf;
      last_->insert(0, std::move(key));
      root_ = {1, last_, nullptr};
      return true;
    }
    Grown grown = insert(root_, key, side_of(key));
    if (grown.beside.lowest != nullptr) {
      auto* const above = new Inner;
      above->branches[above->count++] = root_;
      above->branches[above->count++] = grown.beside;
      root_ = {root_.below + grown.beside.below, root_.lowest, above};
    }
    return grown.inserted;
  }
  // False when it was not there.
  bool erase(const Key& key) {
    if (empty() || !erase(root_, key)) return false;
    while (root_.inner != nullptr && root_.inner->count == 1) {
      const Branch only = root_.inner->branches[0];
      delete root_.inner;
      root_ = only;
    }
    if (root_.below == 0) clear();
    return true;
  }
  void clear() {
    drop(root_);
    root_ = {};
    last_ = nullptr;
  }

  // For tests: stops the process where something does not hold.
  void check() const {
    std::size_t keys = 0;
    const Leaf* before = nullptr;
    check(root_, before, keys);
    CHECK(keys == size());
    CHECK(before == last_ && (last_ == nullptr || last_->after == nullptr));
  }

 private:
  enum class Side { kFront, kInside, kBack };

  struct Leaf {
    Leaf* before = nullptr;
    Leaf* after = nullptr;
    Key* keys = nullptr;  // room for `capacity`, of which [first, first + count) are keys
    std::uint32_t capacity = 0;
    std::uint32_t first = 0;
    std::uint32_t count = 0;

    Leaf() = default;
    Leaf(const Leaf&) = delete;
    Leaf& operator=(const Leaf&) = delete;
    ~Leaf() {
      std::destroy_n(keys + first, count);
      if (keys != nullptr) std::allocator<Key>().deallocate(keys, capacity);
    }
    Key& at(std::uint32_t index) { return keys[first + index]; }
    const Key& at(std::uint32_t index) const { return keys[first + index]; }
    bool full() const { return count == kLeafKeys; }
    std::uint32_t rank(const Key& key) const {
      return static_cast<std::uint32_t>(std::lower_bound(keys + first, keys + first + count, key, Less()) - keys) -
             first;
    }
    // Not full.
    void insert(std::uint32_t index, Key&& key) {
      const bool nearer_front = index < count - index;
      const bool at_front = index == 0 && count > 0;
      if (count == capacity) {
        reserve(std::max<std::uint32_t>(4, 2 * capacity), at_front);
      } else if ((index == 0 && first == 0) || (index == count && first + count == capacity)) {
        // The room goes where it grows.
        move_to(at_front ? capacity - count : 0);
      }
      const bool room_behind = first + count < capacity;
      if (first > 0 && (nearer_front || !room_behind)) {
        --first;
        for (std::uint32_t i = 0; i < index; ++i) relocate(&at(i + 1), &at(i));
      } else {
        for (std::uint32_t i = count; i > index; --i) relocate(&at(i - 1), &at(i));
      }
      new (&at(index)) Key(std::move(key));
      ++count;
    }
    void erase(std::uint32_t index) {
      at(index).~Key();
      --count;
      if (index < count - index) {
        for (std::uint32_t i = index; i > 0; --i) relocate(&at(i - 1), &at(i));
        ++first;
      } else {
        for (std::uint32_t i = index; i < count; ++i) relocate(&at(i + 1), &at(i));
      }
    }
    // Takes those from `index` on away from `from` and puts them behind its own, for which there is room in a leaf.
    void take(Leaf& from, std::uint32_t index) {
      const std::uint32_t more = from.count - index;
      if (count + more > capacity) reserve(kLeafKeys, /*room_in_front=*/false);
      if (first + count + more > capacity) move_to(0);
      for (std::uint32_t i = 0; i < more; ++i) relocate(&from.at(index + i), &at(count + i));
      count += more;
      from.count = index;
    }
    void reserve(std::uint32_t keys_max, bool room_in_front) {
      const std::uint32_t new_capacity = std::min(keys_max, kLeafKeys);
      const std::uint32_t new_first = room_in_front ? new_capacity - count : 0;
      Key* const made = std::allocator<Key>().allocate(new_capacity);
      for (std::uint32_t i = 0; i < count; ++i) relocate(&at(i), made + new_first + i);
      if (keys != nullptr) std::allocator<Key>().deallocate(keys, capacity);
      keys = made;
      capacity = new_capacity;
      first = new_first;
    }
    void move_to(std::uint32_t new_first) {
      if (new_first < first) {
        for (std::uint32_t i = 0; i < count; ++i) relocate(&at(i), keys + new_first + i);
      } else if (new_first > first) {
        for (std::uint32_t i = count; i > 0; --i) relocate(&at(i - 1), keys + new_first + i - 1);
      }
      first = new_first;
    }
    static void relocate(Key* from, Key* to) {
      new (to) Key(std::move(*from));
      from->~Key();
    }
  };

  // A part of the set.
  struct Branch {
    std::size_t below = 0;  // keys
    Leaf* lowest = nullptr;
    Inner* inner = nullptr;  // null: `lowest` is all of it
  };
  struct Inner {
    std::uint32_t count = 0;
    std::array<Branch, kBranches> branches;
    bool full() const { return count == kBranches; }
    // Where a key is, or would be.
    std::uint32_t slot_of(const Key& key) const {
      const auto begin = branches.begin();
      const auto behind = std::upper_bound(begin + 1, begin + count, key, [](const Key& k, const Branch& branch) {
        return Less()(k, branch.lowest->at(0));
      });
      return static_cast<std::uint32_t>(behind - begin) - 1;
    }
    void insert(std::uint32_t slot, const Branch& branch) {
      std::copy_backward(branches.begin() + slot, branches.begin() + count, branches.begin() + count + 1);
      branches[slot] = branch;
      ++count;
    }
    void remove(std::uint32_t slot) {
      std::copy(branches.begin() + slot + 1, branches.begin() + count, branches.begin() + slot);
      --count;
    }
    std::size_t below() const {
      std::size_t sum = 0;
      for (std::uint32_t i = 0; i < count; ++i) sum += branches[i].below;
      return sum;
    }
  };
  struct Grown {
    bool inserted = false;
    Branch beside;  // what is to stand right of the branch; nothing when there was room
  };

  Side side_of(const Key& key) const {
    if (Less()(back(), key)) return Side::kBack;
    return Less()(key, front()) ? Side::kFront : Side::kInside;
  }

  // A leaf right of `leaf`.
  Leaf* link_after(Leaf* leaf) {
    auto* const made = new Leaf;
    made->before = leaf;
    made->after = leaf->after;
    (leaf->after == nullptr ? last_ : leaf->after->before) = made;
    leaf->after = made;
    return made;
  }
  void unlink(Leaf* leaf) {
    if (leaf->before != nullptr) leaf->before->after = leaf->after;
    (leaf->after == nullptr ? last_ : leaf->after->before) = leaf->before;
    delete leaf;
  }

  Grown insert(Branch& branch, Key& key, Side side) {
    return branch.inner == nullptr ? insert_in_leaf(branch, key, side) : insert_in_inner(branch, key, side);
  }

  Grown insert_in_leaf(Branch& branch, Key& key, Side side) {
    Leaf& leaf = *branch.lowest;
    const std::uint32_t index = side == Side::kFront ? 0 : side == Side::kBack ? leaf.count : leaf.rank(key);
    if (side == Side::kInside && index < leaf.count && !Less()(key, leaf.at(index))) return {};
    if (!leaf.full()) {
      leaf.insert(index, std::move(key));
      ++branch.below;
      return {true, {}};
    }
    Leaf* const right = link_after(&leaf);
    if (side == Side::kBack) {
      right->insert(0, std::move(key));
    } else if (side == Side::kFront) {
      // The full one is the one to the right.
      std::swap(leaf.keys, right->keys);
      std::swap(leaf.capacity, right->capacity);
      std::swap(leaf.first, right->first);
      std::swap(leaf.count, right->count);
      leaf.insert(0, std::move(key));
    } else {
      right->take(leaf, kLeafKeys / 2);
      index <= kLeafKeys / 2 ? leaf.insert(index, std::move(key))
                             : right->insert(index - kLeafKeys / 2, std::move(key));
    }
    branch.below = leaf.count;
    return {true, {right->count, right, nullptr}};
  }

  Grown insert_in_inner(Branch& branch, Key& key, Side side) {
    Inner& inner = *branch.inner;
    const std::uint32_t slot = side == Side::kFront ? 0 : side == Side::kBack ? inner.count - 1 : inner.slot_of(key);
    const Grown grown = insert(inner.branches[slot], key, side);
    if (grown.inserted) ++branch.below;
    if (grown.beside.lowest == nullptr) return {grown.inserted, {}};
    if (!inner.full()) {
      inner.insert(slot + 1, grown.beside);
      return {true, {}};
    }
    auto* const right = new Inner;
    if (side == Side::kBack) {
      right->insert(0, grown.beside);
    } else {
      const std::uint32_t stay = side == Side::kFront ? 1 : kBranches / 2;
      std::copy(inner.branches.begin() + stay, inner.branches.begin() + inner.count, right->branches.begin());
      right->count = inner.count - stay;
      inner.count = stay;
      slot < stay&& side != Side::kFront ? inner.insert(slot + 1, grown.beside)
                                         : right->insert(slot + 1 - stay, grown.beside);
    }
    branch.below = inner.below();
    return {true, {right->below(), right->branches[0].lowest, right}};
  }

  bool erase(Branch& branch, const Key& key) {
    if (branch.inner == nullptr) {
      Leaf& leaf = *branch.lowest;
      const std::uint32_t index = leaf.rank(key);
      if (index == leaf.count || Less()(key, leaf.at(index))) return false;
      leaf.erase(index);
      --branch.below;
      return true;
    }
    Inner& inner = *branch.inner;
    const std::uint32_t slot = inner.slot_of(key);
    if (!erase(inner.branches[slot], key)) return false;
    --branch.below;
    tidy(inner, slot);
    if (inner.count > 0) branch.lowest = inner.branches[0].lowest;
    return true;
  }

  static bool light(const Branch& branch) {
    return branch.inner == nullptr ? branch.lowest->count < kLeafKeys / 4 : branch.inner->count < kBranches / 4;
  }
  static bool has_room(const Branch& branch) {
    return branch.inner == nullptr ? branch.lowest->count <= kLeafKeys / 2 : branch.inner->count <= kBranches / 2;
  }
  // After a key of that branch has gone.
  void tidy(Inner& inner, std::uint32_t slot) {
    const Branch& branch = inner.branches[slot];
    if (branch.below == 0) {
      branch.inner == nullptr ? unlink(branch.lowest) : delete branch.inner;
      inner.remove(slot);
    } else if (light(branch)) {
      if (slot > 0 && has_room(inner.branches[slot - 1])) {
        merge(inner, slot - 1);
      } else if (slot + 1 < inner.count && has_room(inner.branches[slot + 1])) {
        merge(inner, slot);
      }
    }
  }
  // The branch right of that one goes into it.
  void merge(Inner& inner, std::uint32_t slot) {
    Branch& left = inner.branches[slot];
    const Branch right = inner.branches[slot + 1];
    left.below += right.below;
    if (left.inner == nullptr) {
      left.lowest->take(*right.lowest, 0);
      unlink(right.lowest);
    } else {
      std::copy_n(right.inner->branches.begin(), right.inner->count, left.inner->branches.begin() + left.inner->count);
      left.inner->count += right.inner->count;
      delete right.inner;
    }
    inner.remove(slot + 1);
  }

  static void drop(const Branch& branch) {
    if (branch.inner == nullptr) {
      delete branch.lowest;
      return;
    }
    for (std::uint32_t i = 0; i < branch.inner->count; ++i) drop(branch.inner->branches[i]);
    delete branch.inner;
  }

  static void check(const Branch& branch, const Leaf*& before, std::size_t& keys) {
    if (branch.inner != nullptr) {
      CHECK(branch.inner->count > 0 && branch.inner->count <= kBranches);
      CHECK(branch.inner->below() == branch.below && branch.inner->branches[0].lowest == branch.lowest);
      for (std::uint32_t i = 0; i < branch.inner->count; ++i) check(branch.inner->branches[i], before, keys);
      return;
    }
    const Leaf* const leaf = branch.lowest;
    if (leaf == nullptr) return;
    CHECK(leaf->count > 0 && leaf->count == branch.below && leaf->first + leaf->count <= leaf->capacity);
    CHECK(leaf->before == before && (before == nullptr || before->after == leaf));
    CHECK(before == nullptr || Less()(before->at(before->count - 1), leaf->at(0)));
    for (std::uint32_t i = 1; i < leaf->count; ++i) CHECK(Less()(leaf->at(i - 1), leaf->at(i)));
    keys += leaf->count;
    before = leaf;
  }

  Branch root_;
  Leaf* last_ = nullptr;
};

}  // namespace pando::engine
