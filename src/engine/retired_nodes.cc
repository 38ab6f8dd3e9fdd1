#include "engine/retired_nodes.h"

#include <algorithm>

#include "engine/retired.h"
#include "store/cell_cursor.h"

namespace pando::engine {

Result<RetiredNodes> RetiredNodes::load(const store::Cells& cells) {
  RetiredNodes retired;
  std::vector<Bytes> names;
  {
    store::CellCursor at = cells.scan(kTableNodes, {}, {});
    for (; at.valid(); at.skip_key()) names.push_back(at.key());
    PANDO_RETURN_IF_ERROR(at.status());
  }
  for (const Bytes& name : names) PANDO_RETURN_IF_ERROR(retired.note_change(cells, name));
  return retired;
}

Status RetiredNodes::note_change(const store::Cells& cells, std::string_view node) {
  store::CellCursor at = cells.scan_key(kTableNodes, node);
  for (; at.valid(); at.next()) {
    if (at.path().kind != CellKind::kRegister) continue;
    for (const crdt::Register::Entry& entry : at.cell().reg().entries()) {
      const std::optional<std::uint64_t> epoch = decode_retirement(entry.value);
      if (!epoch) continue;
      Retirement& known = nodes_[std::string(node)];
      if (*epoch >= known.epoch) known = {*epoch, entry.dot.origin, entry.hlc};
      said_.raise(entry.dot.origin, entry.dot.seq);
    }
  }
  return at.status();
}

bool RetiredNodes::gone(std::string_view node, const VersionVector& context) const {
  const auto at = nodes_.find(node);
  if (at == nodes_.end()) return false;
  const auto& entries = context.entries();
  return std::none_of(entries.begin(), entries.end(), [&](const auto& entry) {
    return entry.first.node == node && entry.first.epoch > at->second.epoch;
  });
}

}  // namespace pando::engine
