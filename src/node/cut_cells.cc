#include "node/cut_cells.h"

#include "store/cell_key.h"

namespace pando::node {

bool lets_through(const TableFilter& filter, ByteSpan cell_key) {
  return filter.every() || filter.has(store::table_of_cell_key(cell_key));
}

std::size_t cost_of_differing(ByteSpan cell_key, const std::optional<ByteSpan>& state) {
  return cell_key.size() + (state ? state->size() : 0) + 64;
}

std::vector<CutCell> cells_to_merge(const store::Overlay& differing, const store::Snapshots& snapshots,
                                    store::Snapshots::Id snapshot, const TableFilter& filter) {
  std::vector<CutCell> cells;
  for (const auto& [key, state] : differing) cells.push_back({key, state});
  for (const auto& entry : snapshots.history()) {
    const store::Cell* then = snapshots.find(snapshot, entry.first);
    if (then == nullptr || differing.contains(entry.first) || !lets_through(filter, entry.first)) continue;
    CutCell cell{entry.first, std::nullopt};
    if (!then->empty()) {
      cell.state.emplace();
      store::encode_cell_state(*then, *cell.state);
    }
    cells.push_back(std::move(cell));
  }
  return cells;
}

}  // namespace pando::node
