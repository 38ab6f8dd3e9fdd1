// model/table_scope.h — which tables of a namespace a node sends to others, and which it takes from them.
//
// A node's scope is the same on all its links: what one peer has, others get from it, so a table that goes to one goes
// to all. What a table is, by it:
//
//   published and subscribed   shared, the default
//   subscribed only            read here, written elsewhere: writes are refused
//   published only             others get what is written here; what they write under it stays out
//   neither                    this node's own
//
// Internal tables belong to the table whose data they hold (`.lob` to `lob`, `.merge` to `kv`); all others of them, the
// declarations among them, always go both ways. docs/design/017-parts-of-a-namespace.md.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/codec.h"

namespace pando {

struct TableSet {
  bool all = true;
  std::vector<std::string> names = {};  // when not all: sorted, each once

  static TableSet of(std::vector<std::string> names);
  // Internal tables as said above.
  bool has(std::string_view table) const;
  // Every table that `other` has.
  bool includes(const TableSet& other) const;
  friend bool operator==(const TableSet&, const TableSet&) = default;
};
TableSet both(const TableSet& a, const TableSet& b);
TableSet either(const TableSet& a, const TableSet& b);
std::string to_string(const TableSet& tables);  // "all tables", "no tables", "alerts, thresholds"

// u8(1) for all, or u8(0) varint(count) then bytes(name) each, ascending.
void encode(const TableSet& tables, Writer& out);
TableSet decode_table_set(Reader& in);

struct TableScope {
  TableSet publish = {};
  TableSet subscribe = {};

  bool whole() const { return publish.all && subscribe.all; }
  friend bool operator==(const TableScope&, const TableScope&) = default;
};
// publish, then subscribe.
void encode(const TableScope& scope, Writer& out);
TableScope decode_table_scope(Reader& in);

// The table whose rules hold for this one; empty for an internal one that belongs to none.
std::string_view ruling_table(std::string_view table);

// What a comparison of two nodes looks at: tables of the set, but not of the list. `but` is sorted, of ruling tables.
struct TableFilter {
  TableSet only = {};
  std::vector<std::string> but = {};

  bool has(std::string_view table) const;
  bool every() const { return only.all && but.empty(); }
  friend bool operator==(const TableFilter&, const TableFilter&) = default;
};
TableFilter both(const TableFilter& a, const TableFilter& b);
// The set, then varint(count) and bytes(name) each, ascending.
void encode(const TableFilter& filter, Writer& out);
TableFilter decode_table_filter(Reader& in);

}  // namespace pando
