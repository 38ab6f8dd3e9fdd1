#include "repl/release.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/commit.h"
#include "model/commit_parts.h"

namespace pando::repl::release_test {
namespace {

using testing::HasSubstr;

constexpr Release kAll[] = {Release::kFirst,      Release::kFrontier, Release::kHave,  Release::kPacked,
                            Release::kQuarantine, Release::kResync,   Release::kParts, Release::kCluster,
                            Release::kGrowth,     Release::kMet};

Hello hello_of_now() {
  Hello hello;
  hello.origin = Origin{"a", 1};
  hello.ns = "n";
  hello.features = kFeatures;
  hello.unacked_bytes_max = 1000;
  hello.bytes_per_s_max = 50'000;
  hello.tables = TableSet::of({"kv"});
  hello.cluster = "staging";
  hello.patchy = PatchyLog{TableSet::of({"kv"}), TableSet::of({"row"}), {}};
  hello.incarnation = 7;
  hello.met = {{{"b", 1}, 8}};
  return hello;
}

TEST(Release, IsFoundByItsName) {
  for (const Release release : kAll) EXPECT_EQ(find_release(release_name(release)), release);
  EXPECT_EQ(find_release("now"), std::nullopt);
  EXPECT_EQ(std::size(kAll), static_cast<std::size_t>(kReleaseNow)) << "each is in this list";
}

TEST(Release, AHelloSaysWhatItsReleaseKnows) {
  struct {
    Release release;
    std::uint64_t version;
    std::uint64_t features;
    bool accepts, tables, cluster;
    std::string_view lacks;
  } const rows[] = {
      {Release::kFirst, 1, 0, false, false, false, "have, packed, resync, parts, growth"},
      {Release::kFrontier, 1, 0, false, false, false, "have, packed, resync, parts, growth"},
      {Release::kHave, 2, 0, false, false, false, "packed, resync, parts, growth"},
      {Release::kPacked, 2, 1, true, false, false, "resync, parts, growth"},
      {Release::kQuarantine, 2, 1, true, false, false, "resync, parts, growth"},
      {Release::kResync, 2, 3, true, false, false, "parts, growth"},
      {Release::kParts, 2, 7, true, true, false, "growth"},
      {Release::kCluster, 2, 7, true, true, true, "growth"},
      {Release::kGrowth, 2, 15, true, true, true, ""},
      {Release::kMet, 2, 15, true, true, true, ""},
  };
  for (const auto& row : rows) {
    Hello hello = hello_of_now();
    hold_back(hello, row.release);
    const std::string_view name = release_name(row.release);
    EXPECT_EQ(hello.version, row.version) << name;
    EXPECT_EQ(hello.features, row.features) << name;
    EXPECT_EQ(hello.unacked_bytes_max != 0, row.accepts) << name;
    EXPECT_EQ(hello.bytes_per_s_max != 0, row.accepts) << name;
    EXPECT_EQ(!hello.tables.all, row.tables) << name;
    EXPECT_EQ(!hello.cluster.empty(), row.cluster) << name;
    EXPECT_EQ(hello.patchy.has_value(), row.release >= Release::kGrowth) << name;
    EXPECT_EQ(!hello.met.empty(), row.release >= Release::kMet) << name;
    EXPECT_EQ(hello.incarnation != 0, row.release >= Release::kMet) << name;
    EXPECT_EQ(lacking(hello, kReleaseNow), row.lacks) << name;
    EXPECT_EQ(lacking(hello, row.release), "") << name << " misses nothing that it does not know";
    // It is a Hello that every release can read, and holding back again changes nothing.
    const Result<Hello> read = decode_hello(encode_frame(hello));
    ASSERT_TRUE(read.has_value()) << name;
    EXPECT_EQ(*read, hello) << name;
    Hello again = hello;
    hold_back(again, row.release);
    EXPECT_EQ(again, hello) << name;
  }
}

TEST(Release, WhatCameLaterIsAnUnknownFrame) {
  Commit commit;
  commit.dot = Dot{Origin{"a", 1}, Seq(1)};
  commit.ops = {PutOp{{"kv", "k", CellKind::kRegister, ""}, "v", {}},
                PutOp{{"row", "r", CellKind::kField, "c"}, "v", {}}};
  const Bytes whole = seal_commit(0, commit);
  Commit of_parts = commit;
  divide(of_parts, [](std::string_view) { return false; });
  const Bytes sections = seal_commit(0, of_parts);
  VersionVector seen;
  seen.raise(Origin{"a", 1}, Seq(1));
  const auto body = [](BodyItem item) {
    Body made;
    made.items = {std::move(item)};
    return Frame(made);
  };
  Body packed;
  packed.items = {ByteSpan(whole)};
  packed.unpacked = std::make_shared<const Bytes>(whole);
  struct {
    std::string_view what;
    Frame frame;
    Release since;
  } const rows[] = {
      {"a commit", body(ByteSpan(whole)), Release::kFirst},
      {"an ack", Ack{seen}, Release::kFirst},
      {"a frame of an optional kind is skipped", Quarantined{commit.dot, Status(StatusCode::kDataLoss, "no")},
       Release::kFirst},
      {"a have", body(Have{seen}), Release::kHave},
      {"an answer", body(Answer{whole}), Release::kHave},
      {"route", Route{}, Release::kHave},
      {"want", Want{{{Origin{"a", 1}, Seq(0), Seq(1)}}}, Release::kHave},
      {"a packed item", packed, Release::kPacked},
      {"gap", ResyncFrame(Gap{seen}), Release::kResync},
      {"sections", body(ByteSpan(sections)), Release::kParts},
  };
  for (const auto& row : rows) {
    for (const Release release : kAll) {
      const Status status = understands(row.frame, release);
      EXPECT_EQ(status.ok(), release >= row.since) << row.what << " at " << release_name(release);
      EXPECT_TRUE(status.ok() || status.code() == StatusCode::kUnimplemented) << status.to_string();
    }
  }
}

}  // namespace
}  // namespace pando::repl::release_test
