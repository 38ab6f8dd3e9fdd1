#include "model/backup.h"

#include <gtest/gtest.h>

#include "base/crc32c.h"

namespace pando::backup_test {
namespace {

BackupHeader header() {
  BackupHeader head;
  head.ns = "ad";
  head.cluster = "clone-1";
  head.node = {"dc1", 2};
  head.pos = LogPos(17);
  head.at_ms = 1'700'000'000'000;
  head.cut.context.raise({"dc1", 1}, Seq(3));
  head.cut.chains = {0x1122334455667788};
  head.cut.hlc_floor = Hlc{42};
  head.cut.marks = {{"kv", Freed::kKeys}};
  return head;
}

Bytes file() {
  BackupWriter writer;
  Bytes bytes = writer.begin(header());
  writer.add("\x01kv", "state one");
  writer.add("\x01kw", "state two");
  bytes += writer.take_block();
  writer.add("\x01kx", "");
  bytes += writer.end();
  return bytes;
}

struct Found {
  std::optional<BackupHeader> head;
  std::vector<CutCell> cells;
  Status status;
};

// Fed so many bytes at a time.
Found read(ByteSpan bytes, std::size_t at_once) {
  Found found;
  BackupReader reader;
  for (std::size_t at = 0; at < bytes.size(); at += at_once) {
    reader.add(bytes.substr(at, at_once));
    for (;;) {
      auto block = reader.next();
      if (!block) {
        found.status = block.error();
        return found;
      }
      if (!*block) break;
      if (auto* head = std::get_if<BackupHeader>(&**block)) found.head = *head;
      if (auto* cells = std::get_if<std::vector<CutCell>>(&**block)) {
        found.cells.insert(found.cells.end(), cells->begin(), cells->end());
      }
    }
  }
  found.status = reader.finish();
  return found;
}

TEST(Backup, ReadsBackWhatWasWritten) {
  const Bytes bytes = file();
  for (const std::size_t at_once : {std::size_t{1}, std::size_t{7}, bytes.size()}) {
    const Found found = read(bytes, at_once);
    ASSERT_TRUE(found.status.ok()) << found.status.message();
    EXPECT_EQ(found.head, header());
    EXPECT_EQ(found.cells, (std::vector<CutCell>{{"\x01kv", "state one"}, {"\x01kw", "state two"}, {"\x01kx", ""}}));
  }
}

TEST(Backup, BytesStayAsTheyAre) {
  const Bytes bytes = file();
  EXPECT_EQ(bytes.substr(0, 9), "PANDOBAKH");
  EXPECT_EQ(crc32c(bytes), 0xCD7F68D9u) << "golden";
}

// A flipped bit anywhere, and an end anywhere, are found and named by their place.
TEST(Backup, EveryDamageIsFound) {
  const Bytes whole = file();
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      Bytes bytes = whole;
      bytes[at] = static_cast<char>(bytes[at] ^ 1 << bit);
      const Found found = read(bytes, bytes.size());
      ASSERT_EQ(found.status.code(), StatusCode::kDataLoss) << at << " " << bit;
      ASSERT_NE(found.status.message().find("offset"), std::string::npos) << found.status.message();
    }
  }
  for (std::size_t bytes = 0; bytes < whole.size(); ++bytes) {
    const Found found = read(ByteSpan(whole).substr(0, bytes), whole.size());
    ASSERT_EQ(found.status.code(), StatusCode::kDataLoss) << bytes;
    ASSERT_NE(found.status.message().find(std::to_string(bytes)), std::string::npos) << found.status.message();
  }
  EXPECT_EQ(read(whole + "x", whole.size() + 1).status.code(), StatusCode::kDataLoss);
}

// A block is bound to its place: the same file with two blocks swapped, or one left out, is another file.
TEST(Backup, BlocksAreBoundToTheirPlace) {
  BackupWriter writer;
  const Bytes head = writer.begin(header());
  writer.add("a", "1");
  const Bytes one = writer.take_block();
  writer.add("b", "2");
  const Bytes two = writer.take_block();
  const Bytes end = writer.end();
  EXPECT_TRUE(read(head + one + two + end, 1000).status.ok());
  for (const Bytes& bytes :
       {head + two + one + end, head + two + end, head + one + one + two + end, head + one + end}) {
    EXPECT_EQ(read(bytes, 1000).status.code(), StatusCode::kDataLoss);
  }
}

}  // namespace
}  // namespace pando::backup_test
