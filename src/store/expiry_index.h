// store/expiry_index.h — which keys may have an end, in the order of their ends; part of Cells.
//
// A hint says "look at this kExpiry cell at this instant". Every such cell that names an end has one at its end or
// before it. So moving an end back (a session that lives on) costs nothing here: the hint comes up, is looked at, and
// is put back at the new end. Hints that nothing stands behind any more are dropped when they come up.
//
// Marks say of each table whether keys of it ever had an end, so that all others pay nothing, and what this node has
// freed of it by itself (docs/design/010-expiry.md: then a new key, or a new field, of that name must say so).
//
// Stored beside the cells, in the same batches: `02 01 u64be(instant) cell key` and `02 02 table`.
// docs/formats/cells.md. Memory: what changed since the last checkpoint, and the marked tables. One thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/expiry.h"
#include "store/kv.h"

namespace pando::store {

class ExpiryIndex {
 public:
  struct Hint {
    std::int64_t at_ms = 0;
    Bytes cell_key;
  };

  explicit ExpiryIndex(const Kv& kv) : kv_(kv) {}
  // Reads the marks and the first hint.
  Status load();

  bool may_expire(std::string_view table) const { return !marks_.empty() && marks_.find(table) != marks_.end(); }
  Freed freed(std::string_view table) const;
  const std::map<std::string, Freed, std::less<>>& marks() const { return marks_; }
  // A mark stays, and becomes only more.
  void mark(std::string_view table, Freed freed);

  void add(const Hint& hint);
  void drop(const Hint& hint);
  // No hint comes up before this; kNeverExpires without any.
  std::int64_t next_ms() const { return next_ms_; }
  // The first hints at or before `now_ms`, in order. They stay until dropped.
  Result<std::vector<Hint>> due(std::int64_t now_ms, std::size_t count_max);

  // Appends what changed to a checkpoint's batch.
  void begin_checkpoint(Batch& batch);
  void checkpoint_done(bool ok);
  bool changed() const { return !unsaved_.empty(); }

 private:
  using Changes = std::map<Bytes, std::optional<Bytes>, std::less<>>;

  const Kv& kv_;
  std::map<std::string, Freed, std::less<>> marks_;
  Changes unsaved_;
  Changes flushing_;
  std::int64_t next_ms_ = INT64_MAX;
};

// The marks as a cursor over all of a Kv sees them, which is moved; ascending.
Result<std::vector<std::pair<std::string, Freed>>> read_marks(KvCursor& at);

}  // namespace pando::store
