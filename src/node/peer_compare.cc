// PeerPath: comparing with peers, for clients and for the proof of equality.

#include <fmt/core.h>
#include <fmt/format.h>

#include "node/peer_path.h"

namespace pando::node {

bool PeerPath::compares(const Link& link) {
  return link.session.peer() && !link.session.closed() && link.session.speaks_resync() && link.options.subscribe &&
         link.session.peer()->publish && !link.fenced;
}

void PeerPath::handle(RequestId id, const ResyncRequest& request, Outputs& out) {
  const auto refuse = [&](StatusCode code, std::string why) {
    out.replies.push_back({id, Reply::failure(Status(code, std::move(why)))});
  };
  std::map<std::string, LinkId> peers;
  for (const auto& [link_id, link] : links_) {
    if (compares(link)) peers.emplace(link.session.peer()->origin.node, link_id);
  }
  std::vector<std::string> names;
  for (const auto& peer : peers) names.push_back(peer.first);
  if (peers.empty()) return refuse(StatusCode::kUnavailable, "no link is up to a peer that one could compare with");
  if (request.peer.empty() && peers.size() > 1) {
    return refuse(StatusCode::kInvalidArgument, fmt::format("say with which peer: {}", fmt::join(names, ", ")));
  }
  const auto peer = request.peer.empty() ? peers.begin() : peers.find(request.peer);
  if (peer == peers.end()) {
    return refuse(StatusCode::kNotFound, fmt::format("no link is up to a peer named \"{}\"; there are: {}",
                                                     request.peer, fmt::join(names, ", ")));
  }
  resync_.ask(id, peer->second, peer->first, request.merge, out);
}

void PeerPath::prove_equality(Time now) {
  const Instant at = instant_of(now);
  if (!equality_.is_due(at) || !resync_.idle()) return;
  // What others freed of them is still to be given up here, so that who has seen the same may hold less.
  if (replica_.has_met_keys()) return;
  const VersionVector& here = replica_.durable_context();
  std::map<std::string, LinkId> at_rest;
  if (replica_.cells().context() == here) {
    for (const auto& [id, link] : links_) {
      if (!compares(link) || link.session.peer_durable() != here) continue;
      at_rest.emplace(link.session.peer()->origin.node, id);
    }
  }
  std::vector<std::string> names;
  for (const auto& peer : at_rest) names.push_back(peer.first);
  const std::optional<std::string> peer = equality_.next_of(names, at);
  if (!peer) return;
  const LinkId id = at_rest.at(*peer);
  resync_.prove(id, *peer, links_.at(id).session, now);
}

}  // namespace pando::node
