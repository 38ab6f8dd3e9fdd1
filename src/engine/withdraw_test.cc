// Two sites that did one request under one idempotency key: what is left when they have met is what one did.
#include <gtest/gtest.h>

#include "engine/bounded.h"
#include "engine/once.h"
#include "engine/sites_suite.h"

namespace pando::engine::withdraw_test {
namespace {

Mutation detail(Bytes key, Mutation::Detail what) { return test::with_detail(std::move(key), std::move(what)); }
Mutation push(std::vector<Bytes> values, ListEnd end = ListEnd::kBack) { return detail("q", ListPush{end, values}); }
Mutation pop(ListEnd end = ListEnd::kFront, std::uint32_t count = 1) { return detail("q", ListPop{end, count}); }
Mutation pop_lowest(std::uint64_t count = 1) {
  RemoveScoreRange remove;
  remove.count_max = count;
  remove.give_back = true;
  return detail("board", remove);
}
Mutation score(Bytes member, double score) { return detail("board", SetScores{{{std::move(member), score}}, {}, {}}); }

// Stamps follow the order of the calls only within a site; across sites of one length of history the later name wins.
void once(Site& site, ByteSpan key, const Mutation& mutation) {
  site.write_ops([&](Draft& made) -> Status {
    made.keep_counted();
    PANDO_RETURN_IF_ERROR(made.add(mutation));
    return record(made, key, {7, DoneReply{1}, {}, {}, {}}, OnceWindow(), {});
  });
}
// True when it had something to take back.
bool withdraw(Site& site, ByteSpan key) {
  const std::string node = site.next_dot().origin.node;
  return !site.write_ops([&](Draft& made) { return engine::withdraw(made, key, node); }).empty();
}

std::string list(Site& site) {
  std::string text;
  for (const Bytes& value : site.ask<ItemsReply>(GetItemsRequest{.key = "q"}).values) text += value + " ";
  return text;
}
std::string board(Site& site) {
  std::string text;
  for (const auto& entry : site.ask<ScoreListReply>(ListScoresRequest{.key = "board"}).entries) {
    text += entry.member + "=" + score_text(entry.score) + " ";
  }
  return text;
}

// dc1 and dc2 do `twice` each under one key, after each did something of its own; dc1's is the earlier.
struct Row {
  std::string why;
  std::vector<Mutation> start;   // all have seen
  std::vector<Mutation> own[2];  // then by dc1 and dc2, apart
  Mutation twice;
  std::vector<Mutation> after[2];  // still apart
  std::string list;
  std::string board;
};

std::vector<Row> rows() {
  return {
      {"pushed once", {push({"a"})}, {}, push({"x", "y"}), {}, "a x y ", ""},
      {"pushed to a list that neither had", {}, {}, push({"x"}), {}, "x ", ""},
      {"what others push beside it stays",
       {push({"a"})},
       {{push({"l"})}, {push({"r"})}},
       push({"x"}),
       {},
       "a r x l ",
       ""},
      {"inserted once", {push({"a", "b"})}, {}, detail("q", ListInsert{1, {}, false, {"x"}}), {}, "a x b ", ""},
      {"pushed, and moved since where it is taken back",
       {push({"a", "b"})},
       {},
       push({"x"}),
       {{detail("q", ListMove{2, 0})}, {}},
       "a b x ",
       ""},
      {"pushed, and set since where it is taken back",
       {push({"a"})},
       {},
       push({"x"}),
       {{detail("q", ListSet{1, "new"})}, {}},
       "a x ",
       ""},
      {"both popped the same", {push({"a", "b"})}, {}, pop(), {}, "b ", ""},
      {"each popped another: the one of the earlier is put back",
       {push({"a", "b"})},
       {{push({"first"}, ListEnd::kFront)}, {}},
       pop(),
       {},
       "first b ",
       ""},
      {"popped the last there was", {}, {{push({"mine"})}, {push({"yours"})}}, pop(), {}, "mine ", ""},
      {"popped several of which some are the same",
       {push({"a", "b", "c"})},
       {{push({"first"}, ListEnd::kFront)}, {}},
       pop(ListEnd::kFront, 2),
       {},
       "first c ",
       ""},
      {"both set the same item", {push({"a", "b"})}, {}, detail("q", ListSet{0, "x"}), {}, "x b ", ""},
      {"each set another item",
       {push({"a", "b"})},
       {{push({"first"}, ListEnd::kFront)}, {}},
       detail("q", ListSet{0, "x"}),
       {},
       "first x b ",
       ""},
      {"both moved the same item", {push({"a", "b", "c"})}, {}, detail("q", ListMove{0, 2}), {}, "b c a ", ""},
      {"each moved another item",
       {push({"a", "b", "c"})},
       {{push({"first"}, ListEnd::kFront)}, {}},
       detail("q", ListMove{0, 2}),
       {},
       "first b c a ",
       ""},
      {"moved there, and taken out by another since where it is taken back: it stays taken",
       {push({"a", "b", "c"})},
       {{push({"first"}, ListEnd::kFront)}, {}},
       detail("q", ListMove{0, 2}),
       {{detail("q", ListRemove{"first", 1})}, {}},
       "b c a ",
       ""},
      {"cut once",
       {push({"a", "b", "c"})},
       {{push({"first"}, ListEnd::kFront)}, {}},
       detail("q", ListCut{0, 0, false}),
       {},
       "first b c ",
       ""},
      {"the list is something else by now",
       {push({"a"})},
       {{push({"first"}, ListEnd::kFront)}, {pop()}},
       pop(),
       {},
       "first ",
       ""},
      {"both popped the lowest", {score("a", 1), score("b", 2)}, {}, pop_lowest(), {}, "", "b=2 "},
      {"each popped another member",
       {score("a", 1), score("b", 2)},
       {{score("low", 0)}, {}},
       pop_lowest(),
       {},
       "",
       "low=0 b=2 "},
      {"popped with what was added to it",
       {score("a", 1), score("b", 20)},
       {{score("low", -5), detail("board", AddToScore{"low", 2, {}})}, {}},
       pop_lowest(),
       {},
       "",
       "low=-3 b=20 "},
      {"in again by now",
       {score("a", 1)},
       {{score("low", 0)}, {}},
       pop_lowest(),
       {{score("low", 9)}, {}},
       "",
       "low=9 "},
  };
}

TEST(Withdraw, WhatIsLeftIsWhatTheLaterDid) {
  for (const Row& row : rows()) {
    SCOPED_TRACE(row.why);
    Sites sites(3);
    for (const Mutation& mutation : row.start) sites[0].commit({mutation});
    sites.exchange();
    for (const int site : {0, 1}) {
      for (const Mutation& mutation : row.own[site]) sites[site].commit({mutation});
    }
    // However far the other's clock is: the later name has the later stamp.
    while (sites[1].cells().meta().hlc_floor.bits < sites[0].cells().meta().hlc_floor.bits)
      ++sites[1].stamp_min, sites[1].commit({detail("tick", SetScores{{{"t", 0}}, {}, {}})});
    once(sites[0], "k", row.twice);
    once(sites[1], "k", row.twice);
    for (const int site : {0, 1}) {
      for (const Mutation& mutation : row.after[site]) sites[site].commit({mutation});
    }
    sites.exchange();
    EXPECT_FALSE(withdraw(sites[1], "k"));
    EXPECT_FALSE(withdraw(sites[2], "k"));
    EXPECT_TRUE(withdraw(sites[0], "k"));
    sites.exchange();
    for (const std::size_t i : {0, 1, 2}) {
      EXPECT_EQ(list(sites[i]), row.list);
      EXPECT_EQ(board(sites[i]), row.board);
      EXPECT_EQ(sites[i].digest(), sites[0].digest());
      EXPECT_FALSE(withdraw(sites[i], "k"));
    }
  }
}

TEST(Withdraw, OfThreeTheLatestIsLeft) {
  Sites sites(3);
  for (const std::size_t i : {0, 1, 2}) once(sites[i], "k", push({"x"}));
  sites[1].pull(sites[0]);
  EXPECT_FALSE(withdraw(sites[1], "k"));
  sites[0].pull(sites[1]);
  EXPECT_TRUE(withdraw(sites[0], "k"));
  sites.exchange();
  EXPECT_TRUE(withdraw(sites[1], "k"));
  sites.exchange();
  for (const std::size_t i : {0, 1, 2}) EXPECT_EQ(list(sites[i]), "x ");
}

TEST(Withdraw, NothingComesBackUnderAKeyThatEndedOrIsSomethingElse) {
  for (const bool ended : {false, true}) {
    Sites sites(2);
    sites[0].commit({push({"a"})});
    sites.exchange();
    sites[0].commit({push({"first"}, ListEnd::kFront)});
    sites[1].commit({push({"z"})});
    once(sites[0], "k", pop());
    once(sites[1], "k", pop());
    if (ended) {
      sites[1].commit({detail("q", ExpireChange{{TimeToLive::Kind::kFor, 5}, {}, {}})});
      for (const std::size_t i : {0, 1}) sites[i].set_now(10);
    } else {
      sites.exchange();
      Mutation gone;
      gone.kind = Mutation::Kind::kDelete;
      gone.key = "q";
      Mutation value;
      value.key = "q";
      value.value = "a value";
      sites[1].commit({gone, value});
    }
    sites.exchange();
    EXPECT_TRUE(withdraw(sites[0], "k"));
    sites.exchange();
    EXPECT_EQ(sites[1].ask<TypeReply>(GetTypeRequest{.key = "q"}).type,
              ended ? std::nullopt : std::optional(ValueType::kValue));
  }
}

std::int64_t stock(Site& site) {
  return site.ask<BoundedReply>(GetBoundedRequest{std::string(kTableKv), "stock"}).value;
}

TEST(Withdraw, RightsOfABoundedCounterComeBack) {
  // Each row: the request, what two of them leave of 100, and what is left when one is taken back.
  struct Case {
    Mutation::Detail what;
    std::int64_t twice;
    std::int64_t once;
  };
  for (const Case& one : {Case{TryBounded{Way::kTake, 5}, 90, 95}, Case{TryBounded{Way::kGive, 7}, 114, 107},
                          Case{ReserveBounded{Way::kTake, 5, Duration::seconds(60)}, 100, 100}}) {
    Sites sites(2);
    for (const std::size_t i : {0, 1}) sites[i].commit({score("known", 1)});
    sites.exchange();
    sites[0].commit({detail("stock", DeclareBounded{{0, 200, 100}, {"dc1", "dc2"}})});
    sites.exchange();
    once(sites[0], "k", detail("stock", one.what));
    once(sites[1], "k", detail("stock", one.what));
    sites.exchange();
    EXPECT_EQ(stock(sites[0]), one.twice);
    EXPECT_TRUE(withdraw(sites[0], "k") != withdraw(sites[1], "k"));
    sites.exchange();
    for (const std::size_t i : {0, 1}) {
      EXPECT_EQ(stock(sites[i]), one.once);
      const auto reply = sites[i].ask<BoundedReply>(GetBoundedRequest{std::string(kTableKv), "stock"});
      std::uint64_t held = 0;
      for (const BoundedReply::Site& site : reply.sites) held += site.held[index_of(Way::kTake)];
      EXPECT_EQ(held, std::holds_alternative<ReserveBounded>(one.what) ? 5u : 0u);
    }
  }
}

TEST(Withdraw, WaitsForTheRightsItTakes) {
  Sites sites(2);
  for (const std::size_t i : {0, 1}) sites[i].commit({score("known", 1)});
  sites.exchange();
  sites[0].commit({detail("stock", DeclareBounded{{0, 10, 0}, {"dc1", "dc2"}})});
  sites.exchange();
  // dc1 gives 3 a second time; before it can take them back, somebody has taken what it gave.
  once(sites[0], "k", detail("stock", TryBounded{Way::kGive, 3}));
  sites[0].commit({detail("stock", TryBounded{Way::kTake, 3})});
  sites[1].commit({score("known", 2)});
  once(sites[1], "k", detail("stock", TryBounded{Way::kGive, 3}));
  sites.exchange();
  Draft made = sites[0].draft();
  const Status refused = engine::withdraw(made, "k", "dc1");
  EXPECT_EQ(refused.code(), StatusCode::kOutOfRange) << refused.to_string();
  const std::vector<EscrowDemand> demands = made.take_demands();
  ASSERT_EQ(demands.size(), 1u);
  EXPECT_EQ(demands[0].way, Way::kTake);
  EXPECT_EQ(demands[0].amount, 3u);
  // As node/ asks, and the other site grants.
  sites[0].write_ops([&](Draft& draft) {
    const auto kept = keep_up(draft, demands[0].where, &demands[0]);
    return kept ? Status() : kept.error();
  });
  sites.exchange();
  sites[1].write_ops([&](Draft& draft) {
    const auto kept = keep_up(draft, demands[0].where, nullptr);
    return kept ? Status() : kept.error();
  });
  sites.exchange();
  EXPECT_TRUE(withdraw(sites[0], "k"));
  sites.exchange();
  EXPECT_EQ(stock(sites[1]), 0);
}

}  // namespace
}  // namespace pando::engine::withdraw_test
