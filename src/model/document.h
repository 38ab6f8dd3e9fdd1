// model/document.h — JSON documents: where a field lies, what a write says about fields, what a read tells of them.
//
// A document is the cells of four kinds under one key, each at the path of a field:
//
//   kNode         an object is there, though it may have no fields; the document itself is the empty path
//   kLeaf         a scalar or an array: its JSON text. Behind '>' or '<' stands a number that was written by max or min
//   kLeafCounter  what was added to the number of the leaf, which may be missing and counts as 0 then
//   kLeafMember   a member of the set that the field is: the path, 01 04, the JSON text of a scalar
//
// A path is the names of its fields, outermost first, each ended by 00 (inside of names 00 is written 01 02, and 01 is
// 01 03). So the cells at and below a field are those whose element begins with its path, parents come before their
// fields, and the fields of an object come in byte order:
//
//   {"a":{"b":1}}   a → 61 00   a.b → 61 00 62 00   a member 7 of a.b → 61 00 62 00 01 04 37
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "model/path.h"

namespace pando {

inline constexpr std::string_view kMemberMark = "\x01\x04";
inline constexpr char kLeafMax = '>';
inline constexpr char kLeafMin = '<';

// All kinds of a document, as ClearOp::kinds has them.
inline constexpr std::uint32_t kDocumentKinds =
    1U << static_cast<unsigned>(CellKind::kNode) | 1U << static_cast<unsigned>(CellKind::kLeaf) |
    1U << static_cast<unsigned>(CellKind::kLeafCounter) | 1U << static_cast<unsigned>(CellKind::kLeafMember);

void append_field_name(ByteSpan name, Bytes& path);
// "a.b" → its path.
Bytes path_of_fields(const std::vector<Bytes>& names);
// The names again; nothing when the bytes are no path.
std::optional<std::vector<Bytes>> fields_of_path(ByteSpan path);
// The path of the object that the field lies in. Of a path that is not empty.
ByteSpan parent_of(ByteSpan path);
// For people: "a.b", "(document)" for the empty path.
std::string field_text(ByteSpan path);
// The element of a kLeafMember cell, taken apart; nothing when it has no mark.
std::optional<std::pair<ByteSpan, ByteSpan>> split_member(ByteSpan element);

// One field of a document, or the document itself.
struct DocumentEntry {
  enum class Kind : std::uint8_t {
    kObject,  // its fields follow
    kValue,
    kSet,
  };
  Bytes path;
  Kind kind = Kind::kObject;
  Bytes text = {};                  // kValue: JSON, without blanks
  std::vector<Bytes> members = {};  // kSet: JSON scalars, ascending

  friend bool operator==(const DocumentEntry&, const DocumentEntry&) = default;
};
// Ascending by path, no path twice, every object named. The first is the document itself, an object.
using Document = std::vector<DocumentEntry>;

// What a patch does to one field.
struct DocumentEdit {
  enum class What : std::uint8_t {
    kObject,         // an object is here, with the fields it has; anything else gives way
    kSet,            // := text
    kRemove,         // with everything below
    kAdd,            // += text, a number
    kMax,            // := text, a number, if that is more
    kMin,            // := text, a number, if that is less
    kAddMembers,     // set ∪= members
    kRemoveMembers,  // set -= members
  };
  What what = What::kSet;
  Bytes path;
  Bytes text = {};
  std::vector<Bytes> members = {};

  friend bool operator==(const DocumentEdit&, const DocumentEdit&) = default;
};

// Details of a Mutation. ------------------------------------------------------------------------------------

// The document becomes this one: fields that differ from what is seen here are written, those that are not named are
// removed. A field that stays as it is seen here is not written, so what others do to it meanwhile is kept.
struct PutDocument {
  Document document;
};
// Edits in their order; those of objects before those of their fields. Creates the document.
struct PatchDocument {
  std::vector<DocumentEdit> edits;
};

// kInvalidArgument or kTooLarge naming the field and the limit: depth, number of fields, length of a path or a text.
Status validate(const PutDocument& put);
Status validate(const PatchDocument& patch);
// As much memory as it takes, roughly.
std::size_t bytes_of(const PutDocument& put);
std::size_t bytes_of(const PatchDocument& patch);

}  // namespace pando
