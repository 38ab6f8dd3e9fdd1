#include "model/path.h"

#include <fmt/core.h>

#include "base/limits.h"

namespace pando {

std::optional<ValueType> type_of(CellKind kind) {
  switch (kind) {
    case CellKind::kRegister: return ValueType::kValue;
    case CellKind::kCounter: return ValueType::kCounter;
    case CellKind::kField: return ValueType::kRow;
    case CellKind::kMember:
    case CellKind::kGuardedMember: return ValueType::kSet;
    case CellKind::kFlag:
    case CellKind::kGuard: return ValueType::kFlag;
    case CellKind::kExpiry: return std::nullopt;
    case CellKind::kDecimal: return ValueType::kDecimal;
    case CellKind::kScore:
    case CellKind::kScoreDelta: return ValueType::kScores;
    case CellKind::kItem: return ValueType::kList;
    case CellKind::kNode:
    case CellKind::kLeaf:
    case CellKind::kLeafCounter:
    case CellKind::kLeafMember: return ValueType::kDocument;
    case CellKind::kBound: return ValueType::kBounded;
    case CellKind::kLease: return ValueType::kPresence;
    case CellKind::kSketch: return ValueType::kSketch;
    case CellKind::kEntry: return ValueType::kStream;
  }
  return std::nullopt;
}

std::string_view name_of(ValueType type) {
  switch (type) {
    case ValueType::kCounter: return "counter";
    case ValueType::kValue: return "value";
    case ValueType::kFlag: return "flag";
    case ValueType::kDecimal: return "decimal counter";
    case ValueType::kBounded: return "bounded counter";
    case ValueType::kRow: return "row";
    case ValueType::kSet: return "set";
    case ValueType::kScores: return "sorted set";
    case ValueType::kList: return "list";
    case ValueType::kDocument: return "document";
    case ValueType::kPresence: return "presence";
    case ValueType::kSketch: return "sketch";
    case ValueType::kStream: return "stream";
  }
  return "value";
}
namespace {

Status refuse(std::string why) { return Status(StatusCode::kInvalidArgument, std::move(why)); }

}  // namespace

Status validate_table_name(std::string_view table) {
  if (table.empty()) return refuse("table name is empty");
  if (table.size() > limits::kTableBytesMax) {
    return refuse(fmt::format("table name has {} bytes, the limit is {}", table.size(), limits::kTableBytesMax));
  }
  for (const char c : table) {
    const bool allowed = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
    if (!allowed) return refuse("table name may hold only a-z, 0-9, '.', '_' and '-'");
  }
  return {};
}

Status validate_key(ByteSpan key) {
  if (key.empty()) return refuse("key is empty");
  if (key.size() > limits::kKeyBytesMax) {
    return Status(StatusCode::kTooLarge,
                  fmt::format("key has {} bytes, the limit is {}", key.size(), limits::kKeyBytesMax));
  }
  return {};
}

Status validate_element(ByteSpan element) {
  if (element.size() > limits::kElementBytesMax) {
    return Status(StatusCode::kTooLarge,
                  fmt::format("column name has {} bytes, the limit is {}", element.size(), limits::kElementBytesMax));
  }
  return {};
}

Status validate_member(ByteSpan member) {
  if (member.empty()) return refuse("member is empty");
  if (member.size() > limits::kElementBytesMax) {
    return Status(StatusCode::kTooLarge,
                  fmt::format("member has {} bytes, the limit is {}", member.size(), limits::kElementBytesMax));
  }
  return {};
}

CellPath decode_cell_path(Reader& in) {
  CellPath path;
  path.table = Bytes(in.bytes("path.table", limits::kTableBytesMax));
  path.key = Bytes(in.bytes("path.key", limits::kKeyBytesMax));
  const std::uint8_t kind = in.u8("path.kind");
  path.element = Bytes(in.bytes("path.element", limits::kElementBytesMax));
  if (!in.ok()) return path;
  if (kind < 1 || kind > kCellKindMax) in.refuse("path.kind", fmt::format("{} is not a known kind", kind));
  path.kind = static_cast<CellKind>(kind);
  if (const Status table = validate_table_name(path.table); !table.ok()) in.refuse("path.table", table.message());
  if (path.key.empty()) in.refuse("path.key", "is empty");
  return path;
}

}  // namespace pando
