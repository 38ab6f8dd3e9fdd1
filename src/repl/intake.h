// repl/intake.h — the receiver's rule: may this commit, which a peer sent, be appended here now?
//
// Per origin the log is dense: seq <= appended is a duplicate, seq == appended + 1 is next, anything further
// is a gap (of a skip: its first number), and a gap from a peer that sends its log in order is that peer's fault. A
// pure function of the appended context and the bytes; the node appends, counts, or refuses the link.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <variant>

#include "base/status.h"
#include "base/time.h"
#include "model/commit.h"
#include "model/version_vector.h"

namespace pando::repl {

struct IntakeOptions {
  Origin self;  // this node's name and current epoch
  // Stamps further ahead of the wall clock are refused: one broken clock must not drag everybody's along.
  Duration clock_ahead_max = Duration::seconds(24 * 3600);
};

// Append it.
struct Next {
  Commit commit;
};
// Already here; nothing to do.
struct Duplicate {
  Dot dot;
};
// A commit of this node's own current epoch (or a later one) that it does not have: it has lost its tail.
// Start an epoch above `dot.origin.epoch`, then examine the commit again: it is then somebody else's.
struct FromSelfUnknown {
  Dot dot;
};
// Refuse the link with `reason`; nothing was taken.
//   kDataLoss    malformed bytes, or a chain hash that does not follow from the previous commit here
//   kConflict    another commit is already here under this number: a cloned disk or a reused number
//   kOutOfRange  a gap, or a stamp too far ahead of the clock here
//   kTooLarge    of an origin that would be one too many
//   kInvalidArgument  of this node, and of an epoch that it cannot have had
struct Rejected {
  Status reason;
  std::optional<std::pair<Dot, Hlc>> future = {};  // the commit whose stamp is too far ahead
  bool gap = false;                                // others of its origin are missing before it
};
using Verdict = std::variant<Next, Duplicate, FromSelfUnknown, Rejected>;

// `previous_chain` is the chain hash of the last appended commit of the same origin; absent when not known
// (it is never needed for seq 1). `wall_ms` is the local wall clock.
Verdict examine(ByteSpan encoded, const VersionVector& appended, std::optional<std::uint64_t> previous_chain,
                std::int64_t wall_ms, const IntakeOptions& options);

}  // namespace pando::repl
