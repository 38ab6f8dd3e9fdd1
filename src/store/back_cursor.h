// store/back_cursor.h — walks cells from the last to the first: CellCursor (store/cell_cursor.h) the other way round.
//
// The same words mean the same: next() goes on, here to the cell before; skip_key() leaves out the rest of a key.
#pragma once

#include "store/cell_cursor.h"

namespace pando::store {

class BackCursor {
 public:
  BackCursor(const BackCursor&) = delete;
  BackCursor& operator=(const BackCursor&) = delete;

  bool valid() const { return valid_; }
  Status status() const { return status_; }
  const CellPath& path() const { return path_; }
  const Bytes& key() const { return path_.key; }
  const Cell& cell() const { return *cell_; }
  bool visible() const { return store::visible(path_, *cell_); }
  ByteSpan cell_key() const { return key_; }

  void next();
  void skip_key();

  LogPos touched() const { return touched_; }

 private:
  friend class Cells;
  // Cells in [from, to).
  BackCursor(const Cells& cells, Bytes from, Bytes to);
  void settle();
  void stand_on(ByteSpan key, const Cell& cell);
  void stand_on_stored();
  void stop(Status status);

  const Cells& cells_;
  const std::uint64_t version_;  // of the cells it was made for
  const Bytes from_;
  std::unique_ptr<KvCursor> kv_;
  Cells::Unsaved::const_iterator memory_;  // behind the candidate: that is the one before it
  bool valid_ = false;
  Status status_;
  LogPos touched_;
  Bytes key_;
  CellPath path_;
  Cell decoded_{CellKind::kRegister};  // what it stands on when that comes from the Kv
  const Cell* cell_ = nullptr;
};

}  // namespace pando::store
