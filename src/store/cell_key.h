// store/cell_key.h — cell paths as bytes whose order is the order we want to walk cells in.
//
//   0x01  table  0x00  key, each 0x00 written 0x00 0xFF  0x00 0x01  kind  element
//
// Tables are contiguous; in a table keys ascend in byte order; all cells of one key are contiguous, by kind,
// then element. Keys may hold any bytes: no key is a prefix of another's cells and none aliases another,
// 0x00, 0xFE and 0xFF included. Table names never hold 0x00 (model/path.h). Everything that is not a cell
// starts with another byte: 0x00 is ours (kMetaPrefix), 0x02 and up are free for indexes.
// Format: docs/formats/cells.md.
#pragma once

#include "base/status.h"
#include "model/path.h"

namespace pando::store {

inline constexpr char kMetaPrefix = '\x00';
inline constexpr char kCellPrefix = '\x01';

// A cell's path, borrowed.
struct CellName {
  CellName(std::string_view t, ByteSpan k, CellKind of, ByteSpan e) : table(t), key(k), kind(of), element(e) {}
  CellName(const CellPath& path) : CellName(path.table, path.key, path.kind, path.element) {}

  std::string_view table;
  ByteSpan key;
  CellKind kind;
  ByteSpan element;
};

// All of these append to `out`, so that a caller can reuse one buffer.
void append_table_prefix(std::string_view table, Bytes& out);
void append_key_prefix(std::string_view table, ByteSpan key, Bytes& out);
void append_cell_key(std::string_view table, ByteSpan key, CellKind kind, ByteSpan element, Bytes& out);
// What every key of `table` that starts with `key_prefix` starts with: the key without its terminator.
void append_scan_prefix(std::string_view table, ByteSpan key_prefix, Bytes& out);

// The same at the start of `room`, which grows where it must and is not made shorter: what was written, borrowed from
// it.
ByteSpan write_key_prefix(std::string_view table, ByteSpan key, Bytes& room);
ByteSpan write_cell_key(std::string_view table, ByteSpan key, CellKind kind, ByteSpan element, Bytes& room);

Bytes cell_key(const CellPath& path);
// Whether that is the name's cell key, of a name whose key holds no 0x00; false of all others, which are few.
bool is_plain_key_of(const CellName& name, ByteSpan cell_key);
// The smallest byte string above all that start with `prefix`; empty when there is none.
Bytes prefix_end(ByteSpan prefix);

// kDataLoss naming the offset when the bytes were not made by cell_key().
Result<CellPath> decode_cell_key(ByteSpan bytes);
// Borrowed from the key; empty when the bytes are not a cell key.
std::string_view table_of_cell_key(ByteSpan cell_key);
// Length of the (table, key) part; 0 when the bytes are not a cell key.
std::size_t key_prefix_size(ByteSpan cell_key);

}  // namespace pando::store
