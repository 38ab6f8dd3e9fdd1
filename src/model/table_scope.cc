#include "model/table_scope.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/limits.h"
#include "model/path.h"

namespace pando {
namespace {

std::vector<std::string> sorted(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

void encode_names(const std::vector<std::string>& names, Writer& out) {
  out.varint(names.size());
  for (const std::string& name : names) out.bytes(name);
}

std::vector<std::string> decode_names(Reader& in) {
  std::vector<std::string> names;
  const std::uint64_t count = in.varint_max("tables", limits::kScopeNamesMax);
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    std::string name(in.bytes("tables.name", limits::kTableBytesMax));
    if (in.ok()) {
      if (const Status valid = validate_table_name(name); !valid.ok()) in.refuse("tables.name", valid.message());
      if (!names.empty() && name <= names.back()) in.refuse("tables", "are not in ascending order");
    }
    names.push_back(std::move(name));
  }
  return names;
}

}  // namespace

std::string_view ruling_table(std::string_view table) {
  if (!is_internal_table(table)) return table;
  if (table == kTableLobChunks || table == kTableUploads) return kTableLob;
  if (table == kTableMergeGroup) return kTableKv;
  return {};
}

TableSet TableSet::of(std::vector<std::string> names) { return {false, sorted(std::move(names))}; }

bool TableSet::has(std::string_view table) const {
  if (all) return true;
  const std::string_view ruling = ruling_table(table);
  return ruling.empty() || std::binary_search(names.begin(), names.end(), ruling, std::less<>());
}

bool TableSet::includes(const TableSet& other) const {
  if (all) return true;
  return !other.all && std::includes(names.begin(), names.end(), other.names.begin(), other.names.end());
}

TableSet both(const TableSet& a, const TableSet& b) {
  if (a.all) return b;
  if (b.all) return a;
  TableSet out{false, {}};
  std::set_intersection(a.names.begin(), a.names.end(), b.names.begin(), b.names.end(), std::back_inserter(out.names));
  return out;
}

TableSet either(const TableSet& a, const TableSet& b) {
  if (a.all || b.all) return {};
  TableSet out{false, {}};
  std::set_union(a.names.begin(), a.names.end(), b.names.begin(), b.names.end(), std::back_inserter(out.names));
  return out;
}

std::string to_string(const TableSet& tables) {
  if (tables.all) return "all tables";
  return tables.names.empty() ? "no tables" : fmt::format("{}", fmt::join(tables.names, ", "));
}

void encode(const TableSet& tables, Writer& out) {
  out.u8(tables.all ? 1 : 0);
  if (!tables.all) encode_names(tables.names, out);
}

TableSet decode_table_set(Reader& in) {
  const std::uint8_t all = in.u8("tables.all");
  if (in.ok() && all > 1) in.refuse("tables.all", "is neither 0 nor 1");
  return all == 1 ? TableSet{} : TableSet{false, decode_names(in)};
}

void encode(const TableScope& scope, Writer& out) {
  encode(scope.publish, out);
  encode(scope.subscribe, out);
}

TableScope decode_table_scope(Reader& in) {
  TableScope scope;
  scope.publish = decode_table_set(in);
  scope.subscribe = decode_table_set(in);
  return scope;
}

bool TableFilter::has(std::string_view table) const {
  if (!only.has(table)) return false;
  return but.empty() || !std::binary_search(but.begin(), but.end(), ruling_table(table), std::less<>());
}

TableFilter both(const TableFilter& a, const TableFilter& b) {
  std::vector<std::string> but = a.but;
  but.insert(but.end(), b.but.begin(), b.but.end());
  return {both(a.only, b.only), sorted(std::move(but))};
}

void encode(const TableFilter& filter, Writer& out) {
  encode(filter.only, out);
  encode_names(filter.but, out);
}

TableFilter decode_table_filter(Reader& in) {
  TableFilter filter;
  filter.only = decode_table_set(in);
  filter.but = decode_names(in);
  return filter;
}

}  // namespace pando
