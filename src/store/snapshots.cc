#include "store/snapshots.h"

#include "base/check.h"

namespace pando::store {
namespace {

std::size_t cost_of_change(ByteSpan key, const Cell& cell) {
  return key.size() + sizeof(Snapshots::Kept) + cell.heap_bytes();
}

// Its state alone: where it stands among other cells is no part of it.
Cell state_of(const Cell& cell) {
  Cell copy(cell.kind());
  if (is_counter(cell.kind())) {
    copy.counter() = cell.counter();
  } else {
    copy.reg() = cell.reg();
  }
  return copy;
}

}  // namespace

Snapshots::Id Snapshots::open(CheckpointMeta meta) {
  open_.emplace(++last_, std::move(meta));
  return last_;
}

void Snapshots::close(Id id) {
  if (open_.erase(id) != 0) collect();
}

bool Snapshots::wants(ByteSpan cell_key) const {
  if (open_.empty()) return false;
  const auto at = history_.find(cell_key);
  return at == history_.end() || at->second.back().newest < open_.rbegin()->first;
}

void Snapshots::keep(ByteSpan cell_key, const Cell& before) {
  CHECK(wants(cell_key));
  Cell copy = state_of(before);
  bytes_ += cost_of_change(cell_key, copy);
  auto at = history_.find(cell_key);
  if (at == history_.end()) at = history_.emplace(Bytes(cell_key), std::vector<Kept>()).first;
  at->second.push_back({open_.rbegin()->first, std::move(copy)});
  while (bytes_ > bytes_max_ && !open_.empty()) {
    open_.erase(open_.begin());
    collect();
  }
}

const Cell* Snapshots::find(Id id, ByteSpan cell_key) const {
  const auto at = history_.find(cell_key);
  if (at == history_.end()) return nullptr;
  for (const Kept& kept : at->second) {
    if (kept.newest >= id) return &kept.cell;
  }
  return nullptr;
}

void Snapshots::collect() {
  if (open_.empty()) {
    history_.clear();
    bytes_ = 0;
    return;
  }
  const Id oldest = open_.begin()->first;
  for (auto at = history_.begin(); at != history_.end();) {
    std::vector<Kept>& kept = at->second;
    while (!kept.empty() && kept.front().newest < oldest) {
      bytes_ -= cost_of_change(at->first, kept.front().cell);
      kept.erase(kept.begin());
    }
    at = kept.empty() ? history_.erase(at) : std::next(at);
  }
}

}  // namespace pando::store
