// Fleets in which not all nodes are of the same release yet (repl/release.h).

#include <gmock/gmock.h>

#include "node/resync_suite.h"

namespace pando::node::mixed_releases_test {
namespace {

using testing::HasSubstr;
using Site = ResyncSite;
using Wire = ResyncWire;
using repl::Release;

constexpr Release kOlder[] = {Release::kFirst,      Release::kFrontier, Release::kHave, Release::kPacked,
                              Release::kQuarantine, Release::kResync,   Release::kParts};

std::string notes_of(Site& site) {
  std::string text;
  for (const Note& note : site.out().notes) text += note.text + "\n";
  return text;
}

void write_some(Site& site, int round) {
  for (int i = 0; i < 20; ++i) {
    site.put(fmt::format("{}:{}", site.name(), i), fmt::format("value {}", round));
    site.put(key_of(i), fmt::format("{} in round {}", site.name(), round));
    site.count("hits", 1);
  }
  site.remove(key_of(round));
}

// An older node and a newer one; then the older one is upgraded and goes on from its disk.
TEST(MixedReleases, OldAndNewComeToTheSame) {
  for (const Release release : kOlder) {
    SCOPED_TRACE(repl::release_name(release));
    Site dc1("dc1");
    Site dc2("dc2");
    dc2.begin_as(release);
    Wire wire(dc1, dc2);
    write_some(dc1, 1);
    write_some(dc2, 2);
    ASSERT_TRUE(wire.settle());
    EXPECT_EQ(dc1.counter("hits"), 40);
    EXPECT_EQ(dc1.digest(), dc2.digest());
    const bool told = release < Release::kGrowth;
    EXPECT_EQ(notes_of(dc1).find(", of an earlier release: without ") != std::string::npos, told);
    EXPECT_EQ(notes_of(dc2).find(", of an earlier release: without "), std::string::npos);

    wire.disconnect();
    const std::string before = dc2.digest();
    dc2.begin_as(repl::kReleaseNow);
    EXPECT_EQ(dc2.digest(), before) << "the newer release reads the disk of the older one";
    wire.connect();
    write_some(dc1, 3);
    write_some(dc2, 4);
    ASSERT_TRUE(wire.settle());
    EXPECT_EQ(dc1.counter("hits"), 80);
    EXPECT_EQ(dc1.digest(), dc2.digest());
  }
}

// A commit of several tables is in sections, which those before `parts` cannot read: the link is refused by name, and
// nothing is lost by that. What they write themselves is as they always wrote it.
TEST(MixedReleases, WhatAnOlderOneCannotReadWaitsForItsUpgrade) {
  const auto write_two_tables = [](Site& site, const std::string& key) {
    site.commit(
        {PutOp{{"kv", key, CellKind::kRegister, ""}, "v", {}}, PutOp{{"row", key, CellKind::kField, "c"}, "v", {}}});
  };
  for (const Release release : {Release::kFirst, Release::kResync}) {
    SCOPED_TRACE(repl::release_name(release));
    Site dc1("dc1");
    Site dc2("dc2");
    dc2.begin_as(release);
    write_two_tables(dc2, "from dc2");
    Wire wire(dc1, dc2);
    ASSERT_TRUE(wire.settle());
    EXPECT_EQ(dc1.value("from dc2"), "v");
    write_two_tables(dc1, "from dc1");
    dc1.put("behind it", "v");
    wire.run(200);
    EXPECT_THAT(dc1.out().link_closes.back().reason.message(), HasSubstr("it must be brought to a newer version"));
    EXPECT_EQ(dc2.value("from dc1"), "(none)");
    EXPECT_EQ(dc2.value("behind it"), "(none)");
    wire.disconnect();
    dc2.begin_as(repl::kReleaseNow);
    wire.connect();
    ASSERT_TRUE(wire.settle());
    EXPECT_EQ(dc2.value("from dc1"), "v");
    EXPECT_EQ(dc2.value("behind it"), "v");
    EXPECT_EQ(dc1.digest(), dc2.digest());
  }
}

}  // namespace
}  // namespace pando::node::mixed_releases_test
