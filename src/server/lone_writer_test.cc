#include "server/lone_writer.h"

#include <gtest/gtest.h>

namespace pando::server::lone_writer_test {
namespace {

constexpr Duration kQuick = Duration::micros(150);
constexpr std::size_t kBytes = 100;

// Of `count` writes with `inputs` each, how many the loop does.
std::size_t done_by_loop(LoneWriter& lone, std::size_t count, std::size_t inputs) {
  std::size_t done = 0;
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t k = 0; k < inputs; ++k) lone.on_input();
    done += lone.on_write(kBytes) ? 1 : 0;
    lone.on_written(kQuick);
  }
  return done;
}

TEST(LoneWriter, OneClientIsServedByTheLoopAfterAFewWrites) {
  LoneWriter lone;
  EXPECT_EQ(done_by_loop(lone, LoneWriter::kWritesBefore, 1), 0u);
  EXPECT_EQ(done_by_loop(lone, 100, 1), 100u);
}

TEST(LoneWriter, TwoClientsAreNot) {
  LoneWriter lone;
  EXPECT_EQ(done_by_loop(lone, 100, 2), 0u);
  EXPECT_EQ(done_by_loop(lone, 100, 0), 0u) << "what comes from nobody's request";
}

TEST(LoneWriter, WhoeverElseComesEndsIt) {
  LoneWriter lone;
  done_by_loop(lone, 20, 1);
  EXPECT_EQ(done_by_loop(lone, 1, 2), 0u);
  EXPECT_EQ(done_by_loop(lone, LoneWriter::kWritesBefore, 1), 0u) << "from the beginning";
  EXPECT_EQ(done_by_loop(lone, 1, 1), 1u);
}

TEST(LoneWriter, ASlowSyncEndsItAndALargeWriteIsHandedOut) {
  LoneWriter lone;
  done_by_loop(lone, 20, 1);
  lone.on_input();
  EXPECT_FALSE(lone.on_write(LoneWriter::kBytesMax + 1));
  EXPECT_EQ(done_by_loop(lone, 1, 1), 1u);
  lone.on_written(LoneWriter::kSyncMax + Duration::micros(1));
  EXPECT_EQ(done_by_loop(lone, 1, 1), 0u);
}

}  // namespace
}  // namespace pando::server::lone_writer_test
