// pando-sim: the deterministic simulator. docs/simulator.md.

#include <fmt/core.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "sim/plan.h"
#include "sim/scenario.h"
#include "sim/seeded_run.h"
#include "sim/shrink.h"

namespace pando::sim {
namespace {

constexpr std::string_view kUsage = R"(usage:
  pando-sim [--seed N | --seeds M [--base B]] [--steps K] [--trace] [--mutation NAME] [--require-markers]
      random fleets under random faults. Without --seed: --seeds 40, from --base 1.
      --steps K     requests of clients per seed (300); some are of many operations
      --trace       print every event to stderr
      --mutation    break a promise of the world around the nodes on purpose
      --require-markers   fails when a rare branch was never reached
  pando-sim --seed N [--steps K] [--mutation NAME] --shrink FILE
      makes a short scenario of a seed that fails, which fails in the same way
  pando-sim --mutations [--seeds M]
      breaks each promise in turn; every one must be noticed within M seeds (200)
  pando-sim --topology FILE [--faults FILE]        also: pando sim --topology …
      what if? Plays a fault plan on a fleet of yours and says what came of it. Keys and examples: docs/simulator.md
      and examples/away. A topology is [[nodes]] with a name (and a site, and role = "relayer"), [[links]] from and to
      (delay = "20ms", bandwidth = "10Mbit", loss = "0.5%"; a full mesh where there are none), [load] and [log].
      A plan is [[fault]] with at = "1h", for = "3d" and a kind: down, crash, power, disk-full, clock of a node or a
      site; cut, slow between = ["a", "b"]; one-way from and to.
  pando-sim run FILES... [--rewrite] [--seed N] [--trace] [--mutation NAME] [--require-markers]
      plays scenarios; --rewrite puts the answers given into the files

The last line is `N passed, N failed`. The same seed gives the same run: same trace hash.
)";

struct Arguments {
  std::vector<std::string> files;
  bool run = false;
  bool rewrite = false;
  bool mutations = false;
  bool trace = false;
  bool one_seed = false;
  bool require_markers = false;
  std::string shrink_into;
  std::string topology;
  std::string faults;
  std::uint64_t seed = 1;
  std::uint64_t seeds = 0;
  std::uint64_t base = 1;
  std::uint64_t steps = 300;
  DriverMutation mutation = DriverMutation::kNone;
};

[[noreturn]] void refuse(const std::string& why) {
  fmt::print(stderr, "pando-sim: {}\n{}", why, kUsage);
  std::exit(2);
}

std::uint64_t number(const std::string& name, const char* text) {
  char* end = nullptr;
  const std::uint64_t value = text == nullptr ? 0 : std::strtoull(text, &end, 10);
  if (text == nullptr || end == text || *end != '\0') refuse(fmt::format("{} wants a number", name));
  return value;
}

Arguments parse_arguments(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const char* next = i + 1 < argc ? argv[i + 1] : nullptr;
    if (word == "--help" || word == "-h") {
      fmt::print("{}", kUsage);
      std::exit(0);
    } else if (word == "run" && i == 1) {
      arguments.run = true;
    } else if (word == "--rewrite") {
      arguments.rewrite = true;
    } else if (word == "--mutations") {
      arguments.mutations = true;
    } else if (word == "--trace") {
      arguments.trace = true;
    } else if (word == "--require-markers") {
      arguments.require_markers = true;
    } else if (word == "--shrink") {
      if (next == nullptr) refuse("--shrink wants a file");
      arguments.shrink_into = next;
      ++i;
    } else if (word == "--topology" || word == "--faults") {
      if (next == nullptr) refuse(word + " wants a file");
      (word == "--topology" ? arguments.topology : arguments.faults) = next;
      ++i;
    } else if (word == "--seed") {
      arguments.seed = number(word, next);
      arguments.one_seed = true;
      ++i;
    } else if (word == "--seeds") {
      arguments.seeds = number(word, next);
      ++i;
    } else if (word == "--base") {
      arguments.base = number(word, next);
      ++i;
    } else if (word == "--steps") {
      arguments.steps = number(word, next);
      ++i;
    } else if (word == "--mutation") {
      const auto found = find_mutation(next == nullptr ? "" : next);
      if (!found) refuse(fmt::format("there is no mutation '{}'", next == nullptr ? "" : next));
      arguments.mutation = *found;
      ++i;
    } else if (arguments.run && word.substr(0, 1) != "-") {
      arguments.files.push_back(word);
    } else {
      refuse(fmt::format("what is '{}'?", word));
    }
  }
  return arguments;
}

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

int closing(std::uint64_t passed, std::uint64_t failed) {
  fmt::print("{} passed, {} failed\n", passed, failed);
  return failed == 0 && passed > 0 ? 0 : 1;
}

// Rare branches: a long run that never came there has not tested them. Returns how many those were.
std::uint64_t tell_markers(const MarkerCounts& markers, bool of_seeds) {
  fmt::print("reached: {}\n", markers.describe());
  const std::vector<MarkerInfo> missing = markers.missing(of_seeds);
  for (const MarkerInfo& info : missing) fmt::print("never reached: {} ({})\n", info.name, info.what);
  return missing.size();
}

// Scenarios. -------------------------------------------------------------------------------------------------

bool run_file(const std::string& path, const Arguments& arguments, MarkerCounts& markers) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) {
    fmt::print("FAIL  {}: cannot be read\n", path);
    return false;
  }
  const Result<Scenario> scenario = parse_scenario(path, text.str());
  if (!scenario) {
    fmt::print("FAIL  {}\n", scenario.error().message());
    return false;
  }
  const ScenarioOutcome outcome = run_scenario(*scenario, {arguments.seed, arguments.trace, arguments.mutation});
  markers.add(outcome.markers);
  fmt::print("{}  {}\n{}", outcome.passed ? "ok  " : "FAIL", path, outcome.report);
  if (arguments.rewrite) {
    if (const std::string answer = format_scenario(outcome.rewritten); answer != text.str()) {
      std::ofstream(path, std::ios::binary) << answer;
      fmt::print("      rewritten\n");
    }
  }
  return outcome.passed;
}

int run_files(const Arguments& arguments) {
  if (arguments.files.empty()) refuse("run wants scenario files");
  std::uint64_t passed = 0;
  MarkerCounts markers;
  for (const std::string& path : arguments.files) passed += run_file(path, arguments, markers) ? 1 : 0;
  std::uint64_t failed = arguments.files.size() - passed;
  if (arguments.require_markers) failed += tell_markers(markers, false);
  return closing(passed, failed);
}

// Seeds. -----------------------------------------------------------------------------------------------------

void explain_failure(const SeededOptions& options, const SeededOutcome& outcome) {
  constexpr std::size_t kViolationsShown = 10;
  for (std::size_t i = 0; i < std::min(kViolationsShown, outcome.violations.size()); ++i) {
    fmt::print("  {}: {}\n", outcome.violations[i].checker, outcome.violations[i].text);
  }
  if (outcome.violations.size() > kViolationsShown)
    fmt::print("  … {} more\n", outcome.violations.size() - kViolationsShown);
  // The run is a function of the seed, so its last lines can be had afterwards.
  SeededOptions again = options;
  again.trace = {false, 60};
  fmt::print("  the last events:\n");
  for (const std::string& line : run_seed(again).last_lines) fmt::print("    {}\n", line);
  fmt::print("  again: pando-sim --seed {} --steps {} --trace\n", options.seed, options.steps);
}

int run_seeds(const Arguments& arguments) {
  const std::uint64_t first = arguments.one_seed ? arguments.seed : arguments.base;
  const std::uint64_t count = arguments.one_seed ? 1 : arguments.seeds == 0 ? 40 : arguments.seeds;
  const auto begin = std::chrono::steady_clock::now();
  std::uint64_t passed = 0;
  std::uint64_t operations = 0;
  std::uint64_t events = 0;
  double simulated_s = 0;
  MarkerCounts markers;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    fmt::print("seed {}", seed);
    std::fflush(stdout);
    const SeededOptions options{seed, arguments.steps, arguments.mutation, {arguments.trace, 0}};
    const SeededOutcome outcome = run_seed(options);
    fmt::print(": {}  trace {:016x}  {} of {} operations done, {} faults, {:.0f} s simulated; {}\n",
               outcome.passed() ? "ok" : "FAIL", outcome.trace_hash, outcome.acknowledged, outcome.operations,
               outcome.faults, static_cast<double>(outcome.simulated.us) / 1e6, outcome.fleet);
    if (!outcome.passed()) explain_failure(options, outcome);
    passed += outcome.passed() ? 1 : 0;
    markers.add(outcome.markers);
    operations += outcome.operations;
    events += outcome.events;
    simulated_s += static_cast<double>(outcome.simulated.us) / 1e6;
  }
  const double real_s = seconds_since(begin);
  fmt::print(
      "{} client operations, {} events in {:.1f} s: {:.0f} operations/s, {:.0f} events/s, {:.0f} times real time\n",
      operations, events, real_s, static_cast<double>(operations) / real_s, static_cast<double>(events) / real_s,
      simulated_s / real_s);
  const std::uint64_t missing = tell_markers(markers, true);
  return closing(passed, count - passed + (arguments.require_markers ? missing : 0));
}

int shrink_seed(const Arguments& arguments) {
  if (!arguments.one_seed) refuse("--shrink wants the --seed that fails");
  ShrinkOptions options;
  options.run = {arguments.seed, arguments.steps, arguments.mutation, {}};
  const Shrunk shrunk = shrink(options);
  if (shrunk.checker.empty()) {
    fmt::print("seed {} passes: there is nothing to shrink\n", arguments.seed);
    return 1;
  }
  if (!shrunk.reproduced) {
    fmt::print("{} complains of seed {}, but its steps alone do not bring that about; --trace shows all of it\n",
               shrunk.checker, arguments.seed);
    return 1;
  }
  const std::string mutation =
      arguments.mutation == DriverMutation::kNone ? "" : fmt::format(" --mutation {}", name_of(arguments.mutation));
  std::ofstream file(arguments.shrink_into, std::ios::binary);
  file << fmt::format("# Shrunk from seed {}{} (--steps {}): {} complains.\n", arguments.seed, mutation,
                      arguments.steps, shrunk.checker)
       << format_scenario(shrunk.scenario);
  if (!file.flush()) {
    fmt::print("{} cannot be written\n", arguments.shrink_into);
    return 1;
  }
  fmt::print("{} complains: {} steps of {} are left, after {} plays. Again:\n  pando-sim run {}{}\n", shrunk.checker,
             shrunk.steps_after, shrunk.steps_before, shrunk.plays, arguments.shrink_into, mutation);
  return 0;
}

bool read_text(const std::string& path, std::string& text) {
  std::ifstream in(path, std::ios::binary);
  text.assign(std::istreambuf_iterator<char>(in), {});
  return in.good() || in.eof();
}

int play_plan(const Arguments& arguments) {
  if (arguments.topology.empty()) refuse("--faults wants a --topology");
  PlanFile topology{arguments.topology, {}};
  PlanFile faults{arguments.faults, {}};
  for (PlanFile* file : {&topology, &faults}) {
    if (file->name.empty() || read_text(file->name, file->text)) continue;
    fmt::print(stderr, "pando-sim: {} cannot be read\n", file->name);
    return 2;
  }
  const Result<Plan> plan = read_plan(topology, faults);
  if (!plan) {
    fmt::print(stderr, "{}\n", plan.error().message());
    return 2;
  }
  const PlanReport report = run_plan(*plan);
  fmt::print("{}", report.text);
  return report.held ? 0 : 1;
}

int run_mutations(const Arguments& arguments) {
  const std::uint64_t seeds_max = arguments.seeds == 0 ? 200 : arguments.seeds;
  std::uint64_t caught = 0;
  for (const MutationInfo& info : all_mutations()) {
    std::string by;
    std::uint64_t seed = arguments.base;
    for (; seed < arguments.base + seeds_max && by.empty(); ++seed) {
      const SeededOutcome outcome = run_seed({seed, arguments.steps, info.mutation, {}});
      if (!outcome.passed()) by = fmt::format("{}: {}", outcome.violations[0].checker, outcome.violations[0].text);
    }
    caught += by.empty() ? 0 : 1;
    fmt::print("{}  {:<22} {}\n", by.empty() ? "FAIL" : "ok  ", info.name,
               by.empty() ? fmt::format("not noticed in {} seeds ({})", seeds_max, info.what)
                          : fmt::format("seed {}, {}", seed - 1, by.substr(0, by.find('\n'))));
    std::fflush(stdout);
  }
  return closing(caught, all_mutations().size() - caught);
}

}  // namespace
}  // namespace pando::sim

int main(int argc, char** argv) {
  const pando::sim::Arguments arguments = pando::sim::parse_arguments(argc, argv);
  if (!arguments.topology.empty() || !arguments.faults.empty()) return pando::sim::play_plan(arguments);
  if (arguments.run) return pando::sim::run_files(arguments);
  if (!arguments.shrink_into.empty()) return pando::sim::shrink_seed(arguments);
  if (arguments.mutations) return pando::sim::run_mutations(arguments);
  return pando::sim::run_seeds(arguments);
}
