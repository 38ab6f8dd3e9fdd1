#include "engine/view.h"

#include <fmt/core.h>

#include <algorithm>

#include "model/field_end.h"

namespace pando::engine {

Status wrong_type(ByteSpan key, ValueType holds, ValueType asked) {
  return Status(StatusCode::kWrongType,
                fmt::format("key \"{}\" holds a {}, not a {}; delete it first", key, name_of(holds), name_of(asked)));
}

Status check_name(std::string_view table, ByteSpan key) {
  if (table != kTableKv) PANDO_RETURN_IF_ERROR(validate_table_name(table));
  return validate_key(key);
}

Result<std::optional<std::int64_t>> View::ends_at(std::string_view table, ByteSpan key, ByteSpan field) {
  if (!cells_->may_expire(table)) return std::nullopt;
  const CellPath path{std::string(table), Bytes(key), CellKind::kExpiry, Bytes(field)};
  const Result<const crdt::Register*> found = cells_->find_register(path, touched_);
  if (!found) return fail(found.error());
  return *found == nullptr ? std::nullopt : store::ends_at(**found);
}

Result<bool> View::expired(std::string_view table, ByteSpan key, ByteSpan field) {
  const Result<std::optional<std::int64_t>> end = ends_at(table, key, field);
  if (!end) return fail(end.error());
  return *end && **end <= now_ms_;
}

Result<bool> View::hidden(const CellPath& path) {
  if (!cells_->may_expire(path.table) || path.kind == CellKind::kExpiry) return false;
  const Result<bool> gone = expired(path.table, path.key);
  if (!gone || *gone) return gone;
  return ended_field_of(path).map([](const std::optional<Bytes>& field) { return field.has_value(); });
}

Result<std::optional<Bytes>> View::ended_field_of(const CellPath& path) {
  if (!cells_->may_expire(path.table)) return std::nullopt;
  for (const ByteSpan field : fields_around(path)) {
    const Result<bool> over = expired(path.table, path.key, field);
    if (!over) return fail(over.error());
    if (*over) return Bytes(field);
  }
  return std::nullopt;
}

Result<bool> View::shows(const CellPath& path, const store::Cell& cell) {
  if (!store::visible(path, cell) || path.kind == CellKind::kExpiry) return false;
  if (!cells_->may_expire(path.table)) return true;
  return ended_field_of(path).map([](const std::optional<Bytes>& field) { return !field; });
}

Result<std::vector<Bytes>> View::ended_fields(std::string_view table, ByteSpan key) {
  std::vector<Bytes> ended;
  if (!cells_->may_expire(table)) return ended;
  store::CellCursor at = cells_->scan_elements(table, key, CellKind::kExpiry, {}, {});
  for (; at.valid(); at.next()) {
    const Bytes& path = at.path().element;
    if (is_column_end(path) || (!ended.empty() && path.starts_with(ended.back()))) continue;
    const std::optional<std::int64_t> end = store::ends_at(at.cell().reg());
    if (end && *end <= now_ms_) ended.push_back(path);
  }
  PANDO_RETURN_IF_ERROR(note(at));
  return ended;
}

Result<const crdt::Register*> View::find_register(const CellPath& path) {
  const Result<bool> gone = hidden(path);
  if (!gone) return fail(gone.error());
  const Result<const crdt::Register*> found = cells_->find_register(path, touched_);
  return *gone && found ? nullptr : found;
}

Result<const crdt::Counter*> View::find_counter(const CellPath& path) {
  const Result<bool> gone = hidden(path);
  if (!gone) return fail(gone.error());
  const Result<const crdt::Counter*> found = cells_->find_counter(path, touched_);
  if (found && *found != nullptr && (*gone || (*found)->absent())) return nullptr;
  return found;
}

Result<std::optional<Bytes>> View::value(const CellPath& path) {
  const Result<const crdt::Register*> found = find_register(path);
  if (!found) return fail(found.error());
  if (*found == nullptr) return std::nullopt;
  return resolve(**found, table(path.table))->value;
}

Result<std::optional<ValueType>> View::type_of(std::string_view table, ByteSpan key) {
  if (!cells_->may_have(table, key)) return std::nullopt;
  const Result<const crdt::Counter*> counter = find_counter({std::string(table), Bytes(key), CellKind::kCounter, {}});
  if (!counter) return fail(counter.error());
  if (*counter != nullptr) return ValueType::kCounter;
  const Result<const crdt::Register*> value = find_register({std::string(table), Bytes(key), CellKind::kRegister, {}});
  if (!value) return fail(value.error());
  if (*value != nullptr) return ValueType::kValue;
  const Result<bool> gone = expired(table, key);
  if (!gone) return fail(gone.error());
  if (*gone) return std::nullopt;

  // From kind to kind, without reading the rest of one that was seen.
  std::optional<ValueType> found;
  bool several = false;
  auto kind = static_cast<std::uint8_t>(CellKind::kField);
  while (kind <= kCellKindMax) {
    store::CellCursor at = cells_->scan_kinds(table, key, static_cast<CellKind>(kind));
    while (at.valid()) {
      const Result<bool> there = shows(at.path(), at.cell());
      if (!there) return fail(there.error());
      if (*there) break;
      // What has ended may live on with a later end.
      several = several || (at.visible() && at.path().kind != CellKind::kExpiry);
      at.next();
    }
    PANDO_RETURN_IF_ERROR(note(at));
    if (!at.valid()) break;
    const std::optional<ValueType> type = pando::type_of(at.path().kind);
    several = several || (found && found != type);
    if (!found || *type < *found) found = type;
    kind = static_cast<std::uint8_t>(at.path().kind) + 1;
  }
  if (found && !several && indexes_ != nullptr) indexes_->learn_type(table, key, *found);
  return found;
}

namespace {

// From memory alone: the key has no cell, and never had one, that makes it something else.
bool is_certainly_nothing_else(const store::Cells& cells, std::string_view table, ByteSpan key, ValueType type) {
  for (std::uint8_t kind = 1; kind <= kCellKindMax; ++kind) {
    const std::optional<ValueType> makes = type_of(static_cast<CellKind>(kind));
    if (makes && *makes != type && cells.may_have(table, key, static_cast<CellKind>(kind))) return false;
  }
  return true;
}

}  // namespace

Status View::check_type(std::string_view table, ByteSpan key, ValueType asked) {
  if (indexes_ != nullptr && indexes_->holds_only(table, key, asked)) return {};
  // Of so many keys that their types are not remembered, this is a tenth of walking their cells.
  if (is_certainly_nothing_else(*cells_, table, key, asked)) {
    if (indexes_ != nullptr) indexes_->learn_type(table, key, asked);
    return {};
  }
  const Result<std::optional<ValueType>> type = type_of(table, key);
  if (!type) return type.error();
  return *type && **type != asked ? wrong_type(key, **type, asked) : Status();
}

Indexes& View::indexes() {
  if (indexes_ == nullptr) {
    own_indexes_ = std::make_shared<Indexes>();
    indexes_ = own_indexes_.get();
  }
  return *indexes_;
}

Result<const ScoreIndex*> View::scores(std::string_view table, ByteSpan key) {
  const Result<bool> gone = expired(table, key);
  if (!gone) return fail(gone.error());
  if (*gone) return nullptr;
  return indexes().scores(*cells_, table, key, this->table(table), touched_);
}

const ScoreIndex* View::kept_scores(std::string_view table, ByteSpan key) {
  if (indexes_ == nullptr || cells_->may_expire(table)) return nullptr;
  return indexes_->kept_scores(table, key, this->table(table), touched_);
}

Result<const ListIndex*> View::list(std::string_view table, ByteSpan key) {
  const Result<bool> gone = expired(table, key);
  if (!gone) return fail(gone.error());
  if (*gone) return nullptr;
  return indexes().list(*cells_, table, key, this->table(table), touched_);
}

Result<bool> View::prepare_order(std::string_view table, ByteSpan key, ValueType type, std::size_t cells_max) {
  const Result<bool> gone = expired(table, key);
  if (!gone || *gone) return gone;
  return indexes().prepare(*cells_, table, key, type, this->table(table), cells_max);
}

Status View::note(const store::CellCursor& cursor) {
  note(cursor.touched());
  return cursor.status();
}

}  // namespace pando::engine
