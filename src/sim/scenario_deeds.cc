// The verbs of a scenario that do something to the fleet: crash, cut, disk, at, recover, …

#include <fmt/core.h>

#include <algorithm>

#include "sim/recovery.h"
#include "sim/scenario_player.h"
#include "sim/scenario_script.h"

namespace pando::sim {
namespace {

using Lines = std::vector<std::string>;

}  // namespace

Lines ScenarioPlayer::crash(const Words& words) {
  want(words, 2, "crash dc1 [power]");
  Machine& m = machine(words[1]);
  if (!waits_ && m.state() == Machine::State::kDown) return {};
  if (m.state() == Machine::State::kDown) wrong(words[1] + " is down");
  m.crash(words.size() > 2 && words[2] == "power" ? CrashKind::kPower : CrashKind::kProcess);
  return {};
}

Lines ScenarioPlayer::stop(const Words& words) {
  want(words, 2, "stop dc1");
  Machine& m = machine(words[1]);
  if (m.up()) m.stop();
  if (!waits_) return {};
  if (!world_->run_until([&] { return m.state() == Machine::State::kDown; }, Duration::seconds(60))) {
    return {"! still running after 60 s"};
  }
  return {};
}

// With its next start.
Lines ScenarioPlayer::upgrade(const Words& words) {
  want(words, 2, "upgrade dc1");
  machine(words[1]).upgrade();
  return {};
}

// wipe dc1 [drained]: its disks are lost, while it is down; leave dc1: and it is no part of the fleet any more.
Lines ScenarioPlayer::wipe(const Words& words) {
  want(words, 2, "wipe dc1 [drained]");
  Machine& m = machine(words[1]);
  if (m.state() != Machine::State::kDown) {
    if (!waits_) return {};
    wrong(words[1] + " is up");
  }
  m.lose_disks(words.size() > 2 && words[2] == "drained");
  return {};
}

// begin dc1 NAMESPACE FILE: with a backup in place of the disk that was lost.
Lines ScenarioPlayer::begin(const Words& words) {
  want(words, 4, "begin dc1 NAMESPACE FILE");
  Machine& m = machine(words[1]);
  const auto file = world_->backup_files().find(words[3]);
  if (m.state() != Machine::State::kDown || file == world_->backup_files().end() || !m.holds(words[2])) {
    if (!waits_) return {};
    wrong(fmt::format("{} is up, or there is no backup {}, or it does not hold {}", words[1], words[3], words[2]));
  }
  const Status status = m.begin_with_backup(words[2], file->second);
  return status.ok() ? Lines() : Lines{"! " + status.to_string()};
}

Lines ScenarioPlayer::leave(const Words& words) {
  want(words, 2, "leave dc1");
  Machine& m = machine(words[1]);
  if (m.state() != Machine::State::kDown) {
    if (!waits_) return {};
    wrong(words[1] + " is up");
  }
  m.leave();
  return {};
}

Lines ScenarioPlayer::restart(const Words& words) {
  want(words, 2, "restart dc1 [dc2 …]");
  for (std::size_t i = 1; i < words.size(); ++i) {
    Machine& m = machine(words[i]);
    if (!waits_) {
      if (m.state() == Machine::State::kDown) m.boot();
      continue;
    }
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
  want(words, 4, "slow dc1 dc2 DELAY[..DELAY] [BYTES_PER_S]");
  LinkQuality quality;
  const std::size_t dots = words[3].find("..");
  quality.delay_min = to_duration(words[3].substr(0, dots));
  quality.delay_max = dots == std::string::npos ? quality.delay_min : to_duration(words[3].substr(dots + 2));
  if (quality.delay_max < quality.delay_min) wrong(words[3] + ": the first delay is the smaller one");
  if (words.size() > 4) quality.bytes_per_s = static_cast<std::uint64_t>(to_number(words[4]));
  world_->net().set_quality(machine(words[1]).index(), machine(words[2]).index(), quality);
  return {};
}

Lines ScenarioPlayer::clock(const Words& words) {
  want(words, 3, "clock dc1 +1d, or clock dc1 drifts 500 (microseconds per second)");
  if (words.size() > 3 && words[2] == "drifts") {
    machine(words[1]).clock().drift(to_number(words[3]));
  } else {
    machine(words[1]).clock().jump(to_duration(words[2]));
  }
  return {};
}

Lines ScenarioPlayer::disk(const Words& words) {
  want(words, 3, "disk dc1 full|free|fsync-fails|fsync-works|lies|honest [ns], or disk dc1 slow 200ms");
  Machine& m = machine(words[1]);
  const std::string& what = words[2];
  if (what == "slow" && words.size() > 3) {
    m.disk_speed().sync_max = std::max(m.disk_speed().sync_min, to_duration(words[3]));
    return {};
  }
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

// at 1500ms LINE: when so much time has passed since the beginning, and then nothing is waited for: clients' answers
// come when they come, a stop takes its time, a watch opens or not. What cannot be done any more, as crashing a machine
// that is down, is left out.
Lines ScenarioPlayer::play_at(const std::string& line) {
  constexpr std::size_t kWord = std::string_view("at ").size();
  const std::size_t end = line.find(' ', kWord);
  if (end == std::string::npos) wrong("usage: at 1500ms COMMAND");
  const Instant when{to_duration(line.substr(kWord, end - kWord)).us};
  build();
  if (when > world_->now()) world_->queue().run_until(when);
  waits_ = false;
  Lines lines = play(line.substr(end + 1));
  waits_ = true;
  return lines;
}

// Everything works again, machines that are down or given up are restarted, and watchers that are nowhere come back.
// Within 120 s all must agree; that they do not is a violation.
Lines ScenarioPlayer::recover(const Words&) {
  mend(*world_);
  keep_watchers();
  reach_agreement(*world_);
  return {};
}

void ScenarioPlayer::keep_watchers() {
  for (const auto& watcher : world_->watchers()) {
    if (watcher->machine() != nullptr) continue;
    for (const auto& m : world_->machines()) {
      if (!m->healthy(watcher->ns()) || !holds_whole(*m, watcher->ns())) continue;
      watcher->attach(*m);
      break;
    }
  }
  world_->queue().at(world_->now() + Duration::millis(100), EventKind::kTimer, [this] { keep_watchers(); });
}

Lines ScenarioPlayer::settle(const Words&) {
  std::string why;
  if (world_->settle(kScriptSettleMax, &why)) return {};
  return {fmt::format("! not settled after {} s: {}", kScriptSettleMax.us / 1'000'000, why)};
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
