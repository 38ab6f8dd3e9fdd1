#include "model/cut.h"

#include <gtest/gtest.h>

namespace pando::cut_test {
namespace {

Cut sample() {
  Cut cut;
  cut.context.raise({"dc1", 1}, Seq(7));
  cut.context.raise({"dc2", 3}, Seq(300));
  cut.chains = {0x1122334455667788, 5};
  cut.hlc_floor = Hlc{0x0102};
  cut.marks = {{"kv", Freed::kNothing}, {"users", Freed::kKeys}};
  return cut;
}

std::string hex(ByteSpan bytes) {
  std::string text;
  for (const char c : bytes) {
    constexpr char kDigits[] = "0123456789abcdef";
    text += kDigits[static_cast<unsigned char>(c) >> 4];
    text += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

// docs/formats/log.md shows these.
TEST(Cut, GoldenBytes) {
  EXPECT_EQ(hex(encode_cut_record({2, sample()})),
            "02"
            "00"
            "02"
            "036463310107"
            "0364633203ac02"
            "8877665544332211"
            "0500000000000000"
            "0201000000000000"
            "02"
            "026b7600"
            "05757365727301");
  Bytes packed;
  Writer out(packed);
  encode(CutCell{"k", Bytes("abc")}, out);
  encode(CutCell{"l", std::nullopt}, out);
  EXPECT_EQ(hex(encode_cut_cells(2, packed)),
            "02"
            "016b0103616263"
            "016c00");
}

TEST(Cut, ReadsBackWhatItWrote) {
  const Result<CutRecord> record = decode_cut_record(encode_cut_record({2, sample()}));
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->records, 2u);
  EXPECT_EQ(record->cut, sample());
  Bytes packed;
  Writer out(packed);
  const std::vector<CutCell> cells = {{"k", Bytes("abc")}, {"l", std::nullopt}};
  for (const CutCell& cell : cells) encode(cell, out);
  std::vector<CutCell> read;
  ASSERT_TRUE(decode_cut_cells(encode_cut_cells(2, packed), read).ok());
  EXPECT_EQ(read, cells);
}

TEST(Cut, AnArrivalIsReadAsItWasWritten) {
  const ArrivalRecord record{2, 3, TableSet::of({"limits"}), sample()};
  const Bytes whole = encode_arrival_record(record);
  EXPECT_EQ(hex(ByteSpan(whole).substr(0, 11)),
            "0203000106"
            "6c696d697473")
      << "cells, commits, tables";
  const Result<ArrivalRecord> back = decode_arrival_record(whole);
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->cells, 2u);
  EXPECT_EQ(back->commits, 3u);
  EXPECT_EQ(back->tables, record.tables);
  EXPECT_EQ(back->cut, record.cut);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(decode_arrival_record(ByteSpan(whole).substr(0, size)).has_value()) << size;
  }
}

TEST(Cut, RefusesWhatIsMalformed) {
  const Bytes whole = encode_cut_record({2, sample()});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(decode_cut_record(ByteSpan(whole).substr(0, size)).has_value()) << size;
  }
  EXPECT_FALSE(decode_cut_record(whole + "x").has_value());
  Bytes unknown = whole;
  unknown[1] = 2;
  EXPECT_FALSE(decode_cut_record(unknown).has_value()) << "joined in a way nobody knows";
  EXPECT_EQ(decode_cut_record(encode_cut_record({2, sample(), CutRecord::How::kMend}))->how, CutRecord::How::kMend);
  std::vector<CutCell> cells;
  EXPECT_FALSE(decode_cut_cells(Bytes("\x01\x01k\x02", 4), cells).ok()) << "neither there nor absent";
}

}  // namespace
}  // namespace pando::cut_test
