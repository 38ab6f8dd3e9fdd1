// store/cell_cursor.h — walks cells in order: those in memory that differ from the Kv over those in the Kv.
//
// Deleted cells are passed over but counted in touched(). A damaged cell stops it: valid() is false and
// status() names the cell. The Cells it walks must not be changed while it lives (checked).
//
//   for (CellCursor at = cells.scan("kv", prefix, after); at.valid(); at.skip_key()) keys.push_back(at.key());
#pragma once

#include <algorithm>
#include <utility>

#include "model/field_end.h"
#include "store/cells.h"

namespace pando::store {

// Cell::shown(), and no part of a bounded counter: its declaration makes it be there.
bool visible(const CellPath& path, const Cell& cell);

class CellCursor {
 public:
  CellCursor(const CellCursor&) = delete;
  CellCursor& operator=(const CellCursor&) = delete;

  // False at the end and after a failure; then status() tells which.
  bool valid() const { return valid_; }
  Status status() const { return status_; }

  // Of the cell it stands on; borrowed until it moves.
  const CellPath& path() const { return path_; }
  const Bytes& key() const { return path_.key; }
  const Cell& cell() const { return *cell_; }
  bool visible() const { return store::visible(path_, *cell_); }
  // Its stored key bytes (store/cell_key.h).
  ByteSpan cell_key() const { return key_; }

  void next();
  // To the first cell of the next key, without reading the rest of this one.
  void skip_key();

  // The largest touched() of all cells passed and of the one stood on, deleted ones included: what was read
  // this way shows nothing until that record is durable.
  LogPos touched() const { return touched_; }

 private:
  friend class Cells;
  // `any`: false when there is certainly nothing in that range.
  CellCursor(const Cells& cells, const Bytes& from, Bytes to, bool any = true);
  void settle();
  void stand_on(ByteSpan key, const Cell& cell);
  void stand_on_stored();
  void stop(Status status);

  const Cells& cells_;
  const std::uint64_t version_;  // of the cells it was made for
  const Bytes to_;
  std::unique_ptr<KvCursor> kv_;  // null when there is nothing anywhere
  Cells::Unsaved::const_iterator memory_;
  bool valid_ = false;
  Status status_;
  LogPos touched_;
  Bytes key_;
  CellPath path_;
  Cell decoded_{CellKind::kRegister};  // what it stands on when that comes from the Kv
  const Cell* cell_ = nullptr;
};

// Calls visit(cursor) for every cell of a key of the kinds in the mask (bit k: kind k; 0: all) whose element starts
// with `prefix`, or with `exact` is that, and reads no others. The largest touched(), or why it stopped.
template <typename Visit>
Result<LogPos> visit_part(const Cells& cells, std::string_view table, ByteSpan key, std::uint32_t kinds,
                          ByteSpan prefix, Visit visit, bool exact = false) {
  LogPos touched;
  const auto walk = [&](CellCursor at) -> Status {
    // It comes before all that it begins.
    for (; at.valid() && (!exact || at.path().element == prefix); at.next()) {
      PANDO_RETURN_IF_ERROR(visit(std::as_const(at)));
    }
    touched = std::max(touched, at.touched());
    return at.status();
  };
  if (kinds == 0 && prefix.empty() && !exact) {
    PANDO_RETURN_IF_ERROR(walk(cells.scan_key(table, key)));
    return touched;
  }
  for (std::uint8_t kind = 1; kind <= kCellKindMax; ++kind) {
    if (kinds != 0 && (kinds >> kind & 1U) == 0) continue;
    PANDO_RETURN_IF_ERROR(walk(cells.scan_elements(table, key, static_cast<CellKind>(kind), prefix, {})));
  }
  return touched;
}

// The same for the cells of a field with an end of its own (model/field_end.h).
template <typename Visit>
Result<LogPos> visit_field(const Cells& cells, std::string_view table, ByteSpan key, ByteSpan field, Visit visit) {
  return visit_part(cells, table, key, kinds_of_field(field), field, visit, is_column_end(field));
}

}  // namespace pando::store
