#include "api/resp_feed.h"

#include <fmt/format.h>

#include "model/path.h"

namespace pando::api {
namespace {

// As redis-server names what happens, where its commands have one name for it.
std::string_view event_name(ChangeKind kind) {
  switch (kind) {
    case ChangeKind::kPut: return "set";
    case ChangeKind::kDelete:
    case ChangeKind::kDeleteRow: return "del";
    case ChangeKind::kDeleteColumns: return "hdel";
    case ChangeKind::kIncrement: return "incrby";
    case ChangeKind::kReset: return "reset";
    case ChangeKind::kAddMembers: return "sadd";
    case ChangeKind::kRemoveMembers: return "srem";
    case ChangeKind::kEnable: return "enable";
    case ChangeKind::kDisable: return "disable";
    case ChangeKind::kUpdate: return "update";
    case ChangeKind::kExpire: return "expire";
  }
  return "update";
}

}  // namespace

Bytes message_key(ByteSpan channel, ByteSpan unique) {
  Bytes key(channel);
  key.push_back('\0');
  return key.append(unique);
}

void tell_change(const Change& change, std::size_t db, RespChannels& channels) {
  if (channels.empty()) return;
  if (change.table == kTablePubsub) {
    const std::size_t end = change.key.find('\0');
    const bool message = change.kind == ChangeKind::kPut && change.value && end != Bytes::npos;
    if (message) channels.publish(ByteSpan(change.key).substr(0, end), *change.value);
    return;
  }
  if (change.table != kTableKv) return;
  const std::string_view event = event_name(change.kind);
  channels.publish(fmt::format("__keyspace@{}__:{}", db, change.key), event);
  channels.publish(fmt::format("__keyevent@{}__:{}", db, event), change.key);
}

}  // namespace pando::api
