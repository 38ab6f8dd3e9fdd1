#include "store/cell_table.h"

#include <xxhash.h>

#include <algorithm>
#include <new>

#include "base/check.h"

namespace pando::store {
namespace {

constexpr std::size_t kSlotsFirst = 64;

void release(Cell* cell) {
  cell->~Cell();
  ::operator delete(cell);
}

}  // namespace

CellTable::~CellTable() {
  for (const Slot& slot : slots_) {
    if (slot.cell != nullptr) release(slot.cell);
  }
}

Cell* CellTable::find(ByteSpan key) const {
  if (count_ == 0) return nullptr;
  const std::uint64_t hash = hash_of(key);
  for (std::size_t at = place_of(hash); slots_[at].cell != nullptr; at = next(at)) {
    if (slots_[at].hash == hash && same_bytes(slots_[at].cell->key_, key)) return slots_[at].cell;
  }
  return nullptr;
}

// Saved key filters are made of it (KeyFilter::hash()): another one would be another version of those.
std::uint64_t CellTable::hash_of(ByteSpan key) { return XXH3_64bits(key.data(), key.size()); }

Cell* CellTable::bring_cell(std::uint64_t hash) const {
  if (count_ == 0) return nullptr;
  for (std::size_t at = place_of(hash); slots_[at].cell != nullptr; at = next(at)) {
    if (slots_[at].hash != hash) continue;
    Cell* const cell = slots_[at].cell;
    constexpr std::size_t kLine = 64;
    // The key lies behind it.
    for (std::size_t offset = 0; offset < sizeof(Cell) + kLine; offset += kLine) {
      __builtin_prefetch(reinterpret_cast<const char*>(cell) + offset);
    }
    return cell;
  }
  return nullptr;
}

Cell& CellTable::insert(ByteSpan key, Cell&& cell) {
  if (2 * (count_ + 1) > slots_.size()) grow();
  const std::uint64_t hash = hash_of(key);
  std::size_t at = place_of(hash);
  for (; slots_[at].cell != nullptr; at = next(at)) CHECK(slots_[at].hash != hash || slots_[at].cell->key_ != key);
  void* const block = ::operator new(sizeof(Cell) + key.size());
  Cell* const placed = new (block) Cell(std::move(cell));
  char* const name = static_cast<char*>(block) + sizeof(Cell);
  std::copy(key.begin(), key.end(), name);
  placed->key_ = {name, key.size()};
  slots_[at] = {hash, placed};
  ++count_;
  return *placed;
}

void CellTable::erase(Cell& cell) {
  CHECK(count_ > 0);
  std::size_t hole = place_of(hash_of(cell.key_));
  while (slots_[hole].cell != &cell) {
    CHECK(slots_[hole].cell != nullptr);
    hole = next(hole);
  }
  release(&cell);
  --count_;
  // What follows moves into the hole, unless that lies before where it would be looked for.
  for (std::size_t at = next(hole); slots_[at].cell != nullptr; at = next(at)) {
    const std::size_t mask = slots_.size() - 1;
    const std::size_t from_home = (at - place_of(slots_[at].hash)) & mask;
    if (from_home < ((at - hole) & mask)) continue;
    slots_[hole] = slots_[at];
    hole = at;
  }
  slots_[hole] = {};
}

void CellTable::grow() {
  std::vector<Slot> before(std::max(kSlotsFirst, 2 * slots_.size()));
  before.swap(slots_);
  for (const Slot& slot : before) {
    if (slot.cell == nullptr) continue;
    std::size_t at = place_of(slot.hash);
    while (slots_[at].cell != nullptr) at = next(at);
    slots_[at] = slot;
  }
}

}  // namespace pando::store
