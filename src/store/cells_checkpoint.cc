// Checkpoints of Cells, in steps. A checkpoint holds all cells as of one position, though they are copied one after the
// other while commits are applied: load() and hot(), which hand a cell out to be changed, copy one that has not been
// copied yet (mark_changed() checks it). Which those are is told by one bit per cell, which turns with each checkpoint
// as the colours of a collector of garbage do, so nothing has to be marked when one begins: what was unsaved then has
// the bit of the one before.
#include <algorithm>

#include "base/check.h"
#include "store/cells.h"

namespace pando::store {
namespace {

constexpr std::size_t kAhead = 4;

}  // namespace

void Cells::start_checkpoint(std::uint64_t replay_segment) {
  CHECK(!checkpoint_under_way());
  saving_ =
      Saving{.meta = meta_, .memo = memo_, .cells = std::move(new_unsaved_), .next_ordered = ordered_unsaved_.begin()};
  new_unsaved_.clear();
  saving_->meta.replay_segment = replay_segment;
  saving_->batch.put(kCheckpointKey, encode_checkpoint_meta(saving_->meta));
  if (memo_.empty() && !stored_memo_.empty()) saving_->batch.erase(kMemoKey);
  if (!memo_.empty() && memo_ != stored_memo_) saving_->batch.put(kMemoKey, memo_);
  filter_.save(meta_.covered, saving_->batch);
  expiry_.begin_checkpoint(saving_->batch);
  ledger_.begin_checkpoint(saving_->batch);
  gathering_ = true;
  round_ = !round_;
}

bool Cells::gather(std::size_t cells_max) {
  CHECK(checkpoint_under_way());
  if (!gathering_) return true;
  const std::vector<Cell*>& cells = saving_->cells;
  const std::size_t bytes_max = saving_->batch.bytes() + kGatherBytes;
  const auto full = [&] { return cells_max == 0 || saving_->batch.bytes() >= bytes_max; };
  // They lie all over memory: what the next ones will be asked for is brought near meanwhile, step by step.
  const auto ahead = [&](std::size_t n) { return n < cells.size() ? cells[n] : nullptr; };
  std::size_t& next = saving_->next;
  for (; next < cells.size() && !full(); ++next, --cells_max) {
    if (const Cell* cell = ahead(next + 3 * kAhead); cell != nullptr) __builtin_prefetch(cell);
    if (const Cell* cell = ahead(next + 2 * kAhead); cell != nullptr) cell->bring_entries();
    if (const Cell* cell = ahead(next + kAhead); cell != nullptr) cell->bring_value();
    if (awaited(*cells[next])) gather_cell(*cells[next]);
  }
  // Those that unsaved() puts among them meanwhile are of `cells`, or of no checkpoint yet.
  Unsaved::iterator& at = *saving_->next_ordered;
  for (; at != ordered_unsaved_.end() && !full(); ++at, --cells_max) {
    if (awaited(*at->second)) gather_cell(*at->second);
  }
  gathering_ = next < cells.size() || at != ordered_unsaved_.end();
  return !gathering_;
}

void Cells::gather_cell(Cell& cell) {
  cell.round_ = round_;
  cell.flushing_ = true;
  cell.dirty_ = false;
  if (cell.empty()) {
    saving_->batch.erase(cell.key_);
    return;
  }
  saving_->encoded.clear();
  encode_cell(cell.key_, cell, saving_->encoded);
  saving_->batch.put(cell.key_, saving_->encoded);
}

Batch Cells::take_gathered() {
  CHECK(checkpoint_under_way() && !gathering_);
  return std::move(saving_->batch);
}

void Cells::checkpoint_written(const Status& status) {
  CHECK(checkpoint_under_way() && !gathering_ && !saving_->saved);
  if (!status.ok()) filter_.save_failed();
  expiry_.checkpoint_done(status.ok());
  ledger_.checkpoint_done(status.ok());
  if (status.ok()) {
    saved_meta_ = saving_->meta;
    stored_memo_ = std::move(saving_->memo);
    checkpointed_ = saved_meta_.covered;
    meta_.replay_segment = saved_meta_.replay_segment;
  }
  saving_->saved = status.ok();
  saving_->next = 0;
  saving_->next_ordered.reset();
}

bool Cells::settle(std::size_t cells_max) {
  if (!saving_) return true;
  CHECK(saving_->saved);
  ++version_;
  const std::vector<Cell*>& cells = saving_->cells;
  for (std::size_t& next = saving_->next; next < cells.size() && cells_max > 0; ++next, --cells_max) {
    if (next + kAhead < cells.size()) __builtin_prefetch(cells[next + kAhead]);
    Cell& cell = *cells[next];
    const bool stays = stays_unsaved(cell);
    if (stays && !saving_->in_order) new_unsaved_.push_back(&cell);
    if (!stays && saving_->in_order) ordered_unsaved_.erase(cell.key_);
    if (!stays) settle_cell(cell);
  }
  // Only then: of `cells` none is left among these that could be taken out under the iterator.
  std::optional<Unsaved::iterator>& at = saving_->next_ordered;
  if (saving_->unsettled() == 0 && !at) at = ordered_unsaved_.begin();
  while (at && *at != ordered_unsaved_.end() && cells_max > 0) {
    --cells_max;
    Cell& cell = *(*at)->second;
    if (stays_unsaved(cell)) {
      ++*at;
    } else {
      at = ordered_unsaved_.erase(*at);
      settle_cell(cell);
    }
  }
  if (at && *at == ordered_unsaved_.end()) saving_.reset();
  if (holds_ == 0) evict();
  return !saving_;
}

bool Cells::stays_unsaved(Cell& cell) const {
  if (!*saving_->saved) cell.dirty_ = cell.dirty_ || cell.flushing_;
  cell.flushing_ = false;
  return cell.dirty_;
}

// A cell that the Kv now has as it is.
void Cells::settle_cell(Cell& cell) {
  unsaved_bytes_ -= cell.bytes_;
  cell.touched_ = LogPos(0);
  if (cell.empty()) {
    erase_cell(cell);
  } else {
    list_newest(cell);
  }
}

Batch Cells::begin_checkpoint(std::uint64_t replay_segment) {
  start_checkpoint(replay_segment);
  while (!gather(SIZE_MAX)) {
  }
  return take_gathered();
}

void Cells::checkpoint_done(const Status& status) {
  checkpoint_written(status);
  while (!settle(SIZE_MAX)) {
  }
}

const Cells::Unsaved& Cells::unsaved() const {
  const auto put_in_order = [this](Cell* cell) { ordered_unsaved_.emplace(cell->key_, cell); };
  std::for_each(new_unsaved_.begin(), new_unsaved_.end(), put_in_order);
  new_unsaved_.clear();
  if (saving_ && !saving_->in_order) {
    std::for_each(saving_->cells.end() - static_cast<std::ptrdiff_t>(saving_->unsettled()), saving_->cells.end(),
                  put_in_order);
    saving_->in_order = true;
  }
  return ordered_unsaved_;
}

bool Cells::checkpoint_needed() const {
  return dirty_cells() > 0 || expiry_.changed() || ledger_.changed() || meta_ != saved_meta_;
}

}  // namespace pando::store
