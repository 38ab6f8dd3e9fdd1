#include "sim/disk.h"

#include <gtest/gtest.h>

#include <set>

namespace pando::sim {
namespace {

constexpr std::uint64_t kBytes = 4096;

Bytes content(const Disk& disk) { return disk.segments().at(1); }

TEST(Disk, PreparedSegmentsAreZerosAndReplaceWhatWasThere) {
  Disk disk;
  EXPECT_EQ(disk.write(1, 0, "x").code(), StatusCode::kIoError) << "no such segment";
  ASSERT_TRUE(disk.prepare(1, kBytes).ok());
  EXPECT_EQ(content(disk), Bytes(kBytes, '\0'));
  ASSERT_TRUE(disk.write(1, 10, "hello").ok());
  EXPECT_EQ(*disk.read(1, 10, 5), "hello");
  EXPECT_EQ(disk.read(1, kBytes - 2, 5)->size(), 2u) << "less at the end";
  EXPECT_EQ(disk.write(1, kBytes - 2, "hello").code(), StatusCode::kIoError) << "beyond the end";
  ASSERT_TRUE(disk.prepare(1, 8).ok());
  EXPECT_EQ(content(disk), Bytes(8, '\0'));
  EXPECT_EQ(disk.unsynced_bytes(), 0u) << "writes to the file that was replaced are gone with it";
}

TEST(Disk, AKilledProcessLosesNothing) {
  Disk disk;
  Prng rng(1);
  ASSERT_TRUE(disk.prepare(1, kBytes).ok());
  ASSERT_TRUE(disk.write(1, 0, "abc").ok());
  disk.crash(CrashKind::kProcess, rng);
  EXPECT_EQ(content(disk).substr(0, 3), "abc");
  EXPECT_EQ(disk.unsynced_bytes(), 3u) << "and a power cut may still take it";
}

TEST(Disk, APowerCutKeepsWhatWasSyncedAndAnyPartOfTheRest) {
  const Bytes synced(1000, 's');
  const Bytes unsynced(2000, 'u');
  bool all = false, none = false, prefix = false, hole = false;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Disk disk;
    Prng rng(seed);
    ASSERT_TRUE(disk.prepare(1, kBytes).ok());
    ASSERT_TRUE(disk.write(1, 0, synced).ok());
    ASSERT_TRUE(disk.sync().ok());
    ASSERT_TRUE(disk.write(1, 1000, unsynced).ok());
    disk.crash(CrashKind::kPower, rng);
    const Bytes after = content(disk);
    ASSERT_EQ(after.substr(0, 1000), synced);
    ASSERT_EQ(after.find_first_not_of('\0', 3000), Bytes::npos);
    const Bytes rest = after.substr(1000, 2000);
    const std::size_t lost_at = rest.find('\0');
    all = all || rest == unsynced;
    none = none || rest.find('u') == Bytes::npos;
    prefix =
        prefix || (lost_at != Bytes::npos && lost_at % kSectorBytes != 24 && rest.find('u', lost_at) == Bytes::npos);
    hole = hole || (lost_at != Bytes::npos && rest.find('u', lost_at) != Bytes::npos);
  }
  EXPECT_TRUE(all);
  EXPECT_TRUE(none);
  EXPECT_TRUE(prefix);
  EXPECT_TRUE(hole);
}

TEST(Disk, OfASectorNothingOutlivesWhatWasWrittenToItBefore) {
  bool both = false, first = false, none = false, across = false;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Disk disk;
    Prng rng(seed);
    ASSERT_TRUE(disk.prepare(1, kBytes).ok());
    ASSERT_TRUE(disk.write(1, 100, Bytes(50, 'a')).ok());
    ASSERT_TRUE(disk.write(1, 150, Bytes(600, 'b')).ok());
    disk.crash(CrashKind::kPower, rng);
    const Bytes after = content(disk);
    const bool a = after.substr(100, 50) == Bytes(50, 'a');
    const bool b = after.find('b') != Bytes::npos && after.find('b') < kSectorBytes;
    ASSERT_TRUE(a || !b) << seed;
    both = both || (a && b);
    first = first || (a && !b);
    none = none || after.find_first_not_of('\0') == Bytes::npos;
    across = across || (!a && after.find('b') == kSectorBytes);
  }
  EXPECT_TRUE(both && first && none && across);
}

TEST(Disk, SectorsOfSyncedBytesSurviveALostNeighbourInTheSameSector) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Disk disk;
    Prng rng(seed);
    ASSERT_TRUE(disk.prepare(1, kBytes).ok());
    ASSERT_TRUE(disk.write(1, 0, Bytes(100, 's')).ok());
    ASSERT_TRUE(disk.sync().ok());
    ASSERT_TRUE(disk.write(1, 100, Bytes(100, 'u')).ok());
    disk.crash(CrashKind::kPower, rng);
    ASSERT_EQ(content(disk).substr(0, 100), Bytes(100, 's'));
  }
}

TEST(Disk, Faults) {
  Disk disk;
  disk.set_full(true);
  EXPECT_EQ(disk.prepare(1, kBytes).code(), StatusCode::kUnavailable);
  disk.set_full(false);
  ASSERT_TRUE(disk.prepare(1, kBytes).ok());
  disk.fail_syncs(true);
  ASSERT_TRUE(disk.write(1, 0, "abc").ok());
  EXPECT_EQ(disk.sync().code(), StatusCode::kIoError);
  EXPECT_EQ(disk.unsynced_bytes(), 3u);
  disk.fail_syncs(false);
  disk.lie_about_syncs(true);
  EXPECT_TRUE(disk.sync().ok());
  EXPECT_EQ(disk.unsynced_bytes(), 3u) << "said, not done";
  disk.flip_bit(1, 1, 0);
  EXPECT_EQ(content(disk).substr(0, 3), "acc");
  disk.cut_tail(2);
  EXPECT_EQ(content(disk).substr(0, 3), Bytes("a\0\0", 3));
}

}  // namespace
}  // namespace pando::sim
