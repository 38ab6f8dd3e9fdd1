// Sorted sets that are made of others.
// deterministic: floating point, as IEEE 754 doubles without contraction: the same on every site.
#include <fmt/core.h>

#include <algorithm>

#include "base/limits.h"
#include "engine/edits.h"
#include "engine/scores.h"

namespace pando::engine {
namespace {

// What a sorted set has, or a set with scores of 1.
Result<ScoredMembers> input(Draft& draft, std::string_view table, ByteSpan key) {
  PANDO_RETURN_IF_ERROR(check_name(table, key));
  const Result<std::optional<ValueType>> type = type_after(draft, table, key);
  if (!type) return fail(type.error());
  if (!*type) return ScoredMembers();
  if (**type == ValueType::kScores) {
    ScoreRange all;
    all.by = ScoreRange::By::kMember;
    return scores_after(draft, table, key, all, UINT64_MAX);
  }
  if (**type != ValueType::kSet) return fail(wrong_type(key, **type, ValueType::kScores));
  auto members = members_after(draft, table, key, limits::kListChangesMax + 1);
  if (!members) return fail(members.error());
  if (members->size() > limits::kListChangesMax) {
    return fail(StatusCode::kTooLarge,
                fmt::format("key \"{}\" has more than {} members", key, limits::kListChangesMax));
  }
  ScoredMembers made;
  made.reserve(members->size());
  for (Bytes& member : *members) made.emplace_back(std::move(member), 1);
  return made;
}

// The key holds these and nothing else.
Status become(Draft& draft, const Mutation& mutation, const ScoredMembers& members) {
  if (members.size() > limits::kListChangesMax) {
    return Status(StatusCode::kTooLarge,
                  fmt::format("key \"{}\" would have more than {} members", mutation.key, limits::kListChangesMax));
  }
  draft.set_result(static_cast<std::int64_t>(members.size()));
  PANDO_RETURN_IF_ERROR(do_also(draft, of_key(mutation, Mutation::Kind::kDelete, mutation.key)));
  for (std::size_t i = 0; i < members.size(); i += limits::kBatchItemsMax) {
    const std::size_t end = std::min(members.size(), i + limits::kBatchItemsMax);
    SetScores set;
    set.entries.reserve(end - i);
    for (std::size_t at = i; at < end; ++at) set.entries.push_back({members[at].first, members[at].second});
    Mutation made = of_key(mutation, Mutation::Kind::kDetail, mutation.key);
    made.detail = std::move(set);
    PANDO_RETURN_IF_ERROR(do_also(draft, made));
  }
  return {};
}

}  // namespace

Status decide(Draft& draft, const Mutation& mutation, const JoinScores& join) {
  if (join.keys.empty()) return Status(StatusCode::kInvalidArgument, "no keys");
  if (!join.how.weights.empty() && join.how.weights.size() != join.keys.size()) {
    return Status(StatusCode::kInvalidArgument,
                  fmt::format("{} weights for {} keys", join.how.weights.size(), join.keys.size()));
  }
  std::vector<ScoredMembers> inputs;
  inputs.reserve(join.keys.size());
  for (const Bytes& key : join.keys) {
    Result<ScoredMembers> one = input(draft, mutation.table, key);
    if (!one) return one.error();
    inputs.push_back(*std::move(one));
  }
  return become(draft, mutation, joined(join.how, inputs));
}

Status decide(Draft& draft, const Mutation& mutation, const StoreScoreRange& store) {
  PANDO_RETURN_IF_ERROR(check_name(mutation.table, store.from));
  const Result<std::optional<ValueType>> type = type_after(draft, mutation.table, store.from);
  if (!type) return type.error();
  if (*type && **type != ValueType::kScores) return wrong_type(store.from, **type, ValueType::kScores);
  ScoredMembers members;
  if (*type && store.count_max > 0) {
    const std::uint64_t most =
        store.count_max > UINT64_MAX - store.offset ? UINT64_MAX : store.offset + store.count_max;
    Result<ScoredMembers> found = scores_after(draft, mutation.table, store.from, store.range, most);
    if (!found) return found.error();
    members = *std::move(found);
    const std::uint64_t skipped = std::min<std::uint64_t>(store.offset, members.size());
    members.erase(members.begin(), members.begin() + static_cast<std::ptrdiff_t>(skipped));
  }
  return become(draft, mutation, members);
}

}  // namespace pando::engine
