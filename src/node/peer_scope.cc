// PeerPath: the scope of this node changes while links are up.

#include <fmt/core.h>

#include <algorithm>

#include "node/peer_path.h"

namespace pando::node {

// What waits of the old links came without tables that are taken now, or with some that are not any more.
void PeerPath::greet_anew(std::string_view why) {
  for (auto& [id, link] : links_) {
    if (link.session.closed()) continue;
    link.session.refuse(Status(StatusCode::kUnavailable, std::string(why)));
    drop(id);
  }
}

// Others than these would refuse the link.
void PeerPath::take_anew(Outputs& out) {
  const bool all_understand = replica_.config().release >= repl::Release::kGrowth &&
                              std::all_of(links_.begin(), links_.end(), [](const auto& link) {
                                return !link.second.session.peer() || link.second.session.speaks_growth();
                              });
  if (!all_understand || !replica_.take_anew().ok()) return;
  out.notes.push_back({Note::Level::kInfo, replica_.name(),
                       "next to nothing is here and the peers have much: all tables arrive, part by part"});
  greet_anew("all that this node takes is arriving: dial again");
}

void PeerPath::fetch_arriving(Instant now) {
  if (!replica_.any_arrives() || !resync_.may_fetch(now) || replica_.has_met_keys()) return;
  const TableSet& held = replica_.holds();
  for (auto& [id, link] : links_) {
    if (!compares(link) || !link.session.peer_durable().covers(replica_.tail_from())) continue;
    // What it had when it said Hello is to be here first: a part goes in only where its cut has been seen.
    if (!replica_.cells().context().covers(link.session.peer()->context)) continue;
    const TableSet there = both(replica_.tables().subscribe, link.session.peer()->holds());
    if (held.includes(there)) continue;  // nothing that is not here
    return resync_.fetch(id, link.session, now);
  }
}

ScopeReply PeerPath::scope() const {
  ScopeReply reply;
  reply.scope = replica_.tables();
  reply.holds = replica_.holds();
  reply.configured = replica_.growth().configured;
  if (replica_.any_arrives()) {
    reply.arriving = resync_.fetching();
    if (reply.arriving.empty()) {
      reply.arriving = "waits for a link to a peer that holds these tables and has all that was seen here";
    }
  }
  return reply;
}

}  // namespace pando::node
