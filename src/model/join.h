// model/join.h — what several sets, or several sorted sets, make together.
// deterministic: floating point, as IEEE 754 doubles without contraction: the same on every site.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "base/bytes.h"

namespace pando {

enum class SetJoin : std::uint8_t { kAll, kAny, kFirstOnly };  // in all of them, in any, in the first and no other

// Both in byte order, each member once; so is what comes of them.
std::vector<Bytes> joined(SetJoin join, const std::vector<Bytes>& first, const std::vector<Bytes>& second);

using ScoredMembers = std::vector<std::pair<Bytes, double>>;

// What becomes of a member's scores where several have it: each is taken times its input's weight before. Sums that are
// no number (of ∞ and -∞) are 0. With kFirstOnly the first one's score stays.
struct ScoreJoin {
  enum class Of : std::uint8_t { kSum, kLeast, kGreatest };
  SetJoin join = SetJoin::kAny;
  Of scores = Of::kSum;
  std::vector<double> weights = {};  // one per input; all 1 when empty
};
// Inputs and what comes of them in the byte order of members, each once.
ScoredMembers joined(const ScoreJoin& how, const std::vector<ScoredMembers>& inputs);

}  // namespace pando
