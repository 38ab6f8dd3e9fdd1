#include "engine/declare.h"

#include <fmt/core.h>

#include <algorithm>

namespace pando::engine {

namespace {

// What was written in a local table is known at one site only, though all have seen the commits: it could not be
// brought to the others any more.
Status check_stays_local(const TableDeclaration& is, const TableDeclaration& asked, const DeclareTable& declare,
                         const Bytes& table) {
  if (!is.local()) return {};
  const auto keeps = [&](std::string_view name, bool asked_for) {
    for (const auto& [property, text] : declare.properties) {
      if (property == name) return text.has_value() && !asked_for;
    }
    return !declare.whole;
  };
  if ((!is.publish && keeps("publish", asked.publish)) || (!is.subscribe && keeps("subscribe", asked.subscribe)))
    return {};
  return Status(StatusCode::kConflict,
                fmt::format("table \"{}\" is local to each site and stays so: what was written in it is not at the "
                            "others. Copy it into another table",
                            table));
}

}  // namespace

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
  PANDO_RETURN_IF_ERROR(check_stays_local(draft.table(mutation.key), scratch, declare, mutation.key));
  if (declare.whole) PANDO_RETURN_IF_ERROR(draft.clear(mutation.table, mutation.key));
  for (const auto& [name, text] : declare.properties) {
    CellPath path{mutation.table, mutation.key, CellKind::kField, name};
    // Of these only "local" is ever written: so it stands, whatever another site declares at once.
    const bool says_shared = (name == "publish" && scratch.publish) || (name == "subscribe" && scratch.subscribe);
    PANDO_RETURN_IF_ERROR(text && !says_shared ? draft.put(std::move(path), *text) : draft.remove(path));
  }
  return {};
}

}  // namespace pando::engine
