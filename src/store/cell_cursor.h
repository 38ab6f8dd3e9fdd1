// store/cell_cursor.h — walks cells in order: those in memory that differ from the Kv over those in the Kv.
//
// Deleted cells are passed over but counted in touched(). A damaged cell stops it: valid() is false and
// status() names the cell. The Cells it walks must not be changed while it lives (checked).
//
//   for (CellCursor at = cells.scan("kv", prefix, after); at.valid(); at.skip_key()) keys.push_back(at.key());
#pragma once

#include "store/cells.h"

namespace pando::store {

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
  // Cell::shown(), and no part of a bounded counter: its declaration makes it be there.
  bool visible() const;
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
  CellCursor(const Cells& cells, const Bytes& from, Bytes to);
  void settle();
  void stand_on(ByteSpan key, const Cell& cell);
  void stand_on_stored();
  void stop(Status status);

  const Cells& cells_;
  const std::uint64_t version_;  // of the cells it was made for
  const Bytes to_;
  std::unique_ptr<KvCursor> kv_;
  Cells::Unsaved::const_iterator memory_;
  bool valid_ = false;
  Status status_;
  LogPos touched_;
  Bytes key_;
  CellPath path_;
  Cell decoded_{CellKind::kRegister};  // what it stands on when that comes from the Kv
  const Cell* cell_ = nullptr;
};

}  // namespace pando::store
