// store/cell_table.h — the cells in memory by their keys: one look costs two or three cache lines, however many there
// are.
//
// Open addressing with linear probing over slots of a hash and a pointer, at most half full; erasing shifts back what
// follows, so there are no tombstones (Knuth, TAOCP 3, 6.4, algorithm R). A cell lies in one block with its key behind
// it and never moves. Only ever looked up, never walked: nothing may hang on the order of slots. One thread.
#pragma once

#include <cstdint>
#include <vector>

#include "store/cell.h"

namespace pando::store {

class CellTable {
 public:
  CellTable() = default;
  ~CellTable();
  CellTable(const CellTable&) = delete;
  CellTable& operator=(const CellTable&) = delete;

  // Null when there is none.
  Cell* find(ByteSpan key) const;
  // `key` is not there yet (checked). The key of the cell is a copy of it. Stays where it is until erase().
  Cell& insert(ByteSpan key, Cell&& cell);
  // `cell` is one of these (checked), and gone afterwards.
  void erase(Cell& cell);
  std::size_t size() const { return count_; }

  // Hints for a find() that follows: the memory it looks at is brought near meanwhile. In this order, with other work
  // in between: the slot, then the cell, which is probably the one with that key; null where there is none.
  static std::uint64_t hash_of(ByteSpan key);
  void bring_slot(std::uint64_t hash) const {
    if (count_ != 0) __builtin_prefetch(&slots_[place_of(hash)]);
  }
  Cell* bring_cell(std::uint64_t hash) const;

 private:
  struct Slot {
    std::uint64_t hash = 0;
    Cell* cell = nullptr;
  };
  std::size_t place_of(std::uint64_t hash) const { return hash & (slots_.size() - 1); }
  std::size_t next(std::size_t place) const { return (place + 1) & (slots_.size() - 1); }
  void grow();

  std::vector<Slot> slots_;  // a power of two of them, or none
  std::size_t count_ = 0;
};

}  // namespace pando::store
