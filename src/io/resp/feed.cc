#include "io/resp/feed.h"

#include <algorithm>

#include "api/resp_feed.h"

namespace pando::io::resp {

void Feed::want() {
  if (open_ != WatchId()) return;
  open_ = WatchId(std::uint64_t{tag_} << 56 | ++last_);
  sink_.listen({open_, ns_, {}, {}});
}

void Feed::wait_for(const Bytes& key, KeyWaiter& waiter) { waiters_[key].insert(&waiter); }

void Feed::forget(KeyWaiter& waiter) {
  for (auto at = waiters_.begin(); at != waiters_.end();) {
    at->second.erase(&waiter);
    at = at->second.empty() ? waiters_.erase(at) : std::next(at);
  }
}

void Feed::idle() {
  const bool listened = !waiters_.empty() || !channels_.empty();
  // It may have ended with its namespace, or because it was too far behind.
  if (listened) return want();
  if (open_ == WatchId()) return;
  sink_.stop_listening(open_);
  open_ = WatchId();
}

void Feed::on_send(node::WatchSend&& send) {
  if (send.id != open_) return;
  std::vector<KeyWaiter*> woken;
  for (const node::WatchEvent& event : send.events) {
    api::tell_change(event.change, channels_);
    if (waiters_.empty() || event.change.table != kTableKv) continue;
    const auto at = waiters_.find(event.change.key);
    if (at == waiters_.end()) continue;
    for (KeyWaiter* waiter : at->second) {
      if (std::find(woken.begin(), woken.end(), waiter) == woken.end()) woken.push_back(waiter);
    }
  }
  sink_.heard(open_);
  for (KeyWaiter* waiter : woken) waiter->on_key_changed();
}

void Feed::on_ended(WatchId id) {
  if (id != open_) return;
  open_ = WatchId();
}

}  // namespace pando::io::resp
