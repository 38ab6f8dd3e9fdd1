#include "sim/checkers/atomic.h"

#include <fmt/core.h>

#include "sim/ask.h"

namespace pando::sim {

void Atomic::on_answer(const Asked& asked, const Answer& answer) {
  // Within a transaction another moment is read than this one: Workload looks at that.
  if (answer.lost || !answer.reply.status.ok() || asked.terms.transaction) return;
  if (const auto* get = std::get_if<GetRequest>(&asked.request)) {
    const auto* value = std::get_if<ValueReply>(&answer.reply.body);
    if (value != nullptr && get->key.rfind(kPairPrefix, 0) == 0) check_pair(asked, get->key, *value);
  } else if (const auto* row_get = std::get_if<GetRowRequest>(&asked.request)) {
    const auto* row = std::get_if<RowReply>(&answer.reply.body);
    if (row != nullptr && !row_get->columns && row_get->key.rfind(kWholePrefix, 0) == 0)
      check_row(asked, row_get->key, *row);
  }
}

void Atomic::check_pair(const Asked& asked, const Bytes& key, const ValueReply& value) {
  const Bytes group = key.substr(0, key.find(':', kPairPrefix.size()));
  auto& by_instant = seen_[{asked.machine->index(), asked.ns, group}];
  const Dot dot = value.found ? value.dot : Dot{};
  const auto [it, first] = by_instant.try_emplace(asked.at, Seen{asked.at, key, dot});
  constexpr std::size_t kInstantsKept = 8;
  if (first && by_instant.size() > kInstantsKept) by_instant.erase(by_instant.begin());
  if (first || it->second.dot == dot) return;
  violation(fmt::format("{}/{}: read at one instant, {} is by {} and {} by {}", asked.machine->name(), asked.ns,
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
