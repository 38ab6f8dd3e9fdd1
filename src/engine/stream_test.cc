#include "engine/stream.h"

#include <gtest/gtest.h>

#include "engine/sites_suite.h"

namespace pando::engine::stream_test {
namespace {

using test::of_kind;
using test::with_detail;

AddEntry entry(StreamId id, Bytes value) {
  AddEntry made;
  made.how = AddEntry::Id::kGiven;
  made.id = id;
  made.fields = {{"v", std::move(value)}};
  return made;
}
Mutation add(StreamId id, Bytes value) { return with_detail("s", entry(id, std::move(value))); }
Mutation add_made(Bytes value) {
  AddEntry made = entry({}, std::move(value));
  made.how = AddEntry::Id::kMade;
  return with_detail("s", made);
}
Mutation trim_to(std::uint64_t count) {
  StreamTrim trim;
  trim.count_max = count;
  return with_detail("s", TrimStream{trim});
}

EntriesReply range(Site& site, StreamId first = {}, StreamId last = kStreamIdMax, bool reverse = false,
                   std::uint64_t count_max = 1'000) {
  return site.ask<EntriesReply>(RangeEntriesRequest{std::string(kTableKv), "s", first, last, reverse, count_max});
}
std::string values(const EntriesReply& reply) {
  std::string text;
  for (const auto& one : reply.entries) text += to_string(one.id) + "=" + one.fields.at(0).second + " ";
  return text;
}

TEST(Streams, EntriesLieInTheOrderOfTheirIds) {
  Site site("dc1");
  site.write({add({1, 1}, "a"), add({1, 2}, "b"), add({300, 0}, "c")});
  EXPECT_EQ(values(range(site)), "1-1=a 1-2=b 300-0=c ");
  EXPECT_EQ(values(range(site, {1, 2}, {299, 0})), "1-2=b ");
  EXPECT_EQ(values(range(site, {}, kStreamIdMax, true, 2)), "300-0=c 1-2=b ");
  EXPECT_TRUE(range(site, {}, kStreamIdMax, true, 2).more);
  EXPECT_EQ(values(range(site, {1, 2}, {1, 1})), "");
  EXPECT_EQ(range(site, {}, kStreamIdMax, false, 0).count, 3u);
  EXPECT_EQ(range(site).top, (StreamId{300, 0}));
  site.restart();
  EXPECT_EQ(values(range(site, {1, 2})), "1-2=b 300-0=c ") << "from the store";
  EXPECT_EQ(values(range(site, {}, {1, 2}, true)), "1-2=b 1-1=a ");
}

TEST(Streams, IdsNeverGoBack) {
  Site site("dc1");
  site.write(add({5, 5}, "a"));
  EXPECT_EQ(site.try_commit({add({5, 5}, "x")}).code(), StatusCode::kPreconditionFailed);
  EXPECT_EQ(site.try_commit({add({4, 9}, "x")}).code(), StatusCode::kPreconditionFailed);
  EXPECT_EQ(site.try_commit({add({6, 0}, "b"), add({6, 0}, "x")}).code(), StatusCode::kPreconditionFailed);
  // Also when the highest has gone, in the same commit or before.
  EXPECT_EQ(site.write(with_detail("s", RemoveEntries{{{5, 5}, {9, 9}}})).results[0], 1);
  EXPECT_TRUE(range(site).found) << "an empty stream";
  EXPECT_EQ(site.try_commit({add({5, 5}, "x")}).code(), StatusCode::kPreconditionFailed);
  EXPECT_EQ(site.try_commit({add({7, 0}, "b"), trim_to(0), add({7, 0}, "x")}).code(), StatusCode::kPreconditionFailed);
  site.write({add({7, 0}, "b"), trim_to(0), add({7, 1}, "c")});
  EXPECT_EQ(values(range(site)), "7-1=c ");
  EXPECT_EQ(range(site).top, (StreamId{7, 1}));
  // A key that is deleted begins anew.
  site.write(of_kind(Mutation::Kind::kDelete, "s"));
  EXPECT_FALSE(range(site).found);
  site.write(add({1, 0}, "d"));
  EXPECT_EQ(values(range(site)), "1-0=d ");
}

TEST(Streams, MadeIdsFollowTheClockAndTheHighest) {
  Site site("dc1");
  site.set_now(1'000);
  const auto id_of = [&] { return *range(site).entries.rbegin(); };
  EXPECT_EQ(site.write(add_made("a")).returned[0].size(), 1u);
  EXPECT_EQ(id_of().id.ms, 1'000u);
  const StreamId first = id_of().id;
  site.write(add_made("b"));
  EXPECT_EQ(id_of().id.ms, 1'000u);
  EXPECT_GT(id_of().id, first);
  site.set_now(500);
  site.write(add_made("c"));
  EXPECT_EQ(id_of().id.ms, 1'000u) << "a clock that goes back takes no id back";
  EXPECT_EQ(range(site).entries.size(), 3u);
  AddEntry of_time = entry({1'000, 0}, "d");
  of_time.how = AddEntry::Id::kOfTime;
  site.write(with_detail("s", of_time));
  EXPECT_EQ(range(site).entries.size(), 4u);
  site.write(add(kStreamIdMax, "e"));
  EXPECT_EQ(site.try_commit({add_made("x")}).code(), StatusCode::kOutOfRange);
}

TEST(Streams, TwoSitesAtOneInstantMakeTwoEntries) {
  Sites sites(2);
  for (std::size_t i = 0; i < 2; ++i) {
    sites[i].set_now(1'000);
    sites[i].commit({add_made("of " + std::to_string(i))});
    sites[i].commit({add_made("more of " + std::to_string(i))});
  }
  sites.exchange();
  EXPECT_EQ(range(sites[0]).entries.size(), 4u);
  EXPECT_EQ(values(range(sites[0])), values(range(sites[1])));
  EXPECT_EQ(sites[0].digest(), sites[1].digest());
}

TEST(Streams, WhatATrimDidNotSeeStays) {
  Sites sites(2);
  sites[0].commit({add({1, 0}, "a"), add({2, 0}, "b")});
  sites.exchange();
  sites[0].commit({trim_to(0)});
  sites[1].commit({add({3, 0}, "c")});
  sites.exchange();
  for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(values(range(sites[i])), "3-0=c ");
  EXPECT_EQ(sites[0].digest(), sites[1].digest());
  // Both take out the highest: the mark stays above all of them.
  sites[0].commit({add({4, 0}, "d"), trim_to(0)});
  sites[1].commit({trim_to(0)});
  sites.exchange();
  for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(range(sites[i]).top, (StreamId{4, 0}));
}

TEST(Streams, TrimsByLengthAndById) {
  Site site("dc1");
  for (std::uint64_t i = 1; i <= 10; ++i) site.write(add({i, 0}, "x"));
  EXPECT_EQ(site.write(trim_to(8)).results[0], 2);
  EXPECT_EQ(site.write(trim_to(8)).results[0], 0);
  StreamTrim below;
  below.from = StreamId{5, 0};
  below.remove_max = 1;
  EXPECT_EQ(site.write(with_detail("s", TrimStream{below})).results[0], 1);
  EXPECT_EQ(range(site).entries.front().id.ms, 4u);
  AddEntry last = entry({11, 0}, "y");
  last.trim = StreamTrim{};
  last.trim->count_max = 2;
  site.write(with_detail("s", last));
  EXPECT_EQ(values(range(site)), "10-0=x 11-0=y ");
}

TEST(Streams, ExpireAndKeepToTheirType) {
  Site site("dc1");
  AddEntry if_there = entry({1, 0}, "a");
  if_there.if_exists = true;
  EXPECT_TRUE(site.write(with_detail("s", if_there)).returned[0].empty());
  site.write(add({1, 0}, "a"));
  EXPECT_EQ(site.try_commit({with_detail("s", ListPush{ListEnd::kBack, {"x"}, false})}).code(), StatusCode::kWrongType);
  site.write(with_detail("s", ExpireChange{{TimeToLive::Kind::kUntil, 100}, ExpireChange::When::kAlways, {}}));
  site.set_now(100);
  EXPECT_FALSE(range(site).found);
  site.write(add({1, 0}, "again"));
  EXPECT_EQ(values(range(site)), "1-0=again ") << "it begins anew";
  Mutation put = of_kind(Mutation::Kind::kPut, "s");
  put.value = "v";
  EXPECT_EQ(site.try_commit({put}).code(), StatusCode::kWrongType);
}

}  // namespace
}  // namespace pando::engine::stream_test
