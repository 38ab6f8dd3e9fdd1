// base/int128.h — whole numbers of 128 bits, and their decimal text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pando {

__extension__ using Int128 = __int128;
__extension__ using UInt128 = unsigned __int128;

// "-170141183460469231731687303715884105728" to "170141183460469231731687303715884105727".
std::string to_text(Int128 value);

// A decimal number is kept as a whole number of billionths: 12.5 is 12'500'000'000. One scale everywhere, so that
// two sites never add up different units.
inline constexpr int kDecimalDigits = 9;
inline constexpr std::int64_t kDecimalUnit = 1'000'000'000;
// What one decimal number may be at most, either side of zero: 10^24. 65,536 slots of it add up within 128 bits.
inline constexpr Int128 kDecimalMax = Int128{1'000'000'000'000'000'000} * 1'000'000 * kDecimalUnit;

// "12.5", "-0.000000001", "7": no exponent, no trailing zeros.
std::string decimal_text(Int128 units);
// The reverse. Nothing when the text is no plain decimal number ("1e3", "", "1.", ".5"), has more than nine digits
// after the point, or lies outside of ±kDecimalMax.
std::optional<Int128> parse_decimal(std::string_view text);

}  // namespace pando
