// The part of a draft that all types share: its ops, and what cells hold after them.
#include "engine/draft.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "engine/list_edit.h"
#include "store/cell_cursor.h"

namespace pando::engine {
namespace {

bool counts(const Op& op) { return std::holds_alternative<CountOp>(op) || std::holds_alternative<CountResetOp>(op); }

// Null for a ClearOp, which is about more than one cell.
const CellPath* path_of(const Op& op) {
  return std::visit(
      [](const auto& o) -> const CellPath* {
        if constexpr (std::is_same_v<std::decay_t<decltype(o)>, ClearOp>) {
          return nullptr;
        } else {
          return &o.path;
        }
      },
      op);
}

CellPath path_of(const store::CellName& name) {
  return {std::string(name.table), Bytes(name.key), name.kind, Bytes(name.element)};
}

// Whether a closer look is worth it: elements of one key often begin alike.
bool may_be_same(ByteSpan a, ByteSpan b) { return a.size() == b.size() && (a.empty() || a.back() == b.back()); }

bool in_part(std::uint32_t kinds, ByteSpan prefix, CellKind kind, ByteSpan element) {
  return (kinds == 0 || (kinds >> static_cast<unsigned>(kind) & 1U) != 0) && element.substr(0, prefix.size()) == prefix;
}

template <typename Part>
bool in_part(const Part& part, const CellPath& path) {
  return in_part(part.kinds, part.prefix, path.kind, path.element) && (!part.exact || path.element == part.prefix);
}

// Calls visit(entry) for the entries of a map by path that lie in a part of a key.
template <typename Map, typename Visit>
void visit_entries(Map& map, std::string_view table, ByteSpan key, std::uint32_t kinds, ByteSpan prefix, Visit visit) {
  if (map.empty()) return;
  CellPath from{std::string(table), Bytes(key), CellKind::kRegister, Bytes(prefix)};
  for (std::uint8_t kind = 1; kind <= kCellKindMax; ++kind) {
    from.kind = static_cast<CellKind>(kind);
    if (!in_part(kinds, prefix, from.kind, prefix)) continue;
    for (auto at = map.lower_bound(from); at != map.end(); ++at) {
      const CellPath& path = at->first;
      if (path.table != table || path.key != key || path.kind != from.kind || !path.element.starts_with(prefix)) break;
      visit(*at);
    }
  }
}

}  // namespace

// Reading what this draft leaves. -----------------------------------------------------------------------------

const std::map<CellPath, std::size_t>& Draft::index() const {
  for (; indexed_ < ops_.size(); ++indexed_) {
    if (const CellPath* path = path_of(ops_[indexed_]); path != nullptr) index_.insert_or_assign(*path, indexed_);
  }
  return index_;
}

void Draft::forget_index() {
  index_.clear();
  indexed_ = settled_;
  only_.ops = 0;
}

const Op* Draft::find_op(const CellPath& path) const {
  if (!is_small()) {
    const auto at = index().find(path);
    return at == index().end() ? nullptr : &ops_[at->second];
  }
  for (std::size_t i = ops_.size(); i > settled_; --i) {
    const CellPath* written = path_of(ops_[i - 1]);
    if (written != nullptr && may_be_same(written->element, path.element) && *written == path) return &ops_[i - 1];
  }
  return nullptr;
}

bool Draft::wrote_of(const store::CellName& name) const {
  if (fresh()) return false;
  if (!is_small()) return index().contains(path_of(name));
  return std::any_of(ops_.begin() + static_cast<std::ptrdiff_t>(settled_), ops_.end(), [&](const Op& op) {
    const CellPath* path = path_of(op);
    return path != nullptr && may_be_same(path->element, name.element) && path->kind == name.kind &&
           same_bytes(path->element, name.element) && same_bytes(path->key, name.key) &&
           same_bytes(path->table, name.table);
  });
}

bool Draft::writes_kind(CellKind kind) const {
  return std::any_of(ops_.begin(), ops_.end(), [&](const Op& op) {
    const CellPath* path = path_of(op);
    return path != nullptr && path->kind == kind;
  });
}

void Draft::settle() {
  settled_ = ops_.size();
  drop();
}

void Draft::drop() {
  // Mostly there is nothing of all that, and a look is cheaper than a clear().
  const auto forget = [](auto& all) {
    if (!all.empty()) all.clear();
  };
  if (ops_.size() > settled_) ops_.erase(ops_.begin() + static_cast<std::ptrdiff_t>(settled_), ops_.end());
  only_.ops = 0;
  if (index_.empty()) {
    indexed_ = settled_;
  } else {
    forget_index();
  }
  forget(counters_);
  first_count_.reset();
  forget(counted_);
  forget(changed_);
  forget(used_);
  forget(cleared_);
  forget(looked_at_);
  forget(lists_);
  counter_value_.reset();
  forget(results_);
  forget(returned_);
  answer_.reset();
  if (refusal_.index() != 0) refusal_ = {};
}

bool Draft::cleared(const CellPath& path) const {
  if (cleared_.empty()) return false;
  const auto at = cleared_.find({path.table, path.key});
  if (at == cleared_.end()) return false;
  return std::any_of(at->second.begin(), at->second.end(), [&](const Part& part) { return in_part(part, path); });
}

bool Draft::forgotten(const CellPath& path) const {
  if (cleared_.empty()) return false;
  const auto at = cleared_.find({path.table, path.key});
  return at != cleared_.end() && std::any_of(at->second.begin(), at->second.end(),
                                             [&](const Part& part) { return part.forgets && in_part(part, path); });
}

Result<std::optional<Bytes>> Draft::value_after(const CellPath& path) {
  if (const Op* op = find_op(path); op != nullptr) {
    const auto* put = std::get_if<PutOp>(op);
    return put == nullptr ? std::nullopt : std::optional(put->value);
  }
  if (cleared(path)) return std::nullopt;
  return view_.value(path);
}

Result<crdt::Register> Draft::register_after(const CellPath& path) {
  crdt::Register found;
  if (const Op* op = find_op(path); op != nullptr) {
    if (const auto* put = std::get_if<PutOp>(op)) found.put(dot_, Hlc{UINT64_MAX}, put->value, {});
    return found;
  }
  if (cleared(path)) return found;
  const Result<const crdt::Register*> current = view_.find_register(path);
  if (!current) return fail(current.error());
  return *current == nullptr ? found : **current;
}

Result<const crdt::Counter*> Draft::find_counter_after(const CellPath& path) {
  if (Status status = fold_first_count(); !status.ok()) return fail(status);
  if (!counters_.empty()) {
    if (const auto at = counters_.find(path); at != counters_.end()) return &at->second;
  }
  // What it counted before its key's time ran out is no part of it any more.
  if (forgotten(path)) return nullptr;
  return view_.cells().find_counter(path);
}

Result<crdt::Counter> Draft::counter_after(const CellPath& path) {
  const Result<const crdt::Counter*> counter = find_counter_after(path);
  if (!counter) return fail(counter.error());
  return *counter == nullptr ? crdt::Counter() : **counter;
}

Result<std::optional<Int128>> Draft::number_after(const CellPath& path) {
  const Result<const crdt::Counter*> counter = find_counter_after(path);
  if (!counter) return fail(counter.error());
  if (*counter == nullptr || (*counter)->absent()) return std::nullopt;
  return (*counter)->exact();
}

Result<std::optional<const crdt::Register*>> Draft::find_plainly(const store::CellName& name) {
  if (view_.cells().may_expire(name.table) || wrote_of(name)) return std::nullopt;
  if (!cleared_.empty() && cleared(path_of(name))) return std::nullopt;
  const Result<const crdt::Register*> current = view_.cells().find_register(name);
  if (!current) return fail(current.error());
  return std::optional(*current);
}

// A presence is put again so that a removal elsewhere that did not see this leaves it in. There is no such removal of
// what nobody else has seen.
bool Draft::stays_by_itself(const crdt::Register& presence) {
  if (!leaves_unshared_) return false;
  const auto& entries = presence.entries();
  const auto kept = std::find_if(entries.begin(), entries.end(),
                                 [&](const crdt::Register::Entry& entry) { return view_.is_unshared(entry.dot); });
  if (kept == entries.end()) return false;
  if (!stands_on_ || stands_on_->seq < kept->dot.seq) stands_on_ = kept->dot;
  return true;
}

Result<bool> Draft::put_element(const store::CellName& name, ByteSpan value, ValueType type, bool& checked) {
  // Also of one that is there: a merge may have left it behind another type.
  if (!checked) {
    if (Status status = check_type(name.table, name.key, type); !status.ok()) return fail(std::move(status));
  }
  checked = true;
  const Result<std::optional<const crdt::Register*>> plain = find_plainly(name);
  if (!plain) return fail(plain.error());
  if (!*plain) {
    CellPath path = path_of(name);
    const Result<bool> there = has(path);
    if (!there) return there;
    if (Status status = put(std::move(path), value); !status.ok()) return fail(std::move(status));
    return there;
  }
  const crdt::Register* held = **plain;
  if (held != nullptr && is_presence(name.kind) && stays_by_itself(*held)) return true;
  PutOp& op = add_put(name);
  op.value = value;
  if (held != nullptr) op.replaces = held->dots();
  return held != nullptr;
}

Result<bool> Draft::has(const CellPath& path) {
  if (is_counter(path.kind)) {
    const Result<const crdt::Counter*> counter = find_counter_after(path);
    if (!counter) return fail(counter.error());
    return *counter != nullptr && !(*counter)->absent();
  }
  const bool guard = path.kind == CellKind::kGuard || path.kind == CellKind::kGuardedMember;
  if (const Op* op = find_op(path); op != nullptr) {
    const auto* put = std::get_if<PutOp>(op);
    return put != nullptr && (!guard || put->value == kGuardOn);
  }
  if (cleared(path)) return false;
  const Result<const crdt::Register*> current = view_.find_register(path);
  if (!current) return fail(current.error());
  return *current != nullptr && (!guard || (*current)->all(kGuardOn));
}

std::map<Bytes, std::optional<Bytes>> Draft::written(std::string_view table, ByteSpan key, CellKind kind) const {
  std::map<Bytes, std::optional<Bytes>> found;
  const CellPath first{std::string(table), Bytes(key), kind, {}};
  for (auto at = index().lower_bound(first); at != index_.end(); ++at) {
    const CellPath& path = at->first;
    if (path.table != table || path.key != key || path.kind != kind) break;
    const auto* put = std::get_if<PutOp>(&ops_[at->second]);
    found.emplace(path.element, put == nullptr ? std::nullopt : std::optional(put->value));
  }
  return found;
}

std::optional<Bytes> Draft::last_put(std::string_view table, ByteSpan key, CellKind kind) const {
  if (fresh()) return std::nullopt;
  const auto behind = static_cast<CellKind>(static_cast<std::uint8_t>(kind) + 1);
  for (auto at = index().lower_bound({std::string(table), Bytes(key), behind, {}}); at != index_.begin();) {
    --at;
    const CellPath& path = at->first;
    if (path.table != table || path.key != key || path.kind != kind) break;
    if (std::holds_alternative<PutOp>(ops_[at->second])) return path.element;
  }
  return std::nullopt;
}

Result<std::vector<Bytes>> Draft::elements_after(std::string_view table, ByteSpan key, CellKind kind, ByteSpan prefix,
                                                 ByteSpan after, std::size_t count_max) {
  // Candidates of both sides in order; each is asked whether it is there.
  std::vector<Bytes> found;
  CellPath path{std::string(table), Bytes(key), kind, {}};
  std::optional<Bytes> last;  // the empty element is one too, so nothing is not the same as it
  if (!after.empty()) last = Bytes(after);
  const auto mine = [&]() -> std::optional<Bytes> {
    CellPath from{path.table, path.key, kind, std::max(Bytes(prefix), last.value_or(Bytes()))};
    for (auto at = index().lower_bound(from); at != index_.end(); ++at) {
      const CellPath& p = at->first;
      if (p.table != table || p.key != key || p.kind != kind || !p.element.starts_with(prefix)) break;
      if (!last || p.element > *last) return p.element;
    }
    return std::nullopt;
  };
  store::CellCursor at = view_.cells().scan_elements(table, key, kind, prefix, after);
  while (found.size() < count_max) {
    while (at.valid() && last && at.path().element <= *last) at.next();
    const std::optional<Bytes> own = mine();
    if (!at.valid() && !own) break;
    path.element = !at.valid() || (own && *own < at.path().element) ? *own : at.path().element;
    const Result<bool> there = has(path);
    if (!there) return fail(there.error());
    if (*there) found.push_back(path.element);
    last = path.element;
  }
  PANDO_RETURN_IF_ERROR(view_.note(at));
  return found;
}

Result<std::optional<ValueType>> Draft::type_of(std::string_view table, ByteSpan key) {
  const Result<bool> counter = has({std::string(table), Bytes(key), CellKind::kCounter, {}});
  if (!counter) return fail(counter.error());
  if (*counter) return ValueType::kCounter;
  const Result<bool> value = has({std::string(table), Bytes(key), CellKind::kRegister, {}});
  if (!value) return fail(value.error());
  if (*value) return ValueType::kValue;

  std::optional<ValueType> found;
  const auto take = [&](CellKind kind) {
    const std::optional<ValueType> type = pando::type_of(kind);
    if (type && (!found || *type < *found)) found = type;
  };
  const CellPath first{std::string(table), Bytes(key), CellKind::kField, {}};
  for (auto at = index().lower_bound(first); at != index_.end(); ++at) {
    if (at->first.table != table || at->first.key != key) break;
    const Result<bool> there = has(at->first);
    if (!there) return fail(there.error());
    if (*there) take(at->first.kind);
  }
  auto kind = static_cast<std::uint8_t>(CellKind::kField);
  while (kind <= kCellKindMax) {
    // Passes over no more than this draft removes.
    store::CellCursor at = view_.cells().scan_kinds(table, key, static_cast<CellKind>(kind));
    while (at.valid()) {
      const Result<bool> there = view_.shows(at.path(), at.cell());
      if (!there) return fail(there.error());
      if (*there && !cleared(at.path()) && find_op(at.path()) == nullptr) break;
      at.next();
    }
    PANDO_RETURN_IF_ERROR(view_.note(at));
    if (!at.valid()) break;
    take(at.path().kind);
    kind = static_cast<std::uint8_t>(at.path().kind) + 1;
  }
  return found;
}

bool Draft::writes_only(std::string_view table, ByteSpan key, ValueType type) const {
  const auto clashes = [&](CellKind kind) {
    const std::optional<ValueType> held = pando::type_of(kind);
    return held && *held != type;
  };
  if (is_small()) {
    const bool again =
        only_.ops > settled_ && only_.type == type && same_bytes(only_.key, key) && same_bytes(only_.table, table);
    const std::size_t from = again ? only_.ops : settled_;
    const bool only = std::none_of(ops_.begin() + static_cast<std::ptrdiff_t>(from), ops_.end(), [&](const Op& op) {
      const CellPath* path = path_of(op);
      return path != nullptr && clashes(path->kind) && path->key == key && path->table == table;
    });
    if (!only) return false;
    if (!again) only_ = {std::string(table), Bytes(key), type, 0};
    only_.ops = ops_.size();
    return true;
  }
  if (index().empty()) return true;
  // From kind to kind, however many cells of one kind there are.
  CellPath from{std::string(table), Bytes(key), CellKind::kRegister, {}};
  for (;;) {
    const auto at = index_.lower_bound(from);
    if (at == index_.end() || at->first.table != table || at->first.key != key) return true;
    if (clashes(at->first.kind)) return false;
    if (static_cast<std::uint8_t>(at->first.kind) == kCellKindMax) return true;
    from.kind = static_cast<CellKind>(static_cast<std::uint8_t>(at->first.kind) + 1);
  }
}

bool Draft::held_only(std::string_view table, ByteSpan key, ValueType type) {
  const bool known =
      held_.ops > 0 && held_.type == type && same_bytes(held_.key, key) && same_bytes(held_.table, table);
  if (known) return true;
  if (!view_.indexes().holds_only(table, key, type)) return false;
  held_ = {std::string(table), Bytes(key), type, 1};
  return true;
}

Status Draft::check_type(std::string_view table, ByteSpan key, ValueType asked) {
  const bool only = held_only(table, key, asked);
  if (fresh()) return only ? Status() : view_.check_type(table, key, asked);
  if (only && writes_only(table, key, asked)) return {};
  const Result<std::optional<ValueType>> type = type_of(table, key);
  if (!type) return type.error();
  return *type && **type != asked ? wrong_type(key, **type, asked) : Status();
}

// Writing. ---------------------------------------------------------------------------------------------------

PutOp& Draft::add_put(const store::CellName& name) {
  writes_ends_ = writes_ends_ || name.kind == CellKind::kExpiry;
  auto& op = std::get<PutOp>(ops_.emplace_back(std::in_place_type<PutOp>));
  op.path.table = name.table;
  op.path.key = name.key;
  op.path.kind = name.kind;
  op.path.element = name.element;
  return op;
}

void Draft::push(Op&& op) {
  const auto* put = std::get_if<PutOp>(&op);
  writes_ends_ = writes_ends_ || (put != nullptr && put->path.kind == CellKind::kExpiry);
  ops_.push_back(std::move(op));
}

Status Draft::put(CellPath path, ByteSpan value) {
  if (Op* earlier = find_op(path); earlier != nullptr) {
    if (auto* put = std::get_if<PutOp>(earlier)) {
      put->value = Bytes(value);
      return {};
    }
    if (auto* remove = std::get_if<RemoveOp>(earlier)) {
      PutOp put{path, Bytes(value), std::move(remove->replaces)};
      *earlier = std::move(put);
      return {};
    }
  }
  const Result<const crdt::Register*> current = view_.cells().find_register(path);
  if (!current) return current.error();
  std::vector<Dot> replaces;
  if (*current != nullptr) replaces = (*current)->dots();
  PANDO_RETURN_IF_ERROR(revive_field(path));
  put_over(path, value, std::move(replaces));
  return {};
}

Status Draft::remove(const CellPath& path) {
  const Result<const crdt::Register*> current = view_.cells().find_register(path);
  if (!current) return current.error();
  std::vector<Dot> replaces;
  if (*current != nullptr) replaces = (*current)->dots();
  if (Op* earlier = find_op(path); earlier != nullptr) {
    if (replaces.empty()) {
      // Put and removed by this very commit: it must still not be there afterwards.
      ops_.erase(ops_.begin() + (earlier - ops_.data()));
      forget_index();
      return {};
    }
    *earlier = RemoveOp{path, std::move(replaces)};
    return {};
  }
  if (!replaces.empty()) {
    push(RemoveOp{path, std::move(replaces)});
  } else if (view_.may_lack_own(path.table) && !cleared(path)) {
    const std::uint32_t kind = 1U << static_cast<unsigned>(path.kind);
    ops_.push_back(ClearOp{path.table, path.key, observed_, kind, path.element, false, true});
    cleared_[{path.table, path.key}].push_back({kind, path.element, false, true});
  }
  return {};
}

Status Draft::count(CellPath path, Int128 delta) {
  const Result<const crdt::Counter*> counted = count_to(std::move(path), delta);
  return counted ? Status() : counted.error();
}

Result<const crdt::Counter*> Draft::count_to(CellPath path, Int128 delta) {
  const Result<const crdt::Counter*> before = find_counter_after(path);
  return before ? count_on(std::move(path), *before, delta) : before;
}

Result<const crdt::Counter*> Draft::count_on(CellPath path, const crdt::Counter* before, Int128 delta) {
  const auto [at, fresh] = counters_.try_emplace(std::move(path));
  if (fresh && before != nullptr) at->second = *before;
  if (Status status = revive_field(at->first); !status.ok()) return fail(std::move(status));
  if (fresh && forgotten(at->first)) at->second = crdt::Counter();
  return add_to(at->first, at->second, delta);
}

Result<const crdt::Counter*> Draft::add_to(const CellPath& path, crdt::Counter& counter, Int128 delta) {
  Result<CountOp> op = crdt::add_op(counter, path, dot_, delta);
  if (!op) return fail(op.error());
  if (keeps_counted_) note_counted(path, counter, *op);
  counter.count(dot_.origin, op->birth, op->added, op->removed);
  if (Op* earlier = find_op(path); earlier != nullptr && std::holds_alternative<CountOp>(*earlier)) {
    *earlier = *std::move(op);
  } else {
    push(*std::move(op));
  }
  return &counter;
}

Status Draft::count_first(const store::CellName& name, const crdt::Counter& before, Int128 delta) {
  auto& op = std::get<CountOp>(ops_.emplace_back(std::in_place_type<CountOp>));
  op.path.table = name.table;
  op.path.key = name.key;
  op.path.kind = name.kind;
  if (Status status = crdt::set_totals(before, dot_, delta, op); !status.ok()) {
    ops_.pop_back();
    return status;
  }
  counter_value_ = before.value_with(delta);
  first_count_ = ops_.size() - 1;
  return {};
}

Status Draft::fold_first_count() {
  if (!first_count_) return {};
  const auto& op = std::get<CountOp>(ops_[*first_count_]);
  const Result<const crdt::Counter*> before = view_.cells().find_counter(op.path);
  if (!before) return before.error();
  crdt::Counter& counter = counters_[op.path];
  if (*before != nullptr) counter = **before;
  counter.count(dot_.origin, op.birth, op.added, op.removed);
  first_count_.reset();
  return {};
}

void Draft::note_counted(const CellPath& path, const crdt::Counter& before, const CountOp& op) {
  Once::Counted& counted = counted_[path];
  const crdt::Counter::Slot* slot = before.slot_of(dot_.origin);
  const bool goes_on = slot != nullptr && slot->birth == op.birth;
  if (counted.birth != op.birth) counted = {path, op.birth, 0, 0, 0, 0};
  counted.added += op.added - (goes_on ? slot->added : 0);
  counted.removed += op.removed - (goes_on ? slot->removed : 0);
  counted.added_to = op.added;
  counted.removed_to = op.removed;
}

std::vector<Once::Counted> Draft::counted() const {
  std::vector<Once::Counted> all;
  for (const auto& entry : counted_) all.push_back(entry.second);
  return all;
}

std::vector<Once::Changed> Draft::changed() const {
  std::vector<Once::Changed> all;
  for (const auto& entry : changed_) {
    Once::Changed changed = entry.second;
    const Op* op = find_op(changed.path);
    changed.stands = op != nullptr && std::holds_alternative<PutOp>(*op);
    if (changed.stands || changed.before) all.push_back(std::move(changed));
  }
  return all;
}

Status Draft::reset(const CellPath& path) {
  const Result<const crdt::Counter*> found = find_counter_after(path);
  if (!found) return found.error();
  if (*found == nullptr || (*found)->absent()) return {};
  crdt::Counter counter = **found;
  counted_.erase(path);
  CountResetOp op = crdt::reset_op(counter, path);
  counter.reset(op.observed);
  push(std::move(op));
  counters_.insert_or_assign(path, std::move(counter));
  return {};
}

Status Draft::give_up(const CellPath& path) {
  Result<crdt::Counter> counter = counter_after(path);
  if (!counter) return counter.error();
  VersionVector own;
  own.raise(dot_.origin, observed_.get(dot_.origin));
  if (!counter->forget(own)) return {};
  ops_.push_back(ClearOp{.table = path.table,
                         .key = path.key,
                         .observed = std::move(own),
                         .kinds = 1U << static_cast<unsigned>(path.kind),
                         .prefix = path.element,
                         .forget_counters = true});
  counters_.insert_or_assign(path, *std::move(counter));
  return {};
}

void Draft::drop_ops_of(std::string_view table, ByteSpan key, std::uint32_t kinds, ByteSpan prefix) {
  std::set<std::size_t> goes;
  visit_entries(index(), table, key, kinds, prefix, [&](const auto& entry) {
    if (!counts(ops_[entry.second])) goes.insert(entry.second);
  });
  if (goes.empty()) return;
  std::vector<Op> kept;
  for (std::size_t i = 0; i < ops_.size(); ++i) {
    if (!goes.contains(i)) kept.push_back(std::move(ops_[i]));
  }
  ops_ = std::move(kept);
  forget_index();
}

Status Draft::clear(std::string_view table, ByteSpan key, std::uint32_t kinds, ByteSpan prefix) {
  PANDO_RETURN_IF_ERROR(fold_first_count());
  // What this draft put there goes, whatever was there before is cleared by one op. Counters are not cleared but
  // reset.
  drop_ops_of(table, key, kinds, prefix);
  bool any = false;
  std::vector<CellPath> numbers;
  visit_entries(counters_, table, key, kinds, prefix, [&](const auto& entry) { numbers.push_back(entry.first); });
  const Result<LogPos> touched =
      store::visit_part(view_.cells(), table, key, kinds, prefix, [&](const store::CellCursor& at) -> Status {
        if (is_counter(at.path().kind)) {
          const bool counts = !counters_.contains(at.path()) && !at.cell().counter().absent();
          if (counts && !forgotten(at.path())) numbers.push_back(at.path());
        } else if (!cleared(at.path())) {
          any = true;
        }
        return {};
      });
  if (!touched) return touched.error();
  view_.note(*touched);
  for (const CellPath& path : numbers) PANDO_RETURN_IF_ERROR(reset(path));
  lists_.clear();
  const bool lacks_own = view_.may_lack_own(table);
  if (!any && !lacks_own) return {};
  // Counters that are not here cannot be reset.
  ops_.push_back(ClearOp{std::string(table), Bytes(key), observed_, kinds, Bytes(prefix), lacks_own});
  cleared_[{std::string(table), Bytes(key)}].push_back({kinds, Bytes(prefix), lacks_own});
  if (!lacks_own) return {};
  VersionVector own;
  for (const auto& [origin, seq] : observed_.entries()) {
    if (origin.node == dot_.origin.node) own.raise(origin, seq);
  }
  visit_entries(counters_, table, key, kinds, prefix, [&](auto& entry) { entry.second.forget(own); });
  return {};
}

Result<ListEdit*> Draft::list(std::string_view table, ByteSpan key) {
  // Mostly there is one, which has been asked for before.
  if (lists_.size() == 1) {
    const auto& [name, edit] = *lists_.begin();
    if (edit != nullptr && same_bytes(name.second, key) && same_bytes(name.first, table)) return edit.get();
  }
  std::shared_ptr<ListEdit>& edit = lists_[{std::string(table), Bytes(key)}];
  if (edit == nullptr) {
    Result<ListEdit> made = ListEdit::open(*this, table, key, list_places_);
    if (!made) return fail(made.error());
    edit = std::make_shared<ListEdit>(*std::move(made));
  }
  return edit.get();
}

}  // namespace pando::engine
