// io/loop/linger.h — tells whether a loop that has just served its sockets looks at them again before it goes to sleep.
//
// To sleep and to be woken costs more than a small command does: a processor that went idle and comes back with cold
// caches, two switches of tasks, calls to arm the wait and to see what it brought. A client that waits for each answer
// asks again within microseconds. So the loop may go on looking for a moment, and sleep when nothing came.
//
// That is time of a processor which others may want: most of all the client who is waited for, where both share one. It
// is therefore done only
//
//   with more than one processor (for_processors());
//   where it serves more: looking and sleeping are raced (io/loop/trial.h), and looking has to be better by kWorth;
//   where it brought something lately: after a look that brought nothing the next round sleeps at once, then two, four
//   and so on, up to kRestMax, until one brings something.
//
// What is best for many says nothing of one client who is alone: those races are run, and remembered, apart.
//
// kLook is about what it spares. To spin for so long before sleeping costs at most twice what the best guess would have
// (Karlin, Manasse, McGeoch and Owicki, "Competitive Randomized Algorithms for Nonuniform Problems", 1994). Time is an
// argument: the caller looks, and has the clock. One thread.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include "base/time.h"
#include "io/loop/trial.h"

namespace pando::io::loop {

class Linger {
 public:
  static constexpr Duration kLook = Duration::micros(30);
  static constexpr int kRestMax = 64;  // rounds
  static constexpr double kWorth = 1.1;
  static constexpr Duration kWindow = Duration::millis(4);
  static constexpr int kTrialRestMax = 64;  // windows

  enum class When { kNever, kWherePays, kAlways };

  explicit Linger(When when) : when_(when) {}
  static When for_processors(unsigned count) { return count > 1 ? When::kWherePays : When::kNever; }

  // A round served so many sockets. True: look for up to kLook, and say below what came of it. False: go to sleep.
  bool begin(Instant now, std::size_t served) {
    if (when_ != When::kWherePays) return when_ == When::kAlways;
    note_company(served);
    Trial& trial = trials_[alone_ ? 1 : 0];
    trial.on_served(served);
    if (!trial.on_turn(now)) return false;
    if (rest_ == 0) return true;
    --rest_;
    return false;
  }
  void on_found() { next_rest_ = 1; }
  void on_nothing() {
    rest_ = next_rest_;
    next_rest_ = std::min(2 * next_rest_, kRestMax);
  }

 private:
  // Looking is the better guess for one client who is alone.
  static constexpr Trial::Options kOfMany{.window = kWindow, .rest_max = kTrialRestMax, .handicap = kWorth};
  static constexpr Trial::Options kOfOne{
      .window = kWindow, .rest_max = kTrialRestMax, .handicap = kWorth, .second_first = true};
  static constexpr double kAlone = 1.2;  // sockets in a round, over some sixteen rounds
  static constexpr double kMany = 2;

  void note_company(std::size_t served) {
    sockets_ += (static_cast<double>(served) - sockets_) / 16;
    if (sockets_ <= kAlone) alone_ = true;
    if (sockets_ >= kMany) alone_ = false;
  }

  const When when_;
  std::array<Trial, 2> trials_{Trial(kOfMany), Trial(kOfOne)};
  double sockets_ = 1;
  bool alone_ = true;
  int rest_ = 0;       // rounds that go without
  int next_rest_ = 1;  // after a look that brings nothing
};

}  // namespace pando::io::loop
