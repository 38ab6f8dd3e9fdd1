#include "model/lob_manifest.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace pando::lob_manifest_test {
namespace {

using namespace std::string_literals;

const LobManifest kManifest{"up1", 300'000, 2, 0x01020304};

TEST(LobManifest, GoldenBytes) {
  EXPECT_EQ(encode_lob_manifest(kManifest),
            "\x01"
            "\x03up1"
            "\xE0\xA7\x12"
            "\x02"
            "\x04\x03\x02\x01"s);
  EXPECT_EQ(chunk_element(0x0102), "\0\0\0\0\0\0\x01\x02"s);
  EXPECT_EQ(chunk_path("up1", 1), (CellPath{".lob", "up1", CellKind::kField, "\0\0\0\0\0\0\0\x01"s}));
}

TEST(LobManifest, ChunksLieInOrder) {
  for (const std::uint64_t index : {0u, 1u, 255u, 256u, 65'535u, 65'536u}) {
    EXPECT_LT(chunk_element(index), chunk_element(index + 1)) << index;
  }
}

TEST(LobManifest, DecodingTakesBackWhatWasEncodedAndNothingElse) {
  const Bytes good = encode_lob_manifest(kManifest);
  EXPECT_EQ(decode_lob_manifest(good).value(), kManifest);
  for (std::size_t size = 0; size < good.size(); ++size) {
    ASSERT_FALSE(decode_lob_manifest(ByteSpan(good).substr(0, size))) << "cut to " << size;
  }
  LobManifest many = kManifest;
  many.chunk_count = limits::kLobChunksMax + 1;
  LobManifest nameless = kManifest;
  nameless.upload = "";
  for (const auto& [bytes, why] :
       {std::pair(good + "x", "bytes left over"), std::pair("\x02" + good.substr(1), "another version"),
        std::pair(encode_lob_manifest(many), "too many chunks"), std::pair(encode_lob_manifest(nameless), "no upload"),
        std::pair("any value a peer may write"s, "not a manifest")}) {
    const auto manifest = decode_lob_manifest(bytes);
    ASSERT_FALSE(manifest) << why;
    EXPECT_EQ(manifest.error().code(), StatusCode::kDataLoss) << why;
  }
}

}  // namespace
}  // namespace pando::lob_manifest_test
