// api/resp_feed.h — what a change of the data is to subscribers: a message, or a notification of a key.
//
// PUBLISH puts its message into table `pubsub`, from where every site tells its own clients; the key is the channel, a
// zero byte and a name that no other message has, so no message takes the place of another. It ends after a minute.
//
//   pubsub  "news\0dc1.17…"  "rain"       channel news hears "rain"
//   kv      "k"              put          __keyspace@0__:k hears "set", __keyevent@0__:set hears "k" (0: the database)
#pragma once

#include "api/resp_channels.h"
#include "base/time.h"
#include "model/change.h"

namespace pando::api {

inline constexpr std::string_view kTablePubsub = "pubsub";
inline constexpr std::size_t kChannelBytesMax = 8'000;  // with the name of the message still a key
inline constexpr Duration kMessageLives = Duration::seconds(60);

// `unique` names no other message. A channel has no zero byte.
Bytes message_key(ByteSpan channel, ByteSpan unique);
// Tells everybody who has subscribed to it in that database. Changes of other tables are nothing to them.
void tell_change(const Change& change, std::size_t db, RespChannels& channels);

}  // namespace pando::api
