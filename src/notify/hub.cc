#include "notify/hub.h"

#include <fmt/core.h>

#include <utility>

#include "base/check.h"

namespace pando::notify {

Hub::Hub(std::string ns, HubOptions options) : ns_(std::move(ns)), options_(options) {}

Result<std::string> Hub::open(WatchId id, WatchFilter filter, Cursor start) {
  if (watches_.size() >= options_.watches_max) {
    return fail(StatusCode::kOverloaded, fmt::format("{} watches are open, which is the limit", watches_.size()));
  }
  std::string text = cursor_text(ns_, start);
  const auto [at, is_new] = watches_.try_emplace(id, std::move(filter), std::move(start), options_.batch);
  CHECK(is_new);
  want(id, at->second);
  return text;
}

bool Hub::close(WatchId id) {
  const auto at = watches_.find(id);
  if (at == watches_.end()) return false;
  unwant(id, at->second);
  gathered_.erase(id);
  watches_.erase(at);
  return true;
}

void Hub::ready(WatchId id) {
  const auto at = watches_.find(id);
  if (at == watches_.end() || !at->second.waiting()) return;
  at->second.ready();
  want(id, at->second);
}

std::optional<LogPos> Hub::next_read(LogPos durable) const {
  if (wanted_.empty() || wanted_.begin()->first > durable) return std::nullopt;
  return wanted_.begin()->first;
}

void Hub::offer(const Record& record) {
  auto group = wanted_.extract(record.pos);
  if (group.empty()) return;
  RecordCursors cursors(ns_, record);
  Group& ids = group.mapped();
  for (auto at = ids.begin(); at != ids.end();) {
    Watch& watch = watches_.at(*at);
    watch.offer(record, cursors);
    if (watch.has_events()) gathered_.insert(*at);
    at = watch.full() ? ids.erase(at) : std::next(at);
  }
  if (ids.empty()) return;
  // All that are left moved on by one record. Usually nobody is there yet, and the set moves as a whole.
  group.key() = record.pos.next();
  if (auto inserted = wanted_.insert(std::move(group)); !inserted.inserted) {
    inserted.position->second.merge(inserted.node.mapped());
  }
}

std::vector<Batch> Hub::take_batches(LogPos durable) {
  std::vector<Batch> batches;
  for (auto at = gathered_.begin(); at != gathered_.end();) {
    Watch& watch = watches_.at(*at);
    if (!watch.full() && watch.cursor().pos < durable) {
      ++at;
      continue;
    }
    unwant(*at, watch);
    batches.push_back(Batch{*at, watch.take()});
    at = gathered_.erase(at);
  }
  return batches;
}

std::vector<WatchId> Hub::drop_before(LogPos oldest) {
  std::vector<WatchId> dropped;
  for (const auto& [id, watch] : watches_) {
    if (watch.cursor().pos.next() < oldest) dropped.push_back(id);
  }
  for (const WatchId id : dropped) close(id);
  return dropped;
}

std::vector<WatchId> Hub::drop_lacking(LogPos pos, const VersionVector& context) {
  std::vector<WatchId> dropped;
  const auto group = wanted_.find(pos);
  if (group == wanted_.end()) return dropped;
  for (const WatchId id : group->second) {
    if (!watches_.at(id).cursor().seen.covers(context)) dropped.push_back(id);
  }
  for (const WatchId id : dropped) close(id);
  return dropped;
}

std::vector<WatchId> Hub::drop_watching(LogPos pos, const TableSet& tables) {
  std::vector<WatchId> dropped;
  const auto group = wanted_.find(pos);
  if (group == wanted_.end()) return dropped;
  for (const WatchId id : group->second) {
    const std::optional<std::string>& table = watches_.at(id).filter().table;
    if (!table || tables.has(*table)) dropped.push_back(id);
  }
  for (const WatchId id : dropped) close(id);
  return dropped;
}

std::vector<WatchId> Hub::drop_all() {
  std::vector<WatchId> dropped;
  for (const auto& [id, watch] : watches_) dropped.push_back(id);
  watches_.clear();
  wanted_.clear();
  gathered_.clear();
  return dropped;
}

std::optional<LogPos> Hub::slowest() const {
  std::optional<LogPos> lowest;
  for (const auto& [id, watch] : watches_) {
    const LogPos next = watch.cursor().pos.next();
    if (!lowest || next < *lowest) lowest = next;
  }
  return lowest;
}

void Hub::want(WatchId id, const Watch& watch) {
  if (const auto pos = watch.next_read()) wanted_[*pos].insert(id);
}

void Hub::unwant(WatchId id, const Watch& watch) {
  const auto pos = watch.next_read();
  if (!pos) return;
  const auto group = wanted_.find(*pos);
  CHECK(group != wanted_.end());
  CHECK(group->second.erase(id) == 1);
  if (group->second.empty()) wanted_.erase(group);
}

}  // namespace pando::notify
