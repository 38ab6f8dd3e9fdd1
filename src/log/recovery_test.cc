#include "log/recovery.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "log/test_disk.h"

namespace pando::log::recovery_test {
namespace {

// Small enough that every byte of it can be broken in turn.
AppenderOptions small() {
  AppenderOptions options;
  options.segment_bytes = 12 * 1024;
  return options;
}

std::vector<Bytes> bodies(int first, int last, std::size_t bytes = 40) {
  std::vector<Bytes> all;
  for (int i = first; i <= last; ++i) all.push_back(fmt::format("{:05}-", i) + Bytes(bytes, 'v'));
  return all;
}

// Everything a log was told, and how much of it was durable.
struct Written {
  TestDisk disk;
  std::vector<Bytes> bodies;
};

// Two segments and a half, by single and by grouped writes.
Written some_log(bool close) {
  Written log;
  DrivenLog driven(log.disk, small());
  log.bodies = bodies(1, 12, 1500);
  driven.append_all({log.bodies.begin(), log.bodies.begin() + 7});
  for (std::size_t i = 7; i < log.bodies.size(); ++i) CHECK(driven.append(log.bodies[i]).has_value());
  CHECK(driven.settle());
  if (close) {
    CHECK(driven.close());
    log.bodies.push_back("");
  }
  return log;
}

void expect_is_whole(DrivenLog<TestDisk>& log, const std::vector<Bytes>& expected) {
  EXPECT_TRUE(log.found().damage.ok()) << log.found().damage.to_string();
  EXPECT_EQ(log.recovered(), expected);
  EXPECT_EQ(log.found().last, LogPos(expected.size()));
}

// What the user was promised: all that was durable is there and nothing is made up, or the damage has a name.
::testing::AssertionResult is_prefix_or_named(const DrivenLog<TestDisk>& log, const std::vector<Bytes>& all,
                                              std::size_t durable) {
  const std::vector<Bytes>& got = log.recovered();
  if (got.size() > all.size() || !std::equal(got.begin(), got.end(), all.begin())) {
    return ::testing::AssertionFailure() << "records that were never written";
  }
  const Status& damage = log.found().damage;
  if (!damage.ok()) {
    const bool named = damage.code() == StatusCode::kDataLoss && damage.message().find("segment ") == 0;
    return named ? ::testing::AssertionSuccess() : ::testing::AssertionFailure() << damage.to_string();
  }
  if (got.size() < durable) return ::testing::AssertionFailure() << "only " << got.size() << " of " << durable;
  return ::testing::AssertionSuccess();
}

// Appends after recovery, recovers again: still what there was, and the new records.
::testing::AssertionResult goes_on(TestDisk disk, std::vector<Bytes> before) {
  {
    DrivenLog log(disk, small());
    log.append_all({"new 1", "new 2"});
  }
  before.insert(before.end(), {"new 1", "new 2"});
  const DrivenLog log(disk, small());
  if (!log.found().damage.ok()) return ::testing::AssertionFailure() << log.found().damage.to_string();
  return log.recovered() == before ? ::testing::AssertionSuccess() : ::testing::AssertionFailure() << "other records";
}

TEST(Recovery, OfAFreshLog) {
  TestDisk disk;
  DrivenLog log(disk);
  expect_is_whole(log, {});
  EXPECT_TRUE(log.found().clean);
  EXPECT_EQ(log.index().first_lacking({}), LogPos(1));
}

TEST(Recovery, AfterACleanClose) {
  Written written = some_log(true);
  const std::size_t segments = written.disk.segments.size();
  DrivenLog log(written.disk, small());
  expect_is_whole(log, written.bodies);
  EXPECT_TRUE(log.found().clean);
  EXPECT_EQ(log.found().torn_bytes, 0u);
  log.append_all({"goes on"});
  EXPECT_EQ(written.disk.segments.size(), segments) << "in the same segment";
  written.bodies.push_back("goes on");
  DrivenLog again(written.disk, small());
  expect_is_whole(again, written.bodies);
  EXPECT_FALSE(again.found().clean) << "the close is not the last record any more";
}

TEST(Recovery, AfterAKillWithNothingInFlight) {
  Written written = some_log(false);
  DrivenLog log(written.disk, small());
  expect_is_whole(log, written.bodies);
  EXPECT_FALSE(log.found().clean);
  EXPECT_EQ(log.found().torn_bytes, 0u);
  EXPECT_TRUE(goes_on(written.disk, written.bodies));
}

TEST(Recovery, UsesASegmentThatWasPreparedAndNeverUsed) {
  Written written = some_log(false);
  ASSERT_TRUE(written.disk.prepare(written.disk.segments.rbegin()->first + 1, 12 * 1024).ok());
  ASSERT_TRUE(written.disk.prepare(written.disk.segments.rbegin()->first + 1, 12 * 1024).ok());
  written.disk.prepares = 0;
  DrivenLog log(written.disk, small());
  expect_is_whole(log, written.bodies);
  EXPECT_GT(log.found().append_at.prepared_bytes, 0u);
  log.append_all(bodies(1, 5, 1500));
  EXPECT_EQ(written.disk.prepares, 1) << "the second next, replaced";
}

TEST(Recovery, HandsOnOnlyWhatTheStoreLacks) {
  Written written = some_log(true);
  DrivenLog log(written.disk, small(), LogPos(9));
  EXPECT_TRUE(log.found().damage.ok());
  EXPECT_EQ(log.recovered(), (std::vector<Bytes>(written.bodies.begin() + 9, written.bodies.end())));
}

TEST(Recovery, HeadersOfOldSegmentsSuffice) {
  Written written = some_log(true);
  const Index whole = [&] {
    DrivenLog log(written.disk, small());
    return log.index();
  }();
  const Index::Segment& third = whole.segments().at(2);
  std::vector<Bytes> got;
  Recovery recovery({LogPos(third.header.first.value - 1), 3}, [&](const RecordView& record) {
    got.emplace_back(record.body);
    return Status();
  });
  for (const auto& [id, bytes] : written.disk.segments) {
    ASSERT_TRUE(recovery.feed(id, ByteSpan(bytes).substr(0, id < 3 ? kSegmentHeaderBytes : bytes.size())).ok());
  }
  Recovered found = recovery.finish();
  EXPECT_TRUE(found.damage.ok()) << found.damage.to_string();
  EXPECT_EQ(got.size(), written.bodies.size() - third.header.first.value + 1);
  ASSERT_EQ(found.index.segments().size(), whole.segments().size());
  for (std::size_t i = 0; i < whole.segments().size(); ++i) {
    EXPECT_EQ(found.index.segments()[i].last, whole.segments()[i].last);
    EXPECT_EQ(found.index.segments()[i].bytes, whole.segments()[i].bytes);
  }
  EXPECT_EQ(found.index.last(), whole.last());
}

// A log whose last write was in flight when the power went.
struct InFlight {
  const char* why;
  int durable;             // records before it
  std::size_t body_bytes;  // of those
  int in_write;
  std::size_t in_write_bytes;

  TestDisk disk;
  std::vector<Bytes> all;
  SegmentWrite write;

  void run() {
    DrivenLog log(disk, small());
    CHECK(log.settle());
    all = bodies(1, durable, body_bytes);
    log.append_all(all);
    for (const Bytes& body : bodies(durable + 1, durable + in_write, in_write_bytes)) {
      CHECK(log.append(body).has_value());
      all.push_back(body);
    }
    write = *log.appender().take_write();
  }
};

std::vector<InFlight> in_flight_cases() {
  std::vector<InFlight> cases = {
      {"one record", 5, 40, 1, 40, {}, {}, {}},
      {"five records in one sector or two", 5, 40, 5, 40, {}, {}, {}},
      {"records over several sectors", 5, 40, 4, 1200, {}, {}, {}},
      {"the first write of all", 0, 40, 3, 40, {}, {}, {}},
      {"a header and two records, behind a full segment", 5, 1400, 2, 1200, {}, {}, {}},
  };
  for (InFlight& one : cases) one.run();
  return cases;
}

void expect_survives(const InFlight& row, TestDisk crashed, const std::string& how) {
  const DrivenLog found(crashed, small());
  ASSERT_TRUE(found.found().damage.ok()) << row.why << ", " << how << ": " << found.found().damage.to_string();
  ASSERT_TRUE(is_prefix_or_named(found, row.all, static_cast<std::size_t>(row.durable))) << row.why << ", " << how;
  ASSERT_TRUE(goes_on(crashed, found.recovered())) << row.why << ", " << how;
}

TEST(Recovery, EveryPrefixOfTheLastWrite) {
  for (const InFlight& row : in_flight_cases()) {
    for (std::size_t cut = 0; cut <= row.write.bytes.size(); ++cut) {
      TestDisk crashed = row.disk;
      crashed.cut(row.write, cut);
      expect_survives(row, crashed, fmt::format("cut at {}", cut));
    }
    TestDisk whole = row.disk;
    whole.cut(row.write, row.write.bytes.size());
    const DrivenLog log(whole, small());
    EXPECT_EQ(log.recovered(), row.all) << row.why;
  }
}

TEST(Recovery, EverySubsetOfTheSectorsOfTheLastWrite) {
  for (const InFlight& row : in_flight_cases()) {
    const std::uint64_t sectors = (row.write.offset % kSectorBytes + row.write.bytes.size() - 1) / kSectorBytes + 1;
    ASSERT_LT(sectors, 16u);
    for (std::uint64_t subset = 0; subset < 1ull << sectors; ++subset) {
      TestDisk crashed = row.disk;
      crashed.tear(row.write, subset);
      expect_survives(row, crashed, fmt::format("sectors {:b}", subset));
    }
  }
}

// Writes that run ahead of the disk: of the first any prefix, of the second, which begins in the last sector of the
// first, any sectors that they do not share. Wherever in a sector the first one begins.
TEST(Recovery, EveryPrefixOfAWriteThatAnotherFollowedBeforeItWasDurable) {
  for (std::size_t where = 0; where < kSectorBytes; where += 40) {
    InFlight row{"two writes", 1, where + 1, 2, 0, {}, {}, {}};
    DrivenLog log(row.disk, small());
    log.appender().run_ahead();
    row.all = bodies(1, 1, row.body_bytes);
    log.append_all(row.all);
    const auto write = [&](std::size_t bytes) {
      row.all.emplace_back(bytes, static_cast<char>('a' + row.all.size()));
      CHECK(log.append(row.all.back()).has_value());
      return *log.appender().take_write(true);
    };
    const SegmentWrite first = write(60);
    log.appender().handed_over();
    const SegmentWrite second = write(1200);
    const bool shared = (first.offset + first.bytes.size() - 1) / kSectorBytes == second.offset / kSectorBytes;
    for (std::size_t cut = 0; cut <= first.bytes.size(); ++cut) {
      for (std::uint64_t sectors = 0; sectors < 16; ++sectors) {
        if (shared && cut < first.bytes.size() && (sectors & 1) != 0) continue;
        TestDisk crashed = row.disk;
        crashed.cut(first, cut);
        crashed.tear(second, sectors);
        expect_survives(row, crashed, fmt::format("at {}, cut at {}, then sectors {:b}", first.offset, cut, sectors));
      }
    }
  }
}

// The file itself ends early: as if zeros followed.
TEST(Recovery, EveryLengthOfTheLastFile) {
  const Written written = some_log(false);
  const std::size_t whole = written.disk.segments.at(3).size();
  for (std::size_t size = 0; size < whole; ++size) {
    TestDisk crashed = written.disk;
    crashed.segments.at(3).resize(size);
    const DrivenLog found(crashed, small());
    ASSERT_TRUE(found.found().damage.ok()) << size << found.found().damage.to_string();
    ASSERT_TRUE(is_prefix_or_named(found, written.bodies, 10)) << size;
    ASSERT_TRUE(goes_on(crashed, found.recovered())) << size;
  }
}

// Bit rot anywhere in a log whose records are all durable. Nothing may be lost in silence, not even the last.
TEST(Recovery, EveryFlippedByteIsNamedOrHarmless) {
  for (const bool close : {true, false}) {
    const Written written = some_log(close);
    std::size_t named = 0;
    for (const auto& [id, bytes] : written.disk.segments) {
      TestDisk rotten = written.disk;
      Bytes& segment = rotten.segments.at(id);
      for (std::size_t at = 0; at < bytes.size(); ++at) {
        for (const int flip : {0x01, 0x80, 0xFF}) {
          segment[at] = static_cast<char>(bytes[at] ^ flip);
          const DrivenLog found(rotten, small());
          ASSERT_TRUE(is_prefix_or_named(found, written.bodies, written.bodies.size()))
              << "segment " << id << " offset " << at << " flip " << flip;
          if (!found.found().damage.ok()) ++named;
        }
        segment[at] = bytes[at];
      }
    }
    EXPECT_GT(named, written.bodies.size() * 1500 * 3) << "each byte of each record counts";
  }
}

TEST(Recovery, DamageHasAPlace) {
  struct Row {
    const char* why;
    void (*damage)(TestDisk&);
    const char* message;
  };
  // some_log: records 1 to 5 in segment 1, 6 to 10 in segment 2, 11 and 12 in segment 3; each takes 1536 bytes.
  const Row rows[] = {
      {"a bit in the middle", [](TestDisk& disk) { disk.segments.at(1)[4096 + 2 * 1536 + 100] ^= 1; },
       "segment 1: record 3 at offset 7168: bad checksum, and segment 2 proves that it was durable"},
      {"a bit in a length", [](TestDisk& disk) { disk.segments.at(1)[4096 + 2 * 1536 + 16] ^= 1; },
       "segment 1: record 3 at offset 7168: bad checksum, and segment 2 proves that it was durable"},
      {"the last record of a segment", [](TestDisk& disk) { disk.segments.at(1)[4096 + 4 * 1536 + 100] ^= 1; },
       "segment 1: record 5 at offset 10240: bad checksum, and segment 2 proves that it was durable"},
      {"lost without a trace", [](TestDisk& disk) { disk.segments.at(1).replace(10240, 1536, 1536, '\0'); },
       "segment 1: record 5 at offset 10240: is missing, and segment 2 proves that it was durable"},
      {"in the last segment", [](TestDisk& disk) { disk.segments.at(3)[4096 + 100] ^= 1; },
       "segment 3: record 11 at offset 4096: bad checksum, and no part of it is missing as it would be after a crash"},
      {"the last record of all", [](TestDisk& disk) { disk.segments.at(3)[4096 + 1536 + 100] ^= 1; },
       "segment 3: record 12 at offset 5632: bad checksum, and no part of it is missing as it would be after a crash"},
      {"a header", [](TestDisk& disk) { disk.segments.at(2)[40] ^= 1; }, "segment 2: header: bad checksum"},
      {"a file that is gone", [](TestDisk& disk) { disk.segments.erase(2); }, "segment 2 is missing"},
      {"the first file is gone", [](TestDisk& disk) { disk.segments.erase(1); },
       "segment 2 begins with record 6, but records from 1 on are missing"},
      {"all files but an unused one are gone",
       [](TestDisk& disk) {
         disk.segments.clear();
         EXPECT_TRUE(disk.prepare(3, 12 * 1024).ok());
       },
       "segment 2 is missing"},
      {"a file of zeros", [](TestDisk& disk) { disk.segments.at(2) = Bytes(12 * 1024, '\0'); },
       "segment 3 follows one that ends the log: segment 2: was never used"},
      {"a file cut short", [](TestDisk& disk) { disk.segments.at(2).resize(6000); },
       "segment 2: record 7 at offset 5632: bad checksum, and segment 3 proves that it was durable"},
      {"two files exchanged", [](TestDisk& disk) { std::swap(disk.segments.at(1), disk.segments.at(2)); },
       "segment 1: header: says it is segment 2: the file was renamed or copied over"},
  };
  for (const Row& row : rows) {
    Written written = some_log(false);
    row.damage(written.disk);
    const DrivenLog log(written.disk, small());
    EXPECT_EQ(log.found().damage.message(), row.message) << row.why;
    EXPECT_EQ(log.found().damage.code(), StatusCode::kDataLoss) << row.why;
    EXPECT_FALSE(log.found().clean) << row.why;
  }
}

TEST(Recovery, ALogShorterThanTheStoreIsDamage) {
  Written written = some_log(true);
  const DrivenLog log(written.disk, small(), LogPos(20));
  EXPECT_EQ(log.found().damage.message(), "the log ends with record 13, but the store covers it up to record 20");
  TestDisk empty;
  const DrivenLog none(empty, small(), LogPos(20));
  EXPECT_EQ(none.found().damage.message(),
            "segment 1 is missing: the store covers the log up to record 20, which was in it");
}

TEST(Recovery, ARecordThatItsReaderRefusesIsDamage) {
  Written written = some_log(true);
  Recovery recovery({}, [](const RecordView& record) {
    return record.pos == LogPos(2) ? Status(StatusCode::kDataLoss, "commit: offset 3: garbage") : Status();
  });
  EXPECT_EQ(recovery.feed(1, written.disk.segments.at(1)).message(),
            "segment 1: record 2 at offset 5632: commit: offset 3: garbage");
  EXPECT_FALSE(recovery.finish().damage.ok());
}

TEST(Recovery, AKindFromTheFutureIsNotSkipped) {
  TestDisk disk;
  {
    DrivenLog log(disk, small());
    ASSERT_TRUE(log.append("?", static_cast<RecordKind>('q')));
    ASSERT_TRUE(log.append("!", static_cast<RecordKind>('X')));
    ASSERT_TRUE(log.settle());
  }
  const DrivenLog log(disk, small());
  EXPECT_EQ(log.found().damage.message(), "segment 1: record 2 at offset 4128: kind-88 is not known to this version");
}

// A torn tail is cut for good: records behind the cut that happen to be whole never come back.
TEST(Recovery, WhatWasCutStaysCut) {
  TestDisk disk;
  {
    DrivenLog log(disk, small());
    log.append_all({"kept"});
    for (int i = 0; i < 4; ++i) ASSERT_TRUE(log.append(Bytes(1000, static_cast<char>('a' + i))));
    const auto write = log.appender().take_write();
    ASSERT_TRUE(write);
    disk.tear(*write, ~2ull);  // all sectors but the second, which is in the first record
  }
  {
    DrivenLog log(disk, small());
    expect_is_whole(log, {"kept"});
    EXPECT_GT(log.found().torn_bytes, 4000u);
    log.append_all({"new"});
    EXPECT_EQ(log.index().segments().back().header.segment_id, 2u) << "a new segment pins the cut";
  }
  DrivenLog log(disk, small());
  expect_is_whole(log, {"kept", "new"});
  EXPECT_EQ(log.read_from(LogPos(1), 1 << 20).value(), (std::vector<Bytes>{"kept", "new"}));
}

}  // namespace
}  // namespace pando::log::recovery_test
