// model/path.h — where a cell lives: (table, key, kind, element).
//
// A register is one cell, a counter is one cell, a row is one field cell per column, a large object one cell
// per chunk, a set one cell per member, a flag one cell. Different kinds under one key are different cells, so
// a type clash loses nothing: both stay, and reads answer with the kind of highest precedence:
//
//   counter > register > flag > set
//
// The cheaper a kind is to look up, the higher it stands: what a key of one cell holds is known by point reads,
// and only a key that has none of these is searched for members.
#pragma once

#include <compare>
#include <string>

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

// Stored as one byte in keys and commits: values are never renumbered.
enum class CellKind : std::uint8_t {
  kRegister = 1,  // element is empty
  kCounter = 2,   // element is empty
  kField = 3,     // a register per element: the columns of a row, the chunks of an object
  kMember = 4,    // element is a member of a set, which holds it while the cell has an entry; values are empty
  kFlag = 5,      // element is empty; on while the cell has an entry; values are empty
};
inline constexpr std::uint8_t kCellKindMax = 5;

// A presence says that something is there and carries no value: a member of a set, a flag that is on. It is
// stored as a register of empty values, so what its writer did not see survives a removal: adding and enabling win.
constexpr bool is_presence(CellKind kind) { return kind == CellKind::kMember || kind == CellKind::kFlag; }

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
void encode(const CellPath& path, Writer& out);
CellPath decode_cell_path(Reader& in);

}  // namespace pando
