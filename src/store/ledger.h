// store/ledger.h — the conflict ledger of one namespace at this node; part of Cells.
//
// Local: not replicated and in no digest. Stored beside the cells in the same checkpoints (`02 03 u64be(pos)
// u32be(index)`, docs/formats/cells.md), so a replay makes the lines behind the checkpoint again, under the same ids.
// Bounded by count and bytes (limits.h); the oldest go first and are counted. All of it is in memory. One thread.
#pragma once

#include <deque>
#include <map>
#include <string>

#include "model/conflict.h"
#include "store/kv.h"

namespace pando::store {

class Ledger {
 public:
  struct Limits {
    std::size_t count_max;
    std::size_t bytes_max;
  };

  Ledger(const Kv& kv, const Limits& limits) : kv_(kv), limits_(limits) {}
  Status load();

  // Files a line. One whose id is not above all earlier ones was filed before: nothing changes.
  void add(Conflict conflict);
  // The first index that no line made at `pos` has.
  std::uint32_t next_index(LogPos pos) const;

  // Ascending by id.
  const std::deque<Conflict>& lines() const { return lines_; }
  // Null when there is none, or no more.
  const Conflict* find(const ConflictId& id) const;
  // Lines that had to go since this was made.
  std::uint64_t dropped() const { return dropped_; }
  // Rises with every line, so that those who wait notice.
  std::uint64_t version() const { return version_; }

  void begin_checkpoint(Batch& batch);
  void checkpoint_done(bool ok);
  bool changed() const { return !unsaved_.empty(); }

 private:
  using Changes = std::map<Bytes, std::optional<Bytes>>;
  void drop_oldest();

  const Kv& kv_;
  Limits limits_;
  std::deque<Conflict> lines_;
  std::size_t bytes_ = 0;
  std::uint64_t dropped_ = 0;
  std::uint64_t version_ = 0;
  Changes unsaved_;
  Changes flushing_;
};

}  // namespace pando::store
