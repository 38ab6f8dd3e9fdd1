#include "sim/checkers/parts.h"

#include <fmt/core.h>

#include "sim/ask.h"
#include "sim/checkers/checkers.h"

namespace pando::sim {
namespace {

// Of those that end each of two sites shows by its own clock whether they are there.
bool ends(const Bytes& key) { return key.rfind("end:", 0) == 0; }

}  // namespace

Parts::Rows Parts::rows_of(Machine& machine, const std::string& ns, std::string_view table) {
  Rows rows;
  ListRequest list;
  list.table = std::string(table);
  for (bool more = true; more;) {
    const Answer answer = ask_and_wait(world(), machine, ns, list);
    const auto* page = std::get_if<ListReply>(&answer.reply.body);
    if (!answer.reply.status.ok() || page == nullptr) {
      violation(fmt::format("{}/{}: {}: {}", machine.name(), ns, table, answer.reply.status.to_string()));
      return rows;
    }
    for (const Bytes& key : page->keys) {
      const Answer got = ask_and_wait(world(), machine, ns, GetRequest{list.table, key, false});
      const auto* value = std::get_if<ValueReply>(&got.reply.body);
      // Keys of other types, and those that ended meanwhile.
      if (value == nullptr || !value->found || value->kind != CellKind::kRegister || value->dot.seq.value == 0)
        continue;
      rows[key] = {fmt::format("{} by {}", printable(value->value), to_string(value->dot)), value->dot.origin.node};
    }
    more = page->more && !page->keys.empty();
    if (more) list.after = page->keys.back();
  }
  return rows;
}

void Parts::compare(const std::string& ns, Machine& part, const TableScope& tables, Machine& whole) {
  for (const std::string_view table : {kTableKv, kTableAlerts, kTableReadings}) {
    const Rows here = rows_of(part, ns, table);
    const Rows there = rows_of(whole, ns, table);
    const bool takes = tables.subscribe.has(table);
    const bool publishes = tables.publish.has(table);
    const std::string what = fmt::format("{}: {} of {} and {}", ns, table, part.name(), whole.name());
    for (const auto& [key, row] : here) {
      const auto at = there.find(key);
      const bool same = at != there.end() && at->second == row;
      // What came of others before the table was given up stays as it is.
      if (!takes && row.node != part.name()) continue;
      if (ends(key) && (at == there.end() || (!takes && at->second.node != part.name()))) continue;
      if ((takes || publishes) && !same) {
        violation(fmt::format("{}: {} is {}, there {}", what, printable(key), row.text,
                              at == there.end() ? "nothing" : at->second.text));
      } else if (!takes && !publishes && same) {
        violation(fmt::format("{}: {} has left the site", what, printable(key)));
      }
    }
    if (!takes) continue;
    for (const auto& [key, row] : there) {
      if (!here.contains(key) && !ends(key))
        violation(fmt::format("{}: {} is only there: {}", what, printable(key), row.text));
    }
  }
}

TableScope Parts::scope_of(Machine& machine, const std::string& ns) {
  const Answer answer = ask_and_wait(world(), machine, ns, ScopeRequest{});
  const auto* scope = std::get_if<Boxed<ScopeReply>>(&answer.reply.body);
  if (!answer.reply.status.ok() || scope == nullptr) {
    violation(fmt::format("{}/{}: scope: {}", machine.name(), ns, answer.reply.status.to_string()));
    return {};
  }
  if ((*scope)->holds != (*scope)->scope.subscribe) {
    violation(fmt::format("{}/{}: of {} only {} are here: {}", machine.name(), ns, to_string((*scope)->scope.subscribe),
                          to_string((*scope)->holds), (*scope)->arriving));
  }
  return (*scope)->scope;
}

void Parts::at_end() {
  for (const auto& part : world().machines()) {
    for (const node::NamespaceConfig& ns : part->config().namespaces) {
      if (ns.tables.whole()) continue;
      const TableScope scope = scope_of(*part, ns.name);
      for (const auto& whole : world().machines()) {
        if (whole->holds(ns.name) && holds_whole(*whole, ns.name)) compare(ns.name, *part, scope, *whole);
      }
    }
  }
}

}  // namespace pando::sim
