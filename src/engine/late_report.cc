#include "engine/late_report.h"

#include <algorithm>
#include <map>

#include "model/expiry.h"
#include "model/field_end.h"

namespace pando::engine {
namespace {

// The key, and the fields around the cell.
std::vector<ByteSpan> all_around(const CellPath& path) {
  std::vector<ByteSpan> fields = fields_around(path);
  fields.insert(fields.begin(), ByteSpan());
  return fields;
}

Result<bool> ends(const store::Cells& cells, const CellPath& path) {
  for (const ByteSpan field : all_around(path)) {
    const auto end = cells.ends_at(path.table, path.key, field);
    if (!end) return fail(end.error());
    if (*end && **end != kNeverExpires) return true;
  }
  return false;
}

Status free_vouched(store::Cells& cells, const CellPath& path, std::string_view node, const Stable& stable) {
  const auto over = over_of_others(cells, path, node, stable.clock_ms());
  if (!over) return over.error();
  for (const Over& one : *over) {
    if (!stable.covers(one.needs)) continue;
    if (one.field.empty()) return cells.free_key(path.table, path.key);
    const Result<bool> counts = counts_in(cells, path.table, path.key, one.field);
    if (!counts) return counts.error();
    if (!*counts) PANDO_RETURN_IF_ERROR(cells.free_field(path.table, path.key, one.field));
  }
  return {};
}

}  // namespace

Result<std::vector<Over>> over_of_others(const store::Cells& cells, const CellPath& path, std::string_view node,
                                         std::int64_t now_ms) {
  std::vector<Over> over;
  for (const ByteSpan field : all_around(path)) {
    const auto end = cells.ends_at(path.table, path.key, field);
    if (!end) return fail(end.error());
    if (!*end || **end > now_ms) continue;
    Result<FreeingNeeds> needs = needs_of(cells, path.table, path.key, **end, field);
    if (!needs) return fail(needs.error());
    const auto& made = needs->seen.entries();
    if (std::all_of(made.begin(), made.end(), [&](const auto& one) { return one.first.node == node; })) continue;
    over.push_back({Bytes(field), *std::move(needs)});
  }
  return over;
}

Status free_before(store::Cells& cells, const Commit& commit) {
  const Origin& maker = commit.dot.origin;
  std::optional<std::optional<Vouch>> said;
  std::map<std::string, Stable, std::less<>> stable;  // by table
  for (const Op& op : commit.ops) {
    const std::string_view table = table_of(op);
    if (is_internal_table(table) || !cells.may_expire(table)) continue;
    const CellPath path = path_in(op);
    const Result<bool> asked = ends(cells, path);
    if (!asked) return asked.error();
    if (!*asked) continue;
    if (!said) {
      Result<std::optional<Vouch>> vouch = vouch_of(cells, maker);
      if (!vouch) return vouch.error();
      said = *std::move(vouch);
    }
    if (*said && !(*said)->only_reports(path.table)) continue;
    auto at = stable.find(path.table);
    if (at == stable.end()) {
      const Result<RetiredNodes> retired = RetiredNodes::load(cells);
      if (!retired) return retired.error();
      Result<Stable> of_those = Stable::of_those_who_see(cells, path.table, maker, *retired);
      if (!of_those) return of_those.error();
      at = stable.emplace(path.table, *std::move(of_those)).first;
    }
    if (!*said && at->second.names(maker)) continue;
    PANDO_RETURN_IF_ERROR(free_vouched(cells, path, maker.node, at->second));
  }
  return {};
}

}  // namespace pando::engine
