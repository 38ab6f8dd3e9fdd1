#include "engine/draft.h"

#include <fmt/core.h>
#include <zlib.h>

#include <algorithm>
#include <charconv>
#include <string>

#include "base/limits.h"
#include "engine/merge_group.h"
#include "model/lob_manifest.h"
#include "store/cell_cursor.h"

namespace pando::engine {
namespace {

CellPath register_path(std::string_view table, ByteSpan key) {
  return {std::string(table), Bytes(key), CellKind::kRegister, {}};
}
CellPath counter_path(std::string_view table, ByteSpan key) {
  return {std::string(table), Bytes(key), CellKind::kCounter, {}};
}
CellPath field_path(std::string_view table, ByteSpan key, ByteSpan element) {
  return {std::string(table), Bytes(key), CellKind::kField, Bytes(element)};
}

Status check_value(ByteSpan value) {
  if (value.size() <= limits::kValueBytesMax) return {};
  return Status(StatusCode::kTooLarge,
                fmt::format("value has {} bytes, the limit is {}", value.size(), limits::kValueBytesMax));
}

// As Redis reads a number: no sign but '-', no leading zero, nothing around it.
std::optional<std::int64_t> decimal(ByteSpan text) {
  std::int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end || std::to_string(value) != text) return std::nullopt;
  return value;
}

}  // namespace

Status Draft::add(const Mutation& mutation) {
  PANDO_RETURN_IF_ERROR(validate_table_name(mutation.table));
  PANDO_RETURN_IF_ERROR(validate_key(mutation.key));
  if (!keeps_results_) return change(mutation);

  using Kind = Mutation::Kind;
  Result<std::int64_t> before = 0;
  switch (mutation.kind) {
    case Kind::kDelete: before = key_present(mutation.table, mutation.key); break;
    case Kind::kDeleteRow: before = row_present(mutation.table, mutation.key); break;
    case Kind::kPutColumns:
    case Kind::kDeleteColumns: before = present_columns(mutation); break;
    case Kind::kPut: before = 1; break;
    case Kind::kAdd:
    case Kind::kReset:
    case Kind::kAddMembers:
    case Kind::kRemoveMembers:
    case Kind::kDeleteSet:
    case Kind::kEnable:
    case Kind::kDisable: break;
  }
  if (!before) return before.error();
  results_.push_back(*before);
  PANDO_RETURN_IF_ERROR(change(mutation));
  if (mutation.kind == Kind::kAdd) results_.back() = counter_value_.value_or(0);
  if (mutation.kind == Kind::kPutColumns) {
    const Result<std::int64_t> after = present_columns(mutation);
    if (!after) return after.error();
    results_.back() = *after - *before;
  }
  return {};
}

Status Draft::change(const Mutation& mutation) {
  switch (mutation.kind) {
    case Mutation::Kind::kPut: return put(mutation);
    case Mutation::Kind::kDelete: return delete_key(mutation.table, mutation.key);
    case Mutation::Kind::kPutColumns: return put_columns(mutation);
    case Mutation::Kind::kDeleteColumns: return delete_columns(mutation);
    case Mutation::Kind::kDeleteRow: return clear_key(mutation.table, mutation.key);
    case Mutation::Kind::kAdd: return add_to_counter(mutation);
    case Mutation::Kind::kReset: return reset_counter(counter_path(mutation.table, mutation.key));
    case Mutation::Kind::kAddMembers:
    case Mutation::Kind::kRemoveMembers: return change_members(mutation);
    case Mutation::Kind::kDeleteSet: return delete_set(mutation.table, mutation.key);
    case Mutation::Kind::kEnable:
    case Mutation::Kind::kDisable: return change_flag(mutation);
  }
  return Status(StatusCode::kInternal, "unknown mutation");
}

Status Draft::put(const Mutation& mutation) {
  PANDO_RETURN_IF_ERROR(check_value(mutation.value));
  if (mutation.when != Mutation::When::kAlways) {
    const Result<bool> there = key_present(mutation.table, mutation.key);
    if (!there) return there.error();
    if (*there != (mutation.when == Mutation::When::kIfPresent)) {
      if (keeps_results_) results_.back() = 0;
      return {};
    }
  }
  const CellPath as_counter = counter_path(mutation.table, mutation.key);
  const Result<crdt::Counter> counter = counter_after(as_counter);
  if (!counter) return counter.error();
  if (!counter->absent()) {
    if (!mutation.convert) return wrong_type(mutation.key, CellKind::kCounter, CellKind::kRegister);
    PANDO_RETURN_IF_ERROR(reset_counter(as_counter));
    counter_value_.reset();
  }
  CellPath path = register_path(mutation.table, mutation.key);
  const Result<bool> known = present(path);
  if (!known) return known.error();
  if (!*known) {
    const Status alone = check_no_presence(mutation.table, mutation.key, CellKind::kRegister);
    if (!alone.ok() && (!mutation.convert || alone.code() != StatusCode::kWrongType)) return alone;
    if (!alone.ok()) PANDO_RETURN_IF_ERROR(clear_key(mutation.table, mutation.key));
  }
  if (mutation.table == kTableKv) PANDO_RETURN_IF_ERROR(put_typed(mutation.key, mutation.value));
  return put_register(std::move(path), mutation.value);
}

Status Draft::put_columns(const Mutation& mutation) {
  if (mutation.columns.empty()) return Status(StatusCode::kInvalidArgument, "no columns");
  for (const auto& [name, value] : mutation.columns) {
    PANDO_RETURN_IF_ERROR(validate_element(name));
    PANDO_RETURN_IF_ERROR(check_value(value));
    PANDO_RETURN_IF_ERROR(put_register(field_path(mutation.table, mutation.key, name), value));
  }
  return {};
}

Status Draft::delete_columns(const Mutation& mutation) {
  if (mutation.columns.empty()) return Status(StatusCode::kInvalidArgument, "no columns");
  for (const auto& column : mutation.columns) {
    PANDO_RETURN_IF_ERROR(remove_register(field_path(mutation.table, mutation.key, column.first)));
  }
  return {};
}

Status Draft::delete_key(std::string_view table, ByteSpan key) {
  const Result<std::optional<CellKind>> presence = any_presence(table, key);
  if (!presence) return presence.error();
  PANDO_RETURN_IF_ERROR(*presence ? clear_key(table, key) : remove_register(register_path(table, key)));
  PANDO_RETURN_IF_ERROR(reset_counter(counter_path(table, key)));
  counter_value_.reset();
  if (table == kTableKv) return delete_typed(key);
  return {};
}

Status Draft::add_to_counter(const Mutation& mutation) {
  CellPath path = counter_path(mutation.table, mutation.key);
  Result<crdt::Counter> counter = counter_after(path);
  if (!counter) return counter.error();
  // Where a merge left both, the counter is what reads answer.
  if (!mutation.convert || counter->absent()) {
    const Result<std::optional<Bytes>> value = resolved(register_path(mutation.table, mutation.key), false);
    if (!value) return value.error();
    if (*value && !mutation.convert) return wrong_type(mutation.key, CellKind::kRegister, CellKind::kCounter);
    if (!*value && counter->absent()) {
      PANDO_RETURN_IF_ERROR(check_no_presence(mutation.table, mutation.key, CellKind::kCounter));
    }
    if (mutation.convert && (*value || mutation.delta == 0)) return count_from(mutation, value->value_or("0"));
  }
  return count(std::move(path), std::move(*counter), mutation.delta);
}

Status Draft::count(CellPath path, crdt::Counter counter, std::int64_t delta) {
  const Result<CountOp> op = crdt::add_op(counter, path, dot_, delta);
  if (!op) return op.error();
  counter.count(dot_.origin, op->birth, op->added, op->removed);
  counter_value_ = counter.value();
  if (Op* earlier = find_op(path); earlier != nullptr && std::holds_alternative<CountOp>(*earlier)) {
    *earlier = *op;
  } else {
    push(path, *op);
  }
  counters_.insert_or_assign(std::move(path), std::move(counter));
  return {};
}

Status Draft::count_from(const Mutation& mutation, ByteSpan value) {
  const std::optional<std::int64_t> base = decimal(value);
  if (!base) {
    return Status(StatusCode::kPreconditionFailed,
                  fmt::format("key \"{}\" holds a value that is not a decimal 64-bit number", mutation.key));
  }
  std::int64_t sum = 0;
  if (__builtin_add_overflow(*base, mutation.delta, &sum)) {
    return Status(StatusCode::kOutOfRange, fmt::format("{} + {} is outside of 64 bits", *base, mutation.delta));
  }
  CellPath as_register = register_path(mutation.table, mutation.key);
  if (sum == 0) {
    counter_value_ = 0;
    return put_register(std::move(as_register), "0");
  }
  PANDO_RETURN_IF_ERROR(remove_register(as_register));
  CellPath as_counter = counter_path(mutation.table, mutation.key);
  Result<crdt::Counter> counter = counter_after(as_counter);
  if (!counter) return counter.error();
  return count(std::move(as_counter), std::move(*counter), sum);
}

Status Draft::reset_counter(const CellPath& path) {
  Result<crdt::Counter> counter = counter_after(path);
  if (!counter) return counter.error();
  counter_value_ = 0;
  if (counter->absent()) return {};
  CountResetOp op = crdt::reset_op(*counter, path);
  counter->reset(op.observed);
  push(path, std::move(op));
  counters_.insert_or_assign(path, std::move(*counter));
  return {};
}

Status Draft::put_typed(ByteSpan key, ByteSpan value) {
  switch (typed_key(key)) {
    case TypedKey::kNone: return {};
    case TypedKey::kLww: {
      if (!parser_.parse_lww(value)) {
        ++malformed_payloads_;
        return {};
      }
      CellPath path = register_path(kTableMergeGroup, key);
      const Result<std::optional<Bytes>> winner = resolved(path, true);
      if (!winner) return winner.error();
      if (*winner && compare_lww(parser_, value, **winner) <= 0) return {};
      return put_register(std::move(path), value);
    }
    case TypedKey::kCounter: {
      const auto counted = parser_.parse_counter(value);
      if (!counted || !validate_element(counted->replica).ok()) {
        ++malformed_payloads_;
        return {};
      }
      CellPath path = field_path(kTableMergeGroup, key, counted->replica);
      const Result<std::optional<Bytes>> before = resolved(path, true);
      if (!before) return before.error();
      if (*before) {
        const auto known = parser_.parse_counter(**before);
        if (known && known->count >= counted->count) return {};
      }
      return put_register(std::move(path), value);
    }
  }
  return {};
}

Status Draft::delete_typed(ByteSpan key) {
  switch (typed_key(key)) {
    case TypedKey::kNone: return {};
    case TypedKey::kLww: return remove_register(register_path(kTableMergeGroup, key));
    case TypedKey::kCounter: return clear_key(kTableMergeGroup, key);
  }
  return {};
}

Status Draft::put_register(CellPath path, ByteSpan value) {
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
  const Result<const crdt::Register*> current = cells_.find_register(path);
  if (!current) return current.error();
  PutOp op{path, Bytes(value), {}};
  if (*current != nullptr) op.replaces = (*current)->dots();
  push(path, std::move(op));
  return {};
}

Status Draft::remove_register(const CellPath& path) {
  const Result<const crdt::Register*> current = cells_.find_register(path);
  if (!current) return current.error();
  std::vector<Dot> replaces;
  if (*current != nullptr) replaces = (*current)->dots();
  if (Op* earlier = find_op(path); earlier != nullptr) {
    if (replaces.empty()) {
      // Put and removed by this very commit: it must still not be there afterwards.
      const std::size_t at = index_.at(path);
      ops_.erase(ops_.begin() + static_cast<std::ptrdiff_t>(at));
      index_.erase(path);
      for (auto& entry : index_) {
        if (entry.second > at) --entry.second;
      }
      return {};
    }
    *earlier = RemoveOp{path, std::move(replaces)};
    return {};
  }
  if (!replaces.empty()) push(path, RemoveOp{path, std::move(replaces)});
  return {};
}

Status Draft::clear_key(std::string_view table, ByteSpan key) {
  // What this draft put under the key goes, whatever was there before is cleared by one op. Counters are not
  // cleared but reset.
  std::vector<Op> kept;
  for (Op& op : ops_) {
    const bool counts = std::holds_alternative<CountOp>(op) || std::holds_alternative<CountResetOp>(op);
    if (counts || table_of(op) != table || key_of(op) != key) kept.push_back(std::move(op));
  }
  ops_ = std::move(kept);
  index_.clear();
  for (std::size_t i = 0; i < ops_.size(); ++i) {
    std::visit(
        [&](const auto& op) {
          if constexpr (!std::is_same_v<std::decay_t<decltype(op)>, ClearOp>) index_.insert_or_assign(op.path, i);
        },
        ops_[i]);
  }
  const store::CellCursor cells = cells_.scan_key(table, key);
  if (!cells.status().ok()) return cells.status();
  if (cells.valid()) {
    ops_.push_back(ClearOp{std::string(table), Bytes(key), observed_});
    cleared_.emplace(table, key);
  }
  return {};
}

Status Draft::stage(Upload& upload, ByteSpan data, bool last) {
  const auto add_chunk = [&](Bytes chunk) {
    const CellPath path = chunk_path(upload.upload, upload.chunk_count++);
    push(path, PutOp{path, std::move(chunk), {}});
  };
  if (upload.chunk_count == 0 && (upload.partial.size() + data.size() >= limits::kLobChunkBytes || last)) {
    PANDO_RETURN_IF_ERROR(put_register(register_path(kTableUploads, upload.upload), {}));
  }
  upload.size_bytes += data.size();
  // zlib takes a null pointer as "begin anew", whatever the length.
  if (!data.empty()) {
    upload.crc32 =
        static_cast<std::uint32_t>(::crc32_z(upload.crc32, reinterpret_cast<const Bytef*>(data.data()), data.size()));
  }
  while (upload.partial.size() + data.size() >= limits::kLobChunkBytes) {
    const std::size_t room = limits::kLobChunkBytes - upload.partial.size();
    upload.partial.append(data.substr(0, room));
    data.remove_prefix(room);
    add_chunk(std::exchange(upload.partial, {}));
  }
  upload.partial.append(data);
  if (last && !upload.partial.empty()) add_chunk(std::exchange(upload.partial, {}));
  return {};
}

Status Draft::publish(const Upload& upload) {
  const LobManifest manifest{upload.upload, upload.size_bytes, upload.chunk_count, upload.crc32};
  PANDO_RETURN_IF_ERROR(validate_key(upload.key));
  PANDO_RETURN_IF_ERROR(put_register(register_path(kTableLob, upload.key), encode_lob_manifest(manifest)));
  return remove_register(register_path(kTableUploads, upload.upload));
}

Status Draft::discard_upload(ByteSpan upload) {
  PANDO_RETURN_IF_ERROR(clear_key(kTableLobChunks, upload));
  return remove_register(register_path(kTableUploads, upload));
}

Status Draft::delete_lob(ByteSpan key) {
  PANDO_RETURN_IF_ERROR(validate_key(key));
  return remove_register(register_path(kTableLob, key));
}

Op* Draft::find_op(const CellPath& path) {
  if (index_.empty()) return nullptr;
  const auto at = index_.find(path);
  return at == index_.end() ? nullptr : &ops_[at->second];
}

void Draft::push(const CellPath& path, Op op) {
  index_.insert_or_assign(path, ops_.size());
  ops_.push_back(std::move(op));
}

Result<std::optional<Bytes>> Draft::resolved(const CellPath& path, bool payload_order) {
  if (const Op* op = find_op(path); op != nullptr) {
    if (const auto* put = std::get_if<PutOp>(op)) return put->value;
    return std::nullopt;
  }
  if (!cleared_.empty() && cleared_.contains({path.table, path.key})) return std::nullopt;
  const Result<const crdt::Register*> current = cells_.find_register(path);
  if (!current) return fail(current.error());
  if (*current == nullptr || (*current)->empty()) return std::nullopt;
  if (!payload_order) return (*current)->resolve()->value;
  return payload_winner(parser_, path.kind, **current);
}

Result<bool> Draft::key_present(std::string_view table, ByteSpan key) {
  const Result<crdt::Counter> counter = counter_after(counter_path(table, key));
  if (!counter) return fail(counter.error());
  if (!counter->absent()) return true;
  const Result<std::optional<Bytes>> value = resolved(register_path(table, key), false);
  if (!value) return fail(value.error());
  if (*value) return true;
  const Result<std::optional<CellKind>> presence = any_presence(table, key);
  if (!presence) return fail(presence.error());
  return presence->has_value();
}

Result<bool> Draft::row_present(std::string_view table, ByteSpan key) {
  for (const Op& op : ops_) {
    const auto* put = std::get_if<PutOp>(&op);
    if (put != nullptr && put->path.kind == CellKind::kField && put->path.table == table && put->path.key == key) {
      return true;
    }
  }
  if (cleared_.contains({std::string(table), Bytes(key)})) return false;
  store::CellCursor at = cells_.scan_key(table, key);
  for (; at.valid(); at.next()) {
    if (at.path().kind != CellKind::kField || at.cell().reg().empty()) continue;
    if (find_op(at.path()) == nullptr) return true;  // what this draft does to it is no put: a removal
  }
  if (!at.status().ok()) return fail(at.status());
  return false;
}

Result<std::int64_t> Draft::present_columns(const Mutation& mutation) {
  // A name given twice is one column.
  std::set<ByteSpan> names;
  for (const auto& column : mutation.columns) names.insert(column.first);
  std::int64_t count = 0;
  for (const ByteSpan name : names) {
    const Result<std::optional<Bytes>> value = resolved(field_path(mutation.table, mutation.key, name), false);
    if (!value) return fail(value.error());
    count += value->has_value() ? 1 : 0;
  }
  return count;
}

Result<crdt::Counter> Draft::counter_after(const CellPath& path) {
  if (!counters_.empty()) {
    if (const auto at = counters_.find(path); at != counters_.end()) return at->second;
  }
  const Result<const crdt::Counter*> current = cells_.find_counter(path);
  if (!current) return fail(current.error());
  return *current == nullptr ? crdt::Counter() : **current;
}

}  // namespace pando::engine
