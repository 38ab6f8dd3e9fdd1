#include "engine/declare.h"

#include <fmt/core.h>

#include <algorithm>

namespace pando::engine {

Status decide(Draft& draft, const Mutation& mutation, const DeclareTable& declare) {
  if (mutation.table != kTableTables) return Status(StatusCode::kInternal, "a declaration belongs into .tables");
  PANDO_RETURN_IF_ERROR(validate_table_name(mutation.key));
  if (is_internal_table(mutation.key)) {
    return Status(StatusCode::kInvalidArgument,
                  fmt::format("table \"{}\" cannot be declared: names that begin with '.' are internal", mutation.key));
  }
  // Tried on a scratch, so that all of it is right or none of it is done.
  TableDeclaration scratch;
  for (const auto& asked : declare.properties) {
    const auto& [name, text] = asked;
    if (text) {
      PANDO_RETURN_IF_ERROR(set_property(scratch, name, *text));
      continue;
    }
    const auto known = properties_of(scratch);
    const bool exists =
        std::any_of(known.begin(), known.end(), [&](const auto& property) { return property.first == asked.first; });
    if (!exists) PANDO_RETURN_IF_ERROR(set_property(scratch, name, ""));  // its words for a name that is none
  }
  if (declare.whole) PANDO_RETURN_IF_ERROR(draft.clear(mutation.table, mutation.key));
  for (const auto& [name, text] : declare.properties) {
    CellPath path{mutation.table, mutation.key, CellKind::kField, name};
    PANDO_RETURN_IF_ERROR(text ? draft.put(std::move(path), *text) : draft.remove(path));
  }
  return {};
}

}  // namespace pando::engine
