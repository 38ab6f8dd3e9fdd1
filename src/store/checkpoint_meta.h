// store/checkpoint_meta.h — what a checkpoint says about itself: how much of the log its cells contain.
//
// Written in the same atomic batch as the cells, under one key outside of the cell space.
// Stored form: u8(version) u32(crc32c of what follows) fields. The version is 2 where `relaxed` is set, so that a
// program that would not begin a new epoch then does not open it, 3 where not all tables are held, 4 in a cluster that
// began as a clone, 5 where the scope has grown or was changed at run time, and 1 else.
// docs/formats/cells.md.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/hlc.h"
#include "base/ids.h"
#include "model/table_growth.h"
#include "model/version_vector.h"
#include "store/cell_key.h"

namespace pando::store {

inline constexpr std::string_view kCheckpointKey{"\0checkpoint", 11};
inline constexpr std::string_view kMemoKey{"\x02\x04", 2};  // Cells::memo()

struct CheckpointMeta {
  LogPos covered;                    // every record up to here is in the cells; replay starts after it
  std::uint64_t replay_segment = 0;  // where that next record lies, or an earlier segment
  Origin self;                       // who this node is; node name empty on a relayer before it knows
  VersionVector context;             // the commits in the cells
  std::vector<std::pair<Origin, std::uint64_t>> chains;  // Commit::chain of each origin's last one; sorted
  Hlc hlc_floor;                                         // the largest stamp seen
  std::uint64_t changes = 0;                             // Change::number of the last one
  // Commits of `self` may have been told of before they were durable: whoever finds this without a clean end after it
  // begins a new epoch.
  bool relaxed = false;
  // Of others' commits only those of `tables.subscribe` are in the cells, and of the other tables not all of what was
  // made here is known elsewhere.
  TableScope tables = {};
  // Which of them are here; all others of tables.subscribe are arriving.
  TableGrowth growth = {};
  // Of a cluster that began as a clone of another one, so that the two never meet; empty else.
  // docs/design/019-backup-and-restore.md.
  std::string cluster = {};

  bool arrives(std::string_view table) const { return growth.arrives(tables, table); }
  bool any_arrives() const { return growth.holds != tables.subscribe; }
  void set_tables(const TableScope& scope) {
    tables = scope;
    growth = TableGrowth::none(scope);
  }

  // 0 for an origin never seen.
  std::uint64_t chain(const Origin& origin) const;
  void set_chain(const Origin& origin, std::uint64_t chain);

  friend bool operator==(const CheckpointMeta&, const CheckpointMeta&) = default;
};

Bytes encode_checkpoint_meta(const CheckpointMeta& meta);
// kDataLoss naming what is wrong; kUnimplemented for a version that is newer than we are.
Result<CheckpointMeta> decode_checkpoint_meta(ByteSpan bytes);

}  // namespace pando::store
