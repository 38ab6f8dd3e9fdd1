// Sorted sets and lists over HTTP: what requests become, what replies look like.
#include <gtest/gtest.h>

#include <limits>

#include "api/rest.h"
#include "api/samples_suite.h"

namespace pando::api::sequences_test {
namespace {

Result<Request> parse(std::string_view line, std::string_view body = "") {
  static Rest rest;
  const std::size_t space = line.find(' ');
  auto call = route(method_of(line.substr(0, space)), line.substr(space + 1));
  if (!call) return fail(StatusCode::kInternal, "no route: " + call.error().text);
  Bytes owned(body);
  return rest.parse(*call, {}, owned);
}

template <typename T>
T asked(std::string_view line, std::string_view body = "") {
  Result<Request> request = parse(line, body);
  EXPECT_TRUE(request && std::holds_alternative<T>(*request)) << line;
  return request && std::holds_alternative<T>(*request) ? std::get<T>(*std::move(request)) : T{};
}

template <typename Detail>
Detail changed(std::string_view line, std::string_view body = "") {
  const auto write = asked<WriteRequest>(line, body);
  EXPECT_TRUE(write.results);
  EXPECT_EQ(write.mutations.size(), 1u);
  if (write.mutations.size() != 1 || !std::holds_alternative<Detail>(write.mutations[0].detail)) {
    ADD_FAILURE() << line << " is something else";
    return {};
  }
  EXPECT_EQ(write.mutations[0].kind, Mutation::Kind::kDetail);
  EXPECT_EQ(write.mutations[0].key, "k");
  return std::get<Detail>(write.mutations[0].detail);
}

std::string refusal(std::string_view line, std::string_view body = "") {
  const Result<Request> request = parse(line, body);
  return request ? "taken" : request.error().message();
}

constexpr std::string_view kScores = "POST /api/v1/ns/sorted-sets/k/";
constexpr std::string_view kList = "POST /api/v1/ns/lists/k/";
std::string at(std::string_view base, std::string_view rest) { return std::string(base) + std::string(rest); }

TEST(ScoresOverHttp, Changes) {
  const auto one = changed<SetScores>(at(kScores, "add"), R"({"member":"YQ==","score":1.5,"xx":true,"gt":true})");
  ASSERT_EQ(one.entries.size(), 1u);
  EXPECT_EQ(one.entries[0].member, "a");
  EXPECT_EQ(one.entries[0].score, 1.5);
  EXPECT_TRUE(one.condition.if_present && one.condition.if_greater && !one.condition.if_absent);
  const auto two = changed<SetScores>(
      at(kScores, "add"), R"({"members":[{"member":"YQ==","score":3},{"member":"Yg==","score":"-inf"}],"ch":true})");
  ASSERT_EQ(two.entries.size(), 2u);
  EXPECT_EQ(two.entries[1].score, -std::numeric_limits<double>::infinity());
  EXPECT_TRUE(two.count_changed);
  EXPECT_EQ(changed<AddToScore>(at(kScores, "incr"), R"({"member":"YQ=="})").step, 1);
  EXPECT_EQ(changed<AddToScore>(at(kScores, "incr"), R"({"member":"YQ==","by":-0.5})").step, -0.5);
  EXPECT_EQ(changed<RemoveScores>(at(kScores, "remove"), R"({"members":["YQ==","Yg=="]})").members,
            (std::vector<Bytes>{"a", "b"}));
  const auto cut =
      changed<RemoveScoreRange>(at(kScores, "cut"), R"({"by":"score","max":10,"max_open":true,"limit":5})");
  EXPECT_EQ(cut.range.by, ScoreRange::By::kScore);
  EXPECT_EQ(cut.range.max, 10);
  EXPECT_TRUE(cut.range.max_open && !cut.range.min_open);
  EXPECT_EQ(cut.count_max, 5u);
  const auto pop = changed<RemoveScoreRange>(at(kScores, "pop"));
  EXPECT_TRUE(pop.range.reverse && pop.give_back);
  EXPECT_EQ(pop.count_max, 1u);
  EXPECT_EQ(changed<DeleteTyped>("DELETE /api/v1/ns/sorted-sets/k").type, ValueType::kScores);
  EXPECT_EQ(asked<WriteRequest>(at(kScores, "pop?table=games")).mutations[0].table, "games");
}

TEST(ScoresOverHttp, Reads) {
  const auto range = asked<ListScoresRequest>(
      "GET /api/v1/ns/sorted-sets/k/range?by=member&from=a%00&to=b&to_open=true&reverse=true&offset=2&limit=3&table=t");
  EXPECT_EQ(range.table, "t");
  EXPECT_EQ(range.range.by, ScoreRange::By::kMember);
  EXPECT_EQ(range.range.from, Bytes("a\0", 2));
  EXPECT_TRUE(range.range.to_open && range.range.reverse && !range.range.from_open);
  EXPECT_EQ(range.offset, 2u);
  EXPECT_EQ(range.count_max, 3u);
  const auto top = asked<ListScoresRequest>("GET /api/v1/ns/sorted-sets/k/top");
  EXPECT_TRUE(top.range.reverse);
  EXPECT_EQ(top.count_max, 10u);
  EXPECT_EQ(asked<ListScoresRequest>("GET /api/v1/ns/sorted-sets/k?first=-3").range.first, -3);
  EXPECT_EQ(asked<CountScoresRequest>("GET /api/v1/ns/sorted-sets/k/count?by=score&min=-inf&max=1e3").range.max, 1000);
  EXPECT_TRUE(asked<GetRankRequest>("GET /api/v1/ns/sorted-sets/k/rank/m?reverse=true").reverse);
  EXPECT_EQ(asked<GetScoresRequest>("GET /api/v1/ns/sorted-sets/k/score/m%2F").members, std::vector<Bytes>{"m/"});
}

TEST(ListsOverHttp, Changes) {
  const auto push = changed<ListPush>(at(kList, "push"), R"({"values":["YQ==",""],"end":"front","if_exists":true})");
  EXPECT_EQ(push.values, (std::vector<Bytes>{"a", ""}));
  EXPECT_TRUE(push.end == ListEnd::kFront && push.if_exists);
  EXPECT_EQ(changed<ListPush>(at(kList, "push"), R"({"value":"YQ=="})").end, ListEnd::kBack);
  EXPECT_EQ(changed<ListInsert>(at(kList, "insert"), R"({"index":-1,"value":"YQ=="})").index, -1);
  const auto behind = changed<ListInsert>(at(kList, "insert"), R"({"behind":"Yg==","value":"YQ=="})");
  EXPECT_TRUE(behind.behind && behind.pivot == "b");
  EXPECT_EQ(changed<ListPop>(at(kList, "pop")).count, 1u);
  EXPECT_EQ(changed<ListPop>(at(kList, "pop"), R"({"end":"back","count":3})").end, ListEnd::kBack);
  EXPECT_EQ(changed<ListSet>(at(kList, "set"), R"({"index":2,"value":"YQ=="})").value, "a");
  EXPECT_EQ(changed<ListRemove>(at(kList, "remove"), R"({"value":"YQ==","count":-2})").count, -2);
  EXPECT_FALSE(changed<ListCut>(at(kList, "cut"), R"({"first":1,"last":2})").keep);
  EXPECT_TRUE(changed<ListCut>(at(kList, "keep"), R"({"first":1,"last":2})").keep);
  EXPECT_EQ(changed<ListMove>(at(kList, "move"), R"({"from":1,"to":-1})").to, -1);
  EXPECT_EQ(changed<DeleteTyped>("DELETE /api/v1/ns/lists/k").type, ValueType::kList);
}

TEST(ListsOverHttp, Reads) {
  const auto range = asked<GetItemsRequest>("GET /api/v1/ns/lists/k/range?first=2&last=-2&limit=7&table=t");
  EXPECT_EQ(range.table, "t");
  EXPECT_EQ(range.first, 2);
  EXPECT_EQ(range.last, -2);
  EXPECT_EQ(range.count_max, 7u);
  EXPECT_EQ(asked<GetItemsRequest>("GET /api/v1/ns/lists/k/items/-1").last, -1);
  EXPECT_EQ(asked<GetItemsRequest>("GET /api/v1/ns/lists/k/length").count_max, 0u);
  const auto find = asked<FindItemsRequest>("GET /api/v1/ns/lists/k/find?value=%00&reverse=true&limit=9");
  EXPECT_EQ(find.value, Bytes("\0", 1));
  EXPECT_TRUE(find.reverse);
  EXPECT_EQ(find.count_max, 9u);
}

TEST(SequencesOverHttp, ItemsOfTransactionsAreTheSameChanges) {
  const auto scores = asked<TxAppendRequest>("POST /api/v1/ns/tx/t1/sorted-sets",
                                             R"({"key":"k","table":"games","change":"incr","member":"YQ==","by":2})");
  EXPECT_EQ(scores.mutation->table, "games");
  EXPECT_EQ(std::get<AddToScore>(scores.mutation->detail).step, 2);
  const auto list =
      asked<TxAppendRequest>("POST /api/v1/ns/tx/t1/lists", R"({"key":"k","change":"push","value":"YQ=="})");
  EXPECT_EQ(std::get<ListPush>(list.mutation->detail).values, std::vector<Bytes>{"a"});
  EXPECT_EQ(refusal("POST /api/v1/ns/tx/t1/lists", R"({"key":"k","change":"sort"})"),
            "unknown change \"sort\" of a list; there are push, insert, pop, set, remove, cut, keep, move, delete");
}

TEST(SequencesOverHttp, MistakesAreNamed) {
  struct Row {
    std::string line;
    std::string_view body;
    std::string_view text;
  };
  const Row rows[] = {
      {at(kScores, "add"), "{}", "missing field \"member\""},
      {at(kScores, "add"), R"({"member":"YQ=="})", "missing field \"score\""},
      {at(kScores, "add"), R"({"member":"YQ==","score":"high"})",
       "field \"score\" must be a number, \"inf\" or \"-inf\""},
      {at(kScores, "add"), R"({"members":[{"member":"YQ==","score":1},{"member":"","score":1}]})",
       "member 1: member is empty"},
      {at(kScores, "add"), R"({"members":[1]})", "member 0: must be an object"},
      {at(kScores, "add"), R"({"member":"YQ==","score":1,"nx":1})", "field \"nx\" must be true or false"},
      {at(kScores, "cut"), R"({"by":"name"})", "a range is by rank, score or member, not by \"name\""},
      {at(kScores, "pop"), R"({"end":"left"})", "field \"end\" must be \"top\" or \"bottom\""},
      {at(kScores, "pop"), R"({"count":0})", "field \"count\" must be above 0"},
      {at(kScores, "incr?table=.tables"), R"({"member":"YQ=="})",
       "table \".tables\" holds what Pando keeps for itself; name another one"},
      {at(kScores, "incr?table=lob"), R"({"member":"YQ=="})", "table \"lob\" holds objects only; name another one"},
      {"GET /api/v1/ns/sorted-sets/k/range?min=low", "", "parameter \"min\" must be a number, inf or -inf"},
      {"GET /api/v1/ns/sorted-sets/k/range?first=x", "",
       "parameter \"first\" must be a whole number that fits 64 bits"},
      {"GET /api/v1/ns/sorted-sets/k/range?offset=-1", "", "parameter \"offset\" must not be negative"},
      {at(kList, "push"), "{}", "no values"},
      {at(kList, "push"), R"({"values":[]})", "no values"},
      {at(kList, "push"), R"({"values":["YQ==","x"]})",
       "values 1: invalid base64 value: illegal base64 data at input byte 1"},
      {at(kList, "push"), R"({"value":"YQ==","end":"left"})", "field \"end\" must be \"front\" or \"back\""},
      {at(kList, "insert"), R"({"value":"YQ=="})", "say where: one of \"index\", \"before\" and \"behind\""},
      {at(kList, "move"), R"({"from":1})", "missing field \"to\""},
      {"GET /api/v1/ns/lists/k/items/first", "", "\"first\" is no index: a whole number that fits 64 bits"},
      {"GET /api/v1/ns/lists/k/find", "", "missing parameter \"value\""},
  };
  for (const Row& row : rows) EXPECT_EQ(refusal(row.line, row.body), row.text) << row.line << " " << row.body;
}

// Replies. -------------------------------------------------------------------------------------------------------

std::string answer(std::string_view line, ReplyBody body) {
  const std::size_t space = line.find(' ');
  auto call = route(method_of(line.substr(0, space)), line.substr(space + 1));
  EXPECT_TRUE(call.has_value()) << line;
  Bytes out;
  EXPECT_EQ(append_reply(*call, Reply{{}, std::move(body), {}}, out), 200);
  EXPECT_EQ(out.back(), '\n');
  return out.substr(0, out.size() - 1);
}

constexpr double kInf = std::numeric_limits<double>::infinity();

TEST(SequencesOverHttp, Replies) {
  EXPECT_EQ(answer(at(kScores, "add"), DoneReply{1, {2}}), R"({"success":true,"added":2})");
  EXPECT_EQ(answer(at(kScores, "add"), DoneReply{1}), R"({"success":true})") << "a retry that was done before";
  EXPECT_EQ(answer(at(kScores, "incr"), DoneReply{1, {1}, {{"2.5"}}}), R"({"success":true,"done":true,"score":2.5})");
  EXPECT_EQ(answer(at(kScores, "incr"), DoneReply{1, {0}, {{}}}), R"({"success":true,"done":false})");
  EXPECT_EQ(answer(at(kScores, "pop"), DoneReply{1, {2}, {{"a", "1", "b", "-inf"}}}),
            R"({"success":true,"members":[{"member":"YQ==","score":1},{"member":"Yg==","score":"-inf"}]})");
  EXPECT_EQ(answer("GET /api/v1/ns/sorted-sets/k", ScoreListReply{{{"a", 0.1}, {"b", kInf}}, true}),
            R"({"members":[{"member":"YQ==","score":0.1},{"member":"Yg==","score":"inf"}],"more":true})");
  EXPECT_EQ(answer("GET /api/v1/ns/sorted-sets/k/rank/m", RankReply{true, 3, 7, 9}),
            R"({"found":true,"rank":3,"score":7,"size":9})");
  EXPECT_EQ(answer("GET /api/v1/ns/sorted-sets/k/rank/m", RankReply{false, 0, 0, 9}), R"({"found":false,"size":9})");
  EXPECT_EQ(answer("GET /api/v1/ns/sorted-sets/k/score/m", ScoresReply{{std::nullopt}}), R"({"found":false})");
  EXPECT_EQ(answer("GET /api/v1/ns/lists/k", ItemsReply{5, 1, {"a", "b"}, true}),
            R"({"length":5,"first":1,"values":["YQ==","Yg=="],"more":true})");
  EXPECT_EQ(answer("GET /api/v1/ns/lists/k/items/0", ItemsReply{}), R"({"value":"","found":false})");
  EXPECT_EQ(answer("GET /api/v1/ns/lists/k/find?value=a", FoundItemsReply{{1, 4}}), R"({"indexes":[1,4]})");
  EXPECT_EQ(answer(at(kList, "pop"), DoneReply{1, {1}, {{"a"}}}), R"({"success":true,"values":["YQ=="]})");
  EXPECT_EQ(answer(at(kList, "insert"), DoneReply{1, {-1}, {{}}}), R"({"success":true,"done":false})");
  EXPECT_EQ(answer(at(kList, "push"), DoneReply{1, {4}, {{}}}), R"({"success":true,"length":4})");
}

const Sample kSamples[] = {
    {"sorted_set_add", DoneReply{1, {2}, {{}}}},
    {"sorted_set_incr", DoneReply{1, {1}, {{"-inf"}}}},
    {"sorted_set_incr", DoneReply{1, {0}, {{}}}},
    {"sorted_set_remove", DoneReply{1, {1}, {{}}}},
    {"sorted_set_cut", DoneReply{1, {1}, {{}}}},
    {"sorted_set_pop", DoneReply{1, {1}, {{"a", "1.5"}}}},
    {"sorted_set_range", ScoreListReply{{{"a", kInf}}, false}},
    {"sorted_set_top", ScoreListReply{{{"a", 1}}, true}},
    {"sorted_set_list", ScoreListReply{}},
    {"sorted_set_count", ScoreCountReply{3}},
    {"sorted_set_rank", RankReply{true, 1, 2.5, 3}},
    {"sorted_set_rank", RankReply{}},
    {"sorted_set_score", ScoresReply{{-kInf}}},
    {"sorted_set_score", ScoresReply{{std::nullopt}}},
    {"sorted_set_delete", DoneReply{1, {0}, {{}}}},
    {"tx_sorted_set", DoneReply{1}},
    {"list_push", DoneReply{1, {2}, {{}}}},
    {"list_insert", DoneReply{1, {-1}, {{}}}},
    {"list_insert", DoneReply{1, {3}, {{}}}},
    {"list_pop", DoneReply{1, {1}, {{"a"}}}},
    {"list_set", DoneReply{1, {0}, {{}}}},
    {"list_move", DoneReply{1, {0}, {{}}}},
    {"list_remove", DoneReply{1, {1}, {{}}}},
    {"list_cut", DoneReply{1, {1}, {{}}}},
    {"list_keep", DoneReply{1, {1}, {{}}}},
    {"list_range", ItemsReply{5, 1, {"a"}, true}},
    {"list_get", ItemsReply{}},
    {"list_length", ItemsReply{2, 0, {}, true}},
    {"list_item", ItemsReply{2, 1, {"b"}, false}},
    {"list_find", FoundItemsReply{{0, 7}}},
    {"list_delete", DoneReply{1, {0}, {{}}}},
    {"tx_list", DoneReply{1}},
};

}  // namespace
}  // namespace pando::api::sequences_test
