// Convergence of whole namespaces: replicas that have applied the same commits hold byte-identical cells,
// whatever the order (that respects causality), the repetition, the checkpoints and restarts in between.
//
// Exhaustive for every history of 3 commits on 3 replicas over a menu that mixes all ops and kinds of cells on one
// key, its row and its object; RapidCheck for long ones.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "apply/apply.h"
#include "model/lob_manifest.h"
#include "store/cell_cursor.h"
#include "store/memory_kv.h"

namespace pando::apply {
namespace {

using store::Cells;

// A replica: cells over a Kv of its own, and the position of its own log.
class Replica {
 public:
  Replica() { open(); }

  Cells& cells() { return *cells_; }
  void deliver(const Commit& commit) {
    const auto outcome = apply(commit, cells_->applied().next(), *cells_);
    if (!outcome) throw std::runtime_error(outcome.error().to_string());
  }
  void checkpoint() {
    const store::Batch batch = cells_->begin_checkpoint(1);
    cells_->checkpoint_done(kv_.write(batch));
  }
  void restart() {
    checkpoint();
    open();
  }
  std::string digest() { return cells_->digest().value().fingerprint; }

 private:
  void open() { cells_ = *Cells::open(kv_, {.cache_bytes_max = 0}); }

  store::MemoryKv kv_;
  std::unique_ptr<Cells> cells_;
};

Origin origin_of(std::size_t replica) { return {std::string(1, static_cast<char>('a' + replica)), 1}; }

std::vector<Dot> dots(Cells& cells, const CellPath& path) {
  const auto* reg = cells.find_register(path).value();
  return reg == nullptr ? std::vector<Dot>{} : reg->dots();
}
crdt::Counter counter_of(Cells& cells, const CellPath& path) {
  const auto* counter = cells.find_counter(path).value();
  return counter == nullptr ? crdt::Counter{} : *counter;
}

// What one user action on key `k` becomes at a replica that sees `cells`.
constexpr int kMenu = 13;
Commit decide(int action, const Bytes& k, Cells& cells, const Origin& origin) {
  Commit commit;
  commit.dot = {origin, cells.context().get(origin).next()};
  commit.hlc = Hlc{cells.meta().hlc_floor.bits + 1};
  const std::string name = to_string(commit.dot);
  const CellPath reg{"kv", k, CellKind::kRegister, ""};
  const CellPath counter{"kv", k, CellKind::kCounter, ""};
  const CellPath column{"row", k, CellKind::kField, "x"};
  const CellPath other_column{"row", k, CellKind::kField, "y"};
  const CellPath member{"kv", k, CellKind::kMember, "m"};
  const CellPath flag{"kv", k, CellKind::kFlag, ""};
  const CellPath object{"lob", k, CellKind::kRegister, ""};
  const auto put = [&](const CellPath& path, const Bytes& value) { return PutOp{path, value, dots(cells, path)}; };
  switch (action) {
    case 0: commit.ops = {put(reg, name)}; break;
    case 1: commit.ops = {ClearOp{"kv", k, cells.context()}, reset_op(counter_of(cells, counter), counter)}; break;
    case 2: commit.ops = {crdt::add_op(counter_of(cells, counter), counter, commit.dot, 3).value()}; break;
    case 3: commit.ops = {put(column, name), put(other_column, name)}; break;
    case 4: commit.ops = {ClearOp{"row", k, cells.context()}, put(column, name)}; break;
    case 5:
      if (const auto seen = dots(cells, column); !seen.empty()) commit.ops = {RemoveOp{column, seen}};
      break;
    case 6:  // the chunk and the manifest at once
      commit.ops = {PutOp{chunk_path(name, 0), "bytes of " + name, {}},
                    put(object, encode_lob_manifest({name, 5, 1, 0}))};
      break;
    case 7: commit.ops = {ClearOp{"lob", k, cells.context()}}; break;
    case 8: commit.ops = {put(member, "")}; break;
    case 9:
      if (const auto seen = dots(cells, member); !seen.empty()) commit.ops = {RemoveOp{member, seen}};
      break;
    case 10: commit.ops = {put(flag, ""), put(reg, name)}; break;  // a flag and a value clash
    case 11:
      if (const auto seen = dots(cells, flag); !seen.empty()) commit.ops = {RemoveOp{flag, seen}};
      break;
    default: commit.ops = {crdt::add_op(counter_of(cells, counter), counter, commit.dot, -1).value(), put(reg, name)};
  }
  return commit;
}

class SmallWorlds {
 public:
  static constexpr std::size_t kCommits = 3;
  static constexpr std::size_t kReplicas = 3;

  std::size_t explore() {
    grow(0, 0);
    return histories_;
  }

 private:
  void grow(std::size_t count, std::size_t replicas) {
    if (count == kCommits) {
      check();
      ++histories_;
      return;
    }
    for (std::size_t replica = 0; replica <= std::min(replicas, kReplicas - 1); ++replica) {
      for (unsigned seen = 0; seen < 1u << count; ++seen) {
        if (!closed(seen, count) || (own_commits(replica, count) & ~seen) != 0) continue;
        for (int action = 0; action < kMenu; ++action) {
          Replica maker;
          for (std::size_t i = 0; i < count; ++i) {
            if ((seen >> i & 1u) != 0) maker.deliver(commits_[i]);
          }
          replica_[count] = replica;
          seen_[count] = seen;
          commits_[count] = decide(action, "key", maker.cells(), origin_of(replica));
          grow(count + 1, std::max(replicas, replica + 1));
        }
      }
    }
  }

  // Every causal order; each commit delivered again right away, all of them again at the end. At one replica
  // everything stays in memory, the other starts over before each commit.
  void check() {
    std::array<std::size_t, kCommits> order{0, 1, 2};
    std::optional<std::string> expected;
    do {
      if (!causal(order)) continue;
      Replica warm;
      Replica cold;
      for (const std::size_t i : order) {
        warm.deliver(commits_[i]);
        warm.deliver(commits_[i]);
        cold.restart();
        cold.deliver(commits_[i]);
      }
      for (const Commit& commit : commits_) warm.deliver(commit);
      if (!expected) expected = warm.digest();
      ASSERT_EQ(warm.digest(), *expected) << "history " << histories_;
      ASSERT_EQ(cold.digest(), *expected) << "restarted, history " << histories_;
    } while (std::next_permutation(order.begin(), order.end()));
    ASSERT_TRUE(expected);
  }

  bool causal(const std::array<std::size_t, kCommits>& order) const {
    unsigned delivered = 0;
    for (const std::size_t i : order) {
      if ((seen_[i] & ~delivered) != 0) return false;
      delivered |= 1u << i;
    }
    return true;
  }
  bool closed(unsigned set, std::size_t count) const {
    for (std::size_t i = 0; i < count; ++i) {
      if ((set >> i & 1u) != 0 && (seen_[i] & ~set) != 0) return false;
    }
    return true;
  }
  unsigned own_commits(std::size_t replica, std::size_t count) const {
    unsigned set = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (replica_[i] == replica) set |= 1u << i;
    }
    return set;
  }

  std::array<std::size_t, kCommits> replica_{};
  std::array<unsigned, kCommits> seen_{};
  std::array<Commit, kCommits> commits_;
  std::size_t histories_ = 0;
};

TEST(Convergence, EverySmallWorld) { EXPECT_GT(SmallWorlds().explore(), 10'000u); }

using Step = std::tuple<std::uint8_t, std::uint8_t, std::uint8_t>;

RC_GTEST_PROP(Convergence, LongHistories, (const std::vector<Step>& steps)) {
  constexpr std::size_t kReplicas = 4;
  std::array<Replica, kReplicas> replicas;
  std::array<std::vector<Commit>, kReplicas> logs;  // what each applied, in its order: causal for a reader
  std::array<std::array<std::size_t, kReplicas>, kReplicas> cursors{};
  const auto deliver = [&](std::size_t to, const Commit& commit) {
    const bool known = replicas[to].cells().context().covers(commit.dot);
    replicas[to].deliver(commit);
    if (!known) logs[to].push_back(commit);
  };
  const auto pull = [&](std::size_t to, std::size_t from, std::size_t count) {
    std::size_t& cursor = cursors[to][from];
    for (; count > 0 && cursor < logs[from].size(); --count, ++cursor) deliver(to, Commit(logs[from][cursor]));
  };
  for (const auto& [who, what, how] : steps) {
    const std::size_t self = who % kReplicas;
    switch (what % 4) {
      case 0: pull(self, how % kReplicas, 1 + how % 7); break;
      case 1:
        if (how % 8 == 0) replicas[self].restart();
        if (how % 8 == 1) replicas[self].checkpoint();
        if (how % 8 >= 6) cursors[self][how % kReplicas] = 0;  // a stream that starts over
        break;
      default: deliver(self, decide(how % kMenu, how % 3 == 0 ? "k1" : "k2", replicas[self].cells(), origin_of(self)));
    }
  }
  for (std::size_t round = 0; round < kReplicas; ++round) {
    for (std::size_t to = 0; to < kReplicas; ++to) {
      for (std::size_t from = 0; from < kReplicas; ++from) pull(to, from, SIZE_MAX);
    }
  }
  for (Replica& replica : replicas) {
    RC_ASSERT(replica.cells().context() == replicas[0].cells().context());
    RC_ASSERT(replica.digest() == replicas[0].digest());
    // No chunk without its manifest.
    std::size_t chunks = 0;
    std::size_t manifests = 0;
    for (store::CellCursor at = replica.cells().scan(kTableLobChunks, "", ""); at.valid(); at.next()) ++chunks;
    for (store::CellCursor at = replica.cells().scan(kTableLob, "", ""); at.valid(); at.next()) {
      manifests += at.cell().reg().entries().size();
    }
    RC_ASSERT(chunks == manifests);
  }
}

}  // namespace
}  // namespace pando::apply
