// sim/seeded_run.h — one seed: a random fleet, random clients, random faults; then everything heals and the
// fleet must agree within bounded simulated time.
//
//   safety    clients and faults; checkers watch                               steps
//   liveness  no new faults, everything healed and restarted; must settle      120 s of simulated time
//   end       the checkers' last questions (sim/checkers/checker.h)
#pragma once

#include <string>
#include <vector>

#include "sim/recording.h"
#include "sim/world.h"

namespace pando::sim {

struct SeededOptions {
  std::uint64_t seed = 1;
  std::uint64_t steps = 300;  // requests of clients
  DriverMutation mutation = DriverMutation::kNone;
  Trace::Options trace;
  Recording* recording = nullptr;  // filled with what is done up to the liveness phase, when given
};

struct SeededOutcome {
  bool passed() const { return violations.empty(); }
  std::vector<World::Violation> violations;
  std::string fleet;  // "4 nodes, ring, 2 namespaces; faults: kill reset"
  std::uint64_t operations = 0;
  std::uint64_t acknowledged = 0;
  std::uint64_t faults = 0;
  MarkerCounts markers;
  std::uint64_t events = 0;
  Duration simulated{};
  std::uint64_t trace_hash = 0;
  std::vector<std::string> last_lines;
};

SeededOutcome run_seed(const SeededOptions& options);

}  // namespace pando::sim
