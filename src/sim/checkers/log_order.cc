#include "sim/checkers/log_order.h"

#include <fmt/core.h>

#include <set>

namespace pando::sim {

void LogOrder::on_outputs(const Machine& machine, const node::Outputs& outputs) {
  for (const node::Notify& notify : outputs.notifies) {
    const auto where = std::make_pair(machine.index(), notify.ns);
    for (const node::WatchEvent& event : notify.events) {
      const Shown shown{event.change.dot, event.change.index};
      std::uint64_t& last = last_number_[where];
      if (event.change.number <= last) {
        violation(fmt::format("{}/{}: notification {} ({}) after {}", machine.name(), notify.ns, event.change.number,
                              to_string(event.change.dot), last));
      }
      // Around a restart some may be lost, as nobody kept what was told; a process leaves out none.
      std::uint64_t& before = told_by_process_[where];
      if (before != 0 && event.change.number > before + 1) {
        violation(
            fmt::format("{}/{}: notification {} follows {}", machine.name(), notify.ns, event.change.number, before));
      }
      before = event.change.number;
      last = event.change.number;
      numbers_[where].emplace(event.change.number, shown);
    }
  }
}

void LogOrder::on_boot(const Machine& machine) {
  std::erase_if(told_by_process_, [&](const auto& one) { return one.first.first == machine.index(); });
}

// Another log counts anew.
void LogOrder::on_losing_disks(const Machine& machine, bool) {
  const auto of_it = [&](const auto& one) { return one.first.first == machine.index(); };
  std::erase_if(numbers_, of_it);
  std::erase_if(last_number_, of_it);
}

void LogOrder::check_log(const std::string& ns, const History& history, const MachineLog& log, BytesOf& bytes_of) {
  const std::string where = fmt::format("{}/{}", log.machine->name(), ns);
  if (!log.damage.ok()) violation(fmt::format("{}: {}", where, log.damage.to_string()));
  VersionVector seen;
  std::map<Origin, const Commit*> last_of;
  std::set<Origin> jumped;  // a cut brought commits of theirs, the last of which is not here to look at
  for (std::size_t i = 0; i < log.commits.size(); ++i) {
    if (const auto cut = log.cuts.find(i); cut != log.cuts.end()) {
      for (const auto& [origin, seq] : cut->second.entries()) {
        if (seq > seen.get(origin)) jumped.insert(origin);
      }
      seen.merge(cut->second);
    }
    const Commit& commit = log.commits[i];
    if (commit.first_seq() > seen.get(commit.dot.origin).next()) {
      violation(fmt::format("{}: {} follows {}", where, to_string(commit.dot), seen.get(commit.dot.origin).value));
    }
    // A skip stands for what it follows, too.
    if (commit.skips_from) seen.raise(commit.dot.origin, Seq(commit.dot.seq.value - 1));
    if (const auto causes = history.causes.find(commit.dot);
        causes != history.causes.end() && !seen.covers(causes->second)) {
      violation(fmt::format("{}: {} stands before its causes: had {}, its origin had {}", where, to_string(commit.dot),
                            to_string(seen), to_string(causes->second)));
    }
    const Commit*& last = last_of[commit.dot.origin];
    if (last != nullptr && commit.hlc <= last->hlc)
      violation(fmt::format("{}: the stamp of {} does not rise", where, to_string(commit.dot)));
    const bool chain_known = jumped.erase(commit.dot.origin) == 0;
    if (chain_known && !commit.skips_from && chain_after(last == nullptr ? 0 : last->chain, commit) != commit.chain) {
      violation(fmt::format("{}: the running hash of {} does not fit", where, to_string(commit.dot)));
    }
    last = &commit;
    seen.raise(commit.dot.origin, commit.dot.seq);
    if (commit.skips_from || !commit.sections.empty()) continue;  // not of the same bytes everywhere
    const auto [known, first] = bytes_of.emplace(commit.dot, log.encoded[i]);
    if (!first && known->second != log.encoded[i])
      violation(fmt::format("{}: {} has other bytes than elsewhere", where, to_string(commit.dot)));
  }
}

void LogOrder::check_numbers(const std::string& ns, const MachineLog& log) {
  std::map<std::uint64_t, Shown> expected;
  for (const Commit& commit : log.commits) {
    for (const ExpectedChange& change : expected_changes(commit)) {
      expected.emplace(expected.size() + 1, Shown{change.dot, change.index});
    }
  }
  for (const auto& [number, shown] : numbers_[{log.machine->index(), ns}]) {
    const auto it = expected.find(number);
    if (it != expected.end() && it->second == shown) continue;
    violation(
        fmt::format("{}/{}: notification {} was {}#{}, by the log it is {}", log.machine->name(), ns, number,
                    to_string(shown.dot), shown.index,
                    it == expected.end() ? "none" : fmt::format("{}#{}", to_string(it->second.dot), it->second.index)));
    return;
  }
}

void LogOrder::at_end() {
  std::set<std::string> namespaces;
  for (const auto& machine : world().machines()) {
    for (const node::NamespaceConfig& ns : machine->config().namespaces) namespaces.insert(ns.name);
  }
  for (const std::string& ns : namespaces) {
    const History& history = histories().of(world(), ns);
    BytesOf bytes_of;
    for (const MachineLog& log : history.logs) {
      check_log(ns, history, log, bytes_of);
      check_numbers(ns, log);
    }
  }
}

}  // namespace pando::sim
