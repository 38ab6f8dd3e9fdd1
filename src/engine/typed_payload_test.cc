#include "engine/typed_payload.h"

#include <gtest/gtest.h>

#include <string>

namespace pando::engine::typed_payload_test {
namespace {

TEST(TypedPayload, KeysSayTheirType) {
  EXPECT_EQ(typed_key("lww:a"), TypedKey::kLww);
  EXPECT_EQ(typed_key("counter:a"), TypedKey::kCounter);
  EXPECT_EQ(typed_key("lwwx"), TypedKey::kNone);
  EXPECT_EQ(typed_key(""), TypedKey::kNone);
}

TEST(TypedPayload, RefusesWhatIsNotOne) {
  struct Row {
    const char* why;
    const char* payload;
  };
  const Row rows[] = {
      {"not JSON", "nope"},
      {"empty", ""},
      {"not an object", "[1]"},
      {"no value", R"({"timestamp":1,"replica":"a"})"},
      {"no timestamp", R"({"value":1,"replica":"a"})"},
      {"a timestamp that is no integer", R"({"value":1,"timestamp":1.5,"replica":"a"})"},
      {"a timestamp over 64 bits", R"({"value":1,"timestamp":99999999999999999999,"replica":"a"})"},
      {"a replica that is no string", R"({"value":1,"timestamp":1,"replica":7})"},
      {"cut short", R"({"value":1,"timestamp":1,"replica":"a")"},
  };
  TypedPayloadParser parser;
  for (const Row& row : rows) EXPECT_FALSE(parser.parse_lww(row.payload)) << row.why;
  for (const char* counter : {R"({"replica":"a","count":-1})", R"({"replica":"a","count":"5"})", R"({"count":5})",
                              R"({"replica":"a","count":9223372036854775808})"}) {
    EXPECT_FALSE(parser.parse_counter(counter)) << counter;
  }
  EXPECT_TRUE(parser.parse_counter(R"({"replica":"a","count":9223372036854775807,"more":[]})"));
}

TEST(TypedPayload, TheOrderOfRegisters) {
  // Each loses against the next.
  const std::string ascending[] = {
      "malformed",
      R"({"value":"z","timestamp":-5,"replica":"z"})",
      R"({"value":"z","timestamp":1,"replica":"a"})",
      R"({"value":"a","timestamp":1,"replica":"b"})",
      R"({"value":"b","timestamp":1,"replica":"b","ignored":1})",  // only the bytes differ: still one order
      R"({"value":"b","timestamp":1,"replica":"b"})",
      R"({"value":"a","timestamp":2,"replica":"a"})",
  };
  TypedPayloadParser parser;
  for (std::size_t i = 0; i < std::size(ascending); ++i) {
    for (std::size_t j = 0; j < std::size(ascending); ++j) {
      EXPECT_EQ(compare_lww(parser, ascending[i], ascending[j]) < 0, i < j) << ascending[i] << " ~ " << ascending[j];
      EXPECT_EQ(compare_lww(parser, ascending[i], ascending[j]) > 0, i > j) << ascending[i] << " ~ " << ascending[j];
    }
  }
}

}  // namespace
}  // namespace pando::engine::typed_payload_test
