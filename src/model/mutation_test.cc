#include "model/mutation.h"

#include <gtest/gtest.h>

namespace pando {
namespace {

Mutation full() {
  Mutation made;
  made.kind = Mutation::Kind::kAddMembers;
  made.table = "other";
  made.key = Bytes(40, 'k');
  made.value = Bytes(40, 'v');
  made.columns = {{"name", "value"}};
  made.delta = 7;
  made.units = 8;
  made.members = {"a", "b"};
  made.convert = true;
  made.when = Mutation::When::kIfAbsent;
  made.ttl = TimeToLive{TimeToLive::Kind::kKeep, 0};
  made.detail = TellValue{};
  return made;
}

TEST(Mutation, ClearedOneIsAsANewOne) {
  Mutation made = full();
  made.clear();
  const Mutation fresh;
  EXPECT_EQ(made.kind, fresh.kind);
  EXPECT_EQ(made.table, fresh.table);
  EXPECT_EQ(made.key, fresh.key);
  EXPECT_EQ(made.value, fresh.value);
  EXPECT_EQ(made.columns, fresh.columns);
  EXPECT_EQ(made.delta, fresh.delta);
  EXPECT_TRUE(made.units == fresh.units);
  EXPECT_EQ(made.members, fresh.members);
  EXPECT_EQ(made.convert, fresh.convert);
  EXPECT_EQ(made.when, fresh.when);
  EXPECT_FALSE(made.ttl.has_value());
  EXPECT_EQ(made.detail.index(), fresh.detail.index());
}

TEST(Mutation, ClearedOneKeepsTheMemoryOfWhatIsShortOnly) {
  Mutation made = full();
  made.value = Bytes(1 << 20, 'v');
  made.members.assign(1000, "m");
  made.clear();
  EXPECT_LT(made.value.capacity(), 2048u);
  EXPECT_LT(made.members.capacity(), 100u);
  EXPECT_GE(made.key.capacity(), 40u);
}

}  // namespace
}  // namespace pando
