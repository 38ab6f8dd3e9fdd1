#include "sim/checkers/frontiers.h"

#include <fmt/core.h>

#include "sim/checkers/history.h"

namespace pando::sim {

void Frontiers::on_outputs(const Machine& machine, const node::Outputs& outputs) {
  const auto is = [](const Bytes& frame, repl::FrameKind kind) {
    return !frame.empty() && static_cast<std::uint8_t>(frame[0]) == static_cast<std::uint8_t>(kind);
  };
  for (const node::LinkSend& send : outputs.link_sends) {
    if (!is(send.frame, repl::FrameKind::kHello) && !is(send.frame, repl::FrameKind::kHeartbeat)) continue;
    const Result<repl::Frame> frame = repl::decode_frame(send.frame);
    if (!frame) continue;
    if (const auto* hello = std::get_if<repl::Hello>(&*frame)) link_ns_[{machine.index(), send.id}] = hello->ns;
    const auto ns = link_ns_.find({machine.index(), send.id});
    if (ns == link_ns_.end()) continue;
    if (const auto* beat = std::get_if<repl::Heartbeat>(&*frame)) hear(machine, ns->second, *beat);
  }
}

void Frontiers::hear(const Machine& machine, const std::string& ns, const repl::Heartbeat& beat) {
  std::set<Origin>& known = known_[{machine.index(), ns}];
  const std::set<Origin> before = known;
  for (const auto& entry : beat.context.entries()) known.insert(entry.first);
  for (const repl::Claim& claim : beat.claims) known.insert(claim.origin);
  Hlc& last = last_[{machine.index(), ns}];
  if (beat.frontier < last) {
    violation(
        fmt::format("{}/{}: the frontier falls from {} to {}", machine.name(), ns, last.bits, beat.frontier.bits));
  }
  // A frontier that is new was reached since the heartbeat before, when at least these were known.
  if (beat.frontier > last || !beat.claims.empty()) {
    Said said{machine.name(), beat.frontier, beat.context, {}, beat.claims};
    if (beat.frontier > last) {
      // It speaks for no retired ones: whoever takes what those still had knows that they had not heard of what is
      // gone.
      for (const Origin& origin : before) {
        if (!machine.knows_retired(ns, origin)) said.known.insert(origin);
      }
    }
    said_[ns].push_back(std::move(said));
  }
  last = beat.frontier;
}

void Frontiers::on_down(const Machine& machine) {
  for (const node::NamespaceConfig& ns : machine.config().namespaces) {
    known_.erase({machine.index(), ns.name});
    last_.erase({machine.index(), ns.name});
  }
}

void Frontiers::at_end() {
  for (const auto& [ns, all] : said_) {
    // Per origin its commits in order: their stamps rise with their numbers.
    std::map<Origin, std::map<Hlc, Seq>> made;
    for (const MachineLog& log : histories().of(world(), ns).logs) {
      for (const Commit& commit : log.commits) made[commit.dot.origin].emplace(commit.hlc, commit.dot.seq);
    }
    const auto last_upto = [&made](const Origin& origin, Hlc upto) {
      const auto of = made.find(origin);
      if (of == made.end()) return Seq(0);
      const auto after = of->second.upper_bound(upto);
      return after == of->second.begin() ? Seq(0) : std::prev(after)->second;
    };
    for (const Said& said : all) {
      for (const Origin& origin : said.known) {
        const Seq due = last_upto(origin, said.frontier);
        if (due <= said.context.get(origin)) continue;
        violation(fmt::format("{}/{}: said to have everything up to stamp {}, had {} and lacked {}", said.machine, ns,
                              said.frontier.bits, to_string(said.context), to_string(Dot{origin, due})));
      }
      for (const repl::Claim& claim : said.claims) {
        const Seq due = last_upto(claim.origin, claim.upto);
        if (due <= claim.seq) continue;
        violation(fmt::format("{}/{}: claimed that {} is all up to stamp {}, but {} is too", said.machine, ns,
                              to_string(Dot{claim.origin, claim.seq}), claim.upto.bits,
                              to_string(Dot{claim.origin, due})));
      }
    }
  }
}

}  // namespace pando::sim
