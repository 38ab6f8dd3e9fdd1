#include "sim/checkers/resurrection.h"

#include <fmt/core.h>

#include "sim/ask.h"

namespace pando::sim {
namespace {

// What a write there has seen of the table: of one that is not taken, its own (docs/design/017).
VersionVector seen_of(const Asked& asked, const std::string& table) {
  if (asked.machine->takes(asked.ns, table)) return asked.context;
  VersionVector own;
  for (const auto& [origin, seq] : asked.context.entries()) {
    if (origin.node == asked.machine->name()) own.raise(origin, seq);
  }
  return own;
}

}  // namespace

const VersionVector* Resurrection::seen_by(const Asked& asked) const {
  if (!asked.terms.transaction) return &asked.context;
  const auto begun = begun_.find({asked.machine->index(), asked.ns, *asked.terms.transaction});
  return begun == begun_.end() ? nullptr : &begun->second;
}

void Resurrection::on_answer(const Asked& asked, const Answer& answer) {
  constexpr std::size_t kKeptPerKey = 64;
  if (answer.lost || !answer.reply.status.ok()) return;
  if (const auto* write = std::get_if<WriteRequest>(&asked.request); write != nullptr && answer.reply.dot) {
    if (asked.context.covers(*answer.reply.dot)) return;  // an answer repeated for an idempotency key
    for (const Mutation& mutation : write->mutations) {
      if (mutation.kind != Mutation::Kind::kPut && mutation.kind != Mutation::Kind::kDelete) continue;
      auto& kept = overwrites_[{asked.ns, mutation.table, mutation.key}];
      kept.push_back({*answer.reply.dot, seen_of(asked, mutation.table)});
      if (kept.size() > kKeptPerKey) kept.pop_front();
    }
  }
  if (const auto* begun = std::get_if<TxBegunReply>(&answer.reply.body)) {
    begun_[{asked.machine->index(), asked.ns, begun->id}] = asked.context;
  }
  const auto* get = std::get_if<GetRequest>(&asked.request);
  const auto* value = std::get_if<ValueReply>(&answer.reply.body);
  if (get == nullptr || value == nullptr || !value->found || value->kind != CellKind::kRegister) return;
  // A merge group's winner may come from another namespace; then it has no dot here.
  if (value->dot.seq.value == 0) return;
  // Of a table that has been given up what came of others stays as it is; and what they do to it is not heard of.
  const Machine& machine = *asked.machine;
  const bool takes = machine.takes(asked.ns, get->table);
  if (!takes && value->dot.origin.node != machine.name()) return;
  const auto kept = overwrites_.find({asked.ns, get->table, get->key});
  const VersionVector* seen = seen_by(asked);
  if (kept == overwrites_.end() || seen == nullptr) return;
  for (const Overwrite& overwrite : kept->second) {
    if (!takes && overwrite.by.origin.node != machine.name()) continue;
    if (seen->covers(overwrite.by) && overwrite.replaced.covers(value->dot)) {
      violation(fmt::format("{}/{}: {} shows {}, which {} replaced", asked.machine->name(), asked.ns,
                            printable(get->key), to_string(value->dot), to_string(overwrite.by)));
      return;
    }
  }
}

}  // namespace pando::sim
