// model/bounded.h — a bounded counter: a number that never leaves its bounds, at any site, whatever is cut off.
//
// Taking one down by n needs n rights to take, raising it needs rights to give; each site spends only rights it holds,
// so no two sites can spend the same ones. Taking makes as many rights to give at the same site, and the reverse.
// Rights move between sites by replication (engine/escrow.h).
//
//   lower 0, initial 100:   dc1 holds 100 rights to take; dc2, asked to take 5, holds none, refuses, and asks dc1;
//                           a round trip later it holds 50, and takes
//
// A reservation holds rights at its site until it is committed, cancelled, or its time is up by that site's clock.
// (O'Neil, "The escrow transactional method", 1986; Balegas et al., "Extending eventually consistent cloud databases
// for enforcing numeric invariants", 2015.)
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "model/origin.h"

namespace pando {

// What is done to a bounded counter, and which rights it needs.
enum class Way : std::uint8_t { kTake = 0, kGive = 1 };
inline constexpr std::size_t kWays = 2;
constexpr Way opposite(Way way) { return way == Way::kTake ? Way::kGive : Way::kTake; }
constexpr std::size_t index_of(Way way) { return static_cast<std::size_t>(way); }
// "take", "give".
std::string_view name_of(Way way);

// One of the bounds at least is there; lower <= initial <= upper.
struct Bounds {
  std::optional<std::int64_t> lower;
  std::optional<std::int64_t> upper;
  std::int64_t initial = 0;
  friend bool operator==(const Bounds&, const Bounds&) = default;
};

// Mutations. -----------------------------------------------------------------------------------------------

// Begins an incarnation of the counter. Declaring again with the same terms changes nothing, with others is refused:
// kConflict. All rights begin at the site that declares, or in equal parts at `sites`.
struct DeclareBounded {
  Bounds bounds;
  std::vector<std::string> sites;  // node names
};
// Now. kOutOfRange with a BoundRefusal when this site lacks the rights.
struct TryBounded {
  Way way = Way::kTake;
  std::uint64_t amount = 1;
};
// Holds the rights for a time.
struct ReserveBounded {
  Way way = Way::kTake;
  std::uint64_t amount = 1;
  Duration ttl = Duration::seconds(60);
};
// Takes, or gives, what a reservation of this site holds; or lets go of it.
struct SettleBounded {
  Bytes reservation;
  bool commit = true;
};
// Takes over what rights an earlier epoch of this node holds. They are locked until someone who knows says that what
// is seen of that epoch is all it ever did: rights it spent on commits that were lost would be spent twice.
struct ReclaimBounded {
  Origin from;
};

// Answers. -------------------------------------------------------------------------------------------------

struct GetBoundedRequest {
  std::string table;
  Bytes key;
};

// Rights that nothing limits are absent.
using Rights = std::array<std::optional<std::uint64_t>, kWays>;

struct BoundedReply {
  struct Site {
    Origin origin;
    Rights rights;                            // free to use
    std::array<std::uint64_t, kWays> held{};  // by reservations
    std::array<std::uint64_t, kWays> used{};  // taken, given, in all
    bool locked = false;                      // an earlier epoch of its node: see ReclaimBounded
  };
  // What a site began that did not know of this one, and what came of it: no part of the value.
  struct Lost {
    Dot incarnation;
    Bounds bounds;
    std::int64_t value = 0;
  };
  bool found = false;
  Dot incarnation;  // the commit that declared it
  Bounds bounds;
  std::int64_t value = 0;
  Rights here;
  std::vector<Site> sites;  // sorted by origin
  std::vector<Lost> lost;   // sorted by incarnation
};

// Of every mutation above.
struct BoundedDoneReply {
  std::int64_t value = 0;  // as seen here
  Rights here;
  Bytes reservation;  // ReserveBounded
  std::int64_t expires_at_ms = 0;
};

// Why a use was refused: what is missing here, and where there is more, as far as this site knows.
struct BoundRefusal {
  Way way = Way::kTake;
  std::uint64_t asked = 0;
  std::uint64_t here = 0;
  std::uint64_t held = 0;  // here, by reservations
  std::int64_t value = 0;
  std::vector<std::pair<Origin, std::uint64_t>> elsewhere;  // sorted by origin; none is zero; locked ones left out
};

// A reservation's name: "dc1~1700000060000.17.0", origin, expiry, commit, place in it.
struct ReservationName {
  Origin origin;
  std::int64_t expires_at_ms = 0;
  Seq seq;
  std::uint64_t index = 0;
};
Bytes to_string(const ReservationName& name);
std::optional<ReservationName> parse_reservation(ByteSpan text);

}  // namespace pando
