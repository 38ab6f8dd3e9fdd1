#include "sim/checkers/convergence.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <set>

#include "sim/ask.h"
#include "sim/checkers/checkers.h"

namespace pando::sim {

std::vector<std::string> diff_lines(const std::vector<std::string>& a, const std::vector<std::string>& b,
                                    std::size_t lines_max) {
  const std::set<std::string> in_a(a.begin(), a.end());
  const std::set<std::string> in_b(b.begin(), b.end());
  std::vector<std::string> lines;
  for (const std::string& line : in_a) {
    if (in_b.count(line) == 0) lines.push_back("- " + line);
  }
  for (const std::string& line : in_b) {
    if (in_a.count(line) == 0) lines.push_back("+ " + line);
  }
  if (lines.size() > lines_max) {
    const std::size_t left_off = lines.size() - lines_max;
    lines.resize(lines_max);
    lines.push_back(fmt::format("… {} lines more", left_off));
  }
  return lines;
}

void Convergence::compare(const std::string& ns, Machine& a, Machine& b) {
  // A node may say what it vouches for at any time, also between two questions: that is a commit too.
  constexpr Duration kAgreeMax = Duration::seconds(30);
  constexpr int kTries = 5;
  Answer digest_a;
  Answer digest_b;
  for (int left = kTries; left > 0; --left) {
    if (a.context(ns) != b.context(ns)) (void)world().settle(kAgreeMax);
    // What has run out is compared by no one, as each frees it in its own time; both are asked about one instant. A
    // node whose clock was ahead, and that has promised others to be past that, stays there when its clock is set
    // right.
    const DigestRequest ask{std::max({a.now().wall_ms, b.now().wall_ms, latest_ms_})};
    digest_a = ask_and_wait(world(), a, ns, ask);
    digest_b = ask_and_wait(world(), b, ns, ask);
    const auto* of_a = std::get_if<DigestReply>(&digest_a.reply.body);
    const auto* of_b = std::get_if<DigestReply>(&digest_b.reply.body);
    if (of_a == nullptr || of_b == nullptr || of_a->context == of_b->context) break;
  }
  if (!digest_a.reply.status.ok() || !digest_b.reply.status.ok()) {
    return violation(fmt::format("{}: digest: {}: {}, {}: {}", ns, a.name(), digest_a.reply.status.to_string(),
                                 b.name(), digest_b.reply.status.to_string()));
  }
  const auto& da = std::get<DigestReply>(digest_a.reply.body);
  const auto& db = std::get<DigestReply>(digest_b.reply.body);
  if (da.context != db.context) {
    violation(
        fmt::format("{}: {} has {}, {} has {}", ns, a.name(), to_string(da.context), b.name(), to_string(db.context)));
  }
  if (da.fingerprint == db.fingerprint && da.cells == db.cells) return;
  std::string text = fmt::format("{}: {} holds {} cells {}, {} holds {} cells {}", ns, a.name(), da.cells,
                                 da.fingerprint, b.name(), db.cells, db.fingerprint);
  constexpr std::size_t kLinesShown = 20;
  for (const std::string& line : diff_lines(dump_state(world(), a, ns), dump_state(world(), b, ns), kLinesShown)) {
    text += "\n      " + line;
  }
  violation(std::move(text));
}

void Convergence::on_outputs(const Machine& machine, const node::Outputs&) {
  latest_ms_ = std::max(latest_ms_, machine.now().wall_ms);
}

void Convergence::at_end() {
  std::map<std::string, std::vector<Machine*>> holders;
  for (const auto& machine : world().machines()) {
    for (const node::NamespaceConfig& ns : machine->config().namespaces) holders[ns.name].push_back(machine.get());
  }
  for (auto& [ns, machines] : holders) {
    // Sites that do not hold all tables are another checker's (sim/checkers/parts.h).
    std::erase_if(machines, [&ns = ns](const Machine* machine) { return !holds_whole(*machine, ns); });
    for (std::size_t i = 1; i < machines.size(); ++i) compare(ns, *machines[0], *machines[i]);
  }
}

}  // namespace pando::sim
