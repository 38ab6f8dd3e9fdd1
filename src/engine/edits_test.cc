#include <gtest/gtest.h>

#include <set>

#include "engine/edits.h"
#include "engine/site_suite.h"

namespace pando::engine::edits_test {
namespace {

using test::of_kind;
using test::Site;
using test::with_detail;
using Kind = Mutation::Kind;

Mutation put(Bytes key, Bytes value) {
  Mutation m = of_kind(Kind::kPut, std::move(key));
  m.value = std::move(value);
  m.convert = true;
  return m;
}
Mutation add(Bytes key, std::int64_t delta) {
  Mutation m = of_kind(Kind::kAdd, std::move(key));
  m.delta = delta;
  m.convert = true;
  return m;
}
Mutation add_decimal(Bytes key, Int128 billionths) {
  Mutation m = of_kind(Kind::kAddDecimal, std::move(key));
  m.units = billionths;
  m.convert = true;
  return m;
}
Mutation add_members(Bytes key, std::vector<Bytes> members) {
  Mutation m = of_kind(Kind::kAddMembers, std::move(key));
  m.members = std::move(members);
  return m;
}
Mutation put_fields(Bytes key, Columns columns) {
  Mutation m = of_kind(Kind::kPutColumns, std::move(key));
  m.columns = std::move(columns);
  return m;
}
Mutation push(Bytes key, std::vector<Bytes> values) {
  return with_detail(std::move(key), ListPush{ListEnd::kBack, std::move(values), false});
}
Mutation expire(Bytes key, std::int64_t at_ms) {
  return with_detail(std::move(key), ExpireChange{{TimeToLive::Kind::kUntil, at_ms}, ExpireChange::When::kAlways, {}});
}

std::int64_t result_of(Site& site, const Mutation& mutation) { return site.write(mutation).results.at(0); }
std::vector<Bytes> returned_by(Site& site, const Mutation& mutation) { return site.write(mutation).returned.at(0); }
StatusCode refusal_of(Site& site, const Mutation& mutation) {
  const auto written = site.try_write({mutation});
  return written ? StatusCode::kOk : written.error().code();
}
std::optional<Bytes> value_of(Site& site, Bytes key) {
  const auto reply = site.read<ValueReply>(GetRequest{std::string(kTableKv), std::move(key), true});
  return reply.found ? std::optional(reply.value) : std::nullopt;
}
std::vector<Bytes> members_of(Site& site, Bytes key) {
  return site.read<MembersReply>(ListMembersRequest{std::string(kTableKv), std::move(key), {}, {}, 1000}).members;
}
Columns fields_of(Site& site, Bytes key) {
  return site.read<RowReply>(GetRowRequest{std::move(key), std::nullopt, std::string(kTableKv)}).columns;
}
std::vector<Bytes> items_of(Site& site, Bytes key) {
  return site.read<ItemsReply>(GetItemsRequest{std::string(kTableKv), std::move(key), 0, -1, 1000}).values;
}
std::optional<ValueType> type_of(Site& site, Bytes key) {
  return site.read<TypeReply>(GetTypeRequest{std::string(kTableKv), std::move(key)}).type;
}
TtlReply ttl_of(Site& site, Bytes key) {
  return site.read<TtlReply>(GetTtlRequest{std::string(kTableKv), std::move(key), {}});
}

// Values. ------------------------------------------------------------------------------------------------------

TEST(Edits, TextIsChangedByWhatItWas) {
  Site site;
  EXPECT_EQ(result_of(site, with_detail("k", AppendText{"Hello"})), 5);
  EXPECT_EQ(result_of(site, with_detail("k", AppendText{" World"})), 11);
  EXPECT_EQ(result_of(site, with_detail("k", OverwriteText{6, "Redis"})), 11);
  EXPECT_EQ(value_of(site, "k"), "Hello Redis");
  EXPECT_EQ(result_of(site, with_detail("new", OverwriteText{2, "x"})), 3);
  EXPECT_EQ(value_of(site, "new"), Bytes("\0\0x", 3));
  EXPECT_EQ(result_of(site, with_detail("none", OverwriteText{5, ""})), 0);
  EXPECT_EQ(type_of(site, "none"), std::nullopt);
  EXPECT_EQ(result_of(site, with_detail("bits", SetBit{7, true})), 0);
  EXPECT_EQ(result_of(site, with_detail("bits", SetBit{7, true})), 1);
  EXPECT_EQ(value_of(site, "bits"), Bytes("\x01"));
  EXPECT_EQ(refusal_of(site, with_detail("k", OverwriteText{limits::kValueBytesMax, "x"})), StatusCode::kTooLarge);
  EXPECT_EQ(refusal_of(site, with_detail("k", SetBit{UINT64_MAX, true})), StatusCode::kTooLarge);
}

TEST(Edits, ACounterIsTextToThem) {
  Site site;
  site.write(add("n", 10));
  EXPECT_EQ(result_of(site, with_detail("n", AppendText{"5"})), 3);
  EXPECT_EQ(value_of(site, "n"), "105");
  EXPECT_EQ(result_of(site, add("n", 1)), 106);
  EXPECT_EQ(returned_by(site, with_detail("n", TellValue{})), std::vector<Bytes>{"106"});
  EXPECT_TRUE(returned_by(site, with_detail("none", TellValue{})).empty());
  site.write(add_members("s", {"m"}));
  EXPECT_EQ(refusal_of(site, with_detail("s", TellValue{})), StatusCode::kWrongType);
  EXPECT_EQ(refusal_of(site, with_detail("s", AppendText{"x"})), StatusCode::kWrongType);
}

TEST(Edits, TheyLeaveTheEndOfTheirKey) {
  Site site;
  site.write(put("k", "v"));
  site.write(expire("k", 1'000));
  site.write(with_detail("k", AppendText{"w"}));
  EXPECT_EQ(ttl_of(site, "k").at_ms, 1'000);
  Mutation keeping = put("k", "other");
  keeping.ttl = TimeToLive{TimeToLive::Kind::kKeep, 0};
  site.write(keeping);
  EXPECT_EQ(ttl_of(site, "k").at_ms, 1'000);
  // Also where it takes the place of another type.
  site.write(push("l", {"x"}));
  site.write(expire("l", 1'000));
  keeping.key = "l";
  site.write(keeping);
  EXPECT_EQ(value_of(site, "l"), "other");
  EXPECT_EQ(ttl_of(site, "l").at_ms, 1'000);
  site.write(put("k", "plain"));
  EXPECT_FALSE(ttl_of(site, "k").ends);
  site.write(expire("k", 1'000));
  site.set_now(1'000);
  // It is over: what is appended to is nothing.
  EXPECT_EQ(result_of(site, with_detail("k", AppendText{"new"})), 3);
  EXPECT_FALSE(ttl_of(site, "k").ends);
}

TEST(Edits, NumbersOfBothKindsBecomeEachOther) {
  Site site;
  constexpr Int128 kHalf = kDecimalUnit / 2;
  site.write(put("k", "10.50"));
  EXPECT_EQ(returned_by(site, add_decimal("k", kHalf)), std::vector<Bytes>{"11"});
  EXPECT_EQ(type_of(site, "k"), ValueType::kDecimal);
  EXPECT_EQ(value_of(site, "k"), "11");
  EXPECT_EQ(result_of(site, add("k", 1)), 12);
  EXPECT_EQ(type_of(site, "k"), ValueType::kCounter);
  EXPECT_EQ(returned_by(site, add_decimal("k", kHalf)), std::vector<Bytes>{"12.5"});
  EXPECT_EQ(value_of(site, "k"), "12.5");
  EXPECT_EQ(refusal_of(site, add("k", 1)), StatusCode::kPreconditionFailed);
  site.write(put("w", "word"));
  EXPECT_EQ(refusal_of(site, add_decimal("w", kHalf)), StatusCode::kPreconditionFailed);
  EXPECT_EQ(returned_by(site, add_decimal("zero", 0)), std::vector<Bytes>{"0"});
  EXPECT_EQ(value_of(site, "zero"), "0");
}

TEST(Edits, AllAbsentOrNothing) {
  Site site;
  site.write(put("b", "there"));
  EXPECT_EQ(result_of(site, with_detail("a", PutAllAbsent{{{"a", "1"}, {"b", "2"}}})), 0);
  EXPECT_EQ(value_of(site, "a"), std::nullopt);
  EXPECT_EQ(result_of(site, with_detail("a", PutAllAbsent{{{"a", "1"}, {"c", "2"}, {"a", "3"}}})), 1);
  EXPECT_EQ(value_of(site, "a"), "3");
  site.write(expire("b", 5));
  site.set_now(5);
  EXPECT_EQ(result_of(site, with_detail("b", PutAllAbsent{{{"b", "again"}}})), 1);
}

// Rows. --------------------------------------------------------------------------------------------------------

TEST(Edits, RowsStandBesideOtherTypes) {
  Site site;
  EXPECT_EQ(result_of(site, put_fields("h", {{"f", "1"}, {"g", "2"}})), 2);
  EXPECT_EQ(type_of(site, "h"), ValueType::kRow);
  EXPECT_EQ(fields_of(site, "h"), (Columns{{"f", "1"}, {"g", "2"}}));
  EXPECT_EQ(refusal_of(site, add_members("h", {"m"})), StatusCode::kWrongType);
  site.write(put("s", "v"));
  EXPECT_EQ(refusal_of(site, put_fields("s", {{"f", "1"}})), StatusCode::kWrongType);
  // A plain value takes the place of anything.
  site.write(put("h", "plain"));
  EXPECT_EQ(type_of(site, "h"), ValueType::kValue);
  // The table of rows is one of its own.
  Mutation other = put_fields("s", {{"f", "1"}});
  other.table = kTableRow;
  EXPECT_EQ(result_of(site, other), 1);
  EXPECT_EQ(value_of(site, "s"), "v");
}

TEST(Edits, FieldsAreChangedByWhatTheyWere) {
  Site site;
  EXPECT_EQ(result_of(site, with_detail("h", PutFieldAbsent{"f", "v"})), 1);
  EXPECT_EQ(result_of(site, with_detail("h", PutFieldAbsent{"f", "w"})), 0);
  EXPECT_EQ(result_of(site, with_detail("h", AddToField{"n", 5})), 5);
  EXPECT_EQ(result_of(site, with_detail("h", AddToField{"n", -7})), -2);
  EXPECT_EQ(returned_by(site, with_detail("h", AddDecimalToField{"n", kDecimalUnit / 4})), std::vector<Bytes>{"-1.75"});
  EXPECT_EQ(refusal_of(site, with_detail("h", AddToField{"n", 1})), StatusCode::kPreconditionFailed);
  EXPECT_EQ(refusal_of(site, with_detail("h", AddToField{"f", 1})), StatusCode::kPreconditionFailed);
  site.write(put_fields("h", {{"n", "9223372036854775807"}}));
  EXPECT_EQ(refusal_of(site, with_detail("h", AddToField{"n", 1})), StatusCode::kOutOfRange);
  EXPECT_EQ(site.read<MemberCountReply>(CountFieldsRequest{std::string(kTableKv), "h"}).count, 2u);
  const auto some =
      site.read<RowReply>(GetRowRequest{"h", std::vector<Bytes>{"none", "f", "f"}, std::string(kTableKv)});
  EXPECT_EQ(some.columns, (Columns{{"f", "v"}}));
  // Found, without the field that was asked for.
  EXPECT_TRUE(site.read<RowReply>(GetRowRequest{"h", std::vector<Bytes>{"none"}, std::string(kTableKv)}).found);
}

TEST(Edits, OnlyWhatRedisReadsAsANumberIsCountedOn) {
  Site site;
  for (const Bytes bad : {"", "00", "+1", " 1", "1 ", "-0", "1e3"}) {
    site.write(put_fields("h", {{"f", bad}}));
    EXPECT_EQ(refusal_of(site, with_detail("h", AddToField{"f", 1})), StatusCode::kPreconditionFailed) << bad;
  }
}

// Sets and lists. ----------------------------------------------------------------------------------------------

TEST(Edits, SetsTellHowManyChanged) {
  Site site;
  EXPECT_EQ(result_of(site, add_members("s", {"a", "b", "a"})), 2);
  EXPECT_EQ(result_of(site, add_members("s", {"b", "c"})), 1);
  Mutation remove = of_kind(Kind::kRemoveMembers, "s");
  remove.members = {"a", "z"};
  EXPECT_EQ(result_of(site, remove), 1);
  site.declare("kv", "sets", "remove");
  EXPECT_EQ(result_of(site, add_members("guarded", {"a", "b"})), 2);
  remove.key = "guarded";
  EXPECT_EQ(result_of(site, remove), 1);
}

TEST(Edits, MembersArePoppedMovedAndCombined) {
  Site site;
  site.write(add_members("s", {"a", "b", "c"}));
  site.write(add_members("t", {"b", "c", "d"}));
  const auto combined = [&](SetJoin join) {
    site.write(with_detail("out", CombineSets{join, {"s", "t"}}));
    return members_of(site, "out");
  };
  EXPECT_EQ(combined(SetJoin::kAll), (std::vector<Bytes>{"b", "c"}));
  EXPECT_EQ(combined(SetJoin::kAny), (std::vector<Bytes>{"a", "b", "c", "d"}));
  EXPECT_EQ(combined(SetJoin::kFirstOnly), (std::vector<Bytes>{"a"}));
  // Into one of its own sources, and to nothing.
  EXPECT_EQ(result_of(site, with_detail("s", CombineSets{SetJoin::kAny, {"s", "t"}})), 4);
  EXPECT_EQ(result_of(site, with_detail("out", CombineSets{SetJoin::kAll, {"s", "none"}})), 0);
  EXPECT_EQ(type_of(site, "out"), std::nullopt);

  EXPECT_EQ(result_of(site, with_detail("s", MoveMember{"new", "a"})), 1);
  EXPECT_EQ(result_of(site, with_detail("s", MoveMember{"new", "a"})), 0);
  EXPECT_EQ(members_of(site, "new"), std::vector<Bytes>{"a"});
  site.write(put("plain", "v"));
  EXPECT_EQ(refusal_of(site, with_detail("s", MoveMember{"plain", "b"})), StatusCode::kWrongType);

  const std::vector<Bytes> popped = returned_by(site, with_detail("t", PopMembers{2}));
  EXPECT_EQ(std::set<Bytes>(popped.begin(), popped.end()).size(), 2u);
  EXPECT_EQ(members_of(site, "t").size(), 1u);
  EXPECT_EQ(returned_by(site, with_detail("t", PopMembers{9})).size(), 1u);
  EXPECT_EQ(type_of(site, "t"), std::nullopt);
}

TEST(Edits, ItemsAreTransferredInOneStep) {
  Site site;
  site.write(push("from", {"a", "b", "c"}));
  EXPECT_EQ(returned_by(site, with_detail("from", ListTransfer{"to", ListEnd::kBack, ListEnd::kFront})),
            std::vector<Bytes>{"c"});
  EXPECT_EQ(returned_by(site, with_detail("from", ListTransfer{"to", ListEnd::kFront, ListEnd::kFront})),
            std::vector<Bytes>{"a"});
  EXPECT_EQ(items_of(site, "to"), (std::vector<Bytes>{"a", "c"}));
  // A list turns round.
  site.write(with_detail("to", ListTransfer{"to", ListEnd::kFront, ListEnd::kBack}));
  EXPECT_EQ(items_of(site, "to"), (std::vector<Bytes>{"c", "a"}));
  EXPECT_TRUE(returned_by(site, with_detail("none", ListTransfer{"to", ListEnd::kFront, ListEnd::kBack})).empty());
  site.write(put("plain", "v"));
  EXPECT_EQ(refusal_of(site, with_detail("to", ListTransfer{"plain", ListEnd::kFront, ListEnd::kBack})),
            StatusCode::kWrongType);
  EXPECT_EQ(items_of(site, "to").size(), 2u);
}

TEST(Edits, SortedSetsAreJoined) {
  Site site;
  const auto set = [&](Bytes key, std::vector<SetScores::Entry> entries) {
    site.write(with_detail(std::move(key), SetScores{std::move(entries), {}, false}));
  };
  const auto scores_of = [&](Bytes key) {
    ListScoresRequest list;
    list.key = std::move(key);
    std::vector<std::pair<Bytes, double>> all;
    for (const auto& entry : site.read<ScoreListReply>(list).entries) all.emplace_back(entry.member, entry.score);
    return all;
  };
  using Scores = std::vector<std::pair<Bytes, double>>;
  set("s", {{"a", 1}, {"b", 2}, {"c", 3}});
  set("t", {{"b", 10}, {"d", 20}});
  site.write(add_members("plain set", {"a", "d"}));
  site.write(add("s's other type", 1));

  const ScoreJoin any{SetJoin::kAny, ScoreJoin::Of::kSum, {}};
  EXPECT_EQ(result_of(site, with_detail("out", JoinScores{any, {"s", "t", "plain set", "none"}})), 4);
  EXPECT_EQ(scores_of("out"), (Scores{{"a", 2}, {"c", 3}, {"b", 12}, {"d", 21}}));
  const ScoreJoin all{SetJoin::kAll, ScoreJoin::Of::kLeast, {-1, 0.5}};
  EXPECT_EQ(result_of(site, with_detail("out", JoinScores{all, {"s", "t"}})), 1);
  EXPECT_EQ(scores_of("out"), (Scores{{"b", -2}}));
  // Into one of its own sources, and to nothing.
  const ScoreJoin rest{SetJoin::kFirstOnly, ScoreJoin::Of::kSum, {}};
  EXPECT_EQ(result_of(site, with_detail("t", JoinScores{rest, {"t", "s"}})), 1);
  EXPECT_EQ(scores_of("t"), (Scores{{"d", 20}}));
  EXPECT_EQ(result_of(site, with_detail("t", JoinScores{rest, {"t", "t"}})), 0);
  EXPECT_EQ(type_of(site, "t"), std::nullopt);
  EXPECT_EQ(refusal_of(site, with_detail("out", JoinScores{any, {"s", "s's other type"}})), StatusCode::kWrongType);
  EXPECT_EQ(refusal_of(site, with_detail("out", JoinScores{any, {}})), StatusCode::kInvalidArgument);
  EXPECT_EQ(refusal_of(site, with_detail("out", JoinScores{all, {"s"}})), StatusCode::kInvalidArgument)
      << "two weights";

  EXPECT_EQ(result_of(site, with_detail("out", StoreScoreRange{"s", {.first = 0, .last = -1, .reverse = true}, 1, 1})),
            1);
  EXPECT_EQ(scores_of("out"), (Scores{{"b", 2}}));
  EXPECT_EQ(result_of(site, with_detail("s", StoreScoreRange{"s", {.by = ScoreRange::By::kScore, .min = 2}})), 2);
  EXPECT_EQ(scores_of("s"), (Scores{{"b", 2}, {"c", 3}}));
  EXPECT_EQ(result_of(site, with_detail("s", StoreScoreRange{"none", {}})), 0);
  EXPECT_EQ(type_of(site, "s"), std::nullopt);
  EXPECT_EQ(refusal_of(site, with_detail("out", StoreScoreRange{"plain set", {}})), StatusCode::kWrongType);
}

TEST(Edits, AllKeysGoAtOnce) {
  Site site;
  site.write(put("a", "1"));
  site.write(add("n", 5));
  site.write(push("pre-list", {"x", "y"}));
  site.write(put_fields("pre-row", {{"f", "v"}}));
  site.write(expire("a", 5'000'000'000'000));
  EXPECT_EQ(refusal_of(site, with_detail("*", DeleteKeys{{}, 3})), StatusCode::kTooLarge);
  EXPECT_EQ(result_of(site, with_detail("*", DeleteKeys{"pre-", 10})), 2);
  EXPECT_EQ(type_of(site, "pre-row"), std::nullopt);
  EXPECT_EQ(value_of(site, "a"), "1");
  EXPECT_EQ(result_of(site, with_detail("*", DeleteKeys{{}, 2})), 2);
  EXPECT_EQ(value_of(site, "a"), std::nullopt);
  EXPECT_EQ(value_of(site, "n"), std::nullopt);
  EXPECT_EQ(result_of(site, with_detail("*", DeleteKeys{{}, 2})), 0);
}

// Keys. --------------------------------------------------------------------------------------------------------

// A key whose time has run out is there until it is freed: what takes its place does not end with it.
TEST(Edits, WhatTakesThePlaceOfAKeyThatHasEndedStays) {
  for (const bool take_away : {false, true}) {
    Site site;
    site.set_now(1'000);
    const auto copy = [&](Bytes from, Bytes to) {
      return result_of(site, with_detail(std::move(from), CopyKey{std::move(to), !take_away, take_away}));
    };
    for (const Bytes over : {"a", "b", "c", "d"}) {
      site.write(put(over, "old"));
      site.write(expire(over, 1));
    }
    site.write(put("v", "new"));
    site.write(add("n", 7));
    site.write(push("l", {"x", "y"}));
    site.write(put_fields("r", {{"f", "v"}}));
    EXPECT_EQ(copy("v", "a"), 1);
    EXPECT_EQ(copy("n", "b"), 1);
    EXPECT_EQ(copy("l", "c"), 1);
    EXPECT_EQ(copy("r", "d"), 1);
    EXPECT_EQ(value_of(site, "a"), "new");
    EXPECT_EQ(value_of(site, "b"), "7");
    EXPECT_EQ(items_of(site, "c"), (std::vector<Bytes>{"x", "y"}));
    EXPECT_EQ(type_of(site, "d"), ValueType::kRow);
  }
}

TEST(Edits, ACountOfZeroIsCopiedToo) {
  Site site;
  const auto step = [](Bytes key, Bytes member, double by) {
    return with_detail(std::move(key), AddToScore{std::move(member), by, {}});
  };
  site.write(add("n", 1));
  site.write(add("n", -1));
  site.write(add_decimal("d", kDecimalUnit));
  site.write(add_decimal("d", -kDecimalUnit));
  site.write({step("z", "m", 1), with_detail("z", SetScores{{{"based", 5}}, {}, false}), step("z", "based", 1)});
  site.write({step("z", "m", -1), step("z", "based", -1)});
  for (const bool take_away : {false, true}) {
    for (const Bytes key : {"n", "d", "z"}) {
      EXPECT_EQ(result_of(site, with_detail(key, CopyKey{"copy of " + key, false, take_away})), 1);
    }
    EXPECT_EQ(value_of(site, "copy of n"), "0");
    EXPECT_EQ(value_of(site, "copy of d"), "0");
    const auto scores = site.read<ScoresReply>(GetScoresRequest{std::string(kTableKv), "copy of z", {"m", "based"}});
    EXPECT_EQ(scores.scores, (std::vector<std::optional<double>>{0, 5}));
  }
}

TEST(Edits, AKeyOfAnyTypeIsCopiedAndRenamed) {
  Site site;
  const auto rename = [&](Bytes from, Bytes to) {
    return result_of(site, with_detail(std::move(from), CopyKey{std::move(to), false, true}));
  };
  site.write(add("n", 5));
  EXPECT_EQ(rename("n", "m"), 1);
  EXPECT_EQ(type_of(site, "n"), std::nullopt);
  EXPECT_EQ(result_of(site, add("m", 1)), 6);

  site.write(put_fields("h", {{"f", "1"}, {"g", "2"}}));
  site.write(expire("h", 9'000));
  EXPECT_EQ(rename("h", "m"), 1);
  EXPECT_EQ(fields_of(site, "m"), (Columns{{"f", "1"}, {"g", "2"}}));
  EXPECT_EQ(ttl_of(site, "m").at_ms, 9'000);

  site.write(with_detail("z", SetScores{{{"a", 1}, {"b", 2}}, {}, false}));
  site.write(with_detail("z", AddToScore{"a", 5, {}}));
  EXPECT_EQ(rename("z", "m"), 1);
  EXPECT_EQ(site.read<ScoresReply>(GetScoresRequest{std::string(kTableKv), "m", {"a", "b"}}).scores,
            (std::vector<std::optional<double>>{6, 2}));
  EXPECT_FALSE(ttl_of(site, "m").ends);

  site.write(push("l", {"a", "b"}));
  site.write(with_detail("l", ListMove{0, 1}));
  EXPECT_EQ(result_of(site, with_detail("l", CopyKey{"copy", true, false})), 1);
  EXPECT_EQ(items_of(site, "copy"), (std::vector<Bytes>{"b", "a"}));
  EXPECT_EQ(items_of(site, "l"), (std::vector<Bytes>{"b", "a"}));
  EXPECT_EQ(result_of(site, with_detail("l", CopyKey{"copy", true, false})), 0);
  EXPECT_EQ(result_of(site, with_detail("l", CopyKey{"l", false, true})), 1);
  EXPECT_EQ(items_of(site, "l").size(), 2u);
  EXPECT_EQ(refusal_of(site, with_detail("none", CopyKey{"x", false, true})), StatusCode::kNotFound);
  EXPECT_EQ(result_of(site, with_detail("none", CopyKey{"x", false, false})), 0);
}

TEST(Edits, OneCommitMayDoSeveral) {
  Site site;
  site.write(put("a", "1"));
  // Each sees those before it.
  const auto written = site.write({with_detail("a", TellValue{}), with_detail("a", CopyKey{"b", false, true}),
                                   with_detail("b", AppendText{"2"}), with_detail("b", TellValue{}), add("b", 1)});
  EXPECT_EQ(written.returned[0], std::vector<Bytes>{"1"});
  EXPECT_EQ(written.returned[3], std::vector<Bytes>{"12"});
  EXPECT_EQ(written.results[4], 13);
  EXPECT_EQ(value_of(site, "b"), "13");
  EXPECT_EQ(value_of(site, "a"), std::nullopt);
}

TEST(Edits, TwoSitesAgreeWhateverTheyDo) {
  Site one("dc1");
  Site two("dc2");
  const auto both = [&](const Commit& a, const Commit& b) {
    one.deliver(b);
    two.deliver(a);
    EXPECT_EQ(one.digest(), two.digest());
  };
  const Commit start = one.write({add("n", 5), push("l", {"a", "b"}), add_members("s", {"x", "y"})}).commit;
  two.deliver(start);
  // The count that the other site adds while this one renames stays under the old name.
  const Commit renamed = one.write(with_detail("n", CopyKey{"m", false, true})).commit;
  both(renamed, two.write(add("n", 1)).commit);
  EXPECT_EQ(value_of(one, "m"), "5");
  EXPECT_EQ(value_of(one, "n"), "1");
  // An item that both take off is put down twice: a queue needs one site.
  const Commit taken = one.write(with_detail("l", ListTransfer{"done", ListEnd::kFront, ListEnd::kBack})).commit;
  both(taken, two.write(with_detail("l", ListTransfer{"done", ListEnd::kFront, ListEnd::kBack})).commit);
  EXPECT_EQ(items_of(one, "l"), std::vector<Bytes>{"b"});
  EXPECT_EQ(items_of(one, "done"), (std::vector<Bytes>{"a", "a"}));
  // Counts of fields do not add up: the later text stands.
  const Commit field = one.write(with_detail("h", AddToField{"f", 1})).commit;
  both(field, two.write(with_detail("h", AddToField{"f", 2})).commit);
  EXPECT_EQ(fields_of(one, "h").size(), 1u);
  // Of what both store at once the members of both stay.
  const Commit first = one.write(with_detail("z1", SetScores{{{"a", 1}}, {}, false})).commit;
  both(first, two.write(with_detail("z2", SetScores{{{"b", 2}}, {}, false})).commit);
  const Commit stored = one.write(with_detail("out", JoinScores{{}, {"z1"}})).commit;
  both(stored, two.write(with_detail("out", StoreScoreRange{"z2", {}})).commit);
  EXPECT_EQ(one.read<ScoreCountReply>(CountScoresRequest{std::string(kTableKv), "out", {}}).count, 2u);
  // All keys that one has seen go, and not what the other writes meanwhile.
  const Commit cleared = one.write(with_detail("*", DeleteKeys{{}, 1'000})).commit;
  both(cleared, two.write({put("late", "v"), add("n", 10)}).commit);
  EXPECT_EQ(value_of(one, "late"), "v");
  EXPECT_EQ(value_of(two, "n"), "10");
  EXPECT_EQ(one.read<MemberCountReply>(CountKeysRequest{std::string(kTableKv), 100}).count, 2u);
}

TEST(Keys, WalksSayWhereTheyStopped) {
  Site site;
  site.write({put("a", "1"), add_members("b", {"m"}), put_fields("c", {{"f", "1"}}), push("d", {"x"})});
  const auto walk = [&](ScanKeysRequest request) { return site.read<ScanKeysReply>(request); };
  ScanKeysRequest request;
  request.look_max = 3;
  ScanKeysReply found = walk(request);
  EXPECT_EQ(found.keys, (std::vector<Bytes>{"a", "b", "c"}));
  EXPECT_TRUE(found.more);
  EXPECT_EQ(found.last, "c");
  request.after = found.last;
  found = walk(request);
  EXPECT_EQ(found.keys, std::vector<Bytes>{"d"});
  EXPECT_FALSE(found.more);
  request.after = {};
  request.types = 1U << static_cast<unsigned>(ValueType::kSet);
  found = walk(request);
  EXPECT_EQ(found.keys, std::vector<Bytes>{"b"});
  EXPECT_EQ(found.last, "c");
  EXPECT_EQ(site.read<MemberCountReply>(CountKeysRequest{std::string(kTableKv), 100}).count, 4u);
  EXPECT_TRUE(site.read<MemberCountReply>(CountKeysRequest{std::string(kTableKv), 3}).more);
  site.write(expire("b", 10));
  site.set_now(10);
  EXPECT_EQ(site.read<MemberCountReply>(CountKeysRequest{std::string(kTableKv), 100}).count, 3u);
  EXPECT_EQ(site.read<EtagReply>(GetEtagRequest{std::string(kTableKv), "b"}).etag, "");
  EXPECT_NE(site.read<EtagReply>(GetEtagRequest{std::string(kTableKv), "a"}).etag, "");
}

}  // namespace
}  // namespace pando::engine::edits_test
