// engine/sites_suite.h — several sites that hand each other their commits, for tests. On top of engine/site_suite.h.
//
//   Sites sites(2);
//   sites[0].commit({mutation});
//   sites.exchange();
//   EXPECT_EQ(sites[1].digest(), sites[0].digest());
#pragma once

#include <algorithm>
#include <deque>

#include "engine/retire.h"
#include "engine/site_suite.h"

namespace pando::engine {

// Keeps what it has applied, in that order, which is causal.
class Site : public test::Site {
 public:
  explicit Site(std::string name) : test::Site(std::move(name)) {}

  // Nothing changes unless all of them are fine.
  Status try_commit(const std::vector<Mutation>& mutations) {
    Result<Written> written = try_write(mutations);
    if (!written) return written.error();
    keep(std::move(written->commit));
    return {};
  }
  // The ops that became of them.
  std::vector<Op> commit(const std::vector<Mutation>& mutations) {
    const Status status = try_commit(mutations);
    EXPECT_TRUE(status.ok()) << status.to_string();
    return status.ok() ? log_.back().ops : std::vector<Op>();
  }
  // Gives up this site's slots of a counter, as the node does after a reset. The ops that became of it.
  std::vector<Op> retire(const CellPath& path) {
    return write_ops([&](Draft& made) { return engine::retire(made, path); });
  }
  // A commit of what `fill` writes; none when that is nothing.
  template <typename Fill>
  std::vector<Op> write_ops(Fill fill) {
    Commit commit;
    commit.dot = next_dot();
    Draft made = draft();
    EXPECT_TRUE(fill(made).ok());
    commit.ops = made.take_ops();
    commit.hlc = Hlc{cells().meta().hlc_floor.bits + 1};
    if (!commit.ops.empty()) deliver(commit);
    return commit.ops;
  }
  void deliver(const Commit& commit) {
    if (cells().context().covers(commit.dot)) return;
    test::Site::deliver(commit);
    keep(commit);
  }
  // The next `count` commits of `from` that are not here.
  void pull(const Site& from, std::size_t count = SIZE_MAX) {
    for (std::size_t i = 0; i < from.log_.size() && count > 0; ++i) {
      if (cells().context().covers(from.log_[i].dot)) continue;
      deliver(Commit(from.log_[i]));
      --count;
    }
  }
  const std::vector<Commit>& log() const { return log_; }
  template <typename Reply, typename Asked>
  Reply ask(const Asked& request) {
    return read<Reply>(request);
  }
  template <typename Asked>
  Status refusal(const Asked& request) {
    View seen = view();
    const Result<ReplyBody> body = engine::read(seen, request);
    return body ? Status() : body.error();
  }

 private:
  void keep(Commit commit) {
    const bool declares =
        std::any_of(commit.ops.begin(), commit.ops.end(), [](const Op& op) { return table_of(op) == kTableTables; });
    log_.push_back(std::move(commit));
    if (declares) note_tables();
  }

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
