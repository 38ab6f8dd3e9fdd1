// Replica: which tables leave this node and which come in.

#include <fmt/format.h>

#include <algorithm>

#include "model/commit_parts.h"
#include "node/replica.h"

namespace pando::node {

Status Replica::join_cluster(const std::string& cluster) {
  PANDO_RETURN_IF_ERROR(serving());
  Bytes body;
  Writer(body).bytes(cluster);
  const Result<LogPos> pos = append_note(log::RecordKind::kCluster, body);
  if (!pos) return pos.error().with_context("cannot note the cluster");
  cells_->set_cluster(cluster);
  return {};
}

bool Replica::publishes(std::string_view table) const {
  if (!tables().publish.has(table)) return false;
  const std::string_view ruling = ruling_table(table);
  return ruling.empty() || !catalog_.of(ruling).local();
}

TableFilter Replica::shared() const {
  TableFilter filter{holds(), {}};
  for (const auto& [table, declaration] : catalog_.declared()) {
    if (declaration.local()) filter.but.push_back(table);
  }
  return filter;
}

bool Replica::may_write(std::string_view table) const {
  return config_.writable && (tables().publish.has(table) || !tables().subscribe.has(table)) && !arrives(table);
}

bool Replica::may_lack_own() const {
  if (tables().subscribe.all) return false;
  const auto& seen = cells_->context().entries();
  return std::any_of(seen.begin(), seen.end(), [&](const auto& entry) {
    return entry.first.node == self_.node && entry.first.epoch < self_.epoch;
  });
}

Status Replica::check_tables(const std::vector<Op>& ops) const {
  if (tables().publish.all && !any_arrives()) return {};
  for (const Op& op : ops) {
    const std::string_view table = table_of(op);
    PANDO_RETURN_IF_ERROR(check_arrived(table));
    if (may_write(table)) continue;
    return Status(StatusCode::kReadOnly,
                  fmt::format("table \"{}\" is read-only here: this node subscribes to it and does not publish it",
                              ruling_table(table)));
  }
  return {};
}

void Replica::divide_by_tables(Commit& commit) const {
  if (!tables().subscribe.all) {
    for (Op& op : commit.ops) {
      auto* clear = std::get_if<ClearOp>(&op);
      if (clear == nullptr || tables().subscribe.has(clear->table)) continue;
      VersionVector own;
      for (const auto& [origin, seq] : clear->observed.entries()) {
        if (origin.node == self_.node) own.raise(origin, seq);
      }
      clear->observed = std::move(own);
    }
  }
  divide(commit, [this](std::string_view table) { return !publishes(table); });
}

}  // namespace pando::node
