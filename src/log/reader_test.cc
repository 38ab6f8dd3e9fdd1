#include "log/reader.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "log/test_disk.h"

namespace pando::log::reader_test {
namespace {

AppenderOptions segments_of(std::uint64_t bytes) {
  AppenderOptions options;
  options.segment_bytes = bytes;
  return options;
}

std::vector<Bytes> bodies(int count, std::size_t bytes) {
  std::vector<Bytes> all;
  for (int i = 1; i <= count; ++i) all.push_back(fmt::format("{:06}-", i) + Bytes(bytes, 'v'));
  return all;
}

std::vector<Bytes> from(const std::vector<Bytes>& all, std::size_t pos) {
  return {all.begin() + static_cast<std::ptrdiff_t>(pos) - 1, all.end()};
}

TEST(Reader, NearTheEndComesFromMemory) {
  TestDisk disk;
  DrivenLog log(disk);
  const std::vector<Bytes> all = bodies(50, 100);
  log.append_all(all);
  for (const std::size_t pos : {1u, 2u, 49u, 50u}) {
    EXPECT_EQ(log.read_from(LogPos(pos), 1000).value(), from(all, pos)) << pos;
  }
  EXPECT_EQ(log.read_from(LogPos(51), 1000).value(), std::vector<Bytes>());
  EXPECT_EQ(log.disk_reads(), 0);
}

TEST(Reader, OnlyDurableRecordsAreGivenOut) {
  TestDisk disk;
  DrivenLog log(disk);
  log.append_all({"durable"});
  ASSERT_TRUE(log.append("pending"));
  ASSERT_TRUE(log.appender().take_write());
  EXPECT_EQ(log.read_from(LogPos(1), 1000).value(), std::vector<Bytes>{"durable"});
  EXPECT_EQ(log.read_from(LogPos(2), 1000).value(), std::vector<Bytes>());
  log.appender().written({});
  EXPECT_EQ(log.read_from(LogPos(2), 1000).value(), std::vector<Bytes>{"pending"});
}

// After a restart nothing is in memory. Every start, over small and large steps and several segments.
TEST(Reader, OldRecordsComeFromTheDisk) {
  TestDisk disk;
  const std::vector<Bytes> all = bodies(900, 300);
  DrivenLog(disk, segments_of(100'000)).append_all(all);
  for (const std::size_t bytes_max : {1u, 5'000u, 1'000'000u}) {
    DrivenLog log(disk, segments_of(100'000));
    for (const std::size_t pos : {1u, 2u, 250u, 251u, 899u, 900u, 901u}) {
      EXPECT_EQ(log.read_from(LogPos(pos), bytes_max).value(), from(all, pos)) << pos << ", " << bytes_max;
    }
  }
}

TEST(Reader, ARecordLargerThanOneReadIsReadWhole) {
  TestDisk disk;
  const std::vector<Bytes> all = {"small", Bytes(3'000'000, 'h'), "after"};
  DrivenLog(disk).append_all(all);
  DrivenLog log(disk);
  for (std::size_t pos = 1; pos <= 3; ++pos) {
    EXPECT_EQ(log.read_from(LogPos(pos), 1000).value(), from(all, pos)) << pos;
  }
}

// Of old segments only the header is known at first: walked once, found at once from then on.
TEST(Reader, LearnsWhereRecordsLie) {
  TestDisk disk;
  const std::vector<Bytes> all = bodies(20'000, 300);
  DrivenLog(disk, segments_of(16 << 20)).append_all(all);
  Index index;
  index.open(*decode_segment_header(1, disk.segments.at(1)));
  index.extend(LogPos(all.size()), kSegmentHeaderBytes + all.size() * record_bytes(307));
  const Tail empty;
  Reader reader(index, empty);
  const auto reads = [&](LogPos pos) {
    int count = 0;
    ReadStep step = reader.read(pos, 1000).value();
    while (auto* plan = std::get_if<ReadPlan>(&step)) {
      ++count;
      step = reader.parse(*plan, disk.segments.at(1).substr(plan->offset, plan->bytes)).value();
    }
    EXPECT_EQ(std::get<log::Run>(step).records.front().body, all[pos.value - 1]);
    return count;
  };
  EXPECT_GT(reads(LogPos(19'000)), 3);
  EXPECT_EQ(reads(LogPos(19'000)), 1);
  EXPECT_EQ(reads(LogPos(7'000)), 1);
}

TEST(Reader, WhatTheLogNoLongerHoldsIsGone) {
  TestDisk disk;
  DrivenLog(disk, segments_of(10'000)).append_all(bodies(100, 300));
  Index index;
  index.open(*decode_segment_header(3, disk.segments.at(3)));
  index.extend(LogPos(100), 9000);
  const Tail empty;
  const Result<ReadStep> step = Reader(index, empty).read(LogPos(1), 1000);
  ASSERT_FALSE(step);
  EXPECT_EQ(step.error().code(), StatusCode::kGone);
  EXPECT_NE(step.error().message().find("record 1 is no longer in the log"), std::string::npos);
}

TEST(Reader, DamageOnTheDiskIsNamed) {
  TestDisk disk;
  const std::vector<Bytes> all = bodies(100, 300);
  DrivenLog(disk).append_all(all);
  DrivenLog log(disk);
  // Rots after recovery looked at it.
  const std::uint64_t offset = kSegmentHeaderBytes + 49 * record_bytes(all[0].size());
  disk.segments.at(1)[offset + 30] ^= 4;
  const auto read = log.read_from(LogPos(40), 100'000);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code(), StatusCode::kDataLoss);
  EXPECT_EQ(read.error().message(), fmt::format("segment 1: record 50 at offset {}: bad checksum", offset));
}

TEST(Reader, ParseNeverTrustsTheBytes) {
  TestDisk disk;
  DrivenLog(disk).append_all(bodies(20, 100));
  DrivenLog log(disk);
  const auto plan = std::get<ReadPlan>(log.reader().read(LogPos(3), 1000).value());
  const Bytes right = disk.segments.at(1).substr(plan.offset, plan.bytes);
  struct Row {
    const char* why;
    Bytes bytes;
  };
  const Row rows[] = {
      {"nothing", ""},
      {"too little", right.substr(1)},
      {"zeros", Bytes(right.size(), '\0')},
      {"from another place", right.substr(record_bytes(107)) + right.substr(0, record_bytes(107))},
  };
  for (const Row& row : rows) {
    const Result<ReadStep> step = log.reader().parse(plan, row.bytes);
    ASSERT_FALSE(step) << row.why;
    EXPECT_EQ(step.error().code(), StatusCode::kDataLoss) << row.why;
  }
}

TEST(Index, WhereAReaderMustStart) {
  TestDisk disk;
  DrivenLog log(disk, segments_of(10'000));
  log.append_all(bodies(60, 300));
  const auto& segments = log.index().segments();
  ASSERT_GE(segments.size(), 3u);
  const std::uint64_t second = segments[1].header.first.value;
  const auto seen = [](std::uint64_t n) {
    VersionVector vector;
    vector.raise(Origin{"n1", 1}, Seq(n));
    vector.raise(Origin{"other", 1}, Seq(9));
    return vector;
  };
  struct Row {
    const char* why;
    VersionVector context;
    std::uint64_t start;
  };
  const Row rows[] = {
      {"knows nothing", VersionVector(), 1},
      {"lacks the last of the first segment", seen(second - 2), 1},
      {"has just the first segment", seen(second - 1), second},
      {"has some of the second", seen(second), second},
      {"has more than there is", seen(1000), segments.back().header.first.value},
  };
  for (const Row& row : rows) EXPECT_EQ(log.index().first_lacking(row.context), LogPos(row.start)) << row.why;

  Index without_first;
  without_first.open(segments[1].header);
  EXPECT_EQ(without_first.first_lacking(seen(1)), std::nullopt) << "this log cannot serve it";
}

TEST(Index, KeepsOneMarkAboutEvery64KiB) {
  Index index;
  SegmentHeader header;
  header.segment_id = 1;
  header.first = LogPos(1);
  header.header_bytes = kSegmentHeaderBytes;
  index.open(header);
  index.extend(LogPos(10'000), kSegmentHeaderBytes + 10'000 * 100);
  for (int round = 0; round < 2; ++round) {  // told twice, kept once
    for (std::uint64_t i = 0; i < 10'000; ++i) index.mark({LogPos(i + 1), 1, kSegmentHeaderBytes + i * 100});
  }
  EXPECT_EQ(index.segments()[0].marks.size(), 1'000'000 / kIndexEveryBytes);
  for (const std::uint64_t pos : {1u, 500u, 656u, 657u, 9'999u, 10'000u}) {
    const Location at = index.floor(LogPos(pos));
    EXPECT_LE(at.pos, LogPos(pos));
    EXPECT_EQ(at.offset, kSegmentHeaderBytes + (at.pos.value - 1) * 100);
    EXPECT_LT((pos - at.pos.value) * 100, kIndexEveryBytes + 200);
  }
}

TEST(Tail, IsBoundedAndKeepsTheNewest) {
  Tail tail(1000);
  for (std::uint64_t i = 1; i <= 10; ++i) {
    Block block;
    block.first = block.last = LogPos(i);
    block.bytes = std::make_shared<const Bytes>(Bytes(300, 'x'));
    tail.push(block);
  }
  EXPECT_EQ(tail.bytes(), 900u);
  EXPECT_EQ(tail.find(LogPos(7)), nullptr);
  ASSERT_NE(tail.find(LogPos(8)), nullptr);
  EXPECT_EQ(tail.find(LogPos(11)), nullptr);
  const std::shared_ptr<const Bytes> held = tail.find(LogPos(8))->bytes;
  Block large;
  large.first = LogPos(11);
  large.last = LogPos(20);
  large.bytes = std::make_shared<const Bytes>(Bytes(5000, 'y'));
  tail.push(large);
  EXPECT_EQ(tail.find(LogPos(10)), nullptr);
  EXPECT_NE(tail.find(LogPos(15)), nullptr) << "the newest is kept, however large";
  EXPECT_EQ(held->size(), 300u) << "what was handed out stays alive";
}

}  // namespace
}  // namespace pando::log::reader_test
