// model/declare_table.h — a mutation of a table's declaration (model/table_declaration.h).
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace pando {

// Of the table that Mutation::key names, in table `.tables`.
struct DeclareTable {
  // Property and its text; nothing returns it to its default.
  std::vector<std::pair<std::string, std::optional<std::string>>> properties;
  bool whole = false;  // properties that are not named return to their defaults
};

}  // namespace pando
