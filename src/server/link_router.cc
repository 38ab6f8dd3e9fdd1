#include "server/link_router.h"

#include <utility>

#include "repl/frame.h"
#include "server/driver.h"

namespace pando::server {

void LinkRouter::up(LinkId id, std::uint64_t dial_number, std::string peer, io::PeerNames names) {
  if (!check_names_) names.reset();
  const bool dialed = dial_number != 0;
  Driver& driver = shards_.at(dial_number % shards_.size());
  {
    const std::lock_guard lock(mutex_);
    open_.emplace(id, dialed ? Open{&driver} : Open{&driver, false, peer, names});
  }
  driver.post(node::LinkUp{id, dial_number / shards_.size(), std::move(peer), std::move(names)});
}

Driver* LinkRouter::driver_of(LinkId id) {
  const std::lock_guard lock(mutex_);
  const auto at = open_.find(id);
  return at == open_.end() ? nullptr : at->second.driver;
}

Driver* LinkRouter::settle(LinkId id, ByteSpan first_frame) {
  Open open;
  {
    const std::lock_guard lock(mutex_);
    const auto at = open_.find(id);
    if (at == open_.end()) return nullptr;
    if (at->second.greeted) return at->second.driver;
    at->second.greeted = true;
    if (shards_.size() == 1) return at->second.driver;
    open = std::exchange(at->second, Open{at->second.driver});
  }
  // What is no Hello, or of no namespace here, the first shard refuses.
  const Result<repl::Hello> hello = repl::decode_hello(first_frame);
  Driver* const owner = hello ? shards_.owner_of(hello->ns) : nullptr;
  if (owner == nullptr || owner == open.driver) return open.driver;
  {
    const std::lock_guard lock(mutex_);
    open_.at(id).driver = owner;
  }
  open.driver->post(node::LinkDown{id, 0, "the link is another loop's"});
  owner->post(node::LinkUp{id, 0, std::move(open.peer), std::move(open.names)});
  return owner;
}

void LinkRouter::frame(LinkId id, Bytes frame) {
  if (Driver* const driver = settle(id, frame)) driver->post(node::LinkFrame{id, std::move(frame)});
}

void LinkRouter::drained(LinkId id, std::size_t bytes) {
  if (Driver* const driver = driver_of(id)) driver->post(node::LinkDrained{id, bytes});
}

void LinkRouter::down(LinkId id, std::uint64_t dial_number, std::string reason) {
  Driver* driver = &shards_.at(dial_number % shards_.size());
  {
    const std::lock_guard lock(mutex_);
    if (const auto at = open_.find(id); at != open_.end()) {
      driver = at->second.driver;
      open_.erase(at);
    }
  }
  driver->post(node::LinkDown{id, dial_number / shards_.size(), std::move(reason)});
}

}  // namespace pando::server
