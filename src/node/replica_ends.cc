// Replica: ends that come with those who are met, and are taken away before they were looked at.

#include <algorithm>

#include "model/expiry.h"
#include "node/replica.h"

namespace pando::node {

namespace {

bool knows(const VersionVector& seen, const std::string& node) {
  const auto& entries = seen.entries();
  return std::any_of(entries.begin(), entries.end(), [&](const auto& entry) { return entry.first.node == node; });
}

// Gives the key up, and does not begin it anew.
bool only_clears(const Commit& commit, const ClearOp& clear) {
  return std::all_of(commit.ops.begin(), commit.ops.end(), [&](const Op& op) {
    return std::holds_alternative<ClearOp>(op) || table_of(op) != clear.table || key_of(op) != ByteSpan(clear.key);
  });
}

}  // namespace

Status Replica::note_cleared_ends(const Commit& commit) {
  if (commit.dot.origin == self_) return {};
  for (const Op& op : commit.ops) {
    const auto* clear = std::get_if<ClearOp>(&op);
    // Only what had ended is cleared with its counters (engine/draft_expiry.cc, node/expiry_path.h).
    if (clear == nullptr || !clear->forget_counters || cleared_ends_.size() >= kUnseenEndsMax) continue;
    if (knows(clear->observed, self_.node) || !only_clears(commit, *clear)) continue;
    const CellPath path{clear->table, clear->key, CellKind::kExpiry, clear->prefix};
    const auto end = cells_->ends_at(path.table, path.key, path.element);
    if (!end) return end.error();
    if (!*end || **end == kNeverExpires || **end > commit.hlc.wall_ms()) continue;
    const auto reg = cells_->find_register(path);
    if (!reg) return reg.error();
    if (*reg == nullptr) continue;
    const std::vector<Dot> dots = (*reg)->dots();
    // Where another end stays the key reads as ended here, and is looked at when that comes up.
    if (!std::all_of(dots.begin(), dots.end(), [&](const Dot& dot) { return clear->observed.covers(dot); })) continue;
    VersionVector own;
    for (const auto& [origin, seq] : cells_->context().entries()) {
      if (origin.node == self_.node) own.raise(origin, seq);
    }
    if (!own.entries().empty()) cleared_ends_.emplace(path, std::move(own));
  }
  return {};
}

std::vector<Replica::ClearedEnd> Replica::take_cleared_ends(std::size_t count_max) {
  std::vector<ClearedEnd> taken;
  while (!cleared_ends_.empty() && taken.size() < count_max) {
    auto first = cleared_ends_.extract(cleared_ends_.begin());
    taken.push_back({std::move(first.key()), std::move(first.mapped())});
  }
  return taken;
}

}  // namespace pando::node
