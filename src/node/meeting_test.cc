#include "node/meeting.h"

#include <gtest/gtest.h>

namespace pando::node::meeting_test {
namespace {

using namespace std::string_literals;

VersionVector seen(const char* node, std::uint64_t seq) {
  VersionVector vector;
  vector.raise({node, 1}, Seq(seq));
  return vector;
}
CellPath end_of(const char* key) { return {"kv", key, CellKind::kExpiry, ""}; }

MeetingNews example() {
  MeetingNews news;
  news.begins = true;
  news.more.before = seen("dc1", 7);
  news.more.catching_up = seen("dc2", 300);
  news.more.strangers[{"dc3", 2}] = {Seq(9), seen("dc1", 5)};
  news.more.keys.insert({"kv", "k", CellKind::kRegister, ""});
  news.more.ends.insert(end_of("k"));
  news.more.cleared[end_of("z")] = seen("dc1", 6);
  news.more.unseen.insert(end_of("u"));
  return news;
}

TEST(Meeting, ComesBack) {
  const auto back = decode_meeting_news(encode(example()));
  ASSERT_TRUE(back) << back.error().to_string();
  EXPECT_TRUE(back->begins);
  EXPECT_EQ(back->more, example().more);
  MeetingNews plain = example();
  plain.begins = false;
  plain.more.before = {};
  const auto again = decode_meeting_news(encode(plain));
  ASSERT_TRUE(again) << again.error().to_string();
  EXPECT_FALSE(again->begins);
  EXPECT_EQ(again->more, plain.more);
}

// clang-format off
TEST(Meeting, GoldenBytes) {
  EXPECT_EQ(encode(example()),
            "\x01" "\x01\x03" "dc1\x01\x07"                            // begins, before
            "\x01\x03" "dc2\x01\xAC\x02"                                // catching_up
            "\x01" "\x03" "dc3\x02\x09" "\x01\x03" "dc1\x01\x05"        // strangers
            "\x01" "\x02" "kv\x01" "k\x01\0"                            // keys
            "\x01" "\x02" "kv\x01" "k\x06\0"                            // ends
            "\x01" "\x02" "kv\x01" "z\x06\0" "\x01\x03" "dc1\x01\x06"   // cleared
            "\x01" "\x02" "kv\x01" "u\x06\0"s);                           // unseen
}
// clang-format on

TEST(Meeting, MalformedBytesAreNamed) {
  const Bytes whole = encode(example());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(decode_meeting_news(ByteSpan(whole).substr(0, size))) << size;
  }
  EXPECT_FALSE(decode_meeting_news(whole + "x"));
  EXPECT_FALSE(decode_meeting_news("\x02" + whole.substr(1)));
  MeetingNews twice;
  twice.more.keys.insert({"kv", "k", CellKind::kRegister, ""});
  Bytes body = encode(twice);
  const Bytes path("\x02kv\x01k\x01\0", 7);
  const std::size_t at = body.find(path);
  ASSERT_NE(at, Bytes::npos);
  body[at - 1] = 2;
  body.insert(at, path);
  const auto refused = decode_meeting_news(body);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message().find("meeting.keys: not ascending"), std::string::npos)
      << refused.error().to_string();
}

TEST(Meeting, ANewOneLeavesWhatTheLastOneHadSettled) {
  Meeting meeting;
  add(meeting, example());
  MeetingNews more;
  more.more.keys.insert({"kv", "more", CellKind::kRegister, ""});
  add(meeting, more);
  EXPECT_EQ(meeting.keys.size(), 2u);
  EXPECT_EQ(meeting.before, seen("dc1", 7)) << "it is the same meeting";

  MeetingNews anew;
  anew.begins = true;
  anew.more.before = seen("dc1", 20);
  anew.more.keys.insert({"kv", "other", CellKind::kRegister, ""});
  add(meeting, anew);
  EXPECT_EQ(meeting.before, seen("dc1", 20));
  ASSERT_EQ(meeting.keys.size(), 1u) << "with the new `before` more would be given up of the others";
  EXPECT_EQ(meeting.keys.begin()->key, "other");
  EXPECT_TRUE(meeting.ends.empty());
  EXPECT_EQ(meeting.strangers.size(), 1u) << "until they vouch";
  EXPECT_EQ(meeting.cleared.size(), 1u);
}

}  // namespace
}  // namespace pando::node::meeting_test
