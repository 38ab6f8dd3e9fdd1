// When keys end: what writes make of it, and how a key whose time has run out begins anew.
//
// docs/design/010-expiry.md says why this cannot make sites differ.
#include <algorithm>

#include "base/limits.h"
#include "engine/document.h"
#include "engine/draft.h"
#include "engine/expiry.h"
#include "model/field_end.h"
#include "store/cell_cursor.h"

namespace pando::engine {
namespace {

CellPath end_path(std::string_view table, ByteSpan key, ByteSpan field) {
  return {std::string(table), Bytes(key), CellKind::kExpiry, Bytes(field)};
}

// Writes that a table's time to live counts from, and that may bring one of their own.
bool writes(Mutation::Kind kind) {
  switch (kind) {
    case Mutation::Kind::kPut:
    case Mutation::Kind::kPutColumns:
    case Mutation::Kind::kAdd:
    case Mutation::Kind::kAddDecimal:
    case Mutation::Kind::kAddMembers:
    case Mutation::Kind::kEnable:
    case Mutation::Kind::kDetail: return true;
    case Mutation::Kind::kDelete:
    case Mutation::Kind::kDeleteColumns:
    case Mutation::Kind::kDeleteRow:
    case Mutation::Kind::kReset:
    case Mutation::Kind::kRemoveMembers:
    case Mutation::Kind::kDeleteSet:
    case Mutation::Kind::kDisable: return false;
  }
  return false;
}

}  // namespace

Result<std::optional<std::int64_t>> Draft::ends_after(std::string_view table, ByteSpan key, ByteSpan field) {
  const CellPath path = end_path(table, key, field);
  if (const Op* op = find_op(path); op != nullptr) {
    const auto* put = std::get_if<PutOp>(op);
    return put == nullptr ? std::nullopt : std::optional(decode_expiry(put->value).value_or(kNeverExpires));
  }
  if (cleared(path)) return std::nullopt;
  return view_.ends_at(table, key, field);
}

Status Draft::set_end(std::string_view table, ByteSpan key, ByteSpan field, std::int64_t at_ms) {
  return put(end_path(table, key, field), encode_expiry(at_ms));
}

Status Draft::take_end(std::string_view table, ByteSpan key, ByteSpan field) {
  // Mostly there is none in the whole table.
  if (!view_.cells().may_expire(table) && !writes_ends_) return {};
  const Result<std::optional<std::int64_t>> end = ends_after(table, key, field);
  if (!end) return end.error();
  if (!*end || **end == kNeverExpires) return {};
  return set_end(table, key, field, kNeverExpires);
}

Status Draft::drop_end(std::string_view table, ByteSpan key) {
  if (!view_.cells().may_expire(table) && !writes_ends_) return {};
  return remove(end_path(table, key, {}));
}

Status Draft::follow_end(const Mutation& mutation) {
  if (mutation.table == kTableLob) return {};  // objects have no time to live
  if (!writes(mutation.kind) || std::holds_alternative<ExpireChange>(mutation.detail)) return {};
  if (mutation.ttl) {
    PANDO_RETURN_IF_ERROR(validate_ttl(*mutation.ttl));
    if (mutation.ttl->kind == TimeToLive::Kind::kKeep) return {};
    if (mutation.ttl->kind == TimeToLive::Kind::kForever) return take_end(mutation.table, mutation.key);
    return set_end(mutation.table, mutation.key, {}, mutation.ttl->end(view_.now_ms()));
  }
  if (const auto ttl_ms = table(mutation.table).ttl_ms; ttl_ms) {
    if (mutation.kind == Mutation::Kind::kDetail) {
      // It may have taken away the last there was.
      const Result<std::optional<ValueType>> type = type_of(mutation.table, mutation.key);
      if (!type) return type.error();
      if (!*type) return {};
    }
    return set_end(mutation.table, mutation.key, {}, TimeToLive{TimeToLive::Kind::kFor, *ttl_ms}.end(view_.now_ms()));
  }
  return mutation.kind == Mutation::Kind::kPut ? take_end(mutation.table, mutation.key) : Status();
}

// Beginning anew. ----------------------------------------------------------------------------------------------

Result<bool> Draft::is_over(std::string_view table, ByteSpan key) {
  const Result<std::optional<std::int64_t>> end = view_.ends_at(table, key);
  if (!end) return fail(end.error());
  if (*end && **end <= view_.now_ms()) return true;
  if (*end) {
    // An end without a key: it was set elsewhere while the key was deleted.
    const Result<std::optional<ValueType>> type = view_.type_of(table, key);
    if (!type) return fail(type.error());
    return !type->has_value();
  }
  if (!view_.cells().has_freed(table)) return false;
  const store::CellCursor any = view_.cells().scan_key(table, key);
  PANDO_RETURN_IF_ERROR(view_.note(any));
  return !any.valid();
}

Status Draft::revive(std::string_view table, ByteSpan key) {
  if (!view_.cells().may_expire(table)) return {};
  const auto [at, fresh] = looked_at_.emplace(table, key);
  if (!fresh) return {};
  const Result<bool> over = is_over(table, key);
  if (!over) return over.error();
  if (!*over) return {};
  ops_.push_back(ClearOp{.table = at->first, .key = at->second, .observed = observed_, .forget_counters = true});
  cleared_[*at].push_back({.forgets = true});
  return {};
}

void Draft::begin_field_anew(std::string_view table, ByteSpan key, ByteSpan field) {
  const CellPath end = end_path(table, key, field);
  if (cleared(end) || wrote(end)) return;
  ClearOp clear = clear_of_field(end.table, end.key, end.element, observed_);
  cleared_[{end.table, end.key}].push_back({clear.kinds, clear.prefix, clear.forget_counters, clear.exact});
  ops_.push_back(std::move(clear));
}

Status Draft::revive_field(const CellPath& path) {
  const store::Cells& cells = view_.cells();
  if (!cells.may_expire(path.table) || path.kind == CellKind::kExpiry) return {};
  for (const ByteSpan field : fields_around(path)) {
    const CellPath end = end_path(path.table, path.key, field);
    if (cleared(end)) return {};
    if (wrote(end)) continue;
    const Result<bool> over = view_.expired(path.table, path.key, field);
    if (!over) return over.error();
    bool begins_anew = *over;
    if (!begins_anew && cells.has_freed_fields(path.table)) {
      begins_anew = true;
      const Result<LogPos> visited = store::visit_field(cells, path.table, path.key, field, [&](const auto&) {
        begins_anew = false;
        return Status();
      });
      if (!visited) return visited.error();
      view_.note(*visited);
    }
    if (!begins_anew) continue;
    begin_field_anew(path.table, path.key, field);
    return {};
  }
  return {};
}

void Draft::forgo_revival(std::string_view table, ByteSpan key, std::size_t ops_before) {
  if (ops_.size() != ops_before + 1) return;
  const auto* clear = std::get_if<ClearOp>(&ops_.back());
  if (clear == nullptr || !clear->forget_counters || clear->table != table || clear->key != key) return;
  const std::pair<std::string, Bytes> name(table, key);
  ops_.pop_back();
  indexed_ = std::min(indexed_, ops_.size());
  only_.ops = std::min(only_.ops, ops_.size());
  cleared_.erase(name);
  looked_at_.erase(name);
}

// The mutation. ------------------------------------------------------------------------------------------------

namespace {

// The key, a column of a row, or a field of a document.
Result<bool> is_there(Draft& draft, const Mutation& mutation, ByteSpan field) {
  const Result<std::optional<ValueType>> type = draft.type_of(mutation.table, mutation.key);
  if (!type) return fail(type.error());
  if (field.empty()) return type->has_value();
  if (*type == ValueType::kDocument) return has_field(draft, mutation.table, mutation.key, field);
  PANDO_RETURN_IF_ERROR(draft.check_type(mutation.table, mutation.key, ValueType::kRow));
  const Result<bool> there = draft.has({mutation.table, mutation.key, CellKind::kField, Bytes(field)});
  if (there && *there) PANDO_RETURN_IF_ERROR(validate_column_end(field));
  return there;
}

}  // namespace

Status decide(Draft& draft, const Mutation& mutation, const ExpireChange& change) {
  PANDO_RETURN_IF_ERROR(validate_ttl(change.ttl));
  PANDO_RETURN_IF_ERROR(validate_element(change.field));
  if (change.ttl.kind == TimeToLive::Kind::kKeep) return Status(StatusCode::kInvalidArgument, "no time to live");
  if (mutation.table == kTableLob) return Status(StatusCode::kInvalidArgument, "objects have no time to live");
  const Result<bool> there = is_there(draft, mutation, change.field);
  if (!there) return there.error();
  draft.set_result(0);
  if (!*there) return {};
  const Result<std::optional<std::int64_t>> end = draft.ends_after(mutation.table, mutation.key, change.field);
  if (!end) return end.error();
  const std::int64_t before = end->value_or(kNeverExpires);
  const std::int64_t after = change.ttl.end(draft.view().now_ms());
  using When = ExpireChange::When;
  const bool wanted = change.when == When::kAlways || (change.when == When::kIfNone && before == kNeverExpires) ||
                      (change.when == When::kIfAny && before != kNeverExpires) ||
                      (change.when == When::kIfLater && after > before) ||
                      (change.when == When::kIfSooner && after < before);
  if (!wanted || (after == kNeverExpires && before == kNeverExpires)) return {};
  draft.set_result(1);
  return draft.set_end(mutation.table, mutation.key, change.field, after);
}

}  // namespace pando::engine
