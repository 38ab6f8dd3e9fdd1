// engine/scores.h — deciding what clients do to sorted sets (model/scores.h).
//
// A member is there when it has a base (a register) or additions that were not taken away (a counter). Setting a score
// replaces the bases that were seen and resets the additions that were seen; removing takes both away; adding counts.
// So an addition that is concurrent with a removal keeps the member, with what was added.
// deterministic: floating point, as IEEE 754 doubles without contraction: the same on every site.
#pragma once

#include <functional>

#include "engine/draft.h"
#include "model/join.h"
#include "model/scores.h"

namespace pando::engine {

Status decide(Draft& draft, const Mutation& mutation, const SetScores& set);
Status decide(Draft& draft, const Mutation& mutation, const AddToScore& add);
Status decide(Draft& draft, const Mutation& mutation, const RemoveScores& remove);
Status decide(Draft& draft, const Mutation& mutation, const RemoveScoreRange& remove);

// The members of a range as the draft leaves the sorted set, in its order, up to `count_max`. Of a key of another type
// none. kTooLarge when that is more than limits::kListChangesMax.
Result<ScoredMembers> scores_after(Draft& draft, std::string_view table, ByteSpan key, const ScoreRange& range,
                                   std::uint64_t count_max);

// kInvalidArgument when it has NaN.
Status check_range(const ScoreRange& range);
// Whether a member lies in a range by member.
bool within(const ScoreRange& range, ByteSpan member);

// Members of a range by member, in byte order, whatever their scores: visit(member, score) until it answers false.
Status for_each_by_member(View& view, std::string_view table, ByteSpan key, const ScoreRange& range,
                          const std::function<bool(const Bytes&, double)>& visit);

}  // namespace pando::engine
