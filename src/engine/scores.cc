// deterministic: floating point, as IEEE 754 doubles without contraction: the same on every site.
#include "engine/scores.h"

#include <fmt/core.h>

#include <cmath>
#include <set>

#include "base/limits.h"

namespace pando::engine {
namespace {

constexpr std::uint32_t kWholeSet =
    1U << static_cast<unsigned>(CellKind::kScore) | 1U << static_cast<unsigned>(CellKind::kScoreDelta);

// One member as a draft leaves it.
class Member {
 public:
  Member(Draft& draft, const Mutation& mutation, ByteSpan member)
      : draft_(draft),
        base_{mutation.table, mutation.key, CellKind::kScore, Bytes(member)},
        added_{mutation.table, mutation.key, CellKind::kScoreDelta, Bytes(member)} {}

  // Its score; nothing when it is not in.
  Result<std::optional<double>> score() {
    Result<std::optional<double>> base = this->base();
    if (!base) return base;
    const Result<std::optional<Int128>> added = draft_.number_after(added_);
    if (!added) return fail(added.error());
    none_added_ = !*added;
    if (!*base && !*added) return std::nullopt;
    return add_to_score(base->value_or(0), added->value_or(0));
  }
  // The same for an add() after it, which leaves the base as it is: an order that is in memory spares a look into the
  // store for the base of a member that nobody has touched yet.
  Result<std::optional<double>> score_to_add_to() {
    const ScoreIndex* order = known_order();
    if (order == nullptr) return score();
    const ScoreIndex::Member* known = order->find(base_.element);
    known_base_ = known == nullptr ? std::nullopt : known->base;
    none_added_ = known == nullptr || !known->added;
    return known == nullptr ? std::nullopt : std::optional(known->score());
  }
  Status set(double score) {
    if (!none_added_) PANDO_RETURN_IF_ERROR(draft_.reset(added_));
    if (!replaced_) return draft_.put(base_, encode_score(score));
    draft_.put_over(base_, encode_score(score), *std::exchange(replaced_, std::nullopt));
    return {};
  }
  Status add(Int128 units) {
    none_added_ = false;
    return draft_.count(added_, units);
  }
  Status remove() {
    PANDO_RETURN_IF_ERROR(draft_.reset(added_));
    return draft_.remove(base_);
  }

 private:
  // Null where this draft has done something to the member.
  const ScoreIndex* known_order() {
    for (const CellPath* path : {&base_, &added_}) {
      if (draft_.wrote(*path) || draft_.cleared(*path)) return nullptr;
    }
    return draft_.view().kept_scores(base_.table, base_.key);
  }
  Result<std::optional<double>> base() {
    if (known_base_ && !draft_.wrote(base_)) return *known_base_;
    const Result<std::optional<const crdt::Register*>> plain = draft_.find_plainly(base_);
    if (!plain) return fail(plain.error());
    if (*plain) {
      const crdt::Register* reg = **plain;
      replaced_ = reg == nullptr ? std::vector<Dot>() : reg->dots();
      return reg == nullptr ? std::nullopt : resolve_base(*reg, draft_.table(base_.table));
    }
    if (draft_.wrote(base_) || draft_.cleared(base_)) {
      const Result<std::optional<Bytes>> value = draft_.value_after(base_);
      if (!value) return fail(value.error());
      return *value ? std::optional(decode_score(**value)) : std::nullopt;
    }
    const Result<const crdt::Register*> reg = draft_.view().find_register(base_);
    if (!reg) return fail(reg.error());
    return *reg == nullptr ? std::nullopt : resolve_base(**reg, draft_.table(base_.table));
  }

  Draft& draft_;
  const CellPath base_;
  const CellPath added_;
  // What score() has seen, for the set() after it.
  std::optional<std::vector<Dot>> replaced_;
  std::optional<std::optional<double>> known_base_;  // by an order, before this draft
  bool none_added_ = false;
};

Status check_type(Draft& draft, const Mutation& mutation) {
  return draft.check_type(mutation.table, mutation.key, ValueType::kScores);
}

bool meets(const ScoreCondition& condition, const std::optional<double>& before, double after) {
  if (!before) return !condition.if_present;
  return !condition.if_absent && (!condition.if_greater || after > *before) && (!condition.if_less || after < *before);
}

Status check_condition(const ScoreCondition& condition) {
  const int compared = (condition.if_absent ? 1 : 0) + (condition.if_greater ? 1 : 0) + (condition.if_less ? 1 : 0);
  if (compared < 2 && !(condition.if_absent && condition.if_present)) return {};
  return Status(StatusCode::kInvalidArgument, "of nx, gt and lt only one can be asked for, and not nx with xx");
}

Status check_members(std::size_t count, std::string_view what) {
  if (count == 0) return Status(StatusCode::kInvalidArgument, fmt::format("no {}", what));
  if (count <= limits::kBatchItemsMax) return {};
  return Status(StatusCode::kTooLarge, fmt::format("{} {}, the limit is {}", count, what, limits::kBatchItemsMax));
}

// The members of a range by rank or score as the draft leaves the set, from its first end on.
class Range {
 public:
  static Result<Range> of(Draft& draft, const Mutation& mutation) {
    const ScoreIndex* index = nullptr;
    if (!draft.cleared({mutation.table, mutation.key, CellKind::kScore, {}})) {
      const Result<const ScoreIndex*> found = draft.view().scores(mutation.table, mutation.key);
      if (!found) return fail(found.error());
      index = *found;
    }
    Range range(index);
    // What this draft did to members so far, laid over.
    for (const CellKind kind : {CellKind::kScore, CellKind::kScoreDelta}) {
      for (const auto& written : draft.written(mutation.table, mutation.key, kind)) {
        PANDO_RETURN_IF_ERROR(range.lay(draft, mutation, written.first));
      }
    }
    return range;
  }

  std::size_t size() const { return order_.size(); }
  std::pair<std::size_t, std::size_t> find(const ScoreRange& range) const {
    if (range.by == ScoreRange::By::kScore) {
      const auto [first, last] = scores_between(range);
      return {order_.rank({first, nullptr}), order_.rank({last, nullptr})};
    }
    const auto [first, last] = ranks_between(range.first, range.last, size());
    return range.reverse ? std::pair(size() - last, size() - first) : std::pair(first, last);
  }
  std::pair<Bytes, double> at(std::size_t rank) const {
    const ScoreIndex::Place& place = order_.at(rank);
    return {*place.member, score_of_ordered(place.score)};
  }

 private:
  explicit Range(const ScoreIndex* index) : index_(index), order_(index == nullptr ? nullptr : &index->order()) {}

  Status lay(Draft& draft, const Mutation& mutation, const Bytes& name) {
    const auto [member, fresh] = names_.insert(name);
    if (!fresh) return {};
    if (const auto before = index_ == nullptr ? std::nullopt : index_->score(name)) {
      order_.erase({ordered_score(*before), &*member});
    }
    const Result<std::optional<double>> after = Member(draft, mutation, name).score();
    if (!after) return after.error();
    if (*after) order_.insert({ordered_score(**after), &*member});
    return {};
  }

  const ScoreIndex* index_;
  std::set<Bytes> names_;  // lends the overlay its members
  OrderOverlay<ScoreIndex::Place, ScoreIndex::Before> order_;
};

Result<ScoredMembers> members_by_rank(Draft& draft, const Mutation& mutation, const RemoveScoreRange& remove) {
  const Result<Range> order = Range::of(draft, mutation);
  if (!order) return fail(order.error());
  const auto [first, last] = order->find(remove.range);
  const std::uint64_t count = std::min<std::uint64_t>(last - first, remove.count_max);
  if (count > limits::kListChangesMax && count < order->size()) {
    return fail(StatusCode::kTooLarge, fmt::format("{} members at once, the limit is {}; take fewer at a time", count,
                                                   limits::kListChangesMax));
  }
  ScoredMembers members;
  for (std::uint64_t i = 0; i < count; ++i)
    members.push_back(order->at(remove.range.reverse ? last - 1 - i : first + i));
  return members;
}

Result<ScoredMembers> members_by_name(Draft& draft, const Mutation& mutation, const RemoveScoreRange& remove) {
  std::set<Bytes> names;
  PANDO_RETURN_IF_ERROR(for_each_by_member(draft.view(), mutation.table, mutation.key, remove.range,
                                           [&](const Bytes& member, double) { return names.insert(member).second; }));
  for (const CellKind kind : {CellKind::kScore, CellKind::kScoreDelta}) {
    for (const auto& written : draft.written(mutation.table, mutation.key, kind)) {
      if (within(remove.range, written.first)) names.insert(written.first);
    }
  }
  ScoredMembers members;
  const auto take = [&](const Bytes& name) -> Status {
    if (members.size() == remove.count_max) return {};
    const Result<std::optional<double>> score = Member(draft, mutation, name).score();
    if (!score) return score.error();
    if (*score) members.emplace_back(name, **score);
    return {};
  };
  if (remove.range.reverse) {
    for (auto at = names.rbegin(); at != names.rend(); ++at) PANDO_RETURN_IF_ERROR(take(*at));
  } else {
    for (const Bytes& name : names) PANDO_RETURN_IF_ERROR(take(name));
  }
  return members;
}

Result<ScoredMembers> members_of(Draft& draft, const Mutation& mutation, const RemoveScoreRange& range) {
  return range.range.by == ScoreRange::By::kMember ? members_by_name(draft, mutation, range)
                                                   : members_by_rank(draft, mutation, range);
}

}  // namespace

Result<ScoredMembers> scores_after(Draft& draft, std::string_view table, ByteSpan key, const ScoreRange& range,
                                   std::uint64_t count_max) {
  PANDO_RETURN_IF_ERROR(check_range(range));
  Mutation about;
  about.table = table;
  about.key = key;
  auto members = members_of(draft, about, {range, std::min<std::uint64_t>(count_max, limits::kListChangesMax + 1)});
  if (!members || members->size() <= limits::kListChangesMax) return members;
  return fail(StatusCode::kTooLarge,
              fmt::format("key \"{}\" has more than {} members to be stored", key, limits::kListChangesMax));
}

Status check_range(const ScoreRange& range) {
  if (!std::isnan(range.min) && !std::isnan(range.max)) return {};
  return Status(StatusCode::kInvalidArgument, "min or max is not a number");
}

bool within(const ScoreRange& range, ByteSpan member) {
  if (range.from && (range.from_open ? member <= *range.from : member < *range.from)) return false;
  return !range.to || (range.to_open ? member < *range.to : member <= *range.to);
}

Status decide(Draft& draft, const Mutation& mutation, const SetScores& set) {
  PANDO_RETURN_IF_ERROR(check_members(set.entries.size(), "members"));
  PANDO_RETURN_IF_ERROR(check_condition(set.condition));
  std::int64_t count = 0;
  bool checked = false;
  for (std::size_t i = 0; i < set.entries.size(); ++i) {
    const SetScores::Entry& entry = set.entries[i];
    Status named = validate_member(entry.member);
    if (named.ok() && std::isnan(entry.score)) named = Status(StatusCode::kInvalidArgument, "score is not a number");
    if (!named.ok()) return named.with_context(fmt::format("member {}", i));
    Member member(draft, mutation, entry.member);
    const Result<std::optional<double>> before = member.score();
    if (!before) return before.error();
    if (!checked) PANDO_RETURN_IF_ERROR(check_type(draft, mutation));
    checked = true;
    if (!meets(set.condition, *before, entry.score)) continue;
    if (!*before || (set.count_changed && **before != entry.score)) ++count;
    PANDO_RETURN_IF_ERROR(member.set(entry.score));
  }
  draft.set_result(count);
  return {};
}

Status decide(Draft& draft, const Mutation& mutation, const AddToScore& add) {
  PANDO_RETURN_IF_ERROR(validate_member(add.member));
  PANDO_RETURN_IF_ERROR(check_condition(add.condition));
  const Result<Int128> units = score_step(add.step);
  if (!units) return units.error();
  Member member(draft, mutation, add.member);
  const Result<std::optional<double>> before = member.score_to_add_to();
  if (!before) return before.error();
  PANDO_RETURN_IF_ERROR(check_type(draft, mutation));
  if (!meets(add.condition, *before, before->value_or(0) + add.step)) return {};
  if (*units != 0) {
    PANDO_RETURN_IF_ERROR(member.add(*units));
  } else if (!*before) {
    // A sum of nothing would not exist.
    PANDO_RETURN_IF_ERROR(member.set(0));
  }
  draft.set_result(1);
  if (!draft.gives_back()) return {};
  const Result<std::optional<double>> after = member.score();
  if (!after) return after.error();
  draft.give_back(score_text(after->value_or(0)));
  return {};
}

Status decide(Draft& draft, const Mutation& mutation, const RemoveScores& remove) {
  PANDO_RETURN_IF_ERROR(check_members(remove.members.size(), "members"));
  std::int64_t count = 0;
  bool checked = false;
  for (std::size_t i = 0; i < remove.members.size(); ++i) {
    if (Status named = validate_member(remove.members[i]); !named.ok()) {
      return named.with_context(fmt::format("member {}", i));
    }
    Member member(draft, mutation, remove.members[i]);
    const Result<std::optional<double>> before = member.score();
    if (!before) return before.error();
    if (!checked) PANDO_RETURN_IF_ERROR(check_type(draft, mutation));
    checked = true;
    if (!*before) continue;
    PANDO_RETURN_IF_ERROR(member.remove());
    ++count;
  }
  draft.set_result(count);
  return {};
}

Status decide(Draft& draft, const Mutation& mutation, const RemoveScoreRange& remove) {
  PANDO_RETURN_IF_ERROR(check_range(remove.range));
  PANDO_RETURN_IF_ERROR(draft.check_type(mutation.table, mutation.key, ValueType::kScores));
  const auto members = members_of(draft, mutation, remove);
  if (!members) return members.error();
  for (const auto& [name, score] : *members) {
    if (remove.give_back) {
      draft.give_back(name);
      draft.give_back(score_text(score));
    }
  }
  draft.set_result(static_cast<std::int64_t>(members->size()));
  const bool all = remove.range.by == ScoreRange::By::kRank && remove.range.first == 0 && remove.range.last == -1 &&
                   remove.count_max == UINT64_MAX;
  // One op however many members there are.
  if (all) {
    // A sorted set that has no members any more has no time to live either.
    PANDO_RETURN_IF_ERROR(draft.drop_end(mutation.table, mutation.key));
    return draft.clear(mutation.table, mutation.key, kWholeSet);
  }
  if (remove.range.by == ScoreRange::By::kRank || remove.count_max != UINT64_MAX) {
    for (const auto& [name, score] : *members) {
      draft.note_changed({mutation.table, mutation.key, CellKind::kScore, name}, name, encode_score(score));
    }
  }
  for (const auto& member : *members) PANDO_RETURN_IF_ERROR(Member(draft, mutation, member.first).remove());
  return {};
}

}  // namespace pando::engine
