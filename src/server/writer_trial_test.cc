#include "server/writer_trial.h"

#include <gtest/gtest.h>

namespace pando::server::writer_trial_test {
namespace {

// Fifty clients that ask again as soon as they are answered.
struct Server {
  WriterTrial trial;
  std::int64_t now_us = 1'000'000;
  std::int64_t thread_round_us = 1'000;
  std::int64_t loop_round_us = 800;
  std::int64_t sync_us = 150;
  int by_loop = 0;
  int rounds = 0;

  void round(std::size_t bytes = 4'096) {
    const bool loop = trial.on_write(Instant{now_us}, bytes);
    now_us += loop ? loop_round_us : thread_round_us;
    if (loop) trial.on_written_here(Duration::micros(sync_us));
    trial.on_answered(50);
    by_loop += loop ? 1 : 0;
    ++rounds;
  }
  // Of the writes of that time, how many in a hundred the loop did.
  int run(Duration time) {
    by_loop = rounds = 0;
    for (const std::int64_t end = now_us + time.us; now_us < end;) round();
    return 100 * by_loop / rounds;
  }
};

TEST(WriterTrial, TheLoopWritesWhereThatAnswersMore) {
  Server server;
  server.run(Duration::seconds(1));
  EXPECT_GT(server.run(Duration::seconds(2)), 85) << "but for races";
}

TEST(WriterTrial, AThreadWritesWhereThatAnswersMore) {
  Server server;
  server.loop_round_us = 1'200;
  server.run(Duration::seconds(1));
  EXPECT_LT(server.run(Duration::seconds(2)), 10) << "a trial now and then";
}

TEST(WriterTrial, AsGoodIsNoReasonToChange) {
  Server server;
  server.loop_round_us = server.thread_round_us;
  EXPECT_LT(server.run(Duration::seconds(5)), 20) << "half of each race";
}

TEST(WriterTrial, WhatGetsWorseIsLeft) {
  Server server;
  server.run(Duration::seconds(2));
  server.loop_round_us = 1'500;
  server.run(Duration::seconds(8));
  EXPECT_LT(server.run(Duration::seconds(2)), 10);
}

TEST(WriterTrial, ASlowDiskIsNotForTheLoop) {
  Server server;
  server.sync_us = 600;
  EXPECT_LT(server.run(Duration::seconds(5)), 20) << "nobody else would be served meanwhile, though more were answered";
  server.sync_us = 150;
  server.run(Duration::seconds(8));
  ASSERT_GT(server.run(Duration::seconds(2)), 85);
  server.sync_us = 600;
  server.run(Duration::millis(200));
  EXPECT_LT(server.run(Duration::seconds(2)), 20) << "it became slow: left, and tried now and then";
  server.sync_us = 50'000;
  server.loop_round_us = 60'000;
  server.run(Duration::seconds(1));
  EXPECT_EQ(server.run(Duration::seconds(1)), 0) << "very slow";
}

TEST(WriterTrial, OneSyncThatTookLongIsNoReasonToLeave) {
  Server server;
  server.run(Duration::seconds(1));
  for (int i = 0; i < 5; ++i) {
    server.loop_round_us = 10'000;
    server.sync_us = 9'500;
    server.round();
    server.loop_round_us = 800;
    server.sync_us = 150;
    EXPECT_GT(server.run(Duration::seconds(1)), 85);
  }
}

TEST(WriterTrial, NothingIsTriedWhereFewWrite) {
  Server server;
  server.thread_round_us = server.loop_round_us = 15'000;
  EXPECT_EQ(server.run(Duration::seconds(10)), 0);
}

TEST(WriterTrial, LargeWritesAreAThreads) {
  Server server;
  server.run(Duration::seconds(2));
  const int before = server.by_loop;
  server.round(WriterTrial::kBytesMax + 1);
  EXPECT_EQ(server.by_loop, before);
}

}  // namespace
}  // namespace pando::server::writer_trial_test
