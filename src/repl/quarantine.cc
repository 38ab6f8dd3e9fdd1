#include "repl/quarantine.h"

#include <algorithm>

namespace pando::repl {
namespace {

// After which whoever brought it is asked again; doubles each time.
constexpr Duration kAgainFirst = Duration::seconds(30);
constexpr Duration kAgainMax = Duration::seconds(600);
// Names of those that brought one commit.
constexpr std::size_t kFromMax = 64;

}  // namespace

bool Quarantine::add(const Dot& dot, LinkId link, const std::string& peer, const Status& reason, Instant now) {
  auto at = entries_.find(dot.origin);
  if (at == entries_.end()) {
    if (entries_.size() >= limits::kQuarantinedMax) return false;
    at = entries_.emplace(dot.origin, Entry{dot.seq, {}, {}, {}, kAgainFirst}).first;
    ++added_;
  }
  Entry& entry = at->second;
  if (entry.seq != dot.seq) {
    entry = Entry{dot.seq, {}, {}, {}, kAgainFirst};
    ++added_;
  }
  entry.reason = Status(reason.code(), reason.message().substr(0, limits::kRefuseMessageBytesMax));
  // Of a link that was asked again and brought the same: later next time.
  if (entry.again.count(link) != 0) entry.wait = std::min(entry.wait * 2, kAgainMax);
  entry.again[link] = now + entry.wait;
  if (entry.from.size() < kFromMax) entry.from.insert(peer);
  return true;
}

std::vector<Dot> Quarantine::release(const VersionVector& context) {
  std::vector<Dot> taken;
  for (auto at = entries_.begin(); at != entries_.end();) {
    if (context.get(at->first) < at->second.seq) {
      ++at;
      continue;
    }
    taken.push_back({at->first, at->second.seq});
    at = entries_.erase(at);
  }
  return taken;
}

void Quarantine::link_down(LinkId link) {
  for (auto& [origin, entry] : entries_) entry.again.erase(link);
}

bool Quarantine::bars(const Origin& origin, LinkId link, Instant now) const {
  const auto entry = entries_.find(origin);
  if (entry == entries_.end()) return false;
  const auto again = entry->second.again.find(link);
  return again != entry->second.again.end() && now < again->second;
}

std::optional<Instant> Quarantine::next_again(Instant now) const {
  std::optional<Instant> next;
  for (const auto& [origin, entry] : entries_) {
    for (const auto& [link, at] : entry.again) {
      if (at > now && (!next || at < *next)) next = at;
    }
  }
  return next;
}

}  // namespace pando::repl
