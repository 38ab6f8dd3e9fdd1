// store/snapshots.h — what cells held before they were changed, for readers that go on seeing an earlier state.
//
// While a snapshot is open, whoever changes a cell for the first time since the newest one was opened puts its state
// before that here (Cells::preserve()). A snapshot reads the oldest state that was put away since it was opened, and
// the cells as they are where there is none (store/past_kv.h). So an open snapshot costs what is changed meanwhile, and
// nothing of what is not.
//
// Bounded: past bytes_max the oldest snapshots are given up, and say so to their readers. Chunks of large objects that
// go are kept as long as that leaves half of it (has_room()): a snapshot that lacks a few of them is worth more than
// none. One thread.
#pragma once

#include <map>
#include <vector>

#include "store/cell.h"
#include "store/checkpoint_meta.h"

namespace pando::store {

class Snapshots {
 public:
  using Id = std::uint64_t;
  struct Kept {
    Id newest = 0;  // the newest snapshot that was open when it was put away: this one and those before it see it
    Cell cell;      // empty: there was none
  };
  using History = std::map<Bytes, std::vector<Kept>, std::less<>>;  // by cell key; ascending by newest

  explicit Snapshots(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  // Of everything as it is now, which `meta` speaks of.
  Id open(CheckpointMeta meta);
  void close(Id id);
  bool any() const { return !open_.empty(); }
  // False once it was closed or given up.
  bool alive(Id id) const { return open_.contains(id); }
  // What was open()ed, while alive.
  const CheckpointMeta& meta(Id id) const { return open_.at(id); }
  std::size_t bytes() const { return bytes_; }

  // Whether the cell's state has to be put away before it is changed.
  bool wants(ByteSpan cell_key) const;
  // Whether so much that can be done without may be kept.
  bool has_room(std::size_t bytes) const { return bytes_ + bytes <= bytes_max_ / 2; }
  // Only after wants().
  void keep(ByteSpan cell_key, const Cell& before);

  // What `id` sees instead of the cell as it is; null: that.
  const Cell* find(Id id, ByteSpan cell_key) const;
  const History& history() const { return history_; }

 private:
  // Drops what no open snapshot sees: all that was put away for ones older than the oldest.
  void collect();

  std::size_t bytes_max_;
  std::map<Id, CheckpointMeta> open_;
  Id last_ = 0;
  History history_;
  std::size_t bytes_ = 0;
};

}  // namespace pando::store
