#include "model/stream.h"

#include <gtest/gtest.h>

namespace pando::stream_test {
namespace {

TEST(StreamId, BytesAreInTheOrderOfIds) {
  const StreamId ids[] = {{0, 0}, {0, 1}, {0, 256}, {1, 0}, {1, UINT64_MAX}, {256, 0}, kStreamIdMax};
  for (const StreamId& a : ids) {
    EXPECT_EQ(decode_stream_id(encode_stream_id(a)), a);
    for (const StreamId& b : ids) EXPECT_EQ(encode_stream_id(a) < encode_stream_id(b), a < b);
  }
  EXPECT_EQ(encode_stream_id({1, 2}), Bytes("\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\2", 16));
  EXPECT_FALSE(decode_stream_id(""));
  EXPECT_FALSE(decode_stream_id(Bytes(15, 'x')));
}

TEST(StreamId, Neighbours) {
  EXPECT_EQ((StreamId{1, UINT64_MAX}.next()), (StreamId{2, 0}));
  EXPECT_EQ((StreamId{2, 0}.previous()), (StreamId{1, UINT64_MAX}));
  EXPECT_FALSE(kStreamIdMax.next());
  EXPECT_FALSE(StreamId{}.previous());
  EXPECT_EQ(to_string(StreamId{5, 7}), "5-7");
}

TEST(StreamFields, RoundTripAndNothingElse) {
  const StreamFields fields{{"a", "1"}, {"", ""}, {"a", Bytes(300, 'x')}};
  const Bytes bytes = encode_stream_fields(fields);
  EXPECT_EQ(decode_stream_fields(bytes), fields);
  EXPECT_FALSE(decode_stream_fields(bytes.substr(0, bytes.size() - 1)));
  EXPECT_FALSE(decode_stream_fields(bytes + "x"));
  EXPECT_FALSE(decode_stream_fields(""));
}

}  // namespace
}  // namespace pando::stream_test
