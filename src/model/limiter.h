// model/limiter.h — rate limiters: how often something may happen, counted over all sites.
//
// A limiter is declared once under a name and counts each of its subjects (a user, an address; "" when there is but
// one) by itself. It lives in table `.limits`, beside the data and not among it: watchers are not told of it.
//
//   window  up to `limit` in any span of `per`, moved on in steps of per / 16, rounded so that never more pass
//   bucket  up to `limit` at once, refilled by `rate` every `per`
//
//   strict  every site holds an equal part of the limit and asks only itself. All parts together are the limit, so it
//           is never exceeded, whatever is cut off; what a site does not use is not lent to others
//   fast    every site counts against the whole limit what it has seen of all of them. Sites that hear each other let
//           more pass only by what is under way between them; of sites that do not, each lets `limit` pass. So the
//           worst is limit × (number of groups of sites that cannot hear each other), in each span of `per`
//
// Time is the wall clock of the site that decides. One that is set forward frees at once what that time would have
// freed, at most one limit (strict: one part of it) more; after that it counts as any other. One that is set back
// frees nothing. What a site whose clock is more than a span ahead let pass is not counted by others (fast).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
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

// Mutations. -----------------------------------------------------------------------------------------------

// The same terms for the same sites again change nothing. Others take the place of what was declared: they begin an
// incarnation, and what was counted before is forgotten.
struct DeclareLimiter {
  LimiterTerms terms;
  // Strict: node names, who holds a part; all sites known here when empty. Fast: of no meaning, and left out.
  std::vector<std::string> sites;
};
// DoneReply::results: 1 when allowed. Being denied is an answer and not a failure, and changes nothing.
struct TakeLimited {
  Bytes subject;             // at most limits::kSubjectBytesMax
  std::uint64_t amount = 1;  // 1 to terms.limit
};

// Answers. -------------------------------------------------------------------------------------------------

struct GetLimiterRequest {
  Bytes key;
  Bytes subject;
};

// Of TakeLimited and GetLimiterRequest (then `allowed` is whether one may pass now).
struct LimiterReply {
  bool found = true;
  bool allowed = false;
  LimiterTerms terms;
  std::uint64_t share = 0;          // of this site in the limit: all of it unless strict
  std::uint64_t remaining = 0;      // here and now
  std::int64_t retry_after_ms = 0;  // when not allowed: soonest when it may be; kNever: not by this site's share
  std::vector<std::string> sites;   // strict: who holds a part, sorted

  static constexpr std::int64_t kNever = -1;
};

}  // namespace pando
