#include "sim/releases.h"

namespace pando::sim {
namespace {

// Generators of their own, so that the other choices of a seed stay what they are.
constexpr std::uint64_t kOfReleases = 0x5851'F42D'4C95'7F2D;
constexpr std::uint64_t kOfUpgrades = 0x1405'7B7E'F767'814F;

void start_when_down(World& world, Machine& machine) {
  world.queue().at(world.now() + Duration::millis(200), EventKind::kTimer, [&world, &machine] {
    if (machine.may_boot()) {
      machine.boot();
    } else if (machine.older()) {
      start_when_down(world, machine);
    }
  });
}

}  // namespace

bool mix_releases(FleetPlan& plan, std::uint64_t seed) {
  Prng rng(seed ^ kOfReleases);
  if (!rng.chance(1, 4)) return false;
  bool mixed = false;
  for (FleetPlan::Site& site : plan.sites) {
    if (!rng.chance(1, 2)) continue;
    // Before that nobody could be told to hold parts only.
    const repl::Release first = site.tables.whole() ? repl::Release::kFirst : repl::Release::kParts;
    const auto count = static_cast<std::uint64_t>(repl::kReleaseNow) - static_cast<std::uint64_t>(first);
    site.release = static_cast<repl::Release>(static_cast<std::uint64_t>(first) + rng.below(count));
    mixed = true;
  }
  return mixed;
}

void upgrade_by_and_by(World& world, std::uint64_t seed) {
  Prng rng(seed ^ kOfUpgrades);
  for (const auto& machine : world.machines()) {
    if (!machine->is_older()) continue;
    const Duration when = Duration::millis(static_cast<std::int64_t>(1000 + rng.below(30'000)));
    world.queue().at(world.now() + when, EventKind::kTimer, [&world, &machine = *machine] {
      machine.upgrade();
      if (!machine.older()) return;
      if (machine.up()) machine.stop();
      start_when_down(world, machine);
    });
  }
}

}  // namespace pando::sim
