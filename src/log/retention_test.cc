#include "log/retention.h"

#include <gtest/gtest.h>

namespace pando::log::retention_test {
namespace {

// A log of so many segments of 100 bytes with 10 records each, from segment `first_id` on.
Index log_of(std::uint64_t segments, std::uint64_t first_id = 1) {
  Index index;
  for (std::uint64_t i = 0; i < segments; ++i) {
    SegmentHeader header;
    header.segment_id = first_id + i;
    header.first = LogPos(1 + 10 * (first_id + i - 1));
    header.header_bytes = 10;
    header.start.context.raise({"dc1", 1}, Seq(header.first.value - 1));
    index.open(header);
    index.extend(LogPos(header.first.value + 9), 100);
  }
  return index;
}

TEST(Retention, DropsWhatNobodyNeedsAndWhatIsPastItsLease) {
  constexpr Duration kHour = Duration::seconds(3600);
  const Retention lease{true, /*keep=*/150, /*retain=*/450, kHour, {}};
  struct Case {
    const char* why;
    std::uint64_t segments;
    Retention retention;
    OldestSegment oldest;
    bool goes;
  };
  const Case cases[] = {
      {"off", 9, {}, {true, true, kHour * 9}, false},
      {"everybody has it, and enough stays", 3, lease, {true, true, {}}, true},
      {"everybody has it, too little would stay", 2, lease, {true, true, {}}, false},
      {"somebody lacks it, within the lease", 4, lease, {true, false, kHour}, false},
      {"somebody lacks it, the log has grown past the lease", 5, lease, {true, false, {}}, true},
      {"somebody lacks it, it is too old", 3, lease, {true, false, kHour + Duration::seconds(1)}, true},
      {"too old, but little would stay: a small log is kept whole", 2, lease, {true, false, kHour * 9}, false},
      {"the store does not have all of it", 9, lease, {false, true, kHour * 9}, false},
      {"the newest stays, whatever is asked", 1, lease, {true, true, kHour * 9}, false},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(may_drop_oldest(log_of(c.segments), c.retention, c.oldest), c.goes) << c.why;
  }
}

TEST(Retention, ALogThatBeginsLaterServesWhoHasWhatWasBefore) {
  Index index = log_of(3);
  index.drop_oldest();
  EXPECT_EQ(index.first(), LogPos(11));
  EXPECT_EQ(index.last(), LogPos(30));
  EXPECT_EQ(index.bytes(), 200u);
  EXPECT_EQ(index.bytes_from(LogPos(25)), 100u);
  VersionVector has;
  EXPECT_EQ(index.first_lacking(has), std::nullopt) << "needs what is gone";
  has.raise({"dc1", 1}, Seq(10));
  EXPECT_EQ(index.first_lacking(has), LogPos(11));
  index.mark({LogPos(15), 2, 60});
  EXPECT_EQ(index.floor(LogPos(15)).segment_id, 2u);
  index.drop_oldest();
  EXPECT_EQ(index.first(), LogPos(21));
}

}  // namespace
}  // namespace pando::log::retention_test
