// sim/plan.h — a fleet and what goes wrong with it, as a user writes them down: a topology file and a fault plan.
//
// "What if Oslo is away for three days?" Both files are TOML; every key, with examples: docs/simulator.md.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "sim/fleet.h"
#include "sim/net.h"

namespace pando::sim {

struct PlanLink {
  std::string from;  // dials
  std::string to;
  LinkQuality quality;
};

struct PlanLoad {
  std::uint64_t writes_per_hour = 60;  // of clients at each node that takes writes
  std::uint64_t keys = 1000;
  std::uint64_t value_bytes = 100;
  Duration lasts = Duration::seconds(3600);
};

struct PlanFault {
  enum class Kind : std::uint8_t { kDown, kCrash, kPower, kCut, kOneWay, kSlow, kClock, kDiskFull };
  Kind kind = Kind::kDown;
  Instant at{0};
  Duration lasts{0};
  std::vector<std::string> nodes;   // that it happens to; of kCut, kOneWay and kSlow one end
  std::vector<std::string> others;  // and the other end
  Duration by{0};                   // of kClock
  LinkQuality quality;              // of kSlow
  std::string words;                // "oslo is down for 3d"
};

struct Plan {
  std::uint64_t seed = 1;
  FleetPlan fleet;
  std::vector<std::pair<std::string, std::string>> sites;  // node, its site
  std::vector<PlanLink> links;
  PlanLoad load;
  std::vector<PlanFault> faults;  // ascending by `at`
};

struct PlanFile {
  std::string name;  // for messages
  std::string text;
};

// kInvalidArgument with one line per mistake, "file:line: key: text". An empty name of `faults`: nothing goes wrong.
Result<Plan> read_plan(const PlanFile& topology, const PlanFile& faults);

// "50kbit", "10Mbit", "1MB": per second, in bytes.
Result<std::uint64_t> parse_bandwidth(std::string_view text);
// "0.5%", in millionths.
Result<std::uint32_t> parse_loss(std::string_view text);

struct PlanReport {
  bool held = false;  // every promise
  std::string text;
};

// Plays the plan, then waits until all agree again (a week at most), and has every checker ask its last questions.
PlanReport run_plan(const Plan& plan);

}  // namespace pando::sim
