// What is cut is joined to the same; anything else in between is refused by name.
#include "repl/parts.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/check.h"
#include "base/codec.h"

namespace pando::repl::parts_test {
namespace {

// The content of a Body with one commit of `bytes`.
Bytes content_of(std::size_t bytes, char fill = 'c') {
  Bytes packed;
  Writer(packed).bytes(Bytes(bytes, fill));
  return encode_body_content(LogPos(9), 1, packed);
}

// The same, of this size in all: the commit is what the other fields leave it.
Bytes content_sized(std::size_t size) {
  for (std::size_t bytes = size;; --bytes) {
    Bytes content = content_of(bytes);
    if (content.size() == size) return content;
    CHECK(content.size() > size);
  }
}

struct Joined {
  Status status;
  std::optional<Bytes> commit;  // the only one of the body that became whole
};

Joined put(BodyJoiner& joiner, const Bytes& bytes) {
  const Result<Frame> frame = decode_frame(bytes);
  CHECK(frame.has_value());
  if (const Body* body = std::get_if<Body>(&*frame)) {
    Status status = joiner.add(*body);
    if (!status.ok()) return {std::move(status), {}};
    return {{}, Bytes(std::get<ByteSpan>(body->items.at(0)))};
  }
  const Result<std::optional<Body>> body = joiner.add(std::get<BodyPart>(*frame));
  if (!body) return {body.error(), {}};
  if (!*body) return {};
  EXPECT_EQ((*body)->sender_pos, LogPos(9));
  return {{}, Bytes(std::get<ByteSpan>((*body)->items.at(0)))};
}

TEST(Parts, WhatIsCutIsJoined) {
  struct Row {
    const char* why;
    std::size_t content_bytes;
    std::size_t part_bytes;
    std::size_t frames;
  };
  const Row rows[] = {
      {"small: one frame", 100, 100, 1},      {"twice the part is not worth cutting", 200, 100, 1},
      {"a byte more is", 201, 100, 3},        {"parts of equal size", 300, 100, 3},
      {"a large one", 1'000'000, 32'768, 31},
  };
  for (const Row& row : rows) {
    const Bytes content = content_sized(row.content_bytes);
    BodyCutter cutter;
    cutter.add(content);
    cutter.add(content_of(50, 'd'));
    BodyJoiner joiner;
    std::size_t frames = 0;
    std::optional<Bytes> commit;
    while (!commit) {
      const std::size_t before = cutter.bytes();
      const Bytes frame = cutter.next(row.part_bytes);
      EXPECT_LE(frame.size(), 2 * row.part_bytes + 32) << row.why;
      EXPECT_LT(cutter.bytes(), before);
      const Joined joined = put(joiner, frame);
      ASSERT_TRUE(joined.status.ok()) << row.why << ": " << joined.status.to_string();
      commit = joined.commit;
      ++frames;
    }
    EXPECT_EQ(frames, row.frames) << row.why;
    EXPECT_EQ(commit->find_first_not_of('c'), Bytes::npos) << row.why;
    EXPECT_EQ(put(joiner, cutter.next(row.part_bytes)).commit, Bytes(50, 'd')) << "the next follows";
    EXPECT_TRUE(cutter.empty());
    EXPECT_EQ(cutter.bytes(), 0u);
  }
}

TEST(Parts, SizesMayChangeOnTheWay) {
  BodyCutter cutter;
  cutter.add(content_of(10'000));
  BodyJoiner joiner;
  std::optional<Bytes> commit;
  for (std::size_t size = 7; !commit; size = size * 3 % 1000 + 1) commit = put(joiner, cutter.next(size)).commit;
  EXPECT_EQ(*commit, Bytes(10'000, 'c'));
}

TEST(Parts, WhatIsOutOfPlaceIsRefused) {
  const Bytes content = content_of(300);
  const auto part = [&content](std::uint64_t number, std::size_t offset) {
    return encode_frame(BodyPart{number, content.size(), offset, ByteSpan(content).substr(offset, 100)});
  };
  const Bytes junk(300, 'x');
  struct Row {
    const char* why;
    std::vector<Bytes> frames;  // the last is the wrong one
    StatusCode code;
    const char* message;
  };
  const Row rows[] = {
      {"the first was lost",
       {encode_body(2, content)},
       StatusCode::kDataLoss,
       "frame 2 of commits came where 1 is next"},
      {"numbers begin at 1", {encode_body(0, content)}, StatusCode::kDataLoss, "frame 0 of commits"},
      {"a frame came twice", {encode_body(1, content), encode_body(1, content)}, StatusCode::kDataLoss, "frame 1 of"},
      {"a part was lost", {part(1, 0), part(3, 200)}, StatusCode::kDataLoss, "frame 3 of commits came where 2 is next"},
      {"the last parts were lost", {part(1, 0), encode_body(4, content)}, StatusCode::kDataLoss, "frame 4 of commits"},
      {"a body between parts",
       {part(1, 0), encode_body(2, content)},
       StatusCode::kInvalidArgument,
       "a body came after 100 of 304 bytes of another"},
      {"it begins in the middle", {part(1, 100)}, StatusCode::kInvalidArgument, "body part 100 of 304 came where 0 of"},
      {"it begins again",
       {part(1, 0), part(2, 0)},
       StatusCode::kInvalidArgument,
       "body part 0 of 304 came where 100 of 304 is next"},
      {"it left something out", {part(1, 0), part(2, 200)}, StatusCode::kInvalidArgument, "came where 100 of 304"},
      {"it is of another body",
       {part(1, 0), encode_frame(BodyPart{2, 999, 100, "x"})},
       StatusCode::kInvalidArgument,
       "body part 100 of 999 came where 100 of 304 is next"},
      {"whole, and no body", {encode_frame(BodyPart{1, 300, 0, junk})}, StatusCode::kDataLoss, "joined parts: offset"},
  };
  for (const Row& row : rows) {
    BodyJoiner joiner;
    for (std::size_t i = 0; i < row.frames.size(); ++i) {
      const Joined joined = put(joiner, row.frames[i]);
      if (i + 1 < row.frames.size()) {
        ASSERT_TRUE(joined.status.ok()) << row.why;
        continue;
      }
      EXPECT_EQ(joined.status.code(), row.code) << row.why;
      EXPECT_NE(joined.status.message().find(row.message), std::string::npos)
          << row.why << ": " << joined.status.message();
    }
  }
}

TEST(Parts, ARefusalDropsWhatWaits) {
  BodyCutter cutter;
  cutter.add(content_of(300));
  cutter.next(100);
  cutter.clear();
  EXPECT_TRUE(cutter.empty());
  EXPECT_EQ(cutter.bytes(), 0u);
}

}  // namespace
}  // namespace pando::repl::parts_test
