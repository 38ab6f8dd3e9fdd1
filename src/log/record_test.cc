#include "log/record.h"

#include <gtest/gtest.h>

#include "base/crc32c.h"

namespace pando::log::record_test {
namespace {

RecordHeader header_of(std::uint64_t pos, std::uint32_t index, RecordKind kind = RecordKind::kCommit) {
  RecordHeader header;
  header.pos = LogPos(pos);
  header.kind = kind;
  header.index_in_write = index;
  return header;
}

Bytes record_of(std::uint64_t segment, std::uint64_t pos, std::uint32_t index, ByteSpan body) {
  Bytes out;
  append_record(SegmentSeed(segment), header_of(pos, index), body, out);
  return out;
}

Bytes unhex(std::string_view text) {
  Bytes out;
  int high = -1;
  for (const char c : text) {
    if (c == ' ' || c == '\n') continue;
    const int digit = c <= '9' ? c - '0' : c - 'a' + 10;
    if (high >= 0) out.push_back(static_cast<char>(high << 4 | digit));
    high = high >= 0 ? -1 : digit;
  }
  return out;
}

// The example of docs/formats/log.md: once written, never changed.
TEST(Record, GoldenBytes) {
  const Bytes record = record_of(3, 1234, 2, "hello");
  const Bytes golden = unhex(
      "59 9c df e8 4d cf 06 4f d2 04 00 00 00 00 00 00 "
      "05 00 00 00 02 00 00 43 68 65 6c 6c 6f 00 00 e7");
  EXPECT_EQ(record, golden);
  EXPECT_EQ(record.size(), record_bytes(5));
}

// Of the cluster `staging`: bytes(name), as `node/` encodes it.
TEST(Record, GoldenBytesOfACluster) {
  Bytes record;
  append_record(SegmentSeed(1), header_of(2, 0, RecordKind::kCluster), "\x07staging", record);
  EXPECT_EQ(record, unhex("0a ff 53 2e 78 89 af f9 02 00 00 00 00 00 00 00 "
                          "08 00 00 00 00 00 00 55 07 73 74 61 67 69 6e 67 "
                          "00 00 00 00 00 00 00 e7"));
}

TEST(Record, SizesAreWholeWordsAndEndInTheEndMark) {
  struct Row {
    std::size_t body, total;
  };
  // A body of 7 just leaves room for the end mark; one of 8 does not.
  for (const Row row : {Row{0, 32}, Row{1, 32}, Row{7, 32}, Row{8, 40}, Row{15, 40}, Row{16, 48}}) {
    const Bytes record = record_of(1, 1, 0, Bytes(row.body, 'x'));
    EXPECT_EQ(record.size(), row.total) << row.body;
    EXPECT_EQ(static_cast<std::uint8_t>(record.back()), kRecordEnd);
  }
}

TEST(Record, ComesBackAsItWas) {
  for (const std::size_t size : {0u, 1u, 7u, 8u, 100u, 5000u}) {
    const Bytes body(size, 'b');
    Bytes bytes;
    append_record(SegmentSeed(9), header_of(77, 5, RecordKind::kIdentity), body, bytes);
    bytes += "whatever follows";
    const Parsed parsed = parse_record(SegmentSeed(9), bytes);
    ASSERT_EQ(parsed.found, Found::kRecord) << size;
    EXPECT_EQ(parsed.record.pos, LogPos(77));
    EXPECT_EQ(parsed.record.kind, RecordKind::kIdentity);
    EXPECT_EQ(parsed.record.body, body);
    EXPECT_EQ(parsed.record.durable_before(), LogPos(71));
    const RecordView trusted = trusted_record(bytes);
    EXPECT_EQ(trusted.pos, LogPos(77));
    EXPECT_EQ(trusted.body, body);
  }
}

TEST(Record, EveryFlippedBitIsFound) {
  const Bytes whole = record_of(3, 1234, 2, "a body of some length");
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    Bytes bytes = whole;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
    EXPECT_NE(parse_record(SegmentSeed(3), bytes).found, Found::kRecord) << "bit " << bit;
  }
}

TEST(Record, IsValidInItsOwnSegmentOnly) {
  EXPECT_EQ(parse_record(SegmentSeed(4), record_of(3, 1, 0, "x")).found, Found::kBadHeader);
}

TEST(Record, CutShort) {
  const Bytes whole = record_of(3, 10, 0, "twelve bytes");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Parsed parsed = parse_record(SegmentSeed(3), ByteSpan(whole).substr(0, size));
    EXPECT_EQ(parsed.found, size < kRecordHeaderBytes ? Found::kBadHeader : Found::kShort) << size;
    // The header alone says how much more to read.
    if (parsed.found == Found::kShort) {
      EXPECT_EQ(parsed.header.bytes(), whole.size());
    }
  }
}

TEST(Record, ZerosAreNoRecord) { EXPECT_EQ(parse_record(SegmentSeed(1), Bytes(64, '\0')).found, Found::kBadHeader); }

TEST(Record, KindsThisVersionMayStepOver) {
  EXPECT_TRUE(is_readable(RecordKind::kClose));
  EXPECT_TRUE(is_readable(static_cast<RecordKind>('q')));
  EXPECT_FALSE(is_readable(static_cast<RecordKind>('X')));
  EXPECT_FALSE(is_readable(static_cast<RecordKind>(1)));
  EXPECT_EQ(record_kind_name(RecordKind::kClose), "close");
  EXPECT_EQ(record_kind_name(static_cast<RecordKind>('X')), "kind-88");
}

}  // namespace
}  // namespace pando::log::record_test
