// deterministic: floating point, as IEEE 754 doubles without contraction: the same on every site.
#include "api/score_changes.h"

#include "api/mutations.h"
#include "base/limits.h"

namespace pando::api {
namespace {

Result<Bytes> member_field(dom::object object) {
  Result<std::optional<Bytes>> member = base64_field(object, "member");
  if (!member) return fail(member.error());
  if (!*member) return refuse("missing field \"member\"");
  PANDO_RETURN_IF_ERROR(as_invalid(validate_member(**member)));
  return std::move(**member);
}

Result<std::optional<double>> score_field(dom::object object, std::string_view name) {
  const auto element = field(object, name);
  if (!element) return std::nullopt;
  return score_of(*element, name);
}

Result<SetScores::Entry> entry_in(dom::object object) {
  Result<Bytes> member = member_field(object);
  if (!member) return fail(member.error());
  const Result<std::optional<double>> score = score_field(object, "score");
  if (!score) return fail(score.error());
  if (!*score) return refuse("missing field \"score\"");
  return SetScores::Entry{*std::move(member), **score};
}

// Reads the flags that are there into their places.
Status read_flags(dom::object object, std::initializer_list<std::pair<std::string_view, bool*>> flags) {
  for (const auto& [name, place] : flags) {
    const Result<bool> flag = bool_field(object, name);
    if (!flag) return flag.error();
    *place = *flag;
  }
  return {};
}

Result<ScoreCondition> condition_in(dom::object body) {
  ScoreCondition when;
  PANDO_RETURN_IF_ERROR(read_flags(
      body, {{"nx", &when.if_absent}, {"xx", &when.if_present}, {"gt", &when.if_greater}, {"lt", &when.if_less}}));
  return when;
}

Result<Mutation::Detail> add_in(dom::object body) {
  SetScores set;
  const Result<ScoreCondition> condition = condition_in(body);
  if (!condition) return fail(condition.error());
  set.condition = *condition;
  PANDO_RETURN_IF_ERROR(read_flags(body, {{"ch", &set.count_changed}}));
  if (!field(body, "members")) {
    Result<SetScores::Entry> entry = entry_in(body);
    if (!entry) return fail(entry.error());
    set.entries.push_back(*std::move(entry));
    return set;
  }
  const Result<dom::array> list = list_field(body, "members");
  if (!list) return fail(list.error());
  for (const dom::element element : *list) {
    const Result<dom::object> object = object_in(element);
    if (!object) return at("member", set.entries.size(), object.error());
    Result<SetScores::Entry> entry = entry_in(*object);
    if (!entry) return at("member", set.entries.size(), entry.error());
    set.entries.push_back(*std::move(entry));
  }
  return set;
}

Result<Mutation::Detail> incr_in(dom::object body) {
  AddToScore add;
  const Result<ScoreCondition> condition = condition_in(body);
  if (!condition) return fail(condition.error());
  add.condition = *condition;
  Result<Bytes> member = member_field(body);
  if (!member) return fail(member.error());
  add.member = *std::move(member);
  const Result<std::optional<double>> by = score_field(body, "by");
  if (!by) return fail(by.error());
  add.step = by->value_or(1);
  return add;
}

Result<ScoreRange> range_in(dom::object body) {
  ScoreRange range;
  const Result<std::string_view> by = field(body, "by") ? string_field(body, "by") : "rank";
  if (!by) return fail(by.error());
  if (*by == "score") {
    range.by = ScoreRange::By::kScore;
  } else if (*by == "member") {
    range.by = ScoreRange::By::kMember;
  } else if (*by != "rank") {
    return refuse(fmt::format("a range is by rank, score or member, not by \"{}\"", *by));
  }
  for (const auto& [name, place] : {std::pair("first", &range.first), std::pair("last", &range.last)}) {
    const Result<std::optional<std::int64_t>> rank = whole_field(body, name);
    if (!rank) return fail(rank.error());
    *place = rank->value_or(*place);
  }
  for (const auto& [name, place] : {std::pair("min", &range.min), std::pair("max", &range.max)}) {
    const Result<std::optional<double>> score = score_field(body, name);
    if (!score) return fail(score.error());
    *place = score->value_or(*place);
  }
  for (const auto& [name, place] : {std::pair("from", &range.from), std::pair("to", &range.to)}) {
    Result<std::optional<Bytes>> member = base64_field(body, name);
    if (!member) return fail(member.error());
    *place = *std::move(member);
  }
  PANDO_RETURN_IF_ERROR(read_flags(body, {{"min_open", &range.min_open},
                                          {"max_open", &range.max_open},
                                          {"from_open", &range.from_open},
                                          {"to_open", &range.to_open},
                                          {"reverse", &range.reverse}}));
  return range;
}

Result<std::uint64_t> count_in(dom::object body, std::string_view name, std::uint64_t fallback) {
  const Result<std::optional<std::int64_t>> count = whole_field(body, name);
  if (!count) return fail(count.error());
  if (!*count) return fallback;
  if (**count < 1) return refuse(fmt::format("field \"{}\" must be above 0", name));
  return static_cast<std::uint64_t>(**count);
}

Result<Mutation::Detail> cut_in(dom::object body) {
  RemoveScoreRange remove;
  Result<ScoreRange> range = range_in(body);
  if (!range) return fail(range.error());
  remove.range = *std::move(range);
  const Result<std::uint64_t> limit = count_in(body, "limit", UINT64_MAX);
  if (!limit) return fail(limit.error());
  remove.count_max = *limit;
  return remove;
}

Result<Mutation::Detail> pop_scores_in(dom::object body) {
  RemoveScoreRange remove;
  remove.give_back = true;
  const Result<std::string_view> end = field(body, "end") ? string_field(body, "end") : "top";
  if (!end) return fail(end.error());
  if (*end != "top" && *end != "bottom") return refuse("field \"end\" must be \"top\" or \"bottom\"");
  remove.range.reverse = *end == "top";
  const Result<std::uint64_t> count = count_in(body, "count", 1);
  if (!count) return fail(count.error());
  if (*count > limits::kListKeysMax) return refuse(fmt::format("field \"count\" is at most {}", limits::kListKeysMax));
  remove.count_max = *count;
  return remove;
}

}  // namespace

Result<double> score_of(dom::element element, std::string_view name) {
  double score = 0;
  if (element.get_double().get(score) == simdjson::SUCCESS) return score;
  std::string_view text;
  if (element.get_string().get(text) == simdjson::SUCCESS) {
    if (const Result<double> parsed = parse_score(text)) return *parsed;
  }
  return refuse(fmt::format("field \"{}\" must be a number, \"inf\" or \"-inf\"", name));
}

Result<Mutation::Detail> score_change(std::string_view change, dom::object body) {
  if (change == "add") return add_in(body);
  if (change == "incr") return incr_in(body);
  if (change == "cut") return cut_in(body);
  if (change == "pop") return pop_scores_in(body);
  if (change == "delete") return Mutation::Detail(DeleteTyped{ValueType::kScores});
  if (change == "remove") {
    Result<std::vector<Bytes>> members = members_field(body);
    if (!members) return fail(members.error());
    return Mutation::Detail(RemoveScores{*std::move(members)});
  }
  return refuse(fmt::format("unknown change \"{}\" of a sorted set; there are {}", change, kScoreChanges));
}

Result<Mutation> score_item(dom::object item) { return detail_item(item, score_change); }

}  // namespace pando::api
