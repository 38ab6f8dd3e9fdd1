#include "sim/scenario.h"

#include <fmt/core.h>

#include "sim/scenario_player.h"

namespace pando::sim {
namespace {

constexpr std::string_view kRule = "----";

std::vector<std::string> split_lines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  }
  return lines;
}

bool is_filler(std::string_view line) {
  const std::size_t first = line.find_first_not_of(" \t");
  return first == std::string_view::npos || line[first] == '#';
}

// What a line of output must not look like, or the block would end there.
bool ends_block(std::string_view line) {
  return is_filler(line) || line == kRule || line.substr(0, 2) == "| " || looks_like_command(line);
}

std::string shield(const std::string& line) { return ends_block(line) ? "| " + line : line; }
std::string unshield(const std::string& line) { return line.substr(0, 2) == "| " ? line.substr(2) : line; }

std::string join(const std::vector<std::string>& lines, std::string_view indent) {
  std::string text;
  for (const std::string& line : lines) text += fmt::format("{}{}\n", indent, line);
  return text;
}

bool failed_silently(const ScenarioStep& step, const std::vector<std::string>& output) {
  return !step.has_expected && !output.empty() && output.front().substr(0, 1) == "!";
}

}  // namespace

Result<Scenario> parse_scenario(std::string name, std::string_view text) {
  Scenario scenario;
  scenario.name = std::move(name);
  std::vector<std::string> lines = split_lines(text);
  ScenarioStep step;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (is_filler(lines[i])) {
      step.text.push_back(lines[i]);
      continue;
    }
    if (lines[i] == kRule) {
      return fail(StatusCode::kInvalidArgument,
                  fmt::format("{}:{}: ---- without a command before it", scenario.name, i + 1));
    }
    if (!looks_like_command(lines[i])) {
      return fail(StatusCode::kInvalidArgument,
                  fmt::format("{}:{}: not a command: {}", scenario.name, i + 1, lines[i]));
    }
    step.line = i + 1;
    step.command = lines[i];
    if (i + 1 < lines.size() && lines[i + 1] == kRule) {
      step.has_expected = true;
      for (i += 2; i < lines.size() && (lines[i].substr(0, 2) == "| " || !ends_block(lines[i])); ++i) {
        step.expected.push_back(unshield(lines[i]));
      }
      --i;
    }
    scenario.steps.push_back(std::move(step));
    step = {};
  }
  if (!step.text.empty()) scenario.steps.push_back(std::move(step));
  return scenario;
}

std::string format_scenario(const Scenario& scenario) {
  std::string text;
  for (const ScenarioStep& step : scenario.steps) {
    text += join(step.text, "");
    if (step.command.empty()) continue;
    text += step.command + "\n";
    if (!step.has_expected) continue;
    text += fmt::format("{}\n", kRule);
    for (const std::string& line : step.expected) text += shield(line) + "\n";
  }
  return text;
}

ScenarioOutcome run_scenario(const Scenario& scenario, const ScenarioOptions& options) {
  ScenarioOutcome outcome;
  outcome.rewritten = scenario;
  WorldOptions world;
  world.seed = options.seed;
  world.mutation = options.mutation;
  world.trace.live = options.trace;
  ScenarioPlayer player(world);
  for (ScenarioStep& step : outcome.rewritten.steps) {
    if (step.command.empty()) continue;
    std::vector<std::string> output = player.play(step.command);
    if (step.has_expected ? output == step.expected : !failed_silently(step, output)) continue;
    outcome.report += fmt::format("{}:{}: {}\n", scenario.name, step.line, step.command);
    if (step.has_expected) outcome.report += "  expected\n" + join(step.expected, "    ");
    outcome.report += "  got\n" + join(output, "    ");
    step.has_expected = true;
    step.expected = std::move(output);
  }
  for (const World::Violation& violation : player.finish()) {
    outcome.report += fmt::format("{}: {}: {}\n", scenario.name, violation.checker, violation.text);
  }
  outcome.markers = player.markers();
  outcome.passed = outcome.report.empty();
  return outcome;
}

}  // namespace pando::sim
