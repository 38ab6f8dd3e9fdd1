// server/lone_writer.h — tells when the loop may write the log by itself.
//
// A write is handed to a thread of the disk so that the loop serves others meanwhile. One client that waits for each
// answer before it asks again has no others, and pays for two hand-overs per write, which cost as much as half a sync
// does. So when the last writes each came from one request, and syncs are quick, the loop syncs itself. Whoever else
// comes is kept waiting once, for as long as a sync took lately. Pure.
#pragma once

#include <cstddef>

#include "base/time.h"

namespace pando::server {

class LoneWriter {
 public:
  static constexpr std::size_t kWritesBefore = 8;  // so many in a row from one request each
  static constexpr Duration kSyncMax = Duration::millis(1);
  static constexpr std::size_t kBytesMax = 64 * 1024;

  // Requests of so many clients or a frame of a peer, of any namespace.
  void on_input(std::size_t clients = 1) { inputs_ += clients; }
  // A log write of so many bytes is to be done. True: by the loop.
  bool on_write(std::size_t bytes) {
    const bool lone = inputs_ == 1;
    inputs_ = 0;
    if (!lone) writes_ = 0;
    return lone && ++writes_ > kWritesBefore && bytes <= kBytesMax;
  }
  // It took so long.
  void on_written(Duration took) {
    if (took > kSyncMax) writes_ = 0;
  }

 private:
  std::size_t inputs_ = 0;  // since the last write
  std::size_t writes_ = 0;  // in a row
};

}  // namespace pando::server
