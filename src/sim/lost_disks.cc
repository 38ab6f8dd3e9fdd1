#include "sim/lost_disks.h"

#include <algorithm>
#include <optional>

#include "sim/checkers/checkers.h"
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

bool rest_is_heard_of(const World& world, const Machine& machine, const Machine* edge, const std::string& ns) {
  std::vector<const Machine*> may_close;
  std::vector<const Machine*> others;
  for (const auto& other : world.machines()) {
    if (other.get() == &machine || !other->holds(ns)) continue;
    if (!other->healthy(ns)) return false;
    (other->takes_writes(ns) && holds_whole(*other, ns) ? may_close : others).push_back(other.get());
  }
  const auto all_know = [&](const Machine& one) {
    return std::all_of(may_close.begin(), may_close.end(), [&](const Machine* closes) {
      return closes == &one || closes->context(ns).has_more_of(one.name(), {});
    });
  };
  VersionVector asked;
  for (const Machine* one : may_close) {
    if (all_know(*one)) {
      asked.merge(of_node(one->context(ns), machine.name()));
    } else {
      others.push_back(one);
    }
  }
  if (asked.entries().empty()) return false;  // nobody may retire one that he has not heard of
  if (edge != nullptr && edge->holds(ns)) {
    const MachineLog log = read_log(*edge, ns);
    const bool by_cut = std::any_of(log.cuts.begin(), log.cuts.end(),
                                    [&](const auto& cut) { return cut.second.has_more_of(machine.name(), asked); });
    if (by_cut) return false;
  }
  return std::all_of(others.begin(), others.end(), [&](const Machine* other) {
    // All that it wrote may wait for the disk, and then nobody vouches.
    if (!holds_whole(*other, ns) && !all_know(*other)) return false;
    return other == edge || asked.covers(of_node(other->context(ns), machine.name()));
  });
}

}  // namespace

bool others_know_of(const World& world, const Machine& machine) {
  const auto& held = machine.config().namespaces;
  return std::all_of(held.begin(), held.end(),
                     [&](const node::NamespaceConfig& ns) { return others_know_of(world, machine, ns.name); });
}

bool rest_is_heard_of(const World& world, const Machine& machine, const Machine* edge) {
  const auto& held = machine.config().namespaces;
  return std::all_of(held.begin(), held.end(),
                     [&](const node::NamespaceConfig& ns) { return rest_is_heard_of(world, machine, edge, ns.name); });
}

}  // namespace pando::sim
