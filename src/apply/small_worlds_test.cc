// Every small world: up to 4 commits by up to 3 replicas, each made after any causally closed set of the earlier ones,
// over the actions of each type (laws_menu.h). For every such history:
//
//   order     every causal order of delivery gives the same bytes
//   repeats   a commit delivered again changes nothing
//   restarts  state that went through the store and back is the same state
//   join      the join of two replicas' cells is what has seen what both have seen, both ways round
//
// Orders are covered step by step: the state of a set of commits is reached by each commit that may have come last.
// By default one in kSampled of the histories of 4 commits is looked at (all of 3); PANDO_LAWS=full looks at all.

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <string_view>

#include "apply/apply.h"
#include "apply/join.h"
#include "apply/laws_menu.h"
#include "base/prng.h"
#include "store/memory_kv.h"

namespace pando::apply::laws::small_worlds_test {
namespace {

using store::Cells;

Origin origin_of(std::size_t replica) { return {std::string(1, static_cast<char>('a' + replica)), 1}; }

// The state of a replica at rest: what its store holds. Copies share their bytes.
class State {
 public:
  std::unique_ptr<Cells> open() const { return *Cells::open(kv_, {.cache_bytes_max = 0}); }
  void save(Cells& cells) { cells.checkpoint_done(kv_.write(cells.begin_checkpoint(1))); }

  // Twice: the second time changes nothing.
  State after(const Commit& commit) const {
    State next = *this;
    const std::unique_ptr<Cells> cells = open();
    for (int i = 0; i < 2; ++i) {
      const auto outcome = apply(commit, cells->applied().next(), *cells);
      EXPECT_TRUE(outcome) << outcome.error().to_string();
    }
    next.save(*cells);
    return next;
  }
  State joined_with(const State& other) const {
    State next = *this;
    const std::unique_ptr<Cells> ours = open();
    const std::unique_ptr<Cells> theirs = other.open();
    const auto outcome = join(*ours, *theirs, ours->applied().next());
    EXPECT_TRUE(outcome) << outcome.error().to_string();
    next.save(*ours);
    return next;
  }
  // Cells and context; how it came to them is left out.
  std::string bytes() const {
    const std::unique_ptr<Cells> cells = open();
    return cells->digest()->fingerprint + to_string(cells->context());
  }

 private:
  store::MemoryKv kv_;
};

class SmallWorlds {
 public:
  static constexpr std::size_t kReplicas = 3;
  static constexpr std::size_t kCommitsMax = 4;
  static constexpr std::uint64_t kSampled = 200;

  SmallWorlds(const Menu& menu, bool full) : menu_(menu), full_(full) { at_[0] = Known{State(), State().bytes()}; }

  std::size_t explore() {
    closed_ = {0};
    grow(0, 0);
    return histories_;
  }

 private:
  struct Known {
    State state;
    std::string bytes;
  };

  // Replicas are named in the order in which they first act, as names do not matter to the laws.
  void grow(std::size_t count, std::size_t replicas) {
    if (count == kCommitsMax || ::testing::Test::HasFailure()) return;
    const std::vector<unsigned> before = closed_;
    for (std::size_t replica = 0; replica <= std::min(replicas, kReplicas - 1); ++replica) {
      for (const unsigned seen : before) {
        if ((own_commits(replica, count) & ~seen) != 0) continue;  // everyone sees its own
        for (std::size_t action = 0; action < menu_.actions.size(); ++action) {
          if (count + 1 == kCommitsMax && !full_ && random_.next() % kSampled != 0) continue;
          if (!add(count, replica, seen, action)) continue;
          grow(count + 1, std::max(replicas, replica + 1));
          closed_ = before;
        }
      }
    }
  }

  // False when the action does nothing there.
  bool add(std::size_t index, std::size_t replica, unsigned seen, std::size_t action) {
    const std::unique_ptr<Cells> cells = at_[seen].state.open();
    Desk desk(*cells, origin_of(replica), "key");
    menu_.actions[action].decide(desk);
    commits_[index] = desk.take();
    if (commits_[index].ops.empty()) return false;
    replica_[index] = replica;
    seen_[index] = seen;
    ++histories_;
    const unsigned mine = 1U << index;
    const std::vector<unsigned> before = closed_;
    for (const unsigned set : before) {
      if ((seen & ~set) == 0) reach(set | mine, index + 1);
    }
    for (const unsigned a : closed_) {
      for (const unsigned b : before) check_join(a, b);
    }
    return true;
  }

  // The state of `set`, by every commit that may have come last.
  void reach(unsigned set, std::size_t count) {
    bool known = false;
    for (std::size_t last = 0; last < count; ++last) {
      const unsigned rest = set & ~(1U << last);
      if (rest == set || !is_closed(rest, count)) continue;
      const State state = at_[rest].state.after(commits_[last]);
      const std::string bytes = state.bytes();
      if (!known) at_[set] = Known{state, bytes};
      known = true;
      ASSERT_EQ(bytes, at_[set].bytes) << story(set) << "when " << last << " comes last";
    }
    ASSERT_TRUE(known);
    closed_.push_back(set);
  }

  void check_join(unsigned a, unsigned b) {
    // One that has seen all of the other takes nothing from it; that is the union too, and checked with others.
    if ((a & b) == a || (a & b) == b) return;
    const std::string expected = at_[a | b].bytes;
    ASSERT_EQ(at_[a].state.joined_with(at_[b].state).bytes(), expected) << story(a | b) << a << " joins " << b;
    ASSERT_EQ(at_[b].state.joined_with(at_[a].state).bytes(), expected) << story(a | b) << b << " joins " << a;
  }

  bool is_closed(unsigned set, std::size_t count) const {
    for (std::size_t i = 0; i < count; ++i) {
      if ((set >> i & 1U) != 0 && (seen_[i] & ~set) != 0) return false;
    }
    return true;
  }
  unsigned own_commits(std::size_t replica, std::size_t count) const {
    unsigned set = 0;
    for (std::size_t i = 0; i < count; ++i) set |= replica_[i] == replica ? 1U << i : 0;
    return set;
  }
  std::string story(unsigned set) const {
    std::string text = menu_.name;
    text += ", history " + std::to_string(histories_) + ", commits";
    for (std::size_t i = 0; i < kCommitsMax; ++i) {
      if ((set >> i & 1U) != 0) text += " " + to_string(commits_[i].dot) + " after " + std::to_string(seen_[i]);
    }
    return text + ": ";
  }

  const Menu& menu_;
  const bool full_;
  Prng random_{1};
  std::array<Known, 1U << kCommitsMax> at_;
  std::vector<unsigned> closed_;
  std::array<std::size_t, kCommitsMax> replica_{};
  std::array<unsigned, kCommitsMax> seen_{};
  std::array<Commit, kCommitsMax> commits_;
  std::size_t histories_ = 0;
};

class EverySmallWorld : public ::testing::TestWithParam<std::size_t> {};

TEST_P(EverySmallWorld, OrdersRepeatsRestartsAndJoinsAgree) {
  const char* wanted = std::getenv("PANDO_LAWS");
  const bool full = wanted != nullptr && std::string_view(wanted) == "full";
  const std::size_t histories = SmallWorlds(menus()[GetParam()], full).explore();
  EXPECT_GT(histories, 500U) << menus()[GetParam()].name;
  RecordProperty("histories", static_cast<int>(histories));
}

INSTANTIATE_TEST_SUITE_P(Laws, EverySmallWorld, ::testing::Range(std::size_t{0}, menus().size()),
                         [](const auto& param) {
                           std::string name;
                           for (const char c : std::string_view(menus()[param.param].name)) {
                             if (c >= 'a' && c <= 'z') name.push_back(c);
                           }
                           return name;
                         });

}  // namespace
}  // namespace pando::apply::laws::small_worlds_test
