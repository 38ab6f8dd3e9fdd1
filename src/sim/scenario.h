// sim/scenario.h — a test written as a conversation, answers included. The language: docs/simulator.md.
//
//   nodes dc1 dc2
//   cut dc1 dc2
//   dc1> INCR page-views 5
//   heal
//   settle
//   dc2> GET page-views
//   ----
//   5
//
// A script is lines: blank and '#' lines are kept as they are; every other line is a command; a line "----"
// begins the expected output of the command before it, which goes up to the next blank line, comment or line
// that starts like a command. Output lines that would look like that begin with "| ".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "sim/markers.h"
#include "sim/mutations.h"

namespace pando::sim {

struct ScenarioStep {
  std::size_t line = 0;           // of the command, from 1
  std::string command;            // empty for text between commands
  std::vector<std::string> text;  // blank lines and comments before the command
  bool has_expected = false;
  std::vector<std::string> expected;
};

struct Scenario {
  std::string name;  // file name, for messages
  std::vector<ScenarioStep> steps;
};

// Errors name the line.
Result<Scenario> parse_scenario(std::string name, std::string_view text);
// The inverse.
std::string format_scenario(const Scenario& scenario);

struct ScenarioOutcome {
  bool passed = false;
  std::string report;  // the difference per failed step, and violations; empty when passed
  Scenario rewritten;  // with the answers that were given
  MarkerCounts markers;
};

struct ScenarioOptions {
  std::uint64_t seed = 1;
  bool trace = false;
  DriverMutation mutation = DriverMutation::kNone;
};

// Plays it in a world of its own.
ScenarioOutcome run_scenario(const Scenario& scenario, const ScenarioOptions& options);

}  // namespace pando::sim
