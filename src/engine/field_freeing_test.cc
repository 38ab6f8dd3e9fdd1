// Columns and fields of documents whose time has run out are freed by themselves, and nobody can tell.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "engine/document_suite.h"
#include "engine/freeing_suite.h"
#include "model/field_end.h"

namespace pando::engine::field_freeing_test {
namespace {

using test::Fleet;
using test::Freer;
using test::kStart;

TimeToLive in(std::int64_t ms) { return {TimeToLive::Kind::kFor, ms}; }
Mutation columns(Columns columns) {
  Mutation m = test::of_kind(Mutation::Kind::kPutColumns, "r");
  m.table = std::string(kTableRow);
  m.columns = std::move(columns);
  return m;
}
Mutation drop_column(Bytes name) {
  Mutation m = columns({{std::move(name), ""}});
  m.kind = Mutation::Kind::kDeleteColumns;
  return m;
}
Mutation column_ends(Bytes name, TimeToLive ttl) {
  return on_document("r", ExpireChange{ttl, ExpireChange::When::kAlways, std::move(name)}, std::string(kTableRow));
}
Mutation field_ends(const std::vector<Bytes>& names, TimeToLive ttl) {
  return on_document("k", ExpireChange{ttl, ExpireChange::When::kAlways, path_of_fields(names)});
}
Mutation delete_row() {
  Mutation m = columns({});
  m.kind = Mutation::Kind::kDeleteRow;
  return m;
}
std::string row_of(Freer& site) {
  std::string text;
  for (const auto& [name, value] : site.ask<RowReply>(GetRowRequest{"r", {}}).columns) text += name + "=" + value + " ";
  return text;
}
bool listed(Freer& site, const std::string& table) {
  ListRequest list;
  list.table = table;
  return !site.ask<ListReply>(list).keys.empty();
}
bool free_column(Freer& site, const Bytes& name) { return site.free_field("row", "r", name); }
void vouch_all(Fleet& fleet, std::size_t count, std::int64_t clock_ms) {
  fleet.set_clocks(clock_ms);
  for (std::size_t i = 0; i < count; ++i) fleet[i].vouch(clock_ms);
  fleet.exchange();
}

TEST(FieldFreeing, AColumnIsFreedAloneOnceEverybodyKnowsAllOfIt) {
  Fleet fleet(2);
  fleet[1].commit({test::of_kind(Mutation::Kind::kEnable, "other")});
  fleet[0].commit({columns({{"a", "1"}, {"ab", "2"}})});
  fleet[0].commit({column_ends("a", in(100))});
  fleet.exchange();
  fleet.set_clocks(kStart + 100);
  EXPECT_FALSE(free_column(fleet[0], "a")) << "nobody vouches";
  vouch_all(fleet, 2, kStart + 100);
  const auto cells = fleet[0].cell_count();
  const std::string before = fleet[0].cells().digest(kStart + 100)->fingerprint;
  EXPECT_TRUE(free_column(fleet[0], "a"));
  EXPECT_EQ(fleet[0].cell_count(), cells - 2) << "the column and its end";
  EXPECT_EQ(row_of(fleet[0]), "ab=2 ");
  EXPECT_EQ(fleet[0].cells().digest(kStart + 100)->fingerprint, before) << "nobody can tell";
  EXPECT_EQ(fleet[1].cells().digest(kStart + 100)->fingerprint, before);
  fleet[0].restart();
  EXPECT_EQ(fleet[0].cell_count(), cells - 2) << "gone from what is stored too";
  EXPECT_EQ(fleet[0].cells().digest(kStart + 100)->fingerprint, before);
}

TEST(FieldFreeing, WrittenAgainItSaysSoAndLeavesItsNeighbourAlone) {
  Fleet fleet(2);
  fleet[1].commit({test::of_kind(Mutation::Kind::kEnable, "other")});
  fleet[0].commit({columns({{"a", "1"}, {"ab", "2"}})});
  fleet[0].commit({column_ends("a", in(100))});
  fleet.exchange();
  vouch_all(fleet, 2, kStart + 100);
  ASSERT_TRUE(free_column(fleet[0], "a"));
  const std::vector<Op> ops = fleet[0].commit({columns({{"a", "3"}})});
  ASSERT_EQ(ops.size(), 2u);
  EXPECT_TRUE(std::get<ClearOp>(ops[0]).exact);
  fleet.exchange();
  for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(row_of(fleet[i]), "a=3 ab=2 ");
  EXPECT_EQ(fleet[0].digest(), fleet[1].digest()) << "dc2 had not freed it";
  EXPECT_EQ(fleet[0].commit({columns({{"a", "4"}, {"ab", "4"}})}).size(), 2u) << "what is there says nothing";
}

TEST(FieldFreeing, AColumnThatHasEndedBeginsAnewWhetherItWasFreedOrNot) {
  for (const bool freed : {false, true}) {
    Fleet fleet(2);
    fleet[1].commit({test::of_kind(Mutation::Kind::kEnable, "other")});
    fleet[0].commit({columns({{"a", "old"}})});
    fleet[0].commit({column_ends("a", in(100))});
    fleet.exchange();
    vouch_all(fleet, 2, kStart + 100);
    if (freed) {
      ASSERT_TRUE(free_column(fleet[0], "a"));
    }
    // Both write it again, and one gives it an end: no other end is left beside that one.
    fleet[0].commit({columns({{"a", "0"}})});
    fleet[1].commit({columns({{"a", "1"}})});
    fleet[1].commit({column_ends("a", in(25))});
    fleet.exchange();
    EXPECT_NE(row_of(fleet[0]), "") << freed;
    fleet.set_clocks(kStart + 125);
    for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(row_of(fleet[i]), "") << freed;
    EXPECT_EQ(fleet[0].digest(), fleet[1].digest());
  }
}

TEST(FieldFreeing, ARowWhoseEveryColumnHasEndedIsGoneBeforeAndAfter) {
  Fleet fleet(2);
  fleet[1].commit({test::of_kind(Mutation::Kind::kEnable, "other")});
  fleet[0].commit({columns({{"a", "1"}, {"b", "2"}})});
  fleet[0].commit({column_ends("a", in(100))});
  fleet[0].commit({column_ends("b", in(200))});
  fleet.exchange();
  vouch_all(fleet, 2, kStart + 100);
  EXPECT_TRUE(listed(fleet[0], "row"));
  vouch_all(fleet, 2, kStart + 200);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_FALSE(listed(fleet[i], "row")) << "hidden is as good as gone";
    EXPECT_FALSE(fleet[i].ask<TypeReply>(GetTypeRequest{"row", "r"}).type);
    EXPECT_EQ(fleet[i].ask<MemberCountReply>(CountFieldsRequest{"row", "r"}).count, 0u);
  }
  EXPECT_TRUE(free_column(fleet[0], "a"));
  EXPECT_TRUE(free_column(fleet[0], "b"));
  EXPECT_FALSE(listed(fleet[0], "row"));
  EXPECT_EQ(fleet[0].cell_count(), 3u) << "the other key, and a vouch of each";
  // As a key that this site knows nothing of, it begins anew whole.
  fleet[0].commit({columns({{"c", "3"}})});
  fleet.exchange();
  for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(row_of(fleet[i]), "c=3 ");
  EXPECT_EQ(fleet[0].digest(), fleet[1].digest());
}

TEST(FieldFreeing, ALateEndOrExtensionIsHeldAndBringsNothingBack) {
  Fleet fleet(3);
  for (std::size_t i = 0; i < 3; ++i) fleet[i].commit({columns({{"at" + std::to_string(i), "1"}})});
  fleet[0].commit({columns({{"a", "old"}})});
  fleet[0].commit({column_ends("a", in(100))});
  fleet.exchange();
  // dc3 is away; it gives the column a longer time, and another one an end.
  fleet[2].commit({column_ends("a", in(300))});
  fleet[2].commit({column_ends("at0", in(150))});
  fleet.set_clocks(kStart + 200);
  for (std::size_t i = 0; i < 2; ++i) fleet[i].vouch(kStart + 200);
  fleet[0].pull(fleet[1]);
  EXPECT_FALSE(free_column(fleet[0], "a")) << "dc3 holds it";
  EXPECT_EQ(row_of(fleet[0]), "at0=1 at1=1 at2=1 ");
  fleet.exchange();
  EXPECT_EQ(row_of(fleet[0]), "a=old at1=1 at2=1 ") << "it had only been hidden";
  vouch_all(fleet, 3, kStart + 200);
  EXPECT_FALSE(free_column(fleet[0], "a"));
  EXPECT_TRUE(free_column(fleet[0], "at0"));
  vouch_all(fleet, 3, kStart + 300);
  fleet[2].commit({columns({{"b", "new"}})});
  EXPECT_TRUE(free_column(fleet[0], "a")) << "nothing of it has come since";
  fleet.exchange();
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(row_of(fleet[i]), "at1=1 at2=1 b=new ");
    EXPECT_EQ(fleet[i].cells().digest(kStart + 300)->fingerprint, fleet[0].cells().digest(kStart + 300)->fingerprint);
  }
}

TEST(FieldFreeing, OfADocumentTheOutermostPartThatIsNotThereBeginsAnew) {
  Fleet fleet(2);
  fleet[1].commit({test::of_kind(Mutation::Kind::kEnable, "other")});
  fleet[0].commit({put_document({{"name", "x"}, {"s", {{"token", "t"}, {"deep", {{"n", 1}}}}}})});
  fleet[0].commit({field_ends({"s", "deep"}, in(900))});
  fleet[0].commit({field_ends({"s"}, in(100))});
  fleet.exchange();
  vouch_all(fleet, 2, kStart + 100);
  const auto cells = fleet[0].cell_count();
  EXPECT_TRUE(fleet[0].free_field("docs", "k", path_of_fields({"s"})));
  EXPECT_EQ(fleet[0].cell_count(), cells - 6) << "two objects, two values, two ends";
  EXPECT_EQ(fleet[0].cells().digest(kStart + 100)->fingerprint, fleet[1].cells().digest(kStart + 100)->fingerprint);
  fleet[0].commit({patch_document({{"s", {{"deep", {{"m", 2}}}}}})});
  fleet.exchange();
  for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(text_of(fleet[i]), R"({"name":"x","s":{"deep":{"m":2}}})");
  EXPECT_EQ(fleet[0].digest(), fleet[1].digest()) << "with all that dc2 still had in it";
}

TEST(FieldFreeing, AFieldWithANumberThatIsAddedToStays) {
  Fleet fleet(1);
  fleet[0].commit({patch_document(Json::parse(R"({"s":{"n":{"__op__":"add","value":1}}})"))});
  fleet[0].commit({field_ends({"s"}, in(100))});
  vouch_all(fleet, 1, kStart + 100);
  EXPECT_EQ(text_of(fleet[0]), "{}");
  EXPECT_TRUE(*counts_in(fleet[0].cells(), "docs", "k", path_of_fields({"s"})));
}

TEST(FieldFreeing, AColumnWithAZeroInItsNameHasNoEnd) {
  Freer site("dc1");
  const Bytes name("a\0b", 3);
  site.commit({columns({{name, "1"}})});
  const Status refused = site.try_commit({column_ends(name, in(100))});
  EXPECT_EQ(refused.code(), StatusCode::kInvalidArgument) << refused.to_string();
}

TEST(FieldFreeing, EmptyingAListLeavesTheEndsOfColumnsBesideIt) {
  // A merge left a row and a list under one key; the row's one column has ended.
  Fleet fleet(2);
  Mutation push = test::with_detail("k", ListPush{ListEnd::kBack, {"x"}, false});
  Mutation row = columns({{"a", "1"}});
  row.table = "kv";
  row.key = "k";
  fleet[0].commit({row});
  fleet[0].commit({test::with_detail("k", ExpireChange{in(100), ExpireChange::When::kAlways, "a"})});
  fleet[1].commit({push});
  fleet.exchange();
  fleet.set_clocks(kStart + 100);
  fleet[1].commit({test::with_detail("k", ListPop{ListEnd::kFront, 1})});
  fleet.exchange();
  for (std::size_t i = 0; i < 2; ++i) EXPECT_FALSE(fleet[i].ask<TypeReply>(GetTypeRequest{"kv", "k"}).type);
}

Mutation act(std::uint8_t what, std::uint8_t how) {
  const TimeToLive ttl = how % 5 == 0 ? TimeToLive{} : in(1 + how % 100);
  const Bytes column = how % 2 == 0 ? "a" : "ab";
  switch (what % 14) {
    case 0:
    case 1: return columns({{column, std::to_string(how)}});
    case 2:
    case 3: return column_ends(column, ttl);
    case 4: return drop_column(column);
    case 5: return how % 3 == 0 ? delete_row() : on_document("r", AddToField{column, 1}, std::string(kTableRow));
    case 6: return column_ends("", how % 3 == 0 ? in(200) : TimeToLive{});
    case 7: return patch_document({{"s", {{"t", how}}}});
    case 8: return patch_document({{"s", {{"d", {{"n", how}}}}}});
    case 9: return field_ends({"s"}, ttl);
    case 10: return how % 2 == 0 ? field_ends({"s", "d"}, ttl) : field_ends({"s", "t"}, ttl);
    case 11: return patch_document(how % 2 == 0 ? Json{{"s", nullptr}} : Json{{"s", how}});
    case 12: return how % 4 == 0 ? delete_document() : put_document({{"s", {{"t", how}}}, {"x", 1}});
    default:
      return patch_document(how % 2 == 0 ? Json::parse(R"({"s":{"c":{"__op__":"add","value":1}}})")
                                         : Json::parse(R"({"s":{"m":{"__op__":"set-add","value":"i"}}})"));
  }
}

RC_GTEST_PROP(FieldFreeing, NobodyCanTellWhoFreed, ()) {
  const test::FreeingSteps steps = *test::freeing_steps({{0, 2}, {0, 6}, {7, 9}, {7, 10}, {8, 9}, {8, 10}, {13, 9}});
  test::FreeingWorlds worlds;
  worlds.live(
      steps, act,
      [](Freer& site) {
        int freed = static_cast<int>(site.free("r", "row")) + static_cast<int>(site.free("k", "docs"));
        for (const Bytes& name : {Bytes("a"), Bytes("ab")}) freed += static_cast<int>(free_column(site, name));
        for (const auto& names : std::vector<std::vector<Bytes>>{{"s"}, {"s", "d"}, {"s", "t"}}) {
          freed += static_cast<int>(site.free_field("docs", "k", path_of_fields(names)));
        }
        return freed;
      },
      [](Freer& a, Freer& b) {
        RC_ASSERT(row_of(a) == row_of(b));
        RC_ASSERT(text_of(a) == text_of(b));
        RC_ASSERT(listed(a, "row") == listed(b, "row"));
      });
}

}  // namespace
}  // namespace pando::engine::field_freeing_test
