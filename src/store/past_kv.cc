#include "store/past_kv.h"

#include "base/check.h"
#include "store/back_cursor.h"
#include "store/cell_cursor.h"

namespace pando::store {
namespace {

bool is_cell(ByteSpan key) { return !key.empty() && key.front() == kCellPrefix; }

// Cells in [from, to), both within the cells.
class PastCursor final : public KvCursor {
 public:
  PastCursor(const Cells& cells, std::optional<Snapshots::Id> snapshot, ByteSpan from, ByteSpan to)
      : cells_(cells), snapshot_(snapshot), from_(from), to_(to) {
    seek(from);
  }

  bool valid() const override { return valid_; }
  ByteSpan key() const override { return key_; }
  ByteSpan value() const override { return value_; }
  Status status() const override { return status_; }

  void seek(ByteSpan key) override {
    forward_.reset();
    go_forward(Bytes(std::max(key, ByteSpan(from_))));
  }
  void next() override {
    CHECK(valid_);
    go_forward(key_ + '\0');
  }
  void seek_before(ByteSpan key) override {
    back_.reset();
    go_back(key.empty() || key > ByteSpan(to_) ? to_ : Bytes(key));
  }
  void prev() override {
    CHECK(valid_);
    go_back(key_);
  }

 private:
  // The first cell at or behind `at` as it is now, or the last one before `end`; null when there is none.
  const CellCursor* now_from(const Bytes& at) {
    if (forward_ == nullptr) forward_.reset(new CellCursor(cells_.scan_from(at)));
    while (forward_->valid() && forward_->cell_key() < ByteSpan(at)) forward_->next();
    status_ = forward_->status();
    return forward_->valid() && forward_->cell_key() < ByteSpan(to_) ? forward_.get() : nullptr;
  }
  const BackCursor* now_before(const Bytes& end) {
    if (back_ == nullptr) back_.reset(new BackCursor(cells_.scan_back_between(from_, end)));
    while (back_->valid() && back_->cell_key() >= ByteSpan(end)) back_->next();
    status_ = back_->status();
    return back_->valid() ? back_.get() : nullptr;
  }
  // The same of the states that were put away, null where there is none.
  const Bytes* kept_from(const Bytes& at) const {
    if (!snapshot_) return nullptr;
    const auto kept = cells_.snapshots().history().lower_bound(at);
    return kept != cells_.snapshots().history().end() && kept->first < to_ ? &kept->first : nullptr;
  }
  const Bytes* kept_before(const Bytes& end) const {
    if (!snapshot_) return nullptr;
    const auto behind = cells_.snapshots().history().lower_bound(end);
    if (behind == cells_.snapshots().history().begin()) return nullptr;
    return std::prev(behind)->first >= from_ ? &std::prev(behind)->first : nullptr;
  }

  void go_forward(Bytes at) {
    back_.reset();
    valid_ = false;
    for (;;) {
      const CellCursor* now = now_from(at);
      const Bytes* kept = kept_from(at);
      if (!status_.ok() || (now == nullptr && kept == nullptr)) return;
      const bool first = kept != nullptr && (now == nullptr || ByteSpan(*kept) <= now->cell_key());
      if (!first) return stand_on(now->cell_key(), now->cell());
      if (stand_on_kept(*kept, now == nullptr ? ByteSpan() : now->cell_key(), now == nullptr ? nullptr : &now->cell()))
        return;
      at = *kept + '\0';
    }
  }
  void go_back(Bytes end) {
    forward_.reset();
    valid_ = false;
    for (;;) {
      const BackCursor* now = now_before(end);
      const Bytes* kept = kept_before(end);
      if (!status_.ok() || (now == nullptr && kept == nullptr)) return;
      const bool last = kept != nullptr && (now == nullptr || ByteSpan(*kept) >= now->cell_key());
      if (!last) return stand_on(now->cell_key(), now->cell());
      if (stand_on_kept(*kept, now == nullptr ? ByteSpan() : now->cell_key(), now == nullptr ? nullptr : &now->cell()))
        return;
      end = *kept;
    }
  }

  // On the cell `key`, of which some snapshot sees another state; `now` is the cell `now_key` as it is. False when
  // there is no such cell.
  bool stand_on_kept(const Bytes& key, ByteSpan now_key, const Cell* now) {
    const Cell* then = cells_.snapshots().find(*snapshot_, key);
    if (then == nullptr && now_key == key) then = now;
    if (then == nullptr || then->empty()) return false;
    stand_on(key, *then);
    return true;
  }
  void stand_on(ByteSpan key, const Cell& cell) {
    key_ = Bytes(key);
    value_ = encode_cell(key_, cell);
    valid_ = true;
  }

  const Cells& cells_;
  const std::optional<Snapshots::Id> snapshot_;
  const Bytes from_;
  const Bytes to_;
  std::unique_ptr<CellCursor> forward_;  // while going forward
  std::unique_ptr<BackCursor> back_;     // while going back
  bool valid_ = false;
  Status status_;
  Bytes key_;
  Bytes value_;
};

// Of what is not there.
class NoCursor final : public KvCursor {
 public:
  bool valid() const override { return false; }
  ByteSpan key() const override { return {}; }
  ByteSpan value() const override { return {}; }
  void next() override {}
  void seek(ByteSpan) override {}
  void prev() override {}
  void seek_before(ByteSpan) override {}
  Status status() const override { return {}; }
};

}  // namespace

Result<std::optional<Bytes>> PastKv::get(ByteSpan key) const {
  if (key == kCheckpointKey) {
    return encode_checkpoint_meta(snapshot_ ? cells_.snapshots().meta(*snapshot_) : cells_.meta());
  }
  if (!is_cell(key)) return std::nullopt;
  const Cell* then = snapshot_ ? cells_.snapshots().find(*snapshot_, key) : nullptr;
  if (then == nullptr) return cells_.stored_form(key);
  return then->empty() ? std::nullopt : std::optional(encode_cell(key, *then));
}

Status PastKv::write(const Batch&) { return Status(StatusCode::kReadOnly, "what was is only read"); }

std::unique_ptr<KvCursor> PastKv::scan(ByteSpan from, ByteSpan to) const {
  const Bytes end = prefix_end(ByteSpan(&kCellPrefix, 1));
  if (!is_cell(from) || (!to.empty() && to > ByteSpan(end))) return std::make_unique<NoCursor>();
  return std::make_unique<PastCursor>(cells_, snapshot_, from, to.empty() ? ByteSpan(end) : to);
}

}  // namespace pando::store
