#include "server/writer_trial.h"

#include <algorithm>

namespace pando::server {

bool WriterTrial::on_write(Instant now, std::size_t bytes) {
  if (began_ == Instant{}) begin_window(now);
  if (now - began_ >= kIdle) {
    // Few write here: nothing is to be learnt, nor gained.
    racing_ = false;
    windows_ = 0;
    begin_window(now);
  } else if (now - began_ >= kWindow && writes_ >= kWritesMin) {
    end_window(now);
  }
  ++writes_;
  return loop_writes_ != other() && bytes <= kBytesMax;
}

WriterTrial::Sum& WriterTrial::Sum::operator+=(const Sum& other) {
  us += other.us;
  answered += other.answered;
  here_us += other.here_us;
  here += other.here;
  return *this;
}

void WriterTrial::begin_window(Instant now) {
  began_ = now;
  writes_ = 0;
  window_ = {};
}

void WriterTrial::end_window(Instant now) {
  window_.us = (now - began_).us;
  if (racing_) {
    race_[other() ? 1 : 0] += window_;
    if (++windows_ == kRace) end_race();
  } else if (loop_writes_ && window_.slow()) {
    loop_writes_ = false;
    windows_ = 0;
  } else if (++windows_ >= rest_) {
    racing_ = true;
    windows_ = 0;
    race_ = {};
  }
  begin_window(now);
}

void WriterTrial::end_race() {
  racing_ = false;
  windows_ = 0;
  const auto& [usual, tried] = race_;
  if (!tried.slow() && tried.rate() > kGain * usual.rate()) {
    loop_writes_ = !loop_writes_;
    rest_ = kRestFirst;
  } else {
    rest_ = std::min(2 * rest_, kRestMax);
  }
}

}  // namespace pando::server
