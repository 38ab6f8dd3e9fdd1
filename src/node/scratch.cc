#include "node/scratch.h"

#include <algorithm>

#include "apply/apply.h"
#include "base/limits.h"

namespace pando::node {

Result<std::unique_ptr<Scratch>> Scratch::open(const store::Cells& cells, const engine::Catalog& catalog,
                                               std::int64_t now_ms, std::optional<store::Snapshots::Id> snapshot) {
  std::unique_ptr<Scratch> scratch(new Scratch(cells, catalog, now_ms, snapshot));
  store::CellsOptions options;
  options.cache_bytes_max = limits::kScratchCacheBytes;
  options.filters_keys = false;
  Result<std::unique_ptr<store::Cells>> own = store::Cells::open(scratch->kv_, options);
  if (!own) return fail(own.error());
  scratch->cells_ = *std::move(own);
  for (const auto& [table, freed] : cells.expiry().marks()) scratch->cells_->mark_table(table, freed);
  return scratch;
}

Status Scratch::apply(const Dot& dot, std::vector<Op> ops) {
  Commit commit;
  commit.dot = dot;
  commit.hlc = std::max(Hlc::from_wall_ms(now_ms_), Hlc{cells_->meta().hlc_floor.bits + 1});
  commit.ops = std::move(ops);
  const Result<apply::ApplyOutcome> outcome = apply::apply(commit, cells_->applied().next(), *cells_);
  return outcome ? Status() : outcome.error();
}

}  // namespace pando::node
