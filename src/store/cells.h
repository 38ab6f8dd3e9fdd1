// store/cells.h — the materialised state of one namespace: hot decoded cells over a Kv.
//
// Reads come from memory or the Kv; changes stay in memory until a checkpoint writes them, so a thousand
// increments of one counter are one Kv write. What each cell is, in order:
//
//   clean     same as in the Kv; may be evicted (least recently used first, cache_bytes_max)
//   dirty     changed since; kept in memory; a crash loses it here, the log replay brings it back
//   flushing  in the checkpoint under way; kept in memory; becomes dirty again by a change or a failure
//
// A checkpoint is made in steps, with changes in between: a dirty cell that it has not come to yet is put into it as it
// is before it changes (store/cells_checkpoint.cc).
//
// Reads always see the newest state of all of them. Only apply/ changes cells. A failed read of the Kv, or a
// stored cell whose checksum does not fit, is a Status that names the cell: never "absent".
//
// Contexts: one causal context for the whole namespace. It is a VersionVector, as commits of an origin arrive without
// gaps: where a node does not hold all tables (CheckpointMeta::tables) skips take up their numbers. So of a table that
// it does not take from others the context says nothing; whoever reasons with it must not look at such tables.
//
// Pointers to cells and registers stay valid until the next non-const call that is not made under a Hold.
// One thread; the Kv outlives this. Memory: dirty_bytes() + at most cache_bytes_max.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include "base/limits.h"
#include "model/commit.h"
#include "store/cell.h"
#include "store/cell_key.h"
#include "store/cell_table.h"
#include "store/checkpoint_meta.h"
#include "store/expiry_index.h"
#include "store/key_filter.h"
#include "store/kv.h"
#include "store/ledger.h"
#include "store/recent_cells.h"
#include "store/snapshots.h"

namespace pando::store {

struct CellsOptions {
  std::size_t cache_bytes_max = limits::kCellCacheBytes;
  std::size_t snapshot_bytes_max = limits::kSnapshotBytesMax;
  // False: of a Kv that is read a little and dropped nothing is known beforehand, so no filter is made.
  bool filters_keys = true;
  Ledger::Limits ledger = {limits::kLedgerLinesMax, limits::kLedgerBytesMax};
};

class CellCursor;
class BackCursor;

// Keys of one table. Empty bounds are none.
struct KeyRange {
  Bytes prefix = {};
  Bytes from = {};   // included
  Bytes to = {};     // not included
  Bytes after = {};  // not included
};

// Told of every change of a cell, in the order they are made. Must not call back into the cells.
class CellObserver {
 public:
  virtual ~CellObserver() = default;
  // `cell` is as the record at `pos` left it; `was_shown` is what Cell::shown() was before.
  virtual void on_changed(ByteSpan cell_key, const Cell& cell, bool was_shown, LogPos pos) = 0;
  // It was deleted without anybody looking at what it held.
  virtual void on_erased(ByteSpan cell_key, LogPos pos) = 0;
};

class Cells {
 public:
  static constexpr std::size_t kGatherBytes = 1 << 20;

  // Reads the checkpoint record. A Kv with cells but without that record is kDataLoss. A Kv without a key filter is
  // read through.
  static Result<std::unique_ptr<Cells>> open(const Kv& kv, const CellsOptions& options = {});
  Cells(const Cells&) = delete;
  Cells& operator=(const Cells&) = delete;

  // Reading. -----------------------------------------------------------------------------------------------

  // False: the key has no cells, and never had (or nobody remembers). Answered from memory.
  bool may_have(std::string_view table, ByteSpan key) const;
  bool may_have(std::string_view table, ByteSpan key, CellKind kind) const;
  // Null when the cell is absent. A counter is returned also when it reads as absent: see Counter::absent().
  Result<const crdt::Register*> find_register(const CellName& name);  // all kinds that are no counters
  Result<const crdt::Counter*> find_counter(const CellName& name);    // counters
  // The same in one look; raises `touched` to touched(path).
  Result<const crdt::Register*> find_register(const CellName& name, LogPos& touched);
  Result<const crdt::Counter*> find_counter(const CellName& name, LogPos& touched);
  // The value of a key that is certainly no counter, as most values are: in one look. Null where there is none, or that
  // is not certain: then look for all of them. Not of tables that may_expire().
  Result<const crdt::Register*> find_lone_value(std::string_view table, ByteSpan key, LogPos& touched);
  // The same without keeping it in memory, for large values read once (chunks of an object).
  Result<std::optional<crdt::Register>> fetch_register(const CellPath& path);
  // The last record that changed the cell, also when that deleted it; 0 when the Kv has its present state. A
  // read that used the cell shows nothing until that record is durable.
  LogPos touched(const CellPath& path) const;
  // Cells in order, all of them merged: of the keys of `table` that start with `prefix` and are > `after`;
  // of one key; of the namespace. Cells must not be changed while a cursor lives (checked).
  CellCursor scan(std::string_view table, ByteSpan prefix, ByteSpan after) const;
  CellCursor scan_range(std::string_view table, const KeyRange& range) const;
  BackCursor scan_back(std::string_view table, const KeyRange& range) const;  // last cell first
  BackCursor scan_back_between(ByteSpan from, ByteSpan to) const;             // the cell keys in [from, to)
  CellCursor scan_key(std::string_view table, ByteSpan key) const;
  // The cells of a key whose kind is `first` or comes after it.
  CellCursor scan_kinds(std::string_view table, ByteSpan key, CellKind first) const;
  // The cells of one kind of a key whose elements start with `prefix` and are > `after`.
  CellCursor scan_elements(std::string_view table, ByteSpan key, CellKind kind, ByteSpan prefix, ByteSpan after) const;
  CellCursor scan_all() const;
  // From this cell key on (store/cell_key.h).
  CellCursor scan_from(ByteSpan cell_key) const;
  CellCursor scan_between(ByteSpan from, ByteSpan to) const;  // the cell keys in [from, to)

  // What the Kv would hold of the cell if everything were in a checkpoint now.
  Result<std::optional<Bytes>> stored_form(ByteSpan cell_key) const;

  // The commits in the cells, as far as they are of tables that are taken from others.
  const VersionVector& context() const { return meta_.context; }
  // As of the last applied commit; `covered` is its position and `replay_segment` that of the last checkpoint.
  const CheckpointMeta& meta() const { return meta_; }
  LogPos applied() const { return meta_.covered; }
  // The position of the checkpoint that is in the Kv for sure.
  LogPos checkpointed() const { return checkpointed_; }
  // From which segment on a start after that one reads the log.
  std::uint64_t replay_segment() const { return saved_meta_.replay_segment; }
  const VersionVector& checkpointed_context() const { return saved_meta_.context; }

  // A fingerprint of all cells, visible and internal, but deleted ones and those of keys and fields whose time has run
  // out at `as_of_ms`: equal exactly when states are equal (XXH3-128 over keys and canonical states in order), whatever
  // each site has freed. Reads everything.
  struct Digest {
    std::string fingerprint;  // 32 hex digits
    std::uint64_t cells = 0;
    LogPos touched;
  };
  Result<Digest> digest(std::int64_t as_of_ms = 0) const;

  // What was written and is not shown; apply/ files it.
  Ledger& ledger() { return ledger_; }
  const Ledger& ledger() const { return ledger_; }

  // Earlier states, for transactions that are open.
  Snapshots& snapshots() { return snapshots_; }
  const Snapshots& snapshots() const { return snapshots_; }

  // What a node wants to find again with these cells, whatever that is: the last checkpoint has what was set then.
  const Bytes& memo() const { return memo_; }
  void set_memo(Bytes memo) { memo_ = std::move(memo); }

  // Expiry: docs/design/010-expiry.md. -------------------------------------------------------------------------

  // False: no key of the table ever had an end here, so nobody need ask.
  bool may_expire(std::string_view table) const { return expiry_.may_expire(table); }
  // This node has freed keys of the table by itself, and may know nothing of a key that others still hold.
  bool has_freed(std::string_view table) const { return expiry_.freed(table) >= Freed::kKeys; }
  // The same of fields of keys that are there.
  bool has_freed_fields(std::string_view table) const { return expiry_.freed(table) >= Freed::kFields; }
  const ExpiryIndex& expiry() const { return expiry_; }
  // What the longest of its expiry entries says; nothing without any. `field` empty: the key itself.
  Result<std::optional<std::int64_t>> ends_at(std::string_view table, ByteSpan key, ByteSpan field = {}) const;

  // Of cells that will be looked at soon, what is in memory is brought near the processor: add() them, then bring().
  // What it costs without helping is some tens of nanoseconds each. The cells do not change meanwhile, and the names
  // stay what they are until bring().
  class Foresight {
   public:
    explicit Foresight(const Cells& cells) : cells_(cells) {}
    void add(const CellName& name);
    void bring();

   private:
    struct Wanted {
      std::uint64_t hash;
      CellName name;
    };
    static constexpr std::size_t kAtOnce = 16;  // more are not under way at a time
    const Cells& cells_;
    std::array<std::optional<Wanted>, kAtOnce> wanted_;
    std::size_t count_ = 0;
  };

  // Changing: for apply/ and recovery only. ------------------------------------------------------------------

  // While one lives nothing is evicted, so pointers stay valid.
  class Hold {
   public:
    explicit Hold(Cells& cells) : cells_(cells) { ++cells_.holds_; }
    ~Hold() {
      if (--cells_.holds_ == 0) cells_.evict();
    }
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

   private:
    Cells& cells_;
  };

  // Before a change of a cell that was not loaded for it, for snapshots, which go on seeing it as it is.
  void preserve(ByteSpan cell_key, const Cell& cell) {
    if (snapshots_.any() && snapshots_.wants(cell_key)) snapshots_.keep(cell_key, cell);
  }
  // The same of a register that is erased unseen. One that cannot be read, or has no room, is not there for snapshots.
  void preserve_erased(const CellPath& path);
  // The cell to change in place, present or not (then empty, of the path's kind). Follow with changed(). A checkpoint
  // that has not come to it yet has copied it then; so it is with hot().
  Result<Cell*> load(const CellPath& path);
  // The cell to change when it is in memory, without touching the Kv; null otherwise.
  Cell* hot(ByteSpan cell_key);
  // Books the new state of a loaded cell, made by the record at `pos`.
  void changed(Cell& cell, LogPos pos);
  // Deletes without reading what was there.
  void erase(ByteSpan cell_key, LogPos pos);

  // Books a commit whose ops have been applied: context, chain, stamp floor, changes, position.
  void applied_commit(const Commit& commit, LogPos pos, std::uint64_t changes);
  // Books that all cells of another replica have been joined: what it had seen is seen here.
  void applied_join(const CheckpointMeta& theirs, LogPos pos);
  // Books a record that is not a commit, or a commit that was known already.
  void applied_record(LogPos pos, std::uint64_t changes);
  void set_self(const Origin& self) { meta_.self = self; }
  void set_relaxed(bool relaxed) { meta_.relaxed = relaxed; }
  void set_tables(const TableScope& tables) { meta_.set_tables(tables); }
  void set_tables(const TableScope& tables, TableGrowth growth) {
    meta_.tables = tables;
    meta_.growth = std::move(growth);
  }
  void set_cluster(std::string cluster) { meta_.cluster = std::move(cluster); }
  // Drops every cell of a key whose time has run out, here and now, without a record: nobody can tell, as long as
  // every commit that is still to come has seen all of them (the caller's affair). Marks the table.
  Status free_key(std::string_view table, ByteSpan key);
  // The same of one field of a key, with its end (model/field_end.h).
  Status free_field(std::string_view table, ByteSpan key, ByteSpan field);
  // The first hints that have come up; each is to be answered by move_hint(). A table can be marked as one of which
  // somebody else freed keys.
  Result<std::vector<ExpiryIndex::Hint>> due_hints(std::int64_t now_ms, std::size_t count_max) {
    return expiry_.due(now_ms, count_max);
  }
  void mark_table(std::string_view table, Freed freed) { expiry_.mark(table, freed); }
  // To a later instant, or away.
  void move_hint(const ExpiryIndex::Hint& hint, std::optional<std::int64_t> to_ms);
  // The key, or a field of it, is looked at for freeing: watched() is true of the number from now on until a commit
  // touches the key. Each watch_key() is to be followed by one unwatch_key() with what it answered.
  std::uint64_t watch_key(std::string_view table, ByteSpan key);
  bool watched(std::string_view table, ByteSpan key, std::uint64_t number) const;
  void unwatch_key(std::string_view table, ByteSpan key, std::uint64_t number);
  // Stamps seen elsewhere than in commits (a log's own floor).
  void raise_hlc_floor(Hlc floor);

  // At most one; null ends it. It outlives this or is taken away before.
  void observe(CellObserver* observer) { observer_ = observer; }

  // Checkpoints. ---------------------------------------------------------------------------------------------

  // Everything dirty as of now plus the checkpoint record, to be written by Kv::write in one batch. It covers applied()
  // as of now: write it only once the log is durable that far. `replay_segment` is where the record after applied()
  // lies or will lie. Changes go on meanwhile and belong to the next one. At most one under way (checked).
  //
  //   start_checkpoint → gather until it says true → take_gathered → (Kv::write) → checkpoint_written
  //   → settle until it says true
  void start_checkpoint(std::uint64_t replay_segment);
  // Copies so many cells more, or about kGatherBytes of them. True: that was all. Also when called again.
  bool gather(std::size_t cells_max);
  Batch take_gathered();
  // After a failure everything is dirty again and the next checkpoint has it all.
  void checkpoint_written(const Status& status);
  // So many cells more learn of it. True: there is none under way any more.
  bool settle(std::size_t cells_max);
  bool checkpoint_under_way() const { return saving_.has_value(); }
  // All steps at once: those up to the write, and those behind it.
  Batch begin_checkpoint(std::uint64_t replay_segment);
  void checkpoint_done(const Status& status);

  // Not yet in a successful checkpoint.
  std::size_t dirty_bytes() const { return unsaved_bytes_; }
  std::size_t dirty_cells() const {
    return ordered_unsaved_.size() + new_unsaved_.size() + (saving_ && !saving_->in_order ? saving_->unsettled() : 0);
  }
  // True when the checkpoint record itself would say something new.
  bool checkpoint_needed() const;
  // Clean cells in memory.
  std::size_t cached_bytes() const { return cached_bytes_; }

 private:
  friend class CellCursor;
  friend class BackCursor;
  using Unsaved = std::map<ByteSpan, Cell*>;

  Cells(const Kv& kv, const CellsOptions& options)
      : kv_(kv), options_(options), expiry_(kv), ledger_(kv, options.ledger), snapshots_(options.snapshot_bytes_max) {}
  Status make_filter();
  bool may_hold(ByteSpan key_prefix) const { return !options_.filters_keys || filter_.may_hold(key_prefix); }
  bool may_hold(ByteSpan key_prefix, CellKind kind) const {
    return !options_.filters_keys || filter_.may_hold(key_prefix, kind);
  }
  // False: the key, the first `prefix_size` bytes, has no cell of the kind behind it.
  bool may_have_kind(ByteSpan cell_key, std::size_t prefix_size) const;
  // False: there is no such cell, in memory or in the Kv.
  bool may_exist(ByteSpan cell_key, std::size_t prefix_size) const;
  bool may_exist(ByteSpan cell_key) const { return may_exist(cell_key, key_prefix_size(cell_key)); }
  // Null when there is none. Raises `touched`, where there is one.
  Result<Cell*> find(const CellName& name, LogPos& touched);
  // The cell when it is in memory, then the last to be evicted.
  Cell* use_hot(ByteSpan key);
  // The same of one that was looked at a moment ago; null of all others.
  Cell* use_recent(const CellName& name);
  void keep_longer(Cell& cell);
  Result<Cell*> read_stored(ByteSpan key, CellKind kind);
  Cell& insert(ByteSpan key, Cell cell);
  void mark_changed(Cell& cell, LogPos pos);
  // The first of its cells: what was certain about the value beside it is not any more.
  void put_in_filter(Cell& cell);
  void keep_hint(Cell& cell);
  // Drops cells without a record.
  void forget_cells(const std::vector<Bytes>& cell_keys);
  // Borrowed until the next call.
  ByteSpan key_of(const CellName& name) const;
  static std::size_t prefix_size_of(ByteSpan cell_key, const CellName& name) {
    return cell_key.size() - 1 - name.element.size();
  }
  // All that is unsaved, by key.
  const Unsaved& unsaved() const;
  // The checkpoint that is being gathered has not come to it yet.
  bool awaited(const Cell& cell) const { return gathering_ && !cell.listed_ && cell.round_ != round_; }
  void gather_cell(Cell& cell);
  // Whether the cell is still unsaved, now that the checkpoint under way was written, or was not.
  bool stays_unsaved(Cell& cell) const;
  void list_newest(Cell& cell);
  void unlist(Cell& cell);
  void evict();
  void erase_cell(Cell& cell);
  void settle_cell(Cell& cell);
  void book(Cell& cell, LogPos pos);

  const Kv& kv_;
  CellsOptions options_;
  CellTable cells_;
  mutable RecentCells recent_;
  // Dirty or flushing. Those that became so since somebody last asked for their order are not in it.
  mutable Unsaved ordered_unsaved_;
  mutable std::vector<Cell*> new_unsaved_;
  // A checkpoint under way. Its cells are those of `ordered_unsaved_` and of `new_unsaved_` as they were when it began;
  // the latter it has taken over.
  struct Saving {
    CheckpointMeta meta;
    Bytes memo;
    Batch batch = {};
    std::vector<Cell*> cells;
    mutable bool in_order = false;  // those of `cells` that are not settled are in `ordered_unsaved_` too
    // The first to be gathered, then to be settled.
    std::size_t next = 0;  // of `cells`
    std::optional<Unsaved::iterator> next_ordered;
    std::optional<bool> saved = {};  // written, or failed
    Bytes encoded = {};

    std::size_t unsettled() const { return saved ? cells.size() - next : cells.size(); }
  };
  std::optional<Saving> saving_;
  bool gathering_ = false;  // not all of its cells are in its batch
  bool round_ = false;      // changes with each checkpoint; cells that are in it, or in none before the next, have it
  KeyFilter filter_;
  ExpiryIndex expiry_;
  Ledger ledger_;
  Snapshots snapshots_;
  Bytes memo_;
  Bytes stored_memo_;
  struct Watch {
    std::uint64_t number = 0;
    std::size_t count = 0;
  };
  std::map<Bytes, Watch, std::less<>> watched_;  // by key prefix
  std::uint64_t next_watch_ = 1;
  CheckpointMeta meta_;
  CheckpointMeta saved_meta_;
  LogPos checkpointed_;
  std::size_t unsaved_bytes_ = 0;
  std::size_t cached_bytes_ = 0;
  Cell* newest_ = nullptr;
  Cell* oldest_ = nullptr;
  int holds_ = 0;
  CellObserver* observer_ = nullptr;
  std::uint64_t version_ = 0;  // counts changes, so that a cursor notices them
  mutable Bytes scratch_;
};

}  // namespace pando::store
