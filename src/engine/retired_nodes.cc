#include "engine/retired_nodes.h"

#include <fmt/core.h>

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
    if (at.path().kind == CellKind::kField) note_lost(at.cell().reg(), node);
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

void RetiredNodes::note_lost(const crdt::Register& reg, std::string_view node) {
  for (const crdt::Register::Entry& entry : reg.entries()) {
    const std::optional<LostDisk> said = decode_lost_disk(entry.value);
    if (!said) continue;
    Retirement& known = nodes_[std::string(node)];
    known.lost = std::max(known.lost, said->epoch);
    said_.raise(entry.dot.origin, entry.dot.seq);
    if (!said->whole) continue;
    Retirement::Closing& closing = known.closings[said->epoch];
    closing.whole.merge(*said->whole);
    if (std::find(closing.said.begin(), closing.said.end(), entry.dot) == closing.said.end()) {
      closing.said.push_back(entry.dot);
    }
  }
}

bool RetiredNodes::Retirement::Closing::known_with(const VersionVector& context) const {
  return std::any_of(said.begin(), said.end(), [&](const Dot& dot) { return context.covers(dot); });
}

bool RetiredNodes::lost(const Origin& origin) const {
  const auto at = nodes_.find(origin.node);
  return at != nodes_.end() && origin.epoch <= at->second.lost;
}

bool RetiredNodes::lost(std::string_view node) const {
  const auto at = nodes_.find(node);
  return at != nodes_.end() && at->second.lost != 0;
}

const RetiredNodes::Retirement::Closing* RetiredNodes::closing(const Origin& origin) const {
  const auto at = nodes_.find(origin.node);
  if (at == nodes_.end()) return nullptr;
  const auto closing = at->second.closings.lower_bound(origin.epoch);
  return closing == at->second.closings.end() ? nullptr : &closing->second;
}

bool RetiredNodes::open(std::string_view node) const {
  const auto at = nodes_.find(node);
  return at != nodes_.end() && at->second.lost != 0 && !at->second.closings.contains(at->second.lost);
}

bool RetiredNodes::any_open() const {
  return std::any_of(nodes_.begin(), nodes_.end(), [this](const auto& node) { return open(node.first); });
}

Status RetiredNodes::check_lost(const VersionVector& theirs, const VersionVector& here, Bearer bearer) const {
  for (const auto& [origin, seq] : theirs.entries()) {
    if (!lost(origin)) continue;
    const Retirement::Closing* closed = closing(origin);
    const bool ours = closed != nullptr ? closed->known_with(theirs) || seq <= closed->whole.get(origin)
                                        : bearer == Bearer::kPeer || seq <= here.get(origin);
    if (ours) continue;
    const std::string dot = to_string(Dot{origin, seq});
    if (closed == nullptr && bearer == Bearer::kBackup) {
      return Status(StatusCode::kUnavailable,
                    fmt::format("the disk of {} was declared lost, and the sites have not agreed yet what is left of "
                                "it; the backup holds {}, which has not come here: try again later",
                                origin.node, dot));
    }
    return Status(
        StatusCode::kConflict,
        fmt::format("the disk of {} was declared lost, and this is it, or a copy of it: it holds {}, of which "
                    "the others go on without. Begin an empty directory; what is on it can be restored by "
                    "tables (pando restore --table)",
                    origin.node, dot));
  }
  return {};
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
