#include "node/escrow_path.h"

#include <algorithm>

#include "base/limits.h"

namespace pando::node {
namespace {

constexpr Duration kAskAgainFirst = Duration::millis(500);
constexpr Duration kAskAgainMax = Duration::seconds(60);
constexpr Duration kNoRoomPause = Duration::seconds(1);
constexpr std::int64_t kLookAgainMsMax = 86'400'000;  // later ones are put off again

}  // namespace

bool EscrowPath::may_ask(const engine::EscrowDemand& demand, Instant now) {
  const auto name = std::pair(demand.where, demand.way);
  const auto at = asked_.find(name);
  if (at != asked_.end() && at->second.again_at > now) return false;
  if (at == asked_.end() && asked_.size() >= limits::kEscrowAskedMax) {
    std::erase_if(asked_, [&](const auto& entry) { return entry.second.again_at <= now; });
    if (asked_.size() >= limits::kEscrowAskedMax) return false;
  }
  // Long unasked is as never asked.
  const bool fresh = at == asked_.end() || now - at->second.again_at > kAskAgainMax;
  const Duration pause = fresh ? kAskAgainFirst : std::min(at->second.pause * 2, kAskAgainMax);
  asked_.insert_or_assign(name, Asked{now + pause, pause});
  return true;
}

void EscrowPath::on_demand(engine::EscrowDemand demand, Time now) {
  if (!replica_.config().writable || !may_ask(demand, instant_of(now))) return;
  demands_.push_back(std::move(demand));
}

void EscrowPath::look_again(const engine::EscrowKey& where, Instant at) {
  const auto known = look_again_.find(where);
  if (known != look_again_.end()) {
    due_.erase({known->second, where});
    known->second = at;
  } else if (look_again_.size() < limits::kEscrowAskedMax) {
    look_again_.emplace(where, at);
  } else {
    return;
  }
  due_.emplace(at, where);
}

void EscrowPath::take_due(Instant now, std::set<engine::EscrowKey>& touched) {
  for (std::size_t i = 0; i < limits::kEscrowDueMax && !due_.empty() && due_.begin()->first <= now; ++i) {
    look_again_.erase(due_.begin()->second);
    touched.insert(due_.begin()->second);
    due_.erase(due_.begin());
  }
}

void EscrowPath::hand_over_to(std::vector<Origin> to) {
  // Whoever came may take what nobody was there for.
  if (hand_to_ && *hand_to_ != to) hand_over_again();
  hand_to_ = std::move(to);
}

void EscrowPath::touch(std::vector<engine::EscrowKey> counters) {
  for (engine::EscrowKey& counter : counters) touched_.insert(std::move(counter));
}

void EscrowPath::hand_over_again() { touched_.insert(holding_.begin(), holding_.end()); }

void EscrowPath::keep() {
  hand_to_.reset();
  touched_.clear();
  holding_.clear();
}

Status EscrowPath::hand_over(const std::set<engine::EscrowKey>& touched, Time now) {
  engine::Draft draft(replica_.next_dot(), replica_.view(now), parser_);
  std::vector<const engine::EscrowKey*> rest;
  for (const engine::EscrowKey& where : touched) {
    const Result<std::uint64_t> left = engine::hand_over(draft, where, *hand_to_);
    if (!left) return left.error();
    if (*left > 0) rest.push_back(&where);
  }
  if (!draft.empty()) {
    const Result<LogPos> pos = replica_.commit(draft.take_ops(), now);
    if (!pos) return pos.error();
    ++commits_;
  }
  for (const engine::EscrowKey& where : touched) holding_.erase(where);
  for (const engine::EscrowKey* where : rest) holding_.insert(*where);
  return {};
}

void EscrowPath::end_turn(Time now) {
  std::set<engine::EscrowKey> touched = replica_.take_escrow_touched();
  touched.merge(touched_);
  touched_.clear();
  if (!replica_.config().writable || !replica_.serving().ok()) {
    demands_.clear();
    return;
  }
  take_due(instant_of(now), touched);
  // A limiter's meter is looked at when its time is up, however often something passes before.
  std::erase_if(touched, [&](const engine::EscrowKey& where) {
    return where.table == kTableLimits && look_again_.contains(where);
  });
  if (retry_at_ && *retry_at_ <= instant_of(now)) {
    touched.merge(left_over_);
    left_over_.clear();
    retry_at_.reset();
  }
  for (const engine::EscrowDemand& demand : demands_) touched.insert(demand.where);
  std::erase_if(touched, [&](const engine::EscrowKey& where) {
    if (!replica_.arrives(where.table)) return false;
    left_over_.insert(where);
    retry_at_ = instant_of(now) + kNoRoomPause;
    return true;
  });
  std::erase_if(demands_, [&](const engine::EscrowDemand& demand) { return replica_.arrives(demand.where.table); });
  if (touched.empty()) return;
  if (Status status = hand_to_ ? hand_over(touched, now) : keep_up(touched, now); !status.ok()) {
    // A full disk or log: nothing happened, and nobody waits for it.
    left_over_.merge(touched);
    retry_at_ = instant_of(now) + kNoRoomPause;
  }
  demands_.clear();
}

void EscrowPath::note_answers(const engine::EscrowKey& where, const engine::EscrowUpkeep& upkeep) {
  for (const Way way : {Way::kTake, Way::kGive}) {
    const auto asked = asked_.find(std::pair(where, way));
    if (asked == asked_.end()) continue;
    const bool waiting = upkeep.waiting[index_of(way)];
    if (asked->second.waiting && !waiting) {
      asked_.erase(asked);
    } else {
      asked->second.waiting = waiting;
    }
  }
}

Status EscrowPath::keep_up(const std::set<engine::EscrowKey>& touched, Time now) {
  engine::Draft draft(replica_.next_dot(), replica_.view(now), parser_);
  for (const engine::EscrowKey& where : touched) {
    std::vector<const engine::EscrowDemand*> here;
    for (const engine::EscrowDemand& demand : demands_) {
      if (demand.where == where) here.push_back(&demand);
    }
    if (here.empty()) here.push_back(nullptr);
    for (const engine::EscrowDemand* demand : here) {
      const Result<engine::EscrowUpkeep> upkeep = engine::keep_up(draft, where, demand);
      if (!upkeep) return upkeep.error();
      note_answers(where, *upkeep);
      if (upkeep->look_again_at_ms) {
        const std::int64_t wait_ms =
            std::clamp<std::int64_t>(*upkeep->look_again_at_ms - now.wall_ms, 1, kLookAgainMsMax);
        look_again(where, instant_of(now) + Duration::millis(wait_ms));
      }
    }
  }
  if (draft.empty()) return {};
  const Result<LogPos> pos = replica_.commit(draft.take_ops(), now);
  if (!pos) return pos.error();
  ++commits_;
  return {};
}

std::optional<Instant> EscrowPath::next_deadline() const {
  std::optional<Instant> next = retry_at_;
  if (!due_.empty() && (!next || due_.begin()->first < *next)) next = due_.begin()->first;
  return next;
}

}  // namespace pando::node
