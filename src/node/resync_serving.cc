#include "node/resync_serving.h"

#include <fmt/core.h>

namespace pando::node {

Status ResyncServing::lost(LinkId id, repl::Session& session, VersionVector needs, Outputs& out) {
  if (!session.speaks_resync()) {
    return Status(StatusCode::kGone,
                  fmt::format("the log of {} no longer reaches back to what the peer needs, and the peer does not "
                              "speak of resync: it must be brought to a newer version",
                              replica_.name()));
  }
  session.lose_place();
  session.send_resync(repl::Gap{needs});
  out.notes.push_back({Note::Level::kInfo, replica_.name(),
                       fmt::format("link {}: the log no longer has what the peer needs next; it needs {} or a resync",
                                   id.value, to_string(needs))});
  peers_[id].needs = std::move(needs);
  return {};
}

bool ResyncServing::may_go_on(LinkId id, const VersionVector& peer_has) const {
  const auto at = peers_.find(id);
  return at != peers_.end() && at->second.needs && peer_has.covers(*at->second.needs);
}

bool ResyncServing::declined(LinkId id) const {
  const auto at = peers_.find(id);
  return at != peers_.end() && at->second.needs && at->second.declined;
}

// It may be comparing on.
void ResyncServing::found(LinkId id) {
  const auto at = peers_.find(id);
  if (at == peers_.end()) return;
  at->second.needs.reset();
  at->second.declined = false;
  const bool compares = (at->second.source && at->second.source->is_open()) || at->second.waiting;
  if (!compares) peers_.erase(at);
}

void ResyncServing::on_ask(LinkId id, const repl::CutAsk& ask) {
  Peer& peer = peers_[id];
  if (peer.source) peer.source->close();
  peer.waiting = ask;
}

Status ResyncServing::on_ask(LinkId id, repl::RangeAsk&& ask) {
  const auto at = peers_.find(id);
  if (at == peers_.end() || !at->second.source) return {};
  return at->second.source->ask(std::move(ask));
}

void ResyncServing::on_over(LinkId id, const repl::CutOver& over) {
  const auto at = peers_.find(id);
  if (at == peers_.end()) return;
  Peer& peer = at->second;
  if (peer.source && peer.source->round() == over.round) peer.source->close();
  if (peer.waiting && peer.waiting->round == over.round) peer.waiting.reset();
  peer.declined = over.why == repl::CutOver::Why::kTooLarge;
  if (!peer.needs && !peer.waiting && (!peer.source || !peer.source->is_open())) peers_.erase(at);
}

void ResyncServing::open_cuts() {
  if (replica_.has_met_keys()) return;
  std::size_t open = 0;
  for (const auto& entry : peers_) open += entry.second.source && entry.second.source->is_open() ? 1 : 0;
  for (auto& entry : peers_) {
    Peer& peer = entry.second;
    if (!peer.waiting || open >= limits::kResyncCutsMax) continue;
    if (!peer.source) peer.source = std::make_unique<ResyncSource>(replica_);
    peer.source->open(*peer.waiting);
    peer.waiting.reset();
    ++open;
    ++cuts_served_;
  }
}

bool ResyncServing::work(const Sessions& sessions) {
  bool more = false;
  for (auto& [id, peer] : peers_) {
    repl::Session* session = sessions(id);
    if (!peer.source || session == nullptr) continue;
    const Result<bool> on = peer.source->work(*session);
    if (!on) session->refuse(on.error());
    more = more || (on && *on);
  }
  return more;
}

std::optional<LogPos> ResyncServing::held() const {
  std::optional<LogPos> lowest;
  for (const auto& entry : peers_) {
    if (!entry.second.needs || !entry.second.source || !entry.second.source->held()) continue;
    const LogPos next = entry.second.source->held()->next();
    if (!lowest || next < *lowest) lowest = next;
  }
  return lowest;
}

}  // namespace pando::node
