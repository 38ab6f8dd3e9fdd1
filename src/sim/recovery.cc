#include "sim/recovery.h"

#include <fmt/core.h>

#include <algorithm>

#include "sim/checkers/checkers.h"

namespace pando::sim {
namespace {

constexpr Duration kAgreementMax = Duration::seconds(120);
// The latest dial: a connection that nobody answered ends after 3 s, or is noticed to be half open after 8
// (sim/net.cc), and is dialled again within 5 (repl/dialer.h).
constexpr Duration kDialledAgainMax = Duration::seconds(15);
// What waits until a node has heard from all whom it dials is done: what was done twice under an idempotency key is
// taken back by a new epoch only then.
constexpr Duration kLastWords = Duration::seconds(2);

}  // namespace

void mend(World& world) {
  world.net().heal_all();
  world.net().reset_qualities();
  world.net().garble_one_in(0);
  for (const auto& machine : world.machines()) {
    machine->disk_speed() = DiskSpeed{};
    machine->clock().correct();
    // What an older release cannot understand does not reach it.
    machine->upgrade();
    bool serves = machine->up() && !machine->older();
    for (const node::NamespaceConfig& ns : machine->config().namespaces) {
      machine->volume(ns.name).disk.set_full(false);
      machine->volume(ns.name).disk.fail_syncs(false);
      serves = serves && machine->healthy(ns.name);
    }
    if (serves || (machine->state() == Machine::State::kDown && !machine->may_boot())) continue;
    // A failed fsync is final for the process, and so is its release; an operator restarts it.
    if (machine->state() != Machine::State::kDown) machine->crash(CrashKind::kProcess);
    machine->boot();
  }
}

bool agreed(const World& world) {
  // Work is counted first: it is what fails most often, and contexts are dear.
  if (world.work_count() != 0) return false;
  const auto& watchers = world.watchers();
  return std::all_of(watchers.begin(), watchers.end(), [](const auto& watcher) { return watcher->open(); }) &&
         is_whole(world) && world.settled();
}

bool reach_agreement(World& world) {
  const auto all_agree = [&] { return agreed(world); };
  if (world.run_until(all_agree, kAgreementMax)) {
    // All may hold the same before all are linked.
    world.run_until([&] { return world.linked(); }, kDialledAgainMax);
    world.run_for(kLastWords);
    if (world.run_until(all_agree, kAgreementMax)) return true;
  }
  std::string why;
  if (is_whole(world, &why) && world.settled(&why)) why = "a watcher is not attached";
  world.violation("liveness", fmt::format("no agreement after {} s: {}", kAgreementMax.us / 1'000'000, why));
  return false;
}

}  // namespace pando::sim
