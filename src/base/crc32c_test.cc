#include "base/crc32c.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace pando {
namespace {

// RFC 3720 §B.4, and the check value of the CRC catalogue.
TEST(Crc32c, PublishedVectors) {
  Bytes up(32, '\0');
  Bytes down(32, '\0');
  for (std::size_t i = 0; i < 32; ++i) {
    up[i] = static_cast<char>(i);
    down[i] = static_cast<char>(31 - i);
  }
  struct Row {
    const char* why;
    Bytes data;
    std::uint32_t crc;
  };
  const Row rows[] = {
      {"nothing", "", 0},
      {"digits", "123456789", 0xE3069283},
      {"zeros", Bytes(32, '\0'), 0x8A9136AA},
      {"ones", Bytes(32, '\xFF'), 0x62A8AB43},
      {"ascending", up, 0x46DD794E},
      {"descending", down, 0x113FDB5C},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(crc32c(row.data), row.crc) << row.why;
    EXPECT_EQ(crc32c_table(row.data), row.crc) << row.why;
  }
}

RC_GTEST_PROP(Crc32c, BothFormsAgreeAndContinue, (const std::string& a, const std::string& b)) {
  RC_ASSERT(crc32c(b, crc32c(a)) == crc32c(a + b));
  RC_ASSERT(crc32c(a + b) == crc32c_table(a + b));
}

}  // namespace
}  // namespace pando
