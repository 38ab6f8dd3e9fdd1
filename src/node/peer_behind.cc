// PeerPath: how a peer comes back that is far behind, also while it is connected.

#include <fmt/core.h>

#include "node/peer_path.h"

namespace pando::node {

// Who holds parts has nothing but its log to bring anybody back.
bool PeerPath::has_choice(const Link& link) const {
  return link.options.publish && link.session.peer()->subscribe && link.session.speaks_resync() && replica_.holds().all;
}

void PeerPath::choose_again(Instant now, Outputs& out) {
  for (auto& [id, link] : links_) {
    if (!link.choosing_again && !link.falling_behind.due(now)) continue;
    const std::optional<LogPos> place = link.session.place();
    if (!place || link.session.goes_back() || link.undecided || !has_choice(link)) {
      link.choosing_again = false;
      link.falling_behind.forget(now);
      continue;
    }
    const VersionVector& here = replica_.durable_context();
    const VersionVector& there = link.session.peer_has();
    const std::uint64_t lacking = commits_beyond(here, there);
    if (!link.choosing_again) {
      link.choosing_again = link.falling_behind.look(commits_beyond(here, {}) - lacking, lacking, now);
    }
    if (!link.choosing_again) continue;
    const std::uint64_t tail_bytes = way_back_.tail_bytes(*place, there);
    const WayBack::Way way = way_back_.way(tail_bytes, now);
    link.choosing_again = way == WayBack::Way::kUnknown;
    if (way != WayBack::Way::kResync) continue;
    ++fell_behind_;
    out.notes.push_back(
        {Note::Level::kInfo, replica_.name(),
         fmt::format("link {}: {} falls behind: {} commits, {} bytes of log, are still to be sent; it is "
                     "given what they come to",
                     id.value, link.session.peer()->origin.node, lacking, tail_bytes)});
    lose(id, link, here, out);
  }
}

}  // namespace pando::node
