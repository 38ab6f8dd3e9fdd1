// engine/catalog.h — what a namespace has agreed on, decoded once and kept: the declarations of its tables, and which
// nodes are retired.
//
// Follows the cells of tables `.tables` and `.nodes`: whoever lets a commit into the cells tells note_change() of each
// key of the first, and retired() of each key of the second, that it touched. One thread.
#pragma once

#include <map>

#include "engine/retired_nodes.h"
#include "model/table_declaration.h"
#include "store/cells.h"

namespace pando::engine {

class Catalog {
 public:
  // Reads all declarations. A property that does not parse (a newer version wrote it) has its default.
  static Result<Catalog> load(const store::Cells& cells);

  const TableDeclaration& of(std::string_view table) const;
  // By name, the declared ones.
  const std::map<std::string, TableDeclaration, std::less<>>& declared() const { return tables_; }

  Status note_change(const store::Cells& cells, std::string_view table);

  const RetiredNodes& retired() const { return retired_; }
  RetiredNodes& retired() { return retired_; }

 private:
  RetiredNodes retired_;
  std::map<std::string, TableDeclaration, std::less<>> tables_;
  TableDeclaration defaults_;
};

// Field name and text of each property of a declaration, in the order of docs/http.md: "resolver" "lww", "ttl" "60s".
std::vector<std::pair<std::string_view, std::string>> properties_of(const TableDeclaration& declaration);
// kInvalidArgument naming the property and what is allowed; also for a name that is none.
Status set_property(TableDeclaration& declaration, std::string_view name, std::string_view text);
// The entry of a register that a table's reads show; null when empty.
const crdt::Register::Entry* resolve(const crdt::Register& reg, const TableDeclaration& table);

}  // namespace pando::engine
