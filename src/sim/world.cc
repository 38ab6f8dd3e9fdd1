#include "sim/world.h"

#include <fmt/core.h>

#include <map>
#include <numeric>
#include <set>

#include "base/check.h"

namespace pando::sim {

World::World(const WorldOptions& options)
    : options_(options),
      rng_(options.seed),
      mutation_rng_(options.seed ^ 0x6D75746174696F6Eu),
      trace_(options.trace),
      net_(queue_, rng_.fork()) {
  add_observer(markers_);
}

World::~World() = default;

Machine& World::add_machine(MachineConfig config) {
  const auto index = static_cast<MachineIndex>(machines_.size());
  const std::string address = config.address;
  machines_.push_back(std::make_unique<Machine>(*this, index, std::move(config), rng_.fork()));
  net_.add_host(index, address, *machines_.back());
  return *machines_.back();
}

Watcher& World::add_watcher(std::string name, std::string ns, WatchFilter filter) {
  watchers_.push_back(std::make_unique<Watcher>(*this, std::move(name), std::move(ns), std::move(filter)));
  return *watchers_.back();
}

Machine* World::find_machine(std::string_view name) const {
  for (const auto& machine : machines_) {
    if (machine->name() == name) return machine.get();
  }
  return nullptr;
}

Machine* World::machine_at(std::string_view address) const {
  for (const auto& machine : machines_) {
    if (machine->config().address == address) return machine.get();
  }
  return nullptr;
}

bool World::mutates(DriverMutation mutation, std::uint64_t of) {
  return options_.mutation == mutation && (options_.mutation_always || mutation_rng_.chance(1, of));
}

MarkerCounts World::marker_counts() const {
  Markers all = markers_;
  for (const auto& machine : machines_) {
    if (machine->state() != Machine::State::kDown) all.on_leaving(*machine);
  }
  return all.counts();
}

void World::tell(const std::string& deed) {
  for (Observer* observer : observers_) observer->on_deed(deed);
}

bool World::run_until(const std::function<bool()>& done, Duration max) {
  const Instant end = queue_.now() + max;
  while (!done()) {
    if (queue_.empty() || queue_.next_at() > end) {
      queue_.run_until(end);
      return done();
    }
    queue_.run_next();
  }
  return true;
}

std::vector<std::vector<const Machine*>> World::islands(const std::string& ns) const {
  std::vector<std::size_t> island(machines_.size());
  std::iota(island.begin(), island.end(), std::size_t{0});
  const auto serves = [&](const Machine& machine) { return machine.healthy(ns); };
  for (const auto& machine : machines_) {
    for (const node::LinkConfig& link : machine->config().node.links) {
      const Machine* peer = machine_at(link.address);
      if (link.ns != ns || peer == nullptr || !serves(*machine) || !serves(*peer)) continue;
      if (net_.is_cut(machine->index(), peer->index()) || net_.is_cut(peer->index(), machine->index())) continue;
      const std::size_t from = island[peer->index()];
      const std::size_t to = island[machine->index()];
      for (std::size_t& i : island) i = i == from ? to : i;
    }
  }
  std::map<std::size_t, std::vector<const Machine*>> groups;
  for (const auto& machine : machines_) {
    if (serves(*machine)) groups[island[machine->index()]].push_back(machine.get());
  }
  std::vector<std::vector<const Machine*>> result;
  for (auto& [unused, group] : groups) result.push_back(std::move(group));
  return result;
}

bool World::linked() const {
  for (const auto& machine : machines_) {
    std::map<MachineIndex, std::size_t> dials;
    for (const node::LinkConfig& link : machine->config().node.links) {
      const Machine* peer = machine_at(link.address);
      if (machine->healthy(link.ns) && peer != nullptr && peer->healthy(link.ns)) ++dials[peer->index()];
    }
    for (const auto& [peer, count] : dials) {
      if (net_.open_dials(machine->index(), peer) < count) return false;
    }
  }
  return true;
}

bool World::settled(std::string* why) const {
  const auto no = [&](std::string text) {
    if (why != nullptr) *why = std::move(text);
    return false;
  };
  std::set<std::string> namespaces;
  for (const auto& machine : machines_) {
    for (const node::NamespaceConfig& config : machine->config().namespaces) namespaces.insert(config.name);
  }
  for (const std::string& ns : namespaces) {
    for (const auto& island : islands(ns)) {
      const VersionVector first = island.front()->context(ns);
      for (const Machine* machine : island) {
        if (machine->context(ns) != first) {
          return no(fmt::format("{}: {} has {}, {} has {}", ns, island.front()->name(), to_string(first),
                                machine->name(), to_string(machine->context(ns))));
        }
        if (!machine->at_rest(ns)) return no(fmt::format("{}: {} has keys to give up", ns, machine->name()));
      }
    }
  }
  if (queue_.work_count() != 0) return no(fmt::format("{} events under way", queue_.work_count()));
  return true;
}

bool World::settle(Duration max, std::string* why) {
  // Work is counted first: it is what fails most often, and contexts are dear.
  const auto done = [&] { return queue_.work_count() == 0 && settled(nullptr); };
  if (run_until(done, max)) return true;
  settled(why);
  return false;
}

void World::violation(std::string_view checker, std::string text) {
  trace_.add(now(), "VIOLATION {}: {}", checker, text);
  trace_.freeze();
  constexpr std::size_t kKept = 100;
  if (violations_.size() < kKept) violations_.push_back({std::string(checker), std::move(text)});
}

}  // namespace pando::sim
