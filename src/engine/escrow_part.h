// engine/escrow_part.h — the cells of a bounded counter or limiter, and their bytes: docs/formats/cells.md.
//
// All are registers of kind kBound under one key, told apart by their element:
//
//   (empty)                                the declaration; its dot names the incarnation
//   'p' subject, incarnation, origin       what that origin did in that incarnation: only it writes it
//   'h' incarnation, origin, expiry, …     one reservation of that origin, in the order of their expiry
//   'a' incarnation, origin                from when that origin lets something pass a strict limiter
//
// An incarnation's cells are never read as another's, so a delete or a new declaration starts from nothing, and what
// a site did that had not heard of it stays apart. Parts of an incarnation that is gone are never shown.
#pragma once

#include <variant>

#include "model/bounded.h"
#include "model/limiter.h"

namespace pando::engine {

struct EscrowKey {
  std::string table;
  Bytes key;
  Bytes subject = {};  // of a limiter
  friend auto operator<=>(const EscrowKey&, const EscrowKey&) = default;
};
// A client was refused `amount` here: what node/ asks other sites for.
struct EscrowDemand {
  EscrowKey where;
  Way way = Way::kTake;
  std::uint64_t amount = 0;
};

struct EscrowDeclaration {
  std::variant<Bounds, LimiterTerms> terms;
  std::vector<Origin> sites;  // who holds the rights to begin with, in equal parts; empty: who declares. Sorted

  // Rights in all to begin with; nothing when that way has no bound.
  std::optional<std::uint64_t> rights(Way way) const;
  // The share of one origin in them, when `declarer` declared.
  std::uint64_t share(Way way, const Origin& origin, const Origin& declarer) const;

  friend bool operator==(const EscrowDeclaration&, const EscrowDeclaration&) = default;
};

// What passed a limiter at one origin (engine/limiter_meter.h). Buckets have at_ms and deficit, fast ones counted and
// seen too; windows have slots.
struct LimiterMeter {
  struct Slot {
    std::uint64_t index = 0;  // of a span of per / 16, since 1970
    std::uint64_t count = 0;
    friend bool operator==(const Slot&, const Slot&) = default;
  };
  std::uint64_t at_ms = 0;                             // of what follows
  UInt128 deficit = 0;                                 // what the bucket lacks, in parts of one passage
  std::uint64_t counted = 0;                           // passed here, in all
  std::vector<std::pair<Origin, std::uint64_t>> seen;  // `counted` of others that is in `deficit`. Sorted
  std::vector<Slot> slots;                             // ascending, none empty
  friend bool operator==(const LimiterMeter&, const LimiterMeter&) = default;
};

struct EscrowPart {
  struct Transfer {
    Origin origin;
    std::array<std::uint64_t, kWays> amount{};
    friend bool operator==(const Transfer&, const Transfer&) = default;
  };
  // Bounded counters. All but `held` only grow.
  std::array<std::uint64_t, kWays> used{};
  std::array<std::uint64_t, kWays> held{};
  // Rights it asks to have received in all; of them those a client was refused for.
  std::array<std::uint64_t, kWays> wanted{};
  std::array<std::uint64_t, kWays> urgent{};
  std::uint64_t reminders = 0;      // of how often it asked again
  std::vector<Transfer> grants;     // rights given to others, in all. Sorted by origin
  std::vector<Transfer> reclaimed;  // rights taken over from earlier epochs of this node. Sorted by origin
  LimiterMeter meter;

  std::uint64_t granted(const Origin& to, Way way) const;
  // False when the sum would leave 64 bits; then nothing changed.
  [[nodiscard]] bool grant(const Origin& to, Way way, std::uint64_t amount);
  friend bool operator==(const EscrowPart&, const EscrowPart&) = default;
};

struct EscrowHold {
  Way way = Way::kTake;
  std::uint64_t amount = 0;
  friend bool operator==(const EscrowHold&, const EscrowHold&) = default;
};

// kDataLoss naming the field. Each form has exactly one encoding.
Bytes encode(const EscrowDeclaration& declaration);
Result<EscrowDeclaration> decode_escrow_declaration(ByteSpan bytes);
Bytes encode(const EscrowPart& part);
Result<EscrowPart> decode_escrow_part(ByteSpan bytes);
Bytes encode(const EscrowHold& hold);
Result<EscrowHold> decode_escrow_hold(ByteSpan bytes);

// Elements. ------------------------------------------------------------------------------------------------

inline constexpr char kPartElement = 'p';
inline constexpr char kHoldElement = 'h';
inline constexpr char kAdmissionElement = 'a';

Bytes part_prefix(ByteSpan subject, const Dot& incarnation);
Bytes part_element(ByteSpan subject, const Dot& incarnation, const Origin& origin);
struct PartName {
  Bytes subject;
  Dot incarnation;
  Origin origin;
};
std::optional<PartName> parse_part(ByteSpan element);

Bytes hold_prefix(const Dot& incarnation, const Origin& origin);
Bytes hold_element(const Dot& incarnation, const ReservationName& name);
struct HoldName {
  Dot incarnation;
  ReservationName reservation;
};
std::optional<HoldName> parse_hold(ByteSpan element);

// Its value is an instant (encode_expiry()).
Bytes admission_element(const Dot& incarnation, const Origin& origin);
std::optional<std::pair<Dot, Origin>> parse_admission(ByteSpan element);

}  // namespace pando::engine
