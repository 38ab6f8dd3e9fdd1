// engine/score_index.h — the members of one sorted set in the order of (score, member), with ranks.
//
// Derived from the cells and never stored: fed with every cell of the set once, then with each that changes. A base
// and a sum of additions are kept per member, so a change of one cell never needs another one read.
// deterministic: floating point, as IEEE 754 doubles without contraction: the same on every site.
#pragma once

#include <optional>
#include <unordered_map>

#include "crdt/counter.h"
#include "crdt/register.h"
#include "engine/order_tree.h"
#include "model/scores.h"
#include "model/table_declaration.h"

namespace pando::engine {

// The base that reads of a member show; nothing when the register is empty. Where a table's resolver goes by numbers,
// scores are what it compares.
std::optional<double> resolve_base(const crdt::Register& reg, const TableDeclaration& table);

class ScoreIndex {
 public:
  // A place in the order: before `member` of that score (ordered_score()), or before all of that score when null.
  struct Place {
    std::uint64_t score = 0;
    const Bytes* member = nullptr;
  };
  struct Before {
    bool operator()(const Place& a, const Place& b) const {
      if (a.score != b.score) return a.score < b.score;
      if (b.member == nullptr) return false;
      return a.member == nullptr || *a.member < *b.member;
    }
  };
  using Order = OrderTree<Place, Before>;

  // What the member's cells hold now; nothing for a cell that is absent or reads so.
  void set_base(ByteSpan member, std::optional<double> base);
  void set_added(ByteSpan member, std::optional<Int128> billionths);

  struct Member {
    std::optional<double> base;
    std::optional<Int128> added;
    bool there() const { return base.has_value() || added.has_value(); }
    double score() const { return add_to_score(base.value_or(0), added.value_or(0)); }
  };

  std::size_t size() const { return order_.size(); }
  // Null when it is not in. Borrowed until the next change.
  const Member* find(ByteSpan member) const;
  std::optional<double> score(ByteSpan member) const;
  // In ascending order; places lend their members.
  const Order& order() const { return order_; }
  // Ranks [first, second) of a range by rank or score, ascending whatever its direction.
  std::pair<std::size_t, std::size_t> find(const ScoreRange& range) const;

  // An estimate of what it takes in memory.
  std::size_t bytes() const { return bytes_; }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(ByteSpan member) const { return std::hash<ByteSpan>()(member); }
  };
  // Looked up only, never walked: the order is in order_, which borrows the keys.
  using Members = std::unordered_map<Bytes, Member, Hash, std::equal_to<>>;

  template <typename Change>
  void change(ByteSpan member, Change change);

  Members members_;
  Order order_;
  std::size_t bytes_ = 0;
};

// Ranks [first, second) of `size` that `first` to `last` mean: negative ones from the end, both included.
std::pair<std::size_t, std::size_t> ranks_between(std::int64_t first, std::int64_t last, std::size_t size);
// The scores from and before which a range by score lies, as ordered_score().
std::pair<std::uint64_t, std::uint64_t> scores_between(const ScoreRange& range);

}  // namespace pando::engine
