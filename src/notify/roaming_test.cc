// Watchers that wander between two nodes whose logs order concurrent commits differently, and are cut off at any
// event: every matching change exactly once, and never an effect before its cause.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <set>

#include "base/prng.h"
#include "notify/hub.h"

namespace pando::notify {
namespace {

struct TestCommit {
  Dot dot;
  VersionVector causes;  // what its writer had seen
  std::vector<Change> changes;
};

constexpr const char* kTables[] = {"kv", "row"};
constexpr const char* kKeys[] = {"a", "ab", "b"};

// A node that writes commits of its own and takes those of others in the order of their logs.
class TestNode {
 public:
  explicit TestNode(const char* name) : origin_{name, 1} {}

  void write(Prng& prng) {
    TestCommit commit{Dot{origin_, seen_.get(origin_).next()}, seen_, {}};
    const std::uint64_t count = prng.chance(1, 4) ? 0 : 1 + prng.below(6);
    for (std::uint64_t i = 0; i < count; ++i) {
      Change change;
      change.index = static_cast<std::uint32_t>(i);
      change.dot = commit.dot;
      change.table = kTables[prng.below(2)];
      change.key = kKeys[prng.below(3)];
      commit.changes.push_back(std::move(change));
    }
    append(std::move(commit));
  }

  // Takes up to `count` commits of the other's log that are new here.
  void pull(const TestNode& other, std::size_t count) {
    std::size_t& next = pulled_[other.origin_.node];
    for (; next < other.log_.size() && count > 0; ++next) {
      if (!other.log_[next] || seen_.covers(other.log_[next]->dot)) continue;
      append(*other.log_[next]);
      --count;
    }
  }

  LogState state() const { return {origin_, LogPos(log_.size()), seen_}; }
  const std::vector<std::optional<TestCommit>>& log() const { return log_; }

  LogPos first_lacking(const VersionVector& seen) const {
    for (std::size_t i = 0; i < log_.size(); ++i) {
      if (log_[i] && !seen.covers(log_[i]->dot)) return LogPos(i + 1);
    }
    return LogPos(log_.size() + 1);
  }

 private:
  void append(TestCommit commit) {
    seen_.raise(commit.dot.origin, commit.dot.seq);
    log_.emplace_back(std::move(commit));
    if (log_.size() % 5 == 0) log_.emplace_back();  // a record that is not a commit
  }

  Origin origin_;
  VersionVector seen_;
  std::vector<std::optional<TestCommit>> log_;
  std::map<std::string, std::size_t> pulled_;
};

// What one watcher was told so far, checked as it comes.
class Observer {
 public:
  Observer(WatchFilter filter, const std::map<Dot, TestCommit>& commits)
      : filter_(std::move(filter)), commits_(commits) {}

  void take(const Event& event) {
    const auto id = std::pair(event.change.dot, event.change.index);
    ASSERT_TRUE(matches(filter_, event.change));
    ASSERT_TRUE(had_.insert(id).second) << to_string(id.first) << " change " << id.second << " came twice";
    for (std::uint32_t before = 0; before < id.second; ++before) {
      ASSERT_TRUE(has(commits_.at(id.first), before)) << "the changes of a commit come in order";
    }
    for (const auto& [dot, cause] : commits_) {
      if (!commits_.at(id.first).causes.covers(dot)) continue;
      for (std::uint32_t i = 0; i < cause.changes.size(); ++i) {
        ASSERT_TRUE(has(cause, i)) << to_string(id.first) << " came before its cause " << to_string(dot);
      }
    }
  }
  void expect_complete() const {
    for (const auto& [dot, commit] : commits_) {
      for (std::uint32_t i = 0; i < commit.changes.size(); ++i) {
        EXPECT_TRUE(has(commit, i)) << to_string(dot) << " change " << i << " never came";
      }
    }
  }

 private:
  // True when that change came, or is not for this watcher.
  bool has(const TestCommit& commit, std::uint32_t index) const {
    return !matches(filter_, commit.changes[index]) || had_.contains({commit.dot, index});
  }

  WatchFilter filter_;
  const std::map<Dot, TestCommit>& commits_;
  std::set<std::pair<Dot, std::uint32_t>> had_;
};

constexpr std::string_view kNs = "ns";

// One connection to `node` from `cursor` on; reads at most `events` events. Returns the cursor it left with.
std::string visit(const TestNode& node, const WatchFilter& filter, std::string cursor, std::size_t events,
                  BatchLimits limits, Observer& observer) {
  const LogState state = node.state();
  Cursor start = parse_cursor(kNs, cursor).value();
  if (!resumes_by_position(start, state)) start = rebase(start, state, node.first_lacking(start.seen));
  Hub hub(std::string(kNs), HubOptions{.watches_max = 1, .batch = limits});
  const WatchId id(1);
  cursor = hub.open(id, filter, start).value();
  while (true) {
    while (const auto pos = hub.next_read(state.durable)) {
      const auto& entry = node.log()[pos->value - 1];
      const std::optional<Dot> dot = entry ? std::optional(entry->dot) : std::nullopt;
      hub.offer({*pos, dot, entry ? entry->changes : std::vector<Change>{}});
    }
    const auto batches = hub.take_batches(state.durable);
    if (batches.empty()) return cursor;
    for (const Event& event : batches.at(0).events) {
      if (events-- == 0) return cursor;
      observer.take(event);
      cursor = event.cursor;
    }
    hub.ready(id);
  }
}

WatchFilter random_filter(Prng& prng) {
  WatchFilter filter;
  if (prng.chance(1, 2)) filter.table = kTables[prng.below(2)];
  if (prng.chance(1, 2)) filter.prefix = kKeys[prng.below(3)];
  filter.exact = !filter.prefix.empty() && prng.chance(1, 2);
  return filter;
}

void roam(std::uint64_t seed) {
  Prng prng(seed);
  TestNode nodes[] = {TestNode("n1"), TestNode("n2"), TestNode("n3")};
  const WatchFilter filter = random_filter(prng);
  const BatchLimits limits{.bytes_max = 200 + prng.below(2000), .events_max = 1 + prng.below(5)};
  std::map<Dot, TestCommit> commits;
  Observer observer(filter, commits);
  std::string cursor = cursor_text(kNs, cursor_at_end(nodes[0].state()));

  const auto note_commits = [&](const TestNode& node) {
    for (const auto& entry : node.log()) {
      if (entry) commits.emplace(entry->dot, *entry);
    }
  };
  for (int step = 0; step < 60; ++step) {
    TestNode& node = nodes[prng.below(3)];
    switch (prng.below(3)) {
      case 0:
        node.write(prng);
        note_commits(node);
        break;
      case 1: node.pull(nodes[prng.below(3)], 1 + prng.below(4)); break;
      case 2: cursor = visit(node, filter, cursor, prng.below(8), limits, observer); break;
    }
  }
  for (int round = 0; round < 2; ++round) {
    for (TestNode& to : nodes) {
      for (const TestNode& from : nodes) to.pull(from, SIZE_MAX);
    }
  }
  visit(nodes[prng.below(3)], filter, cursor, SIZE_MAX, limits, observer);
  observer.expect_complete();
}

RC_GTEST_PROP(Roaming, EveryMatchingChangeOnceInCausalOrder, (std::uint64_t seed)) {
  roam(seed);
  RC_ASSERT(!::testing::Test::HasFailure());
}

TEST(Roaming, ManySeeds) {
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    roam(seed);
    ASSERT_FALSE(HasFailure()) << "seed " << seed;
  }
}

// Stopping inside more commits than a cursor has room for repeats changes, but never leaves one out.
TEST(Roaming, ManyHalfReadCommits) {
  std::vector<TestCommit> commits;
  for (std::uint64_t i = 0; i < 2 * limits::kCursorPartialsMax; ++i) {
    Origin origin{"n" + std::to_string(i), 1};
    TestCommit commit{Dot{origin, Seq(1)}, {}, std::vector<Change>(2)};
    for (Change& change : commit.changes) change.dot = commit.dot;
    commit.changes[1].index = 1;
    commits.push_back(std::move(commit));
  }
  // Each site has only one of them so far.
  Cursor cursor{Origin{"home", 1}, LogPos(0), {}, {}};
  for (const TestCommit& commit : commits) {
    const LogState site{commit.dot.origin, LogPos(1), {}};
    Watch watch({}, rebase(cursor, site, LogPos(1)), {.bytes_max = 1 << 20, .events_max = 1});
    const std::optional<Dot> dot = commit.dot;
    const Record record{LogPos(1), dot, commit.changes};
    RecordCursors cursors(kNs, record);
    watch.offer(record, cursors);
    cursor = parse_cursor(kNs, watch.take().at(0).cursor).value();
  }
  EXPECT_EQ(cursor.partial.size(), limits::kCursorPartialsMax);
  std::size_t left = 0;
  cursor.pos = LogPos(0);
  for (std::size_t i = 0; i < commits.size(); ++i) {
    std::vector<Event> events;
    const std::optional<Dot> dot = commits[i].dot;
    follow(cursor, kNs, {LogPos(i + 1), dot, commits[i].changes}, {}, events);
    ASSERT_FALSE(events.empty());
    EXPECT_EQ(events.back().change.index, 1u);
    left += events.size();
  }
  EXPECT_EQ(left, commits.size() + limits::kCursorPartialsMax);
}

}  // namespace
}  // namespace pando::notify
