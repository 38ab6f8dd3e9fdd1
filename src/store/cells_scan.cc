// Cells in order: which stretch of cell keys belongs to a table, a range of keys, a key, or a kind of its elements.

#include <algorithm>
#include <utility>

#include "store/back_cursor.h"
#include "store/cell_cursor.h"
#include "store/cells.h"

namespace pando::store {
namespace {

// First cell key of a range of keys, and the one behind its last.
std::pair<Bytes, Bytes> bounds_of(std::string_view table, const KeyRange& range) {
  Bytes first;
  append_scan_prefix(table, range.prefix, first);
  Bytes end = prefix_end(first);
  const auto bound = [&](ByteSpan key) {
    Bytes cells;
    append_key_prefix(table, key, cells);
    return cells;
  };
  if (!range.from.empty()) first = std::max(first, bound(range.from));
  if (!range.after.empty()) first = std::max(first, prefix_end(bound(range.after)));
  if (!range.to.empty()) end = std::min(end, bound(range.to));
  if (end < first) end = first;  // nothing: the bounds are the wrong way round
  return {std::move(first), std::move(end)};
}

}  // namespace

CellCursor Cells::scan(std::string_view table, ByteSpan prefix, ByteSpan after) const {
  Bytes from;
  append_scan_prefix(table, prefix, from);
  Bytes to = prefix_end(from);
  if (!after.empty()) {
    Bytes past;
    append_key_prefix(table, after, past);
    from = std::max(from, prefix_end(past));
  }
  return CellCursor(*this, std::move(from), std::move(to));
}

CellCursor Cells::scan_range(std::string_view table, const KeyRange& range) const {
  auto [first, end] = bounds_of(table, range);
  return CellCursor(*this, first, std::move(end));
}

BackCursor Cells::scan_back(std::string_view table, const KeyRange& range) const {
  auto [first, end] = bounds_of(table, range);
  return BackCursor(*this, std::move(first), std::move(end));
}

BackCursor Cells::scan_back_between(ByteSpan from, ByteSpan to) const {
  return BackCursor(*this, Bytes(from), Bytes(to));
}

CellCursor Cells::scan_key(std::string_view table, ByteSpan key) const {
  Bytes from;
  append_key_prefix(table, key, from);
  Bytes to = prefix_end(from);
  const bool any = may_hold(from);
  return CellCursor(*this, std::move(from), std::move(to), any);
}

CellCursor Cells::scan_kinds(std::string_view table, ByteSpan key, CellKind first) const {
  Bytes from;
  append_key_prefix(table, key, from);
  Bytes to = prefix_end(from);
  bool any = may_hold(from);
  if (any) {
    auto kind = static_cast<std::uint8_t>(first);
    while (kind <= kCellKindMax && !may_hold(from, static_cast<CellKind>(kind))) ++kind;
    any = kind <= kCellKindMax;
  }
  from.push_back(static_cast<char>(first));
  return CellCursor(*this, from, std::move(to), any);
}

CellCursor Cells::scan_elements(std::string_view table, ByteSpan key, CellKind kind, ByteSpan prefix,
                                ByteSpan after) const {
  Bytes from;
  append_cell_key(table, key, kind, prefix, from);
  Bytes to = prefix_end(from);
  const bool any = may_have_kind(from, key_prefix_size(from));
  if (!after.empty()) {
    Bytes past;
    append_cell_key(table, key, kind, after, past);
    past.push_back('\x00');  // the smallest element above `after`
    from = std::max(from, past);
  }
  return CellCursor(*this, std::move(from), std::move(to), any);
}

CellCursor Cells::scan_all() const {
  const Bytes from(1, kCellPrefix);
  return CellCursor(*this, from, prefix_end(from));
}

CellCursor Cells::scan_from(ByteSpan cell_key) const {
  return CellCursor(*this, Bytes(cell_key), prefix_end(ByteSpan(&kCellPrefix, 1)));
}

CellCursor Cells::scan_between(ByteSpan from, ByteSpan to) const { return CellCursor(*this, Bytes(from), Bytes(to)); }

}  // namespace pando::store
