// model/json_scalar.h — JSON scalars as the text they are stored in: numbers keep every digit, strings are quoted.
//
// Compared exactly and without floating point: 0.1 equals 0.10 and 1e-1, and 9007199254740993 is more than
// 9007199254740992.
#pragma once

#include <compare>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/int128.h"

namespace pando {

// -?(0|[1-9][0-9]*)(.[0-9]+)?([eE][+-]?[0-9]+)?
bool is_json_number(ByteSpan text);
// Both are numbers.
std::strong_ordering compare_numbers(ByteSpan a, ByteSpan b);
// In billionths. Nothing when the number has more digits than that behind the point, or lies outside of ±kDecimalMax.
std::optional<Int128> number_units(ByteSpan number);

// The bytes that a quoted JSON string stands for; nothing when it is not one, or escapes beyond U+00FF (text that we
// quote has none of those).
std::optional<Bytes> json_string_bytes(ByteSpan quoted);

// How two scalars compare: numbers by size, strings bytewise, false before true, null with null. Those of different
// types, arrays and objects are unordered, except that equal texts are equal.
std::partial_ordering compare_scalars(ByteSpan a, ByteSpan b);

// The texts of the elements of an array without blanks; nothing when it is no array or one of them is no scalar.
std::optional<std::vector<Bytes>> scalar_items(ByteSpan array);

}  // namespace pando
