#include "sim/checkers/acknowledged.h"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>

#include "sim/ask.h"
#include "sim/checkers/checkers.h"
#include "sim/checkers/history.h"

namespace pando::sim {
namespace {

// What a request writes by itself, in one commit.
std::vector<Mutation> written_by(const Request& request) {
  if (const auto* write = std::get_if<WriteRequest>(&request)) return write->mutations;
  std::vector<Mutation> written;
  if (const auto* tx = std::get_if<TxRequest>(&request)) {
    for (const TxItem& item : tx->items) {
      const std::vector<Mutation> more = written_by(item.request);
      written.insert(written.end(), more.begin(), more.end());
    }
  }
  return written;
}

}  // namespace

Acknowledged::Fate Acknowledged::fate_of(const Answer& answer) {
  if (answer.lost) return Fate::kDoubtful;
  switch (answer.reply.status.code()) {
    case StatusCode::kOk: return Fate::kDone;
    case StatusCode::kTimeout: {
      const auto& reached = answer.reply.reached;
      return reached && reached->level >= Durability::Level::kFsync ? Fate::kDone : Fate::kDoubtful;
    }
    case StatusCode::kInvalidArgument:
    case StatusCode::kNotFound:
    case StatusCode::kReadOnly:
    case StatusCode::kWrongType:
    case StatusCode::kConflict:
    case StatusCode::kGone:
    case StatusCode::kTooLarge:
    case StatusCode::kOutOfRange:
    case StatusCode::kUnimplemented:
    case StatusCode::kOverloaded: return Fate::kRefused;
    default: return Fate::kDoubtful;  // it may have reached the disk before it failed
  }
}

void Acknowledged::book(const std::string& ns, const Mutation& mutation, Fate fate) {
  Sum& sum = sums_[{ns, mutation.table, mutation.key}];
  if (mutation.kind == Mutation::Kind::kReset || mutation.kind == Mutation::Kind::kDelete) sum.tainted = true;
  // One that ends begins anew.
  if (mutation.ttl || std::holds_alternative<ExpireChange>(mutation.detail)) sum.tainted = true;
  if (mutation.kind != Mutation::Kind::kAdd) return;
  if (fate == Fate::kDone) sum.acknowledged += mutation.delta;
  if (fate == Fate::kDoubtful) (mutation.delta < 0 ? sum.doubt_min : sum.doubt_max) += mutation.delta;
}

void Acknowledged::book(const Write& write) {
  for (const Mutation& mutation : write.mutations) {
    book(write.ns, mutation, fate_now(write.ns, mutation.table, write.fate, write.dot));
  }
}

void Acknowledged::book(const std::string& ns, const Retried& retried) {
  for (const Mutation& mutation : retried.mutations) {
    Fate best = Fate::kRefused;
    Fate by_one_that_left = Fate::kRefused;
    bool by_others = false;
    for (const Retried::Told& told : retried.answers) {
      best = std::max(best, fate_now(ns, mutation.table, told.fate, told.dot));
      const bool left = !told.by->holds(ns);
      if (left) by_one_that_left = std::max(by_one_that_left, told.fate);
      by_others = by_others || !left;
    }
    book(ns, mutation, best);
    if (by_others && by_one_that_left != Fate::kRefused) book(ns, mutation, Fate::kDoubtful);
  }
}

void Acknowledged::note(const std::string& ns, std::vector<Mutation> mutations, Fate fate,
                        const std::optional<Dot>& dot) {
  const bool counts = std::any_of(mutations.begin(), mutations.end(),
                                  [](const Mutation& one) { return one.kind == Mutation::Kind::kAdd; });
  Write write{ns, std::move(mutations), fate, dot};
  if (!counts || fate != Fate::kDone || !dot) return book(write);
  own_.push_back(std::move(write));
}

void Acknowledged::on_losing_disks(const Machine& machine, bool drained) {
  if (drained) return;
  for (const node::NamespaceConfig& ns : machine.config().namespaces) {
    Loss loss{machine.name(), ns.name, context_of(read_log(machine, ns.name)), {}};
    for (const auto& other : world().machines()) {
      if (other.get() == &machine || !other->holds(ns.name)) continue;
      const MachineLog log = read_log(*other, ns.name);
      // What a process that runs has written is not safe before it says so.
      const bool down = other->state() == Machine::State::kDown;
      Loss::Other& noted = loss.others.emplace_back();
      noted.takes = other->taken(ns.name);
      noted.context = down ? context_of(log) : other->context(ns.name);
      std::copy_if(log.commits.begin(), log.commits.end(), std::back_inserter(noted.commits),
                   [&](const Commit& commit) { return commit.dot.origin.node == machine.name(); });
    }
    losses_.push_back(std::move(loss));
  }
}

bool Acknowledged::went_with_a_disk(const std::string& ns, const Dot& dot,
                                    std::optional<std::string_view> table) const {
  return std::any_of(losses_.begin(), losses_.end(), [&](const Loss& loss) {
    return loss.ns == ns && loss.node == dot.origin.node && loss.had.covers(dot) && !elsewhere(loss, dot, table);
  });
}

bool Acknowledged::elsewhere(const Loss& loss, const Dot& dot, std::optional<std::string_view> table) {
  bool by_a_cut = false;
  bool skipped = false;
  for (const Loss::Other& other : loss.others) {
    if (!other.context.covers(dot) || (table && !other.takes.has(*table))) continue;
    if (!table) return true;
    const auto at = std::find_if(other.commits.begin(), other.commits.end(), [&](const Commit& commit) {
      return commit.dot.origin == dot.origin && commit.first_seq() <= dot.seq && dot.seq <= commit.dot.seq;
    });
    if (at == other.commits.end()) {
      by_a_cut = true;
    } else if (std::any_of(at->ops.begin(), at->ops.end(), [&](const Op& op) { return table_of(op) == *table; })) {
      return true;
    } else {
      // A table that an edge has come to take since came by a cut.
      (other.takes.all ? skipped : by_a_cut) = true;
    }
  }
  // No cut brings whole what a site that takes all tables has in part.
  return by_a_cut && !skipped;
}

Acknowledged::Fate Acknowledged::fate_now(const std::string& ns, std::string_view table, Fate fate,
                                          const std::optional<Dot>& dot) const {
  return fate == Fate::kDone && dot && went_with_a_disk(ns, *dot, table) ? Fate::kDoubtful : fate;
}

void Acknowledged::check_number(const Asked& asked, const Answer& answer) {
  if (answer.reply.replayed) return;
  const Dot& dot = *answer.reply.dot;
  const std::pair asker{asked.machine->index(), asked.number};
  if (told_.try_emplace({asked.ns, dot}, asker).first->second == asker) return;
  violation(fmt::format("{}/{}: {} was told of two writes", asked.machine->name(), asked.ns, to_string(dot)));
}

void Acknowledged::on_answer(const Asked& asked, const Answer& answer) {
  Fate fate = fate_of(answer);
  const auto& asked_for = asked.terms.durability;
  const bool may_be_lost = asked_for && asked_for->level < Durability::Level::kFsync;
  if (!answer.lost && answer.reply.dot) check_number(asked, answer);
  if (may_be_lost && fate == Fate::kDone) fate = Fate::kDoubtful;
  if (!answer.lost && fate == Fate::kDone && answer.reply.dot) {
    dots_.emplace_back(asked.ns, *answer.reply.dot, asked.machine->name());
  }
  const auto key_for = [&](const Bytes& id) { return std::make_tuple(asked.machine->index(), asked.ns, id); };
  // What stays at its site is not counted elsewhere. Of what leaves it the end of a key counts for all.
  if (!holds_whole(*asked.machine, asked.ns)) {
    for (const Mutation& mutation : written_by(asked.request)) {
      sums_[{asked.ns, mutation.table, mutation.key}].tainted = true;
    }
    return;
  }
  if (const auto written = written_by(asked.request); !written.empty()) {
    if (!asked.terms.idempotency_key) return note(asked.ns, written, fate, answer.reply.dot);
    Retried& retried = retried_[{asked.ns, *asked.terms.idempotency_key}];
    if (retried.mutations.empty()) retried.mutations = written;
    retried.answers.push_back({asked.machine, fate, answer.reply.dot});
  } else if (const auto* append = std::get_if<TxAppendRequest>(&asked.request);
             append != nullptr && fate == Fate::kDone) {
    transactions_[key_for(append->id)].push_back(*append->mutation);
  } else if (const auto* commit = std::get_if<TxCommitRequest>(&asked.request)) {
    const auto it = transactions_.find(key_for(commit->id));
    if (it == transactions_.end() || fate == Fate::kRefused) return;
    note(asked.ns, std::move(it->second), fate, answer.reply.dot);
    transactions_.erase(it);
  }
}

void Acknowledged::check_counter(const CounterKey& key, const Sum& sum) {
  for (const auto& machine : world().machines()) {
    if (!machine->holds(key.ns) || !holds_whole(*machine, key.ns)) continue;
    const Answer answer = ask_and_wait(world(), *machine, key.ns, GetCounterRequest{key.table, key.key});
    if (!answer.reply.status.ok()) {
      violation(fmt::format("{}/{}: counter {}: {}", machine->name(), key.ns, printable(key.key),
                            answer.reply.status.to_string()));
      continue;
    }
    const std::int64_t value = std::get<CounterReply>(answer.reply.body).value;
    if (value < sum.acknowledged + sum.doubt_min || value > sum.acknowledged + sum.doubt_max) {
      violation(fmt::format("{}/{}: counter {} is {}, acknowledged were {} and in doubt {} to {}", machine->name(),
                            key.ns, printable(key.key), value, sum.acknowledged, sum.doubt_min, sum.doubt_max));
    }
  }
}

void Acknowledged::at_end() {
  for (const auto& [ns, dot, by] : dots_) {
    if (went_with_a_disk(ns, dot)) continue;
    for (const auto& machine : world().machines()) {
      if (machine->holds(ns) && !machine->context(ns).covers(dot)) {
        violation(fmt::format("{}/{} lacks {}, acknowledged by {}", machine->name(), ns, to_string(dot), by));
      }
    }
  }
  for (const Write& write : own_) book(write);
  own_.clear();
  for (const auto& [key, write] : retried_) book(key.first, write);
  retried_.clear();
  for (const auto& [key, sum] : sums_) {
    const bool counted = sum.acknowledged != 0 || sum.doubt_min != 0 || sum.doubt_max != 0;
    if (counted && !sum.tainted) check_counter(key, sum);
  }
}

}  // namespace pando::sim
