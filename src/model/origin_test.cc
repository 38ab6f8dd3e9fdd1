#include "model/origin.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "model/path.h"

namespace pando::origin_test {
namespace {

TEST(Origin, IsPrintedWithItsEpochWhenNotTheFirst) {
  EXPECT_EQ(to_string(Origin{"dc1", 1}), "dc1");
  EXPECT_EQ(to_string(Origin{"dc1", 2}), "dc1#2");
  EXPECT_EQ(to_string(Dot{Origin{"dc1", 1}, Seq(17)}), "dc1:17");
  EXPECT_EQ(to_string(Dot{Origin{"dc1", 3}, Seq(17)}), "dc1#3:17");
}

TEST(Origin, OrderIsByNameThenEpoch) {
  EXPECT_LT((Origin{"a", 9}), (Origin{"b", 1}));
  EXPECT_LT((Origin{"a", 1}), (Origin{"a", 2}));
  EXPECT_LT((Dot{Origin{"a", 1}, Seq(9)}), (Dot{Origin{"a", 2}, Seq(1)}));
}

TEST(NodeName, Rules) {
  const std::string longest(limits::kNodeNameBytesMax, 'n');
  for (const std::string& good : {std::string("dc1"), std::string("eu-west_1.edge"), std::string("A"), longest}) {
    EXPECT_TRUE(validate_node_name(good).ok()) << good;
  }
  for (const std::string& bad :
       {std::string(), longest + "n", std::string("a b"), std::string("a/b"), std::string("a:b"), std::string("a#2"),
        std::string("\xC3\xA9"), std::string("a\0", 2)}) {
    EXPECT_EQ(validate_node_name(bad).code(), StatusCode::kInvalidArgument) << bad;
  }
}

TEST(Names, RulesOfTablesKeysAndElements) {
  EXPECT_TRUE(validate_table_name("kv").ok());
  EXPECT_TRUE(validate_table_name(".lob").ok());
  EXPECT_TRUE(is_internal_table(".lob"));
  EXPECT_FALSE(is_internal_table("kv"));
  EXPECT_FALSE(validate_table_name("").ok());
  EXPECT_FALSE(validate_table_name("Kv").ok());
  EXPECT_FALSE(validate_table_name(std::string(limits::kTableBytesMax + 1, 't')).ok());

  EXPECT_TRUE(validate_key(Bytes("\0\xFF", 2)).ok()) << "keys are bytes";
  EXPECT_TRUE(validate_key(Bytes(limits::kKeyBytesMax, 'k')).ok());
  EXPECT_EQ(validate_key("").message(), "key is empty");
  EXPECT_EQ(validate_key(Bytes(limits::kKeyBytesMax + 1, 'k')).code(), StatusCode::kTooLarge);
  EXPECT_EQ(validate_key(Bytes(limits::kKeyBytesMax + 1, 'k')).message(), "key has 8193 bytes, the limit is 8192");
  EXPECT_TRUE(validate_element("").ok());
  EXPECT_EQ(validate_element(Bytes(limits::kElementBytesMax + 1, 'e')).code(), StatusCode::kTooLarge);
}

}  // namespace
}  // namespace pando::origin_test
