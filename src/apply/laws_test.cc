// Convergence of whole namespaces: replicas that have applied the same commits hold byte-identical cells,
// whatever the order (that respects causality), the repetition, the checkpoints and restarts in between, and whether
// they came as commits or were joined as state. Long histories of all types by RapidCheck; short ones exhaustively in
// small_worlds_test.cc.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "apply/apply.h"
#include "apply/join.h"
#include "apply/laws_menu.h"
#include "store/cell_cursor.h"
#include "store/memory_kv.h"

namespace pando::apply::laws_test {
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
  void join(Replica& other) {
    const auto outcome = apply::join(*cells_, other.cells(), cells_->applied().next());
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

// Any action of any type, on any of three keys.
Commit decide(std::size_t action, const Bytes& key, Cells& cells, const Origin& origin) {
  std::vector<const laws::Action*> all;
  for (const laws::Menu& menu : laws::menus()) {
    for (const laws::Action& each : menu.actions) all.push_back(&each);
  }
  laws::Desk desk(cells, origin, key);
  all[action % all.size()]->decide(desk);
  return desk.take();
}

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
      default: deliver(self, decide(how, how % 3 == 0 ? "k1" : "key", replicas[self].cells(), origin_of(self)));
    }
  }
  Replica joined;
  for (Replica& replica : replicas) joined.join(replica);
  for (std::size_t round = 0; round < kReplicas; ++round) {
    for (std::size_t to = 0; to < kReplicas; ++to) {
      for (std::size_t from = 0; from < kReplicas; ++from) pull(to, from, SIZE_MAX);
    }
  }
  RC_ASSERT(joined.cells().context() == replicas[0].cells().context());
  RC_ASSERT(joined.digest() == replicas[0].digest());
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
}  // namespace pando::apply::laws_test
