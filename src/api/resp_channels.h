// api/resp_channels.h — who listens to which channel of PUBLISH, of this node's clients.
//
// A message goes to those that have subscribed to its channel, then to those of every pattern that matches it, in the
// order of the patterns' bytes. Nothing is kept: who is not subscribed when it arrives here does not get it. Clients
// subscribe to at most limits::kRespChannelsMax channels and patterns each. One thread.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "base/bytes.h"

namespace pando::api {

// A client that can be told something it did not ask. Stands in one set per channel, in the order of `id`.
class RespSubscriber {
 public:
  virtual ~RespSubscriber() = default;
  // `pattern` is null for a subscription by name. Must not subscribe or leave from within.
  virtual void on_message(const Bytes* pattern, ByteSpan channel, ByteSpan message) = 0;
  virtual std::uint64_t subscriber_id() const = 0;
};

class RespChannels {
 public:
  using Names = std::set<Bytes, std::less<>>;

  // False when it is subscribed already, or has as many as it may.
  bool subscribe(RespSubscriber& who, ByteSpan channel) { return add(channels_, channels_of_, who, channel); }
  bool subscribe_pattern(RespSubscriber& who, ByteSpan pattern) { return add(patterns_, patterns_of_, who, pattern); }
  bool unsubscribe(RespSubscriber& who, ByteSpan channel) { return drop(channels_, channels_of_, who, channel); }
  bool unsubscribe_pattern(RespSubscriber& who, ByteSpan pattern) {
    return drop(patterns_, patterns_of_, who, pattern);
  }
  void remove_all(RespSubscriber& who);

  const Names& channels_of(const RespSubscriber& who) const { return names_of(channels_of_, who); }
  const Names& patterns_of(const RespSubscriber& who) const { return names_of(patterns_of_, who); }
  // Of both together.
  std::size_t count_of(const RespSubscriber& who) const {
    return channels_of_.empty() && patterns_of_.empty() ? 0 : channels_of(who).size() + patterns_of(who).size();
  }
  bool full(const RespSubscriber& who) const;

  bool empty() const { return channels_.empty() && patterns_.empty(); }
  // How many would get a message.
  std::size_t audience(ByteSpan channel) const;
  // How many clients got it.
  std::size_t publish(ByteSpan channel, ByteSpan message);

  std::vector<Bytes> active(ByteSpan pattern) const;  // channels that somebody has subscribed to by name
  std::size_t listeners(ByteSpan channel) const;
  std::size_t pattern_count() const { return patterns_.size(); }

 private:
  using Listeners = std::map<std::uint64_t, RespSubscriber*>;
  using ByName = std::map<Bytes, Listeners, std::less<>>;
  using ByClient = std::map<std::uint64_t, Names>;

  bool add(ByName& names, ByClient& clients, RespSubscriber& who, ByteSpan name);
  static bool drop(ByName& names, ByClient& clients, RespSubscriber& who, ByteSpan name);
  static const Names& names_of(const ByClient& clients, const RespSubscriber& who);

  ByName channels_;
  ByName patterns_;
  ByClient channels_of_;
  ByClient patterns_of_;
};

}  // namespace pando::api
