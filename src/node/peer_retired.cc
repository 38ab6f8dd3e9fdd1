// PeerPath: what retirements do to links, and what is known of peers for draining and retiring.

#include <fmt/core.h>

#include <algorithm>

#include "engine/retired.h"
#include "engine/vouches.h"
#include "node/peer_path.h"

namespace pando::node {
namespace {

// For so long a site that takes some tables waits for others to bring what a retired node has come back with.
constexpr Duration kNewsByOthers = Duration::seconds(30);

}  // namespace

Status PeerPath::fence(Link& link, const repl::HelloReceived& hello, Outputs& out) {
  const std::string who = to_string(hello.origin);
  if (!hello.subscribe || !link.options.publish) {
    return Status(
        StatusCode::kConflict,
        fmt::format("{} is retired, and takes nothing from here by which it could learn that and come back: let "
                    "it subscribe to this node, or begin an empty directory",
                    who));
  }
  link.fenced = true;
  out.notes.push_back(
      {Note::Level::kWarning, replica_.name(),
       fmt::format("{} is retired and has come back: it is sent what is here, and nothing is taken from "
                   "it before it has begun a new epoch, which it does by itself",
                   who)});
  return {};
}

bool PeerPath::comes_by_others(const Link& link, Instant now) {
  if (replica_.tables().whole()) return false;
  const std::string& node = link.session.peer()->origin.node;
  const engine::RetiredNodes& retired = replica_.retired();
  const auto& there = link.session.peer_durable().entries();
  const bool news = std::any_of(there.begin(), there.end(), [&](const auto& entry) {
    const auto& [origin, seq] = entry;
    return origin.node == node && retired.has(origin) && replica_.cells().context().get(origin) < seq;
  });
  if (!news) {
    news_by_others_.erase(node);
    return false;
  }
  const bool others = std::any_of(links_.begin(), links_.end(), [&](const auto& entry) {
    const Link& other = entry.second;
    const repl::Session& session = other.session;
    if (!session.peer() || session.closed() || other.fenced || !other.options.subscribe) return false;
    const repl::Hello& hello = *session.peer();
    return hello.publish && hello.tables.all && hello.role == repl::Role::kReplicator && hello.origin.node != node;
  });
  return others && now < news_by_others_.try_emplace(node, now + kNewsByOthers).first->second;
}

void PeerPath::end_fences(Instant now, Outputs& out) {
  for (auto& [id, link] : links_) {
    if (!link.fenced_until || link.session.closed() || comes_by_others(link, now)) continue;
    const std::string why =
        fmt::format("what {} wrote before it was retired is waited for no longer", link.session.peer()->origin.node);
    out.notes.push_back({Note::Level::kInfo, replica_.name(), fmt::format("link {}: {}", id.value, why)});
    link.session.refuse(Status(StatusCode::kUnavailable, why + ": dial again"));
  }
}

void PeerPath::settle_retired(Time now, Outputs& out) {
  const engine::RetiredNodes& retired = replica_.retired();
  if (settled_ == retired.said() || !replica_.serving().ok()) return;
  const Origin before = replica_.self();
  if (retired.has(before)) {
    // The disk is full: tried again by the next turn. What is written here meanwhile belongs to the old epoch.
    if (!begin_epoch(retired.nodes().at(before.node).epoch).ok()) return;
    out.notes.push_back(
        {Note::Level::kWarning, replica_.name(),
         fmt::format("{} was declared gone for good by {}: what it wrote stays, this node goes on as {}",
                     to_string(before), to_string(retired.nodes().at(before.node).by), to_string(replica_.self()))});
  }
  settled_ = retired.said();
  greet_anew(out);
  for (const auto& entry : replica_.cells().context().entries()) {
    if (retired.has(entry.first)) replica_.leave_out_of_frontier(entry.first);
  }
  std::erase_if(durable_at_, [&](const auto& peer) { return gone(peer.first); });
  std::erase_if(writers_, [&](const Origin& writer) { return retired.has(writer); });
  acked_ = true;  // who waits for them waits for others now
  look_again(instant_of(now));
}

Status PeerPath::check_lost(const Origin& peer, bool takes_all, const VersionVector& context) const {
  const engine::RetiredNodes& retired = replica_.retired();
  const bool is_disk = retired.lost(peer.node);
  if (!takes_all && !is_disk) return {};
  using Bearer = engine::RetiredNodes::Bearer;
  return retired.check_lost(context, replica_.cells().context(), is_disk ? Bearer::kDisk : Bearer::kPeer);
}

bool PeerPath::may_come(const Link& link, const Origin& origin) const {
  if (link.session.gives(origin)) return true;
  const engine::RetiredNodes& retired = replica_.retired();
  const auto* closing = retired.closing(origin);
  if (closing == nullptr || !link.session.gives_parts()) return false;
  const VersionVector& here = replica_.cells().context();
  // What somebody has whole comes from there; and the peer knows that it may send the rest.
  if (here.get(origin) < closing->whole.get(origin) || !closing->known_with(link.session.peer_durable())) return false;
  const TableSet& tables = link.session.peer()->tables;
  for (const auto& entry : links_) {
    const repl::Session& other = entry.second.session;
    if (!other.peer() || other.closed() || other.peer_durable().get(origin) <= here.get(origin)) continue;
    // A site of all tables has taken it meanwhile, of the one that has most; another edge has more.
    if (other.gives(origin) || !tables.includes(other.peer()->tables)) return false;
  }
  const Result<bool> most = engine::holds_most(replica_.cells(), retired, origin, tables);
  return most && *most;
}

bool PeerPath::lost_may_come() const {
  const engine::RetiredNodes& retired = replica_.retired();
  if (!retired.any_open()) return false;
  return std::any_of(links_.begin(), links_.end(), [&](const auto& entry) {
    const Link& link = entry.second;
    const repl::Session& session = link.session;
    if (!session.peer() || session.closed() || link.fenced || !link.options.subscribe || !session.peer()->publish)
      return false;
    if (!session.peer()->tables.all) return false;
    const auto& there = session.peer_durable().entries();
    return std::any_of(there.begin(), there.end(), [&](const auto& its) {
      return retired.open(its.first.node) && replica_.cells().context().get(its.first) < its.second;
    });
  });
}

Result<bool> PeerPath::only_parts_left(const std::string& node) const {
  if (!replica_.config().writable || !replica_.tables().whole() || !replica_.holds().all || !knows_all()) return false;
  const VersionVector& here = replica_.durable_context();
  for (const auto& [name, context] : durable_at_) {
    if (!partial_.contains(name) && !gone(name) && context.has_more_of(node, here)) return false;
  }
  std::set<std::string> partial;
  for (const auto& entry : links_) {
    const Link& link = entry.second;
    if (!link.session.peer() || link.session.closed() || link.fenced || link.session.peer()->tables.all) continue;
    if (link.session.peer()->origin.epoch >= latest_epoch(link.session.peer()->origin.node)) {
      partial.insert(link.session.peer()->origin.node);
    }
  }
  return engine::none_has_more(replica_.cells(), replica_.retired(), node, partial);
}

void PeerPath::greet_anew(Outputs& out) {
  for (auto& [id, link] : links_) {
    if (!replica_.retired().has(link.said_as) || link.session.closed()) continue;
    out.notes.push_back({Note::Level::kInfo, replica_.name(),
                         fmt::format("link {}: greets anew as {}", id.value, to_string(replica_.self()))});
    link.session.refuse(
        Status(StatusCode::kUnavailable,
               fmt::format("{} goes on as {} and greets anew", to_string(link.said_as), to_string(replica_.self()))));
  }
}

bool PeerPath::gone(const std::string& node) const {
  if (!replica_.retired().gone(node, replica_.cells().context())) return false;
  const auto met = epochs_met_.find(node);
  return met == epochs_met_.end() || met->second.epoch <= replica_.retired().nodes().at(node).epoch;
}

bool PeerPath::linked(const std::string& node) const {
  return std::any_of(links_.begin(), links_.end(), [&](const auto& entry) {
    const repl::Session& session = entry.second.session;
    return session.peer() && !session.closed() && session.peer()->origin.node == node;
  });
}

std::uint64_t PeerPath::latest_epoch(const std::string& node) const {
  const auto met = epochs_met_.find(node);
  std::uint64_t latest = met == epochs_met_.end() ? 0 : met->second.epoch;
  for (const auto& entry : replica_.cells().context().entries()) {
    if (entry.first.node == node) latest = std::max(latest, entry.first.epoch);
  }
  return latest;
}

std::uint64_t PeerPath::epoch_told(const std::string& node) const {
  const std::uint64_t heard = latest_epoch(node);
  std::uint64_t told = heard;
  for (const auto& [peer, context] : durable_at_) {
    for (const auto& [origin, seq] : context.entries()) {
      if (origin.node == node && origin.epoch <= heard + limits::kEpochsAheadMax) told = std::max(told, origin.epoch);
    }
  }
  return told;
}

std::uint64_t PeerPath::known_missing(const std::string& node) const {
  const auto said = durable_at_.find(node);
  if (said == durable_at_.end()) return 0;
  std::uint64_t missing = 0;
  for (const auto& [origin, seq] : said->second.entries()) {
    const Seq here = replica_.durable_context().get(origin);
    if (origin.node == node && here < seq) missing += seq.value - here.value;
  }
  return missing;
}

std::vector<std::string> PeerPath::names_met() const {
  std::vector<std::string> names;
  for (const auto& peer : epochs_met_) names.push_back(peer.first);
  return names;
}

std::vector<PeerPath::FullPeer> PeerPath::full_peers() const {
  std::map<Origin, FullPeer> peers;
  for (const auto& entry : links_) {
    const Link& link = entry.second;
    if (!link.session.peer() || link.session.closed() || link.fenced || !link.options.publish) continue;
    const repl::Hello& hello = *link.session.peer();
    if (!hello.subscribe || partial_.contains(hello.origin.node)) continue;
    const Origin origin{hello.origin.node, std::max(hello.origin.epoch, latest_epoch(hello.origin.node))};
    peers[origin] = {origin, hello.role == repl::Role::kReplicator,
                     commits_beyond(replica_.durable_context(), link.session.peer_durable())};
  }
  std::vector<FullPeer> all;
  for (auto& entry : peers) all.push_back(std::move(entry.second));
  return all;
}

}  // namespace pando::node
