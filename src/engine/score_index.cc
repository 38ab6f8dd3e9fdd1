// deterministic: floating point, as IEEE 754 doubles without contraction: the same on every site.
#include "engine/score_index.h"

#include "engine/catalog.h"

namespace pando::engine {

std::optional<double> resolve_base(const crdt::Register& reg, const TableDeclaration& table) {
  if (reg.empty()) return std::nullopt;
  if (!reg.conflicted()) return decode_score(reg.entries().front().value);
  if (table.resolver != Resolver::kMax && table.resolver != Resolver::kMin) {
    return decode_score(resolve(reg, table)->value);
  }
  double best = decode_score(reg.entries().front().value);
  for (const auto& entry : reg.entries()) {
    const double score = decode_score(entry.value);
    best = table.resolver == Resolver::kMax ? std::max(best, score) : std::min(best, score);
  }
  return best;
}

template <typename Change>
void ScoreIndex::change(ByteSpan member, Change change) {
  auto at = members_.find(member);
  if (at == members_.end()) at = members_.emplace(Bytes(member), Member()).first;
  Member& entry = at->second;
  const bool was_there = entry.there();
  const double before = entry.score();
  change(entry);
  const bool moved = was_there && entry.there() && ordered_score(before) == ordered_score(entry.score());
  if (was_there && !moved) order_.erase({ordered_score(before), &at->first});
  if (entry.there() && !moved) order_.insert({ordered_score(entry.score()), &at->first});
  const std::size_t cost = sizeof(Members::value_type) + sizeof(Place) + 96 + at->first.capacity();
  if (was_there && !entry.there()) bytes_ -= cost;
  if (!was_there && entry.there()) bytes_ += cost;
  if (!entry.there()) members_.erase(at);
}

void ScoreIndex::set_base(ByteSpan member, std::optional<double> base) {
  change(member, [&](Member& m) { m.base = base; });
}

void ScoreIndex::set_added(ByteSpan member, std::optional<Int128> billionths) {
  change(member, [&](Member& m) { m.added = billionths; });
}

const ScoreIndex::Member* ScoreIndex::find(ByteSpan member) const {
  const auto at = members_.find(member);
  return at == members_.end() ? nullptr : &at->second;
}

std::optional<double> ScoreIndex::score(ByteSpan member) const {
  const Member* found = find(member);
  return found == nullptr ? std::nullopt : std::optional(found->score());
}

std::pair<std::size_t, std::size_t> ranks_between(std::int64_t first, std::int64_t last, std::size_t size) {
  const auto count = static_cast<std::int64_t>(size);
  if (first < 0) first = std::max<std::int64_t>(first + count, 0);
  if (last < 0) last += count;
  last = std::min(last, count - 1);
  if (first > last) return {0, 0};
  return {static_cast<std::size_t>(first), static_cast<std::size_t>(last) + 1};
}

std::pair<std::uint64_t, std::uint64_t> scores_between(const ScoreRange& range) {
  const std::uint64_t first = ordered_score(range.min) + (range.min_open ? 1 : 0);
  const std::uint64_t last = ordered_score(range.max) + (range.max_open ? 0 : 1);
  return {first, std::max(first, last)};
}

std::pair<std::size_t, std::size_t> ScoreIndex::find(const ScoreRange& range) const {
  if (range.by == ScoreRange::By::kScore) {
    const auto [first, last] = scores_between(range);
    return {order_.order_of_key({first, nullptr}), order_.order_of_key({last, nullptr})};
  }
  const auto [first, last] = ranks_between(range.first, range.last, size());
  return range.reverse ? std::pair(size() - last, size() - first) : std::pair(first, last);
}

}  // namespace pando::engine
