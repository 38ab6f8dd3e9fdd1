#include "io/resp/feed.h"

#include <set>

#include "api/resp_feed.h"

namespace pando::io::resp {

void Feed::want() {
  if (open_ != WatchId()) return;
  open_ = WatchId(std::uint64_t{tag_} << 56 | std::uint64_t{db_} << kDbShift | ++last_);
  sink_.listen({open_, ns_, {}, {}});
}

void Feed::wait_for(const std::vector<Bytes>& keys, KeyWaiter& waiter) {
  for (const Bytes& key : keys) {
    Waiters& there = waiters_[key];
    const auto add = [&](auto& queue) {
      if (queue.empty() || queue.back() != &waiter) queue.push_back(&waiter);
    };
    if (waiter.takes()) {
      add(there.takers);
    } else {
      add(there.readers);
    }
  }
}

void Feed::forget(const std::vector<Bytes>& keys, KeyWaiter& waiter, bool told) {
  Woken next;
  for (const Bytes& key : keys) {
    const auto at = waiters_.find(key);
    if (at == waiters_.end()) continue;
    Waiters& there = at->second;
    std::erase(there.readers, &waiter);
    // There may be more than this one took.
    if (std::erase(there.takers, &waiter) > 0 && told && !there.takers.empty()) next.push_back(there.takers.front());
    if (there.readers.empty() && there.takers.empty()) waiters_.erase(at);
  }
  wake(next);
}

void Feed::idle() {
  const bool listened = !waiters_.empty() || !channels.empty();
  if (listened && open_ == WatchId()) {
    // It has ended with its namespace, or because it was too far behind: what it did not tell may have happened.
    want();
    Woken all;
    for (const auto& [key, there] : waiters_) add_due(there, all);
    return wake(all);
  }
  if (listened || open_ == WatchId()) return;
  sink_.stop_listening(open_);
  open_ = WatchId();
}

void Feed::on_send(node::WatchSend&& send) {
  if (send.id != open_) return;
  Woken woken;
  for (const node::WatchEvent& event : send.events) {
    api::tell_change(event.change, db_, channels);
    if (waiters_.empty() || event.change.table != kTableKv) continue;
    const auto at = waiters_.find(event.change.key);
    if (at != waiters_.end()) add_due(at->second, woken);
  }
  sink_.heard(open_);
  wake(woken);
}

void Feed::add_due(const Waiters& waiters, Woken& woken) {
  woken.insert(woken.end(), waiters.readers.begin(), waiters.readers.end());
  if (!waiters.takers.empty()) woken.push_back(waiters.takers.front());
}

void Feed::wake(const Woken& woken) {
  std::set<KeyWaiter*> told;
  for (KeyWaiter* waiter : woken) {
    if (told.insert(waiter).second) waiter->on_key_changed();
  }
}

void Feed::on_ended(WatchId id) {
  if (id != open_) return;
  open_ = WatchId();
}

}  // namespace pando::io::resp
