#include "sim/checkers/history.h"

#include <algorithm>
#include <deque>

#include "base/check.h"
#include "log/scan.h"
#include "log/segment.h"
#include "model/cut.h"
#include "sim/checkers/checkers.h"

namespace pando::sim {

MachineLog read_log(const Disk& disk) {
  MachineLog result;
  std::map<std::uint64_t, ByteSpan> segments(disk.segments().begin(), disk.segments().end());
  segments.insert(disk.removed().begin(), disk.removed().end());
  for (auto it = segments.begin(); it != segments.end(); ++it) {
    const Result<log::SegmentHeader> header = log::decode_segment_header(it->first, it->second);
    if (!header) {
      if (header.error().code() != StatusCode::kNotFound && std::next(it) != segments.end())
        result.damage = header.error();
      continue;  // prepared and not used, or torn at its very start
    }
    // A log that begins behind a backup.
    if (result.commits.empty() && result.cuts.empty() && !header->start.context.empty()) {
      result.cuts[0] = header->start.context;
    }
    // The next segment's header pins where this one ends.
    ByteSpan bytes(it->second);
    if (std::next(it) != segments.end()) {
      const Result<log::SegmentHeader> next = log::decode_segment_header(std::next(it)->first, std::next(it)->second);
      if (next) bytes = bytes.substr(0, next->previous_bytes);
    }
    const log::Scan scan =
        log::scan_records(it->first, bytes, header->header_bytes, header->first,
                          [&](const log::RecordView& record, std::uint64_t) -> Status {
                            if (record.kind == log::RecordKind::kCut) {
                              const Result<CutRecord> found = decode_cut_record(record.body);
                              if (!found) return found.error();
                              result.cuts[result.commits.size()].merge(found->cut.context);
                            }
                            // Its commits alone do not say what it holds from here on.
                            if (record.kind == log::RecordKind::kScope || record.kind == log::RecordKind::kArrived) {
                              (void)result.cuts[result.commits.size()];
                            }
                            if (record.kind != log::RecordKind::kCommit) return {};
                            Result<Commit> commit = decode_commit(record.body);
                            if (!commit) return commit.error();
                            result.commits.push_back(std::move(*commit));
                            result.encoded.emplace_back(record.body);
                            return {};
                          });
    if (!scan.damage.ok()) result.damage = scan.damage;
  }
  return result;
}

MachineLog read_log(const Machine& machine, const std::string& ns) {
  MachineLog log = read_log(machine.volume(ns).disk);
  log.machine = &machine;
  return log;
}

VersionVector context_of(const MachineLog& log) {
  VersionVector context;
  for (const auto& cut : log.cuts) context.merge(cut.second);
  for (const Commit& commit : log.commits) context.raise(commit.dot.origin, commit.dot.seq);
  return context;
}

namespace {

// Where a commit of its own stands in several of its logs, it was made in the first.
void note_causes(const MachineLog& log, const std::string& name, History& history) {
  VersionVector seen;
  for (std::size_t i = 0; i < log.commits.size(); ++i) {
    const Commit& commit = log.commits[i];
    if (const auto cut = log.cuts.find(i); cut != log.cuts.end()) seen.merge(cut->second);
    if (commit.dot.origin.node == name) history.causes.emplace(commit.dot, seen);
    seen.raise(commit.dot.origin, commit.dot.seq);
  }
}

}  // namespace

History read_history(const World& world, const std::string& ns) {
  History history;
  for (const auto& machine : world.machines()) {
    for (const Disk& disk : machine->lost_disks(ns)) {
      history.lost.push_back(read_log(disk));
      note_causes(history.lost.back(), machine->name(), history);
    }
    if (!machine->holds(ns)) continue;
    history.logs.push_back(read_log(*machine, ns));
    history.logs.back().takes_all = takes_all(*machine, ns);
    note_causes(history.logs.back(), machine->name(), history);
  }
  return history;
}

const MachineLog& log_of(const History& history, const Machine& machine) {
  const auto found = std::find_if(history.logs.begin(), history.logs.end(),
                                  [&](const MachineLog& log) { return log.machine == &machine; });
  CHECK(found != history.logs.end());
  return *found;
}

Histories::Known& Histories::read(const World& world, const std::string& ns) {
  std::uint64_t changes = 1;
  for (const auto& machine : world.machines()) {
    changes += machine->lost_disks(ns).size();
    if (machine->holds(ns)) changes += machine->volume(ns).disk.change_count();
  }
  Known& known = known_[ns];
  if (known.changes != changes) known = {changes, read_history(world, ns), std::nullopt};
  return known;
}

const std::vector<Commit>& Histories::order_of(const World& world, const std::string& ns) {
  Known& known = read(world, ns);
  if (!known.order) known.order = causal_order(known.history);
  return *known.order;
}

Commit public_part(Commit commit) {
  std::vector<Op> ops;
  std::size_t next = 0;
  for (const CommitSection& section : commit.sections) {
    for (std::uint64_t i = 0; i < section.ops; ++i, ++next) {
      if (section.kind != CommitSection::Kind::kLocal) ops.push_back(std::move(commit.ops[next]));
    }
  }
  commit.ops = std::move(ops);
  commit.sections.clear();
  return commit;
}

namespace {

struct Queue {
  std::deque<const Commit*> commits;  // of one origin
  bool skips = false;                 // some of them
};

}  // namespace

std::vector<Commit> causal_order(const History& history) {
  std::map<Dot, const Commit*> all;
  std::deque<Commit> made;
  VersionVector seen;
  // Of commits that were lost with a disk and that the others have by a skip nothing is anywhere.
  std::map<Dot, Seq> skips;  // by the last one, the first
  const auto is_skipped = [&](const Dot& dot) {
    const auto at = skips.lower_bound(dot);
    return at != skips.end() && at->first.origin == dot.origin && at->second <= dot.seq;
  };
  const auto add = [&](const MachineLog& log, bool lost) {
    for (const Commit& commit : log.commits) {
      if (commit.skips_from && !lost) skips.emplace(commit.dot, *commit.skips_from);
      if (all.contains(commit.dot) || (lost && (!seen.covers(commit.dot) || is_skipped(commit.dot)))) continue;
      const bool keeps = std::any_of(commit.sections.begin(), commit.sections.end(), [](const CommitSection& section) {
        return section.kind == CommitSection::Kind::kLocal;
      });
      all.emplace(commit.dot, keeps ? &made.emplace_back(public_part(commit)) : &commit);
    }
  };
  for (const MachineLog& log : history.logs) {
    if (!log.takes_all) continue;
    add(log, false);
    seen.merge(context_of(log));
  }
  for (const MachineLog& log : history.lost) add(log, true);
  std::vector<Commit> order;
  order.reserve(all.size());
  VersionVector played;
  const auto is_ready = [&](const Commit& commit) {
    if (commit.first_seq() > played.get(commit.dot.origin).next()) return false;
    const auto causes = history.causes.find(commit.dot);
    if (causes == history.causes.end()) return true;
    if (!commit.skips_from) return played.covers(causes->second);
    VersionVector before = played;
    before.raise(commit.dot.origin, Seq(commit.dot.seq.value - 1));
    return before.covers(causes->second);
  };
  // Per origin, as a commit waits for those before it; only one that stands for them, too, may overtake them.
  std::vector<Queue> queues;
  for (const auto& [dot, commit] : all) {
    if (queues.empty() || queues.back().commits.front()->dot.origin != dot.origin) queues.emplace_back();
    queues.back().commits.push_back(commit);
    queues.back().skips = queues.back().skips || commit->skips_from;
  }
  for (bool more = true; more;) {
    more = false;
    for (Queue& queue : queues) {
      std::deque<const Commit*> left;
      while (!queue.commits.empty()) {
        const Commit& commit = *queue.commits.front();
        const bool stands_in_another = played.covers(commit.dot);
        const bool ready = !stands_in_another && is_ready(commit);
        if (ready) {
          played.raise(commit.dot.origin, commit.dot.seq);
          order.push_back(commit);
          more = true;
        } else if (!stands_in_another) {
          if (!queue.skips) break;
          left.push_back(&commit);
        }
        queue.commits.pop_front();
      }
      queue.commits.insert(queue.commits.begin(), left.begin(), left.end());
    }
  }
  return order;
}

namespace {

// Members that come, members that go and all else are told apart: a change is about one of them.
enum class About { kOther, kComing, kGoing };
About about(const Op& op) {
  const auto* put = std::get_if<PutOp>(&op);
  const auto* remove = std::get_if<RemoveOp>(&op);
  if (put == nullptr && remove == nullptr) return About::kOther;
  switch (put != nullptr ? put->path.kind : remove->path.kind) {
    case CellKind::kMember:
    case CellKind::kLease: return put != nullptr ? About::kComing : About::kGoing;
    case CellKind::kGuardedMember: return put != nullptr && put->value == kGuardOn ? About::kComing : About::kGoing;
    default: return About::kOther;
  }
}

}  // namespace

std::vector<ExpectedChange> expected_changes(const Commit& commit) {
  std::vector<ExpectedChange> changes;
  About last = About::kOther;
  for (const Op& op : commit.ops) {
    const std::string table(table_of(op));
    const Bytes key(key_of(op));
    // Of what takes away only what nobody sees, nobody is told.
    const auto* clear = std::get_if<ClearOp>(&op);
    if (clear != nullptr && clear->forget_counters) continue;
    if (is_internal_table(table)) continue;
    const bool same_key = !changes.empty() && changes.back().table == table && changes.back().key == key;
    if (same_key && about(op) == last) continue;
    last = about(op);
    changes.push_back({commit.dot, static_cast<std::uint32_t>(changes.size()), table, key});
  }
  return changes;
}

bool matches(const WatchFilter& filter, std::string_view table, ByteSpan key) {
  if (filter.table && *filter.table != table) return false;
  return filter.exact ? key == filter.prefix : key.substr(0, filter.prefix.size()) == filter.prefix;
}

}  // namespace pando::sim
