#include "engine/expiry.h"

#include <gtest/gtest.h>

#include "apply/apply.h"
#include "engine/read.h"
#include "store/memory_kv.h"

namespace pando::engine::expiry_test {
namespace {

constexpr std::int64_t kNow = 1'000'000;

// A site: it decides at an instant on what it has, and takes in what others decided.
class Site {
 public:
  explicit Site(std::string name) : origin_{std::move(name), 1} {}

  Commit commit(const Mutation& mutation, std::int64_t at_ms, std::int64_t* result = nullptr) {
    Commit commit;
    commit.dot = {origin_, cells_->context().get(origin_).next()};
    commit.hlc = Hlc{std::max(cells_->meta().hlc_floor.bits + 1, Hlc::from_wall_ms(at_ms).bits)};
    Draft draft(commit.dot, View(*cells_, catalog_, at_ms), parser_);
    draft.keep_results();
    const Status status = draft.add(mutation);
    EXPECT_TRUE(status.ok()) << status.to_string();
    if (result != nullptr) *result = draft.take_results().at(0);
    commit.ops = draft.take_ops();
    if (!commit.ops.empty()) take(commit);
    return commit;
  }
  void take(const Commit& commit) {
    const auto applied = apply::apply(commit, cells_->applied().next(), *cells_);
    ASSERT_TRUE(applied) << applied.error().to_string();
    for (const Op& op : commit.ops) {
      if (table_of(op) == kTableTables) {
        ASSERT_TRUE(catalog_.note_change(*cells_, key_of(op)).ok());
      }
    }
  }
  template <typename Asked>
  auto ask(const Asked& request, std::int64_t at_ms) {
    View view(*cells_, catalog_, at_ms);
    Result<ReplyBody> body = read(view, request);
    EXPECT_TRUE(body) << body.error().to_string();
    return *body;
  }
  std::string get(std::int64_t at_ms, Bytes key = "k") {
    const auto reply = std::get<ValueReply>(ask(GetRequest{.key = std::move(key)}, at_ms));
    return reply.found ? reply.value : "-";
  }
  // "-" without the key, "forever", or the milliseconds left.
  std::string ttl(std::int64_t at_ms, std::string table = "kv", Bytes field = {}) {
    const auto reply = std::get<TtlReply>(ask(GetTtlRequest{std::move(table), "k", std::move(field)}, at_ms));
    return !reply.found ? "-" : reply.ends ? std::to_string(reply.remaining_ms) : "forever";
  }
  std::string row(std::int64_t at_ms) {
    std::string text;
    const auto reply = std::get<RowReply>(ask(GetRowRequest{"k", {}}, at_ms));
    for (const auto& [name, value] : reply.columns) {
      text += name + "=" + value + " ";
    }
    return text;
  }
  store::Cells& cells() { return *cells_; }
  std::string digest(std::int64_t at_ms) { return cells_->digest(at_ms)->fingerprint; }
  void restart() {
    cells_->checkpoint_done(kv_.write(cells_->begin_checkpoint(1)));
    cells_ = std::move(*store::Cells::open(kv_));
  }

 private:
  store::MemoryKv kv_;
  std::unique_ptr<store::Cells> cells_ = std::move(*store::Cells::open(kv_));
  Catalog catalog_;
  TypedPayloadParser parser_;
  Origin origin_;
};

TimeToLive in(std::int64_t ms) { return {TimeToLive::Kind::kFor, ms}; }
Mutation put(Bytes value, std::optional<TimeToLive> ttl = {}) {
  return {.key = "k", .value = std::move(value), .ttl = ttl};
}
Mutation add(std::int64_t delta) { return {.kind = Mutation::Kind::kAdd, .key = "k", .delta = delta}; }
Mutation expire(TimeToLive ttl, ExpireChange::When when = ExpireChange::When::kAlways) {
  return {.kind = Mutation::Kind::kDetail, .key = "k", .detail = ExpireChange{ttl, when}};
}
Mutation columns(Mutation::Kind kind, Columns columns) {
  return {.kind = kind, .table = std::string(kTableRow), .key = "k", .columns = std::move(columns)};
}

TEST(Expiry, AWriteBringsAnEndAPlainPutTakesItAwayAndAnIncrementKeepsIt) {
  Site site("a");
  EXPECT_FALSE(site.cells().may_expire("kv"));
  site.commit(put("1", in(500)), kNow);
  EXPECT_EQ(site.ttl(kNow), "500");
  EXPECT_EQ(site.get(kNow + 499), "1");
  EXPECT_EQ(site.get(kNow + 500), "-") << "hidden from that instant on";
  EXPECT_EQ(site.ttl(kNow + 500), "-");
  EXPECT_TRUE(std::get<ListReply>(site.ask(ListRequest{}, kNow + 500)).keys.empty());
  EXPECT_EQ(std::get<ListReply>(site.ask(ListRequest{}, kNow)).keys.size(), 1u);

  site.commit(put("2"), kNow + 100);
  EXPECT_EQ(site.ttl(kNow + 100), "forever");
  EXPECT_EQ(site.get(kNow + 5000), "2");
  site.commit({.kind = Mutation::Kind::kDelete, .key = "k"}, kNow);
  site.commit(add(3), kNow);
  site.commit(expire(in(500)), kNow);
  site.commit(add(4), kNow + 1);
  EXPECT_EQ(site.get(kNow + 499), "7");
  EXPECT_EQ(site.get(kNow + 500), "-");
  site.commit(add(1), kNow + 500);
  EXPECT_EQ(site.get(kNow + 501), "1") << "a new count";
  EXPECT_EQ(site.ttl(kNow + 501), "forever");
  EXPECT_TRUE(site.cells().may_expire("kv"));
  EXPECT_FALSE(site.cells().may_expire("row"));
  site.restart();
  EXPECT_TRUE(site.cells().may_expire("kv")) << "remembered";
}

TEST(Expiry, WhatHasExpiredIsNothingToDelete) {
  Site site("a");
  site.commit(put("1", in(500)), kNow);
  EXPECT_TRUE(site.commit({.kind = Mutation::Kind::kDelete, .key = "k"}, kNow + 500).ops.empty());
  EXPECT_TRUE(site.commit(expire(in(500)), kNow + 500).ops.empty());
  Mutation only_new = put("2");
  only_new.when = Mutation::When::kIfPresent;
  EXPECT_TRUE(site.commit(only_new, kNow + 500).ops.empty());
  only_new.when = Mutation::When::kIfAbsent;
  only_new.ttl = in(5);
  site.commit(only_new, kNow + 500);
  EXPECT_EQ(site.get(kNow + 501), "2");
  EXPECT_TRUE(site.commit(only_new, kNow + 501).ops.empty()) << "refused: and its time to live with it";
}

TEST(Expiry, ConditionsAreThoseOfRedis) {
  using When = ExpireChange::When;
  struct Row {
    std::int64_t before;  // milliseconds left, 0 for no end
    When when;
    std::int64_t after;
    std::int64_t changed;
    const char* why;
  };
  constexpr Row kRows[] = {
      {0, When::kIfNone, 50, 1, "NX where there is none"},   {100, When::kIfNone, 50, 0, "NX where there is one"},
      {0, When::kIfAny, 50, 0, "XX where there is none"},    {100, When::kIfAny, 50, 1, "XX where there is one"},
      {0, When::kIfLater, 50, 0, "no end is the latest"},    {100, When::kIfLater, 50, 0, "GT with a sooner one"},
      {100, When::kIfLater, 100, 0, "GT with the same one"}, {100, When::kIfLater, 101, 1, "GT with a later one"},
      {0, When::kIfSooner, 50, 1, "no end is the latest"},   {100, When::kIfSooner, 101, 0, "LT with a later one"},
      {100, When::kIfSooner, 99, 1, "LT with a sooner one"}, {100, When::kAlways, 100, 1, "set again"},
  };
  for (const Row& row : kRows) {
    Site site("a");
    site.commit(put("v", row.before == 0 ? std::optional<TimeToLive>() : in(row.before)), kNow);
    std::int64_t changed = -1;
    site.commit(expire(in(row.after), row.when), kNow, &changed);
    EXPECT_EQ(changed, row.changed) << row.why;
    const std::int64_t left = row.changed == 1 ? row.after : row.before;
    EXPECT_EQ(site.ttl(kNow), left == 0 ? "forever" : std::to_string(left)) << row.why;
  }
  Site site("a");
  std::int64_t changed = -1;
  site.commit(put("v", in(10)), kNow);
  site.commit(expire({}), kNow, &changed);
  EXPECT_EQ(changed, 1);
  EXPECT_EQ(site.ttl(kNow), "forever");
  site.commit(expire({}), kNow, &changed);
  EXPECT_EQ(changed, 0);
  site.commit(expire({TimeToLive::Kind::kUntil, kNow + 7}), kNow, &changed);
  EXPECT_EQ(site.ttl(kNow), "7");
  Draft draft({{"z", 1}, Seq(1)}, View(site.cells(), Catalog(), kNow), *std::make_unique<TypedPayloadParser>());
  EXPECT_EQ(draft.add(expire(in(0))).code(), StatusCode::kInvalidArgument);
}

TEST(Expiry, ATableDeclaresHowLongAKeyIsThereFromItsLastWrite) {
  Site site("a");
  Commit declared;
  declared.dot = {{"a", 1}, Seq(1)};
  declared.hlc = Hlc{1};
  declared.ops = {PutOp{{std::string(kTableTables), "kv", CellKind::kField, "ttl"}, "1s", {}}};
  site.take(declared);
  site.commit(add(1), kNow);
  EXPECT_EQ(site.ttl(kNow + 400), "600");
  site.commit(add(1), kNow + 400);
  EXPECT_EQ(site.ttl(kNow + 400), "1000");
  Mutation kept = add(1);
  kept.ttl = TimeToLive{};
  site.commit(kept, kNow + 500);
  EXPECT_EQ(site.ttl(kNow + 500), "forever") << "the write says otherwise";
}

// Both orders of arrival.
void exchange(Site& a, Site& b, const std::vector<Commit>& of_a, const std::vector<Commit>& of_b) {
  for (const Commit& commit : of_b) a.take(commit);
  for (const Commit& commit : of_a) b.take(commit);
  EXPECT_EQ(a.digest(0), b.digest(0));
}

TEST(Expiry, ExtendedAndShortenedConcurrentlyTheLongestWins) {
  Site a("a");
  Site b("b");
  b.take(a.commit(put("v", in(1'000)), kNow));
  const Commit longer = a.commit(expire(in(5'000)), kNow + 10);
  const Commit shorter = b.commit(expire(in(100)), kNow + 10);
  exchange(a, b, {longer}, {shorter});
  for (Site* site : {&a, &b}) {
    EXPECT_EQ(site->get(kNow + 5'009), "v");
    EXPECT_EQ(site->get(kNow + 5'010), "-") << "at both sites at once";
  }
  // Seen, it can be shortened.
  b.take(a.commit(expire(in(100)), kNow + 20));
  for (Site* site : {&a, &b}) EXPECT_EQ(site->ttl(kNow + 20), "100");
}

TEST(Expiry, APlainWriteIsForeverBesideAConcurrentExtension) {
  Site a("a");
  Site b("b");
  b.take(a.commit(put("v", in(1'000)), kNow));
  const Commit plain = a.commit(put("kept"), kNow + 10);
  const Commit longer = b.commit(expire(in(5'000)), kNow + 10);
  exchange(a, b, {plain}, {longer});
  for (Site* site : {&a, &b}) EXPECT_EQ(site->get(kNow + 1'000'000), "kept");
}

TEST(Expiry, AnExtensionThatArrivesLateBringsBackWhatWasOnlyHidden) {
  Site a("a");
  Site b("b");
  b.take(a.commit(put("v", in(1'000)), kNow));
  const Commit longer = a.commit(expire(in(9'000)), kNow + 999);
  EXPECT_EQ(b.get(kNow + 1'000), "-");
  b.take(longer);
  EXPECT_EQ(b.get(kNow + 1'000), "v");
}

TEST(Expiry, ALatePeerBringsNothingBack) {
  Site a("a");
  Site b("b");
  Site absent("c");
  const Commit first = a.commit(put("old", in(1'000)), kNow);
  b.take(first);
  absent.take(first);
  const Commit late = absent.commit(expire(in(500), ExpireChange::When::kIfSooner), kNow + 1);
  const Commit again = a.commit({.kind = Mutation::Kind::kAdd, .key = "k", .delta = 1}, kNow + 2'000);
  b.take(again);
  a.take(late);
  b.take(late);
  absent.take(again);
  for (Site* site : {&a, &b, &absent}) {
    EXPECT_EQ(site->digest(0), a.digest(0));
    const auto found = *site->cells().find_register({"kv", "k", CellKind::kRegister, {}});
    EXPECT_EQ(found, nullptr) << "the old value is nowhere";
  }
}

TEST(Expiry, AnEndThatOutlivedItsKeyDoesNotTakeTheNext) {
  Site a("a");
  Site b("b");
  b.take(a.commit(put("v"), kNow));
  const Commit deleted = a.commit({.kind = Mutation::Kind::kDelete, .key = "k"}, kNow);
  const Commit ends = b.commit(expire(in(1'000)), kNow);
  exchange(a, b, {deleted}, {ends});
  EXPECT_EQ(a.get(kNow), "-");
  b.take(a.commit(add(1), kNow));
  for (Site* site : {&a, &b}) EXPECT_EQ(site->ttl(kNow), "forever");
}

TEST(Expiry, AFieldOfARowHasAnEndOfItsOwn) {
  Site site("a");
  site.commit(columns(Mutation::Kind::kPutColumns, {{"x", "1"}, {"y", "2"}}), kNow);
  std::int64_t changed = -1;
  Mutation ends = expire(in(100));
  ends.table = kTableRow;
  std::get<ExpireChange>(ends.detail).field = "x";
  site.commit(ends, kNow, &changed);
  EXPECT_EQ(changed, 1);
  EXPECT_EQ(site.ttl(kNow, "row", "x"), "100");
  EXPECT_EQ(site.ttl(kNow, "row"), "forever");
  EXPECT_EQ(site.row(kNow + 99), "x=1 y=2 ");
  EXPECT_EQ(site.row(kNow + 100), "y=2 ");
  EXPECT_EQ(site.ttl(kNow + 100, "row", "x"), "-");
  site.commit(columns(Mutation::Kind::kPutColumns, {{"x", "3"}}), kNow + 200);
  EXPECT_EQ(site.row(kNow + 9'000), "x=3 y=2 ") << "written anew, it stays";
  std::get<ExpireChange>(ends.detail).field = "z";
  site.commit(ends, kNow, &changed);
  EXPECT_EQ(changed, 0) << "no such field";
}

TEST(Expiry, WhatWasFreedHereIsStillToldToOthers) {
  Site a("a");
  Site b("b");
  b.take(a.commit(add(5), kNow));
  b.take(a.commit(expire(in(1'000)), kNow));
  // Both have seen all of it; a frees, b has not got round to it.
  ASSERT_TRUE(a.cells().free_key("kv", "k").ok());
  EXPECT_EQ(a.cells().digest(0)->cells, 0u);
  EXPECT_EQ(a.digest(kNow + 1'000), b.digest(kNow + 1'000)) << "what has expired is not compared";
  EXPECT_TRUE(a.commit({.kind = Mutation::Kind::kDelete, .key = "k"}, kNow + 2'000).ops.empty());
  const Commit anew = a.commit(put("new"), kNow + 2'000);
  EXPECT_EQ(anew.ops.size(), 2u) << "the clear travels though nothing is here to clear";
  b.take(anew);
  EXPECT_EQ(b.get(kNow + 2'000), "new");
  EXPECT_EQ(a.digest(kNow + 2'000), b.digest(kNow + 2'000));
  a.restart();
  EXPECT_TRUE(a.cells().has_freed("kv"));
}

}  // namespace
}  // namespace pando::engine::expiry_test
