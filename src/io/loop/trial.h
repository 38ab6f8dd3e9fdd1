// io/loop/trial.h — finds out by trying which of two ways of working serves more.
//
// Where it depends on processors, disk and clients, none of which is known, both ways are raced every now and then, in
// turn, and the one that served more per second goes on. Clients that wait for their answers decide it by their number:
// those who are served sooner come back sooner.
//
//   window  Options::window, or longer until kTurnsMin turns began; one that took kIdle says nothing
//   race    kRace windows in the order A B B A …, so that what drifts meanwhile is the same for both
//   change  when the other way was better by kGain, than the first in the race and than the first lately before it: a
//           race may upset what it measures. (Two tasks that share a processor, each waking the other, are put on one
//           each as soon as one does not sleep, and stay there for a while.)
//   rest    kRestFirst windows, after each race that changed nothing twice as many, at most Options::rest_max; no more
//           than kRestShort where little is known: after kIdle, as others may come then, and of a way just given up
//
// The second way is given up where its turns cost more than Options::cost_max on the average of the last hundred or so,
// whatever they serve. One turn that took long says nothing of the others.
// Time is an argument; no clock, no randomness. One thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace pando::io::loop {

class Trial {
 public:
  struct Options {
    Duration window = Duration::millis(12);
    int rest_max = 512;
    // What the second way is not worth: it has to serve so many times as much to count as equal.
    double handicap = 1;
    Duration cost_max = Duration::seconds(3600);  // of a turn, as on_cost() says
    bool second_first = false;                    // the way to begin with, until a race says otherwise
  };
  static constexpr Duration kIdle = Duration::millis(100);
  static constexpr std::size_t kTurnsMin = 8;
  static constexpr int kRace = 16;
  static constexpr int kRestFirst = 4;
  static constexpr int kRestShort = 16;
  static constexpr double kGain = 1.03;

  explicit Trial(const Options& options) : options_(options), second_(options.second_first) {}

  // A turn begins. True: it goes the second way.
  bool on_turn(Instant now);
  // A turn that went the second way cost so much.
  void on_cost(Duration cost) {
    constexpr std::int64_t kLately = 128;
    if (costs_.turns >= kLately) costs_ = {costs_.us / 2, costs_.turns / 2};
    costs_.us += cost.us;
    ++costs_.turns;
  }
  // So many clients were served.
  void on_served(std::size_t clients) { window_.served += static_cast<std::int64_t>(clients); }

 private:
  struct Sum {
    std::int64_t us = 0;
    std::int64_t served = 0;
    Sum& operator+=(const Sum& other);
    Sum halved() const { return {us / 2, served / 2}; }
  };
  // Of turns that went the second way.
  struct Costs {
    std::int64_t us = 0;
    std::int64_t turns = 0;
  };

  void begin_window(Instant now);
  void end_window(Instant now);
  void end_race();
  // This window goes not as settled on.
  bool other() const { return racing_ && (windows_ % 4 == 1 || windows_ % 4 == 2); }
  bool too_dear() const { return costs_.us > costs_.turns * options_.cost_max.us; }
  double worth(const Sum& sum, bool second) const;

  const Options options_;
  bool second_;  // as settled on
  bool racing_ = false;
  int windows_ = 0;  // of this race or rest
  int rest_ = kRestFirst;
  Sum before_;               // lately, as settled on
  std::array<Sum, 2> race_;  // as settled on, the other way
  Instant began_;            // of this window; 0: none yet
  std::size_t turns_ = 0;    // in it
  Sum window_;
  Costs costs_;  // lately
};

}  // namespace pando::io::loop
