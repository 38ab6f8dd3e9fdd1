#include "sim/shrink.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>

#include "sim/scenario_player.h"
#include "sim/scenario_requests.h"
#include "sim/scenario_script.h"

namespace pando::sim {
namespace {

constexpr std::uint64_t kFirstLucks = 40;
constexpr std::uint64_t kAlwaysLucks = 5;

struct Candidate {
  std::vector<std::string> fleet;
  std::vector<TimedStep> steps;
  std::uint64_t luck = 1;
};

std::vector<std::string> lines_of(const Candidate& candidate) {
  std::vector<std::string> lines{fmt::format("seed {}", candidate.luck)};
  lines.insert(lines.end(), candidate.fleet.begin(), candidate.fleet.end());
  for (const TimedStep& step : candidate.steps) {
    lines.push_back(fmt::format("at {} {}", duration_words(Duration{step.at.mono_us}), step.line));
  }
  lines.push_back("recover");
  return lines;
}

// Whether every node can reach every other: islands differ for a reason that nobody looks for. Without a link, all that
// take writes have one with each other.
bool connected(const Candidate& candidate) {
  std::vector<std::string> names;
  std::vector<std::pair<std::string, std::string>> links;
  std::vector<std::string> writers;
  bool meshed = true;
  for (const std::string& line : candidate.fleet) {
    const std::vector<std::string> words = split_words(line).value_or(std::vector<std::string>{});
    if (words.size() < 2) continue;
    if (words[0] == "nodes") writers.push_back(words[1]);
    if (words[0] == "nodes" || words[0] == "relayer") names.push_back(words[1]);
    for (std::size_t i = 3; words[0] == "relayer" && i < words.size(); ++i) links.emplace_back(words[1], words[i]);
    if (words[0] != "link" || words.size() < 3) continue;
    meshed = false;
    links.emplace_back(words[1], words[2]);
  }
  for (std::size_t i = 1; meshed && i < writers.size(); ++i) links.emplace_back(writers[0], writers[i]);
  if (names.empty()) return false;
  std::set<std::string> reached{names.front()};
  for (std::size_t before = 0; before != reached.size();) {
    before = reached.size();
    for (const auto& [a, b] : links) {
      if (reached.count(a) != 0) reached.insert(b);
      if (reached.count(b) != 0) reached.insert(a);
    }
  }
  return std::all_of(names.begin(), names.end(), [&](const std::string& name) { return reached.count(name) != 0; });
}

class Shrinker {
 public:
  Shrinker(const ShrinkOptions& options, std::string checker, Candidate first)
      : options_(options), checker_(std::move(checker)), best_(std::move(first)) {}

  // A seed under which the steps alone fail. A mutation strikes at every opportunity if that fails too: what is left
  // then owes nothing to luck.
  bool reproduce() {
    if (options_.run.mutation != DriverMutation::kNone) {
      best_.fleet.emplace_back("mutation always");
      for (best_.luck = 1; best_.luck <= kAlwaysLucks; ++best_.luck) {
        if (fails(best_)) return true;
      }
      best_.fleet.pop_back();
    }
    for (std::uint64_t luck = 1; luck <= kFirstLucks; ++luck) {
      best_.luck = luck;
      if (fails(best_)) return true;
    }
    return false;
  }

  void run() {
    drop_after_the_failure();
    for (std::size_t size = SIZE_MAX; size != measure() && may_play();) {
      size = measure();
      drop_nodes();
      drop_steps();
      drop_settings();
    }
    shorten_values();
    round_times();
  }

  const Candidate& best() const { return best_; }
  std::size_t plays() const { return plays_; }

 private:
  bool may_play() const { return plays_ < options_.plays_max; }
  std::size_t measure() const { return best_.steps.size() + best_.fleet.size(); }

  bool complains(const std::vector<World::Violation>& violations) const {
    return std::any_of(violations.begin(), violations.end(), [&](const auto& one) { return one.checker == checker_; });
  }

  // Because of the mutation, where there is one: it passes without.
  bool fails(const Candidate& candidate) {
    if (!connected(candidate)) return false;
    const DriverMutation mutation = options_.run.mutation;
    if (!complains(broken_under(mutation, candidate))) return false;
    return mutation == DriverMutation::kNone || broken_under(DriverMutation::kNone, candidate).empty();
  }

  // What is found until the checker in question complains, or at the end.
  std::vector<World::Violation> broken_under(DriverMutation mutation, const Candidate& candidate) {
    ++plays_;
    WorldOptions world;
    world.mutation = mutation;
    ScenarioPlayer player(world);
    for (const std::string& line : lines_of(candidate)) {
      const std::vector<std::string> output = player.play(line);
      // A step that names a node which is gone: not this candidate.
      if (!output.empty() && output.front().substr(0, 9) == "! script:") return {};
      if (complains(player.violations())) return player.violations();
    }
    return player.finish();
  }

  bool try_instead(Candidate candidate) {
    for (std::uint64_t i = 0; i < options_.lucks && may_play(); ++i) {
      if (fails(candidate)) {
        best_ = std::move(candidate);
        return true;
      }
      candidate.luck = i + 1 == best_.luck ? options_.lucks + 1 : i + 1;
    }
    return false;
  }

  // Halving what is at the end first: a failure in the middle makes the rest of a run a ballast.
  void drop_after_the_failure() {
    for (std::size_t keep = best_.steps.size() / 2; keep < best_.steps.size() && may_play();) {
      Candidate shorter = best_;
      shorter.steps.resize(keep);
      const std::size_t left_out = best_.steps.size() - keep;
      if (try_instead(std::move(shorter))) {
        keep = best_.steps.size() / 2;
        if (best_.steps.empty()) return;
      } else {
        keep += std::max<std::size_t>(1, left_out / 2);
        if (left_out < 4) return;
      }
    }
  }

  // Runs of steps, ever shorter ones, down to single steps.
  void drop_steps() {
    for (std::size_t run = std::max<std::size_t>(1, best_.steps.size() / 2); may_play(); run = run / 2) {
      for (std::size_t at = 0; at < best_.steps.size() && may_play();) {
        Candidate less = best_;
        const auto from = less.steps.begin() + static_cast<std::ptrdiff_t>(at);
        less.steps.erase(from, from + static_cast<std::ptrdiff_t>(std::min(run, less.steps.size() - at)));
        if (!try_instead(std::move(less))) at += run;
      }
      if (run == 1) return;
    }
  }

  // A node with all that is done at it, and its links.
  void drop_nodes() {
    std::vector<std::string> names;
    for (const std::string& line : best_.fleet) {
      const Result<std::vector<std::string>> words = split_words(line);
      if (words && words->size() > 1 && (words->front() == "nodes" || words->front() == "relayer")) {
        names.push_back(words->at(1));
      }
    }
    for (const std::string& name : names) {
      if (names.size() > 1 && may_play()) try_instead(without(name));
    }
  }

  Candidate without(const std::string& node) const {
    Candidate less{{}, {}, best_.luck};
    for (const std::string& line : best_.fleet) {
      std::vector<std::string> words = split_words(line).value_or(std::vector<std::string>{});
      const bool whole = words.front() == "late" || words.front() == "relayer";
      if (std::find(words.begin(), words.end(), node) == words.end()) {
        less.fleet.push_back(line);
      } else if (whole && words.at(1) != node && words.size() > (words.front() == "late" ? 2 : 4)) {
        words.erase(std::find(words.begin(), words.end(), node));
        less.fleet.push_back(joined(words));
      } else if (words.front() == "late" && words.size() > 2) {
        words.erase(words.begin() + 1);
        less.fleet.push_back(joined(words));
      }
    }
    for (const TimedStep& step : best_.steps) {
      if (!names(step.line, node)) less.steps.push_back(step);
    }
    return less;
  }

  static bool names(const std::string& line, const std::string& node) {
    if (line.substr(0, node.size() + 1) == node + "/") return true;
    const Result<std::vector<std::string>> words = split_words(line);
    if (!words || !prompt_of(line).empty()) return false;
    return std::any_of(words->begin(), words->end(), [&](const std::string& word) {
      return word == node || word.substr(0, node.size() + 1) == node + "/";
    });
  }

  static std::string joined(const std::vector<std::string>& words) {
    std::string line;
    for (const std::string& word : words) line += (line.empty() ? "" : " ") + word;
    return line;
  }

  // Sizes, intervals, links: without the line it is as in any scenario.
  void drop_settings() {
    const std::set<std::string> needed = {"nodes", "relayer", "late", "namespaces", "mutation"};
    for (std::size_t at = best_.fleet.size(); at-- > 0 && may_play();) {
      const std::string& line = best_.fleet[at];
      if (needed.count(line.substr(0, line.find(' '))) != 0) continue;
      Candidate less = best_;
      less.fleet.erase(less.fleet.begin() + static_cast<std::ptrdiff_t>(at));
      try_instead(std::move(less));
    }
  }

  // Values that were made long on purpose; all of a line at once, as columns may have to be equal.
  void shorten_values() {
    const std::string run(9, 'x');
    for (std::size_t i = 0; i < best_.steps.size() && may_play(); ++i) {
      Candidate less = best_;
      std::string& line = less.steps[i].line;
      for (std::size_t from = line.find(run); from != std::string::npos; from = line.find(run, from)) {
        line.erase(from, std::min(line.find_first_not_of('x', from), line.size()) - from);
      }
      if (line != best_.steps[i].line) try_instead(std::move(less));
    }
  }

  // To tens of milliseconds, or to milliseconds, where that changes nothing.
  void round_times() {
    for (const std::int64_t unit_us : {10'000, 1'000}) {
      Candidate rounded = best_;
      for (TimedStep& step : rounded.steps) step.at.mono_us -= step.at.mono_us % unit_us;
      if (may_play() && try_instead(std::move(rounded))) return;
    }
  }

  const ShrinkOptions& options_;
  std::string checker_;
  Candidate best_;
  std::size_t plays_ = 0;
};

}  // namespace

Shrunk shrink(const ShrinkOptions& options) {
  Shrunk shrunk;
  Recording recording;
  SeededOptions run = options.run;
  run.recording = &recording;
  const SeededOutcome outcome = run_seed(run);
  if (outcome.passed()) return shrunk;
  shrunk.checker = outcome.violations.front().checker;
  shrunk.steps_before = recording.steps.size();
  Shrinker shrinker(options, shrunk.checker, {std::move(recording.fleet), std::move(recording.steps), 1});
  shrunk.reproduced = shrinker.reproduce();
  if (shrunk.reproduced) shrinker.run();
  shrunk.plays = shrinker.plays();
  shrunk.steps_after = shrinker.best().steps.size();
  for (const std::string& line : lines_of(shrinker.best())) {
    ScenarioStep step;
    step.command = line;
    shrunk.scenario.steps.push_back(std::move(step));
  }
  return shrunk;
}

}  // namespace pando::sim
