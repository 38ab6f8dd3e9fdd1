#include "repl/providers.h"

#include <algorithm>

namespace pando::repl {

void Providers::link_up(LinkId link, const Origin& peer, const std::vector<Origin>& lacking) {
  links_[link] = peer.node;
  ++version_;
  for (const Origin& origin : lacking) of_.emplace(origin, link);
  of_[peer] = link;
}

void Providers::link_down(LinkId link) {
  if (links_.erase(link) == 0) return;
  ++version_;
  for (auto at = of_.begin(); at != of_.end();) {
    if (at->second != link) {
      ++at;
      continue;
    }
    const auto direct =
        std::find_if(links_.begin(), links_.end(), [&](const auto& other) { return other.second == at->first.node; });
    const auto next = direct != links_.end() ? direct : links_.begin();
    if (next == links_.end()) {
      at = of_.erase(at);
    } else {
      at->second = next->first;
      ++at;
    }
  }
}

void Providers::came(const Origin& origin, LinkId link) {
  if (links_.count(link) != 0 && of_.emplace(origin, link).second) ++version_;
}

void Providers::choose(const Origin& origin, LinkId link) {
  if (links_.count(link) == 0) return;
  LinkId& provider = of_[origin];
  if (provider == link) return;
  provider = link;
  ++version_;
}

std::optional<LinkId> Providers::of(const Origin& origin) const {
  const auto at = of_.find(origin);
  return at == of_.end() ? std::nullopt : std::optional(at->second);
}

std::vector<Origin> Providers::have_only(LinkId link) const {
  std::vector<Origin> origins;
  for (const auto& [origin, provider] : of_) {
    if (provider != link) origins.push_back(origin);
  }
  return origins;
}

}  // namespace pando::repl
