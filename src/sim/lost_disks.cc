#include "sim/lost_disks.h"

#include <algorithm>
#include <optional>

#include "sim/checkers/history.h"

namespace pando::sim {
namespace {

VersionVector of_node(const VersionVector& context, const std::string& node) {
  VersionVector its;
  for (const auto& [origin, seq] : context.entries()) {
    if (origin.node == node) its.raise(origin, seq);
  }
  return its;
}

bool others_know_of(const World& world, const Machine& machine, const std::string& ns) {
  std::optional<VersionVector> known;
  for (const auto& other : world.machines()) {
    if (other.get() == &machine || other->config().namespaces.empty()) continue;
    if (!other->healthy(ns)) return false;
    VersionVector its = of_node(other->context(ns), machine.name());
    if (known && *known != its) return false;
    known = std::move(its);
  }
  std::uint64_t used = 0;
  const VersionVector made = of_node(context_of(read_log(machine, ns)), machine.name());
  for (const auto& entry : made.entries()) used = std::max(used, entry.first.epoch);
  return known && known->get({machine.name(), used}).value != 0;
}

}  // namespace

bool others_know_of(const World& world, const Machine& machine) {
  const auto& held = machine.config().namespaces;
  return std::all_of(held.begin(), held.end(),
                     [&](const node::NamespaceConfig& ns) { return others_know_of(world, machine, ns.name); });
}

}  // namespace pando::sim
