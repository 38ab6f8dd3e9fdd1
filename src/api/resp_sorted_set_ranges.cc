// Ranges of sorted sets, by rank, score or member.
// deterministic: floating point, as text of one client's words.
#include <algorithm>

#include "api/resp_command.h"
#include "base/limits.h"

namespace pando::api {
namespace {

using C = RespCommand;
using By = ScoreRange::By;

constexpr std::string_view kNotFloats = "ERR min or max is not a float";
constexpr std::string_view kNotMembers = "ERR min or max not valid string range item";

// "(5" is open. False: failed.
bool read_score_bound(RespCall& call, std::size_t i, double& bound, bool& open) {
  ByteSpan word = call[i];
  open = !word.empty() && word.front() == '(';
  if (open) word.remove_prefix(1);
  const Result<double> score = parse_score(word);
  if (score) bound = *score;
  if (!score) call.fail(kNotFloats);
  return score.has_value();
}

// "[a", "(a", "-", "+". `none` is set by the one that leaves nothing in the range. False: failed.
bool read_member_bound(RespCall& call, std::size_t i, bool lower, std::optional<Bytes>& bound, bool& open, bool& none) {
  const ByteSpan word = call[i];
  if (word == "-" || word == "+") {
    none = none || (word == "+") == lower;
    return true;
  }
  if (word.empty() || (word.front() != '(' && word.front() != '[')) {
    call.fail(kNotMembers);
    return false;
  }
  open = word.front() == '(';
  bound = Bytes(word.substr(1));
  return true;
}

// Words `first` and `first` + 1 as the bounds of a range, from the lower one (or, with `reverse`, from the higher).
// Nothing: failed.
std::optional<ScoreRange> read_range(RespCall& call, std::size_t first, By by, bool reverse) {
  ScoreRange range;
  range.by = by;
  range.reverse = reverse;
  const std::size_t lower = by != By::kRank && reverse ? first + 1 : first;
  const std::size_t upper = by != By::kRank && reverse ? first : first + 1;
  if (by == By::kRank) {
    const auto from = call.integer(lower);
    if (!from) return std::nullopt;
    const auto to = call.integer(upper);
    if (!to) return std::nullopt;
    range.first = *from;
    range.last = *to;
  } else if (by == By::kScore) {
    if (!read_score_bound(call, lower, range.min, range.min_open)) return std::nullopt;
    if (!read_score_bound(call, upper, range.max, range.max_open)) return std::nullopt;
  } else {
    bool none = false;
    if (!read_member_bound(call, lower, true, range.from, range.from_open, none)) return std::nullopt;
    if (!read_member_bound(call, upper, false, range.to, range.to_open, none)) return std::nullopt;
    if (none) {
      range.from = range.to = Bytes();
      range.to_open = true;
    }
  }
  return range;
}

// `number`: 1 with scores.
void answer_range(const RespReplies& got, RespWriter& to) {
  const auto& list = got.get<ScoreListReply>();
  const bool scores = got.number() == 1;
  if (list.more && got.names().empty()) {
    return to.error("ERR the range has too many members for one answer, ask for less");
  }
  const bool pairs = scores && to.version() == 3;
  to.array(scores && !pairs ? 2 * list.entries.size() : list.entries.size());
  for (const auto& entry : list.entries) {
    if (pairs) to.array(2);
    to.bulk(entry.member);
    if (scores) to.number(entry.score);
  }
}
void answer_nothing(const RespReplies&, RespWriter& to) { to.array(0); }

struct Wanted {
  By by = By::kRank;
  bool reverse = false;
  bool scores = false;
  bool limited = false;
  std::int64_t offset = 0;
  std::int64_t count = -1;
};

// What stands behind the bounds, from word `i` on. `general`: ZRANGE, which may say what the bounds are. False: failed.
bool read_options(RespCall& call, std::size_t i, bool general, bool stores, Wanted& wanted) {
  for (; i < call.size(); ++i) {
    if (!stores && call.is(i, "withscores")) {
      wanted.scores = true;
    } else if (call.is(i, "limit") && i + 2 < call.size()) {
      const auto offset = call.integer(i + 1);
      if (!offset) return false;
      const auto count = call.integer(i + 2);
      if (!count) return false;
      wanted.offset = *offset;
      wanted.count = *count;
      wanted.limited = true;
      i += 2;
    } else if (general && call.is(i, "byscore")) {
      wanted.by = By::kScore;
    } else if (general && call.is(i, "bylex")) {
      wanted.by = By::kMember;
    } else if (general && call.is(i, "rev")) {
      wanted.reverse = true;
    } else {
      call.fail_syntax();
      return false;
    }
  }
  if (wanted.limited && wanted.by == By::kRank) {
    call.fail("ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX");
    return false;
  }
  if (wanted.scores && wanted.by == By::kMember) {
    call.fail("ERR syntax error, WITHSCORES not supported in combination with BYLEX");
    return false;
  }
  return true;
}

void list_range(RespCall& call, Wanted wanted, bool general) {
  if (!read_options(call, 4, general, false, wanted)) return;
  auto range = read_range(call, 2, wanted.by, wanted.reverse);
  if (!range) return;
  if (wanted.offset < 0 || wanted.count == 0) {
    call.ask(CountScoresRequest{std::string(kTableKv), Bytes(call[1]), {}}, answer_nothing);
    return;
  }
  ListScoresRequest list;
  list.key = call[1];
  list.range = *std::move(range);
  list.offset = static_cast<std::uint64_t>(wanted.offset);
  const bool bounded = wanted.count > 0 && wanted.count < limits::kRespElementsMax;
  list.count_max = bounded ? static_cast<std::uint32_t>(wanted.count) : limits::kRespElementsMax;
  RespPending& asked = call.ask(std::move(list), answer_range);
  asked.number = wanted.scores ? 1 : 0;
  if (bounded) asked.names.emplace_back("limited");
}

void range(RespCall& call) { list_range(call, {}, true); }
template <By Kind, bool Reverse>
void old_range(RespCall& call) {
  Wanted wanted;
  wanted.by = Kind;
  wanted.reverse = Reverse;
  list_range(call, wanted, false);
}

void store_range(RespCall& call) {
  Wanted wanted;
  if (!read_options(call, 5, true, true, wanted)) return;
  auto range = read_range(call, 3, wanted.by, wanted.reverse);
  if (!range) return;
  StoreScoreRange made{Bytes(call[2]), *std::move(range)};
  if (wanted.offset < 0) wanted.count = 0;
  if (wanted.offset > 0) made.offset = static_cast<std::uint64_t>(wanted.offset);
  if (wanted.count >= 0) made.count_max = static_cast<std::uint64_t>(wanted.count);
  call.write(call.change(call[1], std::move(made)), answer_integer);
}

void answer_score_count(const RespReplies& got, RespWriter& to) {
  to.integer(static_cast<std::int64_t>(got.get<ScoreCountReply>().count));
}
template <By Kind>
void count(RespCall& call) {
  auto range = read_range(call, 2, Kind, false);
  if (!range) return;
  call.ask(CountScoresRequest{std::string(kTableKv), Bytes(call[1]), *std::move(range)}, answer_score_count);
}

template <By Kind>
void remove(RespCall& call) {
  auto range = read_range(call, 2, Kind, false);
  if (!range) return;
  RemoveScoreRange removed;
  removed.range = *std::move(range);
  call.write(call.change(call[1], std::move(removed)), answer_integer);
}

}  // namespace

RespFamily resp_sorted_set_range_commands() {
  constexpr std::string_view kGroup = "sorted-set";
  constexpr std::uint8_t kFast = C::kRead | C::kFast;
  return {
      {"zcount", 4, kFast, 1, 1, 1, kGroup, "Counts members between two scores.", count<By::kScore>},
      {"zlexcount", 4, kFast, 1, 1, 1, kGroup, "Counts members between two members.", count<By::kMember>},
      {"zrange", -4, C::kRead, 1, 1, 1, kGroup, "Answers a range by rank, score or member.", range},
      {"zrangebylex", -4, C::kRead, 1, 1, 1, kGroup, "Answers members between two members.",
       old_range<By::kMember, false>},
      {"zrangebyscore", -4, C::kRead, 1, 1, 1, kGroup, "Answers members between two scores.",
       old_range<By::kScore, false>},
      {"zremrangebylex", 4, C::kWrite, 1, 1, 1, kGroup, "Takes out members between two members.", remove<By::kMember>},
      {"zremrangebyrank", 4, C::kWrite, 1, 1, 1, kGroup, "Takes out members between two ranks.", remove<By::kRank>},
      {"zremrangebyscore", 4, C::kWrite, 1, 1, 1, kGroup, "Takes out members between two scores.", remove<By::kScore>},
      {"zrangestore", -5, C::kWrite, 1, 2, 1, kGroup, "Stores what ZRANGE answers.", store_range},
      {"zrevrange", -4, C::kRead, 1, 1, 1, kGroup, "Answers a range from the highest score.",
       old_range<By::kRank, true>},
      {"zrevrangebylex", -4, C::kRead, 1, 1, 1, kGroup, "Answers members between two members, backwards.",
       old_range<By::kMember, true>},
      {"zrevrangebyscore", -4, C::kRead, 1, 1, 1, kGroup, "Answers members between two scores, backwards.",
       old_range<By::kScore, true>},
  };
}

}  // namespace pando::api
