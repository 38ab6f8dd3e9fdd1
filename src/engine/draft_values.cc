// Plain values, rows and counters: the types every table knows without a detail of their own.
#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <string>

#include "base/limits.h"
#include "engine/bounded.h"
#include "engine/declare.h"
#include "engine/document.h"
#include "engine/draft.h"
#include "engine/edits.h"
#include "engine/expiry.h"
#include "engine/limiter.h"
#include "engine/list.h"
#include "engine/merge_group.h"
#include "engine/presence.h"
#include "engine/restore.h"
#include "engine/scores.h"
#include "engine/sketch.h"
#include "engine/stream.h"
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

Status refuse_down(const Mutation& mutation, std::string_view what) {
  return Status(StatusCode::kOutOfRange, fmt::format("counters of table \"{}\" only grow: \"{}\" cannot be {}",
                                                     mutation.table, mutation.key, what));
}

}  // namespace

std::optional<std::int64_t> whole_number(ByteSpan text) {
  std::int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end || std::to_string(value) != text) return std::nullopt;
  return value;
}

Status Draft::add(const Mutation& mutation) {
  PANDO_RETURN_IF_ERROR(check_name(mutation.table, mutation.key));
  PANDO_RETURN_IF_ERROR(fold_first_count());
  const std::size_t ops_before = ops_.size();
  PANDO_RETURN_IF_ERROR(revive(mutation.table, mutation.key));
  const bool revived = ops_.size() > ops_before;
  if (!keeps_results_) {
    PANDO_RETURN_IF_ERROR(change(mutation));
    if (revived) forgo_revival(mutation.table, mutation.key, ops_before);
    return {};
  }

  using Kind = Mutation::Kind;
  Result<std::int64_t> before = 0;
  switch (mutation.kind) {
    case Kind::kDelete: before = key_present(mutation.table, mutation.key); break;
    case Kind::kDeleteRow: before = row_present(mutation.table, mutation.key); break;
    case Kind::kDeleteColumns: before = present_columns(mutation); break;
    case Kind::kPut: before = 1; break;
    default: break;
  }
  if (!before) return before.error();
  results_.push_back(*before);
  // An empty one tells from none that it may give something back; a push never does.
  if (mutation.kind == Kind::kDetail && !std::holds_alternative<ListPush>(mutation.detail)) {
    returned_.resize(results_.size());
  }
  PANDO_RETURN_IF_ERROR(change(mutation));
  if (mutation.kind == Kind::kAdd) results_.back() = counter_value_.value_or(0);
  if (revived) forgo_revival(mutation.table, mutation.key, ops_before);
  return {};
}

Result<Draft::Told> Draft::also(const Mutation& mutation) {
  const bool keeps = std::exchange(keeps_results_, true);
  const bool declined = declined_;
  const Status status = add(mutation);
  keeps_results_ = keeps;
  declined_ = declined;
  if (!status.ok()) return fail(status);
  Told told{results_.back(), {}};
  if (returned_.size() == results_.size()) {
    told.returned = std::move(returned_.back());
    returned_.pop_back();
  }
  results_.pop_back();
  return told;
}

Status Draft::change(const Mutation& mutation) {
  declined_ = false;
  const std::size_t ops_before = ops_.size();
  PANDO_RETURN_IF_ERROR(decide_kind(mutation));
  // Those of a composite type may have been about nothing.
  if (declined_ || (mutation.kind == Mutation::Kind::kDetail && ops_.size() == ops_before)) return {};
  return follow_end(mutation);
}

Status Draft::decide_kind(const Mutation& mutation) {
  switch (mutation.kind) {
    case Mutation::Kind::kPut: return put_value(mutation);
    case Mutation::Kind::kDelete: return delete_key(mutation.table, mutation.key);
    case Mutation::Kind::kPutColumns: return put_columns(mutation);
    case Mutation::Kind::kDeleteColumns: return delete_columns(mutation);
    case Mutation::Kind::kDeleteRow: return clear(mutation.table, mutation.key);
    case Mutation::Kind::kAdd: return add_to_counter(mutation);
    case Mutation::Kind::kReset:
      if (table(mutation.table).grow_only) return refuse_down(mutation, "reset");
      return reset_counter(mutation.table, mutation.key);
    case Mutation::Kind::kAddDecimal: return add_decimal(mutation);
    case Mutation::Kind::kAddMembers:
    case Mutation::Kind::kRemoveMembers: return change_members(mutation);
    case Mutation::Kind::kDeleteSet:
      PANDO_RETURN_IF_ERROR(check_type(mutation.table, mutation.key, ValueType::kSet));
      return clear(mutation.table, mutation.key);
    case Mutation::Kind::kEnable:
    case Mutation::Kind::kDisable: return change_flag(mutation);
    case Mutation::Kind::kDetail:
      return std::visit([&](const auto& detail) { return decide(*this, mutation, detail); }, mutation.detail);
  }
  return Status(StatusCode::kInternal, "unknown mutation");
}

Status decide(Draft&, const Mutation&, std::monostate) {
  return Status(StatusCode::kInternal, "a mutation says nothing");
}

Status decide(Draft& draft, const Mutation& mutation, const DeleteTyped& typed) {
  PANDO_RETURN_IF_ERROR(draft.check_type(mutation.table, mutation.key, typed.type));
  return draft.clear(mutation.table, mutation.key);
}

Status Draft::put_value(const Mutation& mutation) {
  PANDO_RETURN_IF_ERROR(check_value(mutation.value));
  if (mutation.when != Mutation::When::kAlways) {
    const Result<bool> there = key_present(mutation.table, mutation.key);
    if (!there) return there.error();
    if (*there != (mutation.when == Mutation::When::kIfPresent)) {
      set_result(0);
      declined_ = true;
      return {};
    }
  }
  if (fresh() && cleared_.empty() && !view_.cells().may_expire(mutation.table)) {
    // Mostly a value takes the place of a value, or is the first of its key.
    const Result<const crdt::Register*> lone = view_.find_lone_value(mutation.table, mutation.key);
    if (!lone) return lone.error();
    if (*lone != nullptr || !view_.cells().may_have(mutation.table, mutation.key)) {
      std::vector<Dot> replaces;
      if (*lone != nullptr) replaces = (*lone)->dots();
      if (mutation.table == kTableKv) PANDO_RETURN_IF_ERROR(put_typed(mutation.key, mutation.value));
      put_over({mutation.table, mutation.key, CellKind::kRegister, {}}, mutation.value, std::move(replaces));
      return {};
    }
  }
  CellPath path = register_path(mutation.table, mutation.key);
  const CellPath as_counter = counter_path(mutation.table, mutation.key);
  const Result<bool> counter = has(as_counter);
  if (!counter) return counter.error();
  if (*counter) {
    if (!mutation.convert) return wrong_type(mutation.key, ValueType::kCounter, ValueType::kValue);
    PANDO_RETURN_IF_ERROR(reset(as_counter));
    counter_value_.reset();
  }
  const Result<bool> known = has(path);
  if (!known) return known.error();
  if (!*known) {
    const Status alone = check_type(mutation.table, mutation.key, ValueType::kValue);
    if (!alone.ok() && (!mutation.convert || alone.code() != StatusCode::kWrongType)) return alone;
    if (!alone.ok()) PANDO_RETURN_IF_ERROR(give_way(mutation));
  }
  if (mutation.table == kTableKv) PANDO_RETURN_IF_ERROR(put_typed(mutation.key, mutation.value));
  return put(std::move(path), mutation.value);
}

Status Draft::give_way(const Mutation& mutation) {
  const bool keeps_end = mutation.ttl && mutation.ttl->kind == TimeToLive::Kind::kKeep;
  Result<std::optional<std::int64_t>> end = std::nullopt;
  if (keeps_end) end = ends_after(mutation.table, mutation.key);
  if (!end) return end.error();
  PANDO_RETURN_IF_ERROR(clear(mutation.table, mutation.key));
  return *end && **end != kNeverExpires ? set_end(mutation.table, mutation.key, {}, **end) : Status();
}

Status Draft::put_columns(const Mutation& mutation) {
  if (mutation.columns.empty()) return Status(StatusCode::kInvalidArgument, "no columns");
  // Rows stand in their table alone, and beside other types in all others.
  bool checked = mutation.table == kTableRow;
  std::int64_t fresh = 0;
  for (const auto& [name, value] : mutation.columns) {
    PANDO_RETURN_IF_ERROR(validate_element(name));
    PANDO_RETURN_IF_ERROR(check_value(value));
    const Result<bool> there =
        put_element({mutation.table, mutation.key, CellKind::kField, name}, value, ValueType::kRow, checked);
    if (!there) return there.error();
    if (!*there) ++fresh;
    if (!name.empty()) PANDO_RETURN_IF_ERROR(take_end(mutation.table, mutation.key, name));
  }
  set_result(fresh);
  return {};
}

Status Draft::check_row(std::string_view table, ByteSpan key) {
  return table == kTableRow ? Status() : check_type(table, key, ValueType::kRow);
}

Status Draft::delete_columns(const Mutation& mutation) {
  if (mutation.columns.empty()) return Status(StatusCode::kInvalidArgument, "no columns");
  PANDO_RETURN_IF_ERROR(check_row(mutation.table, mutation.key));
  for (const auto& column : mutation.columns) {
    PANDO_RETURN_IF_ERROR(remove(field_path(mutation.table, mutation.key, column.first)));
    if (!column.first.empty() && view_.cells().may_expire(mutation.table)) {
      PANDO_RETURN_IF_ERROR(remove({mutation.table, mutation.key, CellKind::kExpiry, column.first}));
    }
  }
  return {};
}

Status Draft::delete_key(std::string_view table, ByteSpan key) {
  if (table == kTableLob && last_put(table, key, CellKind::kRegister)) {
    // Its chunks would be named by nothing.
    return Status(StatusCode::kInvalidArgument,
                  fmt::format("object \"{}\" is written and deleted by one transaction", key));
  }
  bool composite = false;
  for (auto at = index().lower_bound(field_path(table, key, {})); at != index_.end() && !composite; ++at) {
    if (at->first.table != table || at->first.key != key) break;
    composite = true;
  }
  if (!composite) {
    const store::CellCursor at = view_.cells().scan_kinds(table, key, CellKind::kField);
    PANDO_RETURN_IF_ERROR(view_.note(at));
    composite = at.valid();
  }
  const bool whole = composite || view_.may_lack_own(table);
  PANDO_RETURN_IF_ERROR(whole ? clear(table, key) : remove(register_path(table, key)));
  PANDO_RETURN_IF_ERROR(reset(counter_path(table, key)));
  counter_value_.reset();
  if (table == kTableKv) return delete_typed(key);
  return {};
}

Status Draft::add_to_counter(const Mutation& mutation) {
  if (mutation.delta < 0 && table(mutation.table).grow_only) return refuse_down(mutation, "decremented");
  const store::CellName name{mutation.table, mutation.key, CellKind::kCounter, {}};
  if (fresh() && !keeps_counted_) {
    // Mostly the key has never been, or is a counter and nothing else.
    const Result<const crdt::Counter*> before = view_.cells().find_counter(name);
    if (!before) return before.error();
    const bool counts = *before != nullptr && !(*before)->absent();
    if (counts) return count_first(name, **before, mutation.delta);
    if (mutation.delta != 0 && !view_.cells().may_have(mutation.table, mutation.key)) {
      return count_first(name, crdt::Counter(), mutation.delta);
    }
  }
  CellPath path = counter_path(mutation.table, mutation.key);
  const Result<const crdt::Counter*> before = find_counter_after(path);
  if (!before) return before.error();
  const bool counts = *before != nullptr && !(*before)->absent();
  // Where a merge left a value beside it, the counter is what reads answer.
  if (counts) return tell(count_on(std::move(path), *before, mutation.delta));
  const Result<std::optional<Bytes>> value = value_after(register_path(mutation.table, mutation.key));
  if (!value) return value.error();
  if (*value && !mutation.convert) return wrong_type(mutation.key, ValueType::kValue, ValueType::kCounter);
  if (!*value) {
    const Result<bool> decimal = has({mutation.table, mutation.key, CellKind::kDecimal, {}});
    if (!decimal) return decimal.error();
    if (*decimal && mutation.convert) return count_from_decimal(mutation);
    if (*decimal) {
      return Status(StatusCode::kWrongType,
                    fmt::format("key \"{}\" holds a decimal counter, which is added to by decimal numbers (over HTTP: "
                                "in quotes)",
                                mutation.key));
    }
    PANDO_RETURN_IF_ERROR(check_type(mutation.table, mutation.key, ValueType::kCounter));
  }
  if (mutation.convert && (*value || mutation.delta == 0)) return count_from(mutation, value->value_or("0"));
  return tell(count_to(std::move(path), mutation.delta));
}

Status Draft::tell(const Result<const crdt::Counter*>& counted) {
  if (!counted) return counted.error();
  counter_value_ = (*counted)->value();
  return {};
}

Status Draft::add_decimal(const Mutation& mutation) {
  if (mutation.units < 0 && table(mutation.table).grow_only) return refuse_down(mutation, "decremented");
  const CellPath path{mutation.table, mutation.key, CellKind::kDecimal, {}};
  const Result<bool> whole = has(counter_path(mutation.table, mutation.key));
  if (!whole) return whole.error();
  if (*whole) return add_units_to_counter(mutation);
  const Result<bool> there = has(path);
  if (!there) return there.error();
  if (!*there && mutation.convert) return decimal_from(mutation);
  if (!mutation.convert) PANDO_RETURN_IF_ERROR(check_type(mutation.table, mutation.key, ValueType::kDecimal));
  const Result<const crdt::Counter*> counted = count_to(path, mutation.units);
  if (!counted) return counted.error();
  give_back(decimal_text((*counted)->exact()));
  return {};
}

Status Draft::add_units_to_counter(const Mutation& mutation) {
  const Int128 delta = mutation.units / kDecimalUnit;
  if (mutation.units % kDecimalUnit != 0 && mutation.convert) return decimal_from(mutation);
  if (mutation.units % kDecimalUnit != 0) {
    return Status(StatusCode::kWrongType,
                  fmt::format("key \"{}\" holds a counter of whole numbers, {} is none; delete it first", mutation.key,
                              decimal_text(mutation.units)));
  }
  if (delta > INT64_MAX || delta < INT64_MIN) {
    return Status(StatusCode::kOutOfRange,
                  fmt::format("{} is outside of 64 bits, and key \"{}\" holds a counter of whole numbers",
                              to_text(delta), mutation.key));
  }
  PANDO_RETURN_IF_ERROR(tell(count_to(counter_path(mutation.table, mutation.key), delta)));
  give_back(std::to_string(*counter_value_));
  return {};
}

Status Draft::decimal_from(const Mutation& mutation) {
  const Result<std::optional<Bytes>> text = text_after(*this, mutation.table, mutation.key);
  if (!text) return text.error();
  const std::optional<Int128> base = parse_decimal(text->value_or("0"));
  if (!base) {
    return Status(StatusCode::kPreconditionFailed,
                  fmt::format("key \"{}\" holds a value that is not a decimal number", mutation.key));
  }
  const Int128 sum = *base + mutation.units;
  if (sum > kDecimalMax || sum < -kDecimalMax) {
    return Status(StatusCode::kOutOfRange, fmt::format("{} is outside of what a number may be", decimal_text(sum)));
  }
  PANDO_RETURN_IF_ERROR(reset(counter_path(mutation.table, mutation.key)));
  counter_value_.reset();
  give_back(decimal_text(sum));
  CellPath as_register = register_path(mutation.table, mutation.key);
  // A counter that never counted would not exist.
  if (sum == 0) return put(std::move(as_register), "0");
  PANDO_RETURN_IF_ERROR(remove(as_register));
  return count({mutation.table, mutation.key, CellKind::kDecimal, {}}, sum);
}

Status Draft::count_from_decimal(const Mutation& mutation) {
  const CellPath path{mutation.table, mutation.key, CellKind::kDecimal, {}};
  const Result<crdt::Counter> counter = counter_after(path);
  if (!counter) return counter.error();
  PANDO_RETURN_IF_ERROR(reset(path));
  return count_from(mutation, decimal_text(counter->exact()));
}

Status Draft::count_from(const Mutation& mutation, ByteSpan value) {
  const std::optional<std::int64_t> base = whole_number(value);
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
    return put(std::move(as_register), "0");
  }
  PANDO_RETURN_IF_ERROR(remove(as_register));
  return tell(count_to(counter_path(mutation.table, mutation.key), sum));
}

Status Draft::reset_counter(std::string_view table, ByteSpan key) {
  counter_value_ = 0;
  PANDO_RETURN_IF_ERROR(reset(counter_path(table, key)));
  return reset({std::string(table), Bytes(key), CellKind::kDecimal, {}});
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
      const Result<std::optional<Bytes>> winner = payload_after(path);
      if (!winner) return winner.error();
      if (*winner && compare_lww(parser_, value, **winner) <= 0) return {};
      return put(std::move(path), value);
    }
    case TypedKey::kCounter: {
      const auto counted = parser_.parse_counter(value);
      if (!counted || !validate_element(counted->replica).ok()) {
        ++malformed_payloads_;
        return {};
      }
      CellPath path = field_path(kTableMergeGroup, key, counted->replica);
      const Result<std::optional<Bytes>> before = payload_after(path);
      if (!before) return before.error();
      if (*before) {
        const auto known = parser_.parse_counter(**before);
        if (known && known->count >= counted->count) return {};
      }
      return put(std::move(path), value);
    }
  }
  return {};
}

Status Draft::delete_typed(ByteSpan key) {
  switch (typed_key(key)) {
    case TypedKey::kNone: return {};
    case TypedKey::kLww: return remove(register_path(kTableMergeGroup, key));
    case TypedKey::kCounter: return clear(kTableMergeGroup, key);
  }
  return {};
}

Result<std::optional<Bytes>> Draft::payload_after(const CellPath& path) {
  if (find_op(path) != nullptr || cleared(path)) return value_after(path);
  const Result<const crdt::Register*> current = view_.cells().find_register(path);
  if (!current) return fail(current.error());
  if (*current == nullptr) return std::nullopt;
  return payload_winner(parser_, path.kind, **current);
}

Result<bool> Draft::key_present(std::string_view table, ByteSpan key) {
  const Result<std::optional<ValueType>> type = type_of(table, key);
  if (!type) return fail(type.error());
  return type->has_value();
}

Result<bool> Draft::row_present(std::string_view table, ByteSpan key) {
  for (const Op& op : ops_) {
    const auto* put = std::get_if<PutOp>(&op);
    if (put != nullptr && put->path.kind == CellKind::kField && put->path.table == table && put->path.key == key) {
      return true;
    }
  }
  store::CellCursor at = view_.cells().scan_key(table, key);
  for (; at.valid(); at.next()) {
    if (at.path().kind != CellKind::kField || cleared(at.path()) || at.cell().reg().empty()) continue;
    if (find_op(at.path()) != nullptr) continue;  // what this draft does to it is no put: a removal
    const Result<bool> there = view_.shows(at.path(), at.cell());
    if (!there || *there) return there;
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
    const Result<std::optional<Bytes>> value = value_after(field_path(mutation.table, mutation.key, name));
    if (!value) return fail(value.error());
    count += value->has_value() ? 1 : 0;
  }
  return count;
}

}  // namespace pando::engine
