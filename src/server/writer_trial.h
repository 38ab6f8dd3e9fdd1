// server/writer_trial.h — finds out by trying who should write the log: a thread of the disk, or the loop itself.
//
// A thread lets the loop serve others while it syncs. But handing over costs two wake-ups, and where all processors are
// busy the thread waits for its turn behind those who wait for it: a sync of 0.14 ms was seen to take 0.4. So while
// writes come thick both are raced (io/loop/trial.h), and the one that answered more clients per second goes on.
//
// The loop never writes more than kBytesMax, nor where its syncs take longer than kSyncMax on the average: nobody else
// is served meanwhile. Time is an argument; no clock, no randomness. One thread.
#pragma once

#include <cstddef>

#include "base/time.h"
#include "io/loop/trial.h"

namespace pando::server {

class WriterTrial {
 public:
  static constexpr Duration kSyncMax = Duration::micros(500);
  static constexpr std::size_t kBytesMax = 1 << 20;

  // A log write of so many bytes is to be done. True: by the loop.
  bool on_write(Instant now, std::size_t bytes) { return trial_.on_turn(now) && bytes <= kBytesMax; }
  // The loop did it, and it took so long.
  void on_written_here(Duration took) { trial_.on_cost(took); }
  // So many clients have their answers.
  void on_answered(std::size_t clients) { trial_.on_served(clients); }

 private:
  io::loop::Trial trial_{{.cost_max = kSyncMax}};
};

}  // namespace pando::server
