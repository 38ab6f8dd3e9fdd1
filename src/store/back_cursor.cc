#include "store/back_cursor.h"

#include <algorithm>
#include <iterator>

#include "base/check.h"

namespace pando::store {

BackCursor::BackCursor(const Cells& cells, Bytes from, Bytes to)
    : cells_(cells),
      version_(cells.version_),
      from_(std::move(from)),
      kv_(cells.kv_.scan(from_, to)),
      memory_(cells.unsaved().lower_bound(to)) {
  kv_->seek_before({});
  settle();
}

// Stands on the last cell that is left in either source.
void BackCursor::settle() {
  CHECK(cells_.version_ == version_);
  valid_ = false;
  for (;;) {
    if (!kv_->valid() && !kv_->status().ok()) return stop(kv_->status());
    const bool in_memory = memory_ != cells_.ordered_unsaved_.begin() && std::prev(memory_)->first >= from_;
    if (!in_memory && !kv_->valid()) return;
    if (!in_memory || (kv_->valid() && kv_->key() > std::prev(memory_)->first)) return stand_on_stored();
    const auto& [key, found] = *std::prev(memory_);
    // What is in memory replaces what is stored under the same key.
    if (kv_->valid() && kv_->key() == key) kv_->prev();
    touched_ = std::max(touched_, found->touched());
    if (!found->empty()) return stand_on(key, *found);
    --memory_;
  }
}

void BackCursor::stand_on(ByteSpan key, const Cell& cell) {
  auto path = decode_cell_key(key);
  if (!path) return stop(path.error());
  key_ = key;
  path_ = *std::move(path);
  cell_ = &cell;
  valid_ = true;
}

void BackCursor::stand_on_stored() {
  stand_on(kv_->key(), decoded_);
  if (!valid_) return;
  auto cell = decode_cell(key_, kv_->value());
  if (!cell) return stop(cell.error());
  decoded_ = *std::move(cell);
}

void BackCursor::stop(Status status) {
  valid_ = false;
  status_ = std::move(status);
}

void BackCursor::next() {
  CHECK(valid_);
  if (cell_ == &decoded_) {
    kv_->prev();
  } else {
    --memory_;
  }
  settle();
}

void BackCursor::skip_key() {
  const Bytes prefix = key_.substr(0, key_prefix_size(key_));
  next();
  if (!valid_ || !ByteSpan(key_).starts_with(prefix)) return;
  kv_->seek_before(prefix);
  memory_ = cells_.ordered_unsaved_.lower_bound(prefix);
  settle();
}

}  // namespace pando::store
