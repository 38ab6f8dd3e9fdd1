#include "sim/checkers/oracle.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>

#include "engine/vouches.h"
#include "model/expiry.h"
#include "model/field_end.h"
#include "model/lob_manifest.h"
#include "sim/ask.h"
#include "sim/checkers/checkers.h"
#include "sim/checkers/convergence.h"
#include "sim/checkers/parts.h"

namespace pando::sim {

void NaiveState::free_before(const Commit& report) {
  const auto said =
      values_.find({std::string(engine::kTableVouches), to_string(report.dot.origin), CellKind::kRegister, {}});
  const bool vouches = said != values_.end() && !said->second.empty();
  const auto vouch = vouches ? engine::decode_vouch(said->second.rbegin()->second.bytes) : std::nullopt;
  for (const Op& op : report.ops) {
    const CellPath path = path_in(op);
    if (vouch && !vouch->only_reports(path.table)) continue;
    const std::int64_t vouched = vouched_ms();
    const bool key_is_over = expired(path.table, path.key, {}, vouched);
    std::set<CellPath> over;
    const auto find_over = [&](const auto& cells) {
      for (auto at = cells.lower_bound({path.table, path.key, CellKind::kRegister, {}}); at != cells.end(); ++at) {
        const CellPath& cell = at->first;
        if (cell.table != path.table || cell.key != path.key) break;
        const bool field_is_over = !cell.element.empty() && expired(cell.table, cell.key, cell.element, vouched);
        if (key_is_over || field_is_over) over.insert(cell);
      }
    };
    find_over(values_);
    find_over(counters_);
    for (const CellPath& cell : over) {
      values_.erase(cell);
      counters_.erase(cell);
    }
  }
}

void NaiveState::apply(const Commit& commit) {
  if (frees_first_) free_before(commit);
  for (const Op& op : commit.ops) {
    if (const auto* put = std::get_if<PutOp>(&op)) {
      Values& values = values_[put->path];
      for (const Dot& dot : put->replaces) values.erase(dot);
      values[commit.dot] = {commit.hlc, put->value};
    } else if (const auto* remove = std::get_if<RemoveOp>(&op)) {
      for (const Dot& dot : remove->replaces) values_[remove->path].erase(dot);
    } else if (const auto* clear = std::get_if<ClearOp>(&op)) {
      const CellPath first{clear->table, clear->key, CellKind::kRegister, {}};
      for (auto at = values_.lower_bound(first); at != values_.end(); ++at) {
        auto& [path, values] = *at;
        if (path.table != clear->table || path.key != clear->key) break;
        if (!clear->includes(path.kind, path.element)) continue;
        for (auto it = values.begin(); it != values.end();)
          it = clear->observed.covers(it->first) ? values.erase(it) : std::next(it);
      }
      if (!clear->forget_counters) continue;
      for (auto at = counters_.lower_bound(first); at != counters_.end(); ++at) {
        auto& [path, slots] = *at;
        if (path.table != clear->table || path.key != clear->key) break;
        if (!clear->includes(path.kind, path.element)) continue;
        for (const auto& [born, slot] : slots) {
          if (clear->observed.covers({born.first, born.second})) given_up_.insert({path, {born.first, born.second}});
        }
        std::erase_if(slots, [&](const auto& entry) {
          return clear->observed.covers({entry.first.first, entry.first.second});
        });
      }
    } else if (const auto* count = std::get_if<CountOp>(&op)) {
      if (given_up_.contains({count->path, {commit.dot.origin, count->birth}})) continue;
      Slot& slot = counters_[count->path][{commit.dot.origin, count->birth}];
      slot.added = std::max(slot.added, count->added);
      slot.removed = std::max(slot.removed, count->removed);
    } else if (const auto* reset = std::get_if<CountResetOp>(&op)) {
      for (const CountResetOp::Slot& seen : reset->observed) {
        if (given_up_.contains({reset->path, {seen.origin, seen.birth}})) continue;
        Slot& slot = counters_[reset->path][{seen.origin, seen.birth}];
        slot.added_base = std::max(slot.added_base, seen.added);
        slot.removed_base = std::max(slot.removed_base, seen.removed);
      }
    }
  }
}

NaiveState::Values::const_iterator NaiveState::winner(const Values& values) {
  return std::max_element(values.begin(), values.end(), [](const auto& a, const auto& b) {
    return std::tie(a.second.hlc, a.first.origin, a.second.bytes) <
           std::tie(b.second.hlc, b.first.origin, b.second.bytes);
  });
}

std::string NaiveState::describe_object(const Bytes& manifest_bytes) const {
  const Result<LobManifest> manifest = decode_lob_manifest(manifest_bytes);
  if (!manifest) return " a broken manifest";
  Bytes content;
  for (std::uint64_t i = 0; i < manifest->chunk_count; ++i) {
    const auto chunk = values_.find(chunk_path(manifest->upload, i));
    if (chunk == values_.end() || chunk->second.empty()) return fmt::format(" without chunk {}", i);
    content += winner(chunk->second)->second.bytes;
  }
  return fmt::format(" {} bytes, crc32 {:08x}", content.size(), crc32_ieee(content));
}

bool NaiveState::expired(const std::string& table, const Bytes& key, const Bytes& field, std::int64_t now_ms) const {
  const auto ends = values_.find(CellPath{table, key, CellKind::kExpiry, field});
  if (ends == values_.end() || ends->second.empty()) return false;
  return std::all_of(ends->second.begin(), ends->second.end(), [&](const auto& end) {
    return decode_expiry(end.second.bytes).value_or(kNeverExpires) <= now_ms;
  });
}

std::string NaiveState::describe_key(const std::string& table, const Bytes& key, std::int64_t now_ms) const {
  std::string text;
  if (expired(table, key, {}, now_ms)) return text;
  for (auto it = values_.lower_bound(CellPath{table, key, CellKind::kRegister, ""}); it != values_.end(); ++it) {
    const auto& [path, values] = *it;
    if (path.table != table || path.key != key) break;
    if (values.empty() || path.kind == CellKind::kExpiry) continue;
    if (!path.element.empty() && expired(table, key, path.element, now_ms)) continue;
    const auto best = winner(values);
    if (path.kind == CellKind::kField) {
      text += fmt::format(" {}={}", printable(path.element), printable(best->second.bytes));
    } else if (path.kind == CellKind::kMember) {
      text += fmt::format(" {{{}}}", printable(path.element));
    } else if (path.kind == CellKind::kFlag) {
      text += " on";
    } else if (table == kTableLob) {
      text += describe_object(best->second.bytes);
    } else if (path.kind == CellKind::kRegister) {
      text += fmt::format(" {} by {}", printable(best->second.bytes), to_string(best->first));
    }
  }
  const auto counter = counters_.find(CellPath{table, key, CellKind::kCounter, ""});
  if (counter == counters_.end()) return text;
  std::int64_t value = 0;
  bool counted = false;
  for (const auto& [name, slot] : counter->second) {
    counted = counted || slot.added > slot.added_base || slot.removed > slot.removed_base;
    value += static_cast<std::int64_t>(slot.added - slot.added_base) -
             static_cast<std::int64_t>(slot.removed - slot.removed_base);
  }
  if (counted) text += fmt::format(" {}", value);
  return text;
}

std::vector<std::string> NaiveState::describe(std::int64_t now_ms, std::string_view another_table) const {
  std::set<std::pair<std::string, Bytes>> keys;
  for (const auto& [path, values] : values_) {
    if (!values.empty()) keys.emplace(path.table, path.key);
  }
  for (const auto& [path, slots] : counters_) keys.emplace(path.table, path.key);
  std::vector<std::string> lines;
  for (const auto& [table, key] : keys) {
    // The tables that dump_state() asks for; all others are compared by their bytes.
    if (table != kTableKv && table != kTableRow && table != kTableLob && table != another_table) continue;
    const std::string text = describe_key(table, key, now_ms);
    if (!text.empty()) lines.push_back(fmt::format("{} {} ={}", table, printable(key), text));
  }
  return lines;
}

bool NaiveState::ends_between(std::int64_t from_ms, std::int64_t to_ms) const {
  return std::any_of(values_.begin(), values_.end(), [&](const auto& entry) {
    const CellPath& path = entry.first;
    return path.kind == CellKind::kExpiry && !expired(path.table, path.key, path.element, from_ms) &&
           expired(path.table, path.key, path.element, to_ms);
  });
}

std::map<CellPath, NaiveState::Values>::const_iterator NaiveState::first_vouch() const {
  return values_.lower_bound({std::string(engine::kTableVouches), {}, CellKind::kRegister, {}});
}

bool NaiveState::is_vouch(std::map<CellPath, Values>::const_iterator at) const {
  return at != values_.end() && at->first.table == engine::kTableVouches;
}

std::int64_t NaiveState::now_ms(const Machine& machine) const {
  std::int64_t now_ms = machine.now().wall_ms;
  for (auto at = first_vouch(); is_vouch(at); ++at) {
    for (const auto& [dot, value] : at->second) {
      const auto said = engine::decode_vouch(value.bytes);
      if (dot.origin.node == machine.name() && said) now_ms = std::max(now_ms, said->clock_ms);
    }
  }
  return now_ms;
}

std::set<std::string> NaiveState::ended_keys(std::int64_t now_ms) const {
  std::set<std::string> keys;
  for (const auto& [path, ends] : values_) {
    if (path.kind != CellKind::kExpiry || !expired(path.table, path.key, path.element, now_ms)) continue;
    keys.insert(fmt::format("{} {} =", path.table, printable(path.key)));
  }
  return keys;
}

std::int64_t NaiveState::vouched_ms() const {
  std::int64_t latest = 0;
  for (auto at = first_vouch(); is_vouch(at); ++at) {
    for (const auto& [dot, value] : at->second) {
      const auto vouch = engine::decode_vouch(value.bytes);
      if (vouch) latest = std::max(latest, vouch->clock_ms);
    }
  }
  return latest;
}

namespace {

// Of counters dump_state() also says who counted last, which the model does not know; of keys with several
// kinds of cells it shows one. Of types that the model does not know nothing but their name is listed. All are cut down
// to what can be compared.
std::vector<std::string> comparable(const std::vector<std::string>& lines) {
  std::vector<std::string> result;
  for (const std::string& line : lines) {
    if (line.ends_with(" =")) continue;
    const std::size_t by = line.rfind(" by ");
    const std::string value =
        by == std::string::npos ? "" : line.substr(line.find(" = ") + 3, by - line.find(" = ") - 3);
    const bool number = !value.empty() && value.find_first_not_of("-0123456789") == std::string::npos;
    result.push_back(number ? line.substr(0, by) : line);
  }
  return result;
}

}  // namespace

void Oracle::at_end() {
  std::set<std::string> namespaces;
  for (const auto& machine : world().machines()) {
    for (const node::NamespaceConfig& ns : machine->config().namespaces) namespaces.insert(ns.name);
  }
  for (const std::string& ns : namespaces) {
    const auto& logs = histories().of(world(), ns).logs;
    const bool resynced =
        std::any_of(logs.begin(), logs.end(), [](const MachineLog& log) { return !log.cuts.empty(); });
    for (const auto& machine : world().machines()) {
      if (!machine->holds(ns)) continue;
      NaiveState state;
      const MachineLog& log = log_of(histories().of(world(), ns), *machine);
      // What it got by a resync is a part of what the others have.
      if (!log.cuts.empty() && !takes_all(*machine, ns)) continue;
      const std::vector<Commit>& commits = log.cuts.empty() ? log.commits : histories().order_of(world(), ns);
      for (const Commit& commit : commits) state.apply(commit);
      // Who does not hold it whole shows of it what is in no commit.
      const std::string_view reported = holds_whole(*machine, ns) ? kTableAlerts : std::string_view();
      constexpr std::size_t kLinesShown = 10;
      constexpr int kTries = 20;
      std::vector<std::string> expected;
      std::vector<std::string> seen;
      // Something may end while the machine is asked.
      for (int left = kTries; left > 0; --left) {
        const std::int64_t asked_ms = state.now_ms(*machine);
        expected = state.describe(asked_ms, reported);
        seen = dump_state(world(), *machine, ns, reported);
        const std::int64_t told_ms = state.now_ms(*machine);
        if (!state.ends_between(asked_ms, told_ms) || state.describe(told_ms, reported) == expected) break;
      }
      expected = comparable(expected);
      seen = comparable(seen);
      if (seen == expected) continue;
      const auto kept = comparable(state.describe(std::max(state.now_ms(*machine), state.vouched_ms()), reported));
      const auto lacks = [](const std::vector<std::string>& lines, const std::string& line) {
        return std::find(lines.begin(), lines.end(), line) == lines.end();
      };
      // What reads as in `other` is right, too.
      const auto allow = [&](const std::vector<std::string>& other) {
        std::erase_if(seen, [&](const std::string& line) { return lacks(expected, line) && !lacks(other, line); });
        std::erase_if(expected, [&](const std::string& line) { return lacks(seen, line) && lacks(other, line); });
      };
      // A row may have lost some of its columns.
      allow(kept);
      if (seen == expected) continue;
      NaiveState freeing(true);
      for (const Commit& commit : commits) freeing.apply(commit);
      allow(comparable(freeing.describe(state.now_ms(*machine), reported)));
      // An end that was freed before anybody knew of a writer is in no cut that this one gets: what it wrote under that
      // key then stays to be seen, at all sites, and what others wrote under it goes by the clocks of those who freed
      // it (docs/design/016-retention-and-resync.md, known limits).
      if (resynced) {
        std::int64_t latest_ms = 0;
        for (const auto& other : world().machines()) latest_ms = std::max(latest_ms, state.now_ms(*other));
        const std::set<std::string> ended = state.ended_keys(latest_ms);
        const auto is_ended = [&](const std::string& line) {
          return ended.contains(line.substr(0, line.find(" =") + 2));
        };
        std::erase_if(seen, is_ended);
        std::erase_if(expected, is_ended);
      }
      const auto diff = diff_lines(expected, seen, kLinesShown);
      if (diff.empty()) continue;
      std::string text = fmt::format("{}/{}: by its log (-), as it reads (+)", machine->name(), ns);
      for (const std::string& line : diff) text += "\n      " + line;
      violation(std::move(text));
    }
  }
}

}  // namespace pando::sim
