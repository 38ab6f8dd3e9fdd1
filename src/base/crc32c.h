// base/crc32c.h — CRC-32C (Castagnoli), the checksum of every record and frame we write.
//
// Uses the SSE 4.2 instruction where the processor has it, a table elsewhere; both give the same answer.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace pando {

// `crc` continues an earlier call: crc32c(b, crc32c(a)) == crc32c(a + b).
std::uint32_t crc32c(ByteSpan data, std::uint32_t crc = 0);

// The portable form, for tests and processors without the instruction.
std::uint32_t crc32c_table(ByteSpan data, std::uint32_t crc = 0);

}  // namespace pando
