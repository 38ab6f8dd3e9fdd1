// Sorted sets: leaderboards, priorities, anything that is ranked.
// deterministic: floating point, as IEEE 754 doubles without contraction: the same on every site.
#include "api/json_body.h"
#include "api/mutations.h"
#include "api/reply_text.h"
#include "api/rest_query.h"
#include "api/route.h"
#include "api/score_changes.h"

namespace pando::api {
namespace {

constexpr char kAdd[] = "add";
constexpr char kIncr[] = "incr";
constexpr char kRemove[] = "remove";
constexpr char kCut[] = "cut";
constexpr char kPop[] = "pop";
constexpr char kDelete[] = "delete";

template <const char* kName>
Result<Request> parse_change(Call& call, JsonBody& body) {
  return write_change(call, body, kName, score_change);
}

Result<Request> parse_tx(Call& call, JsonBody& body) {
  const auto object = body.object();
  if (!object) return fail(object.error());
  Result<Mutation> m = score_item(*object);
  if (!m) return fail(m.error());
  return append_to_tx(call, *std::move(m));
}

Result<double> score_parameter(std::string_view query, std::string_view name, double fallback) {
  const auto text = query_parameter(query, name);
  if (!text) return fail(text.error());
  if (!*text) return fallback;
  const Result<double> score = parse_score(**text);
  if (!score) return refuse(fmt::format("parameter \"{}\" must be a number, inf or -inf", name));
  return score;
}

Result<ScoreRange> range_of(std::string_view query) {
  ScoreRange range;
  const auto by = query_parameter(query, "by");
  if (!by) return fail(by.error());
  if (*by && **by == "score") {
    range.by = ScoreRange::By::kScore;
  } else if (*by && **by == "member") {
    range.by = ScoreRange::By::kMember;
  } else if (*by && **by != "rank") {
    return refuse(fmt::format("a range is by rank, score or member, not by \"{}\"", **by));
  }
  for (const auto& [name, place] : {std::pair("first", &range.first), std::pair("last", &range.last)}) {
    const Result<std::int64_t> rank = whole_parameter(query, name, *place);
    if (!rank) return fail(rank.error());
    *place = *rank;
  }
  for (const auto& [name, place] : {std::pair("min", &range.min), std::pair("max", &range.max)}) {
    const Result<double> score = score_parameter(query, name, *place);
    if (!score) return fail(score.error());
    *place = *score;
  }
  for (const auto& [name, place] : {std::pair("from", &range.from), std::pair("to", &range.to)}) {
    auto member = query_parameter(query, name);
    if (!member) return fail(member.error());
    *place = *std::move(member);
  }
  for (const auto& [name, place] : {std::pair("min_open", &range.min_open), std::pair("max_open", &range.max_open),
                                    std::pair("from_open", &range.from_open), std::pair("to_open", &range.to_open),
                                    std::pair("reverse", &range.reverse)}) {
    const Result<bool> flag = bool_parameter(query, name);
    if (!flag) return fail(flag.error());
    *place = *flag;
  }
  return range;
}

Result<Request> list(Call& call, ScoreRange range, std::uint32_t fallback) {
  ListScoresRequest request;
  Result<std::string> table = table_parameter(call.query);
  if (!table) return fail(table.error());
  const Result<std::uint32_t> limit = limit_parameter(call.query, fallback);
  if (!limit) return fail(limit.error());
  const Result<std::int64_t> offset = whole_parameter(call.query, "offset", 0);
  if (!offset) return fail(offset.error());
  if (*offset < 0) return refuse("parameter \"offset\" must not be negative");
  request.table = *std::move(table);
  request.key = std::move(call.key);
  request.range = std::move(range);
  request.offset = static_cast<std::uint64_t>(*offset);
  request.count_max = *limit;
  return Request(std::move(request));
}

Result<Request> parse_range(Call& call, JsonBody&) {
  Result<ScoreRange> range = range_of(call.query);
  if (!range) return fail(range.error());
  return list(call, *std::move(range), 100);
}

Result<Request> parse_top(Call& call, JsonBody&) {
  ScoreRange range;
  range.reverse = true;
  return list(call, range, 10);
}

Result<Request> parse_count(Call& call, JsonBody&) {
  Result<std::string> table = table_parameter(call.query);
  if (!table) return fail(table.error());
  Result<ScoreRange> range = range_of(call.query);
  if (!range) return fail(range.error());
  return Request(CountScoresRequest{*std::move(table), std::move(call.key), *std::move(range)});
}

Result<Request> parse_rank(Call& call, JsonBody&) {
  Result<std::string> table = table_parameter(call.query);
  if (!table) return fail(table.error());
  const Result<bool> reverse = bool_parameter(call.query, "reverse");
  if (!reverse) return fail(reverse.error());
  return Request(GetRankRequest{*std::move(table), std::move(call.key), std::move(call.member), *reverse});
}

Result<Request> parse_score_of(Call& call, JsonBody&) {
  Result<std::string> table = table_parameter(call.query);
  if (!table) return fail(table.error());
  return Request(GetScoresRequest{*std::move(table), std::move(call.key), {std::move(call.member)}});
}

// What JSON has no number for is text.
void append_score(Bytes& out, double score) {
  const std::string text = score_text(score);
  const bool number = text != "inf" && text != "-inf";
  if (!number) out.push_back('"');
  out += text;
  if (!number) out.push_back('"');
}

void append_result(Bytes& out, std::string_view name, const DoneReply& done) {
  out += R"({"success":true)";
  if (!done.results.empty()) append_field(out, name, done.results.front());
  out.push_back('}');
}
void append_added(Bytes& out, const Call&, const DoneReply& done) { append_result(out, "added", done); }
void append_removed(Bytes& out, const Call&, const DoneReply& done) { append_result(out, "removed", done); }

void append_counted(Bytes& out, const Call&, const DoneReply& done) {
  out += R"({"success":true)";
  if (!done.results.empty()) append_flag(out, "done", done.results.front() == 1);
  if (!done.returned.empty() && !done.returned.front().empty()) {
    append_name(out, "score");
    append_score(out, parse_score(done.returned.front().front()).value_or(0));
  }
  out.push_back('}');
}

void append_entry(Bytes& out, ByteSpan member, double score) {
  append_comma(out);
  out += R"({"member":)";
  append_json_base64(out, member);
  append_name(out, "score");
  append_score(out, score);
  out.push_back('}');
}

void append_popped(Bytes& out, const Call&, const DoneReply& done) {
  out += R"({"success":true)";
  if (!done.returned.empty()) {
    append_name(out, "members");
    out.push_back('[');
    const std::vector<Bytes>& pairs = done.returned.front();
    for (std::size_t i = 0; i + 1 < pairs.size(); i += 2) {
      append_entry(out, pairs[i], parse_score(pairs[i + 1]).value_or(0));
    }
    out.push_back(']');
  }
  out.push_back('}');
}

void append_range(Bytes& out, const Call&, const ScoreListReply& list) {
  out += R"({"members":[)";
  for (const auto& entry : list.entries) append_entry(out, entry.member, entry.score);
  out.push_back(']');
  append_flag(out, "more", list.more);
  out.push_back('}');
}

void append_count(Bytes& out, const Call&, const ScoreCountReply& count) {
  out.push_back('{');
  append_field(out, "count", count.count);
  out.push_back('}');
}

void append_rank(Bytes& out, const Call&, const RankReply& rank) {
  out.push_back('{');
  append_flag(out, "found", rank.found);
  if (rank.found) {
    append_field(out, "rank", rank.rank);
    append_name(out, "score");
    append_score(out, rank.score);
  }
  append_field(out, "size", rank.size);
  out.push_back('}');
}

void append_score_of(Bytes& out, const Call&, const ScoresReply& reply) {
  out.push_back('{');
  append_flag(out, "found", reply.scores.front().has_value());
  if (reply.scores.front()) {
    append_name(out, "score");
    append_score(out, *reply.scores.front());
  }
  out.push_back('}');
}

constexpr Parameter kTable[] = {{"table", "kv when left out"}};
constexpr Parameter kRangeOf[] = {
    {"table", "kv when left out"},
    {"by", "rank (the default), score or member"},
    {"first", "By rank: from there on, 0 when left out; negative counts from the end", Parameter::Type::kNumber},
    {"last", "By rank: up to there, -1 when left out", Parameter::Type::kNumber},
    {"min", "By score: from there on; a number, -inf or inf"},
    {"max", "By score: up to there"},
    {"min_open", "Without those of exactly this score", Parameter::Type::kBool},
    {"max_open", "Likewise", Parameter::Type::kBool},
    {"from", "By member: from there on, in byte order"},
    {"to", "By member: up to there"},
    {"from_open", "Without this very member", Parameter::Type::kBool},
    {"to_open", "Likewise", Parameter::Type::kBool},
    {"reverse", "From the highest to the lowest; ranks count from the highest then", Parameter::Type::kBool},
    {"offset", "Without so many of the first", Parameter::Type::kNumber},
    {"limit", "At most so many, 1 to 10000; 100 when left out", Parameter::Type::kNumber},
};
constexpr Parameter kTop[] = {
    {"table", "kv when left out"},
    {"offset", "Without so many of the first", Parameter::Type::kNumber},
    {"limit", "At most so many, 1 to 10000; 10 when left out", Parameter::Type::kNumber},
};
constexpr Parameter kRank[] = {
    {"table", "kv when left out"},
    {"reverse", "Count from the highest score", Parameter::Type::kBool},
};

constexpr RouteRow kRows[] = {
    {.method = Method::kPost,
     .path = "/{ns}/sorted-sets/{key}/add",
     .id = "sorted_set_add",
     .summary = "Set the scores of members, all or none",
     .takes = kWriteTerms | kTakesConditions,
     .query = kTable,
     .body = json("ScoresAdd", R"({"members":[{"member":"YWRh","score":1200}],"gt":true})"),
     .answer = json("ScoresAdded"),
     .refusals = {409},
     .parse = parse_change<kAdd>,
     .reply = reply_with<append_added>},
    {.method = Method::kPost,
     .path = "/{ns}/sorted-sets/{key}/incr",
     .id = "sorted_set_incr",
     .summary = "Add to the score of a member; sites that add at once all count",
     .takes = kWriteTerms | kTakesConditions,
     .query = kTable,
     .body = json("ScoreIncr", R"({"member":"YWRh","by":2.5})"),
     .answer = json("ScoreCounted"),
     .refusals = {409},
     .parse = parse_change<kIncr>,
     .reply = reply_with<append_counted>},
    {.method = Method::kPost,
     .path = "/{ns}/sorted-sets/{key}/remove",
     .id = "sorted_set_remove",
     .summary = "Remove members; those not in are fine",
     .takes = kWriteTerms | kTakesConditions,
     .query = kTable,
     .body = json("Members", R"({"members":["YWRh"]})"),
     .answer = json("Removed"),
     .refusals = {409},
     .parse = parse_change<kRemove>,
     .reply = reply_with<append_removed>},
    {.method = Method::kPost,
     .path = "/{ns}/sorted-sets/{key}/cut",
     .id = "sorted_set_cut",
     .summary = "Remove a range of members",
     .takes = kWriteTerms | kTakesConditions,
     .query = kTable,
     .body = json("ScoresCut", R"({"by":"rank","first":0,"last":-101})"),
     .answer = json("Removed"),
     .refusals = {409},
     .parse = parse_change<kCut>,
     .reply = reply_with<append_removed>},
    {.method = Method::kPost,
     .path = "/{ns}/sorted-sets/{key}/pop",
     .id = "sorted_set_pop",
     .summary = "Remove the highest or the lowest members, and tell which",
     .takes = kWriteTerms | kTakesConditions,
     .query = kTable,
     .body = optional_json("ScoresPop", R"({"end":"bottom","count":2})"),
     .answer = json("ScoresPopped"),
     .refusals = {409},
     .parse = parse_change<kPop>,
     .reply = reply_with<append_popped>},
    {.method = Method::kGet,
     .path = "/{ns}/sorted-sets/{key}/range",
     .id = "sorted_set_range",
     .summary = "List a range of members by rank, score or member",
     .takes = kReadTerms | kTakesConditions,
     .query = kRangeOf,
     .answer = json("ScoreList"),
     .refusals = {409},
     .parse = parse_range,
     .reply = reply_with<append_range>},
    {.method = Method::kGet,
     .path = "/{ns}/sorted-sets/{key}/top",
     .id = "sorted_set_top",
     .summary = "List the members with the highest scores",
     .takes = kReadTerms | kTakesConditions,
     .query = kTop,
     .answer = json("ScoreList"),
     .refusals = {409},
     .parse = parse_top,
     .reply = reply_with<append_range>},
    {.method = Method::kGet,
     .path = "/{ns}/sorted-sets/{key}/count",
     .id = "sorted_set_count",
     .summary = "Count the members, of a range or of all",
     .takes = kReadTerms | kTakesConditions,
     .query = kRangeOf,
     .answer = json("ScoreCount"),
     .refusals = {409},
     .parse = parse_count,
     .reply = reply_with<append_count>},
    {.method = Method::kGet,
     .path = "/{ns}/sorted-sets/{key}/rank/{member}",
     .id = "sorted_set_rank",
     .summary = "Tell the rank of a member, counted from 0 at the lowest score",
     .takes = kReadTerms | kTakesConditions,
     .query = kRank,
     .answer = json("Rank"),
     .refusals = {409},
     .parse = parse_rank,
     .reply = reply_with<append_rank>},
    {.method = Method::kGet,
     .path = "/{ns}/sorted-sets/{key}/score/{member}",
     .id = "sorted_set_score",
     .summary = "Tell the score of a member",
     .takes = kReadTerms | kTakesConditions,
     .query = kTable,
     .answer = json("ScoreOf"),
     .refusals = {409},
     .parse = parse_score_of,
     .reply = reply_with<append_score_of>},
    {.method = Method::kGet,
     .path = "/{ns}/sorted-sets/{key}",
     .id = "sorted_set_list",
     .summary = "List members in the order of their scores, as /range does",
     .takes = kReadTerms | kTakesConditions,
     .query = kRangeOf,
     .answer = json("ScoreList"),
     .refusals = {409},
     .parse = parse_range,
     .reply = reply_with<append_range>},
    {.method = Method::kDelete,
     .path = "/{ns}/sorted-sets/{key}",
     .id = "sorted_set_delete",
     .summary = "Delete the sorted set with all members seen here",
     .takes = kWriteTerms | kTakesConditions,
     .query = kTable,
     .answer = json("Success"),
     .refusals = {409},
     .parse = parse_change<kDelete>,
     .reply = reply_with<append_done>},
    {.method = Method::kPost,
     .path = "/{ns}/tx/{tx}/sorted-sets",
     .id = "tx_sorted_set",
     .summary = "Append a change of a sorted set to a transaction",
     .body = json("TxScores", R"({"key":"scores","change":"incr","member":"YWRh","by":10})"),
     .answer = json("Success"),
     .refusals = {409, 410},
     .parse = parse_tx,
     .reply = reply_with<append_done>},
};

constexpr SchemaRow kSchemas[] = {
    {"Score", R"({"description":"a number, or what JSON has none for","anyOf":[{"type":"number"},)"
              R"({"enum":["inf","-inf"]}]})"},
    {"Scored", R"({"type":"object","required":["member","score"],"properties":{"member":{"$ref":"Base64"},)"
               R"("score":{"$ref":"Score"}}})"},
    {"ScoresAdd", R"({"type":"object","properties":{"members":{"type":"array","minItems":1,"maxItems":100000,)"
                  R"("items":{"$ref":"Scored"},"description":"or one member and score beside the flags"},)"
                  R"("member":{"$ref":"Base64"},"score":{"$ref":"Score"},)"
                  R"("nx":{"type":"boolean","description":"only members that are not in"},)"
                  R"("xx":{"type":"boolean","description":"only members that are in"},)"
                  R"("gt":{"type":"boolean","description":"only where the score is greater than before"},)"
                  R"("lt":{"type":"boolean","description":"only where it is less"},)"
                  R"("ch":{"type":"boolean","description":"count the changed ones too"}}})"},
    {"ScoresAdded", R"({"type":"object","required":["success"],"properties":{"success":{"const":true},)"
                    R"("added":{"$ref":"Count","description":"members that are new"}}})"},
    {"ScoreIncr", R"({"type":"object","required":["member"],"properties":{"member":{"$ref":"Base64"},)"
                  R"("by":{"type":"number","default":1,"minimum":-1e15,"maximum":1e15,)"
                  R"("description":"counted in billionths"},)"
                  R"("nx":{"type":"boolean"},"xx":{"type":"boolean"},"gt":{"type":"boolean"},)"
                  R"("lt":{"type":"boolean"}}})"},
    {"ScoreCounted", R"({"type":"object","required":["success"],"properties":{"success":{"const":true},)"
                     R"("done":{"type":"boolean","description":"false: the condition was not met"},)"
                     R"("score":{"$ref":"Score","description":"the score here after it"}}})"},
    {"Removed", R"({"type":"object","required":["success"],"properties":{"success":{"const":true},)"
                R"("removed":{"$ref":"Count"}}})"},
    {"ScoresCut", R"({"type":"object","properties":{"by":{"enum":["rank","score","member"]},)"
                  R"("first":{"type":"integer"},"last":{"type":"integer"},"min":{"$ref":"Score"},)"
                  R"("max":{"$ref":"Score"},"from":{"$ref":"Base64"},"to":{"$ref":"Base64"},)"
                  R"("min_open":{"type":"boolean"},"max_open":{"type":"boolean"},"from_open":{"type":"boolean"},)"
                  R"("to_open":{"type":"boolean"},"reverse":{"type":"boolean"},)"
                  R"("limit":{"type":"integer","minimum":1}}})"},
    {"ScoresPop", R"({"type":"object","properties":{"end":{"enum":["top","bottom"],"default":"top"},)"
                  R"("count":{"type":"integer","minimum":1,"maximum":10000,"default":1}}})"},
    {"ScoresPopped", R"({"type":"object","required":["success"],"properties":{"success":{"const":true},)"
                     R"("members":{"type":"array","items":{"$ref":"Scored"}}}})"},
    {"ScoreList", R"({"type":"object","required":["members","more"],"properties":{"members":{"type":"array",)"
                  R"("items":{"$ref":"Scored"}},"more":{"type":"boolean",)"
                  R"("description":"the range goes on; ask again with offset="}}})"},
    {"ScoreCount", R"({"type":"object","required":["count"],"properties":{"count":{"$ref":"Count"}}})"},
    {"Rank", R"({"type":"object","required":["found","size"],"properties":{"found":{"type":"boolean"},)"
             R"("rank":{"$ref":"Count"},"score":{"$ref":"Score"},"size":{"$ref":"Count",)"
             R"("description":"of the whole set"}}})"},
    {"ScoreOf", R"({"type":"object","required":["found"],"properties":{"found":{"type":"boolean"},)"
                R"("score":{"$ref":"Score"}}})"},
    {"TxScores",
     R"({"type":"object","required":["key","change"],"properties":{"key":{"$ref":"Key"},)"
     R"("table":{"type":"string"},"change":{"enum":["add","incr","remove","cut","pop","delete"]}},"additionalProperties":true,)"
     R"("description":"beside these, the fields that the route of the same name takes"})"},
};

}  // namespace

Area scores_routes() {
  return {"sorted-sets", "Members in the order of their scores. Additions of all sites count exactly.", kRows,
          kSchemas};
}

}  // namespace pando::api
