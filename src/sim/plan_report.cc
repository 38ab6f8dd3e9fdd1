// What came of a plan, in words and numbers.

#include <fmt/core.h>

#include <algorithm>

#include "sim/plan_run.h"
#include "sim/scenario_script.h"

namespace pando::sim {
namespace {

std::string bytes_words(std::uint64_t bytes) {
  constexpr std::uint64_t kKibi = 1024;
  if (bytes < kKibi) return fmt::format("{} bytes", bytes);
  if (bytes < kKibi * kKibi) return fmt::format("{}.{} KiB", bytes / kKibi, bytes % kKibi * 10 / kKibi);
  return fmt::format("{}.{} MiB", bytes / kKibi / kKibi, bytes / kKibi % kKibi * 10 / kKibi);
}

std::string writes_words(const PlanWrites& writes) {
  std::string text = fmt::format("{} asked for, {} done", writes.asked, writes.done);
  for (const auto& [why, count] : writes.refused) text += fmt::format(", {} not ({})", count, why);
  return text;
}

std::string row(std::string_view name, std::string_view text) { return fmt::format("  {:<12}{}\n", name, text); }

std::string rows_of(const PlanFigures& figures) {
  std::string text = row("writes", writes_words(figures.writes));
  text += row("behind", figures.behind_commits_max == 0
                            ? std::string("nobody, whenever it was looked")
                            : fmt::format("at most {} commits, {}", figures.behind_commits_max, figures.behind_most));
  text += row("log", fmt::format("at most {} kept, {}", bytes_words(figures.log_bytes_max), figures.log_most));
  return text;
}

}  // namespace

std::string PlanRun::report(bool agreed) const {
  std::string text;
  for (const Watched& watched : watched_) {
    const PlanFigures& figures = watched.figures;
    text += fmt::format("after {}: {}\n", plain_words(Duration{watched.fault->at.mono_us}), watched.fault->words);
    text += rows_of(figures);
    text += figures.caught_up
                ? row("back", fmt::format("all have everything {} after its end: {} over all links, {}",
                                          plain_words(figures.catch_up), bytes_words(figures.catch_up_bytes),
                                          figures.resyncs == 0 ? std::string("from the logs")
                                                               : fmt::format("by {} resync{}", figures.resyncs,
                                                                             figures.resyncs == 1 ? "" : "s")))
                : row("back", "not before the end of the run");
    text += "\n";
  }
  text +=
      fmt::format("all of it: {} of {} nodes\n", plain_words(Duration{world_.now().mono_us}), world_.machines().size());
  text += rows_of(whole_);
  std::uint64_t sent = 0;
  std::string by_node;
  for (const auto& machine : world_.machines()) {
    const auto known = sent_bytes_.find(machine.get());
    const std::uint64_t bytes = known == sent_bytes_.end() ? 0 : known->second;
    sent += bytes;
    by_node += fmt::format("{}{} {}", by_node.empty() ? "" : ", ", machine->name(), bytes_words(bytes));
  }
  text += row("sent", fmt::format("{} ({})", bytes_words(sent), by_node));
  text += row("at the end", agreed ? "all nodes hold the same" : "the nodes do NOT agree");
  const auto& broken = world_.violations();
  if (broken.empty()) {
    text += row("promises", "every checker is content: nothing lost, nothing twice, nothing resurrected");
  }
  for (const World::Violation& violation : broken) text += row("BROKEN", violation.checker + ": " + violation.text);
  return text;
}

}  // namespace pando::sim
