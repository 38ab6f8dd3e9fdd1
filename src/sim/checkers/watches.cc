#include "sim/checkers/watches.h"

#include <fmt/core.h>

#include "sim/ask.h"

namespace pando::sim {

// The watchers' first openings: what the node has by then may be left out, everything later may not.
void Watches::on_outputs(const Machine& machine, const node::Outputs& outputs) {
  if (outputs.watches_opened.empty() && outputs.watches_ended.empty()) return;
  for (const auto& watcher : world().watchers()) {
    Stream& stream = streams_[watcher.get()];
    for (const node::WatchEnded& ended : outputs.watches_ended) {
      if (watcher->machine() == &machine && ended.id == watcher->id() && ended.status.code() == StatusCode::kGone)
        stream = {};
    }
    if (watcher->machine() != &machine) continue;
    for (const node::WatchOpened& opened : outputs.watches_opened) {
      // It is told to read and watch anew: nothing is owed of before.
      if (opened.id == watcher->id() && opened.status.code() == StatusCode::kGone) stream = {};
      if (stream.began) continue;
      if (opened.id != watcher->id() || !opened.status.ok()) continue;
      stream.began = true;
      stream.began_after = machine.context(watcher->ns());
    }
  }
}

void Watches::on_watch_event(const Watcher& watcher, const node::WatchEvent& event) {
  streams_[&watcher].changes.push_back(event.change);
}

void Watches::check(const Watcher& watcher, const Stream& stream) {
  const History& history = histories().of(world(), watcher.ns());
  const auto say = [&](std::string text) { violation(fmt::format("{}: {}", watcher.name(), text)); };
  std::set<std::pair<Dot, std::uint32_t>> seen;
  // Of a commit that was whole on a lost disk only, who watched there was told its changes by their place in the whole;
  // what is left of it elsewhere is a part, with places of its own (docs/design/020-retired-nodes.md).
  std::set<std::tuple<Dot, std::string, Bytes>> seen_keys;
  std::set<Dot> on_lost_disks;
  for (const MachineLog& log : history.lost) {
    for (const Commit& commit : log.commits) on_lost_disks.insert(commit.dot);
  }
  VersionVector causes;  // of everything seen so far
  for (const Change& change : stream.changes) {
    const std::string what =
        fmt::format("{}#{} {} {}", to_string(change.dot), change.index, change.table, printable(change.key));
    if (!seen.emplace(change.dot, change.index).second) say("saw twice: " + what);
    seen_keys.emplace(change.dot, change.table, change.key);
    if (!matches(watcher.filter(), change.table, change.key)) say("did not ask for: " + what);
    if (causes.covers(change.dot)) say("saw after its effects: " + what);
    if (const auto it = history.causes.find(change.dot); it != history.causes.end()) causes.merge(it->second);
  }
  if (!stream.began || history.logs.empty()) return;
  for (const Commit& commit : histories().order_of(world(), watcher.ns())) {
    if (stream.began_after.covers(commit.dot)) continue;
    for (const ExpectedChange& change : expected_changes(commit)) {
      if (!matches(watcher.filter(), change.table, change.key) || seen.count({change.dot, change.index}) != 0) continue;
      if (on_lost_disks.contains(change.dot) && seen_keys.contains({change.dot, change.table, change.key})) continue;
      say(fmt::format("missed: {}#{} {} {}", to_string(change.dot), change.index, change.table, printable(change.key)));
    }
  }
}

void Watches::at_end() {
  for (const auto& [watcher, stream] : streams_) {
    if (watcher->machine() == nullptr) continue;  // left for good: nothing more is owed
    check(*watcher, stream);
  }
}

}  // namespace pando::sim
