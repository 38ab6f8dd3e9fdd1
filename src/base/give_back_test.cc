#include "base/give_back.h"

#include <gtest/gtest.h>

namespace pando {
namespace {

TEST(GiveBack, LeavesNeitherBytesNorTheirMemory) {
  Bytes bytes(1 << 20, 'x');
  give_back(bytes);
  EXPECT_EQ(bytes, "");
  EXPECT_LT(bytes.capacity(), 100u);
}

}  // namespace
}  // namespace pando
