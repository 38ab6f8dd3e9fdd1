// sim/world.h — a whole fleet in one thread: machines, the network between them, and simulated time.
//
// Everything that happens is an event of one queue; every choice comes from one seed. No thread, no real
// clock, no file, no socket: the same seed gives the same run, line by line (sim/trace.h).
//
//   World world({.seed = 7});
//   Machine& dc1 = world.add_machine(config);
//   dc1.boot();
//   dc1.ask("main", request, [](const Answer& answer) { … });
//   world.settle();
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sim/event_queue.h"
#include "sim/machine.h"
#include "sim/markers.h"
#include "sim/mutations.h"
#include "sim/net.h"
#include "sim/observer.h"
#include "sim/trace.h"
#include "sim/watcher.h"

namespace pando::sim {

struct WorldOptions {
  std::uint64_t seed = 1;
  DriverMutation mutation = DriverMutation::kNone;
  bool mutation_always = false;  // at every opportunity, and not now and then
  Trace::Options trace;
};

class World {
 public:
  explicit World(const WorldOptions& options);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  Machine& add_machine(MachineConfig config);
  // Where backups go, the same place for all machines.
  std::map<std::string, Bytes>& backup_files() { return backup_files_; }
  Watcher& add_watcher(std::string name, std::string ns, WatchFilter filter);
  // Observers outlive the world.
  void add_observer(Observer& observer) { observers_.push_back(&observer); }

  const std::vector<std::unique_ptr<Machine>>& machines() const { return machines_; }
  const std::vector<std::unique_ptr<Watcher>>& watchers() const { return watchers_; }
  Machine* find_machine(std::string_view name) const;
  Machine* machine_at(std::string_view address) const;

  EventQueue& queue() { return queue_; }
  Net& net() { return net_; }
  const Net& net() const { return net_; }
  Trace& trace() { return trace_; }
  Instant now() const { return queue_.now(); }
  std::size_t work_count() const { return queue_.work_count(); }
  DriverMutation mutation() const { return options_.mutation; }
  // True once in `of` while `mutation` is the one in force, or always.
  bool mutates(DriverMutation mutation, std::uint64_t of);
  Prng fork_rng() { return rng_.fork(); }
  const std::vector<Observer*>& observers() const { return observers_; }
  Markers& markers() { return markers_; }
  // Of all processes so far, those that run included.
  MarkerCounts marker_counts() const;
  // Observers are to hear of what is done to the world; nobody pays for the words otherwise.
  void tell_deeds() { deeds_told_ = true; }
  template <typename... Args>
  void deed(fmt::format_string<Args...> format, Args&&... args) {
    if (deeds_told_) tell(fmt::format(format, std::forward<Args>(args)...));
  }

  void run_for(Duration time) { queue_.run_until(queue_.now() + time); }
  // Runs until `done` says so, checked after every event; false when `max` passed first.
  bool run_until(const std::function<bool()>& done, Duration max);

  // Every link that is configured between machines that serve it is open.
  bool linked() const;
  // Every group of machines that can reach each other has the same context in each namespace, and no work is
  // under way. `why` gets a sentence when not.
  bool settled(std::string* why = nullptr) const;
  bool settle(Duration max, std::string* why = nullptr);

  // A promise was broken. The run goes on; whoever runs it asks for them.
  void violation(std::string_view checker, std::string text);
  struct Violation {
    std::string checker;
    std::string text;
  };
  const std::vector<Violation>& violations() const { return violations_; }

 private:
  std::map<std::string, Bytes> backup_files_;
  // For one namespace: which machines can reach which, by configured links that are not cut.
  std::vector<std::vector<const Machine*>> islands(const std::string& ns) const;
  void tell(const std::string& deed);

  WorldOptions options_;
  Prng rng_;
  Prng mutation_rng_;
  EventQueue queue_;
  Trace trace_;
  Net net_;
  std::vector<std::unique_ptr<Machine>> machines_;
  std::vector<std::unique_ptr<Watcher>> watchers_;
  std::vector<Observer*> observers_;
  Markers markers_;
  bool deeds_told_ = false;
  std::vector<Violation> violations_;
};

}  // namespace pando::sim
