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

// Writes a register (any kind but kCounter) and removes the values its writer saw. The value of a presence
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

// Removes from every cell under (table, key), whatever its kind, all that `observed` covers; counters are
// reset by CountResetOp instead. One small op however many cells the key has.
struct ClearOp {
  std::string table;
  Bytes key;
  VersionVector observed;
  friend bool operator==(const ClearOp&, const ClearOp&) = default;
};

// The totals of the origin's own slot of a counter after an increment or decrement, not the step:
// only the last one matters, so runs of them coalesce and a repeated delivery adds nothing.
struct CountOp {
  CellPath path;  // kind kCounter
  Seq birth;      // the commit that created this slot; its own seq when it is this one
  std::uint64_t added = 0;
  std::uint64_t removed = 0;
  friend bool operator==(const CountOp&, const CountOp&) = default;
};

// Resets a counter to what is concurrent with the reset: each slot the writer saw gets what it saw as baseline.
struct CountResetOp {
  struct Slot {
    Origin origin;
    Seq birth;
    std::uint64_t added = 0;
    std::uint64_t removed = 0;
    friend bool operator==(const Slot&, const Slot&) = default;
  };
  CellPath path;               // kind kCounter
  std::vector<Slot> observed;  // sorted by origin, then birth
  friend bool operator==(const CountResetOp&, const CountResetOp&) = default;
};

using Op = std::variant<PutOp, RemoveOp, ClearOp, CountOp, CountResetOp>;

// u8(tag) then the fields in order; tags are 1…5 and never renumbered. docs/formats/commit.md.
void encode(const Op& op, Writer& out);
Op decode_op(Reader& in);

// The table and key that an op touches.
std::string_view table_of(const Op& op);
ByteSpan key_of(const Op& op);

}  // namespace pando
