// Plain values as strings of bits.
#include <algorithm>

#include "base/limits.h"
#include "engine/edits.h"

namespace pando::engine {
namespace {

// text_after() of a key that the mutation at hand is not about; "" when it is absent.
Result<Bytes> bits_of(Draft& draft, std::string_view table, ByteSpan key) {
  PANDO_RETURN_IF_ERROR(check_name(table, key));
  const Result<std::optional<ValueType>> type = type_after(draft, table, key);
  if (!type) return fail(type.error());
  if (!*type) return Bytes();
  Result<std::optional<Bytes>> text = text_after(draft, table, key);
  if (!text) return fail(text.error());
  return std::move(*text).value_or(Bytes());
}

char joined(BitJoin join, char a, char b) {
  switch (join) {
    case BitJoin::kAnd: return static_cast<char>(a & b);
    case BitJoin::kOr: return static_cast<char>(a | b);
    case BitJoin::kXor: return static_cast<char>(a ^ b);
    case BitJoin::kNot: break;
  }
  return static_cast<char>(~a);
}

// The number that a step leaves in its field; nothing when it is refused.
std::optional<std::int64_t> number_of(const EditBits::Step& step, std::int64_t before) {
  const Int128 wanted = step.what == EditBits::Do::kAdd ? Int128{before} + step.number : Int128{step.number};
  if (fits(step.field, wanted)) return static_cast<std::int64_t>(wanted);
  switch (step.overflow) {
    case EditBits::Overflow::kWrap: return wrapped(step.field, wanted);
    case EditBits::Overflow::kSaturate: return wanted < 0 ? lowest_of(step.field) : highest_of(step.field);
    case EditBits::Overflow::kRefuse: break;
  }
  return std::nullopt;
}

}  // namespace

Status decide(Draft& draft, const Mutation& mutation, const CombineBits& combine) {
  if (combine.keys.empty() || (combine.join == BitJoin::kNot && combine.keys.size() != 1)) {
    return Status(StatusCode::kInvalidArgument, "bits are combined of one key or more, and turned round of one");
  }
  std::vector<Bytes> all;
  std::size_t bytes = 0;
  for (const Bytes& key : combine.keys) {
    Result<Bytes> text = bits_of(draft, mutation.table, key);
    if (!text) return text.error();
    bytes = std::max(bytes, text->size());
    all.push_back(*std::move(text));
  }
  for (Bytes& text : all) text.resize(bytes);
  Bytes result = std::move(all.front());
  if (combine.join == BitJoin::kNot) all.front() = result;
  for (std::size_t i = combine.join == BitJoin::kNot ? 0 : 1; i < all.size(); ++i) {
    for (std::size_t at = 0; at < bytes; ++at) result[at] = joined(combine.join, result[at], all[i][at]);
  }
  draft.set_result(static_cast<std::int64_t>(bytes));
  Mutation made;
  made.kind = bytes == 0 ? Mutation::Kind::kDelete : Mutation::Kind::kPut;
  made.table = mutation.table;
  made.key = mutation.key;
  made.value = std::move(result);
  made.convert = true;
  const Result<Draft::Told> told = draft.also(made);
  return told ? Status() : told.error();
}

Status decide(Draft& draft, const Mutation& mutation, const EditBits& edit) {
  Result<std::optional<Bytes>> before = text_after(draft, mutation.table, mutation.key);
  if (!before) return before.error();
  std::uint64_t bytes = 0;
  for (const EditBits::Step& step : edit.steps) {
    if (step.field.bits == 0 || step.field.bits > (step.field.is_signed ? 64 : 63)) {
      return Status(StatusCode::kInvalidArgument, "a number has 1 to 64 bits, 63 without a sign");
    }
    if (step.what == EditBits::Do::kGet) continue;
    PANDO_RETURN_IF_ERROR(check_text_length(step.field.offset / 8, (step.field.bits + 14U) / 8));
    bytes = std::max(bytes, (step.field.end() + 7) / 8);
  }
  Bytes text = std::move(*before).value_or(Bytes());
  if (text.size() < bytes) text.resize(bytes);
  for (const EditBits::Step& step : edit.steps) {
    const std::int64_t there = read_bits(text, step.field);
    if (step.what == EditBits::Do::kGet) {
      draft.give_back(std::to_string(there));
      continue;
    }
    const std::optional<std::int64_t> number = number_of(step, there);
    if (number) write_bits(text, step.field, *number);
    draft.give_back(!number ? Bytes() : std::to_string(step.what == EditBits::Do::kSet ? there : *number));
  }
  return bytes == 0 ? Status() : put_text(draft, mutation, std::move(text));
}

}  // namespace pando::engine
