#include "store/range_digest.h"

#include <xxhash.h>

#include <algorithm>

#include "base/check.h"
#include "base/codec.h"
#include "store/cell_key.h"

namespace pando::store {

void RangeDigest::add(ByteSpan cell_key, ByteSpan state) {
  Bytes entry;
  entry.reserve(cell_key.size() + state.size() + 10);
  Writer out(entry);
  out.bytes(cell_key);
  out.bytes(state);
  sum += XXH3_64bits(entry.data(), entry.size());
  ++count;
}

Bytes first_cell_key() { return Bytes(1, kCellPrefix); }
Bytes cell_keys_end() { return prefix_end(ByteSpan(&kCellPrefix, 1)); }

Bytes separator(ByteSpan below, ByteSpan above) {
  CHECK(below < above);
  const auto differs = std::mismatch(below.begin(), below.end(), above.begin(), above.end());
  return Bytes(above.substr(0, static_cast<std::size_t>(differs.second - above.begin()) + 1));
}

}  // namespace pando::store
