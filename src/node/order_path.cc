#include "node/order_path.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/limits.h"

namespace pando::node {
namespace {

// Between two slices, so that requests come in between.
constexpr Duration kBetweenSlices = Duration::micros(500);

}  // namespace

bool OrderPath::ready(const engine::OrderNeed& need, std::size_t cells_max, Time now) {
  engine::View view = replica_.view(now);
  return view.prepare_order(need.table, need.key, need.type, cells_max).value_or(true);
}

bool OrderPath::waited_for(const engine::OrderNeed& need) const {
  return std::any_of(waiting_.begin(), waiting_.end(), [&](const Waiting& one) {
    return std::find(one.needs.begin(), one.needs.end(), need) != one.needs.end();
  });
}

bool OrderPath::keep(ClientRequest& asked, const std::vector<Replica*>& group, Time now, Outputs& out) {
  std::vector<engine::OrderNeed> needs = engine::order_needs(asked.request);
  std::erase_if(needs, [&](const engine::OrderNeed& need) {
    if (waited_for(need)) return false;
    if (ready(need, replica_.config().order_slice_cells, now)) return true;
    // The first of those that wait is built; of the others only what one slice does.
    if (!waiting_.empty()) replica_.view(now).indexes().forget_prepared(need.table, need.key);
    return false;
  });
  for (const Waiting& one : waiting_) {
    if (!engine::share_key(asked.request, one.asked.request)) continue;
    for (const engine::OrderNeed& need : one.needs) {
      if (std::find(needs.begin(), needs.end(), need) == needs.end()) needs.push_back(need);
    }
  }
  if (needs.empty()) return false;
  if (waiting_.size() >= limits::kSessionWaitsMax) {
    const Status status(StatusCode::kOverloaded,
                        fmt::format("{} requests wait for the order of large keys to be built", waiting_.size()));
    out.replies.push_back({asked.id, Reply::failure(status)});
    return true;
  }
  if (waiting_.empty()) next_slice_at_ = instant_of(now) + kBetweenSlices;
  ++waits_;
  waiting_.push_back({std::move(asked), group, std::move(needs)});
  return true;
}

std::vector<OrderPath::Waiting> OrderPath::end_turn(Time now) {
  std::vector<Waiting> handled;
  if (waiting_.empty() || instant_of(now) < next_slice_at_) return handled;
  next_slice_at_ = instant_of(now) + kBetweenSlices;
  const engine::OrderNeed built = waiting_.front().needs.front();
  if (!ready(built, replica_.config().order_slice_cells, now)) return handled;
  std::deque<Waiting> rest;
  for (Waiting& one : waiting_) {
    std::erase(one.needs, built);
    if (one.needs.empty()) {
      handled.push_back(std::move(one));
    } else {
      rest.push_back(std::move(one));
    }
  }
  waiting_ = std::move(rest);
  return handled;
}

void OrderPath::end_all(const Status& reason, Outputs& out) {
  for (const Waiting& one : waiting_) out.replies.push_back({one.asked.id, Reply::failure(reason)});
  waiting_.clear();
}

}  // namespace pando::node
