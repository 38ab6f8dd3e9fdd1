// engine/view.h — what one namespace shows at one instant: its cells, without what has expired by then.
//
// Reads and drafts see the cells through a View, so that expiry, types and the rules of tables are looked at in one
// place. It gathers what an answer depends on: touched() is the last record of all that was looked at, and nothing
// made from it is shown before that record is durable. Cheap to make, lives for one request. One thread.
#pragma once

#include <memory>

#include "engine/catalog.h"
#include "engine/indexes.h"
#include "model/table_scope.h"
#include "store/cell_cursor.h"
#include "store/cells.h"

namespace pando::engine {

// kWrongType: key "k" holds a set, not a counter; delete it first.
Status wrong_type(ByteSpan key, ValueType holds, ValueType asked);
// kInvalidArgument or kTooLarge naming the rule.
Status check_name(std::string_view table, ByteSpan key);

class View {
 public:
  // `now_ms` is the wall clock: what expires is hidden from its instant on, the same at every site. `indexes` observe
  // the cells; without them what a request needs is built for it alone.
  View(store::Cells& cells, const Catalog& catalog, std::int64_t now_ms, Indexes* indexes = nullptr)
      : cells_(&cells), catalog_(&catalog), now_ms_(now_ms), indexes_(indexes) {}

  // The same by other declarations, which outlive it.
  View with(const Catalog& catalog) const {
    View other = *this;
    other.catalog_ = &catalog;
    return other;
  }

  // No commit of `self` after that one has been shown to anybody: no peer, no backup. `self` outlives the view.
  struct Unshared {
    const Origin* self = nullptr;  // null: any may have been
    Seq after = {};
  };
  void set_unshared(const Unshared& unshared) { unshared_ = unshared; }
  bool is_unshared(const Dot& dot) const {
    return unshared_.self != nullptr && dot.seq > unshared_.after && dot.origin == *unshared_.self;
  }

  // This node lost its disk, and of tables that it publishes and does not take others may hold cells of its own making
  // that are not here. `scope` outlives the view.
  void set_may_lack_own(const TableScope& scope) { lacks_own_by_ = &scope; }
  bool may_lack_own(std::string_view table) const {
    return lacks_own_by_ != nullptr && !lacks_own_by_->subscribe.has(table) && lacks_own_by_->publish.has(table);
  }

  store::Cells& cells() const { return *cells_; }
  std::int64_t now_ms() const { return now_ms_; }
  const Catalog& catalog() const { return *catalog_; }
  const TableDeclaration& table(std::string_view name) const { return catalog_->of(name); }

  // Null when the cell is absent, reads as absent (a counter at its baseline) or its key has expired. Valid until the
  // next call that is not made under a Hold.
  Result<const crdt::Register*> find_register(const CellPath& path);
  Result<const crdt::Counter*> find_counter(const CellPath& path);
  // What GET of a value mostly comes to: Cells::find_lone_value(), where nothing ends.
  Result<const crdt::Register*> find_lone_value(std::string_view table, ByteSpan key) {
    if (cells_->may_expire(table)) return nullptr;
    return cells_->find_lone_value(table, key, touched_);
  }
  // The bytes that reads of a register show, by its table's resolver.
  Result<std::optional<Bytes>> value(const CellPath& path);

  // Whether the time of the key, or of one field of it, has run out. The cells are still there then, and count for
  // nothing. Free in tables of which no key ever had an end.
  Result<bool> expired(std::string_view table, ByteSpan key, ByteSpan field = {});
  // When it ends by the longest of its expiry entries, past or not; nothing without any.
  Result<std::optional<std::int64_t>> ends_at(std::string_view table, ByteSpan key, ByteSpan field = {});
  // The fields of a document whose own time has run out, as paths (model/document.h), without those within others.
  Result<std::vector<Bytes>> ended_fields(std::string_view table, ByteSpan key);
  // Whether the cell counts for nothing: its key, the column it is, or a field of a document that it lies in has ended.
  Result<bool> hidden(const CellPath& path);
  // The outermost field that the cell lies in and that has ended, its key aside.
  Result<std::optional<Bytes>> ended_field_of(const CellPath& path);
  // Whether such a cell makes its key be there, unless the key has ended.
  Result<bool> shows(const CellPath& path, const store::Cell& cell);
  // What reads of the key answer with; nothing when it is absent or has expired.
  Result<std::optional<ValueType>> type_of(std::string_view table, ByteSpan key);
  // kWrongType unless the key is absent or reads as `asked`.
  Status check_type(std::string_view table, ByteSpan key, ValueType asked);

  // The order of a sorted set or a list; null when the key has expired. Borrowed until a cell changes.
  Result<const ScoreIndex*> scores(std::string_view table, ByteSpan key);
  // That of a sorted set which has been asked for before, in a table where nothing ends; null elsewhere.
  const ScoreIndex* kept_scores(std::string_view table, ByteSpan key);
  Result<const ListIndex*> list(std::string_view table, ByteSpan key);
  // Goes on with what scores() or list() would walk the whole key for; true when they answer at once.
  Result<bool> prepare_order(std::string_view table, ByteSpan key, ValueType type, std::size_t cells_max);
  Indexes& indexes();

  // Takes a cursor's touched() into account; ok, or why it stopped.
  Status note(const store::CellCursor& cursor);
  void note(LogPos pos) { touched_ = std::max(touched_, pos); }
  LogPos touched() const { return touched_; }

 private:
  store::Cells* cells_;
  const Catalog* catalog_;
  std::int64_t now_ms_;
  Indexes* indexes_;
  std::shared_ptr<Indexes> own_indexes_;  // where there are no others
  Unshared unshared_;
  const TableScope* lacks_own_by_ = nullptr;
  LogPos touched_;
};

}  // namespace pando::engine
