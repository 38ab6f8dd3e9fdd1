// engine/indexes.h — what is kept in memory about large keys of one namespace: orders of sorted sets and lists, sizes.
//
// Everything here is derived from the cells. It is built by one scan when a request first asks for it (or before, in
// slices: prepare()), follows every change of a cell (it observes the Cells), is dropped when memory runs short, least
// recently used first, and is gone after a restart. Expiry is not looked at here: a View hides keys whose time has run
// out before it asks.
//
// Pointers are valid until the next call or change of a cell. One thread.
#pragma once

#include <list>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/limits.h"
#include "engine/list_index.h"
#include "engine/score_index.h"
#include "store/cells.h"

namespace pando::engine {

class Indexes : public store::CellObserver {
 public:
  explicit Indexes(std::size_t bytes_max = limits::kIndexBytesMax) : bytes_max_(bytes_max) {}
  Indexes(const Indexes&) = delete;
  Indexes& operator=(const Indexes&) = delete;

  // Of a key as its cells are now. `touched` is raised to the last record that changed them.
  Result<const ScoreIndex*> scores(const store::Cells& cells, std::string_view table, ByteSpan key,
                                   const TableDeclaration& rules, LogPos& touched);
  // That of scores(), if it is here already; null otherwise.
  const ScoreIndex* kept_scores(std::string_view table, ByteSpan key, const TableDeclaration& rules, LogPos& touched);
  Result<const ListIndex*> list(const store::Cells& cells, std::string_view table, ByteSpan key,
                                const TableDeclaration& rules, LogPos& touched);
  // Goes on building what scores() (kScores) or list() (kList) would walk the whole key for, by at most `cells_max`
  // cells: true when it is there. The key may change in between.
  Result<bool> prepare(const store::Cells& cells, std::string_view table, ByteSpan key, ValueType type,
                       const TableDeclaration& rules, std::size_t cells_max);
  // What prepare() has so far is not wanted any more.
  void forget_prepared(std::string_view table, ByteSpan key);
  // How many members the set has, when that is known; see keep_set_size().
  std::optional<std::uint64_t> set_size(std::string_view table, ByteSpan key, LogPos& touched);
  // From here on it is known: somebody has counted all members, whose cells are of one kind.
  void keep_set_size(std::string_view table, ByteSpan key, CellKind kind, std::uint64_t size, LogPos touched);

  // True when it is known that the cells of a key are those of this type and an expiry, if there are any. False when
  // nothing is kept about the key.
  bool holds_only(std::string_view table, ByteSpan key, ValueType type);
  // From here on it is known: somebody has looked at all kinds of cells the key has.
  void learn_type(std::string_view table, ByteSpan key, ValueType type);

  void on_changed(ByteSpan cell_key, const store::Cell& cell, bool was_shown, LogPos pos) override;
  void on_erased(ByteSpan cell_key, LogPos pos) override;

  std::size_t bytes() const { return bytes_; }
  std::size_t keys() const { return kept_.size(); }

 private:
  struct SetSize {
    CellKind kind = CellKind::kMember;
    std::uint64_t size = 0;
  };
  // All that is kept about one key.
  struct Kept {
    std::unique_ptr<ScoreIndex> scores;
    TableDeclaration rules;  // by which bases were resolved
    std::unique_ptr<ListIndex> list;
    std::optional<SetSize> set;
    // The one type that all its cells were of when they were walked and since; nothing when there were several.
    std::optional<ValueType> only;
    LogPos touched;
    std::size_t bytes = 0;  // accounted for it
    std::list<Bytes>::iterator used;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(ByteSpan bytes) const { return std::hash<ByteSpan>()(bytes); }
  };
  // By the (table, key) part of its cells' keys. Looked up, never walked: age is in used_.
  using Map = std::unordered_map<Bytes, Kept, Hash, std::equal_to<>>;

  // Being built: of the cells up to `reached`, and of those that changed since.
  struct Making {
    ValueType type = ValueType::kScores;
    Kept kept;
    Bytes reached;  // cell key
  };

  // That all cells of a key are of one type, in a place picked by its hash: what was learnt last stays.
  struct Known {
    Bytes prefix;  // of its cells' keys; empty: nothing is known here
    ValueType type = ValueType::kValue;
  };
  // Places, to begin with and at most.
  static constexpr std::size_t kKnownFirst = 64;
  static constexpr std::size_t kKnownMax = 16'384;
  Known& known(ByteSpan prefix) { return known_[Hash()(prefix) & (known_.size() - 1)]; }
  void grow_known();

  Kept* find(std::string_view table, ByteSpan key);
  static bool has(const Kept* kept, ValueType type, const TableDeclaration& rules);
  // The one of this key, made when there is none, and used just now.
  Kept& open(std::string_view table, ByteSpan key);
  Result<Kept*> build(const store::Cells& cells, std::string_view table, ByteSpan key, ValueType type,
                      const TableDeclaration& rules);
  // True at the end of the key, whose cell keys start with `prefix`.
  Result<bool> walk(const store::Cells& cells, ByteSpan prefix, Making& making, std::size_t cells_max);
  void adopt(std::string_view table, ByteSpan key, Kept made);
  void follow(Kept& kept, ByteSpan element, const store::Cell& cell, bool was_shown);
  void account(Kept& kept);
  void drop(Map::iterator at);
  void make_room();

  std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  Map kept_;
  std::vector<Known> known_;                                         // a power of two of them, or none yet
  std::size_t displaced_ = 0;                                        // since known_ has this size
  std::unordered_map<Bytes, Making, Hash, std::equal_to<>> making_;  // by the same keys, looked up
  std::list<Bytes> used_;                                            // newest first
  Bytes scratch_;
};

}  // namespace pando::engine
