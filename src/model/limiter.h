// model/limiter.h — rate limiters: how often something may happen, counted over all sites.
//
// A limiter is declared once under a key and counts each of its subjects (a user, an address; "" when there is but
// one) by itself. It lives in table `.limits`, beside the data and not among it.
//
//   bucket  up to `limit` at once, refilled by `rate` every `per`
//   window  up to `limit` in any span of `per`, moved on in steps of per / 16, rounded so that never more pass
//
//   strict  every site holds a share of the limit and asks only itself. All shares together are the limit, so it is
//   never
//           exceeded, whatever is cut off. Shares that lie idle move to a site that runs short (engine/escrow.h). Exact
//           while the sites' clocks run evenly: one that is set forward grants its site up to its share anew.
//   fast    every site counts against the whole limit what it has seen of all. Sites that do not see each other may
//           together let (sites - 1) × limit more pass, in each span of `per`, while that lasts; sites that do, what
//           arrives within the delay of replication.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "model/origin.h"

namespace pando {

inline constexpr std::string_view kTableLimits = ".limits";

struct LimiterTerms {
  enum class Kind : std::uint8_t { kBucket = 1, kWindow = 2 };
  Kind kind = Kind::kWindow;
  bool strict = false;
  std::uint64_t limit = 0;  // 1 to limits::kLimiterMax
  std::uint64_t rate = 0;   // bucket: 1 to limits::kLimiterMax; else 0
  std::int64_t per_ms = 0;  // 1 to limits::kLimiterPerMsMax
  friend bool operator==(const LimiterTerms&, const LimiterTerms&) = default;
};

// Begins an incarnation: all that was counted before is forgotten. The same terms again change nothing. Strict: the
// shares begin in equal parts at `sites`, by default at all sites known here.
struct DeclareLimiter {
  LimiterTerms terms;
  std::vector<std::string> sites;  // node names
};
struct TakeLimited {
  Bytes subject;             // at most limits::kSubjectBytesMax
  std::uint64_t amount = 1;  // 1 to terms.limit, or never allowed
};

struct GetLimiterRequest {
  Bytes key;
  Bytes subject;
};

// Of TakeLimited and GetLimiterRequest (then `allowed` is whether one may pass now).
struct LimiterReply {
  bool found = true;
  bool allowed = false;
  LimiterTerms terms;
  std::uint64_t remaining = 0;      // here and now
  std::uint64_t elsewhere = 0;      // strict: idle in other sites' shares
  std::int64_t retry_after_ms = 0;  // when not allowed: soonest when it may be; -1: never
};

}  // namespace pando
