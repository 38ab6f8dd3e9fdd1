#include "log/appender.h"

#include <gtest/gtest.h>

#include "log/test_disk.h"

namespace pando::log::appender_test {
namespace {

constexpr std::uint64_t kSmallSegment = 16 * 1024;
// Three fit behind the header of a small segment.
const Bytes kBig(3500, 'b');

AppenderOptions small() {
  AppenderOptions options;
  options.segment_bytes = kSmallSegment;
  return options;
}

TEST(Appender, NumbersRecordsFromOne) {
  TestDisk disk;
  DrivenLog log(disk);
  EXPECT_EQ(log.appender().appended(), LogPos(0));
  EXPECT_EQ(log.append("a").value(), LogPos(1));
  EXPECT_EQ(log.append("b").value(), LogPos(2));
  EXPECT_EQ(log.appender().appended(), LogPos(2));
  EXPECT_EQ(log.appender().durable(), LogPos(0));
  ASSERT_TRUE(log.settle());
  EXPECT_EQ(log.appender().durable(), LogPos(2));
  EXPECT_EQ(log.index().last(), LogPos(2));
}

TEST(Appender, WhatArrivesDuringAWriteGoesInTheNext) {
  TestDisk disk;
  DrivenLog log(disk);
  log.append_all({"first"});
  Appender& appender = log.appender();

  ASSERT_TRUE(log.append("a"));
  const auto one = appender.take_write();
  ASSERT_TRUE(one);
  ASSERT_TRUE(log.append("b"));
  ASSERT_TRUE(log.append("c"));
  EXPECT_FALSE(appender.take_write()) << "one write in flight at a time";
  EXPECT_EQ(appender.durable(), LogPos(1));
  appender.written({});
  EXPECT_EQ(appender.durable(), LogPos(2));

  const auto both = appender.take_write();
  ASSERT_TRUE(both);
  EXPECT_EQ(both->offset, one->offset + one->bytes.size());
  EXPECT_EQ(both->bytes.size(), 2 * record_bytes(1));
  // What each says was durable when it was handed out.
  const SegmentSeed seed(both->segment_id);
  EXPECT_EQ(parse_record(seed, both->bytes).record.durable_before(), LogPos(2));
  EXPECT_EQ(parse_record(seed, ByteSpan(both->bytes).substr(record_bytes(1))).record.durable_before(), LogPos(2));
}

TEST(Appender, RunsAheadOfTheDiskWhereTheSystemHasWhatIsBefore) {
  TestDisk disk;
  DrivenLog log(disk);
  log.append_all({"first"});
  Appender& appender = log.appender();
  appender.run_ahead();

  ASSERT_TRUE(log.append("a"));
  const auto one = appender.take_write(true);
  ASSERT_TRUE(one);
  ASSERT_TRUE(log.append("b"));
  EXPECT_FALSE(appender.take_write(true)) << "the system may not have the one before";
  appender.handed_over();
  EXPECT_FALSE(appender.take_write()) << "nobody asked to run ahead";
  const auto two = appender.take_write(true);
  ASSERT_TRUE(two);
  EXPECT_EQ(two->offset, one->offset + one->bytes.size());
  EXPECT_EQ(parse_record(SegmentSeed(two->segment_id), two->bytes).record.durable_before(), LogPos(1))
      << "it says nothing of the one that is still in flight";
  EXPECT_EQ(appender.handed_out(), LogPos(3));
  EXPECT_EQ(appender.durable(), LogPos(1));
  appender.written({});
  EXPECT_EQ(appender.durable(), LogPos(2));
  appender.written({});
  EXPECT_EQ(appender.durable(), LogPos(3));
  EXPECT_TRUE(appender.idle());
}

TEST(Appender, WhatSaysThatAllBeforeItIsDurableDoesNotRunAhead) {
  TestDisk disk;
  DrivenLog log(disk, small());
  log.append_all({"first"});
  Appender& appender = log.appender();
  ASSERT_TRUE(log.append("a"));
  ASSERT_TRUE(appender.take_write(true));
  appender.handed_over();
  ASSERT_TRUE(log.append("before run_ahead()"));
  appender.run_ahead();
  EXPECT_FALSE(appender.take_write(true)) << "its record says so";
  appender.written({});
  ASSERT_TRUE(appender.take_write(true));
  appender.handed_over();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(log.append(kBig));
  while (const auto write = appender.take_write(true)) {
    EXPECT_EQ(write->segment_id, 1u) << "the header of a new segment says so";
    appender.handed_over();
  }
  EXPECT_FALSE(appender.idle());
}

TEST(Appender, OfWritesBehindOneThatFailedNothingIsSaid) {
  TestDisk disk;
  DrivenLog log(disk);
  log.append_all({"first"});
  Appender& appender = log.appender();
  appender.run_ahead();
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(log.append("x"));
    ASSERT_TRUE(appender.take_write(true));
    appender.handed_over();
  }
  appender.written(Status(StatusCode::kIoError, "no"));
  appender.written({});
  EXPECT_EQ(appender.durable(), LogPos(1));
  EXPECT_FALSE(appender.failure().ok());
}

TEST(Appender, OneWriteIsBounded) {
  TestDisk disk;
  AppenderOptions options;
  options.write_bytes_max = 1000;
  DrivenLog log(disk, options);
  log.append_all({"first"});
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(log.append(Bytes(100, 'x')));
  ASSERT_TRUE(log.append(Bytes(5000, 'y')));
  std::vector<std::size_t> sizes;
  while (const auto write = log.appender().take_write()) {
    sizes.push_back(write->bytes.size());
    log.appender().written({});
  }
  // Seven of 128 bytes fit in 1000; a record that is larger goes alone.
  EXPECT_EQ(sizes, (std::vector<std::size_t>{7 * 128, 7 * 128, 6 * 128, record_bytes(5000)}));
}

TEST(Appender, AsksForTheNextSegmentAheadOfNeed) {
  TestDisk disk;
  DrivenLog log(disk, small());
  Appender& appender = log.appender();
  const auto first = appender.take_prepare(log.now());
  ASSERT_TRUE(first) << "a fresh log needs one at once";
  EXPECT_EQ(first->segment_id, 1u);
  EXPECT_EQ(first->bytes_total, kSmallSegment);
  EXPECT_FALSE(appender.take_prepare(log.now())) << "one at a time";
  EXPECT_TRUE(disk.prepare(1, kSmallSegment).ok());
  appender.prepared(1, {}, log.now());
  EXPECT_FALSE(appender.take_prepare(log.now())) << "nothing is used yet";
  ASSERT_TRUE(log.append("x"));
  const auto second = appender.take_prepare(log.now());
  ASSERT_TRUE(second) << "the header alone fills a quarter of this small one";
  EXPECT_EQ(second->segment_id, 2u);
}

TEST(Appender, AHeaderSaysWhatCameBefore) {
  TestDisk disk;
  DrivenLog log(disk, small());
  log.append_all({kBig, kBig, kBig, kBig});
  EXPECT_EQ(log.starts(), 2) << "asked once per segment, never per record";
  const Result<SegmentHeader> header = decode_segment_header(2, disk.segments.at(2));
  ASSERT_TRUE(header);
  EXPECT_EQ(header->first, LogPos(4));
  EXPECT_EQ(header->previous_id, 1u);
  EXPECT_EQ(header->previous_bytes, kSegmentHeaderBytes + 3 * record_bytes(kBig.size()));
  EXPECT_EQ(header->start.context.get(Origin{"n1", 1}), Seq(3));
  EXPECT_EQ(header->start.changes, 6u);
}

TEST(Appender, TakesRecordsWhileASegmentIsBeingPrepared) {
  TestDisk disk;
  DrivenLog log(disk, small());
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(log.append(kBig));
  EXPECT_FALSE(log.appender().take_write()) << "no segment is ready";
  ASSERT_TRUE(log.settle());
  EXPECT_EQ(log.appender().durable(), LogPos(10));
  EXPECT_EQ(log.index().segments().size(), 4u);
}

TEST(Appender, ARecordLargerThanASegmentGetsALargerOne) {
  TestDisk disk;
  DrivenLog log(disk, small());
  const Bytes huge(100'000, 'h');
  log.append_all({"small", huge, "after"});
  EXPECT_EQ(log.appender().durable(), LogPos(3));
  EXPECT_GT(disk.segments.at(2).size(), huge.size());
  EXPECT_EQ(log.read_from(LogPos(1), 1 << 20).value(), (std::vector<Bytes>{"small", huge, "after"}));
}

TEST(Appender, RefusesWhenTooMuchIsPending) {
  TestDisk disk;
  AppenderOptions options;
  options.pending_bytes_max = 10'000;
  DrivenLog log(disk, options);
  ASSERT_TRUE(log.append(Bytes(20'000, 'x'))) << "one is always taken when nothing waits";
  const Result<LogPos> refused = log.append("y");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), StatusCode::kOverloaded);
  ASSERT_TRUE(log.settle());
  EXPECT_EQ(log.append("y").value(), LogPos(2)) << "the refused one took no number";
}

TEST(Appender, RefusesARecordOverTheLimit) {
  TestDisk disk;
  DrivenLog log(disk);
  EXPECT_EQ(log.append(Bytes(kRecordBodyBytesMax + 1, 'x')).error().code(), StatusCode::kTooLarge);
}

TEST(Appender, AFullDiskRefusesCleanlyAndRecovers) {
  TestDisk disk;
  DrivenLog log(disk, small());
  log.append_all({"x"});  // has prepared the second segment too
  disk.full = true;
  int taken = 0;
  Result<LogPos> last = LogPos(0);
  for (; taken < 100; ++taken) {
    last = log.append(kBig);
    if (!last) break;
    ASSERT_TRUE(log.settle()) << "what was taken has a place on the disk";
  }
  EXPECT_EQ(taken, 6) << "three more in the first segment, three in the second";
  EXPECT_EQ(last.error().code(), StatusCode::kUnavailable);
  EXPECT_NE(last.error().message().find("disk full"), std::string::npos) << last.error().message();
  EXPECT_EQ(log.appender().durable(), LogPos(7));
  EXPECT_TRUE(log.append("but a small one still fits"));

  disk.full = false;
  EXPECT_TRUE(log.settle());
  EXPECT_FALSE(log.append(kBig)) << "not asked again before the retry time";
  ASSERT_TRUE(log.appender().retry_at());
  log.pass(Duration::seconds(1));
  EXPECT_GE(log.now(), *log.appender().retry_at());
  ASSERT_TRUE(log.settle());
  ASSERT_TRUE(log.append(kBig));
  ASSERT_TRUE(log.settle());
  EXPECT_EQ(log.appender().durable(), LogPos(9));
}

TEST(Appender, AFailedWriteIsFinal) {
  TestDisk disk;
  DrivenLog log(disk);
  log.append_all({"kept"});
  disk.broken = true;
  ASSERT_TRUE(log.append("lost"));
  EXPECT_FALSE(log.settle());
  disk.broken = false;
  EXPECT_FALSE(log.settle()) << "never tried again: what a second fsync says proves nothing";
  const Result<LogPos> refused = log.append("more");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), StatusCode::kIoError);
  EXPECT_NE(refused.error().message().find("fdatasync"), std::string::npos);
  EXPECT_EQ(log.appender().durable(), LogPos(1));
  EXPECT_FALSE(log.appender().take_prepare(log.now()));
}

}  // namespace
}  // namespace pando::log::appender_test
