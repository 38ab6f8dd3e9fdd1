// store/cell.h — one decoded cell in memory, and its stored form.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "crdt/counter.h"
#include "crdt/register.h"
#include "model/path.h"

namespace pando::store {

// A counter or a register, by class_of() its kind. Lives in Cells, which keeps its place and books.
class Cell {
 public:
  explicit Cell(CellKind kind);

  CellKind kind() const { return kind_; }
  // Nothing to store: read as absent, deleted at the next checkpoint.
  bool empty() const;
  // False for one that is empty, a counter that reads as absent and a guard that is off.
  bool shown() const;
  // Must fit the kind.
  const crdt::Register& reg() const { return std::get<crdt::Register>(state_); }
  const crdt::Counter& counter() const { return std::get<crdt::Counter>(state_); }
  // Change it only between Cells::load() and Cells::changed().
  crdt::Register& reg() { return std::get<crdt::Register>(state_); }
  crdt::Counter& counter() { return std::get<crdt::Counter>(state_); }
  void make_empty();

  // The last record that changed it, while it differs from the store; 0 once it is checkpointed.
  LogPos touched() const { return touched_; }
  std::size_t heap_bytes() const;
  // Hints, in this order: what a look at a register's entries or a counter's slots, then at a register's values, will
  // read is brought near.
  void bring_entries() const {
    if (const auto* reg = std::get_if<crdt::Register>(&state_)) {
      if (!reg->empty()) bring_first(reg->entries());
    } else if (const auto& slots = std::get<crdt::Counter>(state_).slots(); !slots.empty()) {
      bring_first(slots);
    }
  }
  void bring_value() const {
    if (const auto* reg = std::get_if<crdt::Register>(&state_); reg != nullptr && !reg->empty()) {
      const Bytes& value = reg->entries().front().value;
      __builtin_prefetch(value.data());
      if (value.size() > 64) __builtin_prefetch(value.data() + 64);
    }
  }

 private:
  friend class Cells;
  friend class CellTable;

  template <typename T>
  static void bring_first(const std::vector<T>& all) {
    const char* const first = reinterpret_cast<const char*>(all.data());
    __builtin_prefetch(first);
    __builtin_prefetch(first + sizeof(T) - 1);
  }

  CellKind kind_;
  bool dirty_ = false;      // differs from the store and from the checkpoint under way
  bool flushing_ = false;   // in the checkpoint under way
  bool listed_ = false;     // in the LRU list
  bool was_shown_ = false;  // shown() as of the last change that was booked
  bool filtered_ = false;   // the key filter has it
  bool lone_ = false;       // a register of whose key it is certain that it has no counter
  bool round_ = false;      // of the last checkpoint that has it, or that was begun before it changed
  std::variant<crdt::Register, crdt::Counter> state_;
  LogPos touched_;
  // Of a kExpiry cell: no later than this the index has a hint at it; 0 when it may have none.
  std::int64_t hinted_ms_ = 0;
  std::size_t bytes_ = 0;  // accounted for it
  ByteSpan key_;           // behind it in the table that owns it
  Cell* newer_ = nullptr;  // LRU neighbours while clean
  Cell* older_ = nullptr;
};

// The longest of the instants in a kExpiry register: concurrent ones are all meant, so the last of them
// counts. One that cannot be read never takes anything away. Nothing when empty.
std::optional<std::int64_t> ends_at(const crdt::Register& reg);

// "kv/user:1" or "row/7[name]" with unprintable bytes as \xNN: how errors name a cell.
std::string describe_cell(ByteSpan key);

// The canonical bytes of its state, without version and checksum: equal states, equal bytes.
void encode_cell_state(const Cell& cell, Bytes& out);

// u8(version = 1) u32(crc32c of key then state) state. The key is under the checksum, so a value that turns
// up under another key is noticed.
Bytes encode_cell(ByteSpan key, const Cell& cell);
void encode_cell(ByteSpan key, const Cell& cell, Bytes& out);  // appends
// kDataLoss naming the cell (table, key, element) and what is wrong with it.
Result<Cell> decode_cell(ByteSpan key, ByteSpan value);
// The state in what encode_cell() made: the bytes of encode_cell_state().
ByteSpan state_of_stored(ByteSpan value);
// The cell under `key` whose state has these bytes; errors as of decode_cell().
Result<Cell> decode_cell_state(ByteSpan key, ByteSpan state);

}  // namespace pando::store
