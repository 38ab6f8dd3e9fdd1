// Taking back what was done under an idempotency key that was taken elsewhere too: engine/once.h.
#include <algorithm>
#include <set>
#include <tuple>

#include "engine/bounded.h"
#include "engine/list_index.h"
#include "engine/once.h"

namespace pando::engine {
namespace {

// What of it is still there: a reset that saw it has taken it away already.
Result<Int128> left_of(Draft& draft, const Origin& origin, const Once::Counted& counted) {
  const Result<const crdt::Counter*> found = draft.view().cells().find_counter(counted.path);
  if (!found) return fail(found.error());
  if (*found == nullptr) return Int128{0};
  for (const crdt::Counter::Slot& slot : (*found)->slots()) {
    if (slot.origin != origin || slot.birth != counted.birth) continue;
    Int128 left = 0;
    if (slot.added_base < counted.added_to) left += static_cast<Int128>(counted.added);
    if (slot.removed_base < counted.removed_to) left -= static_cast<Int128>(counted.removed);
    return left;
  }
  return Int128{0};
}

Status take_back_counted(Draft& draft, const Origin& origin, const std::vector<Once::Counted>& all) {
  for (const Once::Counted& counted : all) {
    const Result<Int128> left = left_of(draft, origin, counted);
    if (!left) return left.error();
    if (*left != 0) PANDO_RETURN_IF_ERROR(draft.count(counted.path, -*left));
  }
  return {};
}

// Cells that one commit changed, put back as they were before it.
class PutBack {
 public:
  // `kept` says what the commit that counts did.
  PutBack(Draft& draft, const Dot& lost, const Once& kept) : draft_(draft), lost_(lost) {
    for (const Once::Changed& changed : kept.changed) kept_.insert(changed.path);
  }

  Status all(const std::vector<Once::Changed>& changes) {
    // First what it put, as what it took away elsewhere for that comes back only with it.
    for (const Once::Changed& changed : changes) {
      if (changed.stands) PANDO_RETURN_IF_ERROR(undo_put(changed));
    }
    for (const Once::Changed& changed : changes) {
      if (!changed.stands) PANDO_RETURN_IF_ERROR(undo_removal(changed));
    }
    return {};
  }

 private:
  using Item = std::tuple<std::string, Bytes, Bytes>;  // table, key, name
  static Item item_of(const Once::Changed& changed) { return {changed.path.table, changed.path.key, changed.item}; }

  Status undo_put(const Once::Changed& changed) {
    const Result<const crdt::Register*> found = draft_.view().cells().find_register(changed.path);
    if (!found) return found.error();
    const crdt::Register* reg = *found;
    const bool mine = reg != nullptr && std::any_of(reg->entries().begin(), reg->entries().end(),
                                                    [&](const auto& entry) { return entry.dot == lost_; });
    if (changed.before) {
      // An item that was set. What was set since, or by the commit that counts, stays.
      if (!mine) return {};
      if (reg->entries().size() == 1) return draft_.put(changed.path, *changed.before);
      draft_.remove_entries(changed.path, {lost_});
      return {};
    }
    if (changed.item != changed.path.element) {
      // An item that was moved here. Where it went on since, it is not called back.
      if (mine) return draft_.remove(changed.path);
      gone_.insert(item_of(changed));
      return {};
    }
    return remove_item(changed);
  }

  // An item that was inserted, wherever it stands by now.
  Status remove_item(const Once::Changed& changed) {
    const Result<const ListIndex*> list = draft_.view().list(changed.path.table, changed.path.key);
    if (!list) return list.error();
    if (*list == nullptr) return {};
    for (Bytes& position : (*list)->claims(changed.item)) {
      CellPath path = changed.path;
      path.element = std::move(position);
      PANDO_RETURN_IF_ERROR(draft_.remove(path));
    }
    return {};
  }

  Status undo_removal(const Once::Changed& changed) {
    if (kept_.contains(changed.path) || gone_.contains(item_of(changed))) return {};
    const Result<bool> may = may_come_back(changed.path);
    if (!may) return may.error();
    return *may ? draft_.put(changed.path, *changed.before) : Status();
  }

  // Whether the cell is not there, and its key is what it was.
  Result<bool> may_come_back(const CellPath& path) {
    View& view = draft_.view();
    const Result<const crdt::Register*> found = view.cells().find_register(path);
    if (!found) return fail(found.error());
    if (*found != nullptr && !(*found)->empty()) return false;
    if (path.kind == CellKind::kScore) {
      CellPath added = path;
      added.kind = CellKind::kScoreDelta;
      const Result<bool> counted = draft_.has(added);
      if (!counted || *counted) return counted ? Result<bool>(false) : counted;
    }
    const Result<bool> ended = view.expired(path.table, path.key);
    if (!ended || *ended) return ended ? Result<bool>(false) : ended;
    const Result<std::optional<ValueType>> type = view.type_of(path.table, path.key);
    if (!type) return fail(type.error());
    if (*type) return *type == pando::type_of(path.kind);
    // A key that ended and was freed looks the same.
    if (view.cells().has_freed(path.table)) return false;
    if (const auto ttl_ms = draft_.table(path.table).ttl_ms; ttl_ms) {
      PANDO_RETURN_IF_ERROR(draft_.set_end(path.table, path.key, {}, view.now_ms() + *ttl_ms));
    }
    return true;
  }

  Draft& draft_;
  const Dot lost_;
  std::set<CellPath> kept_;
  std::set<Item> gone_;
};

Status take_back(Draft& draft, const Dot& dot, const Once& lost, const Once& kept) {
  // Rights first: they may not be here.
  for (const Once::Used& used : lost.used) PANDO_RETURN_IF_ERROR(take_back(draft, used));
  PANDO_RETURN_IF_ERROR(take_back_counted(draft, dot.origin, lost.counted));
  return PutBack(draft, dot, kept).all(lost.changed);
}

}  // namespace

Status withdraw(Draft& draft, ByteSpan key, std::string_view node) {
  const CellPath path = once_path(key);
  const Result<const crdt::Register*> found = draft.view().cells().find_register(path);
  if (!found) return found.error();
  if (*found == nullptr) return {};
  const std::vector<crdt::Register::Entry> entries = (*found)->entries();
  const crdt::Register::Entry counts = counting_entry(**found);
  for (const crdt::Register::Entry& entry : entries) {
    if (entry.dot == counts.dot || entry.dot.origin.node != node) continue;
    const Result<Once> lost = decode_once(entry.value);
    if (!lost) return lost.error();
    const Result<Once> kept = decode_once(counts.value);
    if (!kept) return kept.error();
    PANDO_RETURN_IF_ERROR(take_back(draft, entry.dot, *lost, *kept));
    draft.remove_entries(path, {entry.dot});
    return {};
  }
  return {};
}

}  // namespace pando::engine
