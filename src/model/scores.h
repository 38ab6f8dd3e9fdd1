// model/scores.h — sorted sets: scores, ranges of them, and what a client may do: alternatives of Mutation::detail.
//
// A member's score is its base plus what was added to it since. Setting a score writes the base and takes away the
// additions that were seen; adding counts, so additions at several sites add up and none is lost to a score that is set
// or a member that is removed elsewhere at the same time. Members stand in the order of (score, member bytes).
//
// Scores are IEEE doubles: infinite is fine, NaN is refused, -0 is 0. Additions are exact sums of billionths: a step is
// rounded to billionths where it is made and may be at most ±kScoreStepMax; the sum with the base is rounded once.
// deterministic: floating point, as IEEE 754 doubles without contraction: the same on every site.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/int128.h"
#include "base/status.h"

namespace pando {

inline constexpr double kScoreStepMax = 1e15;

// 8 bytes whose order is the order of scores: how bases are stored. -0 becomes 0.
std::uint64_t ordered_score(double score);
double score_of_ordered(std::uint64_t ordered);
Bytes encode_score(double score);
// 0 when they are not the bytes of a score: a peer may write anything, and all sites must read the same.
double decode_score(ByteSpan bytes);

// base + billionths, the same at every site.
double add_to_score(double base, Int128 billionths);
// kInvalidArgument for NaN, kOutOfRange beyond ±kScoreStepMax or when not 0 and below half a billionth.
Result<Int128> score_step(double step);
// The shortest text that reads back as the same double: "3", "0.1", "1e+300", "inf", "-inf".
std::string score_text(double score);
// The reverse; also "+inf", "infinity". kInvalidArgument when it is no number, or NaN.
Result<double> parse_score(std::string_view text);

// Some of the members, in one of three orders.
struct ScoreRange {
  enum class By : std::uint8_t {
    kRank,    // `first` to `last`, counted from 0, negative ones from the end; both included
    kScore,   // `min` to `max`
    kMember,  // `from` to `to`, in the byte order of members, whatever their scores
  };
  By by = By::kRank;
  std::int64_t first = 0;
  std::int64_t last = -1;
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
  bool min_open = false;  // without those that have exactly this score
  bool max_open = false;
  std::optional<Bytes> from;
  std::optional<Bytes> to;
  bool from_open = false;
  bool to_open = false;
  // From the highest to the lowest; ranks count from the highest then.
  bool reverse = false;
};

// When a score is set or added to.
struct ScoreCondition {
  bool if_absent = false;
  bool if_present = false;
  bool if_greater = false;  // than the score there is; one that is absent is set
  bool if_less = false;
};

// Result: how many members are new, or with `count_changed` how many are new or have another score.
struct SetScores {
  struct Entry {
    Bytes member;
    double score = 0;
  };
  std::vector<Entry> entries;
  ScoreCondition condition = {};
  bool count_changed = false;
};
// Gives back the new score in text; nothing when the condition was not met. Result: 1 when done.
struct AddToScore {
  Bytes member;
  double step = 1;
  ScoreCondition condition = {};
};
// Result: how many were in.
struct RemoveScores {
  std::vector<Bytes> members;
};
// The first `count_max` of the range. Gives back each member and the text of its score when `give_back`.
// Result: how many went.
struct RemoveScoreRange {
  ScoreRange range;
  std::uint64_t count_max = UINT64_MAX;
  bool give_back = false;
};

}  // namespace pando
