// store/range_digest.h — what a range of cells comes to, so that two nodes find the cells in which they differ.
//
// The sum of a hash of each cell: the sum of a range is that of its parts, however it is cut. Ranges are of cell keys
// as stored (store/cell_key.h), so both sides agree on their order. Over a Kv: of now or of a snapshot
// (store/past_kv.h), through an overlay of cells that are taken to be otherwise.
//
// Every call looks at a bounded number of cells and says where it stopped.
#pragma once

#include <map>
#include <optional>

#include "store/cell.h"
#include "store/kv.h"

namespace pando::store {

struct RangeDigest {
  std::uint64_t sum = 0;  // of XXH3-64 over bytes(cell key) bytes(state), modulo 2^64
  std::uint64_t count = 0;

  void add(ByteSpan cell_key, ByteSpan state);
  friend bool operator==(const RangeDigest&, const RangeDigest&) = default;
};

// States that replace those in the Kv; none: the cell is taken to be absent.
using Overlay = std::map<Bytes, std::optional<Bytes>, std::less<>>;

// The first cell key there can be, and the first byte string above all of them.
Bytes first_cell_key();
Bytes cell_keys_end();

// Calls visit(cell key, state) for each cell in [at, to), at most `cells_max`; visit answers false to stop behind the
// cell. Moves `at` behind what was visited, to `to` at the end.
template <typename Visit>
Status walk_range(const Kv& kv, const Overlay* overlay, Bytes& at, ByteSpan to, std::size_t cells_max, Visit visit);

// A byte string that is above `below` and not above `above`, as short as there is one; below < above.
Bytes separator(ByteSpan below, ByteSpan above);

// Implementation. ---------------------------------------------------------------------------------------------

template <typename Visit>
Status walk_range(const Kv& kv, const Overlay* overlay, Bytes& at, ByteSpan to, std::size_t cells_max, Visit visit) {
  static const Overlay kNone;
  const Overlay& over = overlay == nullptr ? kNone : *overlay;
  const std::unique_ptr<KvCursor> stored = kv.scan(at, to);
  auto other = over.lower_bound(at);
  const auto other_valid = [&] { return other != over.end() && ByteSpan(other->first) < to; };
  for (std::size_t left = cells_max; stored->valid() || other_valid(); --left) {
    const bool from_over = other_valid() && (!stored->valid() || ByteSpan(other->first) <= stored->key());
    if (left == 0) {
      at = from_over ? other->first : Bytes(stored->key());
      return {};
    }
    bool more = true;
    if (from_over) {
      if (stored->valid() && stored->key() == ByteSpan(other->first)) stored->next();
      if (other->second) more = visit(ByteSpan(other->first), ByteSpan(*other->second));
      at = other->first;
      ++other;
    } else {
      more = visit(stored->key(), state_of_stored(stored->value()));
      at = Bytes(stored->key());
      stored->next();
    }
    at.push_back('\0');
    PANDO_RETURN_IF_ERROR(stored->status());
    if (!more) return {};
  }
  PANDO_RETURN_IF_ERROR(stored->status());
  at = Bytes(to);
  return {};
}

}  // namespace pando::store
