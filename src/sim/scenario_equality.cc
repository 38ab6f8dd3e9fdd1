// ScenarioPlayer: stores that do not hold what their commits made, and whether anybody finds out.

#include <fmt/core.h>

#include "sim/ask.h"
#include "sim/scenario_player.h"
#include "store/cell.h"
#include "store/cell_key.h"

namespace pando::sim {
namespace {

using Lines = std::vector<std::string>;

}  // namespace

// tamper dc2 KEY [VALUE]: in the store of a machine that is down the value is another one, or not there, whole and with
// the checksum that fits.
Lines ScenarioPlayer::tamper(const Words& words) {
  if (words.size() < 3) return {"! script: usage: tamper dc1 KEY [VALUE]"};
  Machine& down = machine(words[1]);
  if (down.state() != Machine::State::kDown) return {"! script: " + words[1] + " is up"};
  store::MemoryKv& kv = down.volume(only_namespace("")).kv;
  const Bytes key = store::cell_key({std::string(kTableKv), words[2], CellKind::kRegister, ""});
  const Result<std::optional<Bytes>> stored = kv.get(key);
  if (!stored || !*stored) return {"! the store has no value of " + words[2]};
  std::optional<Bytes> instead;
  if (words.size() > 3) {
    const Result<store::Cell> cell = store::decode_cell(key, **stored);
    if (!cell) return {"! " + cell.error().to_string()};
    store::Cell other(CellKind::kRegister);
    for (const crdt::Register::Entry& entry : cell->reg().entries())
      other.reg().put(entry.dot, entry.hlc, words[3], {});
    instead = store::encode_cell(key, other);
  }
  const Status written = kv.write({{key, instead}});
  return written.ok() ? Lines() : Lines{"! " + written.to_string()};
}

// What came of comparing with its peers, and what was changed because of it since the process began.
Lines ScenarioPlayer::converged(const Words& words) {
  if (words.size() < 2) return {"! script: usage: converged dc1"};
  const Reply reply = ask_and_wait(*world_, machine(words[1]), only_namespace(""), StatsRequest{}).reply;
  if (!reply.status.ok()) return {"! " + reply.status.to_string()};
  const StatsReply& stats = *std::get<Boxed<StatsReply>>(reply.body);
  Lines lines;
  for (const StatsReply::Converged& one : stats.converged) {
    if (one.table.substr(0, 1) == ".") continue;
    lines.push_back(fmt::format("{} {}: {}", one.peer, one.table, one.equal ? "equal" : "differs"));
  }
  lines.push_back(fmt::format("{} cells mended", stats.mended_cells));
  return lines;
}

}  // namespace pando::sim
