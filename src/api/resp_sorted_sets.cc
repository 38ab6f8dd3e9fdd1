// Sorted sets: members and their scores. Ranges: resp_sorted_set_ranges.cc.
// deterministic: floating point, as text of one client's words.
#include "api/resp_chance.h"
#include "api/resp_command.h"
#include "api/resp_scan.h"
#include "api/resp_session.h"
#include "base/limits.h"

namespace pando::api {
namespace {

using C = RespCommand;

// Reads. ---------------------------------------------------------------------------------------------------

void append_score(const std::optional<double>& score, RespWriter& to) {
  if (score) {
    to.number(*score);
  } else {
    to.null();
  }
}
void answer_score(const RespReplies& got, RespWriter& to) { append_score(got.get<ScoresReply>().scores.at(0), to); }
void answer_scores(const RespReplies& got, RespWriter& to) {
  const auto& scores = got.get<ScoresReply>().scores;
  to.array(scores.size());
  for (const auto& score : scores) append_score(score, to);
}
void score(RespCall& call) {
  const bool many = call.command.arity < 0;
  if (!call.may_read(call.size())) return;
  call.ask(GetScoresRequest{std::string(kTableKv), Bytes(call[1]), call.rest(2)}, many ? answer_scores : answer_score);
}

void answer_score_count(const RespReplies& got, RespWriter& to) {
  to.integer(static_cast<std::int64_t>(got.get<ScoreCountReply>().count));
}
void size(RespCall& call) {
  call.ask(CountScoresRequest{std::string(kTableKv), Bytes(call[1]), {}}, answer_score_count);
}

void answer_rank(const RespReplies& got, RespWriter& to) {
  const auto& rank = got.get<RankReply>();
  if (!rank.found) return to.null();
  to.integer(static_cast<std::int64_t>(rank.rank));
}
template <bool Reverse>
void rank(RespCall& call) {
  call.ask(GetRankRequest{std::string(kTableKv), Bytes(call[1]), Bytes(call[2]), Reverse}, answer_rank);
}

ListScoresRequest first_members(ByteSpan key) {
  ListScoresRequest list;
  list.key = key;
  list.count_max = limits::kSetCountMax;
  return list;
}
void answer_one_by_chance(const RespReplies& got, RespWriter& to) {
  const auto& all = got.get<ScoreListReply>().entries;
  if (all.empty()) return to.null();
  to.bulk(all[picked_one(got, all.size())].member);
}
void answer_some_by_chance(const RespReplies& got, RespWriter& to) {
  const auto& all = got.get<ScoreListReply>().entries;
  answer_pairs_by_chance(
      got, to, all.size(), [&](std::size_t i) { to.bulk(all[i].member); },
      [&](std::size_t i) { to.number(all[i].score); });
}
void by_chance(RespCall& call) {
  ask_by_chance(call, first_members(call[1]), "withscores", answer_one_by_chance, answer_some_by_chance);
}

void answer_scan(const RespReplies& got, RespWriter& to) {
  const auto& found = got.get<ScoreListReply>();
  append_scan_head(got, found.more ? &found.entries.back().member : nullptr, to);
  std::vector<const ScoreListReply::Entry*> matching;
  for (const auto& entry : found.entries) {
    if (scan_matches(got, entry.member)) matching.push_back(&entry);
  }
  to.array(2 * matching.size());
  for (const auto* entry : matching) {
    to.bulk(entry->member);
    RespWriter(to.out(), 2).number(entry->score);
  }
}
void scan(RespCall& call) {
  const auto asked = read_scan(call, 2, call[1]);
  if (!asked) return;
  ListScoresRequest list;
  list.key = call[1];
  list.range.by = ScoreRange::By::kMember;
  if (!asked->after.empty()) list.range.from = asked->after;
  list.range.from_open = true;
  list.count_max = asked->count;
  call.ask(std::move(list), answer_scan).names = scan_names(*asked, call[1]);
}

// Writes. --------------------------------------------------------------------------------------------------

void answer_new_score(const RespReplies& got, RespWriter& to) {
  if (got.returned().empty()) return to.null();
  to.number(parse_score(got.returned().front()).value_or(0));
}

constexpr std::string_view kNotFloat = "ERR value is not a valid float";
constexpr RespError kStepErrors[] = {
    {StatusCode::kOutOfRange, "ERR increment is beyond what scores are added to by: up to 1e15, in steps of 1e-9"}};

void add_to_score(RespCall& call, ByteSpan member, double step, const ScoreCondition& condition) {
  call.write(call.change(call[1], AddToScore{Bytes(member), step, condition}), answer_new_score).errors = kStepErrors;
}

void add(RespCall& call) {
  SetScores set;
  ScoreCondition& condition = set.condition;
  bool increments = false;
  std::size_t at = 2;
  for (; at < call.size(); ++at) {
    bool* known = call.is(at, "nx")     ? &condition.if_absent
                  : call.is(at, "xx")   ? &condition.if_present
                  : call.is(at, "gt")   ? &condition.if_greater
                  : call.is(at, "lt")   ? &condition.if_less
                  : call.is(at, "ch")   ? &set.count_changed
                  : call.is(at, "incr") ? &increments
                                        : nullptr;
    if (known == nullptr) break;
    *known = true;
  }
  if (at == call.size() || (call.size() - at) % 2 != 0) return call.fail_syntax();
  if (condition.if_absent && condition.if_present) {
    return call.fail("ERR XX and NX options at the same time are not compatible");
  }
  if ((condition.if_absent && (condition.if_greater || condition.if_less)) ||
      (condition.if_greater && condition.if_less)) {
    return call.fail("ERR GT, LT, and/or NX options at the same time are not compatible");
  }
  if (increments && call.size() - at != 2) {
    return call.fail("ERR INCR option supports a single increment-element pair");
  }
  set.entries.reserve((call.size() - at) / 2);
  for (; at < call.size(); at += 2) {
    const auto value = call.score(at, kNotFloat);
    if (!value) return;
    set.entries.push_back({Bytes(call[at + 1]), *value});
  }
  if (increments) return add_to_score(call, set.entries[0].member, set.entries[0].score, condition);
  call.write(call[1], Mutation::Kind::kDetail, answer_integer).detail = std::move(set);
}

void increment(RespCall& call) {
  const auto step = call.score(2, kNotFloat);
  if (step) add_to_score(call, call[3], *step, {});
}

void remove(RespCall& call) { call.write(call.change(call[1], RemoveScores{call.rest(2)}), answer_integer); }

// `number`: 1 when a count was given.
void answer_popped(const RespReplies& got, RespWriter& to) {
  const auto& flat = got.returned();
  const bool pairs = to.version() == 3 && got.number() == 1;
  to.array(pairs ? flat.size() / 2 : flat.size());
  for (std::size_t i = 0; i + 1 < flat.size(); i += 2) {
    if (pairs) to.array(2);
    to.bulk(flat[i]);
    to.number(parse_score(flat[i + 1]).value_or(0));
  }
}
void answer_nothing(const RespReplies&, RespWriter& to) { to.array(0); }
template <bool Reverse>
void pop(RespCall& call) {
  if (call.size() > 3) return call.fail_syntax();
  std::int64_t count = 1;
  if (call.size() == 3) {
    const auto given = call.integer(2, "ERR value is out of range, must be positive");
    if (!given) return;
    if (*given < 0) return call.fail("ERR value is out of range, must be positive");
    count = *given;
  }
  if (count == 0) {
    call.ask(CountScoresRequest{std::string(kTableKv), Bytes(call[1]), {}}, answer_nothing);
    return;
  }
  RemoveScoreRange range;
  range.range.reverse = Reverse;
  range.count_max = static_cast<std::uint64_t>(count);
  range.give_back = true;
  call.write(call.change(call[1], std::move(range)), answer_popped).number = call.size() == 3 ? 1 : 0;
}

}  // namespace

RespFamily resp_sorted_set_commands() {
  constexpr std::uint8_t kWrite = C::kWrite | C::kFast;
  constexpr std::uint8_t kFast = C::kRead | C::kFast;
  constexpr std::string_view kGroup = "sorted-set";
  return {
      {"zadd", -4, kWrite, 1, 1, 1, kGroup, "Sets scores of members.", add},
      {"zcard", 2, kFast, 1, 1, 1, kGroup, "Counts the members of a sorted set.", size},
      {"zincrby", 4, kWrite, 1, 1, 1, kGroup, "Adds to the score of a member.", increment},
      {"zmscore", -3, kFast, 1, 1, 1, kGroup, "Answers the scores of members.", score},
      {"zpopmax", -2, kWrite, 1, 1, 1, kGroup, "Takes out the members with the highest scores.", pop<true>},
      {"zpopmin", -2, kWrite, 1, 1, 1, kGroup, "Takes out the members with the lowest scores.", pop<false>},
      {"zrandmember", -2, C::kRead, 1, 1, 1, kGroup, "Answers members by chance.", by_chance},
      {"zrank", 3, kFast, 1, 1, 1, kGroup, "Answers the rank of a member.", rank<false>},
      {"zrem", -3, kWrite, 1, 1, 1, kGroup, "Takes members out of a sorted set.", remove},
      {"zrevrank", 3, kFast, 1, 1, 1, kGroup, "Answers the rank of a member from the highest.", rank<true>},
      {"zscan", -3, C::kRead, 1, 1, 1, kGroup, "Lists members and scores, some at a time.", scan},
      {"zscore", 3, kFast, 1, 1, 1, kGroup, "Answers the score of a member.", score},
  };
}

}  // namespace pando::api
