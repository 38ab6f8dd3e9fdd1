// crdt/counter.h — a number that many may change at once and that still adds up.
//
// Each origin counts in a slot of its own, so no two nodes ever write the same numbers:
//
//   slot (origin, birth) : added, removed             totals so far, written by that origin alone
//                          added_base, removed_base   how much of them a reset has taken away
//   value = Σ (added - added_base) - (removed - removed_base)
//
// All four only grow and merge by the larger, so repetition and order of delivery change nothing, and a reset
// takes away exactly what its writer saw: increments concurrent with it remain. `birth` is the seq of the
// commit that created the slot; a slot that is absent although the context covers (origin, birth) was
// retired. Only its origin may retire a slot. Equal states have equal bytes. One thread.
//
// The range is that of the kind: 64 bits for kCounter, ±kDecimalMax billionths for the others. add_op() refuses an
// increment that would leave it as seen here (kOutOfRange, nothing changes). Concurrent increments can still add up
// beyond it; the slots stay exact, value() answers the nearest 64-bit number, and a later decrement brings it back
// without loss.
#pragma once

#include <cstdint>
#include <vector>

#include "base/int128.h"
#include "base/status.h"
#include "model/op.h"
#include "model/version_vector.h"

namespace pando::crdt {

class Counter {
 public:
  struct Slot {
    Origin origin;
    Seq birth;
    UInt128 added = 0;
    UInt128 removed = 0;
    UInt128 added_base = 0;
    UInt128 removed_base = 0;

    Int128 value() const {
      return static_cast<Int128>(added - added_base) - static_cast<Int128>(removed - removed_base);
    }
    bool at_baseline() const { return added <= added_base && removed <= removed_base; }
    Dot born() const { return {origin, birth}; }
    friend bool operator==(const Slot&, const Slot&) = default;
  };

  // Nothing is stored for it. Not the same as absent().
  bool empty() const { return slots_.empty(); }
  // Reads as if it did not exist: never counted, or reset and not counted since. +5 -5 is present and 0.
  bool absent() const;
  const std::vector<Slot>& slots() const { return slots_; }  // sorted by (origin, birth)
  // The newest slot of one origin: the one it counts in. Null when it has none.
  const Slot* slot_of(const Origin& origin) const;

  Int128 exact() const;
  // exact(), or the nearest 64-bit number.
  std::int64_t value() const;
  // value() once `delta` more is counted.
  std::int64_t value_with(Int128 delta) const;
  // What `origin` contributes; value_of() clamped like value().
  Int128 exact_of(const Origin& origin) const;
  std::int64_t value_of(const Origin& origin) const;

  // Raises the slot (origin, birth) to these totals; lower ones change nothing.
  void count(const Origin& origin, Seq birth, UInt128 added, UInt128 removed);
  // The same where that slot is there; false, and nothing changes, where it is not.
  bool count_in_slot(const Origin& origin, Seq birth, UInt128 added, UInt128 removed);
  // Drops the slots whose birth `observed` covers. True when there was one.
  bool forget(const VersionVector& observed);
  // Raises the baselines of the observed slots; a slot that is not here was retired and stays so.
  void reset(const std::vector<CountResetOp::Slot>& observed);

  std::size_t heap_bytes() const;

  friend bool operator==(const Counter&, const Counter&) = default;
  friend Counter join(const Counter& a, const Context& seen_a, const Counter& b, const Context& seen_b);
  friend Counter decode_counter(Reader& in);

 private:
  std::vector<Slot> slots_;
};

// What both have seen: slots merge by the larger numbers; a slot that one side lacks although it has seen its
// birth is retired. The arguments may be swapped.
Counter join(const Counter& a, const Context& seen_a, const Counter& b, const Context& seen_b);

// Decide, at the origin: the op that adds `delta` (either sign) to the counter as seen here. `dot` is that of
// the commit being made; `current` is empty for a new counter. kOutOfRange when the value or a total of the
// origin's slot would leave its 64 bits.
Result<CountOp> add_op(const Counter& current, CellPath path, const Dot& dot, Int128 delta);
// The same for an op whose path is set already.
Status set_totals(const Counter& current, const Dot& dot, Int128 delta, CountOp& op);
// The op that takes away all increments and decrements seen here.
CountResetOp reset_op(const Counter& current, CellPath path);

// varint(count) then per slot, ascending by (origin, birth): origin varint(birth) varint(added)
// varint(removed) varint(added_base) varint(removed_base). docs/formats/cells.md.
void encode(const Counter& counter, Writer& out);
Counter decode_counter(Reader& in);

}  // namespace pando::crdt
