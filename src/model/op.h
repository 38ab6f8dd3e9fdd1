// model/op.h — what a commit does to cells: the evolve-level operations.
//
// Every op is idempotent and commutes with concurrent ones: applying it twice, late, or over newer state
// changes nothing. The dot of everything an op writes is the dot of the commit that carries it; if two ops
// of one commit write the same cell, the later one wins (the engine folds them before they get here).
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "model/path.h"
#include "model/version_vector.h"

namespace pando {

// Writes a register (any kind that is no counter) and removes the values its writer saw. The value of a presence
// (is_presence()) is empty.
struct PutOp {
  CellPath path;
  Bytes value;
  std::vector<Dot> replaces;  // sorted
  friend bool operator==(const PutOp&, const PutOp&) = default;
};

// Removes the values of a register that its writer saw. Concurrent values stay.
struct RemoveOp {
  CellPath path;
  std::vector<Dot> replaces;  // sorted, not empty
  friend bool operator==(const RemoveOp&, const RemoveOp&) = default;
};

// Removes from the cells of (table, key) all that `observed` covers. One small op however many cells there are.
//
// Counters are left alone and reset by CountResetOp instead, which takes away exactly what was seen. With
// `forget_counters` their slots that were born in `observed` go whole, with whatever their origins count in them
// later on: for a key whose time had run out, of which the writer may know nothing any more.
struct ClearOp {
  std::string table;
  Bytes key;
  VersionVector observed;
  std::uint32_t kinds = 0;  // bit k: cells of kind k; 0 is every kind
  Bytes prefix = {};        // only elements that start with it
  bool forget_counters = false;
  bool exact = false;  // only the element that `prefix` is: the name of a column may begin another's

  bool plain() const { return kinds == 0 && prefix.empty() && !forget_counters && !exact; }
  bool includes(CellKind kind, ByteSpan element) const {
    return (kinds == 0 || (kinds >> static_cast<unsigned>(kind) & 1U) != 0) &&
           (exact ? element == ByteSpan(prefix) : element.substr(0, prefix.size()) == prefix);
  }
  friend bool operator==(const ClearOp&, const ClearOp&) = default;
};

// The totals of the origin's own slot of a counter after an increment or decrement, not the step:
// only the last one matters, so runs of them coalesce and a repeated delivery adds nothing.
struct CountOp {
  CellPath path;  // of a counter
  Seq birth;      // the commit that created this slot; its own seq when it is this one
  UInt128 added = 0;
  UInt128 removed = 0;
  friend bool operator==(const CountOp&, const CountOp&) = default;
};

// Resets a counter to what is concurrent with the reset: each slot the writer saw gets what it saw as baseline.
struct CountResetOp {
  struct Slot {
    Origin origin;
    Seq birth;
    UInt128 added = 0;
    UInt128 removed = 0;
    friend bool operator==(const Slot&, const Slot&) = default;
  };
  CellPath path;               // of a counter
  std::vector<Slot> observed;  // sorted by origin, then birth
  friend bool operator==(const CountResetOp&, const CountResetOp&) = default;
};

using Op = std::variant<PutOp, RemoveOp, ClearOp, CountOp, CountResetOp>;

// Totals of a slot stay below: 2^64 for kCounter, 2^110 for all others, so that sums of 65,536 slots fit 128 bits.
UInt128 slot_total_max(CellKind kind);

// u8(tag) then the fields in order; tags are 1…6 and never renumbered. docs/formats/commit.md.
void encode(const Op& op, Writer& out);
// One after the other, without their number.
void encode(const std::vector<Op>& ops, Writer& out);
Op decode_op(Reader& in);

// The table and key that an op touches.
std::string_view table_of(const Op& op);
ByteSpan key_of(const Op& op);

}  // namespace pando
