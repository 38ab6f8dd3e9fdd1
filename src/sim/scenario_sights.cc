// The verbs of a scenario that look (watch, same, health, …) and those that forge bytes (flip, stranger, garble).

#include <fmt/core.h>

#include <algorithm>
#include <optional>

#include "log/scan.h"
#include "log/segment.h"
#include "sim/checkers/convergence.h"
#include "sim/scenario_player.h"
#include "sim/scenario_script.h"
#include "sim/tampering.h"

namespace pando::sim {
namespace {

using Lines = std::vector<std::string>;

std::optional<std::string> option(const std::vector<std::string>& words, std::string_view name) {
  const auto it = std::find(words.begin(), words.end(), name);
  if (it == words.end() || std::next(it) == words.end()) return std::nullopt;
  return *std::next(it);
}

struct Place {
  std::uint64_t segment_id = 0;
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};

// Where a record lies on disk.
std::optional<Place> find_record(const Disk& disk, LogPos pos) {
  std::optional<Place> place;
  for (const auto& [id, bytes] : disk.segments()) {
    const Result<log::SegmentHeader> header = log::decode_segment_header(id, bytes);
    if (!header) continue;
    const std::uint64_t segment_id = id;
    log::scan_records(id, bytes, header->header_bytes, header->first,
                      [&](const log::RecordView& record, std::uint64_t offset) -> Status {
                        if (record.pos == pos) place = Place{segment_id, offset, record.bytes()};
                        return {};
                      });
  }
  return place;
}

}  // namespace

// flip dc1 record 3 [ns NAME]: a bit in the middle of a record.
Lines ScenarioPlayer::flip(const Words& words) {
  if (words.size() < 4 || words[2] != "record") return {"! script: usage: flip dc1 record N [ns NAME]"};
  Disk& disk = machine(words[1]).volume(only_namespace(option(words, "ns").value_or(""))).disk;
  const std::optional<Place> place = find_record(disk, LogPos(std::strtoull(words[3].c_str(), nullptr, 10)));
  if (!place) return {fmt::format("! script: no record {}", words[3])};
  disk.flip_bit(place->segment_id, place->offset + place->bytes / 2, 3);
  return {};
}

// stranger dc1 bytes…: somebody connects, sends each word as a frame, and says nothing more.
Lines ScenarioPlayer::stranger(const Words& words) {
  if (words.size() < 3) return {"! script: usage: stranger dc1 FRAME …"};
  world_->net().stranger(machine(words[1]).index(), std::vector<Bytes>(words.begin() + 2, words.end()));
  return {};
}

// garble N: the next N frames that arrive anywhere have a bit flipped; garble 1/N: one in N from now on, 1/0 none.
Lines ScenarioPlayer::garble(const Words& words) {
  if (words.size() > 1 && words[1].substr(0, 2) == "1/") {
    world_->net().garble_one_in(std::strtoull(words[1].c_str() + 2, nullptr, 10));
    return {};
  }
  auto left = std::make_shared<long>(words.size() > 1 ? std::strtol(words[1].c_str(), nullptr, 10) : 1);
  world_->net().set_tamper([left](Bytes& frame) {
    if (*left > 0 && !frame.empty()) {
      --*left;
      frame[frame.size() / 2] = static_cast<char>(frame[frame.size() / 2] ^ 0x10);
    }
    return Net::Fate::kDeliver;
  });
  return {};
}

// spoil N: the next N frames of commits that arrive anywhere have a bit of their first commit flipped, and fit all the
// same.
Lines ScenarioPlayer::spoil(const Words& words) {
  auto left = std::make_shared<long>(words.size() > 1 ? std::strtol(words[1].c_str(), nullptr, 10) : 1);
  world_->net().set_tamper([left](Bytes& frame) {
    if (*left > 0 && spoil_commit(frame)) --*left;
    return Net::Fate::kDeliver;
  });
  return {};
}

// watch w at dc1[/ns] [prefix P | key K] [table T] [pace 200ms] opens; again with the same name it moves, with its
// cursor.
Lines ScenarioPlayer::watch(const Words& words) {
  if (words.size() < 4 || words[2] != "at")
    return {"! script: usage: watch w at dc1[/ns] [prefix P | key K] [table T] [pace D]"};
  const std::size_t slash = words[3].find('/');
  Machine& at = machine(words[3].substr(0, slash));
  Watcher* watcher = nullptr;
  for (const auto& known : world_->watchers()) {
    if (known->name() == words[1]) watcher = known.get();
  }
  if (watcher == nullptr) {
    WatchFilter filter;
    filter.table = option(words, "table");
    filter.exact = option(words, "key").has_value();
    filter.prefix = filter.exact ? *option(words, "key") : option(words, "prefix").value_or("");
    watcher = &world_->add_watcher(
        words[1], only_namespace(slash == std::string::npos ? "" : words[3].substr(slash + 1)), filter);
  }
  if (const auto pace = option(words, "pace")) watcher->set_pace(to_duration(*pace));
  watcher->attach(at);
  if (!waits_) return {};
  world_->run_until([&] { return watcher->open() || !watcher->status().ok(); }, Duration::seconds(10));
  if (!watcher->open()) return {"! " + watcher->status().to_string()};
  return {};
}

Lines ScenarioPlayer::unwatch(const Words& words) {
  for (const auto& known : world_->watchers()) {
    if (words.size() > 1 && known->name() == words[1]) {
      known->detach();
      return {};
    }
  }
  return {"! script: usage: unwatch w"};
}

// What a watcher received since it was last asked.
Lines ScenarioPlayer::events(const Words& words) {
  Lines lines;
  for (const auto& known : world_->watchers()) {
    if (words.size() < 2 || known->name() != words[1]) continue;
    std::size_t& shown = events_shown_[words[1]];
    for (; shown < known->received().size(); ++shown) {
      const Change& change = known->received()[shown].change;
      lines.push_back(fmt::format("{} {} {}{}{} by {}", change_kind_name(change.kind), change.table,
                                  printable(change.key), change.value ? " = " : "",
                                  change.value ? printable(*change.value) : "", to_string(change.dot)));
    }
  }
  if (lines.empty()) lines.push_back("(none)");
  return lines;
}

// same dc1 dc2 [ns NAME]: "equal", or what a client sees differ.
Lines ScenarioPlayer::same(const Words& words) {
  if (words.size() < 3) return {"! script: usage: same dc1 dc2 [ns NAME]"};
  const std::string ns = only_namespace(option(words, "ns").value_or(""));
  Machine& a = machine(words[1]);
  Machine& b = machine(words[2]);
  const DigestRequest ask{std::max(a.now().wall_ms, b.now().wall_ms)};
  const Reply reply_a = ask_and_wait(*world_, a, ns, ask).reply;
  const Reply reply_b = ask_and_wait(*world_, b, ns, ask).reply;
  if (!reply_a.status.ok()) return {"! " + reply_a.status.to_string()};
  if (!reply_b.status.ok()) return {"! " + reply_b.status.to_string()};
  if (std::get<DigestReply>(reply_a.body).fingerprint == std::get<DigestReply>(reply_b.body).fingerprint)
    return {"equal"};
  Lines lines{"different"};
  for (std::string& line : diff_lines(dump_state(*world_, a, ns), dump_state(*world_, b, ns), 20))
    lines.push_back(std::move(line));
  return lines;
}

Lines ScenarioPlayer::health(const Words& words) {
  if (words.size() < 2) return {"! script: usage: health dc1"};
  const Machine& m = machine(words[1]);
  if (m.state() == Machine::State::kDown) return {"down"};
  Lines lines;
  for (const node::Node::Health& health : m.node().health()) {
    lines.push_back(fmt::format("{}: {}", health.ns, health.status.to_string()));
  }
  for (const node::NamespaceConfig& ns : m.config().namespaces) {
    const Status& failure = m.volume(ns.name).open_failure;
    if (!failure.ok()) lines.push_back(fmt::format("{}: not opened: {}", ns.name, failure.to_string()));
  }
  return lines;
}

// notes dc1 [WORD]: what the node said for people, with WORD in it.
Lines ScenarioPlayer::notes(const Words& words) {
  if (words.size() < 2) return {"! script: usage: notes dc1 [WORD]"};
  Lines lines;
  for (const std::string& note : machine(words[1]).notes()) {
    if (words.size() < 3 || note.find(words[2]) != std::string::npos) lines.push_back(note);
  }
  if (lines.empty()) lines.push_back("(none)");
  return lines;
}

// What is left of a log, and what was merged in by resync since the process began.
Lines ScenarioPlayer::log(const Words& words) {
  if (words.size() < 2) return {"! script: usage: log dc1 [ns NAME]"};
  const Reply reply =
      ask_and_wait(*world_, machine(words[1]), only_namespace(option(words, "ns").value_or("")), StatsRequest{}).reply;
  if (!reply.status.ok()) return {"! " + reply.status.to_string()};
  const StatsReply& stats = *std::get<Boxed<StatsReply>>(reply.body);
  return {fmt::format(
      "{}, {}", stats.segments_removed > 0 ? "begins later" : "whole",
      stats.resyncs == 0 ? "no resync" : fmt::format("{} resync of {} cells", stats.resyncs, stats.resync_cells))};
}

Lines ScenarioPlayer::links(const Words& words) {
  if (words.size() < 2) return {"! script: usage: links dc1 [ns NAME]"};
  const Reply reply =
      ask_and_wait(*world_, machine(words[1]), only_namespace(option(words, "ns").value_or("")), StatsRequest{}).reply;
  if (!reply.status.ok()) return {"! " + reply.status.to_string()};
  Lines lines;
  for (const StatsReply::Link& link : std::get<Boxed<StatsReply>>(reply.body)->links) {
    lines.push_back(fmt::format("{}: {}{}", link.peer, link.state, link.dialed ? ", dialled" : ""));
  }
  if (lines.empty()) lines.push_back("(none)");
  return lines;
}

}  // namespace pando::sim
