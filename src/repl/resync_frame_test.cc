#include "repl/resync_frame.h"

#include <gtest/gtest.h>

#include "repl/frame.h"

namespace pando::repl::resync_frame_test {
namespace {

std::string hex(ByteSpan bytes) {
  std::string text;
  for (const char c : bytes) {
    constexpr char kDigits[] = "0123456789abcdef";
    text += kDigits[static_cast<unsigned char>(c) >> 4];
    text += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

VersionVector up_to(std::uint64_t seq) {
  VersionVector vector;
  vector.raise({"dc1", 1}, Seq(seq));
  return vector;
}

struct Golden {
  const char* name;
  ResyncFrame frame;
  const char* bytes;  // without the checksum
};

std::vector<Golden> goldens() {
  return {
      {"gap", Gap{up_to(7)},
       "1000"
       "01036463310107"},
      {"cut ask", CutAsk{300},
       "1100"
       "ac02"},
      {"cut", CutHeld{300, {up_to(7), {5}, Hlc{2}, {{"kv", Freed::kKeys}}}},
       "1200"
       "ac02"
       "01036463310107"
       "0500000000000000"
       "0200000000000000"
       "01"
       "026b7601"},
      {"range ask", RangeAsk{300, 4, "a", "b", 256},
       "1300"
       "ac02"
       "04"
       "0161"
       "0162"
       "8002"},
      {"digests", Digests{300, 4, {{"b", 9, 2}}},
       "1400"
       "ac02"
       "04"
       "01"
       "0162"
       "0900000000000000"
       "02"},
      {"cells", Cells{300, 4, "b", {{"a1", 300, 128, "xy"}}},
       "1500"
       "ac02"
       "04"
       "0162"
       "01"
       "026131"
       "ac02"
       "8001"
       "027879"},
      {"cut over", CutOver{300, CutOver::Why::kNotHeld},
       "1600"
       "ac02"
       "01"},
  };
}

// docs/formats/replication.md shows these.
TEST(ResyncFrame, GoldenBytes) {
  for (const Golden& golden : goldens()) {
    const std::string frame = hex(encode_frame(golden.frame));
    EXPECT_EQ(frame.substr(0, 4) + frame.substr(12), golden.bytes) << golden.name;
    const Result<Frame> decoded = decode_frame(encode_frame(golden.frame));
    ASSERT_TRUE(decoded.has_value()) << golden.name << ": " << decoded.error().to_string();
    EXPECT_EQ(hex(encode_frame(std::get<ResyncFrame>(*decoded))), frame) << golden.name;
  }
}

TEST(ResyncFrame, RefusesWhatIsMalformed) {
  for (const Golden& golden : goldens()) {
    Bytes body;
    Writer out(body);
    encode_resync(golden.frame, out);
    for (std::size_t size = 0; size < body.size(); ++size) {
      Reader in(ByteSpan(body).substr(0, size));
      (void)decode_resync(kind_of(golden.frame), in);
      EXPECT_FALSE(in.finish().ok()) << golden.name << " cut to " << size;
    }
  }
  const auto refused = [](const ResyncFrame& frame) {
    const Result<Frame> decoded = decode_frame(encode_frame(frame));
    return decoded ? std::string() : decoded.error().message();
  };
  EXPECT_NE(refused(RangeAsk{1, 1, "b", "b", 0}), "") << "an empty range";
  EXPECT_NE(refused(Digests{1, 1, {}}), "") << "no part";
  EXPECT_NE(refused(Digests{1, 1, {{"b", 0, 0}, {"a", 0, 0}}}), "") << "parts out of order";
  EXPECT_NE(refused(Cells{1, 1, "c", {{"b", 1, 0, "x"}, {"a", 1, 0, "x"}}}), "") << "cells out of order";
  EXPECT_NE(refused(Cells{1, 1, "c", {{"a", 1, 1, "x"}}}), "") << "a piece beyond its cell";
}

}  // namespace
}  // namespace pando::repl::resync_frame_test
