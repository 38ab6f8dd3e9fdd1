// io/resp/feed.h — the one watch that tells the clients of a server what happens to the data.
//
// Open while somebody has subscribed or waits for a key: a server without such clients is told nothing. It begins at
// what is written after want(). A batch is passed on whole before the next one is taken. One thread.
//
//   closed   want(), or idle() while somebody listens → open
//   open     idle() with nobody left, or the node ends it → closed
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "api/resp_channels.h"
#include "io/resp/resp_server.h"
#include "node/io.h"

namespace pando::io::resp {

// Waits until something happens to a key of table kv.
class KeyWaiter {
 public:
  virtual ~KeyWaiter() = default;
  // May ask; must not wait or forget from within.
  virtual void on_key_changed() = 0;
};

class Feed {
 public:
  // All outlive it.
  Feed(RespSink& sink, const std::string& ns, std::uint8_t tag, api::RespChannels& channels)
      : sink_(sink), ns_(ns), tag_(tag), channels_(channels) {}

  void want();
  // Until forget(), which every waiter that goes must call.
  void wait_for(const Bytes& key, KeyWaiter& waiter);
  void forget(KeyWaiter& waiter);
  // Now and then: closes the watch when nobody listens any more, opens it again when it has ended.
  void idle();

  void on_send(node::WatchSend&& send);
  void on_ended(WatchId id);

 private:
  RespSink& sink_;
  const std::string& ns_;
  const std::uint8_t tag_;
  api::RespChannels& channels_;
  WatchId open_;  // 0: none
  std::uint64_t last_ = 0;
  std::map<Bytes, std::set<KeyWaiter*>, std::less<>> waiters_;
};

}  // namespace pando::io::resp
