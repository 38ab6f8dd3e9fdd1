#include "store/checkpoint_meta.h"

#include <gtest/gtest.h>

namespace pando::store::checkpoint_meta_test {
namespace {

using namespace std::string_literals;

CheckpointMeta example() {
  CheckpointMeta meta;
  meta.covered = LogPos(300);
  meta.replay_segment = 2;
  meta.self = {"dc1", 2};
  meta.context.raise({"dc1", 2}, Seq(299));
  meta.context.raise({"dc2", 1}, Seq(1));
  meta.set_chain({"dc2", 1}, 0xBB);
  meta.set_chain({"dc1", 2}, 0xAA);
  meta.hlc_floor = Hlc{0x0102};
  meta.changes = 5;
  return meta;
}

TEST(CheckpointMeta, ComesBack) {
  const auto back = decode_checkpoint_meta(encode_checkpoint_meta(example()));
  ASSERT_TRUE(back) << back.error().to_string();
  EXPECT_EQ(*back, example());
  const auto fresh = decode_checkpoint_meta(encode_checkpoint_meta(CheckpointMeta{}));
  ASSERT_TRUE(fresh) << fresh.error().to_string();
  EXPECT_EQ(*fresh, CheckpointMeta{}) << "a relayer that has seen nothing has no name yet";
}

// clang-format off
TEST(CheckpointMeta, GoldenBytes) {
  EXPECT_EQ(encode_checkpoint_meta(example()),
            "\x01" "\x34\xE5\x4B\x90"                              // version, checksum
            "\xAC\x02" "\x02" "\x03" "dc1\x02"                     // covered, replay_segment, self
            "\x02" "\x03" "dc1\x02\xAB\x02" "\x03" "dc2\x01\x01"  // context
            "\x02" "\x03" "dc1\x02" "\xAA\0\0\0\0\0\0\0"           // chains
                   "\x03" "dc2\x01" "\xBB\0\0\0\0\0\0\0"
            "\x02\x01\0\0\0\0\0\0" "\x05"s);                       // hlc_floor, changes
}

TEST(CheckpointMeta, GoldenBytesOfACluster) {
  CheckpointMeta meta = example();
  meta.cluster = "staging";
  const Bytes bytes =
            "\x04" "\x64\x2C\x21\x3F"                              // version, checksum
            "\xAC\x02" "\x02" "\x03" "dc1\x02"                     // covered, replay_segment, self
            "\x02" "\x03" "dc1\x02\xAB\x02" "\x03" "dc2\x01\x01"  // context
            "\x02" "\x03" "dc1\x02" "\xAA\0\0\0\0\0\0\0"           // chains
                   "\x03" "dc2\x01" "\xBB\0\0\0\0\0\0\0"
            "\x02\x01\0\0\0\0\0\0" "\x05"                          // hlc_floor, changes
            "\0" "\x01" "\x01"                                    // relaxed, publishes, takes
            "\x07" "staging"s;                                    // cluster
  EXPECT_EQ(encode_checkpoint_meta(meta), bytes);
  const auto back = decode_checkpoint_meta(bytes);
  ASSERT_TRUE(back) << back.error().to_string();
  EXPECT_EQ(*back, meta);
}
// clang-format on

TEST(CheckpointMeta, Chains) {
  CheckpointMeta meta = example();
  EXPECT_EQ(meta.chain({"dc1", 2}), 0xAAu);
  EXPECT_EQ(meta.chain({"dc1", 1}), 0u) << "another epoch is another origin";
  meta.set_chain({"dc1", 2}, 7);
  EXPECT_EQ(meta.chain({"dc1", 2}), 7u);
  EXPECT_EQ(meta.chains.size(), 2u);
}

TEST(CheckpointMeta, DamageIsNamed) {
  const Bytes good = encode_checkpoint_meta(example());
  for (std::size_t i = 1; i < good.size(); ++i) {
    Bytes bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 0x40);
    const auto meta = decode_checkpoint_meta(bad);
    ASSERT_FALSE(meta) << "byte " << i;
    ASSERT_EQ(meta.error().code(), StatusCode::kDataLoss);
    ASSERT_FALSE(decode_checkpoint_meta(ByteSpan(good).substr(0, i))) << "cut to " << i;
  }
}

TEST(CheckpointMeta, AnswersThatRanAheadMakeItANewFormat) {
  CheckpointMeta relaxed = example();
  relaxed.relaxed = true;
  const Bytes bytes = encode_checkpoint_meta(relaxed);
  EXPECT_EQ(bytes[0], 2) << "a program that would not begin a new epoch refuses it";
  const auto back = decode_checkpoint_meta(bytes);
  ASSERT_TRUE(back) << back.error().to_string();
  EXPECT_EQ(*back, relaxed);
  Bytes mixed = encode_checkpoint_meta(example());
  mixed[0] = 2;
  EXPECT_EQ(decode_checkpoint_meta(mixed).error().code(), StatusCode::kDataLoss);
}

TEST(CheckpointMeta, TablesThatAreNotHeldMakeItANewFormat) {
  for (const bool relaxed : {false, true}) {
    CheckpointMeta parts = example();
    parts.relaxed = relaxed;
    parts.set_tables({TableSet::of({"alerts"}), TableSet{}});
    const Bytes bytes = encode_checkpoint_meta(parts);
    EXPECT_EQ(bytes[0], 3) << "a program that would take the rest for deleted refuses it";
    const auto back = decode_checkpoint_meta(bytes);
    ASSERT_TRUE(back) << back.error().to_string();
    EXPECT_EQ(*back, parts);
  }
}

TEST(CheckpointMeta, AClusterMakesItANewFormat) {
  CheckpointMeta cluster = example();
  cluster.cluster = "staging";
  const Bytes bytes = encode_checkpoint_meta(cluster);
  EXPECT_EQ(bytes[0], 4) << "a program that would link it with any other refuses it";
  const auto back = decode_checkpoint_meta(bytes);
  ASSERT_TRUE(back) << back.error().to_string();
  EXPECT_EQ(*back, cluster);
}

TEST(CheckpointMeta, AScopeThatGrewMakesItANewFormat) {
  CheckpointMeta grown = example();
  grown.set_tables({TableSet::of({"alerts"}), TableSet::of({"kv", "limits"})});
  grown.growth.holds = TableSet::of({"kv"});
  EXPECT_TRUE(grown.arrives("limits"));
  const Bytes bytes = encode_checkpoint_meta(grown);
  EXPECT_EQ(bytes[0], 5) << "a program that would show what is not there refuses it";
  const auto back = decode_checkpoint_meta(bytes);
  ASSERT_TRUE(back) << back.error().to_string();
  EXPECT_EQ(*back, grown);
  grown.growth.holds = grown.tables.subscribe;
  EXPECT_EQ(encode_checkpoint_meta(grown)[0], 3);
}

TEST(CheckpointMeta, AStoreOfALaterProgramIsRefusedAsSuch) {
  Bytes later = encode_checkpoint_meta(example());
  later[0] = 6;
  const auto meta = decode_checkpoint_meta(later);
  ASSERT_FALSE(meta);
  EXPECT_EQ(meta.error().code(), StatusCode::kUnimplemented);
  EXPECT_NE(meta.error().message().find("format 6"), std::string::npos);
}

}  // namespace
}  // namespace pando::store::checkpoint_meta_test
