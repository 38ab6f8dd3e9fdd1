#include "sim/scenario_player.h"

#include <fmt/core.h>

#include <algorithm>
#include <stdexcept>

namespace pando::sim {
namespace {

using Lines = std::vector<std::string>;

constexpr Duration kSettleMax = Duration::seconds(300);

// A mistake in the script; becomes its output.
struct ScriptError {
  std::string text;
};

[[noreturn]] void wrong(std::string text) { throw ScriptError{std::move(text)}; }

// The prompt of a client line and where the rest begins; empty when it is not one.
std::string_view prompt_of(std::string_view line) {
  const std::size_t end = line.find('>');
  if (end == std::string_view::npos || end == 0 || (end + 1 < line.size() && line[end + 1] != ' ')) return {};
  const std::string_view prompt = line.substr(0, end);
  const bool plain = prompt.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/&") ==
                     std::string_view::npos;
  return plain ? prompt : std::string_view{};
}

std::int64_t to_number(const std::string& word) {
  try {
    std::size_t used = 0;
    const std::int64_t value = std::stoll(word, &used);
    if (used == word.size()) return value;
  } catch (const std::logic_error&) {
  }
  wrong(fmt::format("'{}' is not a number", word));
}

// "200ms", "5s", "3m", "2h", "1d", with a sign where it makes sense.
Duration to_duration(const std::string& word) {
  const std::size_t unit_at = word.find_first_not_of("+-0123456789");
  if (unit_at == std::string::npos || unit_at == 0)
    wrong(fmt::format("'{}' is not a duration, like 200ms, 5s, 2h", word));
  const std::int64_t number = to_number(word.substr(word[0] == '+' ? 1 : 0, unit_at - (word[0] == '+' ? 1 : 0)));
  const std::string unit = word.substr(unit_at);
  if (unit == "us") return Duration::micros(number);
  if (unit == "ms") return Duration::millis(number);
  const std::int64_t seconds = unit == "s" ? 1 : unit == "m" ? 60 : unit == "h" ? 3600 : unit == "d" ? 86400 : 0;
  if (seconds == 0) wrong(fmt::format("'{}' has no known unit (us ms s m h d)", word));
  return Duration::seconds(number * seconds);
}

void want(const std::vector<std::string>& words, std::size_t count, std::string_view usage) {
  if (words.size() < count) wrong(fmt::format("usage: {}", usage));
}

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
      {"unchecked", {&ScenarioPlayer::unchecked, true}},
      {"crash", {&ScenarioPlayer::crash}},
      {"restart", {&ScenarioPlayer::restart}},
      {"start", {&ScenarioPlayer::restart}},
      {"stop", {&ScenarioPlayer::stop}},
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
      {"settle", {&ScenarioPlayer::settle}},
      {"sleep", {&ScenarioPlayer::sleep}},
      {"repeat", {&ScenarioPlayer::repeat}},
      {"watch", {&ScenarioPlayer::watch}},
      {"unwatch", {&ScenarioPlayer::unwatch}},
      {"events", {&ScenarioPlayer::events}},
      {"same", {&ScenarioPlayer::same}},
      {"health", {&ScenarioPlayer::health}},
      {"notes", {&ScenarioPlayer::notes}},
      {"log", {&ScenarioPlayer::log}},
      {"links", {&ScenarioPlayer::links}},
  };
  return all;
}

bool looks_like_command(std::string_view line) {
  if (!prompt_of(line).empty()) return true;
  return ScenarioPlayer::verbs().count(line.substr(0, line.find(' '))) != 0;
}

ScenarioPlayer::ScenarioPlayer(std::uint64_t seed, bool trace) : seed_(seed), trace_(trace) {}
ScenarioPlayer::~ScenarioPlayer() = default;

Lines ScenarioPlayer::play(const std::string& line) {
  try {
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
  if (check_ && is_whole(*world_) && world_->settle(kSettleMax)) checkers_.at_end();
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
  WorldOptions options;
  options.seed = seed_;
  options.trace.live = trace_;
  world_ = std::make_unique<World>(options);
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
  const bool async = prompt.back() == '&';
  if (async) prompt.remove_suffix(1);
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
  want(words, 2, "retain BYTES");
  plan_.retention.on = true;
  plan_.retention.keep_bytes = 0;
  plan_.retention.retain_bytes = static_cast<std::uint64_t>(to_number(words[1]));
  plan_.retention.grace = Duration::seconds(1);
  return {};
}

Lines ScenarioPlayer::tail(const Words& words) {
  want(words, 2, "tail BYTES");
  plan_.tail_bytes_max = static_cast<std::uint64_t>(to_number(words[1]));
  return {};
}

Lines ScenarioPlayer::unchecked(const Words&) {
  check_ = false;
  return {};
}

// What happens to it. ----------------------------------------------------------------------------------------

Lines ScenarioPlayer::crash(const Words& words) {
  want(words, 2, "crash dc1 [power]");
  Machine& m = machine(words[1]);
  if (m.state() == Machine::State::kDown) wrong(words[1] + " is down");
  m.crash(words.size() > 2 && words[2] == "power" ? CrashKind::kPower : CrashKind::kProcess);
  return {};
}

Lines ScenarioPlayer::stop(const Words& words) {
  want(words, 2, "stop dc1");
  Machine& m = machine(words[1]);
  if (m.up()) m.stop();
  if (!world_->run_until([&] { return m.state() == Machine::State::kDown; }, Duration::seconds(60))) {
    return {"! still running after 60 s"};
  }
  return {};
}

Lines ScenarioPlayer::restart(const Words& words) {
  want(words, 2, "restart dc1 [dc2 …]");
  for (std::size_t i = 1; i < words.size(); ++i) {
    Machine& m = machine(words[i]);
    if (m.up()) {
      if (Lines lines = stop({"stop", words[i]}); !lines.empty()) return lines;
    }
    m.boot();
  }
  return {};
}

// cut dc1 dc2: both ways; cut dc1 -> dc2: what dc1 sends does not arrive; cut dc1: from all others.
Lines ScenarioPlayer::cut(const Words& words) {
  want(words, 2, "cut dc1 [[->] dc2]");
  const MachineIndex a = machine(words[1]).index();
  if (words.size() == 4 && words[2] == "->") {
    world_->net().cut(a, machine(words[3]).index());
    return {};
  }
  for (const auto& other : world_->machines()) {
    if (other->index() == a || (words.size() > 2 && other->name() != words[2])) continue;
    world_->net().cut(a, other->index());
    world_->net().cut(other->index(), a);
  }
  if (words.size() > 2) machine(words[2]);
  return {};
}

Lines ScenarioPlayer::heal(const Words& words) {
  if (words.size() == 3) {
    world_->net().heal(machine(words[1]).index(), machine(words[2]).index());
    world_->net().heal(machine(words[2]).index(), machine(words[1]).index());
  } else {
    world_->net().heal_all();
  }
  return {};
}

Lines ScenarioPlayer::reset(const Words& words) {
  want(words, 3, "reset dc1 dc2");
  world_->net().reset(machine(words[1]).index(), machine(words[2]).index());
  return {};
}

Lines ScenarioPlayer::slow(const Words& words) {
  want(words, 4, "slow dc1 dc2 DELAY [BYTES_PER_S]");
  LinkQuality quality;
  quality.delay_min = quality.delay_max = to_duration(words[3]);
  if (words.size() > 4) quality.bytes_per_s = static_cast<std::uint64_t>(to_number(words[4]));
  world_->net().set_quality(machine(words[1]).index(), machine(words[2]).index(), quality);
  return {};
}

Lines ScenarioPlayer::clock(const Words& words) {
  want(words, 3, "clock dc1 +1d");
  machine(words[1]).clock().jump(to_duration(words[2]));
  return {};
}

Lines ScenarioPlayer::disk(const Words& words) {
  want(words, 3, "disk dc1 full|free|fsync-fails|fsync-works|lies|honest [ns]");
  Machine& m = machine(words[1]);
  const std::string& what = words[2];
  for (const node::NamespaceConfig& ns : m.config().namespaces) {
    if (words.size() > 3 && ns.name != words[3]) continue;
    Disk& d = m.volume(ns.name).disk;
    if (what == "full" || what == "free") {
      d.set_full(what == "full");
    } else if (what == "fsync-fails" || what == "fsync-works") {
      d.fail_syncs(what == "fsync-fails");
    } else if (what == "lies" || what == "honest") {
      d.lie_about_syncs(what == "lies");
    } else {
      wrong(fmt::format("a disk cannot be '{}'", what));
    }
  }
  return {};
}

// backup dc1 copies its disks; restore dc1 puts the copy back into a machine that is down.
Lines ScenarioPlayer::backup(const Words& words) {
  want(words, 2, "backup dc1");
  backups_[words[1]] = machine(words[1]).copy_volumes();
  return {};
}

Lines ScenarioPlayer::restore(const Words& words) {
  want(words, 2, "restore dc1");
  const auto copy = backups_.find(words[1]);
  if (copy == backups_.end()) wrong("there is no backup of " + words[1]);
  if (machine(words[1]).state() != Machine::State::kDown) wrong(words[1] + " is up");
  machine(words[1]).put_volumes(copy->second);
  return {};
}

Lines ScenarioPlayer::settle(const Words&) {
  std::string why;
  if (world_->settle(kSettleMax, &why)) return {};
  return {fmt::format("! not settled after {} s: {}", kSettleMax.us / 1'000'000, why)};
}

// repeat 20 dc1> INCR hits: one after the other; answers with the first that fails.
Lines ScenarioPlayer::repeat(const Words& words) {
  want(words, 4, "repeat N dc1> COMMAND");
  const std::string_view prompt = prompt_of(words[2]);
  if (prompt.empty()) wrong(fmt::format("'{}' is not a client", words[2]));
  std::string rest;
  for (std::size_t i = 3; i < words.size(); ++i) rest += " " + words[i];
  for (std::int64_t left = to_number(words[1]); left > 0; --left) {
    Lines lines = play_client(prompt, rest);
    if (!lines.empty() && lines.front().substr(0, 1) == "!") return lines;
  }
  return {};
}

Lines ScenarioPlayer::sleep(const Words& words) {
  want(words, 2, "sleep 5s");
  world_->run_for(to_duration(words[1]));
  return {};
}

}  // namespace pando::sim
