#include "model/table_growth.h"

#include <gtest/gtest.h>

namespace pando::table_growth_test {
namespace {

TEST(TableGrowth, AScopeThatNeverGrewHoldsWhatItTakes) {
  const TableScope scope{TableSet::of({"alerts"}), TableSet::of({"kv"})};
  const TableGrowth none = TableGrowth::none(scope);
  EXPECT_FALSE(none.arrives(scope, "kv"));
  EXPECT_FALSE(none.arrives(scope, "limits"));
  EXPECT_FALSE(none.arrives(scope, ".tables")) << "internal ones go everywhere";
  EXPECT_EQ(TableGrowth(), TableGrowth::none(TableScope{}));
}

TEST(TableGrowth, WhatIsTakenAndNotHeldArrives) {
  TableScope scope{TableSet::of({}), TableSet::of({"kv"})};
  TableGrowth growth = TableGrowth::none(scope);
  scope.subscribe = TableSet{};
  EXPECT_FALSE(growth.arrives(scope, "kv"));
  EXPECT_FALSE(growth.arrives(scope, ".merge")) << "goes with kv";
  EXPECT_TRUE(growth.arrives(scope, "lob"));
  EXPECT_TRUE(growth.arrives(scope, ".uploads")) << "goes with lob";
  EXPECT_FALSE(growth.arrives(scope, ".vouches"));
}

TEST(TableGrowth, TheRecordIsReadAsItWasWritten) {
  ScopeRecord record{{TableSet::of({"alerts"}), TableSet::of({"kv", "limits"})},
                     {TableSet::of({"kv"}), TableSet::of({"kv"}), {}, LogPos(9), true, {}}};
  record.growth.upto.raise({"dc1", 1}, Seq(7));
  const Bytes whole = encode_scope_record(record);
  const Result<ScopeRecord> back = decode_scope_record(whole);
  ASSERT_TRUE(back.has_value()) << back.error().to_string();
  EXPECT_EQ(back->scope, record.scope);
  EXPECT_EQ(back->growth, record.growth);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(decode_scope_record(ByteSpan(whole).substr(0, size)).has_value()) << size;
  }
  record.growth.holds = TableSet::of({"row"});
  EXPECT_FALSE(decode_scope_record(encode_scope_record(record)).has_value()) << "held and not taken";
}

}  // namespace
}  // namespace pando::table_growth_test
