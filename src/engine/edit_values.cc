// Plain values and fields of rows that are changed by what they were.
#include <fmt/core.h>

#include "base/limits.h"
#include "engine/edits.h"

namespace pando::engine {
namespace {

Status put_field(Draft& draft, const Mutation& mutation, const Bytes& field, Bytes text) {
  Mutation put;
  put.kind = Mutation::Kind::kPutColumns;
  put.table = mutation.table;
  put.key = mutation.key;
  put.columns.emplace_back(field, std::move(text));
  const Result<Draft::Told> told = draft.also(put);
  return told ? Status() : told.error();
}

Result<std::optional<Bytes>> field_after(Draft& draft, const Mutation& mutation, const Bytes& field) {
  PANDO_RETURN_IF_ERROR(validate_element(field));
  Result<std::optional<Bytes>> value = draft.value_after({mutation.table, mutation.key, CellKind::kField, field});
  if (value && !*value && mutation.table != kTableRow) {
    PANDO_RETURN_IF_ERROR(draft.check_type(mutation.table, mutation.key, ValueType::kRow));
  }
  return value;
}

}  // namespace

Status check_text_length(std::uint64_t offset, std::uint64_t bytes) {
  if (offset <= limits::kValueBytesMax && offset + bytes <= limits::kValueBytesMax) return {};
  return Status(StatusCode::kTooLarge, fmt::format("value would be longer than {} bytes", limits::kValueBytesMax));
}

Status put_text(Draft& draft, const Mutation& mutation, Bytes text) {
  Mutation put;
  put.table = mutation.table;
  put.key = mutation.key;
  put.value = std::move(text);
  put.convert = true;
  put.ttl = TimeToLive{TimeToLive::Kind::kKeep, 0};
  const Result<Draft::Told> told = draft.also(put);
  return told ? Status() : told.error();
}

Result<std::optional<Bytes>> text_after(Draft& draft, std::string_view table, ByteSpan key) {
  const Result<std::optional<ValueType>> type = draft.type_of(table, key);
  if (!type) return fail(type.error());
  if (!*type) return std::nullopt;
  CellPath path{std::string(table), Bytes(key), CellKind::kRegister, {}};
  if (**type == ValueType::kValue) return draft.value_after(path);
  if (**type != ValueType::kCounter && **type != ValueType::kDecimal) {
    return fail(wrong_type(key, **type, ValueType::kValue));
  }
  const bool whole = **type == ValueType::kCounter;
  path.kind = whole ? CellKind::kCounter : CellKind::kDecimal;
  const Result<crdt::Counter> counter = draft.counter_after(path);
  if (!counter) return fail(counter.error());
  return whole ? std::to_string(counter->value()) : decimal_text(counter->exact());
}

Status decide(Draft& draft, const Mutation& mutation, const RequireKey&) {
  const Result<std::optional<ValueType>> type = draft.type_of(mutation.table, mutation.key);
  if (!type) return type.error();
  return *type ? Status() : Status(StatusCode::kNotFound, fmt::format("there is no key \"{}\"", mutation.key));
}

Status decide(Draft& draft, const Mutation& mutation, const TellValue&) {
  Result<std::optional<Bytes>> text = text_after(draft, mutation.table, mutation.key);
  if (!text) return text.error();
  if (*text) draft.give_back(**std::move(text));
  return {};
}

Status decide(Draft& draft, const Mutation& mutation, const AppendText& append) {
  Result<std::optional<Bytes>> before = text_after(draft, mutation.table, mutation.key);
  if (!before) return before.error();
  Bytes text = std::move(*before).value_or(Bytes());
  PANDO_RETURN_IF_ERROR(check_text_length(text.size(), append.text.size()));
  text += append.text;
  draft.set_result(static_cast<std::int64_t>(text.size()));
  return put_text(draft, mutation, std::move(text));
}

Status decide(Draft& draft, const Mutation& mutation, const OverwriteText& overwrite) {
  Result<std::optional<Bytes>> before = text_after(draft, mutation.table, mutation.key);
  if (!before) return before.error();
  Bytes text = std::move(*before).value_or(Bytes());
  if (!overwrite.text.empty()) {
    PANDO_RETURN_IF_ERROR(check_text_length(overwrite.offset, overwrite.text.size()));
    if (text.size() < overwrite.offset + overwrite.text.size()) text.resize(overwrite.offset + overwrite.text.size());
    text.replace(overwrite.offset, overwrite.text.size(), overwrite.text);
  }
  draft.set_result(static_cast<std::int64_t>(text.size()));
  return overwrite.text.empty() ? Status() : put_text(draft, mutation, std::move(text));
}

Status decide(Draft& draft, const Mutation& mutation, const SetBit& set) {
  Result<std::optional<Bytes>> before = text_after(draft, mutation.table, mutation.key);
  if (!before) return before.error();
  Bytes text = std::move(*before).value_or(Bytes());
  const std::uint64_t byte = set.offset / 8;
  PANDO_RETURN_IF_ERROR(check_text_length(byte, 1));
  if (text.size() <= byte) text.resize(byte + 1);
  const auto mask = static_cast<unsigned char>(0x80U >> (set.offset % 8));
  const auto old = static_cast<unsigned char>(text[byte]);
  draft.set_result((old & mask) != 0 ? 1 : 0);
  text[byte] = static_cast<char>(set.on ? old | mask : old & static_cast<unsigned char>(~mask));
  return put_text(draft, mutation, std::move(text));
}

Status decide(Draft& draft, const Mutation& mutation, const PutAllAbsent& put) {
  if (put.values.empty()) return Status(StatusCode::kInvalidArgument, "no values");
  for (const auto& entry : put.values) {
    PANDO_RETURN_IF_ERROR(check_name(mutation.table, entry.first));
    const Result<std::optional<ValueType>> type = type_after(draft, mutation.table, entry.first);
    if (!type) return type.error();
    if (*type) {
      draft.set_result(0);
      return {};
    }
  }
  for (const auto& [key, value] : put.values) {
    Mutation one;
    one.table = mutation.table;
    one.key = key;
    one.value = value;
    one.convert = true;  // a key given twice is put twice
    const Result<Draft::Told> told = draft.also(one);
    if (!told) return told.error();
  }
  draft.set_result(1);
  return {};
}

Status decide(Draft& draft, const Mutation& mutation, const PutFieldAbsent& put) {
  const Result<std::optional<Bytes>> before = field_after(draft, mutation, put.field);
  if (!before) return before.error();
  draft.set_result(*before ? 0 : 1);
  return *before ? Status() : put_field(draft, mutation, put.field, put.value);
}

Status decide(Draft& draft, const Mutation& mutation, const AddToField& add) {
  const Result<std::optional<Bytes>> before = field_after(draft, mutation, add.field);
  if (!before) return before.error();
  std::int64_t sum = 0;
  if (*before) {
    const std::optional<std::int64_t> number = whole_number(**before);
    if (!number) {
      return Status(StatusCode::kPreconditionFailed,
                    fmt::format("field \"{}\" of \"{}\" is not a whole 64-bit number", add.field, mutation.key));
    }
    sum = *number;
  }
  if (__builtin_add_overflow(sum, add.delta, &sum)) {
    return Status(StatusCode::kOutOfRange, fmt::format("field \"{}\" of \"{}\" plus {} is outside of 64 bits",
                                                       add.field, mutation.key, add.delta));
  }
  draft.set_result(sum);
  return put_field(draft, mutation, add.field, std::to_string(sum));
}

Status decide(Draft& draft, const Mutation& mutation, const AddDecimalToField& add) {
  const Result<std::optional<Bytes>> before = field_after(draft, mutation, add.field);
  if (!before) return before.error();
  const std::optional<Int128> base = parse_decimal(before->value_or("0"));
  if (!base) {
    return Status(StatusCode::kPreconditionFailed,
                  fmt::format("field \"{}\" of \"{}\" is not a decimal number", add.field, mutation.key));
  }
  const Int128 sum = *base + add.units;
  if (sum > kDecimalMax || sum < -kDecimalMax) {
    return Status(StatusCode::kOutOfRange, fmt::format("{} is outside of what a number may be", decimal_text(sum)));
  }
  draft.give_back(decimal_text(sum));
  return put_field(draft, mutation, add.field, decimal_text(sum));
}

}  // namespace pando::engine
