#include "model/field_end.h"

#include <fmt/core.h>

#include "model/document.h"

namespace pando {
namespace {

constexpr std::uint32_t bit(CellKind kind) { return 1U << static_cast<unsigned>(kind); }

}  // namespace

bool is_column_end(ByteSpan field) { return field.find('\0') == ByteSpan::npos; }

Status validate_column_end(ByteSpan column) {
  if (is_column_end(column)) return {};
  return Status(StatusCode::kInvalidArgument, "a column with a zero byte in its name can have no time to live");
}

CellPath path_in(const Op& op) {
  return std::visit(
      [](const auto& one) -> CellPath {
        if constexpr (std::is_same_v<std::decay_t<decltype(one)>, ClearOp>) {
          return {one.table, one.key, CellKind::kRegister, {}};
        } else {
          return one.path;
        }
      },
      op);
}

std::vector<ByteSpan> fields_around(const CellPath& path) {
  const ByteSpan element = path.element;
  std::vector<ByteSpan> fields;
  const bool end = path.kind == CellKind::kExpiry;
  if ((end || path.kind == CellKind::kField) && is_column_end(element)) {
    if (!element.empty()) fields.push_back(element);
  } else if (end || (kDocumentKinds & bit(path.kind)) != 0) {
    // Each name ends with a zero.
    for (std::size_t at = element.find('\0'); at != ByteSpan::npos; at = element.find('\0', at + 1)) {
      fields.push_back(element.substr(0, at + 1));
    }
  }
  return fields;
}

std::uint32_t kinds_of_field(ByteSpan field) {
  return (is_column_end(field) ? bit(CellKind::kField) : kDocumentKinds) | bit(CellKind::kExpiry);
}

ClearOp clear_of_field(std::string table, Bytes key, Bytes field, VersionVector observed) {
  ClearOp clear;
  clear.table = std::move(table);
  clear.key = std::move(key);
  clear.observed = std::move(observed);
  clear.kinds = kinds_of_field(field);
  clear.exact = is_column_end(field);
  clear.forget_counters = true;
  clear.prefix = std::move(field);
  return clear;
}

}  // namespace pando
