// node/falling_behind.h — whether a peer that is connected falls behind for long: its link carries less than is
// written.
//
// How it comes back is chosen when it says Hello (node/way_back.h); this says when to choose again. Every kLookEvery it
// is looked at how many commits it still lacks, and how many of them were sent or announced since the look before. At
// that pace the rest would take longer than kTooLong, at kLooks looks in a row: then it falls behind. What comes in
// bursts and is sent within half a minute never does, however much it is.
//
// Having said so it is silent for kSilence, whatever was chosen: a peer is not sent from one way to the other and back,
// and the cells are weighed once a minute at most. One object per link. One thread.
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.h"

namespace pando::node {

class FallingBehind {
 public:
  static constexpr Duration kLookEvery = Duration::seconds(5);
  static constexpr Duration kTooLong = Duration::seconds(30);
  static constexpr int kLooks = 3;
  static constexpr Duration kSilence = Duration::seconds(60);

  bool due(Instant now) const { return now >= next_look_; }
  // `sent`: commits known here that the peer has, was sent or told of; `lacking`: all others.
  bool look(std::uint64_t sent, std::uint64_t lacking, Instant now);
  // The peer is not reading the log (any more): what was seen until now counts for nothing.
  void forget(Instant now);
  // Says nothing until then.
  void be_silent(Instant until) { next_look_ = until; }

 private:
  struct Seen {
    std::uint64_t sent = 0;
    Instant at;
  };
  std::optional<Seen> last_;
  int behind_ = 0;  // looks in a row
  Instant next_look_{0};
};

}  // namespace pando::node
