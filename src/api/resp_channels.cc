#include "api/resp_channels.h"

#include "api/resp_glob.h"
#include "base/limits.h"

namespace pando::api {

bool RespChannels::add(ByName& names, ByClient& clients, RespSubscriber& who, ByteSpan name) {
  if (full(who)) return false;
  if (!clients[who.subscriber_id()].emplace(name).second) return false;
  names[Bytes(name)].emplace(who.subscriber_id(), &who);
  return true;
}

bool RespChannels::drop(ByName& names, ByClient& clients, RespSubscriber& who, ByteSpan name) {
  const auto client = clients.find(who.subscriber_id());
  if (client == clients.end()) return false;
  const auto known = client->second.find(name);
  if (known == client->second.end()) return false;
  client->second.erase(known);
  if (client->second.empty()) clients.erase(client);
  const auto at = names.find(name);
  at->second.erase(who.subscriber_id());
  if (at->second.empty()) names.erase(at);
  return true;
}

const RespChannels::Names& RespChannels::names_of(const ByClient& clients, const RespSubscriber& who) {
  static const Names kNone;
  const auto client = clients.find(who.subscriber_id());
  return client == clients.end() ? kNone : client->second;
}

void RespChannels::remove_all(RespSubscriber& who) {
  if (count_of(who) == 0) return;
  for (const Bytes& channel : Names(channels_of(who))) unsubscribe(who, channel);
  for (const Bytes& pattern : Names(patterns_of(who))) unsubscribe_pattern(who, pattern);
}

bool RespChannels::full(const RespSubscriber& who) const { return count_of(who) >= limits::kRespChannelsMax; }

std::size_t RespChannels::audience(ByteSpan channel) const {
  std::size_t count = listeners(channel);
  for (const auto& [pattern, clients] : patterns_) count += glob_match(pattern, channel) ? clients.size() : 0;
  return count;
}

std::size_t RespChannels::publish(ByteSpan channel, ByteSpan message) {
  std::size_t heard = 0;
  if (const auto at = channels_.find(channel); at != channels_.end()) {
    for (const auto& [id, who] : at->second) {
      who->on_message(nullptr, channel, message);
      ++heard;
    }
  }
  for (const auto& [pattern, listeners] : patterns_) {
    if (!glob_match(pattern, channel)) continue;
    for (const auto& [id, who] : listeners) {
      who->on_message(&pattern, channel, message);
      ++heard;
    }
  }
  return heard;
}

std::vector<Bytes> RespChannels::active(ByteSpan pattern) const {
  std::vector<Bytes> found;
  for (const auto& entry : channels_) {
    if (pattern.empty() || glob_match(pattern, entry.first)) found.push_back(entry.first);
  }
  return found;
}

std::size_t RespChannels::listeners(ByteSpan channel) const {
  const auto at = channels_.find(channel);
  return at == channels_.end() ? 0 : at->second.size();
}

}  // namespace pando::api
