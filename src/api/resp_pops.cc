// What takes elements off the first of several lists or sorted sets that has any, and what waits for one.
// deterministic: floating point, as text of one client's words.
#include <algorithm>
#include <cmath>

#include "api/resp_blocking.h"
#include "api/resp_command.h"
#include "api/resp_session.h"
#include "base/limits.h"

namespace pando::api {
namespace {

using C = RespCommand;

// Answers. `names`: the keys, one per mutation. ----------------------------------------------------------------

// What was taken, and from where. Null: nothing was.
const std::vector<Bytes>* taken(const RespReplies& got, const Bytes*& key) {
  const std::size_t last = got.mutations() - 1;
  key = &got.names()[last];
  return got.returned(last).empty() ? nullptr : &got.returned(last);
}

void answer_item(const RespReplies& got, RespWriter& to) {
  const Bytes* key = nullptr;
  const auto* items = taken(got, key);
  if (items == nullptr) return to.null_array();
  to.array(2);
  to.bulk(*key);
  to.bulk(items->front());
}

void answer_items(const RespReplies& got, RespWriter& to) {
  const Bytes* key = nullptr;
  const auto* items = taken(got, key);
  if (items == nullptr) return to.null_array();
  to.array(2);
  to.bulk(*key);
  to.array(items->size());
  for (const Bytes& item : *items) to.bulk(item);
}

void append_score(const Bytes& text, RespWriter& to) { to.number(parse_score(text).value_or(0)); }

void answer_member(const RespReplies& got, RespWriter& to) {
  const Bytes* key = nullptr;
  const auto* flat = taken(got, key);
  if (flat == nullptr) return to.null_array();
  to.array(3);
  to.bulk(*key);
  to.bulk(flat->at(0));
  append_score(flat->at(1), to);
}

void answer_members_of_first(const RespReplies& got, RespWriter& to) {
  const Bytes* key = nullptr;
  const auto* flat = taken(got, key);
  if (flat == nullptr) return to.null_array();
  to.array(2);
  to.bulk(*key);
  to.array(flat->size() / 2);
  for (std::size_t i = 0; i + 1 < flat->size(); i += 2) {
    to.array(2);
    to.bulk((*flat)[i]);
    append_score((*flat)[i + 1], to);
  }
}

// Words. ---------------------------------------------------------------------------------------------------------

template <typename Detail>
void take_first(RespCall& call, std::size_t begin, std::size_t end, const Detail& detail, RespAnswer answer) {
  if (!call.may_read(end - begin)) return;
  std::vector<Mutation> pops;
  for (std::size_t i = begin; i < end; ++i) pops.push_back(call.change(call[i], detail));
  RespPending& asked = call.write(std::move(pops), answer);
  std::get<WriteRequest>(call.plan.requests.back()).until_given = true;
  asked.names.assign(call.args.begin() + static_cast<std::ptrdiff_t>(begin),
                     call.args.begin() + static_cast<std::ptrdiff_t>(end));
}

RemoveScoreRange ends(bool highest, std::uint64_t count) {
  RemoveScoreRange range;
  range.range.reverse = highest;
  range.count_max = count;
  range.give_back = true;
  return range;
}

// The keys of "numkeys key [key …] END [COUNT count]", from word `at` on, and what is behind them.
struct Several {
  std::size_t begin = 0;
  std::size_t end = 0;
  bool second = false;  // of the two ends
  std::int64_t count = 1;
};
std::optional<Several> read_several(RespCall& call, std::size_t at, std::string_view first_end,
                                    std::string_view second_end) {
  constexpr std::string_view kNoKeys = "ERR numkeys should be greater than 0";
  const auto keys = call.integer(at, kNoKeys);
  if (!keys) return std::nullopt;
  if (*keys < 1) {
    call.fail(kNoKeys);
    return std::nullopt;
  }
  Several out;
  out.begin = at + 1;
  if (static_cast<std::uint64_t>(*keys) >= call.size() - out.begin) {
    call.fail_syntax();
    return std::nullopt;
  }
  out.end = out.begin + static_cast<std::size_t>(*keys);
  out.second = call.is(out.end, second_end);
  const std::size_t options = out.end + 1;
  const bool counted = call.size() == options + 2 && call.is(options, "count");
  if ((!out.second && !call.is(out.end, first_end)) || (call.size() > options && !counted)) {
    call.fail_syntax();
    return std::nullopt;
  }
  if (!counted) return out;
  constexpr std::string_view kNoCount = "ERR count should be greater than 0";
  const auto count = call.integer(options + 1, kNoCount);
  if (!count) return std::nullopt;
  if (*count < 1) {
    call.fail(kNoCount);
    return std::nullopt;
  }
  out.count = *count;
  return out;
}

void pop_items(RespCall& call, std::size_t at) {
  const auto asked = read_several(call, at, "left", "right");
  if (!asked) return;
  const ListPop pop{asked->second ? ListEnd::kBack : ListEnd::kFront,
                    static_cast<std::uint32_t>(std::min<std::int64_t>(asked->count, UINT32_MAX))};
  take_first(call, asked->begin, asked->end, pop, answer_items);
}
void pop_scores(RespCall& call, std::size_t at) {
  const auto asked = read_several(call, at, "min", "max");
  if (!asked) return;
  take_first(call, asked->begin, asked->end, ends(asked->second, static_cast<std::uint64_t>(asked->count)),
             answer_members_of_first);
}

void list_of_many(RespCall& call) { pop_items(call, 1); }
void scores_of_many(RespCall& call) { pop_scores(call, 1); }

// Those that wait. A command that was not understood waits for nothing.
void wait_if_asked(RespCall& call, std::int64_t ms) {
  if (!call.plan.failed) wait_for_keys(call, ms);
}
void wait_list_of_many(RespCall& call) {
  const auto ms = read_timeout(call, 1);
  if (!ms) return;
  pop_items(call, 2);
  wait_if_asked(call, *ms);
}
void wait_scores_of_many(RespCall& call) {
  const auto ms = read_timeout(call, 1);
  if (!ms) return;
  pop_scores(call, 2);
  wait_if_asked(call, *ms);
}
template <ListEnd End>
void wait_item(RespCall& call) {
  const auto ms = read_timeout(call, call.size() - 1);
  if (!ms) return;
  take_first(call, 1, call.size() - 1, ListPop{End, 1}, answer_item);
  wait_if_asked(call, *ms);
}
template <bool Highest>
void wait_member(RespCall& call) {
  const auto ms = read_timeout(call, call.size() - 1);
  if (!ms) return;
  take_first(call, 1, call.size() - 1, ends(Highest, 1), answer_member);
  wait_if_asked(call, *ms);
}

}  // namespace

std::optional<std::int64_t> read_timeout(RespCall& call, std::size_t i) {
  const auto seconds = call.score(i, "ERR timeout is not a float or out of range");
  if (!seconds) return std::nullopt;
  if (*seconds < 0) {
    call.fail("ERR timeout is negative");
    return std::nullopt;
  }
  const double ms = std::ceil(*seconds * 1000);
  if (ms < 9.2e18) return static_cast<std::int64_t>(ms);
  call.fail("ERR timeout is out of range");
  return std::nullopt;
}

void wait_for_keys(RespCall& call, std::int64_t ms) {
  call.plan.block_ms = std::min(ms, limits::kRespBlockMsMax);
  call.plan.again = call.plan.requests;
  call.plan.waits = true;
}

RespFamily resp_pop_commands() {
  return {
      {"blmpop", -5, C::kWrite, 0, 0, 0, "list", "LMPOP that waits for an item.", wait_list_of_many},
      {"blpop", -3, C::kWrite, 1, -2, 1, "list", "Takes the first item of a list, or waits for one.",
       wait_item<ListEnd::kFront>},
      {"brpop", -3, C::kWrite, 1, -2, 1, "list", "Takes the last item of a list, or waits for one.",
       wait_item<ListEnd::kBack>},
      {"bzmpop", -5, C::kWrite, 0, 0, 0, "sorted-set", "ZMPOP that waits for a member.", wait_scores_of_many},
      {"bzpopmax", -3, C::kWrite | C::kFast, 1, -2, 1, "sorted-set", "Takes the highest member, or waits for one.",
       wait_member<true>},
      {"bzpopmin", -3, C::kWrite | C::kFast, 1, -2, 1, "sorted-set", "Takes the lowest member, or waits for one.",
       wait_member<false>},
      {"lmpop", -4, C::kWrite, 0, 0, 0, "list", "Takes items off the first list that has any.", list_of_many},
      {"zmpop", -4, C::kWrite, 0, 0, 0, "sorted-set", "Takes members off the first sorted set that has any.",
       scores_of_many},
  };
}

}  // namespace pando::api
