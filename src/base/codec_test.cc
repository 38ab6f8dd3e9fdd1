#include "base/codec.h"

#include <gtest/gtest.h>

#include <limits>

namespace pando {
namespace {

constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();

Bytes varint(std::uint64_t v) {
  Bytes out;
  Writer(out).varint(v);
  return out;
}

TEST(Codec, GoldenBytes) {
  Bytes out;
  Writer w(out);
  w.u8(0xAB);
  w.u32(0x01020304);
  w.u64(0x0102030405060708);
  w.varint(300);
  w.bytes("abc");
  w.raw("xyz");
  EXPECT_EQ(out,
            "\xAB\x04\x03\x02\x01\x08\x07\x06\x05\x04\x03\x02\x01\xAC\x02\x03"
            "abcxyz");
  EXPECT_EQ(w.size(), out.size());
}

TEST(Codec, SmallPartsHaveTheSameBytes) {
  const Bytes values[] = {
      "", "a", "abc", "abcd", "abcdefg", "12345678", "123456789abcdef", "0123456789abcdef0", Bytes(70, 'x')};
  const UInt128 numbers[] = {0, 1, 127, 128, 300, kMax, UInt128{kMax} + 1, ~UInt128{0}};
  for (const Bytes& value : values) {
    for (const UInt128 number : numbers) {
      Bytes one;
      Writer w(one);
      w.u8(7);
      w.bytes(value);
      w.varint(static_cast<std::uint64_t>(number));
      w.varint128(number);
      Bytes other;
      Writer(other).small(1 + value.size() + 2 * Writer::kVarintBytesMax + Writer::kVarint128BytesMax,
                          [&](RawWriter& raw) {
                            raw.u8(7);
                            raw.bytes(value);
                            raw.varint(static_cast<std::uint64_t>(number));
                            raw.varint128(number);
                          });
      EXPECT_EQ(one, other) << value.size() << " bytes";
    }
  }
}

TEST(Codec, WhatWasWrittenIsRead) {
  Bytes out;
  Writer w(out);
  w.u8(255);
  w.u32(0xFFFFFFFF);
  w.u64(kMax);
  w.varint(kMax);
  w.bytes("");
  w.bytes(Bytes(1000, '\0'));
  w.raw("rest");
  Reader in(out);
  EXPECT_EQ(in.u8("a"), 255);
  EXPECT_EQ(in.u32("b"), 0xFFFFFFFF);
  EXPECT_EQ(in.u64("c"), kMax);
  EXPECT_EQ(in.varint("d"), kMax);
  EXPECT_EQ(in.bytes("e", 10), "");
  EXPECT_EQ(in.bytes("f", 1000), Bytes(1000, '\0'));
  EXPECT_FALSE(in.at_end());
  EXPECT_EQ(in.rest(), "rest");
  EXPECT_TRUE(in.finish().ok());
}

TEST(Codec, VarintLengths) {
  struct Row {
    std::uint64_t value;
    std::size_t bytes;
  };
  for (const Row row : {Row{0, 1}, Row{127, 1}, Row{128, 2}, Row{16383, 2}, Row{16384, 3}, Row{(1ull << 63) - 1, 9},
                        Row{1ull << 63, 10}, Row{kMax, 10}}) {
    const Bytes bytes = varint(row.value);
    EXPECT_EQ(bytes.size(), row.bytes) << row.value;
    Reader in(bytes);
    EXPECT_EQ(in.varint("v"), row.value);
    EXPECT_TRUE(in.finish().ok());
  }
}

TEST(Codec, MalformedInputIsNamed) {
  struct Row {
    const char* why;
    Bytes input;
    void (*read)(Reader&);
    const char* message;
  };
  const Row rows[] = {
      {"nothing there", "", [](Reader& in) { in.u8("x"); }, "offset 0: x: needs 1 bytes, 0 left"},
      {"a word cut short", "abc", [](Reader& in) { in.u32("x"); }, "offset 0: x: needs 4 bytes, 3 left"},
      {"a long word cut short", "abcdefg", [](Reader& in) { in.u64("x"); }, "offset 0: x: needs 8 bytes, 7 left"},
      {"a varint cut short", "\x80", [](Reader& in) { in.varint("x"); }, "offset 1: x: varint is cut short"},
      {"two forms of zero", Bytes("\x80\x00", 2), [](Reader& in) { in.varint("x"); },
       "offset 2: x: varint is longer than needed"},
      {"65 bits", Bytes(9, '\x80') + "\x02", [](Reader& in) { in.varint("x"); },
       "offset 10: x: varint is over 64 bits"},
      {"eleven bytes", Bytes(10, '\x80') + "\x01", [](Reader& in) { in.varint("x"); },
       "offset 10: x: varint is over 64 bits"},
      {"over the caller's limit", "\x05", [](Reader& in) { in.varint_max("x", 4); },
       "offset 1: x: 5 is over the limit of 4"},
      {"a length that promises too much",
       "\x05"
       "abc",
       [](Reader& in) { in.bytes("x", 100); }, "offset 1: x: needs 5 bytes, 3 left"},
      {"a length of 2^64-1", varint(kMax), [](Reader& in) { in.bytes("x", kMax); },
       "offset 10: x: needs 18446744073709551615 bytes, 0 left"},
      {"left over", "ab", [](Reader& in) { in.u8("x"); }, "offset 1: end: 1 bytes left over"},
      {"a rule of the caller's", "ab", [](Reader& in) { in.refuse("x", "is odd"); }, "offset 0: x: is odd"},
  };
  for (const Row& row : rows) {
    Reader in(row.input);
    row.read(in);
    const Status status = in.finish();
    EXPECT_EQ(status.code(), StatusCode::kDataLoss) << row.why;
    EXPECT_EQ(status.message(), row.message) << row.why;
  }
}

TEST(Codec, TheFirstFailureStays) {
  Reader in("\x01\x02");
  EXPECT_EQ(in.u32("first"), 0u);
  EXPECT_EQ(in.u8("second"), 0) << "reads zeros from then on";
  EXPECT_EQ(in.varint("third"), 0u);
  EXPECT_EQ(in.bytes("fourth", 10), "");
  in.refuse("fifth", "whatever");
  EXPECT_FALSE(in.ok());
  EXPECT_EQ(in.status().message(), "offset 0: first: needs 4 bytes, 2 left");
}

}  // namespace
}  // namespace pando
