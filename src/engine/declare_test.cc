// What a declaration changes, and when.
#include "engine/declare.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "engine/document_suite.h"

namespace pando::engine::declare_test {
namespace {

Mutation declare(std::vector<std::pair<std::string, std::optional<std::string>>> properties, bool whole = false) {
  return on_document("docs", DeclareTable{std::move(properties), whole}, std::string(kTableTables));
}
Mutation change(Mutation::Kind kind, Bytes key) {
  Mutation m;
  m.kind = kind;
  m.table = "docs";
  m.key = std::move(key);
  return m;
}
Mutation put(Bytes key, Bytes value) {
  Mutation m = change(Mutation::Kind::kPut, std::move(key));
  m.value = std::move(value);
  return m;
}
Mutation members(Mutation::Kind kind, Bytes key) {
  Mutation m = change(kind, std::move(key));
  m.members = {"m"};
  return m;
}
std::string value(Site& site, const Bytes& key) {
  const auto reply = site.ask<ValueReply>(GetRequest{"docs", key});
  std::string text = reply.found ? reply.value : "(none)";
  for (const auto& sibling : reply.siblings) text += " " + sibling.value;
  return text;
}

TEST(Declare, WhatReadsShowChangesAtOnceAndNothingThatIsStored) {
  Sites sites(2);
  sites[0].commit({put("k", "9")});
  sites[1].stamp_min = 100;
  sites[1].commit({put("k", "5")});
  sites.exchange();
  EXPECT_EQ(value(sites[0], "k"), "5") << "the later";
  sites[0].commit({declare({{"resolver", "max"}})});
  EXPECT_EQ(value(sites[0], "k"), "9") << "here at once";
  EXPECT_EQ(value(sites[1], "k"), "5");
  sites.exchange();
  EXPECT_EQ(value(sites[1], "k"), "9") << "there when it arrives";
  sites[1].commit({declare({{"resolver", "multi"}})});
  EXPECT_EQ(value(sites[1], "k"), "5 9") << "siblings";
  sites[1].commit({put("k", "7")});
  EXPECT_EQ(value(sites[1], "k"), "7") << "a write that saw them resolves them";
  sites[1].commit({declare({}, true)});
  EXPECT_FALSE(sites[1].ask<DeclarationsReply>(GetDeclarationRequest{"docs"}).items.at(0).declared);
}

TEST(Declare, DocumentsResolveFieldByField) {
  Sites sites(2);
  sites[0].commit({put_document(Json{{"a", 9}, {"b", "x"}})});
  sites.exchange();
  sites[0].commit({patch_document(Json{{"a", 8}})});
  sites[1].stamp_min = 100;
  sites[1].commit({patch_document(Json{{"a", 5}})});
  sites.exchange();
  EXPECT_EQ(text_of(sites[0]), R"({"a":5,"b":"x"})");
  sites[0].commit({declare({{"resolver", "max"}})});
  EXPECT_EQ(text_of(sites[0]), R"({"a":8,"b":"x"})");
}

TEST(Declare, RemovingAndDisablingWinWhereTheTableSaysSo) {
  Sites sites(2);
  sites[0].commit({declare({{"sets", "remove"}, {"flags", "disable"}})});
  sites[0].commit({members(Mutation::Kind::kAddMembers, "s"), change(Mutation::Kind::kEnable, "f")});
  sites.exchange();
  sites[0].commit({members(Mutation::Kind::kRemoveMembers, "s"), change(Mutation::Kind::kDisable, "f")});
  sites[1].commit({members(Mutation::Kind::kAddMembers, "s"), change(Mutation::Kind::kEnable, "f")});
  sites.exchange();
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_FALSE(sites[i].ask<PresenceReply>(HasMemberRequest{"docs", "s", "m"}).present);
    EXPECT_FALSE(sites[i].ask<PresenceReply>(GetFlagRequest{"docs", "f"}).present);
  }
}

TEST(Declare, CountersThatOnlyGrow) {
  Site site("dc1");
  site.commit({declare({{"grow_only", "true"}})});
  Mutation up = change(Mutation::Kind::kAdd, "n");
  up.delta = 5;
  site.commit({up});
  Mutation down = up;
  down.delta = -1;
  const Status refused = site.try_commit({down});
  EXPECT_EQ(refused.code(), StatusCode::kOutOfRange);
  EXPECT_EQ(refused.message(), "counters of table \"docs\" only grow: \"n\" cannot be decremented");
  EXPECT_EQ(site.try_commit({change(Mutation::Kind::kReset, "n")}).code(), StatusCode::kOutOfRange);
  const Status field = site.try_commit({patch_document(Json::parse(R"({"v":{"__op__":"add","value":-1}})"))});
  EXPECT_EQ(field.message(), "counters of table \"docs\" only grow: field \"v\" cannot be decremented");
  EXPECT_EQ(site.ask<CounterReply>(GetCounterRequest{"docs", "n"}).value, 5);
}

// Adding a field, or declaring anything else, does not touch the records: one small commit, however many there are.
TEST(Declare, CostsTheSameHoweverManyKeysThereAre) {
  Site site("dc1");
  std::vector<Mutation> puts;
  for (int i = 0; i < 2'000; ++i) puts.push_back(put_document(Json{{"n", i}}, "k" + std::to_string(i)));
  site.commit(puts);
  const std::size_t before = site.cell_count();
  EXPECT_EQ(site.commit({declare({{"resolver", "min"}})}).size(), 1u);
  EXPECT_EQ(site.cell_count(), before + 1);
  EXPECT_EQ(site.commit({patch_document(Json{{"new_field", 1}}, "k7")}).size(), 1u)
      << "a field is there where it is used";
}

TEST(Declare, PropertiesMergeOneByOne) {
  Sites sites(2);
  sites[0].commit({declare({{"resolver", "max"}, {"ttl", "60s"}})});
  sites.exchange();
  sites[0].commit({declare({{"ttl", std::nullopt}})});
  sites[1].commit({declare({{"grow_only", "true"}})});
  sites.exchange();
  for (std::size_t i = 0; i < 2; ++i) {
    const TableDeclaration seen = sites[i].view().table("docs");
    EXPECT_EQ(seen.resolver, Resolver::kMax);
    EXPECT_FALSE(seen.ttl_ms);
    EXPECT_TRUE(seen.grow_only);
  }
}

TEST(Declare, RefusalsChangeNothing) {
  Site site("dc1");
  EXPECT_EQ(site.try_commit({declare({{"ttl", "60s"}, {"resolver", "best"}})}).message(),
            "table property resolver: \"best\" is none of lww, max, min, first-wins, origin-priority, multi");
  EXPECT_NE(site.try_commit({declare({{"colour", "red"}})}).message().find("a table has no property \"colour\""),
            std::string::npos);
  EXPECT_NE(site.try_commit({declare({{"colour", std::nullopt}})}).message().find("a table has no property \"colour\""),
            std::string::npos);
  Mutation internal = declare({{"ttl", "60s"}});
  internal.key = ".merge";
  EXPECT_EQ(site.try_commit({internal}).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(site.cell_count(), 0u);
}

// What was written in it is known at its site only: it cannot become shared again, whoever declares what at once.
TEST(Declare, OnceLocalATableStaysSo) {
  const auto is_local = [](Site& site) {
    const auto reply = site.ask<DeclarationsReply>(GetDeclarationRequest{"docs"});
    const auto& properties = reply.items.at(0).properties;
    return std::any_of(properties.begin(), properties.end(), [](const auto& property) {
      return (property.first == "publish" || property.first == "subscribe") && property.second == "false";
    });
  };
  Sites sites(2);
  sites[0].commit({declare({{"publish", "true"}, {"resolver", "max"}})});
  EXPECT_FALSE(is_local(sites[0]));
  sites.exchange();
  sites[0].commit({declare({{"publish", "false"}})});
  sites[1].stamp_min = 100;
  sites[1].commit({declare({{"publish", "true"}})});
  sites[1].commit({declare({}, true)});
  sites.exchange();
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_TRUE(is_local(sites[i])) << "the other site's were earlier or later, and knew nothing of it";
    for (const Mutation& back : {declare({{"publish", "true"}}), declare({{"publish", std::nullopt}}),
                                 declare({{"resolver", "max"}}, true), declare({}, true)}) {
      EXPECT_EQ(sites[i].try_commit({back}).code(), StatusCode::kConflict);
    }
  }
  sites[0].commit({declare({{"publish", "false"}, {"resolver", "min"}}, true)});
  sites[0].commit({declare({{"subscribe", "false"}})});
  EXPECT_TRUE(is_local(sites[0]));
}

}  // namespace
}  // namespace pando::engine::declare_test
