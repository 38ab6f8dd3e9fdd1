#include "engine/escrow_policy.h"

#include <algorithm>

namespace pando::engine {
namespace {

constexpr int kLowWaterParts = 4;  // a site asks when it has less than its part over this

std::uint64_t clamped(Int128 n) {
  if (n <= 0) return 0;
  return n >= Int128{UINT64_MAX} ? UINT64_MAX : static_cast<std::uint64_t>(n);
}

// The equal part of each of those who take part.
Int128 equal_part(const std::vector<Stake>& stakes) {
  Int128 free = 0;
  Int128 count = 0;
  for (const Stake& stake : stakes) {
    if (stake.locked) continue;
    free += std::max(stake.free, Int128{0});
    ++count;
  }
  return count == 0 ? 0 : free / count;
}

// True when a client waits for rights there that the others together have. Others are not kept waiting for what cannot
// be had, and a part of what a client needs is of no use to it.
bool can_be_served(const std::vector<Stake>& stakes, const Stake& who) {
  Int128 elsewhere = 0;
  for (const Stake& stake : stakes) {
    if (!stake.locked && stake.origin != who.origin) elsewhere += std::max(stake.free, Int128{0});
  }
  return who.urgent > 0 && Int128{who.urgent} <= elsewhere;
}

const Stake* find(const std::vector<Stake>& stakes, const Origin& origin) {
  for (const Stake& stake : stakes) {
    if (stake.origin == origin) return &stake;
  }
  return nullptr;
}

}  // namespace

std::optional<Question> question(const std::vector<Stake>& stakes, const Origin& self, std::uint64_t need) {
  const Stake* mine = find(stakes, self);
  if (mine == nullptr || mine->locked) return std::nullopt;
  Int128 elsewhere = 0;
  for (const Stake& stake : stakes) {
    if (!stake.locked && stake.origin != self) elsewhere += std::max(stake.free, Int128{0}) + stake.held;
  }
  const Int128 part = equal_part(stakes);
  const Int128 lacking = Int128{need} - mine->free;
  if (elsewhere == 0 || lacking > elsewhere) return std::nullopt;
  if (lacking <= 0 && mine->free >= part / kLowWaterParts) return std::nullopt;
  const Question asked{std::max(mine->wants, clamped(std::max(lacking, part - mine->free))),
                       std::max(mine->urgent, clamped(lacking))};
  if (asked.wants == mine->wants && asked.urgent == mine->urgent) return std::nullopt;
  return asked;
}

std::vector<std::pair<Origin, std::uint64_t>> answers(const std::vector<Stake>& stakes, const Origin& self) {
  std::vector<std::pair<Origin, std::uint64_t>> given;
  const Stake* mine = find(stakes, self);
  if (mine == nullptr || mine->locked) return given;
  const Int128 part = equal_part(stakes);
  // Those with the most give first; what they give here is gone for the next who asks.
  std::vector<Stake> holders = stakes;
  std::stable_sort(holders.begin(), holders.end(), [](const Stake& a, const Stake& b) { return a.free > b.free; });
  for (const Stake& asking : stakes) {
    if (asking.locked || asking.wants == 0) continue;
    Int128 urgent = can_be_served(stakes, asking) ? std::min(asking.urgent, asking.wants) : 0;
    Int128 polite = Int128{asking.wants} - urgent;
    for (Stake& holder : holders) {
      if (holder.locked || holder.origin == asking.origin) continue;
      // Of two that both lack some, one is served and not both half.
      if (holder.origin < asking.origin && can_be_served(stakes, holder)) continue;
      const bool own = holder.origin == self;
      if (asking.reminds && !own) continue;
      const Int128 now = std::clamp(holder.free, Int128{0}, urgent);
      const Int128 spare = std::clamp(holder.free - now - part, Int128{0}, polite);
      urgent -= now;
      polite -= spare;
      holder.free -= now + spare;
      if (own && now + spare > 0) given.emplace_back(asking.origin, clamped(now + spare));
    }
  }
  return given;
}

}  // namespace pando::engine
