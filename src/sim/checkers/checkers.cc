#include "sim/checkers/checkers.h"

#include <fmt/core.h>

#include <algorithm>

#include "sim/checkers/acknowledged.h"
#include "sim/checkers/atomic.h"
#include "sim/checkers/convergence.h"
#include "sim/checkers/durable.h"
#include "sim/checkers/equality.h"
#include "sim/checkers/frontiers.h"
#include "sim/checkers/log_order.h"
#include "sim/checkers/oracle.h"
#include "sim/checkers/parts.h"
#include "sim/checkers/resurrection.h"
#include "sim/checkers/watches.h"

namespace pando::sim {

CheckerSet::CheckerSet() {
  checkers_.push_back(std::make_unique<Durable>());
  checkers_.push_back(std::make_unique<Equality>());
  checkers_.push_back(std::make_unique<Acknowledged>());
  checkers_.push_back(std::make_unique<Atomic>());
  checkers_.push_back(std::make_unique<Resurrection>());
  checkers_.push_back(std::make_unique<LogOrder>());
  checkers_.push_back(std::make_unique<Watches>());
  checkers_.push_back(std::make_unique<Frontiers>());
  checkers_.push_back(std::make_unique<Convergence>());
  checkers_.push_back(std::make_unique<Oracle>());
  checkers_.push_back(std::make_unique<Parts>());
}

void CheckerSet::attach(World& world) {
  for (const auto& checker : checkers_) checker->attach(world, histories_);
}

void CheckerSet::at_end() {
  histories_.forget();
  for (const auto& checker : checkers_) checker->at_end();
}

bool takes_all(const Machine& machine, std::string_view ns) {
  const auto& all = machine.config().namespaces;
  return std::all_of(all.begin(), all.end(),
                     [&](const node::NamespaceConfig& one) { return one.name != ns || one.tables.subscribe.all; });
}

bool holds_whole(const Machine& machine, std::string_view ns) {
  const auto& all = machine.config().namespaces;
  return std::all_of(all.begin(), all.end(),
                     [&](const node::NamespaceConfig& one) { return one.name != ns || one.tables.whole(); });
}

bool is_whole(const World& world, std::string* why) {
  const auto no = [&](std::string text) {
    if (why != nullptr) *why = std::move(text);
    return false;
  };
  for (const auto& machine : world.machines()) {
    for (const node::NamespaceConfig& ns : machine->config().namespaces) {
      if (!machine->healthy(ns.name)) return no(fmt::format("{} does not serve {}", machine->name(), ns.name));
    }
  }
  return !world.net().any_cut() || no("a link is cut");
}

}  // namespace pando::sim
