#include "node/equality_path.h"

#include <algorithm>

namespace pando::node {
namespace {

constexpr std::size_t kPeersComparedMax = 4096;
// Per peer: those beyond are compared as well, and not told of one by one.
constexpr std::size_t kTablesToldMax = 1'000;
// Until a peer that was just met is compared for the first time, and until one is again that was not at rest, or with
// which something differed.
constexpr Duration kCompareSoon = Duration::seconds(10);
constexpr Duration kLookForRestEvery = Duration::millis(100);

}  // namespace

void EqualityPath::met(const std::string& peer, Instant now) {
  if (interval_.us == 0 || peers_.contains(peer) || peers_.size() >= kPeersComparedMax) return;
  peers_[peer].turn = now + std::min(kCompareSoon, interval_);
}

std::optional<std::string> EqualityPath::next_of(const std::vector<std::string>& at_rest, Instant now) {
  look_at_ = now + kLookForRestEvery;
  auto first = peers_.end();
  for (const std::string& name : at_rest) {
    const auto peer = peers_.find(name);
    if (peer == peers_.end() || peer->second.turn > now) continue;
    if (first == peers_.end() || peer->second.turn < first->second.turn) first = peer;
  }
  if (first == peers_.end()) return std::nullopt;
  return first->first;
}

void EqualityPath::postponed(const std::string& peer, Instant now) {
  if (const auto at = peers_.find(peer); at != peers_.end()) at->second.turn = now + std::min(kCompareSoon, interval_);
}

void EqualityPath::compared(const std::string& peer, const Difference& difference, Time now) {
  const auto at = peers_.find(peer);
  if (at == peers_.end()) return;
  ++compared_;
  const bool equal = difference.cells.empty();
  differed_ += equal ? 0 : 1;
  at->second.turn = instant_of(now) + (equal ? interval_ : std::min(kCompareSoon, interval_));
  at->second.at_ms = now.wall_ms;
  at->second.tables.clear();
  for (const TableDifference& table : difference.tables) {
    if (at->second.tables.size() >= kTablesToldMax) break;
    at->second.tables.emplace_back(table.table, table.keys == 0);
  }
}

void EqualityPath::add_stats(StatsReply& stats) const {
  stats.compared_total = compared_;
  stats.differed_total = differed_;
  stats.mended_cells = mended_;
  for (const auto& [name, peer] : peers_) {
    for (const auto& [table, equal] : peer.tables) stats.converged.push_back({name, table, equal, peer.at_ms});
  }
}

}  // namespace pando::node
