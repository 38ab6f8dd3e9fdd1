// model/change.h — what watchers are told: one entry per key that a commit touched.
//
// The number of changes of a commit depends only on the commit (runs of ops on one key of one visible table
// make one change, additions to a set and removals from it one each), never on what they changed here. So `number`, the
// count of all changes in this node's log of the namespace so far, is gap-free, the same after a restart, and needs no
// storage of its own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/hlc.h"
#include "base/ids.h"
#include "model/commit.h"

namespace pando {

enum class ChangeKind : std::uint8_t {
  kPut,
  kDelete,
  kDeleteRow,
  kDeleteColumns,
  kIncrement,
  kReset,
  kAddMembers,
  kRemoveMembers,
  kEnable,
  kDisable,
  kUpdate,  // part of a sorted set, list, document, bounded counter or presence
  kExpire,  // its time to live was set, changed or taken away
};

// "put", "delete", "delete_row", "delete_columns", "incr", "reset", "add", "remove", "enable", "disable", "update",
// "expire": the word on the wire.
std::string_view change_kind_name(ChangeKind kind);

struct Change {
  std::uint64_t number = 0;  // 1, 2, 3, … per namespace and node: `seq_num` of a notification
  LogPos pos;                // of the commit in this node's log
  std::uint32_t index = 0;   // among the changes of that commit
  Dot dot;
  Hlc hlc;
  std::string table;
  Bytes key;
  ChangeKind kind = ChangeKind::kPut;
  // The bytes written, for kPut on a register; the counter's value here in decimal for kIncrement and
  // kReset; nothing for the others.
  std::optional<Bytes> value;
  // What was added or removed, for kAddMembers and kRemoveMembers.
  std::vector<Bytes> members;

  friend bool operator==(const Change&, const Change&) = default;
};

}  // namespace pando
