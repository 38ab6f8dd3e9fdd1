// log/retention.h — how much of a log stays: what somebody needs, up to a lease by bytes and age.
//
// A segment may go when all of its records are in the store and it is the oldest. It goes when
//
//   everybody has it    every peer there is holds all of it, and what stays is keep_bytes or more
//   its lease is over   the log has more than retain_bytes; or the segment was filled more than retain_age ago, and
//   what
//                       stays is keep_bytes or more
//
// Whoever needs what has gone comes back by resync (docs/design/016-retention-and-resync.md); the lease is the most
// that anybody can hold up. The newest segment stays. Pure.
#pragma once

#include "base/time.h"
#include "log/index.h"

namespace pando::log {

struct Retention {
  bool on = false;
  std::uint64_t keep_bytes = std::uint64_t{1} << 30;  // for watchers and peers that are back in a moment
  std::uint64_t retain_bytes = std::uint64_t{4} << 30;
  Duration retain_age = Duration::seconds(7 * 24 * 3600);
  // Peers that dial this node are not known before they have; until so long after the start nobody is taken for
  // everybody.
  Duration grace = Duration::seconds(600);
};

// What is known of the oldest segment, beside the index.
struct OldestSegment {
  bool stored = false;       // the store has all of it for sure, and a start needs none of it
  bool had_by_all = false;   // every peer has all of it
  Duration filled_since{0};  // how long ago the segment after it was begun
};

// Whether the oldest segment goes now.
bool may_drop_oldest(const Index& index, const Retention& retention, const OldestSegment& oldest);

}  // namespace pando::log
