#include "notify/cursor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/base64.h"
#include "base/crc32c.h"
#include "base/limits.h"
#include "base/prng.h"

namespace pando::notify {
namespace {

using ::testing::HasSubstr;

Dot dot(const char* node, std::uint64_t seq) { return Dot{Origin{node, 1}, Seq(seq)}; }

VersionVector vector_of(std::initializer_list<Dot> dots) {
  VersionVector vector;
  for (const Dot& d : dots) vector.raise(d.origin, d.seq);
  return vector;
}

Cursor sample() {
  return Cursor{Origin{"dc1", 2}, LogPos(300), vector_of({dot("dc1", 7), dot("dc2", 4)}), {{dot("dc2", 5), 3}}};
}

TEST(CursorText, GoldenBytes) {
  // The table in docs/notifications.md shows these bytes.
  const std::string text = cursor_text("ad", sample());
  EXPECT_EQ(text, "AQNkYzECrAICA2RjMQEHA2RjMgEEAQNkYzIBBQP-gHTk");
  EXPECT_EQ(parse_cursor("ad", text).value(), sample());
}

TEST(CursorText, ReadsBackWhatItWrote) {
  const Cursor cursors[] = {
      {Origin{"n", 1}, LogPos(0), {}, {}},  // an empty log
      cursor_at_end({Origin{"dc1", 1}, LogPos(9), vector_of({dot("dc1", 9)})}),
      sample(),
  };
  for (const Cursor& cursor : cursors) {
    EXPECT_EQ(parse_cursor("ns", cursor_text("ns", cursor)).value(), cursor);
  }
}

std::string sealed(std::string_view ns, Bytes body) {
  Writer out(body);
  out.u32(crc32c(ByteSpan(body), crc32c(ns)));
  return base64url_encode(body);
}

TEST(CursorText, RefusesWhatItDidNotWrite) {
  const std::string good = cursor_text("ns", sample());
  std::string flipped = good;
  flipped[10] = flipped[10] == 'A' ? 'B' : 'A';
  const Bytes body = base64url_decode(good)->substr(0, base64url_decode(good)->size() - 4);
  Bytes other_version = body;
  other_version[0] = 2;
  Cursor contradicting = sample();
  contradicting.partial = {{dot("dc2", 4), 1}};  // read in part, and read whole
  Cursor unordered = sample();
  unordered.partial = {{dot("dc2", 6), 1}, {dot("dc2", 5), 1}};
  Cursor nothing_of_it = sample();
  nothing_of_it.partial = {{dot("dc2", 5), 0}};
  Cursor too_many = sample();
  too_many.partial.clear();
  for (std::uint64_t i = 0; i <= limits::kCursorPartialsMax; ++i) too_many.partial.push_back({dot("dc2", 5 + i), 1});

  const struct {
    std::string text;
    const char* why;
  } rows[] = {
      {"", "cut short"},
      {"AAAA", "cut short"},
      {"not a cursor", "illegal base64"},
      {flipped, "checksum"},
      {good.substr(0, good.size() - 4), "checksum"},
      {cursor_text("other", sample()), "checksum"},  // of another namespace
      {sealed("ns", other_version), "version 2 is not known"},
      {sealed("ns", body + "x"), "1 bytes left over"},
      {sealed("ns", body.substr(0, body.size() - 1)), "partial.changes"},
      {cursor_text("ns", contradicting), "read whole"},
      {cursor_text("ns", unordered), "ascending"},
      {cursor_text("ns", nothing_of_it), "is zero"},
      {cursor_text("ns", too_many), "over the limit"},
      {std::string(limits::kCursorTextBytesMax + 1, 'A'), "the limit is 65536"},
  };
  for (const auto& row : rows) {
    const auto parsed = parse_cursor("ns", row.text);
    ASSERT_FALSE(parsed.has_value()) << row.why;
    EXPECT_EQ(parsed.error().code(), StatusCode::kInvalidArgument);
    EXPECT_THAT(parsed.error().message(), ::testing::StartsWith("bad cursor: "));
    EXPECT_THAT(parsed.error().message(), HasSubstr(row.why));
  }
}

TEST(CursorText, SurvivesAnyBytes) {
  Prng prng(7);
  for (int round = 0; round < 20'000; ++round) {
    Bytes body(prng.below(40), '\0');
    for (char& c : body) c = static_cast<char>(prng.below(prng.chance(1, 2) ? 4 : 256));
    const auto parsed = parse_cursor("ns", sealed("ns", body));
    if (!parsed) continue;
    EXPECT_EQ(parse_cursor("ns", cursor_text("ns", *parsed)).value(), *parsed);
  }
}

TEST(Cursor, PassesRecords) {
  Cursor cursor{Origin{"dc1", 1}, LogPos(4), vector_of({dot("dc1", 4)}), {}};
  pass_changes(cursor, dot("dc2", 1), 2);
  pass_changes(cursor, dot("dc2", 1), 5);
  EXPECT_EQ(cursor.pos, LogPos(4)) << "the record was not read whole";
  EXPECT_EQ(changes_read(cursor, dot("dc2", 1)), 5u);
  EXPECT_EQ(changes_read(cursor, dot("dc2", 2)), 0u);
  EXPECT_EQ(changes_read(cursor, dot("dc1", 4)), UINT32_MAX);

  pass_record(cursor, LogPos(5), std::nullopt);  // not a commit
  EXPECT_EQ(changes_read(cursor, dot("dc2", 1)), 5u);
  pass_record(cursor, LogPos(6), dot("dc2", 1));
  EXPECT_TRUE(cursor.partial.empty());
  EXPECT_EQ(cursor.seen, vector_of({dot("dc1", 4), dot("dc2", 1)}));
}

TEST(Cursor, WhereReadingGoesOn) {
  const LogState log{Origin{"dc1", 1}, LogPos(10), vector_of({dot("dc1", 6), dot("dc2", 4)})};
  const struct {
    Cursor cursor;
    bool by_position;
    const char* why;
  } rows[] = {
      {{log.node, LogPos(10), log.seen, {}}, true, "the end"},
      {{log.node, LogPos(3), vector_of({dot("dc1", 2)}), {}}, true, "further back"},
      {{Origin{"dc2", 1}, LogPos(3), vector_of({dot("dc1", 2)}), {}}, false, "of another node"},
      {{Origin{"dc1", 2}, LogPos(3), vector_of({dot("dc1", 2)}), {}}, false, "of another epoch's log"},
      {{log.node, LogPos(11), log.seen, {}}, false, "past the end: the tail was lost"},
      {{log.node, LogPos(9), vector_of({dot("dc1", 7)}), {}}, false, "saw what this log never had"},
  };
  for (const auto& row : rows) EXPECT_EQ(resumes_by_position(row.cursor, log), row.by_position) << row.why;

  const Cursor moved = rebase(sample(), log, LogPos(8));
  EXPECT_EQ(moved.node, log.node);
  EXPECT_EQ(moved.pos, LogPos(7));
  EXPECT_EQ(moved.seen, sample().seen);
  EXPECT_EQ(moved.partial, sample().partial);
  EXPECT_EQ(rebase(sample(), log, LogPos(15)).pos, log.durable) << "knows records that are not durable here yet";
}

}  // namespace
}  // namespace pando::notify
