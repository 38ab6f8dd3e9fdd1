// Fields of documents that end by themselves.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "engine/document_suite.h"
#include "model/expiry.h"

namespace pando::engine::document_expiry_test {
namespace {

constexpr std::int64_t kNow = 1'000'000;

TimeToLive in(std::int64_t ms) { return {TimeToLive::Kind::kFor, ms}; }
Mutation ends(const std::vector<Bytes>& names, TimeToLive ttl) {
  return on_document("k", ExpireChange{ttl, ExpireChange::When::kAlways, path_of_fields(names)});
}
// Milliseconds left, "forever", or "-" without the field.
std::string left(Site& site, const std::vector<Bytes>& names) {
  const auto reply = site.ask<TtlReply>(GetTtlRequest{"docs", "k", path_of_fields(names)});
  return !reply.found ? "-" : reply.ends ? std::to_string(reply.remaining_ms) : "forever";
}
std::string listed(Site& site) {
  ListDocumentsRequest list;
  list.table = "docs";
  const auto reply = site.ask<DocumentsReply>(list);
  return reply.items.empty() ? "(none)" : json_of(reply.items.front().document).dump();
}

class DocumentExpiry : public ::testing::Test {
 protected:
  DocumentExpiry() : sites_(2) { at(kNow); }
  void at(std::int64_t now_ms) {
    for (std::size_t i = 0; i < sites_.size(); ++i) sites_[i].set_now(now_ms);
  }
  Site& a() { return sites_[0]; }
  Site& b() { return sites_[1]; }

  Sites sites_;
};

TEST_F(DocumentExpiry, AFieldIsHiddenFromItsEndOnWithAllThatLiesInIt) {
  a().commit({put_document({{"name", "x"}, {"s", {{"token", "t"}, {"deep", {{"n", 1}}}}}})});
  EXPECT_EQ(a().commit({ends({"s"}, in(100))}).size(), 1u);
  a().commit({ends({"s", "deep"}, in(50))});
  EXPECT_EQ(left(a(), {"s"}), "100");
  EXPECT_EQ(left(a(), {"s", "token"}), "100") << "it ends with what it lies in";
  EXPECT_EQ(left(a(), {"s", "deep", "n"}), "50");
  EXPECT_EQ(left(a(), {"name"}), "forever");
  at(kNow + 50);
  EXPECT_EQ(text_of(a()), R"({"name":"x","s":{"token":"t"}})");
  EXPECT_EQ(left(a(), {"s", "deep", "n"}), "-");
  at(kNow + 100);
  EXPECT_EQ(text_of(a()), R"({"name":"x"})");
  EXPECT_EQ(listed(a()), R"({"name":"x"})");
  EXPECT_EQ(left(a(), {"s"}), "-");
  EXPECT_EQ(a().commit({ends({"s"}, in(9'000))}).size(), 0u) << "what is over cannot be extended";
}

TEST_F(DocumentExpiry, WhatAWriteMakesOfTheEnd) {
  struct {
    const char* patch;
    const char* left;
    const char* why;
  } const rows[] = {
      {R"({"f":2})", "forever", "set anew"},
      {R"({"f":{"__op__":"add","value":1}})", "100", "added to"},
      {R"({"f":{"__op__":"max","value":9}})", "100", "raised"},
      {R"({"g":2})", "100", "another field"},
      {R"({"f":null})", "-", "removed"},
      {R"({"f":{"inner":1}})", "forever", "an object instead"},
  };
  for (const auto& row : rows) {
    Site site("dc1");
    site.set_now(kNow);
    site.commit({put_document({{"f", 1}})});
    site.commit({ends({"f"}, in(100))});
    site.commit({patch_document(Json::parse(row.patch))});
    EXPECT_EQ(left(site, {"f"}), row.left) << row.why;
  }
  Site site("dc1");
  site.set_now(kNow);
  site.commit({put_document({{"f", 1}, {"g", 1}})});
  site.commit({ends({"f"}, in(100))});
  site.commit({ends({"g"}, in(100))});
  site.commit({put_document({{"f", 1}, {"g", 2}})});
  EXPECT_EQ(left(site, {"f"}), "100") << "not written, as it is the same";
  EXPECT_EQ(left(site, {"g"}), "forever");
  site.commit({ends({"f"}, {})});
  EXPECT_EQ(left(site, {"f"}), "forever") << "persisted";
}

TEST_F(DocumentExpiry, AFieldThatIsOverBeginsAnew) {
  a().commit({patch_document(
      Json::parse(R"({"n":{"__op__":"add","value":5},"o":{"x":1},"s":{"__op__":"set-add","value":"m"}})"))});
  for (const Bytes& field : {Bytes("n"), Bytes("o"), Bytes("s")}) a().commit({ends({field}, in(100))});
  sites_.exchange();
  at(kNow + 100);
  b().commit({patch_document(Json::parse(R"({"n":{"__op__":"add","value":2}})"))});
  EXPECT_EQ(text_of(b()), R"({"n":2})") << "not on top of the five";
  EXPECT_EQ(left(b(), {"n"}), "forever");
  b().commit({patch_document(Json::parse(R"({"o":{"y":2}})"))});
  b().commit({patch_document(Json::parse(R"({"s":{"__op__":"set-add","value":"k"}})"))});
  sites_.exchange();
  EXPECT_EQ(text_of(a()), R"({"n":2,"o":{"y":2},"s":["k"]})");
  EXPECT_EQ(a().digest(), b().digest());
  a().commit({put_document({{"z", 1}})});
  sites_.exchange();
  EXPECT_EQ(text_of(b()), R"({"z":1})");
}

TEST_F(DocumentExpiry, OfConcurrentEndsTheLongestCountsAndASeenOneCanBeShortened) {
  a().commit({put_document({{"f", 1}})});
  sites_.exchange();
  a().commit({ends({"f"}, in(100))});
  b().commit({ends({"f"}, in(300))});
  sites_.exchange();
  EXPECT_EQ(left(a(), {"f"}), "300");
  EXPECT_EQ(left(b(), {"f"}), "300");
  a().commit({ends({"f"}, in(50))});
  b().commit({patch_document(Json::parse(R"({"f":7})"))});
  sites_.exchange();
  at(kNow + 1'000);
  EXPECT_EQ(text_of(a()), R"({"f":7})") << "a plain write beside a new end is for ever";
  EXPECT_EQ(text_of(b()), R"({"f":7})");
  EXPECT_EQ(a().digest(), b().digest());
}

TEST_F(DocumentExpiry, ALateWriteBelowAnEndedFieldEndsWithIt) {
  a().commit({put_document({{"o", {{"x", 1}}}})});
  a().commit({ends({"o"}, in(100))});
  b().commit({patch_document(Json::parse(R"({"o":{"y":2}})"))});  // has not seen the end
  at(kNow + 100);
  sites_.exchange();
  EXPECT_EQ(text_of(a()), "{}");
  EXPECT_EQ(text_of(b()), "{}");
  EXPECT_EQ(a().digest(), b().digest());
}

TEST_F(DocumentExpiry, TheFieldIsNamedByAPath) {
  a().commit({put_document({{"f", 1}})});
  const Status status = a().try_commit({on_document("k", ExpireChange{in(5), ExpireChange::When::kAlways, "f"})});
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << status.to_string();
}

// Whatever two sites do to two fields, and whenever: once they have all, they show the same, and hold the same bytes.
using Step = std::tuple<std::uint8_t, std::uint8_t, std::uint8_t>;

RC_GTEST_PROP(DocumentExpiryLaws, SitesAgree, (const std::vector<Step>& steps)) {
  Sites sites(2);
  std::int64_t now = kNow;
  for (const auto& [who, what, how] : steps) {
    Site& site = sites[who % 2];
    now += how % 30;
    for (std::size_t i = 0; i < 2; ++i) sites[i].set_now(now);
    const Bytes outer = who / 2 % 2 == 0 ? "o" : "p";
    switch (what % 7) {
      case 0: site.pull(sites[(who + 1) % 2]); break;
      case 1: site.commit({patch_document({{outer, {{"x", how}}}})}); break;
      case 2: site.commit({patch_document({{outer, {{"n", {{"__op__", "add"}, {"value", 1 + how % 3}}}}}})}); break;
      case 3: site.commit({patch_document({{outer, nullptr}})}); break;
      case 4: site.commit({ends({outer}, in(1 + how))}); break;
      case 5: site.commit({ends({outer, how % 2 == 0 ? "x" : "n"}, how % 5 == 0 ? TimeToLive{} : in(1 + how))}); break;
      default: site.commit({put_document({{outer, how}})});
    }
  }
  sites.exchange();
  RC_ASSERT(sites[0].digest() == sites[1].digest());
  for (int i = 0; i < 6; ++i, now += 60) {
    for (std::size_t s = 0; s < 2; ++s) sites[s].set_now(now);
    RC_ASSERT(text_of(sites[0]) == text_of(sites[1]));
    RC_ASSERT(text_of(sites[0]) == listed(sites[0]));
  }
}

}  // namespace
}  // namespace pando::engine::document_expiry_test
