// engine/sites_suite.h — for tests: sites that decide and evolve on their own and hand each other their commits.
//
//   Sites sites(2);
//   sites[0].commit({mutation});
//   sites.exchange();
//   EXPECT_EQ(sites[1].digest(), sites[0].digest());
#pragma once

#include <gtest/gtest.h>

#include <deque>

#include "apply/apply.h"
#include "engine/draft.h"
#include "engine/read.h"
#include "store/memory_kv.h"

namespace pando::engine {

class Site {
 public:
  explicit Site(std::string name) : origin_{std::move(name), 1} {}

  store::Cells& cells() { return *cells_; }
  const Origin& origin() const { return origin_; }
  const std::vector<Commit>& log() const { return log_; }  // in the order of arrival: causal
  View view() { return View(*cells_, catalog_, now_ms); }
  Dot next_dot() const { return {origin_, cells_->context().get(origin_).next()}; }
  Draft draft() { return Draft(next_dot(), view(), parser_); }

  // Nothing changes unless all of them are fine.
  Status try_commit(const std::vector<Mutation>& mutations) {
    Draft made = draft();
    for (const Mutation& mutation : mutations) PANDO_RETURN_IF_ERROR(made.add(mutation));
    if (made.empty()) return {};
    Commit commit;
    commit.dot = next_dot();
    commit.hlc = Hlc{std::max(cells_->meta().hlc_floor.bits, stamp_min) + 1};
    commit.ops = made.take_ops();
    deliver(commit);
    return {};
  }
  // The ops that became of them.
  std::vector<Op> commit(const std::vector<Mutation>& mutations) {
    const std::size_t before = log_.size();
    const Status status = try_commit(mutations);
    EXPECT_TRUE(status.ok()) << status.to_string();
    return log_.size() == before ? std::vector<Op>() : log_.back().ops;
  }
  void deliver(const Commit& commit) {
    if (cells_->context().covers(commit.dot)) return;
    const auto applied = apply::apply(commit, cells_->applied().next(), *cells_);
    ASSERT_TRUE(applied.has_value()) << applied.error().to_string();
    log_.push_back(commit);
    for (const Op& op : commit.ops) {
      if (table_of(op) != kTableTables) continue;
      ASSERT_TRUE(catalog_.note_change(*cells_, key_of(op)).ok());
    }
  }
  // The next `count` commits of `from` that are not here.
  void pull(const Site& from, std::size_t count = SIZE_MAX) {
    for (std::size_t i = 0; i < from.log_.size() && count > 0; ++i) {
      if (cells_->context().covers(from.log_[i].dot)) continue;
      deliver(Commit(from.log_[i]));
      --count;
    }
  }
  void checkpoint() {
    const store::Batch batch = cells_->begin_checkpoint(1);
    cells_->checkpoint_done(kv_.write(batch));
  }
  std::string digest() { return cells_->digest().value().fingerprint; }
  template <typename Reply, typename Asked>
  Reply ask(const Asked& request) {
    View seen = view();
    const Result<ReplyBody> body = read(seen, request);
    if (!body) {
      ADD_FAILURE() << body.error().to_string();
      return {};
    }
    return std::get<Reply>(*body);
  }
  template <typename Asked>
  Status refusal(const Asked& request) {
    View seen = view();
    const Result<ReplyBody> body = read(seen, request);
    return body ? Status() : body.error();
  }

  std::int64_t now_ms = 0;
  std::uint64_t stamp_min = 0;  // of the commits made here: a clock that is ahead

 private:
  Origin origin_;
  store::MemoryKv kv_;
  std::unique_ptr<store::Cells> cells_ = std::move(*store::Cells::open(kv_, {.cache_bytes_max = 0}));
  Catalog catalog_;
  TypedPayloadParser parser_;
  std::vector<Commit> log_;
};

class Sites {
 public:
  explicit Sites(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) sites_.emplace_back("dc" + std::to_string(i + 1));
  }
  Site& operator[](std::size_t i) { return sites_[i]; }
  std::size_t size() const { return sites_.size(); }
  // Everyone gets everything.
  void exchange() {
    for (std::size_t round = 0; round < sites_.size(); ++round) {
      for (Site& to : sites_) {
        for (Site& from : sites_) {
          if (&to != &from) to.pull(from);
        }
      }
    }
  }

 private:
  std::deque<Site> sites_;
};

}  // namespace pando::engine
