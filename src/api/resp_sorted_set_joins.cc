// What several sorted sets make together: ZUNION, ZINTER, ZDIFF and those that store or count it.
// deterministic: floating point, as text of one client's words.
#include <fmt/format.h>

#include <algorithm>

#include "api/resp_command.h"
#include "api/resp_session.h"
#include "base/limits.h"

namespace pando::api {
namespace {

using C = RespCommand;

// Answers. -------------------------------------------------------------------------------------------------------

// Two replies a key: its scores and, as it may be a set, its members. False, having said so, when it is neither or has
// more than one answer may.
bool read_inputs(const RespReplies& got, RespWriter& to, std::vector<ScoredMembers>& inputs) {
  constexpr std::string_view kTooMany = "ERR a set has too many members for one answer, use ZSCAN";
  for (std::size_t i = 0; i + 1 < got.size(); i += 2) {
    ScoredMembers one;
    if (got.ok(i)) {
      const auto& list = got.get<ScoreListReply>(i);
      if (list.more) return to.error(kTooMany), false;
      for (const auto& entry : list.entries) one.emplace_back(entry.member, entry.score);
    } else if (!got.ok(i + 1)) {
      return to.error(Status(StatusCode::kWrongType, "not a sorted set")), false;
    }
    if (got.ok(i + 1)) {
      const auto& members = got.get<MembersReply>(i + 1);
      if (members.more) return to.error(kTooMany), false;
      for (const Bytes& member : members.members) one.emplace_back(member, 1);
    }
    inputs.push_back(std::move(one));
  }
  return true;
}

constexpr std::int64_t kWithScores = 1;

// `names`: what is left of how they are joined, one byte and then a weight each.
ScoreJoin how_of(const std::vector<Bytes>& names, SetJoin join) {
  ScoreJoin how;
  how.join = join;
  how.scores = static_cast<ScoreJoin::Of>(names.front().front());
  for (std::size_t i = 1; i < names.size(); ++i) how.weights.push_back(parse_score(names[i]).value_or(1));
  return how;
}

template <SetJoin Join>
void answer_joined(const RespReplies& got, RespWriter& to) {
  std::vector<ScoredMembers> inputs;
  if (!read_inputs(got, to, inputs)) return;
  ScoredMembers all = joined(how_of(got.names(), Join), inputs);
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  const bool scores = got.number() == kWithScores;
  const bool pairs = scores && to.version() == 3;
  to.array(scores && !pairs ? 2 * all.size() : all.size());
  for (const auto& [member, score] : all) {
    if (pairs) to.array(2);
    to.bulk(member);
    if (scores) to.number(score);
  }
}

// `number`: the limit, 0 for none.
void answer_count_in_all(const RespReplies& got, RespWriter& to) {
  std::vector<ScoredMembers> inputs;
  if (!read_inputs(got, to, inputs)) return;
  const auto size = static_cast<std::int64_t>(joined({SetJoin::kAll, {}, {}}, inputs).size());
  to.integer(got.number() > 0 ? std::min(size, got.number()) : size);
}

// Words. ---------------------------------------------------------------------------------------------------------

enum class Does { kAnswer, kStore, kCount };

struct Asked {
  std::size_t begin = 0;  // of the keys
  std::size_t end = 0;
  ScoreJoin how;
  bool scores = false;
  std::int64_t limit = 0;
};

// "numkeys key [key …] [WEIGHTS weight …] [AGGREGATE SUM|MIN|MAX] [WITHSCORES]" from word `at` on; "LIMIT limit" of
// what counts. Nothing: failed.
std::optional<Asked> read_words(RespCall& call, std::size_t at, SetJoin join, Does does) {
  const auto keys = call.integer(at);
  if (!keys) return std::nullopt;
  if (*keys < 1) {
    call.fail(fmt::format("ERR at least 1 input key is needed for '{}' command", call.command.name));
    return std::nullopt;
  }
  const auto syntax = [&]() -> std::optional<Asked> {
    call.fail_syntax();
    return std::nullopt;
  };
  Asked out;
  out.how.join = join;
  out.begin = at + 1;
  if (static_cast<std::uint64_t>(*keys) > call.size() - out.begin) return syntax();
  const auto count = static_cast<std::size_t>(*keys);
  out.end = out.begin + count;
  const bool weighs = join != SetJoin::kFirstOnly && does != Does::kCount;
  for (std::size_t i = out.end; i < call.size();) {
    const std::size_t left = call.size() - i;
    if (weighs && left > count && call.is(i, "weights")) {
      out.how.weights.clear();
      for (std::size_t w = i + 1; w <= i + count; ++w) {
        const auto weight = call.score(w, "ERR weight value is not a float");
        if (!weight) return std::nullopt;
        out.how.weights.push_back(*weight);
      }
      i += count + 1;
    } else if (weighs && left >= 2 && call.is(i, "aggregate")) {
      using Of = ScoreJoin::Of;
      if (!call.is(i + 1, "sum") && !call.is(i + 1, "min") && !call.is(i + 1, "max")) return syntax();
      out.how.scores = call.is(i + 1, "sum") ? Of::kSum : call.is(i + 1, "min") ? Of::kLeast : Of::kGreatest;
      i += 2;
    } else if (does == Does::kAnswer && call.is(i, "withscores")) {
      out.scores = true;
      ++i;
    } else if (does == Does::kCount && left >= 2 && call.is(i, "limit")) {
      constexpr std::string_view kNegative = "ERR LIMIT can't be negative";
      const auto limit = call.integer(i + 1, kNegative);
      if (!limit) return std::nullopt;
      if (*limit < 0) {
        call.fail(kNegative);
        return std::nullopt;
      }
      out.limit = *limit;
      i += 2;
    } else {
      return syntax();
    }
  }
  if (!call.may_read(2 * count)) return std::nullopt;
  return out;
}

// Asks for what each key holds.
RespPending& ask_inputs(RespCall& call, const Asked& asked, RespAnswer answer) {
  for (std::size_t i = asked.begin; i < asked.end; ++i) {
    ListScoresRequest scores;
    scores.key = call[i];
    scores.range.by = ScoreRange::By::kMember;
    scores.count_max = limits::kRespElementsMax;
    call.ask(std::move(scores), answer);
    call.ask(ListMembersRequest{std::string(kTableKv), Bytes(call[i]), {}, {}, limits::kRespElementsMax}, answer);
  }
  call.plan.pending.takes_failures = true;
  return call.plan.pending;
}

template <SetJoin Join>
void join(RespCall& call) {
  const auto asked = read_words(call, 1, Join, Does::kAnswer);
  if (!asked) return;
  RespPending& pending = ask_inputs(call, *asked, answer_joined<Join>);
  pending.number = asked->scores ? kWithScores : 0;
  pending.names.emplace_back(1, static_cast<char>(asked->how.scores));
  for (const double weight : asked->how.weights) pending.names.push_back(score_text(weight));
}

void count_in_all(RespCall& call) {
  const auto asked = read_words(call, 1, SetJoin::kAll, Does::kCount);
  if (asked) ask_inputs(call, *asked, answer_count_in_all).number = asked->limit;
}

template <SetJoin Join>
void store(RespCall& call) {
  auto asked = read_words(call, 2, Join, Does::kStore);
  if (!asked) return;
  JoinScores made{std::move(asked->how), {}};
  for (std::size_t i = asked->begin; i < asked->end; ++i) made.keys.emplace_back(call[i]);
  call.write(call.change(call[1], std::move(made)), answer_integer);
}

}  // namespace

RespFamily resp_sorted_set_join_commands() {
  constexpr std::string_view kGroup = "sorted-set";
  return {
      {"zdiff", -3, C::kRead, 0, 0, 0, kGroup, "Members of the first and no other.", join<SetJoin::kFirstOnly>},
      {"zdiffstore", -4, C::kWrite, 1, 1, 1, kGroup, "Stores what ZDIFF answers.", store<SetJoin::kFirstOnly>},
      {"zinter", -3, C::kRead, 0, 0, 0, kGroup, "Members of all, with their scores together.", join<SetJoin::kAll>},
      {"zintercard", -3, C::kRead, 0, 0, 0, kGroup, "Counts the members of all.", count_in_all},
      {"zinterstore", -4, C::kWrite, 1, 1, 1, kGroup, "Stores what ZINTER answers.", store<SetJoin::kAll>},
      {"zunion", -3, C::kRead, 0, 0, 0, kGroup, "Members of any, with their scores together.", join<SetJoin::kAny>},
      {"zunionstore", -4, C::kWrite, 1, 1, 1, kGroup, "Stores what ZUNION answers.", store<SetJoin::kAny>},
  };
}

}  // namespace pando::api
