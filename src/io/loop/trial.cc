#include "io/loop/trial.h"

#include <algorithm>

namespace pando::io::loop {

bool Trial::on_turn(Instant now) {
  if (began_ == Instant{}) begin_window(now);
  if (now - began_ >= kIdle) {
    // Few come: nothing is to be learnt, nor gained.
    racing_ = false;
    windows_ = 0;
    before_ = {};
    rest_ = std::min(rest_, kRestShort);
    begin_window(now);
  } else if (now - began_ >= options_.window && turns_ >= kTurnsMin) {
    end_window(now);
  }
  ++turns_;
  return second_ != other();
}

Trial::Sum& Trial::Sum::operator+=(const Sum& other) {
  us += other.us;
  served += other.served;
  return *this;
}

double Trial::worth(const Sum& sum, bool second) const {
  return static_cast<double>(sum.served) / (static_cast<double>(sum.us) * (second ? options_.handicap : 1));
}

void Trial::begin_window(Instant now) {
  began_ = now;
  turns_ = 0;
  window_ = {};
}

void Trial::end_window(Instant now) {
  window_.us = (now - began_).us;
  if (racing_) {
    race_[other() ? 1 : 0] += window_;
    if (++windows_ == kRace) end_race();
  } else if (second_ && too_dear()) {
    second_ = false;
    windows_ = 0;
    before_ = {};
    rest_ = kRestShort;
  } else {
    if (++windows_ % kRestFirst == 1) before_ = before_.halved();
    before_ += window_;
    if (windows_ >= rest_) {
      racing_ = true;
      windows_ = 0;
      race_ = {};
    }
  }
  begin_window(now);
}

void Trial::end_race() {
  racing_ = false;
  windows_ = 0;
  const auto& [usual, tried] = race_;
  const double offers = worth(tried, !second_);
  const bool better = offers > kGain * worth(usual, second_) && offers > kGain * worth(before_, second_);
  if (better && (second_ || !too_dear())) {
    second_ = !second_;
    before_ = {};
    rest_ = kRestShort;
  } else {
    rest_ = std::min(2 * rest_, options_.rest_max);
  }
}

}  // namespace pando::io::loop
