// engine/escrow_suite.h — sites that decide on bounded counters and limiters, and hear of each other as a test says.
//
// Each site has cells and a log of its own; pull() delivers a part of another's log, from where the last one ended. An
// observer sees every commit the moment it is made: what it shows is the sum over all sites, met or not.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "apply/apply.h"
#include "engine/bounded.h"
#include "engine/read.h"
#include "store/memory_kv.h"

namespace pando::engine {

class EscrowWorld {
 public:
  explicit EscrowWorld(std::size_t sites) {
    for (std::size_t i = 0; i < sites; ++i) sites_.push_back(std::make_unique<Site>(Origin{name(i), 1}));
    observer_ = std::make_unique<Site>(Origin{"observer", 1});
  }
  static std::string name(std::size_t site) { return "dc" + std::to_string(site + 1); }

  std::int64_t now_ms = 1'700'000'000'000;
  // The clock of one site is ahead of that.
  void set_ahead(std::size_t site, std::int64_t ms) { sites_[site]->ahead_ms = ms; }

  std::size_t size() const { return sites_.size(); }
  std::size_t commits() const { return commits_; }
  const Origin& origin(std::size_t site) const { return sites_[site]->origin; }

  struct Outcome {
    Status status;
    std::optional<ReplyBody> body;
    Refusal refusal;
  };
  // One mutation, as a commit; what it lacked is asked for in another, as node/escrow_path does.
  Outcome ask(std::size_t site, Mutation::Detail detail, Bytes key = "k", std::string table = "kv") {
    Mutation mutation;
    mutation.kind = Mutation::Kind::kDetail;
    mutation.table = std::move(table);
    mutation.key = std::move(key);
    mutation.detail = std::move(detail);
    return ask(site, mutation);
  }
  Outcome ask(std::size_t site, const Mutation& mutation) {
    Draft made = draft(site);
    made.keep_results();
    Outcome outcome;
    outcome.status = made.add(mutation);
    outcome.body = made.take_answer();
    outcome.refusal = made.take_refusal();
    const std::vector<EscrowDemand> demands = made.take_demands();
    if (outcome.status.ok()) enter(site, made);
    for (const EscrowDemand& demand : demands) keep_up(site, demand.where, &demand);
    return outcome;
  }
  // What node/escrow_path does when a commit touched the key.
  void keep_up(std::size_t site, const EscrowKey& where = {"kv", "k"}, const EscrowDemand* demand = nullptr) {
    Draft made = draft(site);
    const auto upkeep = engine::keep_up(made, where, demand);
    if (!upkeep) throw std::runtime_error(upkeep.error().to_string());
    enter(site, made);
  }

  // What a node that is drained does. What stays.
  std::uint64_t hand_over(std::size_t site, const std::vector<Origin>& to) {
    Draft made = draft(site);
    const auto left = engine::hand_over(made, {"kv", "k"}, to);
    if (!left) throw std::runtime_error(left.error().to_string());
    enter(site, made);
    return *left;
  }

  // Delivers up to `count` commits more of the log of `from`. True when something was new.
  bool pull(std::size_t to, std::size_t from, std::size_t count = SIZE_MAX) {
    std::size_t& cursor = cursors_[{to, from}];
    bool any = false;
    for (; count > 0 && cursor < sites_[from]->log.size(); --count, ++cursor) {
      any = deliver(*sites_[to], Commit(sites_[from]->log[cursor])) || any;
    }
    return any;
  }
  // A stream that starts over.
  void forget_cursor(std::size_t to, std::size_t from) { cursors_[{to, from}] = 0; }
  // Everyone hears everything and keeps up, until nothing moves.
  void settle(const EscrowKey& where = {"kv", "k"}) {
    for (std::size_t round = 0; round < 100; ++round) {
      bool moved = false;
      for (std::size_t to = 0; to < size(); ++to) {
        for (std::size_t from = 0; from < size(); ++from) moved = (to != from && pull(to, from)) || moved;
      }
      const std::size_t before = commits_;
      for (std::size_t site = 0; site < size(); ++site) keep_up(site, where);
      if (!moved && commits_ == before) return;
    }
    FAIL() << "does not come to rest";
  }
  // The process ends and starts again.
  void restart(std::size_t site) { sites_[site]->reopen(); }
  // The disk is put back to what it was after `kept` commits, and the site goes on under a new epoch.
  void restore(std::size_t site, std::size_t kept) {
    Site& old = *sites_[site];
    auto fresh = std::make_unique<Site>(Origin{old.origin.node, old.origin.epoch + 1});
    kept = std::min(kept, old.log.size());
    fresh->ahead_ms = old.ahead_ms;
    for (std::size_t i = 0; i < kept; ++i) deliver(*fresh, Commit(old.log[i]));
    sites_[site] = std::move(fresh);
    for (std::size_t other = 0; other < size(); ++other) {
      cursors_[{other, site}] = 0;
      cursors_[{site, other}] = 0;
    }
  }

  template <typename Reply, typename Asked>
  Reply read(std::size_t site, const Asked& asked) {
    return read_at<Reply>(*sites_[site], asked);
  }
  BoundedReply bounded(std::size_t site, Bytes key = "k") {
    return read<BoundedReply>(site, GetBoundedRequest{"kv", std::move(key)});
  }
  // As it is over all sites.
  BoundedReply truth(Bytes key = "k") {
    return read_at<BoundedReply>(*observer_, GetBoundedRequest{"kv", std::move(key)});
  }
  std::string digest(std::size_t site) { return sites_[site]->cells->digest()->fingerprint; }
  std::size_t cells(std::size_t site) { return sites_[site]->cells->digest()->cells; }

 private:
  struct Site {
    explicit Site(Origin o) : origin(std::move(o)) { reopen(); }
    void reopen() {
      if (cells != nullptr) {
        const store::Batch batch = cells->begin_checkpoint(1);
        cells->checkpoint_done(kv.write(batch));
      }
      cells = std::move(*store::Cells::open(kv));
      cells->set_self(origin);
    }
    Origin origin;
    store::MemoryKv kv;
    std::unique_ptr<store::Cells> cells;
    std::vector<Commit> log;
    std::int64_t ahead_ms = 0;
  };

  Draft draft(std::size_t site) {
    Site& at = *sites_[site];
    return Draft({at.origin, at.cells->context().get(at.origin).next()},
                 View(*at.cells, catalog_, now_ms + at.ahead_ms), parser_);
  }
  void enter(std::size_t site, Draft& made) {
    if (made.empty()) return;
    Site& at = *sites_[site];
    Commit commit;
    commit.dot = made.dot();
    commit.hlc = Hlc{std::max(at.cells->meta().hlc_floor.bits + 1, Hlc::from_wall_ms(now_ms + at.ahead_ms).bits)};
    commit.ops = made.take_ops();
    ++commits_;
    deliver(at, Commit(commit));
    deliver(*observer_, std::move(commit));
  }
  static bool deliver(Site& to, Commit commit) {
    if (to.cells->context().covers(commit.dot)) return false;
    const auto applied = apply::apply(commit, to.cells->applied().next(), *to.cells);
    if (!applied) throw std::runtime_error(applied.error().to_string());
    to.log.push_back(std::move(commit));
    return true;
  }
  template <typename Reply, typename Asked>
  Reply read_at(Site& site, const Asked& asked) {
    View view(*site.cells, catalog_, now_ms + site.ahead_ms);
    const Result<ReplyBody> body = engine::read(view, asked);
    if (!body) throw std::runtime_error(body.error().to_string());
    return std::get<Reply>(*body);
  }

  std::vector<std::unique_ptr<Site>> sites_;
  std::unique_ptr<Site> observer_;
  std::map<std::pair<std::size_t, std::size_t>, std::size_t> cursors_;
  Catalog catalog_;
  TypedPayloadParser parser_;
  std::size_t commits_ = 0;
};

inline TryBounded take(std::uint64_t n) { return {Way::kTake, n}; }
inline TryBounded give(std::uint64_t n) { return {Way::kGive, n}; }
inline ReserveBounded reserve(std::uint64_t n, std::int64_t ms) { return {Way::kTake, n, Duration::millis(ms)}; }
inline DeclareBounded declare(std::optional<std::int64_t> lower, std::optional<std::int64_t> upper,
                              std::int64_t initial, std::vector<std::string> sites = {}) {
  return {{lower, upper, initial}, std::move(sites)};
}

}  // namespace pando::engine
