#include "model/conflict.h"

#include <gtest/gtest.h>

namespace pando::conflict_test {
namespace {

TEST(Conflict, BytesKeepEveryField) {
  Conflict line;
  line.id = {LogPos(17), 2};
  line.kind = Conflict::Kind::kTypeClash;
  line.path = {"kv", "k", CellKind::kField, "f"};
  line.hlc = Hlc{5};
  line.winner = {{}, {}, ValueType::kCounter, std::nullopt};
  line.loser = {{{"dc1", 2}, Seq(3)}, Hlc{4}, ValueType::kValue, Bytes("x")};
  Conflict refused;
  refused.id = {LogPos(18), 0};
  refused.kind = Conflict::Kind::kRefusedStamp;
  refused.loser = {{{"dc3", 1}, Seq(1)}, Hlc{9}, std::nullopt, std::nullopt};
  refused.reason = "too far ahead";
  for (const Conflict& each : {line, refused}) {
    const Bytes bytes = encode_conflict(each);
    const auto again = decode_conflict(each.id, bytes);
    ASSERT_TRUE(again) << again.error().to_string();
    EXPECT_EQ(*again, each);
    for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
      EXPECT_FALSE(decode_conflict(each.id, ByteSpan(bytes).substr(0, cut))) << cut;
    }
    EXPECT_FALSE(decode_conflict(each.id, bytes + "x"));
  }
}

TEST(Conflict, IdsHaveText) {
  EXPECT_EQ(to_string(ConflictId{LogPos(17), 2}), "17-2");
  EXPECT_EQ(*parse_conflict_id("17-2"), (ConflictId{LogPos(17), 2}));
  for (const char* text : {"", "17", "17-", "-2", "017-2", "17-2 ", "+17-2", "99999999999999999999-1"}) {
    EXPECT_FALSE(parse_conflict_id(text)) << text;
  }
}

}  // namespace
}  // namespace pando::conflict_test
