// model/bit_field.h — a number of some bits somewhere in a string of bytes, as BITFIELD of redis-server has it.
//
// Bit 0 is the highest of the first byte, and a number's first bit its highest. Bits behind the end are 0.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/int128.h"

namespace pando {

struct BitField {
  bool is_signed = false;
  std::uint8_t bits = 1;  // 1 to 64, unsigned 1 to 63
  std::uint64_t offset = 0;

  std::uint64_t end() const { return offset + bits; }
};

std::int64_t read_bits(ByteSpan text, const BitField& field);
// The lowest bits of `number`; `text` is long enough.
void write_bits(Bytes& text, const BitField& field, std::int64_t number);
// Whether the field can hold it.
bool fits(const BitField& field, Int128 number);
std::int64_t lowest_of(const BitField& field);
std::int64_t highest_of(const BitField& field);
// The number of which the field keeps the lowest bits, as it reads them then.
std::int64_t wrapped(const BitField& field, Int128 number);

}  // namespace pando
