#include "repl/assembly.h"

#include <gtest/gtest.h>

#include "base/prng.h"
#include "repl/test_fleet.h"

namespace pando::repl::assembly_test {
namespace {

using test::at_ms;
using test::Author;
using test::FakeLink;
using test::FakeNode;

const Origin kA{"a", 1}, kB{"b", 1};
constexpr LinkId kOne(1), kTwo(2);

Have have(std::vector<Dot> dots) {
  Have announced;
  for (const Dot& dot : dots) announced.upto.raise(dot.origin, dot.seq);
  return announced;
}

// Takes all that is ready; says what, as "a:1 on 2".
class Taker {
 public:
  Assembly assembly;
  VersionVector context;

  std::vector<std::string> take() {
    std::vector<std::string> taken;
    while (const auto ready = assembly.next(context, Instant{++now_})) {
      const Result<Dot> dot = peek_dot(ready->commit);
      context.raise(dot->origin, dot->seq);
      taken.push_back(to_string(*dot) + " on " + std::to_string(ready->link.value));
    }
    return taken;
  }
  void add(LinkId link, const Bytes& commit) { assembly.add(link, ByteSpan(commit)); }
  void answer(LinkId link, const Bytes& commit) { assembly.add(link, Answer{commit}); }
  std::vector<Assembly::Blocked> blocked() const { return assembly.blocked(context); }

 private:
  std::int64_t now_ = 0;
};

using Taken = std::vector<std::string>;

// Link 1 has announced a:1 and b:1, which may depend on it, and neither is here.
struct Announced {
  explicit Announced(const std::vector<Have>& haves) {
    for (const Have& announced : haves) taker.assembly.add(kOne, announced);
    EXPECT_EQ(taker.take(), Taken{});
  }

  Bytes a1 = Author(kA).next();
  Bytes b1 = Author(kB).next();
  Taker taker;
};

// Takes until one of `origin` comes, and gives that back.
std::string give_back(Taker& taker, const Dot& dot) {
  while (const auto ready = taker.assembly.next(taker.context, Instant{1})) {
    const Result<Dot> peeked = peek_dot(ready->commit);
    const Dot came = peeked.value();
    if (came == dot) {
      taker.assembly.give_back(*ready, dot);
      return to_string(dot) + " on " + std::to_string(ready->link.value);
    }
    taker.context.raise(came.origin, came.seq);
  }
  return "nothing";
}

TEST(Assembly, WhatIsGivenBackCountsAsAnnounced) {
  Author a(kA), b(kB);
  const Bytes a1 = a.next(), a2 = a.next(), b1 = b.next();
  Taker taker;
  for (const Bytes& commit : {a1, a2, b1}) taker.add(kOne, commit);
  const std::size_t bytes = taker.assembly.bytes(kOne);
  EXPECT_EQ(give_back(taker, {kA, Seq(1)}), "a:1 on 1");
  EXPECT_LE(taker.assembly.bytes(kOne), bytes);
  EXPECT_EQ(taker.take(), Taken{}) << "what follows it waits";
  ASSERT_EQ(taker.blocked().size(), 1u);
  EXPECT_EQ(taker.assembly.ask(kOne, taker.context, [](const Origin& o) { return o == kA; }),
            std::vector<Want::Range>{})
      << "not from there, not now";
  EXPECT_EQ(taker.assembly.ask(kOne, taker.context), (std::vector<Want::Range>{{kA, Seq(0), Seq(1)}}));
  taker.answer(kOne, a1);
  EXPECT_EQ(taker.take(), (Taken{"a:1 on 1", "a:2 on 1", "b:1 on 1"}));
  EXPECT_EQ(taker.assembly.bytes(kOne), 0u);
}

TEST(Assembly, WhatIsGivenBackIsTakenFromAnotherLink) {
  Author a(kA), b(kB);
  const Bytes a1 = a.next(), a2 = a.next(), b1 = b.next();
  Taker taker;
  for (const Bytes& commit : {a1, a2}) taker.add(kOne, commit);
  taker.assembly.add(kTwo, have({{kB, Seq(1)}}));
  taker.add(kTwo, a1);
  EXPECT_EQ(give_back(taker, {kA, Seq(1)}), "a:1 on 1");
  EXPECT_EQ(give_back(taker, {kA, Seq(1)}), "a:1 on 2") << "from behind what stands in front there";
  EXPECT_EQ(taker.take(), Taken{});
  taker.answer(kTwo, b1);
  EXPECT_EQ(taker.assembly.ask(kTwo, taker.context),
            (std::vector<Want::Range>{{kA, Seq(0), Seq(1)}, {kB, Seq(0), Seq(1)}}));
  EXPECT_EQ(taker.take(), Taken{"b:1 on 2"});
  taker.answer(kTwo, a1);
  EXPECT_EQ(taker.take(), (Taken{"a:1 on 2", "a:2 on 1"}));
}

TEST(Assembly, WhatStandsBehindWhatMayNotBeAskedForIsNotAskedForEither) {
  Announced announced({have({{kA, Seq(1)}}), have({{kB, Seq(1)}})});
  auto& [a1, b1, taker] = announced;
  const auto but_a = [](const Origin& o) { return o == kA; };
  EXPECT_EQ(taker.assembly.ask(kOne, taker.context, but_a), std::vector<Want::Range>{}) << "it may depend on a:1";
  EXPECT_EQ(taker.assembly.ask(kOne, taker.context),
            (std::vector<Want::Range>{{kA, Seq(0), Seq(1)}, {kB, Seq(0), Seq(1)}}));
  taker.answer(kOne, a1);
  taker.answer(kOne, b1);
  EXPECT_EQ(taker.take(), (Taken{"a:1 on 1", "b:1 on 1"}));
}

TEST(Assembly, AnAnswerWaitsForWhatIsAskedForOnceMore) {
  Announced announced({have({{kA, Seq(1)}}), have({{kB, Seq(1)}})});
  auto& [a1, b1, taker] = announced;
  taker.assembly.ask(kOne, taker.context);
  taker.answer(kOne, a1);
  EXPECT_EQ(give_back(taker, {kA, Seq(1)}), "a:1 on 1");
  taker.answer(kOne, b1);
  EXPECT_EQ(taker.take(), Taken{});
  EXPECT_EQ(taker.assembly.ask(kOne, taker.context), (std::vector<Want::Range>{{kA, Seq(0), Seq(1)}}));
  EXPECT_EQ(taker.take(), Taken{}) << "b:1 may depend on it";
  taker.answer(kOne, a1);
  EXPECT_EQ(taker.take(), (Taken{"a:1 on 1", "b:1 on 1"}));
  EXPECT_EQ(taker.assembly.bytes(kOne), 0u);
}

// A Have of several origins: what was announced behind the one that is given back may depend on it.
TEST(Assembly, AnswersBehindOneThatIsGivenBackWaitForItHoweverItComes) {
  for (const bool by_another_link : {false, true}) {
    SCOPED_TRACE(by_another_link);
    Author a(kA), b(kB);
    const Bytes a1 = a.next(), a2 = a.next(), b1 = b.next();
    Taker taker;
    taker.assembly.add(kOne, have({{kA, Seq(2)}, {kB, Seq(1)}}));
    EXPECT_EQ(taker.take(), Taken{});
    taker.assembly.ask(kOne, taker.context);
    for (const Bytes& commit : {a1, b1, a2}) taker.answer(kOne, commit);
    EXPECT_EQ(give_back(taker, {kA, Seq(1)}), "a:1 on 1");
    EXPECT_EQ(taker.take(), Taken{});
    EXPECT_EQ(taker.assembly.ask(kOne, taker.context), (std::vector<Want::Range>{{kA, Seq(0), Seq(2)}}));
    EXPECT_EQ(taker.take(), Taken{}) << "b:1 may depend on a:1, which is asked for once more";
    if (by_another_link) {
      taker.add(kTwo, a1);
      EXPECT_EQ(taker.take(), (Taken{"a:1 on 2", "b:1 on 1", "a:2 on 1"}));
    } else {
      taker.answer(kOne, a1);
      EXPECT_EQ(taker.take(), (Taken{"a:1 on 1", "b:1 on 1", "a:2 on 1"}));
    }
    taker.answer(kOne, a2);
    EXPECT_EQ(taker.take(), Taken{});
    EXPECT_EQ(taker.assembly.bytes(kOne), 0u);
  }
}

TEST(Assembly, AnAnswerThatIsGivenBackTwiceIsWaitedForTwice) {
  Announced announced({have({{kA, Seq(1)}, {kB, Seq(1)}})});
  auto& [a1, b1, taker] = announced;
  taker.assembly.ask(kOne, taker.context);
  taker.answer(kOne, a1);
  taker.answer(kOne, b1);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(give_back(taker, {kA, Seq(1)}), "a:1 on 1");
    EXPECT_EQ(taker.assembly.ask(kOne, taker.context), (std::vector<Want::Range>{{kA, Seq(0), Seq(1)}}));
    EXPECT_EQ(taker.take(), Taken{});
    taker.answer(kOne, a1);
  }
  EXPECT_EQ(taker.take(), (Taken{"a:1 on 1", "b:1 on 1"}));
}

TEST(Assembly, AnAnswerThatIsGivenBackIsAskedForAgain) {
  Author a(kA);
  const Bytes a1 = a.next(), a2 = a.next();
  Taker taker;
  taker.assembly.add(kOne, have({{kA, Seq(2)}}));
  EXPECT_EQ(taker.take(), Taken{});
  const std::vector<Want::Range> both = {{kA, Seq(0), Seq(2)}};
  EXPECT_EQ(taker.assembly.ask(kOne, taker.context), both);
  EXPECT_EQ(taker.assembly.ask(kOne, taker.context), std::vector<Want::Range>{});
  taker.answer(kOne, a1);
  EXPECT_EQ(give_back(taker, {kA, Seq(1)}), "a:1 on 1");
  EXPECT_EQ(taker.blocked().size(), 1u);
  EXPECT_EQ(taker.assembly.ask(kOne, taker.context), both);
  for (const Bytes& commit : {a1, a2}) taker.answer(kOne, commit);
  EXPECT_EQ(taker.take(), (Taken{"a:1 on 1", "a:2 on 1"}));
}

TEST(Assembly, NothingPassesAHaveThatIsNotCovered) {
  Author a(kA), b(kB);
  Taker taker;
  taker.assembly.add(kOne, have({{kB, Seq(1)}}));
  taker.add(kOne, a.next());
  taker.add(kOne, a.next());
  EXPECT_EQ(taker.take(), Taken{});
  ASSERT_EQ(taker.blocked().size(), 1u);
  EXPECT_EQ(taker.blocked()[0].upto, have({{kB, Seq(1)}}).upto);
  EXPECT_EQ(taker.blocked()[0].since, Instant{1});
  EXPECT_GT(taker.assembly.bytes(kOne), 0u);
  taker.add(kTwo, b.next());
  EXPECT_EQ(taker.take(), (Taken{"b:1 on 2", "a:1 on 1", "a:2 on 1"}));
  EXPECT_TRUE(taker.blocked().empty());
  EXPECT_EQ(taker.assembly.bytes(kOne), 0u);
}

TEST(Assembly, ConcurrentCommitsInOppositeOrderDoNotWaitForEachOther) {
  Author a(kA), b(kB);
  Taker taker;
  taker.assembly.add(kOne, have({{kB, Seq(1)}}));
  taker.add(kOne, a.next());
  taker.assembly.add(kTwo, have({{kA, Seq(1)}}));
  taker.add(kTwo, b.next());
  EXPECT_EQ(taker.take().size(), 2u);
}

// Two nodes logged a:1 and b:1 in opposite order, and b:2, which has seen a:1; neither b is for this node.
TEST(Assembly, ARunOfSkipsDoesNotPassWhatItsEndDependsOn) {
  Author a(kA);
  const auto skip = [](std::uint64_t from, std::uint64_t to) {
    Commit run;
    run.dot = {kB, Seq(to)};
    run.skips_from = Seq(from);
    return encode_commit(run);
  };
  Taker taker;
  const Have b1 = have({{kB, Seq(1)}}), a1 = have({{kA, Seq(1)}});
  taker.assembly.add(kOne, b1);
  taker.add(kOne, a.next());
  taker.assembly.add(kTwo, a1);
  taker.add(kTwo, skip(1, 2));
  EXPECT_EQ(taker.take(), (Taken{"a:1 on 1", "b:2 on 2"}));
}

TEST(Assembly, AskingTakesAllThatWasAnnouncedAtOnce) {
  Author a(kA), b(kB);
  Taker taker;
  taker.assembly.add(kOne, have({{kB, Seq(2)}}));
  taker.add(kOne, a.next());
  taker.assembly.add(kOne, have({{kB, Seq(3)}}));
  EXPECT_EQ(taker.take(), Taken{});
  using Ranges = std::vector<Want::Range>;
  EXPECT_EQ(taker.assembly.ask(kOne, taker.context), (Ranges{{kB, Seq(0), Seq(3)}}));
  EXPECT_TRUE(taker.blocked().empty()) << "nothing to ask for";
  taker.answer(kOne, b.next());
  EXPECT_EQ(taker.take(), Taken{"b:1 on 1"});
  taker.assembly.add(kOne, have({{kB, Seq(4)}}));
  taker.answer(kOne, b.next());
  taker.answer(kOne, b.next());
  EXPECT_EQ(taker.take(), (Taken{"b:2 on 1", "a:1 on 1", "b:3 on 1"}));
  ASSERT_EQ(taker.blocked().size(), 1u) << "b:4 was announced after that";
  EXPECT_EQ(taker.assembly.ask(kOne, taker.context), (Ranges{{kB, Seq(3), Seq(4)}}));
}

TEST(Assembly, AnAnswerThatCameAnotherWayIsPassedOver) {
  Author a(kA), b(kB);
  Taker taker;
  taker.assembly.add(kOne, have({{kA, Seq(1)}, {kB, Seq(1)}}));
  taker.take();
  taker.assembly.ask(kOne, taker.context);
  const Bytes first = a.next();
  taker.add(kTwo, first);
  EXPECT_EQ(taker.take(), Taken{"a:1 on 2"});
  taker.answer(kOne, first);
  taker.answer(kOne, b.next());
  EXPECT_EQ(taker.take(), Taken{"b:1 on 1"});
  taker.answer(kOne, first);
  EXPECT_EQ(taker.take(), Taken{});
  EXPECT_EQ(taker.assembly.bytes(kOne), 0u) << "late answers are dropped";
}

TEST(Assembly, AHaveOfSeveralOriginsTakesOnlyItsOwnLinksAnswers) {
  Author a(kA), b(kB);
  Taker taker;
  // b:1 may depend on a:1, nobody knows here.
  taker.assembly.add(kOne, have({{kA, Seq(1)}, {kB, Seq(1)}}));
  taker.assembly.add(kTwo, have({{Origin{"c", 1}, Seq(1)}}));
  taker.add(kTwo, b.next());
  EXPECT_EQ(taker.take(), Taken{});
  EXPECT_EQ(taker.assembly.ask(kOne, taker.context).size(), 2u);
  taker.answer(kOne, a.next());
  EXPECT_EQ(taker.take(), Taken{"a:1 on 1"});
  taker.assembly.close(kTwo);
  EXPECT_EQ(taker.take(), Taken{}) << "what waited there is gone with the link";
  Author again(kB);
  taker.answer(kOne, again.next());
  EXPECT_EQ(taker.take(), Taken{"b:1 on 1"});
}

TEST(Assembly, DuplicatesAreHandedOutToBeExamined) {
  Author a(kA);
  const Bytes commit = a.next();
  Taker taker;
  taker.add(kOne, commit);
  taker.add(kTwo, commit);
  EXPECT_EQ(taker.take(), (Taken{"a:1 on 1", "a:1 on 2"}));
}

// Nodes of a random graph that take each other's word for who sends what, and change their minds; whatever is left
// out is asked for in the end. Every log is dense, everybody gets everything.
TEST(Assembly, RandomRoutesOverRandomGraphs) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE(seed);
    Prng prng(seed);
    std::vector<std::unique_ptr<FakeNode>> nodes;
    for (const char* name : {"a", "b", "c", "d"}) nodes.push_back(std::make_unique<FakeNode>(name));
    std::vector<std::unique_ptr<FakeLink>> links;
    for (std::size_t i = 0; i < 4; ++i) {
      for (std::size_t j = i + 1; j < 4; ++j) {
        if (j != i + 1 && prng.chance(1, 2)) continue;
        links.push_back(std::make_unique<FakeLink>(*nodes[i], *nodes[j], at_ms(0)));
      }
    }
    for (int step = 0; step < 800; ++step) {
      FakeNode& node = *nodes[prng.below(4)];
      FakeLink& link = *links[prng.below(links.size())];
      const int side = static_cast<int>(prng.below(2));
      if (step < 600 && prng.chance(1, 4)) node.write(prng.below(60));
      if (prng.chance(1, 20)) {
        std::vector<Origin> have_only;
        for (const auto& other : nodes) {
          if (prng.chance(1, 2)) have_only.push_back(other->self());
        }
        node.get_by_other_links(std::move(have_only));
      }
      if (prng.chance(1, 10)) node.want_all();
      if (prng.chance(1, 2)) {
        link.send(side, 1 + prng.below(4));
      } else {
        link.receive(side, at_ms(0));
      }
    }
    for (int round = 0; round < 40; ++round) {
      for (auto& link : links) link->settle(at_ms(0));
      for (const auto& node : nodes) node->want_all();
    }
    for (auto& link : links) {
      for (int s : {0, 1}) ASSERT_FALSE(link->session(s).closed()) << link->session(s).close_reason().to_string();
    }
    for (const auto& node : nodes) EXPECT_EQ(node->context(), nodes[0]->context());
    for (const auto& node : nodes) EXPECT_EQ(node->log().size(), nodes[0]->log().size());
  }
}

}  // namespace
}  // namespace pando::repl::assembly_test
