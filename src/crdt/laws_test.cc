// The merge laws, in every small world: up to 4 ops by up to 3 replicas, each op made after any causally
// closed set of the earlier ones. Checked for every such history:
//
//   order     every order of delivery that respects causality gives the same bytes
//   repeats   an op delivered again, at any time, changes nothing
//   join      the join of any two replicas' states is the state that has seen what both have seen, in both
//             argument orders; so it is commutative, associative and idempotent, and agrees with delivery
//
// RapidCheck continues beyond: more replicas, more ops, joins and deliveries mixed.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <functional>

#include "crdt/counter.h"
#include "crdt/register.h"

namespace pando::crdt::laws_test {
namespace {

Origin origin_of(std::size_t replica) { return {std::string(1, static_cast<char>('a' + replica)), 1}; }

template <typename State>
struct MadeOp {
  Dot dot;
  std::function<void(State&)> apply;
};

// What the world needs of a type: the number of kinds of ops, how one is decided on what its maker sees, and
// whether a late copy is recognised by the state itself (else by the context, as apply/ does).
struct RegisterType {
  using State = Register;
  static constexpr int kKinds = 3;
  static constexpr bool kIdempotentAlone = false;

  static MadeOp<State> make(int kind, const State& state, const VersionVector& seen, const Dot& dot) {
    const std::vector<Dot> replaces = state.dots();
    switch (kind) {
      case 0: return {dot, [=](State& s) { s.put(dot, Hlc{7}, to_string(dot), replaces); }};
      case 1: return {dot, [=](State& s) { s.remove(replaces); }};
      default: return {dot, [=](State& s) { s.clear(seen); }};
    }
  }
};

struct CounterType {
  using State = Counter;
  static constexpr int kKinds = 3;
  static constexpr bool kIdempotentAlone = true;

  static MadeOp<State> make(int kind, const State& state, const VersionVector&, const Dot& dot) {
    if (kind == 2) {
      const CountResetOp op = reset_op(state, {});
      return {dot, [=](State& s) { s.reset(op.observed); }};
    }
    const CountOp op = add_op(state, {}, dot, kind == 0 ? 5 : -3).value();
    return {dot, [=](State& s) { s.count(dot.origin, op.birth, op.added, op.removed); }};
  }
};

template <typename State>
Bytes bytes_of(const State& state) {
  Bytes bytes;
  Writer out(bytes);
  encode(state, out);
  return bytes;
}

// All histories, grown op by op. A set of ops is a bit mask; states_ holds the state of every closed one.
template <typename Type>
class SmallWorlds {
 public:
  static constexpr std::size_t kOps = 4;
  static constexpr std::size_t kReplicas = 3;

  std::size_t explore() {
    states_[0] = typename Type::State{};
    closed_ = {0};
    grow(0, 0);
    return histories_;
  }

 private:
  using State = typename Type::State;

  // Replicas are named in the order in which they first act, as names do not matter to the laws.
  void grow(std::size_t count, std::size_t replicas) {
    if (count == kOps || ::testing::Test::HasFailure()) return;
    const std::vector<unsigned> before = closed_;
    for (std::size_t replica = 0; replica <= std::min(replicas, kReplicas - 1); ++replica) {
      for (const unsigned seen : before) {
        if ((own_ops(replica, count) & ~seen) != 0) continue;  // everyone sees its own
        for (int kind = 0; kind < Type::kKinds; ++kind) {
          add(count, replica, seen, kind);
          grow(count + 1, std::max(replicas, replica + 1));
          closed_ = before;
        }
      }
    }
  }

  void add(std::size_t index, std::size_t replica, unsigned seen, int kind) {
    replica_[index] = replica;
    seen_[index] = seen;
    const auto earlier = static_cast<std::uint64_t>(__builtin_popcount(own_ops(replica, index)));
    ops_[index] = Type::make(kind, states_[seen], vector_of(seen), {origin_of(replica), Seq(earlier + 1)});
    ++histories_;
    const std::vector<unsigned> before = closed_;
    for (const unsigned set : before) {
      if ((seen & ~set) == 0) deliver(set | 1u << index, index + 1);
    }
    for (const unsigned a : closed_) {
      for (const unsigned b : closed_) check_join(a, b);
    }
  }

  // The state of `set`, by every op that may have come last.
  void deliver(unsigned set, std::size_t count) {
    std::optional<Bytes> expected;
    for (std::size_t last = 0; last < count; ++last) {
      if (!may_come_last(last, set, count)) continue;
      State state = states_[set & ~(1u << last)];
      ops_[last].apply(state);
      if (!expected) {
        states_[set] = state;
        expected = bytes_of(state);
      }
      ASSERT_EQ(bytes_of(state), *expected) << "order matters in history " << histories_;
      if (!Type::kIdempotentAlone) continue;
      for (std::size_t again = 0; again < count; ++again) {
        if ((set >> again & 1u) == 0) continue;
        ops_[again].apply(state);
        ASSERT_EQ(bytes_of(state), *expected) << "repetition matters in history " << histories_;
      }
    }
    closed_.push_back(set);
  }

  void check_join(unsigned a, unsigned b) {
    const State joined = join(states_[a], Context(vector_of(a)), states_[b], Context(vector_of(b)));
    ASSERT_EQ(joined, states_[a | b]) << "join differs from delivery in history " << histories_;
  }

  bool may_come_last(std::size_t op, unsigned set, std::size_t count) const {
    if ((set >> op & 1u) == 0) return false;
    for (std::size_t other = 0; other < count; ++other) {
      if ((set >> other & 1u) != 0 && (seen_[other] >> op & 1u) != 0) return false;
    }
    return true;
  }
  unsigned own_ops(std::size_t replica, std::size_t count) const {
    unsigned set = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (replica_[i] == replica) set |= 1u << i;
    }
    return set;
  }
  VersionVector vector_of(unsigned set) const {
    VersionVector vector;
    for (std::size_t i = 0; i < kOps; ++i) {
      if ((set >> i & 1u) != 0) vector.raise(ops_[i].dot.origin, ops_[i].dot.seq);
    }
    return vector;
  }

  std::array<std::size_t, kOps> replica_{};
  std::array<unsigned, kOps> seen_{};
  std::array<MadeOp<State>, kOps> ops_;
  std::array<State, 1u << kOps> states_;
  std::vector<unsigned> closed_;
  std::size_t histories_ = 0;
};

TEST(Laws, RegisterInEverySmallWorld) { EXPECT_GT(SmallWorlds<RegisterType>().explore(), 10'000u); }
TEST(Laws, CounterInEverySmallWorld) { EXPECT_GT(SmallWorlds<CounterType>().explore(), 10'000u); }

// A few replicas that act, deliver the next op of another's log, or join its whole state, in random order.
template <typename Type>
class RandomWorld {
 public:
  static constexpr std::size_t kReplicas = 5;

  struct Step {
    std::uint8_t replica, other, what;
  };

  void run(const std::vector<Step>& steps) {
    for (const Step& step : steps) {
      Replica& self = replicas_[step.replica % kReplicas];
      Replica& other = replicas_[step.other % kReplicas];
      switch (step.what % 6) {
        case 0: deliver_next(self, other); break;
        case 1: join_from(self, other); break;
        default: act(self, step.replica % kReplicas, step.what % Type::kKinds); break;
      }
    }
    // Everybody learns everything, each by another route.
    for (std::size_t round = 0; round < kReplicas; ++round) {
      for (std::size_t i = 0; i < kReplicas; ++i) join_from(replicas_[i], replicas_[(i + 1 + round) % kReplicas]);
    }
    for (const Replica& replica : replicas_) {
      RC_ASSERT(replica.seen == replicas_[0].seen);
      RC_ASSERT(bytes_of(replica.state) == bytes_of(replicas_[0].state));
      RC_ASSERT(bytes_of(by_delivery()) == bytes_of(replica.state));
    }
  }

 private:
  using State = typename Type::State;
  struct Replica {
    State state;
    VersionVector seen;
  };
  struct Made {
    MadeOp<State> op;
    VersionVector after;  // what its maker had seen, before it
  };

  void act(Replica& self, std::size_t index, int kind) {
    const Origin origin = origin_of(index);
    const Dot dot{origin, self.seen.get(origin).next()};
    Made made{Type::make(kind, self.state, self.seen, dot), self.seen};
    made.op.apply(self.state);
    self.seen.raise(dot.origin, dot.seq);
    made_.push_back(std::move(made));
  }
  // The first op, in the order made, that `other` has and `self` lacks; its causes are there then.
  void deliver_next(Replica& self, const Replica& other) {
    for (const Made& made : made_) {
      if (!other.seen.covers(made.op.dot) || self.seen.covers(made.op.dot)) continue;
      RC_ASSERT(self.seen.covers(made.after));
      made.op.apply(self.state);
      self.seen.raise(made.op.dot.origin, made.op.dot.seq);
      return;
    }
  }
  void join_from(Replica& self, const Replica& other) {
    const State joined = join(self.state, Context(self.seen), other.state, Context(other.seen));
    RC_ASSERT(joined == join(other.state, Context(other.seen), self.state, Context(self.seen)));
    self.state = joined;
    self.seen.merge(other.seen);
  }
  State by_delivery() const {
    State state;
    for (const Made& made : made_) made.op.apply(state);
    return state;
  }

  std::array<Replica, kReplicas> replicas_;
  std::vector<Made> made_;
};

template <typename Type>
void random_world(const std::vector<std::tuple<std::uint8_t, std::uint8_t, std::uint8_t>>& steps) {
  std::vector<typename RandomWorld<Type>::Step> plan;
  for (const auto& [replica, other, what] : steps) plan.push_back({replica, other, what});
  RandomWorld<Type>().run(plan);
}

using Steps = std::vector<std::tuple<std::uint8_t, std::uint8_t, std::uint8_t>>;
RC_GTEST_PROP(Laws, RegisterInLargerWorlds, (const Steps& steps)) { random_world<RegisterType>(steps); }
RC_GTEST_PROP(Laws, CounterInLargerWorlds, (const Steps& steps)) { random_world<CounterType>(steps); }

}  // namespace
}  // namespace pando::crdt::laws_test
