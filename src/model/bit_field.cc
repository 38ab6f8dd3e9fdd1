#include "model/bit_field.h"

#include "base/check.h"

namespace pando {

std::int64_t read_bits(ByteSpan text, const BitField& field) {
  std::uint64_t number = 0;
  for (std::uint64_t i = field.offset; i < field.end(); ++i) {
    const auto byte = i / 8 < text.size() ? static_cast<unsigned char>(text[i / 8]) : 0U;
    number = number << 1U | (byte >> (7 - i % 8) & 1U);
  }
  return wrapped(field, static_cast<Int128>(number));
}

void write_bits(Bytes& text, const BitField& field, std::int64_t number) {
  CHECK(field.end() <= text.size() * 8);
  auto rest = static_cast<std::uint64_t>(number);
  for (std::uint64_t i = field.end(); i-- > field.offset; rest >>= 1U) {
    const auto mask = static_cast<unsigned char>(0x80U >> (i % 8));
    const auto old = static_cast<unsigned char>(text[i / 8]);
    text[i / 8] = static_cast<char>((rest & 1U) != 0 ? old | mask : old & static_cast<unsigned char>(~mask));
  }
}

std::int64_t lowest_of(const BitField& field) {
  if (!field.is_signed) return 0;
  return field.bits == 64 ? INT64_MIN : -(std::int64_t{1} << (field.bits - 1U));
}

std::int64_t highest_of(const BitField& field) {
  const unsigned digits = field.is_signed ? field.bits - 1U : field.bits;
  return digits >= 63 ? INT64_MAX : (std::int64_t{1} << digits) - 1;
}

bool fits(const BitField& field, Int128 number) { return number >= lowest_of(field) && number <= highest_of(field); }

std::int64_t wrapped(const BitField& field, Int128 number) {
  auto bits = static_cast<std::uint64_t>(number);
  if (field.bits == 64) return static_cast<std::int64_t>(bits);
  const std::uint64_t one = std::uint64_t{1} << field.bits;
  bits &= one - 1;
  const bool negative = field.is_signed && (bits >> (field.bits - 1U) & 1U) != 0;
  return negative ? static_cast<std::int64_t>(bits) - static_cast<std::int64_t>(one) : static_cast<std::int64_t>(bits);
}

}  // namespace pando
