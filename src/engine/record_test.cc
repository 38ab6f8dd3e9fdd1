// Reading documents of a table: one, some of its fields, lists of them. And why they read as they do.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "base/limits.h"
#include "engine/document_suite.h"
#include "model/expiry.h"

namespace pando::engine::record_test {
namespace {

Json parse(const char* text) { return Json::parse(text); }

FieldFilter where(const char* field, FieldFilter::Op op, const char* value) {
  Bytes path;
  for (std::string_view rest = field; !rest.empty();) {
    const std::size_t dot = std::min(rest.find('.'), rest.size());
    append_field_name(rest.substr(0, dot), path);
    rest.remove_prefix(std::min(dot + 1, rest.size()));
  }
  return {path, op, value};
}

ListDocumentsRequest listing(std::vector<FieldFilter> filters = {}) {
  ListDocumentsRequest list;
  list.table = "docs";
  list.filters = std::move(filters);
  return list;
}

std::string ids(const DocumentsReply& reply) {
  std::string text;
  for (const auto& item : reply.items) text += item.key + " ";
  return text + (reply.more ? "…" : "");
}

// All pages.
std::string ids_of(Site& site, ListDocumentsRequest list) {
  std::string text;
  while (true) {
    const auto reply = site.ask<DocumentsReply>(list);
    for (const auto& item : reply.items) text += item.key + " ";
    if (!reply.more) return text;
    list.after = reply.last;
  }
}

using Op = FieldFilter::Op;

TEST(Records, Conditions) {
  Site site("dc1");
  site.commit({put_document(parse(R"({"n":5,"s":"b","o":{"x":true},"t":["new",1]})"), "a"),
               put_document(parse(R"({"n":10.0,"s":"a","o":{"x":false}})"), "b"),
               put_document(parse(R"({"n":"5"})"), "c"),
               patch_document(parse(R"({"t":{"__op__":"set-add","value":"new"},"n":null})"), "d"),
               patch_document(parse(R"({"n":{"__op__":"add","value":7}})"), "e")});
  struct Row {
    std::vector<FieldFilter> filters;
    const char* ids;
    const char* why;
  };
  const Row rows[] = {
      {{}, "a b c d e ", "all"},
      {{where("n", Op::kGreater, "5")}, "b e ", "numbers with numbers, added to or not"},
      {{where("n", Op::kGreaterEqual, "5")}, "a b e ", ""},
      {{where("n", Op::kLess, "10")}, "a e ", "not as text"},
      {{where("n", Op::kLessEqual, "10")}, "a b e ", ""},
      {{where("n", Op::kEqual, "10")}, "b ", "whatever its text"},
      {{where("n", Op::kEqual, "\"5\"")}, "c ", "text is not a number"},
      {{where("n", Op::kNotEqual, "5")}, "b c d e ", "one that is not there is not equal"},
      {{where("s", Op::kLess, "\"b\"")}, "b ", "text with text"},
      {{where("o.x", Op::kEqual, "true")}, "a ", "nested"},
      {{where("o", Op::kEqual, "true")}, "", "an object equals nothing"},
      {{where("t", Op::kHas, "\"new\"")}, "a d ", "arrays and sets"},
      {{where("n", Op::kGreater, "1"), where("n", Op::kLess, "6")}, "a ", "all of them"},
  };
  for (const Row& row : rows) EXPECT_EQ(ids_of(site, listing(row.filters)), row.ids) << row.why;
}

TEST(Records, OnlyDocumentsThatAreThere) {
  Site site("dc1");
  Mutation value;
  value.table = "docs";
  value.key = "b";
  value.value = "bytes";
  Mutation member = value;
  member.kind = Mutation::Kind::kAddMembers;
  member.key = "c";
  member.members = {"m"};
  site.commit(
      {put_document(parse("{}"), "a"), value, member, put_document(parse("{}"), "d"), put_document(parse("{}"), "e")});
  site.commit({delete_document("d")});
  EXPECT_EQ(ids_of(site, listing()), "a e ");
  EXPECT_EQ(site.refusal(GetDocumentRequest{"docs", "b"}).code(), StatusCode::kWrongType);

  Commit expiring;
  expiring.dot = {{"dc9", 1}, Seq(1)};
  expiring.hlc = Hlc{1'000'000};
  expiring.ops = {PutOp{{"docs", "e", CellKind::kExpiry, ""}, encode_expiry(1000), {}}};
  site.deliver(expiring);
  EXPECT_EQ(ids_of(site, listing()), "a e ");
  site.set_now(1000);
  EXPECT_EQ(ids_of(site, listing()), "a ");
  EXPECT_FALSE(site.ask<DocumentReply>(GetDocumentRequest{"docs", "e"}).found);
}

TEST(Records, SomeOfTheFields) {
  Site site("dc1");
  site.commit({put_document(parse(R"({"a":{"b":1,"c":{"d":2}},"ab":3,"s":["x"]})"), "k")});
  site.commit({patch_document(parse(R"({"s":{"__op__":"set-add","value":"y"}})"), "k")});
  const auto fields = [&](const std::vector<std::vector<Bytes>>& names) {
    std::vector<Bytes> paths;
    for (const auto& name : names) paths.push_back(path_of_fields(name));
    ListDocumentsRequest list = listing();
    list.fields = paths;
    const Json one = json_of(site.ask<DocumentReply>(GetDocumentRequest{"docs", "k", paths}).document);
    EXPECT_EQ(one, json_of(site.ask<DocumentsReply>(list).items.at(0).document));
    return one.dump();
  };
  EXPECT_EQ(fields({{"a", "c"}}), R"({"a":{"c":{"d":2}}})");
  EXPECT_EQ(fields({{"a", "c", "d"}, {"s"}}), R"({"a":{"c":{"d":2}},"s":["x","y"]})");
  EXPECT_EQ(fields({{"s"}, {"s"}, {"a"}, {"a", "b"}}), R"({"a":{"b":1,"c":{"d":2}},"s":["x","y"]})") << "named twice";
  EXPECT_EQ(fields({{"none"}, {"a", "none"}}), "{}");
}

TEST(Records, WorkPerRequestIsBounded) {
  Site site("dc1");
  constexpr std::size_t kRecords = 12'000;  // of two cells each
  std::vector<Mutation> puts;
  for (std::size_t i = 0; i < kRecords; ++i) {
    puts.push_back(put_document(Json{{"n", i}}, "k" + std::to_string(100'000 + i)));
  }
  site.commit(puts);
  for (const bool descending : {false, true}) {
    ListDocumentsRequest list = listing({where("n", Op::kEqual, descending ? "0" : "11999")});
    list.descending = descending;
    const auto first = site.ask<DocumentsReply>(list);
    EXPECT_EQ(ids(first), "…") << "nothing so far, and more to look at";
    list.after = first.last;
    const auto second = site.ask<DocumentsReply>(list);
    EXPECT_EQ(ids(second), descending ? "k100000 " : "k111999 ");
  }
}

using Puts = std::vector<std::tuple<std::uint8_t, std::uint8_t>>;

// Pages of any size, in either order, between any bounds, are what a filter over everything gives.
RC_GTEST_PROP(Records, PagesAddUp, (const Puts& puts, std::uint8_t from, std::uint8_t to, std::uint8_t page)) {
  Site site("dc1");
  std::map<Bytes, int> model;
  const auto key_of = [](std::uint8_t n) { return "k" + std::to_string(n % 60); };
  for (const auto& [key, n] : puts) {
    if (n % 5 == 0) {
      site.commit({delete_document(key_of(key))});
      model.erase(key_of(key));
    } else {
      site.commit({put_document(Json{{"n", n}}, key_of(key))});
      model[key_of(key)] = n;
    }
    if (n % 7 == 0) site.checkpoint();
  }
  for (const bool descending : {false, true}) {
    ListDocumentsRequest list = listing({where("n", Op::kLess, "128")});
    list.descending = descending;
    list.count_max = 1 + page % 5;
    if (from % 2 == 0) list.from = key_of(from);
    if (to % 2 == 0) list.to = key_of(to);
    std::vector<Bytes> expected;
    for (const auto& [key, n] : model) {
      if (n < 128 && key >= list.from && (list.to.empty() || key < list.to)) expected.push_back(key);
    }
    if (descending) std::reverse(expected.begin(), expected.end());
    std::string text;
    for (const Bytes& key : expected) text += key + " ";
    RC_ASSERT(ids_of(site, list) == text);
  }
}

TEST(Explain, ShowsWhatIsInConflictAndWhatEachOriginCounted) {
  Sites sites(2);
  sites[0].commit({put_document(parse(R"({"f":1,"n":10})"))});
  sites.exchange();
  sites[0].commit({patch_document(parse(R"({"f":2,"n":{"__op__":"add","value":1}})"))});
  sites[1].commit({patch_document(parse(R"({"f":"x","n":{"__op__":"add","value":2}})"))});
  sites[1].commit({patch_document(parse(R"({"n":5})"))});
  sites.exchange();
  const auto reply = sites[0].ask<ExplainReply>(ExplainRequest{"docs", "k"});
  EXPECT_EQ(reply.type, ValueType::kDocument);
  std::string text;
  for (const auto& cell : reply.cells) {
    text += std::to_string(static_cast<int>(cell.kind)) + " " + field_text(cell.element) + ":";
    for (const auto& value : cell.values) {
      text += " " + to_string(value.dot) + (value.value.empty() ? "" : "=" + value.value) + (value.shown ? "*" : "");
    }
    for (const auto& slot : cell.slots) {
      text += " " + to_string(slot.origin) + " " + decimal_text(static_cast<Int128>(slot.added)) + "-" +
              decimal_text(static_cast<Int128>(slot.added_base));
    }
    text += "\n";
  }
  EXPECT_EQ(text,
            "13 (document): dc1:1*\n"
            "14 f: dc1:2=2 dc2:1=\"x\"*\n"
            "14 n: dc2:2=5*\n"
            "15 n: dc1 1-0 dc2 2-2\n");
  EXPECT_FALSE(sites[0].ask<ExplainReply>(ExplainRequest{"docs", "nothing"}).type);
}

}  // namespace
}  // namespace pando::engine::record_test
