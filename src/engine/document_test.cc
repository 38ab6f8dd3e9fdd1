#include "engine/document.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "base/limits.h"
#include "engine/document_suite.h"

namespace pando::engine::document_test {
namespace {

Json parse(const char* text) { return Json::parse(text); }

// One site. -------------------------------------------------------------------------------------------------------

TEST(Document, IsReadAsItWasPut) {
  Site site("dc1");
  EXPECT_EQ(text_of(site), "(none)");
  for (const char* text : {R"({})", R"({"a":null,"b":[1,[2,{"c":3}]],"d":{},"e":{"f":{"g":"h"}},"":0})",
                           R"({"a":{"b":1}})", R"({"a":2})", R"({"a":{"b":{}}})"}) {
    site.commit({put_document(parse(text))});
    EXPECT_EQ(read_document(site), parse(text));
  }
  site.commit({delete_document()});
  EXPECT_EQ(text_of(site), "(none)");
  EXPECT_EQ(site.cell_count(), 0u) << "nothing is kept of it";
}

TEST(Document, NumbersKeepTheirText) {
  Site site("dc1");
  Document document{{""}};
  const Bytes numbers[] = {"12.50", "123456789012345678901234567890", "1e400", "-0.0"};
  for (const Bytes& number : numbers) {
    document.push_back({path_of_fields({number}), DocumentEntry::Kind::kValue, number});
  }
  std::sort(document.begin(), document.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  site.commit({on_document("k", PutDocument{document})});
  EXPECT_EQ(site.ask<DocumentReply>(GetDocumentRequest{"docs", "k"}).document, document);
}

TEST(Document, APutWritesWhatDiffers) {
  Site site("dc1");
  site.commit({put_document(parse(R"({"a":1,"b":{"c":2,"d":3},"e":[1,2]})"))});
  EXPECT_EQ(site.commit({put_document(parse(R"({"a":1,"b":{"c":2,"d":3},"e":[1,2]})"))}).size(), 0u);
  EXPECT_EQ(site.commit({put_document(parse(R"({"a":1,"b":{"c":9,"d":3},"e":[1,2]})"))}).size(), 1u);
  EXPECT_EQ(site.commit({put_document(parse(R"({"a":1,"e":[1,2]})"))}).size(), 1u) << "what is below goes with it";
  EXPECT_EQ(text_of(site), R"({"a":1,"e":[1,2]})");
}

TEST(Document, RemovingAFieldIsOneOpHoweverMuchIsBelow) {
  Site site("dc1");
  Json large;
  for (int i = 0; i < 500; ++i) large["sub"]["f" + std::to_string(i)] = i;
  large["other"] = 1;
  site.commit({put_document(large)});
  EXPECT_EQ(site.commit({patch_document(parse(R"({"sub":null})"))}).size(), 1u);
  EXPECT_EQ(text_of(site), R"({"other":1})");
  EXPECT_EQ(site.cell_count(), 2u);
}

TEST(Document, Operators) {
  Site site("dc1");
  struct Row {
    const char* patch;
    const char* then;
    const char* why;
  };
  const Row rows[] = {
      {R"({"n":{"__op__":"add","value":2}})", R"({"n":2})", "a field that is not there counts from nothing"},
      {R"({"n":{"__op__":"add","value":-2}})", R"({"n":0})", "and stays when it is back at nothing"},
      {R"({"z":{"__op__":"add","value":0}})", R"({"n":0,"z":0})", "adding nothing makes it too"},
      {R"({"n":null,"z":null})", R"({})", "removed"},
      {R"({"n":10})", R"({"n":10})", ""},
      {R"({"n":{"__op__":"add","value":"0.5"}})", R"({"n":10.5})", "on top of a plain number"},
      {R"({"n":3})", R"({"n":3})", "which takes away what was added"},
      {R"({"n":{"__op__":"max","value":2}})", R"({"n":3})", "not more"},
      {R"({"n":{"__op__":"max","value":7}})", R"({"n":7})", "more"},
      {R"({"n":{"__op__":"add","value":1}})", R"({"n":8})", ""},
      {R"({"n":{"__op__":"min","value":9}})", R"({"n":8})", "not less than what is shown"},
      {R"({"n":{"__op__":"min","value":-1}})", R"({"n":-1})", "less"},
      {R"({"n":null,"o":{"p":{"__op__":"max","value":4}}})", R"({"o":{"p":4}})", "the first of its kind, nested"},
      {R"({"o":null,"s":{"__op__":"set-add","value":["b","a",1]}})", R"({"s":["a","b",1]})", "a set"},
      {R"({"s":{"__op__":"set-remove","value":["b","x"]}})", R"({"s":["a",1]})", ""},
      {R"({"s":{"__op__":"set-remove","value":["a",1]}})", R"({})", "a set is there while it has members"},
      {R"({"s":["x","x",2]})", R"({"s":["x","x",2]})", "an array is a value"},
      {R"({"s":{"__op__":"set-remove","value":["y"]}})", R"({"s":["x","x",2]})", "untouched"},
      {R"({"s":{"__op__":"set-add","value":["y"]}})", R"({"s":["x","y",2]})", "which becomes a set"},
      {R"({"s":5})", R"({"s":5})", "and gives way to a value"},
      {R"({"s":{"t":{}}})", R"({"s":{"t":{}}})", "and that to an object"},
      {R"({"s":[{}]})", R"({"s":[{}]})", "and that to an array"},
  };
  for (const Row& row : rows) {
    site.commit({patch_document(parse(row.patch))});
    EXPECT_EQ(read_document(site), parse(row.then)) << row.patch << ": " << row.why;
  }
}

TEST(Document, RefusalsNameTheFieldAndChangeNothing) {
  Site site("dc1");
  site.commit({put_document(parse(R"({"text":"x","list":[[1]],"o":{"n":1e30},"n":999999999999999999999999})"))});
  struct Row {
    const char* patch;
    StatusCode code;
    const char* text;
  };
  const Row rows[] = {
      {R"({"a":1,"text":{"__op__":"add","value":1}})", StatusCode::kWrongType,
       "field \"text\" holds a plain value, not a number; remove it first"},
      {R"({"o":{"__op__":"max","value":1}})", StatusCode::kWrongType, "field \"o\" holds an object, not a number"},
      {R"({"list":{"__op__":"set-add","value":[1]}})", StatusCode::kWrongType,
       "field \"list\" holds an array, not a set or an array of plain values"},
      {R"({"n":{"__op__":"set-remove","value":[1]}})", StatusCode::kWrongType, "field \"n\" holds a number"},
      {R"({"o":{"n":{"__op__":"add","value":1}}})", StatusCode::kOutOfRange, "field \"o.n\": 1e+30 is not a number of"},
      {R"({"o":{"m":{"__op__":"add","value":"0.0000000001"}}})", StatusCode::kOutOfRange, "at most 9 digits"},
      {R"({"n":{"__op__":"add","value":2}})", StatusCode::kOutOfRange, "plus 2 leaves the range"},
  };
  const std::string before = site.digest();
  for (const Row& row : rows) {
    const Status status = site.try_commit({patch_document(parse(row.patch))});
    EXPECT_EQ(status.code(), row.code) << row.patch;
    EXPECT_NE(status.message().find(row.text), std::string::npos) << status.message();
  }
  EXPECT_EQ(site.digest(), before);

  Mutation plain;
  plain.table = "docs";
  plain.key = "v";
  plain.value = "bytes";
  site.commit({plain});
  EXPECT_EQ(site.try_commit({put_document(parse("{}"), "v")}).code(), StatusCode::kWrongType);
  plain.key = "k";
  EXPECT_EQ(site.try_commit({plain}).message(), "key \"k\" holds a document, not a value; delete it first");
}

TEST(Document, MutationsOfOneCommitSeeEachOther) {
  Site site("dc1");
  site.commit({put_document(parse(R"({"a":{"x":1,"n":5},"n":1})")), patch_document(parse(R"({"a":{"y":2}})")),
               patch_document(parse(R"({"n":{"__op__":"add","value":4}})")), patch_document(parse(R"({"a":null})")),
               patch_document(parse(R"({"a":{"z":{"__op__":"add","value":1}}})"))});
  EXPECT_EQ(text_of(site), R"({"a":{"z":1},"n":5})");
  site.commit({patch_document(parse(R"({"a":null})")), patch_document(parse(R"({"a":{"z":7}})")), delete_document(),
               put_document(parse(R"({"b":1})")), put_document(parse(R"({"b":1,"c":{}})"))});
  EXPECT_EQ(text_of(site), R"({"b":1,"c":{}})");
}

// Sites that do not see each other. ---------------------------------------------------------------------------------

struct Concurrent {
  const char* first;  // everyone has seen this
  const char* one;    // patches, at the same time
  const char* other;
  const char* merged;
  const char* why;
};

TEST(Document, ConcurrentPatches) {
  const Concurrent rows[] = {
      {R"({"a":{"n":0}})", R"({"a":null})", R"({"a":{"n":{"__op__":"add","value":5}}})", R"({"a":{"n":5}})",
       "field removed while its nested counter is incremented: what was added meanwhile stays, exactly"},
      {R"({"a":{"n":7,"x":1}})", R"({"a":null})", R"({"a":{"n":{"__op__":"add","value":5}}})", R"({"a":{"n":5}})",
       "and nothing of what was there before"},
      {R"({"n":10})", R"({"n":{"__op__":"add","value":1}})", R"({"n":{"__op__":"add","value":2}})", R"({"n":13})",
       "a plain number that both add to is counted once"},
      {R"({"n":10})", R"({"n":100})", R"({"n":{"__op__":"add","value":2}})", R"({"n":102})",
       "set while it is added to"},
      {R"({"a":{"x":1}})", R"({"a":{"x":2}})", R"({"a":{"y":3}})", R"({"a":{"x":2,"y":3}})", "different fields"},
      {R"({"a":{"x":1}})", R"({"a":null})", R"({"a":{"y":{"z":1}}})", R"({"a":{"y":{"z":1}}})",
       "an object removed while a field is written below it"},
      {R"({"a":{"x":1}})", R"({"a":null})", R"({"a":{"x":null}})", R"({})", "removed twice"},
      {R"({})", R"({"s":{"__op__":"set-add","value":["x"]}})", R"({"s":{"__op__":"set-add","value":["y"]}})",
       R"({"s":["x","y"]})", "members of both"},
      {R"({"s":["x"]})", R"({"s":{"__op__":"set-add","value":["y"]}})", R"({"s":{"__op__":"set-add","value":["z"]}})",
       R"({"s":["x","y","z"]})", "an array that both make a set"},
      {R"({"n":1})", R"({"n":{"__op__":"max","value":9}})", R"({"n":{"__op__":"max","value":5}})", R"({"n":9})",
       "the larger, whoever was later"},
      {R"({"n":50})", R"({"n":{"__op__":"min","value":9}})", R"({"n":{"__op__":"min","value":5}})", R"({"n":5})",
       "the smaller"},
      {R"({"n":1})", R"({"n":{"__op__":"max","value":9}})", R"({"n":3})", R"({"n":9})", "set lower while it is raised"},
      {R"({})", R"({"f":1})", R"({"f":{"x":2}})", R"({"f":{"x":2}})", "type clash: an object before a value"},
      {R"({})", R"({"f":{"__op__":"set-add","value":["m"]}})", R"({"f":{"x":2}})", R"({"f":{"x":2}})",
       "an object before a set"},
      {R"({})", R"({"f":{"__op__":"set-add","value":["m"]}})", R"({"f":"text"})", R"({"f":["m"]})",
       "a set before a value"},
      {R"({})", R"({"f":{"__op__":"set-add","value":["m"]}})", R"({"f":{"__op__":"add","value":1}})", R"({"f":["m"]})",
       "a set before a number that is added to"},
      {R"({})", R"({"f":{"__op__":"add","value":4}})", R"({"f":"text"})", R"({"f":4})",
       "a number that is added to before a value"},
  };
  for (const Concurrent& row : rows) {
    for (const bool swapped : {false, true}) {
      Sites sites(2);
      sites[0].commit({put_document(parse(row.first))});
      sites.exchange();
      sites[swapped ? 1 : 0].commit({patch_document(parse(row.one))});
      sites[swapped ? 0 : 1].commit({patch_document(parse(row.other))});
      sites.exchange();
      EXPECT_EQ(read_document(sites[0]), parse(row.merged)) << row.why;
      EXPECT_EQ(read_document(sites[1]), parse(row.merged)) << row.why;
      EXPECT_EQ(sites[0].digest(), sites[1].digest()) << row.why;
    }
  }
}

TEST(Document, AFieldInConflictIsResolvedByAWriteThatSawIt) {
  Sites sites(2);
  sites[0].commit({put_document(parse("{}"))});
  sites.exchange();
  sites[0].commit({patch_document(parse(R"({"f":"text"})"))});
  sites[1].commit({patch_document(parse(R"({"f":{"x":{"__op__":"add","value":3}}})"))});
  sites.exchange();
  EXPECT_EQ(text_of(sites[0]), R"({"f":{"x":3}})");
  sites[0].commit({patch_document(parse(R"({"f":{"y":1}})"))});
  sites[0].commit({patch_document(parse(R"({"f":{"x":null,"y":null}})"))});
  sites.exchange();
  EXPECT_EQ(text_of(sites[1]), R"({"f":{}})") << "the text does not come back";

  sites[0].commit({patch_document(parse(R"({"g":1})"))});
  sites[1].commit({patch_document(parse(R"({"g":{"x":1}})"))});
  sites.exchange();
  sites[1].commit({put_document(parse(R"({"g":{"x":1}})"))});
  sites[1].commit({patch_document(parse(R"({"g":{"x":null}})"))});
  sites.exchange();
  EXPECT_EQ(text_of(sites[0]), R"({"g":{}})") << "a replacement resolves what it keeps";
}

TEST(Document, AReplacementKeepsWhatOthersDoToFieldsItLeavesAlone) {
  Sites sites(2);
  sites[0].commit({put_document(parse(R"({"name":"ada","visits":1,"city":"riga"})"))});
  sites.exchange();
  sites[0].commit({put_document(parse(R"({"name":"Ada","visits":1,"city":"riga"})"))});
  sites[1].commit({patch_document(parse(R"({"visits":{"__op__":"add","value":4},"city":"oslo"})"))});
  sites.exchange();
  EXPECT_EQ(read_document(sites[0]), parse(R"({"name":"Ada","visits":5,"city":"oslo"})"));
}

TEST(Document, AnAbsentSiteResurrectsNothing) {
  Sites sites(3);
  sites[0].commit({put_document(parse(R"({"a":{"b":1,"n":2},"s":["x"]})"))});
  sites.exchange();
  sites[0].commit(
      {patch_document(parse(R"({"a":{"n":{"__op__":"add","value":5}},"s":{"__op__":"set-add","value":["y"]}})"))});
  sites[1].pull(sites[0]);
  sites[1].commit({delete_document()});
  sites[0].pull(sites[1]);
  EXPECT_EQ(text_of(sites[0]), "(none)");
  sites[2].checkpoint();
  sites.exchange();
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(text_of(sites[i]), "(none)");
  EXPECT_EQ(sites[0].digest(), sites[2].digest());
}

// Exhaustive: every history of 3 commits on 3 sites, in every causal order, each commit twice.
// ----------------------------

TEST(DocumentLaws, EverySmallWorld) {
  const char* patches[] = {
      R"({"a":{"n":{"__op__":"add","value":3}}})",
      R"({"a":null})",
      R"({"a":7})",
      R"({"a":{"n":1,"s":{"__op__":"set-add","value":["m"]}}})",
  };
  const auto act = [&](int action, const std::string&) {
    return action == 4 ? delete_document() : patch_document(parse(patches[action]));
  };
  const auto look = [](test::Site& site) {
    const auto reply = site.read<DocumentReply>(GetDocumentRequest{"docs", "k"});
    return reply.found ? json_of(reply.document).dump() : std::string("(none)");
  };
  EXPECT_GT(test::SmallWorlds<3>({patch_document(parse("{}"))}, 5, act, look).explore(), 1'000u);
}

// Beyond that, at random.
// ------------------------------------------------------------------------------------------------

// JSON made of the bytes of a seed.
class Maker {
 public:
  explicit Maker(const std::vector<std::uint8_t>& seed) : seed_(seed) {}

  Json object(int depth = 0) {
    Json made = Json::object();
    for (unsigned i = take() % 4; i > 0; --i) made[std::string(1, static_cast<char>('a' + take() % 3))] = value(depth);
    return made;
  }
  // One that operators may stand in.
  Json patch(int depth = 0) {
    Json made = Json::object();
    for (unsigned i = 1 + take() % 3; i > 0; --i) {
      Json& field = made[std::string(1, static_cast<char>('a' + take() % 3))];
      switch (take() % 8) {
        case 0: field = Json{{"__op__", "add"}, {"value", static_cast<int>(take()) - 128}}; break;
        case 1: field = Json{{"__op__", "max"}, {"value", take()}}; break;
        case 2: field = Json{{"__op__", "min"}, {"value", take()}}; break;
        case 3: field = Json{{"__op__", "set-add"}, {"value", {take() % 3, "x"}}}; break;
        case 4: field = Json{{"__op__", "set-remove"}, {"value", {take() % 3}}}; break;
        case 5: field = nullptr; break;
        default: field = depth < 3 ? patch(depth + 1) : value(depth);
      }
    }
    return made;
  }

 private:
  Json value(int depth) {
    switch (take() % 7) {
      case 0: return nullptr;
      case 1: return take() % 2 == 0;
      case 2: return take();
      case 3: return "text" + std::to_string(take() % 3);
      case 4: return Json::array({take(), Json::object({{"a", nullptr}})});
      default: return depth < 3 ? object(depth + 1) : Json(take());
    }
  }
  unsigned take() { return at_ < seed_.size() ? seed_[at_++] : 0; }

  const std::vector<std::uint8_t>& seed_;
  std::size_t at_ = 0;
};

using Seed = std::vector<std::uint8_t>;

RC_GTEST_PROP(DocumentLaws, PutAndGetRoundTrip, (const Seed& a, const Seed& b)) {
  Site site("dc1");
  for (const Seed& seed : {a, b}) {
    const Json wanted = Maker(seed).object();
    site.commit({put_document(wanted)});
    RC_ASSERT(read_document(site) == wanted);
  }
}

// As RFC 7386 says, and nlohmann does it.
RC_GTEST_PROP(DocumentLaws, MergePatchesInSequence, (const Seed& first, const std::vector<Seed>& patches)) {
  Site site("dc1");
  Json expected = Maker(first).object();
  site.commit({put_document(expected)});
  for (const Seed& seed : patches) {
    const Json patch = Maker(seed).object();
    site.commit({patch_document(patch)});
    expected.merge_patch(patch);
    RC_ASSERT(read_document(site) == expected);
  }
}

using Step = std::tuple<std::uint8_t, std::uint8_t, Seed>;

RC_GTEST_PROP(DocumentLaws, ConcurrentPatchesConverge, (const std::vector<Step>& steps)) {
  Sites sites(3);
  for (const auto& [who, what, seed] : steps) {
    Site& site = sites[who % 3];
    site.stamp_min = seed.size() * 7 % 50;
    switch (what % 6) {
      case 0: site.pull(sites[what / 6 % 3], 1 + what % 3); break;
      case 1: site.checkpoint(); break;
      case 2: (void)site.try_commit({put_document(Maker(seed).object())}); break;
      case 3: (void)site.try_commit({what % 12 == 3 ? delete_document() : patch_document(Maker(seed).object())}); break;
      default: (void)site.try_commit({patch_document(Maker(seed).patch())});
    }
  }
  sites.exchange();
  for (std::size_t i = 1; i < 3; ++i) {
    RC_ASSERT(sites[i].digest() == sites[0].digest());
    RC_ASSERT(text_of(sites[i]) == text_of(sites[0]));
  }
  // Whatever is there, a replacement leaves exactly what it says, here and elsewhere.
  const Json last = parse(R"({"a":{"b":1},"c":[2]})");
  sites[0].commit({put_document(last)});
  sites.exchange();
  RC_ASSERT(read_document(sites[2]) == last);
}

}  // namespace
}  // namespace pando::engine::document_test
