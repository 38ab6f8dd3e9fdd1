#include "store/batch.h"

#include <gtest/gtest.h>

#include <string>

namespace pando::store {
namespace {

std::string walk(const Batch& batch) {
  std::string text;
  for (const auto& [key, value] : batch) {
    text.append(key).append(value ? "=" : "!").append(value.value_or("")).append(" ");
  }
  return text;
}

TEST(Batch, KeepsEntriesInOrder) {
  Batch batch{{"a", "1"}, {"b", std::nullopt}};
  batch.put("c", "");
  batch.erase("a");
  batch.put("", "no key");
  EXPECT_EQ(walk(batch), "a=1 b! c= a! =no key ");
  EXPECT_EQ(batch.size(), 5u);
  EXPECT_EQ(batch.bytes(), 11u);
}

TEST(Batch, KeepsAnythingOfAnySize) {
  const Bytes large(3 << 20, 'x');
  const Bytes middling(700 << 10, 'y');
  Batch batch;
  for (const char* key : {"1", "2", "3"}) batch.put(key, middling);
  batch.put("large", large);
  batch.put("a", "after it");
  std::string keys;
  for (const auto& [key, value] : batch) {
    keys.append(key).append(" ");
    EXPECT_EQ(*value, key == "large" ? ByteSpan(large) : key == "a" ? ByteSpan("after it") : ByteSpan(middling));
  }
  EXPECT_EQ(keys, "1 2 3 large a ");
}

TEST(Batch, ACopyIsItsOwn) {
  Batch one{{"a", "1"}};
  Batch two = one;
  one.put("b", "2");
  two.put("c", Bytes(2 << 20, 'z'));
  two.erase_if([](const Batch::Entry& entry) { return entry.key == "c"; });
  two.erase("d");
  EXPECT_EQ(walk(one), "a=1 b=2 ");
  EXPECT_EQ(walk(two), "a=1 d! ");
  one.clear();
  EXPECT_TRUE(one.empty());
  EXPECT_EQ(one.bytes(), 0u);
  EXPECT_EQ(walk(one), "");
}

}  // namespace
}  // namespace pando::store
