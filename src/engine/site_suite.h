// engine/site_suite.h — sites that decide, commit and hear of each other's commits, for tests of types.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "apply/apply.h"
#include "engine/draft.h"
#include "engine/read.h"
#include "store/memory_kv.h"

namespace pando::engine::test {

inline Mutation with_detail(Bytes key, Mutation::Detail detail) {
  Mutation m;
  m.kind = Mutation::Kind::kDetail;
  m.key = std::move(key);
  m.detail = std::move(detail);
  return m;
}
inline Mutation of_kind(Mutation::Kind kind, Bytes key) {
  Mutation m;
  m.kind = kind;
  m.key = std::move(key);
  return m;
}
inline Mutation put_value(Bytes value, Bytes key = "k") {
  Mutation m;
  m.key = std::move(key);
  m.value = std::move(value);
  return m;
}
inline Mutation count_by(std::int64_t delta, Bytes key = "k") {
  Mutation m = of_kind(Mutation::Kind::kAdd, std::move(key));
  m.delta = delta;
  return m;
}

// One origin on its own cells, with indexes that follow them.
class Site {
 public:
  explicit Site(std::string name = "dc1", std::size_t index_bytes_max = limits::kIndexBytesMax)
      : origin_{std::move(name), 1}, index_bytes_max_(index_bytes_max) {
    open();
  }

  struct Written {
    Commit commit;
    std::vector<std::int64_t> results;
    std::vector<std::vector<Bytes>> returned;
  };
  // Decides the mutations together, commits and applies them. A mutation that says nothing makes an empty commit.
  Result<Written> try_write(const std::vector<Mutation>& mutations) {
    const Dot dot{origin_, cells_->context().get(origin_).next()};
    Draft draft(dot, view(), parser_);
    draft.keep_results();
    for (const Mutation& mutation : mutations) PANDO_RETURN_IF_ERROR(draft.add(mutation));
    Written written;
    written.commit.dot = dot;
    written.commit.hlc = Hlc{std::max(cells_->meta().hlc_floor.bits, stamp_min) + 1};
    written.commit.ops = draft.take_ops();
    written.results = draft.take_results();
    written.returned = draft.take_returned();
    written.returned.resize(written.results.size());
    deliver(written.commit);
    return written;
  }
  Written write(const std::vector<Mutation>& mutations) {
    Result<Written> written = try_write(mutations);
    if (!written) throw std::runtime_error(written.error().to_string());
    return *std::move(written);
  }
  Written write(const Mutation& mutation) { return write(std::vector<Mutation>{mutation}); }
  void deliver(const Commit& commit) {
    const auto outcome = apply::apply(commit, cells_->applied().next(), *cells_);
    if (!outcome) throw std::runtime_error(outcome.error().to_string());
  }

  template <typename Reply, typename Request>
  Reply read(const Request& request) {
    View seen = view();
    const Result<ReplyBody> body = engine::read(seen, request);
    if (!body) throw std::runtime_error(body.error().to_string());
    return std::get<Reply>(*body);
  }
  // From an index that is built for it alone.
  template <typename Reply, typename Request>
  Reply read_anew(const Request& request) {
    View seen(*cells_, catalog_, now_ms_);
    const Result<ReplyBody> body = engine::read(seen, request);
    if (!body) throw std::runtime_error(body.error().to_string());
    return std::get<Reply>(*body);
  }

  // Others that this is delivered to note_tables() then.
  Commit declare(std::string_view table, std::string_view property, std::string_view value) {
    Mutation m = of_kind(Mutation::Kind::kPutColumns, Bytes(table));
    m.table = std::string(kTableTables);
    m.columns = {{Bytes(property), Bytes(value)}};
    Commit commit = write(m).commit;
    note_tables();
    return commit;
  }
  void note_tables() { catalog_ = *Catalog::load(*cells_); }
  void checkpoint() {
    const store::Batch batch = cells_->begin_checkpoint(1);
    cells_->checkpoint_done(kv_.write(batch));
  }
  void restart() {
    checkpoint();
    open();
  }
  void set_now(std::int64_t now_ms) { now_ms_ = now_ms; }

  Dot next_dot() const { return {origin_, cells_->context().get(origin_).next()}; }
  Draft draft() { return Draft(next_dot(), view(), parser_); }
  View view() { return View(*cells_, catalog_, now_ms_, indexes_.get()); }
  store::Cells& cells() { return *cells_; }
  store::MemoryKv& kv() { return kv_; }
  Indexes& indexes() { return *indexes_; }
  std::string digest() { return cells_->digest().value().fingerprint; }
  std::uint64_t cell_count() { return cells_->digest().value().cells; }

  std::uint64_t stamp_min = 0;  // of the commits made here: a clock that is ahead

 private:
  void open() {
    cells_ = *store::Cells::open(kv_, {.cache_bytes_max = 0});
    indexes_ = std::make_unique<Indexes>(index_bytes_max_);
    cells_->observe(indexes_.get());
  }

  Origin origin_;
  std::size_t index_bytes_max_;
  store::MemoryKv kv_;
  std::unique_ptr<store::Cells> cells_;
  std::unique_ptr<Indexes> indexes_;
  Catalog catalog_;
  TypedPayloadParser parser_;
  std::int64_t now_ms_ = 0;
};

// Every history of `kCommits` commits on three sites, after `start` that all have seen: each commit is any action of
// the menu, decided by any site that has seen any causally closed part of those before it.
template <std::size_t kCommits>
class SmallWorlds {
 public:
  static constexpr std::size_t kSites = 3;
  using Act = std::function<Mutation(int action, const std::string& name)>;
  // What every replica must say alike, once it has all; throws or fails when something is wrong in itself.
  using Look = std::function<std::string(Site&)>;

  SmallWorlds(std::vector<Mutation> start, int menu, Act act, Look look)
      : menu_(menu), act_(std::move(act)), look_(std::move(look)) {
    Site first(name_of(0));
    start_ = first.write(start).commit;
  }

  std::size_t explore() {
    grow(0, 0);
    return histories_;
  }

 private:
  static std::string name_of(std::size_t site) { return {static_cast<char>('a' + site)}; }

  void grow(std::size_t count, std::size_t sites) {
    if (::testing::Test::HasFatalFailure()) return;
    if (count == kCommits) {
      check();
      ++histories_;
      return;
    }
    for (std::size_t site = 0; site <= std::min(sites, kSites - 1); ++site) {
      for (unsigned seen = 0; seen < 1U << count; ++seen) {
        if (!closed(seen, count) || (own_commits(site, count) & ~seen) != 0) continue;
        for (int action = 0; action < menu_; ++action) {
          Site maker(name_of(site));
          maker.deliver(start_);
          for (std::size_t i = 0; i < count; ++i) {
            if ((seen >> i & 1U) != 0) maker.deliver(commits_[i]);
          }
          const Result<Site::Written> written = maker.try_write({act_(action, name_of(site) + std::to_string(count))});
          if (!written) continue;  // nothing to pop, nothing to move: not a history
          site_[count] = site;
          seen_[count] = seen;
          commits_[count] = written->commit;
          grow(count + 1, std::max(sites, site + 1));
        }
      }
    }
  }

  // Every causal order, each commit twice, at a replica that keeps its indexes all along; and at one that starts over
  // before each commit.
  void check() {
    std::array<std::size_t, kCommits> order{};
    for (std::size_t i = 0; i < kCommits; ++i) order[i] = i;
    std::optional<std::string> digest;
    std::string sight;
    do {
      if (!causal(order)) continue;
      Site warm("r");
      warm.deliver(start_);
      look_(warm);
      for (const std::size_t i : order) {
        warm.deliver(commits_[i]);
        warm.deliver(commits_[i]);
      }
      if (!digest) {
        digest = warm.digest();
        sight = look_(warm);
        Site cold("r");
        cold.deliver(start_);
        for (const std::size_t i : order) {
          cold.restart();
          cold.deliver(commits_[i]);
        }
        ASSERT_EQ(cold.digest(), *digest) << "restarted, history " << histories_;
        ASSERT_EQ(look_(cold), sight) << "restarted, history " << histories_;
      }
      ASSERT_EQ(warm.digest(), *digest) << "history " << histories_;
      ASSERT_EQ(look_(warm), sight) << "history " << histories_;
    } while (std::next_permutation(order.begin(), order.end()));
    ASSERT_TRUE(digest);
  }

  bool causal(const std::array<std::size_t, kCommits>& order) const {
    unsigned delivered = 0;
    for (const std::size_t i : order) {
      if ((seen_[i] & ~delivered) != 0) return false;
      delivered |= 1U << i;
    }
    return true;
  }
  bool closed(unsigned set, std::size_t count) const {
    for (std::size_t i = 0; i < count; ++i) {
      if ((set >> i & 1U) != 0 && (seen_[i] & ~set) != 0) return false;
    }
    return true;
  }
  unsigned own_commits(std::size_t site, std::size_t count) const {
    unsigned set = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (site_[i] == site) set |= 1U << i;
    }
    return set;
  }

  const int menu_;
  const Act act_;
  const Look look_;
  Commit start_;
  std::array<std::size_t, kCommits> site_{};
  std::array<unsigned, kCommits> seen_{};
  std::array<Commit, kCommits> commits_;
  std::size_t histories_ = 0;
};

}  // namespace pando::engine::test
