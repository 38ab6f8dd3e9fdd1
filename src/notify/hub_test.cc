#include "notify/hub.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pando::notify {
namespace {

using ::testing::ElementsAre;

// A log of one node, written by hand: commits of origin "a" that touch the given keys.
class TestLog {
 public:
  struct Entry {
    std::optional<Dot> dot;
    std::vector<Change> changes;
  };

  // "kv/x": table and key.
  void append(std::initializer_list<const char*> keys, std::size_t value_bytes = 1) {
    Entry entry{Dot{Origin{"a", 1}, Seq(++seq_)}, {}};
    for (const std::string_view key : keys) {
      Change change;
      change.number = ++number_;
      change.pos = LogPos(entries_.size() + 1);
      change.index = static_cast<std::uint32_t>(entry.changes.size());
      change.dot = *entry.dot;
      change.table = key.substr(0, key.find('/'));
      change.key = key.substr(key.find('/') + 1);
      change.value = Bytes(value_bytes, 'v');
      entry.changes.push_back(std::move(change));
    }
    entries_.push_back(std::move(entry));
  }
  void append_non_commit() { entries_.push_back({}); }

  LogPos durable() const { return LogPos(entries_.size()); }
  const Entry& at(LogPos pos) const { return entries_.at(pos.value - 1); }
  Cursor start() const { return Cursor{Origin{"n", 1}, LogPos(0), {}, {}}; }

 private:
  std::vector<Entry> entries_;
  std::uint64_t seq_ = 0;
  std::uint64_t number_ = 0;
};

// Feeds the hub all it wants; how many records it read for that.
int pump(Hub& hub, const TestLog& log) {
  int reads = 0;
  while (const auto pos = hub.next_read(log.durable())) {
    const TestLog::Entry& entry = log.at(*pos);
    hub.offer({*pos, entry.dot, entry.changes});
    ++reads;
  }
  return reads;
}

std::vector<std::string> keys(const Batch& batch) {
  std::vector<std::string> found;
  for (const Event& event : batch.events) found.push_back(event.change.key);
  return found;
}

TEST(WatchFilter, Table) {
  Change change;
  change.table = "kv";
  change.key = "user:alice";
  const struct {
    WatchFilter filter;
    bool matches;
    const char* why;
  } rows[] = {
      {{std::nullopt, "", false}, true, "everything"},
      {{"kv", "", false}, true, "its table"},
      {{"row", "", false}, false, "another table"},
      {{std::nullopt, "user:", false}, true, "prefix"},
      {{std::nullopt, "user:alice", false}, true, "a key is a prefix of itself"},
      {{std::nullopt, "user:alice2", false}, false, "longer than the key"},
      {{"kv", "user:alice", true}, true, "the key"},
      {{"kv", "user:", true}, false, "only a prefix of it"},
      {{"kv", "", true}, false, "no key is empty"},
      {{"row", "user:alice", true}, false, "the key in another table"},
  };
  for (const auto& row : rows) EXPECT_EQ(matches(row.filter, change), row.matches) << row.why;
}

TEST(Hub, OneReadServesAllAtTheSamePlace) {
  TestLog log;
  Hub hub("ns");
  for (std::uint64_t id = 1; id <= 100; ++id) ASSERT_TRUE(hub.open(WatchId(id), {}, log.start()).has_value());
  log.append({"kv/x"});
  log.append({"kv/y"});
  EXPECT_EQ(pump(hub, log), 2);
  const auto batches = hub.take_batches(log.durable());
  ASSERT_EQ(batches.size(), 100u);
  EXPECT_THAT(keys(batches[0]), ElementsAre("x", "y"));
  EXPECT_EQ(batches[0].events, batches[99].events);
  EXPECT_TRUE(hub.take_batches(log.durable()).empty());
}

TEST(Hub, StandsStillUntilTheBatchIsTaken) {
  TestLog log;
  Hub hub("ns");
  ASSERT_TRUE(hub.open(WatchId(1), {}, log.start()).has_value());
  ASSERT_TRUE(hub.open(WatchId(2), {}, log.start()).has_value());
  log.append({"kv/x"});
  pump(hub, log);
  EXPECT_EQ(hub.take_batches(log.durable()).size(), 2u);

  log.append({"kv/y"});
  EXPECT_EQ(hub.next_read(log.durable()), std::nullopt) << "both have a batch outstanding";
  hub.ready(WatchId(2));
  pump(hub, log);
  const auto fast = hub.take_batches(log.durable());
  ASSERT_EQ(fast.size(), 1u);
  EXPECT_EQ(fast[0].id, WatchId(2));

  log.append({"kv/z"});
  hub.ready(WatchId(1));
  hub.ready(WatchId(2));
  EXPECT_EQ(hub.slowest(), LogPos(2));
  EXPECT_EQ(pump(hub, log), 2) << "records 2 and 3 once each, though two watches want 3";
  const auto both = hub.take_batches(log.durable());
  ASSERT_EQ(both.size(), 2u);
  EXPECT_THAT(keys(both[0]), ElementsAre("y", "z"));
  EXPECT_THAT(keys(both[1]), ElementsAre("z"));
}

TEST(Hub, WaitsForTheRestOfWhatIsDurable) {
  TestLog log;
  Hub hub("ns");
  ASSERT_TRUE(hub.open(WatchId(1), {}, log.start()).has_value());
  log.append({"kv/x"});
  log.append({"kv/y"});
  hub.offer({LogPos(1), log.at(LogPos(1)).dot, log.at(LogPos(1)).changes});
  EXPECT_TRUE(hub.take_batches(log.durable()).empty()) << "record 2 is durable and comes with the same batch";
  pump(hub, log);
  const auto batches = hub.take_batches(log.durable());
  ASSERT_EQ(batches.size(), 1u);
  EXPECT_THAT(keys(batches[0]), ElementsAre("x", "y"));
}

TEST(Hub, BatchesEndInsideLargeCommits) {
  TestLog log;
  HubOptions options;
  options.batch = {.bytes_max = 1 << 20, .events_max = 2};
  Hub hub("ns", options);
  ASSERT_TRUE(hub.open(WatchId(1), WatchFilter{"kv", "", false}, log.start()).has_value());
  log.append({"kv/a", "row/r", "kv/b", "row/s", "kv/c"});
  log.append_non_commit();
  log.append({"kv/d"});
  std::vector<std::vector<std::string>> seen;
  for (int i = 0; i < 2; ++i) {
    pump(hub, log);
    for (const Batch& batch : hub.take_batches(log.durable())) seen.push_back(keys(batch));
    hub.ready(WatchId(1));
  }
  EXPECT_THAT(seen, ElementsAre(ElementsAre("a", "b"), ElementsAre("c", "d")));
}

TEST(Hub, BatchesAreBoundedByBytes) {
  TestLog log;
  HubOptions options;
  options.batch = {.bytes_max = 1000, .events_max = 100};
  Hub hub("ns", options);
  ASSERT_TRUE(hub.open(WatchId(1), {}, log.start()).has_value());
  log.append({"kv/a"}, 5000);  // larger than the bound: still passes, alone
  log.append({"kv/b"}, 500);
  log.append({"kv/c"}, 500);
  log.append({"kv/d"}, 500);
  std::vector<std::size_t> sizes;
  for (int i = 0; i < 4; ++i) {
    pump(hub, log);
    for (const Batch& batch : hub.take_batches(log.durable())) sizes.push_back(batch.events.size());
    hub.ready(WatchId(1));
  }
  EXPECT_THAT(sizes, ElementsAre(1, 2, 1));
}

TEST(Hub, PassesOverWhatDoesNotMatch) {
  TestLog log;
  Hub hub("ns");
  ASSERT_TRUE(hub.open(WatchId(1), WatchFilter{"kv", "only", true}, log.start()).has_value());
  for (int i = 0; i < 50; ++i) log.append({"kv/x", "kv/only2", "row/only"});
  pump(hub, log);
  EXPECT_TRUE(hub.take_batches(log.durable()).empty());
  EXPECT_EQ(hub.slowest(), LogPos(51)) << "it moved on, so that it holds nothing up";
}

TEST(Hub, CloseEndsAWatchInAnyState) {
  TestLog log;
  Hub hub("ns");
  for (std::uint64_t id = 1; id <= 3; ++id) ASSERT_TRUE(hub.open(WatchId(id), {}, log.start()).has_value());
  EXPECT_TRUE(hub.close(WatchId(1)));  // nothing read yet
  log.append({"kv/x"});
  pump(hub, log);
  EXPECT_TRUE(hub.close(WatchId(2)));  // gathered
  EXPECT_EQ(hub.take_batches(log.durable()).size(), 1u);
  EXPECT_TRUE(hub.close(WatchId(3)));  // outstanding
  EXPECT_FALSE(hub.close(WatchId(3)));
  hub.ready(WatchId(3));  // crossed with the close
  log.append({"kv/y"});
  EXPECT_EQ(hub.next_read(log.durable()), std::nullopt);
  EXPECT_EQ(hub.size(), 0u);
  EXPECT_EQ(hub.slowest(), std::nullopt);
}

TEST(Hub, RefusesOneWatchTooMany) {
  TestLog log;
  HubOptions options;
  options.watches_max = 1;
  Hub hub("ns", options);
  ASSERT_TRUE(hub.open(WatchId(1), {}, log.start()).has_value());
  const auto refused = hub.open(WatchId(2), {}, log.start());
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code(), StatusCode::kOverloaded);
  EXPECT_EQ(refused.error().message(), "1 watches are open, which is the limit");
  hub.close(WatchId(1));
  EXPECT_TRUE(hub.open(WatchId(2), {}, log.start()).has_value());
}

TEST(Hub, OpeningAnswersTheCursorItStartsFrom) {
  TestLog log;
  Hub hub("ns");
  EXPECT_EQ(parse_cursor("ns", hub.open(WatchId(1), {}, log.start()).value()).value(), log.start());
}

TEST(Hub, DropsThoseTheLogHasLeftBehind) {
  TestLog log;
  Hub hub("ns");
  log.append({"kv/x"});
  log.append({"kv/y"});
  Cursor further = log.start();
  pass_record(further, LogPos(1), log.at(LogPos(1)).dot);
  ASSERT_TRUE(hub.open(WatchId(1), {}, log.start()).has_value());
  ASSERT_TRUE(hub.open(WatchId(2), {}, further).has_value());
  EXPECT_TRUE(hub.drop_before(LogPos(1)).empty());
  EXPECT_THAT(hub.drop_before(LogPos(2)), ElementsAre(WatchId(1)));
  EXPECT_EQ(hub.next_read(log.durable()), LogPos(2));
  EXPECT_THAT(hub.drop_all(), ElementsAre(WatchId(2)));
  EXPECT_EQ(hub.next_read(log.durable()), std::nullopt);
}

TEST(Follow, GivesEveryEventTheCursorAWatchWould) {
  TestLog log;
  log.append({"kv/a", "row/r", "kv/b"});
  log.append_non_commit();
  log.append({"kv/c"});
  Hub hub("ns");
  ASSERT_TRUE(hub.open(WatchId(1), {}, log.start()).has_value());
  pump(hub, log);
  const auto batches = hub.take_batches(log.durable());

  Cursor at = log.start();
  std::vector<Event> events;
  for (LogPos pos(1); pos <= log.durable(); pos = pos.next()) {
    follow(at, "ns", {pos, log.at(pos).dot, log.at(pos).changes}, {}, events);
  }
  EXPECT_EQ(events, batches.at(0).events);
  EXPECT_EQ(at.pos, log.durable());
  EXPECT_EQ(parse_cursor("ns", events.back().cursor).value(), at);
}

}  // namespace
}  // namespace pando::notify
