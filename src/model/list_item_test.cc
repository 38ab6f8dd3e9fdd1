#include "model/list_item.h"

#include <gtest/gtest.h>

namespace pando::list_item_test {
namespace {

TEST(ListItem, BytesReadBackAndAreAsDocumented) {
  struct Row {
    ListItem item;
    Bytes bytes;
  };
  const Row rows[] = {
      {{"", {}, {}, "v"}, Bytes("\0v", 2)},
      {{"", {}, {}, ""}, Bytes("\0", 1)},
      {{"pos", {}, {}, "v"}, Bytes("\x01\x03posv", 6)},
      {{"pos", Hlc{1}, {}, "v"}, Bytes("\x03\x03pos\x01\0\0\0\0\0\0\0v", 14)},
      {{"pos", {}, Hlc{2}, "v"}, Bytes("\x05\x03pos\x02\0\0\0\0\0\0\0v", 14)},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(encode_list_item(row.item), row.bytes);
    const Result<ListItem> read = decode_list_item(row.bytes);
    ASSERT_TRUE(read) << read.error().to_string();
    EXPECT_EQ(*read, row.item);
  }
  EXPECT_EQ(encode_list_item("v"), rows[0].bytes);
}

TEST(ListItem, OtherBytesAreRefused) {
  for (const Bytes& bad : {Bytes(), Bytes("\x08v", 2), Bytes("\x02v", 2), Bytes("\x01\x00v", 3), Bytes("\x01\x09v", 3),
                           Bytes("\x03\x01p\x01", 4)}) {
    EXPECT_EQ(decode_list_item(bad).error().code(), StatusCode::kDataLoss) << bad;
  }
}

}  // namespace
}  // namespace pando::list_item_test
