// model/path.h — where a cell lives: (table, key, kind, element).
//
// A register is one cell, a counter is one cell, a row is one field cell per column, a large object one cell
// per chunk, a set one cell per member, a flag one cell, a document one cell per leaf, and so on. Different types
// under one key are different cells, so a type clash loses nothing: both stay, and reads answer with the type of
// highest precedence (ValueType, in its order).
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/codec.h"

namespace pando {

// Table names the contract fixes. Names that start with '.' are ours: never listed, never notified.
inline constexpr std::string_view kTableKv = "kv";
inline constexpr std::string_view kTableRow = "row";
inline constexpr std::string_view kTableLob = "lob";
inline constexpr std::string_view kTableLobChunks = ".lob";     // key = upload id, element = chunk index
inline constexpr std::string_view kTableMergeGroup = ".merge";  // typed `lww:` / `counter:` payloads
inline constexpr std::string_view kTableUploads = ".uploads";   // key = upload id: staged, not yet published
inline constexpr std::string_view kTableOnce = ".once";         // key = idempotency key: model/once.h

// Stored as one byte in keys and commits: values are never renumbered. Where no element is named it is empty.
enum class CellKind : std::uint8_t {
  kRegister = 1,       // register: a plain value
  kCounter = 2,        // counter: whole numbers of 64 bits
  kField = 3,          // register per element: the columns of a row, the chunks of an object
  kMember = 4,         // presence per member of a set
  kFlag = 5,           // presence: the flag is on
  kExpiry = 6,         // register: until when the key (no element) or one field of it is there (model/expiry.h)
  kDecimal = 7,        // counter: billionths (base/int128.h)
  kGuard = 8,          // register "1" or "0": a flag that is on while no concurrent "0" says otherwise
  kGuardedMember = 9,  // register "1" or "0" per member: a set in which removing wins
  kScore = 10,         // register per member of a sorted set: its base score
  kScoreDelta = 11,    // counter per member of a sorted set: billionths added to the base
  kItem = 12,          // register per position: the items of a list
  kNode = 13,          // presence per path: an object of a document is there though it may have no fields
  kLeaf = 14,          // register per path: a scalar or an array of a document
  kLeafCounter = 15,   // counter per path: a number of a document that is added to, in billionths
  kLeafMember = 16,    // presence per path and member: a set within a document
  kBound = 17,         // register per part of a bounded counter
  kLease = 18,         // register per member: until when it is present
  kSketch = 19,        // register per part of a sketch: the ranks of its registers (model/sketch.h)
  kEntry = 20,         // register per entry of a stream (model/stream.h); without an element: its highest id
};
inline constexpr std::uint8_t kCellKindMax = 20;

// How cells of a kind are stored and merged; all else about a type is decided above them.
enum class CellClass : std::uint8_t {
  kRegister,  // concurrent values side by side (crdt/register.h)
  kCounter,   // a slot per origin (crdt/counter.h)
  // Says that something is there and carries no value. A register of empty values, so what its writer did not see
  // survives a removal: adding and enabling win.
  kPresence,
};
constexpr CellClass class_of(CellKind kind) {
  switch (kind) {
    case CellKind::kCounter:
    case CellKind::kDecimal:
    case CellKind::kScoreDelta:
    case CellKind::kLeafCounter: return CellClass::kCounter;
    case CellKind::kMember:
    case CellKind::kFlag:
    case CellKind::kNode:
    case CellKind::kLeafMember: return CellClass::kPresence;
    default: return CellClass::kRegister;
  }
}
// What a guard says.
inline constexpr std::string_view kGuardOn = "1";
inline constexpr std::string_view kGuardOff = "0";

constexpr bool is_counter(CellKind kind) { return class_of(kind) == CellClass::kCounter; }
constexpr bool is_presence(CellKind kind) { return class_of(kind) == CellClass::kPresence; }

// What a key is to its users. Where a merge left several under one key, reads answer the first in this order;
// what the others hold is kept until the key is deleted.
enum class ValueType : std::uint8_t {
  kCounter,
  kValue,
  kFlag,
  kDecimal,
  kBounded,
  kRow,
  kSet,
  kScores,
  kList,
  kDocument,
  kPresence,
  kSketch,
  kStream,
};
// The type that a cell of this kind makes its key. kExpiry makes none.
std::optional<ValueType> type_of(CellKind kind);
// "counter", "value", "flag", "decimal counter", "bounded counter", "row", "set", "sorted set", "list", "document",
// "presence", "sketch", "stream": after "a ".
std::string_view name_of(ValueType type);

struct CellPath {
  std::string table;  // 1 to limits::kTableBytesMax bytes of [a-z0-9._-]
  Bytes key;          // 1 to limits::kKeyBytesMax bytes
  CellKind kind = CellKind::kRegister;
  Bytes element;  // at most limits::kElementBytesMax bytes

  friend auto operator<=>(const CellPath&, const CellPath&) = default;
};

inline bool is_internal_table(std::string_view table) { return !table.empty() && table.front() == '.'; }

// Each names the rule and the limit that was broken.
Status validate_table_name(std::string_view table);
Status validate_key(ByteSpan key);
Status validate_element(ByteSpan element);
// 1 to limits::kElementBytesMax bytes.
Status validate_member(ByteSpan member);

// bytes(table) bytes(key) u8(kind) bytes(element)
template <typename Out>  // Writer, RawWriter
void encode(const CellPath& path, Out& out) {
  out.bytes(path.table);
  out.bytes(path.key);
  out.u8(static_cast<std::uint8_t>(path.kind));
  out.bytes(path.element);
}
CellPath decode_cell_path(Reader& in);

}  // namespace pando
