// server/writer_trial.h — finds out by trying who should write the log: a thread of the disk, or the loop itself.
//
// A thread lets the loop serve others while it syncs. But handing over costs two wake-ups, and where all processors are
// busy the thread waits for its turn behind those who wait for it: a sync of 0.14 ms was seen to take 0.4. Which is
// better depends on processors, disk and clients, none of which is known. So while writes come thick both ways are
// raced every now and then, in turn, and the one that answered more clients per second goes on. Clients that wait for
// their answers decide it by their number: those who are served sooner come back sooner.
//
//   window  kWindow, or longer until kWritesMin writes were made; one that took kIdle says nothing
//   race    kRace windows in the order A B B A …, so that what drifts meanwhile is the same for both
//   change  when the other way was better by kGain
//   rest    kRestFirst windows, after each race that changed nothing twice as many, at most kRestMax
//
// The loop never writes more than kBytesMax, nor where its syncs take longer than kSyncMax on the average: nobody else
// is served meanwhile. Time is an argument; no clock, no randomness. One thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace pando::server {

class WriterTrial {
 public:
  static constexpr Duration kWindow = Duration::millis(12);
  static constexpr Duration kIdle = Duration::millis(100);
  static constexpr std::size_t kWritesMin = 8;
  static constexpr int kRace = 16;
  static constexpr int kRestFirst = 4;
  static constexpr int kRestMax = 512;
  static constexpr double kGain = 1.03;
  static constexpr Duration kSyncMax = Duration::micros(500);
  static constexpr std::size_t kBytesMax = 1 << 20;

  // A log write of so many bytes is to be done. True: by the loop.
  bool on_write(Instant now, std::size_t bytes);
  // The loop did it, and it took so long.
  void on_written_here(Duration took) {
    window_.here_us += took.us;
    ++window_.here;
  }
  // So many clients have their answers.
  void on_answered(std::size_t clients) { window_.answered += static_cast<std::int64_t>(clients); }

 private:
  struct Sum {
    std::int64_t us = 0;
    std::int64_t answered = 0;
    // The loop's own writes.
    std::int64_t here_us = 0;
    std::int64_t here = 0;
    Sum& operator+=(const Sum& other);
    double rate() const { return static_cast<double>(answered) / static_cast<double>(us); }
    bool slow() const { return here_us > here * kSyncMax.us; }
  };

  void begin_window(Instant now);
  void end_window(Instant now);
  void end_race();
  // This window goes the other way.
  bool other() const { return racing_ && (windows_ % 4 == 1 || windows_ % 4 == 2); }

  bool loop_writes_ = false;  // as settled on
  bool racing_ = false;
  int windows_ = 0;  // of this race or rest
  int rest_ = kRestFirst;
  std::array<Sum, 2> race_;  // as settled on, the other way
  Instant began_;            // of this window; 0: none yet
  std::size_t writes_ = 0;   // in it
  Sum window_;
};

}  // namespace pando::server
