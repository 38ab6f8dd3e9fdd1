#include "node/dialing.h"

#include <fmt/core.h>

#include <algorithm>

namespace pando::node {

Dialing::Dialing(const std::vector<LinkConfig>& links, Prng random) {
  for (const LinkConfig& link : links) links_.push_back({&link, repl::Dialer(random.fork()), 0, {}, {}});
}

void Dialing::poll(Instant now, const std::function<bool(const LinkConfig&)>& ready, Outputs& out) {
  for (Configured& link : links_) {
    if (!ready(*link.config) || !link.dialer.poll(now)) continue;
    link.dial_id = next_dial_id_++;
    out.dials.push_back({link.dial_id, link.config->address, link.config->config_name});
  }
}

const LinkConfig* Dialing::on_up(std::uint64_t dial_id, LinkId id) {
  for (Configured& link : links_) {
    if (link.dial_id != dial_id) continue;
    link.dialer.on_up();
    link.link = id;
    return link.config;
  }
  return nullptr;
}

void Dialing::on_hello(LinkId id) {
  for (Configured& link : links_) {
    if (link.link != id) continue;
    link.dialer.on_hello();
    link.last_reason.clear();
  }
}

void Dialing::on_down(std::uint64_t dial_id, LinkId id, bool refused, std::string_view reason, Instant now,
                      Outputs& out) {
  for (Configured& link : links_) {
    const bool open = link.link.value != 0 && link.link == id;
    const bool dialing = dial_id != 0 && link.dial_id == dial_id && link.link.value == 0;
    if (!open && !dialing) continue;
    // Once per change of reason: a peer that is away for a year makes one line, not a million.
    if (link.last_reason != reason) {
      out.notes.push_back({Note::Level::kWarning, link.config->ns,
                           fmt::format("no link to {}: {}; trying again", link.config->address, reason)});
      link.last_reason = std::string(reason);
    }
    link.link = LinkId(0);
    link.dialer.on_down(now, refused);
  }
}

Instant Dialing::next_deadline(const std::function<bool(const LinkConfig&)>& ready) const {
  Instant next{INT64_MAX};
  for (const Configured& link : links_) {
    if (ready(*link.config)) next = std::min(next, link.dialer.next_deadline());
  }
  return next;
}

void Dialing::add_stats(std::string_view ns, std::vector<StatsReply::Link>& links) const {
  for (const Configured& link : links_) {
    if (link.config->ns != ns || link.link.value != 0) continue;
    StatsReply::Link stats;
    stats.peer = link.config->address;
    stats.dialed = true;
    stats.state = link.last_reason.empty() ? "connecting" : fmt::format("down: {}", link.last_reason);
    links.push_back(std::move(stats));
  }
}

}  // namespace pando::node
