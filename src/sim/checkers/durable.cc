#include "sim/checkers/durable.h"

#include <fmt/core.h>

#include "model/commit.h"
#include "repl/frame.h"

namespace pando::sim {

void Durable::show(const Machine& machine, const std::string& ns, const Dot& dot) {
  if (dot.seq.value != 0) shown_[{machine.index(), ns}].raise(dot.origin, dot.seq);
}

void Durable::show(const Machine& machine, const std::string& ns, const VersionVector& context) {
  shown_[{machine.index(), ns}].merge(context);
}

void Durable::show(const Machine& machine, const std::string& ns, const repl::Body& body) {
  for (const repl::BodyItem& item : body.items) {
    if (const auto* have = std::get_if<repl::Have>(&item)) {
      show(machine, ns, have->upto);
    } else if (const Result<Dot> dot = peek_dot(repl::commit_of(item))) {
      show(machine, ns, *dot);
    }
  }
}

void Durable::on_answer(const Asked& asked, const Answer& answer) {
  if (answer.lost || !answer.reply.status.ok()) return;
  // What was answered ahead of the disk on purpose may be lost.
  const auto& asked_for = asked.terms.durability;
  if (asked_for && asked_for->level < Durability::Level::kFsync) return;
  if (answer.reply.dot) show(*asked.machine, asked.ns, *answer.reply.dot);
  if (const auto* value = std::get_if<ValueReply>(&answer.reply.body); value != nullptr && value->found) {
    show(*asked.machine, asked.ns, value->dot);
  }
}

void Durable::on_outputs(const Machine& machine, const node::Outputs& outputs) {
  for (const node::Notify& notify : outputs.notifies) {
    for (const node::WatchEvent& event : notify.events) show(machine, notify.ns, event.change.dot);
  }
  for (const node::LinkSend& send : outputs.link_sends) {
    const Result<repl::Frame> frame = repl::decode_frame(send.frame);
    if (!frame) {
      violation(fmt::format("{} sends a frame that does not decode: {}", machine.name(), frame.error().to_string()));
      continue;
    }
    if (const auto* hello = std::get_if<repl::Hello>(&*frame)) link_ns_[{machine.index(), send.id}] = hello->ns;
    const auto ns = link_ns_.find({machine.index(), send.id});
    if (ns == link_ns_.end()) continue;  // a refusal before any Hello
    if (const auto* hello = std::get_if<repl::Hello>(&*frame)) show(machine, ns->second, hello->context);
    if (const auto* ack = std::get_if<repl::Ack>(&*frame)) show(machine, ns->second, ack->context);
    if (const auto* beat = std::get_if<repl::Heartbeat>(&*frame)) show(machine, ns->second, beat->context);
    if (const auto* resync = std::get_if<repl::ResyncFrame>(&*frame)) {
      if (const auto* held = std::get_if<repl::CutHeld>(resync)) show(machine, ns->second, held->cut.context);
    }
    repl::BodyJoiner& joiner = joiners_[{machine.index(), send.id}];
    Status in_turn;
    if (const auto* body = std::get_if<repl::Body>(&*frame)) {
      in_turn = joiner.add(*body);
      show(machine, ns->second, *body);
    } else if (const auto* part = std::get_if<repl::BodyPart>(&*frame)) {
      const Result<std::optional<repl::Body>> joined = joiner.add(*part);
      if (!joined) in_turn = joined.error();
      if (joined && *joined) show(machine, ns->second, **joined);
    }
    if (!in_turn.ok())
      violation(fmt::format("{} sends on link {}: {}", machine.name(), send.id.value, in_turn.message()));
  }
}

void Durable::on_losing_disks(const Machine& machine, bool) {
  std::erase_if(shown_, [&](const auto& one) { return one.first.first == machine.index(); });
}

void Durable::on_boot(const Machine& machine) {
  for (const node::NamespaceConfig& ns : machine.config().namespaces) {
    const Volume& volume = machine.volume(ns.name);
    // A namespace that says it is damaged shows nothing, and lies to nobody.
    if (!volume.open_failure.ok()) continue;
    const auto shown = shown_.find({machine.index(), ns.name});
    if (!volume.report.damage.ok() || shown == shown_.end()) continue;
    const VersionVector context = machine.context(ns.name);
    if (!context.covers(shown->second)) {
      violation(fmt::format("{}/{} came up with {}, but had shown {}", machine.name(), ns.name, to_string(context),
                            to_string(shown->second)));
      shown->second = context;  // said once
    }
  }
}

}  // namespace pando::sim
