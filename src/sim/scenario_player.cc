#include "sim/scenario_player.h"

#include <fmt/core.h>

#include <algorithm>

#include "sim/scenario_script.h"

namespace pando::sim {
namespace {

using Lines = std::vector<std::string>;

}  // namespace

const std::map<std::string, ScenarioPlayer::Verb, std::less<>>& ScenarioPlayer::verbs() {
  static const std::map<std::string, Verb, std::less<>> all = {
      {"nodes", {&ScenarioPlayer::nodes, true}},
      {"relayer", {&ScenarioPlayer::relayer, true}},
      {"namespaces", {&ScenarioPlayer::namespaces, true}},
      {"holds", {&ScenarioPlayer::holds, true}},
      {"publishes", {&ScenarioPlayer::publishes, true}},
      {"subscribes", {&ScenarioPlayer::subscribes, true}},
      {"group", {&ScenarioPlayer::group, true}},
      {"link", {&ScenarioPlayer::link, true}},
      {"late", {&ScenarioPlayer::late, true}},
      {"segments", {&ScenarioPlayer::segments, true}},
      {"checkpoints", {&ScenarioPlayer::checkpoints, true}},
      {"retain", {&ScenarioPlayer::retain, true}},
      {"tail", {&ScenarioPlayer::tail, true}},
      {"credit", {&ScenarioPlayer::credit, true}},
      {"order-slices", {&ScenarioPlayer::order_slices, true}},
      {"checkpoint-slices", {&ScenarioPlayer::checkpoint_slices, true}},
      {"arrival-parts", {&ScenarioPlayer::arrival_parts, true}},
      {"release", {&ScenarioPlayer::release, true}},
      {"frontier", {&ScenarioPlayer::frontier, true}},
      {"free-after", {&ScenarioPlayer::free_after, true}},
      {"seed", {&ScenarioPlayer::seed, true}},
      {"mutation", {&ScenarioPlayer::mutation, true}},
      {"equality", {&ScenarioPlayer::equality, true}},
      {"unchecked", {&ScenarioPlayer::unchecked, true}},
      {"crash", {&ScenarioPlayer::crash}},
      {"restart", {&ScenarioPlayer::restart}},
      {"start", {&ScenarioPlayer::restart}},
      {"stop", {&ScenarioPlayer::stop}},
      {"upgrade", {&ScenarioPlayer::upgrade}},
      {"wipe", {&ScenarioPlayer::wipe}},
      {"leave", {&ScenarioPlayer::leave}},
      {"begin", {&ScenarioPlayer::begin}},
      {"cut", {&ScenarioPlayer::cut}},
      {"heal", {&ScenarioPlayer::heal}},
      {"reset", {&ScenarioPlayer::reset}},
      {"slow", {&ScenarioPlayer::slow}},
      {"clock", {&ScenarioPlayer::clock}},
      {"disk", {&ScenarioPlayer::disk}},
      {"flip", {&ScenarioPlayer::flip}},
      {"stranger", {&ScenarioPlayer::stranger}},
      {"spoil", {&ScenarioPlayer::spoil}},
      {"garble", {&ScenarioPlayer::garble}},
      {"backup", {&ScenarioPlayer::backup}},
      {"restore", {&ScenarioPlayer::restore}},
      {"tamper", {&ScenarioPlayer::tamper}},
      {"settle", {&ScenarioPlayer::settle}},
      {"recover", {&ScenarioPlayer::recover}},
      {"sleep", {&ScenarioPlayer::sleep}},
      {"repeat", {&ScenarioPlayer::repeat}},
      {"watch", {&ScenarioPlayer::watch}},
      {"unwatch", {&ScenarioPlayer::unwatch}},
      {"events", {&ScenarioPlayer::events}},
      {"same", {&ScenarioPlayer::same}},
      {"health", {&ScenarioPlayer::health}},
      {"notes", {&ScenarioPlayer::notes}},
      {"log", {&ScenarioPlayer::log}},
      {"converged", {&ScenarioPlayer::converged}},
      {"links", {&ScenarioPlayer::links}},
  };
  return all;
}

bool looks_like_command(std::string_view line) {
  if (!prompt_of(line).empty() || line.substr(0, 3) == "at ") return true;
  return ScenarioPlayer::verbs().count(line.substr(0, line.find(' '))) != 0;
}

ScenarioPlayer::ScenarioPlayer(const WorldOptions& options) : options_(options) {}
ScenarioPlayer::~ScenarioPlayer() = default;

Lines ScenarioPlayer::play(const std::string& line) {
  try {
    if (line.substr(0, 3) == "at ") return play_at(line);
    if (const std::string_view prompt = prompt_of(line); !prompt.empty()) {
      build();
      return play_client(prompt, std::string_view(line).substr(prompt.size() + 1));
    }
    const Result<Words> words = split_words(line);
    if (!words) wrong(words.error().message());
    const auto verb = verbs().find(words->at(0));
    if (verb == verbs().end()) wrong(fmt::format("'{}' is not a command", words->at(0)));
    if (verb->second.setup && world_ != nullptr) wrong(fmt::format("'{}' comes before the first event", words->at(0)));
    if (!verb->second.setup) build();
    return (this->*verb->second.handler)(*words);
  } catch (const ScriptError& error) {
    return {"! script: " + error.text};
  }
}

std::vector<World::Violation> ScenarioPlayer::finish() {
  if (world_ == nullptr) return {};
  const auto& broken = world_->violations();
  const bool apart =
      std::any_of(broken.begin(), broken.end(), [](const auto& one) { return one.checker == "liveness"; });
  if (check_ && !apart && is_whole(*world_) && world_->settle(kScriptSettleMax)) checkers_.at_end();
  return check_ ? world_->violations() : std::vector<World::Violation>{};
}

void ScenarioPlayer::build() {
  if (world_ != nullptr) return;
  if (plan_.sites.empty()) wrong("no `nodes` yet");
  for (FleetPlan::Site& site : plan_.sites) {
    const auto held = holds_.find(site.name);
    site.namespaces = held == holds_.end() ? namespace_names_ : held->second;
    if (const auto tables = tables_.find(site.name); tables != tables_.end()) site.tables = tables->second;
  }
  const bool only_relayers =
      std::all_of(plan_.links.begin(), plan_.links.end(), [](const auto& l) { return !l.publish; });
  if (only_relayers) connect_mesh(plan_);
  world_ = std::make_unique<World>(options_);
  tampering_ = std::make_unique<Tampering>(*world_);
  if (tampering_->tampers()) world_->net().set_tamper([this](Bytes& frame) { return tampering_->suffer(frame); });
  checkers_.attach(*world_);
  build_fleet(plan_, *world_);
  client_ = std::make_unique<ScenarioClient>(*world_);
  for (const auto& m : world_->machines()) {
    if (std::find(late_.begin(), late_.end(), m->name()) == late_.end()) m->boot();
  }
}

Machine& ScenarioPlayer::machine(const std::string& name) {
  Machine* found = world_->find_machine(name);
  if (found == nullptr) wrong(fmt::format("there is no node '{}'", name));
  return *found;
}

std::string ScenarioPlayer::only_namespace(const std::string& given) const {
  return given.empty() ? namespace_names_.front() : given;
}

// dc1> … waits for the answer; dc1&> … does not; dc1/ns> … names the namespace.
Lines ScenarioPlayer::play_client(std::string_view prompt, std::string_view rest) {
  const bool async = !waits_ || prompt.back() == '&';
  if (prompt.back() == '&') prompt.remove_suffix(1);
  const std::size_t slash = prompt.find('/');
  const std::string ns = only_namespace(slash == std::string_view::npos ? "" : std::string(prompt.substr(slash + 1)));
  Machine& to = machine(std::string(prompt.substr(0, slash)));
  const Result<Words> words = split_words(rest);
  if (!words) wrong(words.error().message());
  return async ? client_->run_async(to, ns, *words) : client_->run(to, ns, *words);
}

// The fleet. -------------------------------------------------------------------------------------------------

Lines ScenarioPlayer::nodes(const Words& words) {
  want(words, 2, "nodes dc1 [dc2 …]");
  for (std::size_t i = 1; i < words.size(); ++i) plan_.sites.push_back({words[i], true, {}});
  return {};
}

Lines ScenarioPlayer::relayer(const Words& words) {
  want(words, 4, "relayer r follows dc1 [dc2 …]");
  plan_.sites.push_back({words[1], false, {}});
  for (std::size_t i = 3; i < words.size(); ++i) plan_.links.push_back({words[1], words[i], false});
  return {};
}

Lines ScenarioPlayer::namespaces(const Words& words) {
  want(words, 2, "namespaces a [b …]");
  namespace_names_.assign(words.begin() + 1, words.end());
  return {};
}

Lines ScenarioPlayer::holds(const Words& words) {
  want(words, 3, "holds dc1 ns [ns …]");
  holds_[words[1]].assign(words.begin() + 2, words.end());
  return {};
}

Lines ScenarioPlayer::publishes(const Words& words) {
  want(words, 2, "publishes dc1 [table …]");
  tables_[words[1]].publish = TableSet::of({words.begin() + 2, words.end()});
  return {};
}

Lines ScenarioPlayer::subscribes(const Words& words) {
  want(words, 2, "subscribes dc1 [table …]");
  tables_[words[1]].subscribe = TableSet::of({words.begin() + 2, words.end()});
  return {};
}

Lines ScenarioPlayer::group(const Words& words) {
  want(words, 3, "group name ns [ns …]");
  plan_.groups.push_back({words[1], {words.begin() + 2, words.end()}});
  return {};
}

Lines ScenarioPlayer::link(const Words& words) {
  want(words, 3, "link dc1 dc2 [BYTES_PER_S] (dc1 dials)");
  FleetPlan::Link link{words[1], words[2]};
  if (words.size() > 3) link.bytes_per_s_max = static_cast<std::size_t>(to_number(words[3]));
  plan_.links.push_back(std::move(link));
  return {};
}

Lines ScenarioPlayer::late(const Words& words) {
  late_.insert(late_.end(), words.begin() + 1, words.end());
  return {};
}

Lines ScenarioPlayer::segments(const Words& words) {
  want(words, 2, "segments BYTES");
  plan_.segment_bytes = static_cast<std::uint64_t>(to_number(words[1]));
  return {};
}

Lines ScenarioPlayer::checkpoints(const Words& words) {
  want(words, 3, "checkpoints every DURATION");
  plan_.checkpoint_interval = to_duration(words[2]);
  return {};
}

// Also where nobody needs them: peers are all there are from the first second on.
Lines ScenarioPlayer::retain(const Words& words) {
  want(words, 2, "retain BYTES [keep BYTES] [grace DURATION]");
  plan_.retention.on = true;
  plan_.retention.keep_bytes = 0;
  plan_.retention.retain_bytes = static_cast<std::uint64_t>(to_number(words[1]));
  plan_.retention.grace = Duration::seconds(1);
  for (std::size_t i = 2; i + 1 < words.size(); i += 2) {
    if (words[i] == "keep") plan_.retention.keep_bytes = static_cast<std::uint64_t>(to_number(words[i + 1]));
    if (words[i] == "grace") plan_.retention.grace = to_duration(words[i + 1]);
  }
  return {};
}

Lines ScenarioPlayer::tail(const Words& words) {
  want(words, 2, "tail BYTES [MIN]");
  plan_.tail_bytes_max = static_cast<std::uint64_t>(to_number(words[1]));
  if (words.size() > 2) plan_.tail_bytes_min = static_cast<std::uint64_t>(to_number(words[2]));
  return {};
}

// How much of commits each node takes unacknowledged.
Lines ScenarioPlayer::credit(const Words& words) {
  want(words, 2, "credit BYTES");
  plan_.link_unacked_bytes_max = static_cast<std::size_t>(to_number(words[1]));
  return {};
}

Lines ScenarioPlayer::arrival_parts(const Words& words) {
  want(words, 2, "arrival-parts BYTES");
  plan_.arrival_part_bytes = static_cast<std::size_t>(std::max<std::int64_t>(1, to_number(words[1])));
  return {};
}

Lines ScenarioPlayer::order_slices(const Words& words) {
  want(words, 2, "order-slices CELLS");
  plan_.order_slice_cells = static_cast<std::size_t>(std::max<std::int64_t>(1, to_number(words[1])));
  return {};
}

Lines ScenarioPlayer::checkpoint_slices(const Words& words) {
  want(words, 2, "checkpoint-slices CELLS");
  plan_.checkpoint_slice_cells = static_cast<std::size_t>(std::max<std::int64_t>(1, to_number(words[1])));
  return {};
}

// release dc1 have: it is of the release that brought Have, and knows of nothing later, until `upgrade dc1`.
Lines ScenarioPlayer::release(const Words& words) {
  want(words, 3, "release dc1 NAME");
  const std::optional<repl::Release> release = repl::find_release(words[2]);
  if (!release) wrong(fmt::format("there is no release '{}'", words[2]));
  const auto site =
      std::find_if(plan_.sites.begin(), plan_.sites.end(), [&](const auto& s) { return s.name == words[1]; });
  if (site == plan_.sites.end()) wrong(fmt::format("there is no node '{}'", words[1]));
  site->release = *release;
  return {};
}

// frontier 300ms: how late a node may be with saying how late it is; 0s: only when something waits for it.
Lines ScenarioPlayer::frontier(const Words& words) {
  want(words, 2, "frontier DURATION");
  plan_.frontier_lag_max = to_duration(words[1]);
  return {};
}

Lines ScenarioPlayer::free_after(const Words& words) {
  want(words, 2, "free-after DURATION");
  plan_.free_after = to_duration(words[1]);
  return {};
}

Lines ScenarioPlayer::seed(const Words& words) {
  want(words, 2, "seed N");
  options_.seed = static_cast<std::uint64_t>(to_number(words[1]));
  return {};
}

// mutation always: the one that `--mutation` names strikes at every opportunity.
Lines ScenarioPlayer::mutation(const Words& words) {
  want(words, 2, "mutation always");
  options_.mutation_always = words[1] == "always";
  return {};
}

Lines ScenarioPlayer::equality(const Words& words) {
  want(words, 2, "equality 2s");
  plan_.equality_interval = to_duration(words[1]);
  return {};
}

Lines ScenarioPlayer::unchecked(const Words&) {
  check_ = false;
  return {};
}

}  // namespace pando::sim
