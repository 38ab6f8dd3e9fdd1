// store/ended_fields.h — which cells of one key lie in a field whose time had run out at an instant.
//
// Asked about the cells of the key in their order it walks the ends once per kind, whatever their number. The cells
// must not change while it lives. Memory: one end.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "store/cell_cursor.h"

namespace pando::store {

class EndedFields {
 public:
  EndedFields(const Cells& cells, std::string table, Bytes key, std::int64_t as_of_ms)
      : cells_(cells), table_(std::move(table)), key_(std::move(key)), as_of_ms_(as_of_ms) {}

  // Whether that cell of the key is one: the ends of such fields, and of all that lies in them, are too. An end of the
  // key itself is not.
  Result<bool> has(const CellPath& path);

 private:
  const Cells& cells_;
  const std::string table_;
  const Bytes key_;
  const std::int64_t as_of_ms_;
  std::optional<CellKind> kind_;
  std::unique_ptr<CellCursor> ends_;  // behind what was asked about
  std::optional<Bytes> last_;         // the last field that has ended, outermost, at or before what was asked about
};

}  // namespace pando::store
