#include "io/loop/trial.h"

#include <gtest/gtest.h>

namespace pando::io::loop::trial_test {
namespace {

// Fifty clients that ask again as soon as they are served.
struct Server {
  explicit Server(const Trial::Options& options = {}) : trial(options) {}
  Trial trial;
  std::int64_t now_us = 1'000'000;
  std::int64_t first_us = 1'000;  // a turn of the first way
  std::int64_t second_us = 800;
  std::int64_t upset_for_us = 0;
  std::int64_t last_second_us = 0;
  std::size_t clients = 50;
  // Of the turns of that time, how many in a hundred went the second way.
  int run(Duration time) {
    int second = 0;
    int turns = 0;
    for (const std::int64_t end = now_us + time.us; now_us < end; ++turns) {
      const bool went_second = trial.on_turn(Instant{now_us});
      const bool upset = now_us < last_second_us + upset_for_us;
      if (went_second) last_second_us = now_us;
      now_us += went_second ? second_us : upset ? 2 * first_us : first_us;
      trial.on_served(clients);
      second += went_second ? 1 : 0;
    }
    return 100 * second / turns;
  }
};

TEST(Trial, TheWayThatServesMoreGoesOn) {
  Server server;
  server.run(Duration::seconds(1));
  EXPECT_GT(server.run(Duration::seconds(2)), 85) << "but for races";
  server.second_us = 1'500;
  server.run(Duration::seconds(8));
  EXPECT_LT(server.run(Duration::seconds(2)), 10) << "it got worse";
}

TEST(Trial, AHandicapHasToBeMadeUpFor) {
  for (const auto& [second_us, wins] : {std::pair{800, true}, {920, false}, {1'000, false}}) {
    Server server({.handicap = 1.1});
    server.second_us = second_us;
    server.run(Duration::seconds(1));
    const int second = server.run(Duration::seconds(5));
    EXPECT_TRUE(wins ? second > 85 : second < 20) << second_us << " " << second;
  }
}

TEST(Trial, ASecondWayThatIsNoLongerWorthItsHandicapIsLeft) {
  Server server({.handicap = 1.1});
  server.run(Duration::seconds(2));
  server.second_us = 980;
  server.run(Duration::seconds(8));
  EXPECT_LT(server.run(Duration::seconds(2)), 20);
}

TEST(Trial, WhatTheRaceItselfUpsetsIsNoReasonToChange) {
  Server server;
  // The first way takes twice as long for a while after the second.
  server.second_us = 1'500;
  server.upset_for_us = 100'000;
  server.run(Duration::seconds(1));
  EXPECT_LT(server.run(Duration::seconds(8)), 20);
}

TEST(Trial, FewerClientsThanBeforeAreNoReasonToStay) {
  Server server;
  server.second_us = 1'020;
  server.run(Duration::seconds(5));
  server.clients = 30;
  server.second_us = 800;
  server.run(Duration::seconds(10));
  EXPECT_GT(server.run(Duration::seconds(2)), 85) << "less is served than before, either way";
}

TEST(Trial, WhoComesAfterAWhileDoesNotWaitLongForARace) {
  Server server;
  server.second_us = server.first_us;
  server.run(Duration::seconds(20));
  server.now_us += 500'000;
  server.second_us = 800;
  server.run(Duration::seconds(1));
  EXPECT_GT(server.run(Duration::seconds(1)), 85);
}

TEST(Trial, TheLongestRestIsItsOwn) {
  Server server({.window = Duration::millis(12), .rest_max = 16});
  server.second_us = server.first_us;
  server.run(Duration::seconds(2));
  const int second = server.run(Duration::seconds(4));
  EXPECT_GT(second, 20) << "half of every second sixteen windows";
  EXPECT_LT(second, 30);
}

}  // namespace
}  // namespace pando::io::loop::trial_test
