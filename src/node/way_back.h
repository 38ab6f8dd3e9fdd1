// node/way_back.h — how a peer that was away comes back though the log reaches: by the log, or by resync.
//
// The log has every increment of a counter, its cell has their sum. So the log is the dearer way when what the peer
// lacks of it, its tail, weighs much more than all cells do. A resync costs at most the cells (and usually only those
// that differ), but it ends watches at the peer and passes on to whoever reads there; so it has to be worth it.
//
//   tail > tail_bytes_max                        resync, whatever the cells weigh
//   tail <= tail_bytes_min                       the log
//   tail > kTailPerCells x what all cells weigh  resync
//   else                                         the log
//
// The cells are weighed only when that is asked, by walking them, until they are over what they may weigh: less work
// than a quarter of the tail would be to read and send. In slices; what was found holds for a minute, so that peers
// that come together wait for one walk. The walk looks at cells as they are when it comes by: an estimate. One thread.
#pragma once

#include <optional>

#include "node/replica.h"

namespace pando::node {

class WayBack {
 public:
  enum class Way : std::uint8_t { kLog, kResync, kUnknown };

  explicit WayBack(const Replica& replica) : replica_(replica) {}

  // What a reader lacks of the log who has so much and begins at `first`, in bytes: of the segments from there on, the
  // share of its commits that are news to it.
  std::uint64_t tail_bytes(LogPos first, const VersionVector& has) const;

  // kUnknown: ask again after work(); the cells are being weighed.
  Way way(std::uint64_t tail_bytes, Instant now);
  // Weighs on, a slice, when something is to be weighed and the last slice was a while ago.
  void work(Instant now);
  std::optional<Instant> next_deadline() const;

 private:
  void weigh(Instant now);

  const Replica& replica_;
  std::uint64_t weight_ = 0;  // of the cells walked over so far
  bool all_ = false;          // these were all
  Instant at_{0};             // of the last slice
  bool known_ = false;        // some walk was made
  bool walking_ = false;
  std::uint64_t enough_ = 0;  // more need not be known
  Bytes next_;                // cell key
};

}  // namespace pando::node
