#include "sim/checkers/atomic.h"

#include <fmt/core.h>

#include "sim/ask.h"

namespace pando::sim {
namespace {

// Within a transaction another moment is read than this one: Workload looks at that.
const GetRequest* pair_read(const Asked& asked) {
  const auto* get = std::get_if<GetRequest>(&asked.request);
  return get != nullptr && !asked.terms.transaction && get->key.rfind(kPairPrefix, 0) == 0 ? get : nullptr;
}

}  // namespace

void Atomic::on_asked(const Asked& asked) {
  const MachineIndex machine = asked.machine->index();
  if (pair_read(asked) == nullptr) {
    last_.erase(machine);
    return;
  }
  const auto last = last_.find(machine);
  const bool goes_on = last != last_.end() && last->second.number + 1 == asked.number && last->second.ns == asked.ns &&
                       last->second.at == asked.at && last->second.context == asked.context;
  const std::uint64_t moment = goes_on ? last->second.moment : asked.number;
  last_[machine] = {asked.ns, asked.at, asked.context, asked.number, moment};
  moments_[{machine, asked.number}] = moment;
}

void Atomic::on_answer(const Asked& asked, const Answer& answer) {
  const auto moment = moments_.extract({asked.machine->index(), asked.number});
  if (answer.lost || !answer.reply.status.ok() || asked.terms.transaction) return;
  if (const GetRequest* get = pair_read(asked)) {
    const auto* value = std::get_if<ValueReply>(&answer.reply.body);
    if (value != nullptr && !moment.empty()) check_pair(asked, moment.mapped(), get->key, *value);
  } else if (const auto* row_get = std::get_if<GetRowRequest>(&asked.request)) {
    const auto* row = std::get_if<RowReply>(&answer.reply.body);
    if (row != nullptr && !row_get->columns && row_get->key.rfind(kWholePrefix, 0) == 0)
      check_row(asked, row_get->key, *row);
  }
}

void Atomic::check_pair(const Asked& asked, std::uint64_t moment, const Bytes& key, const ValueReply& value) {
  const Bytes group = key.substr(0, key.find(':', kPairPrefix.size()));
  auto& by_moment = seen_[{asked.machine->index(), asked.ns, group}];
  const Dot dot = value.found ? value.dot : Dot{};
  const auto [it, first] = by_moment.try_emplace(moment, Seen{key, dot});
  constexpr std::size_t kMomentsKept = 8;
  if (first && by_moment.size() > kMomentsKept) by_moment.erase(by_moment.begin());
  if (first || it->second.dot == dot) return;
  violation(fmt::format("{}/{}: read at one moment, {} is by {} and {} by {}", asked.machine->name(), asked.ns,
                        printable(it->second.key), to_string(it->second.dot), printable(key), to_string(dot)));
}

void Atomic::check_row(const Asked& asked, const Bytes& key, const RowReply& row) {
  for (const auto& [column, value] : row.columns) {
    if (value == row.columns.front().second) continue;
    violation(fmt::format("{}/{}: row {} has {}={} but {}={}", asked.machine->name(), asked.ns, printable(key),
                          printable(row.columns.front().first), printable(row.columns.front().second),
                          printable(column), printable(value)));
    return;
  }
}

}  // namespace pando::sim
