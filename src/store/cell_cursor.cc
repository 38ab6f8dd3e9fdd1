#include "store/cell_cursor.h"

#include <algorithm>

#include "base/check.h"

namespace pando::store {

CellCursor::CellCursor(const Cells& cells, const Bytes& from, Bytes to, bool any)
    : cells_(cells), version_(cells.version_), to_(std::move(to)) {
  if (!any) return;
  kv_ = cells.kv_.scan(from, to_);
  memory_ = cells.unsaved().lower_bound(from);
  settle();
}

bool visible(const CellPath& path, const Cell& cell) {
  // What was counted under a bounded counter that is gone.
  if (path.kind == CellKind::kBound && !path.element.empty()) return false;
  return cell.shown();
}

// Stands on the first cell that is left in either source.
void CellCursor::settle() {
  CHECK(cells_.version_ == version_);
  valid_ = false;
  for (;;) {
    if (!kv_->valid() && !kv_->status().ok()) return stop(kv_->status());
    const bool in_memory = memory_ != cells_.ordered_unsaved_.end() && memory_->first < to_;
    if (!in_memory && !kv_->valid()) return;
    if (!in_memory || (kv_->valid() && kv_->key() < memory_->first)) return stand_on_stored();
    // What is in memory replaces what is stored under the same key.
    if (kv_->valid() && kv_->key() == memory_->first) kv_->next();
    const Cell& cell = *memory_->second;
    touched_ = std::max(touched_, cell.touched());
    if (!cell.empty()) return stand_on(memory_->first, cell);
    ++memory_;
  }
}

void CellCursor::stand_on(ByteSpan key, const Cell& cell) {
  auto path = decode_cell_key(key);
  if (!path) return stop(path.error());
  key_ = key;
  path_ = *std::move(path);
  cell_ = &cell;
  valid_ = true;
}

void CellCursor::stand_on_stored() {
  stand_on(kv_->key(), decoded_);
  if (!valid_) return;
  auto cell = decode_cell(key_, kv_->value());
  if (!cell) return stop(cell.error());
  decoded_ = *std::move(cell);
}

void CellCursor::stop(Status status) {
  valid_ = false;
  status_ = std::move(status);
}

void CellCursor::next() {
  CHECK(valid_);
  if (cell_ == &decoded_) {
    kv_->next();
  } else {
    ++memory_;
  }
  settle();
}

void CellCursor::skip_key() {
  const Bytes prefix = key_.substr(0, key_prefix_size(key_));
  next();
  // Most keys have one cell; only for others is it worth the search.
  if (!valid_ || !ByteSpan(key_).starts_with(prefix)) return;
  const Bytes past = prefix_end(prefix);
  kv_->seek(past);
  memory_ = cells_.ordered_unsaved_.lower_bound(past);
  settle();
}

}  // namespace pando::store
