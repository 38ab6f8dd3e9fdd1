// io/resp/feed.h — the one watch that tells the clients of a server what happens to the data of one database.
//
// Open while somebody has subscribed or waits for a key: a server without such clients is told nothing. It begins at
// what is written after want(). A batch is passed on whole before the next one is taken. One thread.
//
// Of those that wait for a key all are told who only read; of those that take something away the one that has waited
// longest, and when it goes, the next one: so a thousand of them are not asked for the sake of one item, and first come
// is first served.
//
//   closed   want(), or idle() while somebody listens → open
//   open     idle() with nobody left, or the node ends it → closed
#pragma once

#include <deque>
#include <map>
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
  // It takes away what it waits for. The same for as long as it waits.
  virtual bool takes() const = 0;
};

class Feed {
 public:
  // Database `db` is `ns`. All outlive it.
  Feed(RespSink& sink, std::size_t db, const std::string& ns, std::uint8_t tag)
      : sink_(sink), db_(db), ns_(ns), tag_(tag) {}

  // Which database the watch of that id is of.
  static std::size_t db_of(WatchId id) { return id.value >> kDbShift & 0xFFFF; }
  // Who listens to its channels.
  api::RespChannels channels;

  void want();
  // Until forget() with the same keys, which every waiter that goes must call. A key may be named twice.
  void wait_for(const std::vector<Bytes>& keys, KeyWaiter& waiter);
  // `told`: of a change, and goes because of that. May call on_key_changed() of others.
  void forget(const std::vector<Bytes>& keys, KeyWaiter& waiter, bool told);
  // Now and then: closes the watch when nobody listens any more, opens it again when it has ended.
  void idle();

  void on_send(node::WatchSend&& send);
  void on_ended(WatchId id);

 private:
  struct Waiters {  // in the order they came
    std::vector<KeyWaiter*> readers;
    std::deque<KeyWaiter*> takers;
  };
  using Woken = std::vector<KeyWaiter*>;
  static void add_due(const Waiters& waiters, Woken& woken);
  // Each once.
  static void wake(const Woken& woken);

  static constexpr int kDbShift = 40;  // below the tag, above the numbers of watches

  RespSink& sink_;
  const std::size_t db_;
  const std::string& ns_;
  const std::uint8_t tag_;
  WatchId open_;  // 0: none
  std::uint64_t last_ = 0;
  std::map<Bytes, Waiters, std::less<>> waiters_;
};

}  // namespace pando::io::resp
