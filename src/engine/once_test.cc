#include "engine/once.h"

#include <gtest/gtest.h>

#include "apply/apply.h"
#include "store/memory_kv.h"

namespace pando::engine::once_test {
namespace {

// A site: decides, and takes in what others decided.
class Site {
 public:
  explicit Site(std::string name) : self_{std::move(name), 1}, cells_(std::move(*store::Cells::open(kv_))) {}

  Draft draft() {
    return Draft({self_, cells_->context().get(self_).next()}, View(*cells_, catalog_, now_ms_), parser_);
  }
  Commit commit(Draft& made) {
    Commit commit;
    commit.dot = {self_, cells_->context().get(self_).next()};
    commit.hlc = Hlc::from_wall_ms(now_ms_);
    commit.ops = made.take_ops();
    take(commit);
    return commit;
  }
  void take(const Commit& commit) {
    const auto applied = apply::apply(commit, LogPos(++pos_), *cells_);
    ASSERT_TRUE(applied.has_value()) << applied.error().to_string();
    for (const Op& op : commit.ops) {
      if (table_of(op) != kTableOnce) continue;
      ASSERT_TRUE(window_.note_change(*cells_, key_of(op)).ok());
    }
  }
  // n += delta under an idempotency key.
  Commit add(ByteSpan key, std::int64_t delta) {
    Draft made = draft();
    made.keep_counted();
    EXPECT_TRUE(made.count({"kv", "n", CellKind::kCounter, ""}, delta).ok());
    EXPECT_TRUE(record(made, key, {7, DoneReply{1}, {}}, window_, options_).ok());
    return commit(made);
  }
  // Nothing when it had nothing to take back.
  std::optional<Commit> withdraw(ByteSpan key) {
    Draft made = draft();
    EXPECT_TRUE(engine::withdraw(made, key, self_.node).ok());
    if (made.empty()) return std::nullopt;
    return commit(made);
  }
  Commit reset() {
    Draft made = draft();
    EXPECT_TRUE(made.reset({"kv", "n", CellKind::kCounter, ""}).ok());
    return commit(made);
  }
  std::int64_t value() {
    const auto found = cells_->find_counter({"kv", "n", CellKind::kCounter, ""});
    return *found == nullptr ? 0 : (*found)->value();
  }
  std::optional<OnceFound> find(ByteSpan key) {
    View view(*cells_, catalog_, now_ms_);
    return *find_once(view, key);
  }
  const OnceWindow& window() const { return window_; }
  store::Cells& cells() { return *cells_; }

  std::int64_t now_ms_ = 1'700'000'000'000;
  OnceWindow::Options options_;

 private:
  Origin self_;
  store::MemoryKv kv_;
  std::unique_ptr<store::Cells> cells_;
  Catalog catalog_;
  TypedPayloadParser parser_;
  OnceWindow window_;
  std::uint64_t pos_ = 0;
};

TEST(OnceWindow, KnowsWhatWasDoneHereAndElsewhere) {
  Site dc1("dc1");
  Site dc2("dc2");
  EXPECT_FALSE(dc1.find("k").has_value());
  dc2.take(dc1.add("k", 5));
  for (Site* site : {&dc1, &dc2}) {
    const std::optional<OnceFound> found = site->find("k");
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(to_string(found->dot), "dc1:1");
    EXPECT_EQ(found->once.fingerprint, 7u);
    EXPECT_EQ(site->window().size(), 1u);
    EXPECT_TRUE(site->window().contested().empty());
    EXPECT_FALSE(site->withdraw("k").has_value());
  }
}

TEST(OnceWindow, LetsGoOfWhatIsOldOrTooMuchAtEverySiteAlike) {
  Site dc1("dc1");
  Site dc2("dc2");
  dc1.options_.keys_max = 3;
  for (int i = 0; i < 5; ++i) {
    dc2.take(dc1.add("key-" + std::to_string(i), 1));
    ++dc1.now_ms_;
  }
  // The one that is over when a key is taken goes with it.
  EXPECT_EQ(dc1.window().size(), 4u);
  EXPECT_FALSE(dc2.find("key-0").has_value());
  EXPECT_TRUE(dc2.find("key-1").has_value());
  EXPECT_EQ(dc1.cells().digest()->fingerprint, dc2.cells().digest()->fingerprint);

  dc1.now_ms_ += dc1.options_.age_max.millis() + 10;
  dc2.take(dc1.add("young", 1));
  EXPECT_EQ(dc2.window().size(), 1u);
  EXPECT_TRUE(dc2.find("young").has_value());

  // What a restart finds in the cells is the same.
  const Result<OnceWindow> again = OnceWindow::load(dc2.cells());
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->size(), 1u);
}

TEST(OnceWindow, OfTwoThatTookOneKeyTheLaterByItsStampCounts) {
  Site dc1("dc1");
  Site dc2("dc2");
  dc1.now_ms_ += 10;
  const Commit two = dc1.add("k", 5);
  const Commit one = dc2.add("k", 5);
  dc1.take(one);
  dc2.take(two);
  for (Site* site : {&dc1, &dc2}) EXPECT_EQ(to_string(site->find("k")->dot), "dc1:1");
  EXPECT_FALSE(dc1.withdraw("k").has_value());
  EXPECT_TRUE(dc2.withdraw("k").has_value());
  EXPECT_EQ(dc2.value(), 5);
}

TEST(OnceWindow, OfTwoThatTookOneKeyTheEarlierTakesBackOnce) {
  Site dc1("dc1");
  Site dc2("dc2");
  const Commit one = dc1.add("k", 5);
  const Commit two = dc2.add("k", 5);
  dc1.take(two);
  dc2.take(one);
  EXPECT_EQ(dc2.value(), 10);
  EXPECT_EQ(dc1.window().contested().count("k"), 1u);
  EXPECT_FALSE(dc2.withdraw("k").has_value()) << "of equal stamps the larger dot stays";
  const std::optional<Commit> back = dc1.withdraw("k");
  ASSERT_TRUE(back.has_value());
  dc2.take(*back);
  for (Site* site : {&dc1, &dc2}) {
    EXPECT_EQ(site->value(), 5);
    EXPECT_EQ(to_string(site->find("k")->dot), "dc2:1");
    EXPECT_TRUE(site->window().contested().empty());
    EXPECT_FALSE(site->withdraw("k").has_value());
  }
}

TEST(OnceWindow, WhatAResetTookAwayIsNotTakenBackAgain) {
  // Each row: who resets, having seen what, and what is left of 5 counted twice and 100 counted by dc2.
  struct Row {
    bool reset_saw_two;
    std::int64_t left;
  };
  for (const Row& row : {Row{true, 0}, Row{false, 100}}) {
    Site dc1("dc1");
    Site dc2("dc2");
    Site dc3("dc3");
    dc1.now_ms_ += 10;
    const Commit one = dc1.add("k", 5);
    const Commit two = dc2.add("k", 5);
    Draft more = dc2.draft();
    EXPECT_TRUE(more.count({"kv", "n", CellKind::kCounter, ""}, 100).ok());
    const Commit three = dc2.commit(more);
    dc3.take(one);
    if (row.reset_saw_two) {
      dc3.take(two);
      dc3.take(three);
    }
    const Commit reset = dc3.reset();
    dc2.take(one);
    dc2.take(reset);
    (void)dc2.withdraw("k");
    EXPECT_EQ(dc2.value(), row.left) << row.reset_saw_two;
  }
}

TEST(OnceWindow, TakesBackWhatWasCountedDownToo) {
  Site dc1("dc1");
  Site dc2("dc2");
  dc1.now_ms_ += 10;
  const Commit one = dc1.add("k", -3);
  dc2.add("k", -3);
  dc2.take(one);
  EXPECT_TRUE(dc2.withdraw("k").has_value());
  EXPECT_EQ(dc2.value(), -3);
}

}  // namespace
}  // namespace pando::engine::once_test
