// model/table_growth.h — what of the tables that a node takes is here, once it has come to take more than before.
//
//   taken        commits come with what they hold of the table
//   arriving     taken, and not held: what was written before has to come from somebody who has all of it. Nothing
//                of the table is shown, written, compared or told of until then
//   held         taken, and its cells are what the context says
//
// Of others' commits up to `upto` the log here has only what was taken before; docs/design/017-parts-of-a-namespace.md.
#pragma once

#include "base/ids.h"
#include "model/table_scope.h"
#include "model/version_vector.h"

namespace pando {

struct TableGrowth {
  TableSet holds = {};         // of what is taken
  TableSet before = {};        // others' commits up to `upto` are whole here as far as these go
  VersionVector upto = {};     // what had been seen when more was taken last
  LogPos at = {};              // where in the log that was
  bool discards = false;       // what is here of tables that arrive goes, though some of it was never anywhere else
  TableScope configured = {};  // what the configuration said when the scope was set last

  // Of a scope that never grew, and was configured as it is.
  static TableGrowth none(const TableScope& scope) { return {scope.subscribe, scope.subscribe, {}, {}, false, scope}; }
  bool arrives(const TableScope& scope, std::string_view table) const {
    return !holds.has(table) && scope.subscribe.has(table);
  }
  friend bool operator==(const TableGrowth&, const TableGrowth&) = default;
};
// holds, before, vector(upto) varint(at) u8(discards), configured.
void encode(const TableGrowth& growth, Writer& out);
TableGrowth decode_table_growth(Reader& in);

// The record of a log by which the scope changes: the scope, then its growth.
struct ScopeRecord {
  TableScope scope;
  TableGrowth growth;
};
Bytes encode_scope_record(const ScopeRecord& record);
Result<ScopeRecord> decode_scope_record(ByteSpan body);

}  // namespace pando
