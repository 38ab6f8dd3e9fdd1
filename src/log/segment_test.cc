#include "log/segment.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "log/scan.h"

namespace pando::log::segment_test {
namespace {

SegmentHeader header_with(std::size_t origins) {
  SegmentHeader header;
  header.segment_id = 3;
  header.first = LogPos(1234);
  header.previous_id = 2;
  header.previous_bytes = 8192;
  header.start.origin = Origin{"dc1", 2};
  header.start.changes = 5000;
  for (std::size_t i = 0; i < origins; ++i) {
    header.start.context.raise(Origin{fmt::format("node-{:05}", i), 1}, Seq(i + 1));
  }
  return header;
}

void expect_equal(const SegmentHeader& a, const SegmentHeader& b) {
  EXPECT_EQ(a.segment_id, b.segment_id);
  EXPECT_EQ(a.first, b.first);
  EXPECT_EQ(a.previous_id, b.previous_id);
  EXPECT_EQ(a.previous_bytes, b.previous_bytes);
  EXPECT_EQ(a.start.origin, b.start.origin);
  EXPECT_EQ(a.start.changes, b.start.changes);
}

// The example of docs/formats/log.md, up to where the filler begins: once written, never changed.
TEST(SegmentHeader, GoldenBytes) {
  const Bytes bytes = encode_segment_header(header_with(1));
  const std::string_view golden =
      "50414e444f4c4f477d9edc6f0100000000100000000000000300000000000000"
      "d204000000000000881300000000000002000000000000000020000000000000"
      "0364633102010a6e6f64652d30303030300101a5a5a5a5a5";
  std::string hex;
  for (const char c : bytes.substr(0, 88)) hex += fmt::format("{:02x}", static_cast<std::uint8_t>(c));
  EXPECT_EQ(hex, golden);
  EXPECT_EQ(bytes.substr(83), Bytes(kSegmentHeaderBytes - 83, '\xA5'));
}

TEST(SegmentHeader, ComesBackAsItWas) {
  // None; a few; one block just full; many blocks.
  for (const std::size_t origins : {0u, 3u, 290u, 300u, 2000u}) {
    const SegmentHeader header = header_with(origins);
    const Bytes bytes = encode_segment_header(header);
    EXPECT_EQ(bytes.size() % kSegmentHeaderBytes, 0u);
    EXPECT_EQ(segment_header_bytes(bytes), bytes.size());
    const Result<SegmentHeader> back = decode_segment_header(3, bytes + "records");
    ASSERT_TRUE(back) << back.error().to_string();
    expect_equal(*back, header);
    EXPECT_TRUE(back->context_known);
    EXPECT_EQ(back->start.context, header.start.context) << origins;
    EXPECT_EQ(back->header_bytes, bytes.size());
  }
}

TEST(SegmentHeader, FirstBlockOfALargeOneKnowsAllButTheContext) {
  const SegmentHeader header = header_with(2000);
  const Bytes bytes = encode_segment_header(header);
  ASSERT_GT(bytes.size(), kSegmentHeaderBytes);
  const Result<SegmentHeader> back = decode_segment_header(3, ByteSpan(bytes).substr(0, kSegmentHeaderBytes));
  ASSERT_TRUE(back);
  expect_equal(*back, header);
  EXPECT_FALSE(back->context_known);
  EXPECT_EQ(back->header_bytes, bytes.size());
}

TEST(SegmentHeader, EveryFlippedBitIsFound) {
  for (const std::size_t origins : {2u, 400u}) {
    const Bytes whole = encode_segment_header(header_with(origins));
    for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
      Bytes bytes = whole;
      bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
      const Result<SegmentHeader> back = decode_segment_header(3, bytes);
      ASSERT_FALSE(back) << "bit " << bit;
      EXPECT_EQ(back.error().code(), StatusCode::kDataLoss);
    }
  }
}

TEST(SegmentHeader, WhatIsWrongIsNamed) {
  const Bytes good = encode_segment_header(header_with(1));
  struct Row {
    const char* why;
    std::uint64_t id;
    Bytes bytes;
    StatusCode code;
    const char* message;
  };
  const Row rows[] = {
      {"prepared, never used", 3, Bytes(8192, '\0'), StatusCode::kNotFound, "segment 3: was never used"},
      {"an empty file", 3, "", StatusCode::kNotFound, "segment 3: was never used"},
      {"cut inside the header", 3, good.substr(0, 100), StatusCode::kDataLoss,
       "segment 3: header: has 100 bytes, needs 4096"},
      {"some other file", 3, Bytes(8192, 'x'), StatusCode::kDataLoss, "segment 3: header: is not one"},
      {"renamed", 4, good, StatusCode::kDataLoss,
       "segment 4: header: says it is segment 3: the file was renamed or copied over"},
  };
  for (const Row& row : rows) {
    const Result<SegmentHeader> back = decode_segment_header(row.id, row.bytes);
    ASSERT_FALSE(back) << row.why;
    EXPECT_EQ(back.error().code(), row.code) << row.why;
    EXPECT_EQ(back.error().message(), row.message) << row.why;
  }
}

TEST(SegmentFileName, ThereAndBack) {
  EXPECT_EQ(segment_file_name(7), "00000000000000000007.log");
  EXPECT_EQ(parse_segment_file_name("00000000000000000007.log"), 7u);
  EXPECT_EQ(parse_segment_file_name("18446744073709551615.log"), UINT64_MAX);
  for (const char* other : {"", "7.log", "00000000000000000007.log.unfinished", "0000000000000000000x.log",
                            "18446744073709551616.log", "00000000000000000007.txt"}) {
    EXPECT_EQ(parse_segment_file_name(other), std::nullopt) << other;
  }
}

TEST(AllZero, LooksAtEveryByte) {
  EXPECT_TRUE(all_zero(""));
  EXPECT_TRUE(all_zero(Bytes(1, '\0')));
  for (std::size_t at = 0; at < 40; ++at) {
    Bytes bytes(40, '\0');
    EXPECT_TRUE(all_zero(bytes));
    bytes[at] = 1;
    EXPECT_FALSE(all_zero(bytes)) << at;
  }
}

}  // namespace
}  // namespace pando::log::segment_test
