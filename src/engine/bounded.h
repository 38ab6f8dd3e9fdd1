// engine/bounded.h — deciding what is done to bounded counters: model/bounded.h says what each means.
//
// Every decision stands in one commit: uses and what they ask of other sites together. Reservations whose time is up
// are taken out before anything else is decided, in the same commit, so that a clock set back brings none of them back.
#pragma once

#include <array>
#include <string_view>

#include "engine/escrow.h"

namespace pando::engine {

// kNotFound where nothing is declared, kWrongType, kInvalidArgument.
Status decide(Draft& draft, const Mutation& mutation, const DeclareBounded& declare);
Status decide(Draft& draft, const Mutation& mutation, const TryBounded& attempt);
Status decide(Draft& draft, const Mutation& mutation, const ReserveBounded& reserve);
Status decide(Draft& draft, const Mutation& mutation, const SettleBounded& settle);
Status decide(Draft& draft, const Mutation& mutation, const ReclaimBounded& reclaim);

// Undoes a use that turned out to be the second of one request: what was taken is given and the reverse, and a
// reservation that is still there is let go of. kOutOfRange, and a demand, while the rights to do so are not here.
// Nothing when the counter was deleted meanwhile.
Status take_back(Draft& draft, const Once::Used& used);

// What this site does about a counter without a client: asks for what `demand` lacks, gives what others lack, and
// takes out what is of no use any more. The draft stays empty when there is nothing to do. From
// `look_again_at_ms` on there is more.
struct EscrowUpkeep {
  std::optional<std::int64_t> look_again_at_ms;
  std::array<bool, kWays> waiting{};  // a client was refused, and what it lacked has not come yet
};
Result<EscrowUpkeep> keep_up(Draft& draft, const EscrowKey& where, const EscrowDemand* demand);

// Gives all rights of this site that are free to `to`, in equal parts, and takes back what it asked for: it is going to
// be stopped. How much stays here: what reservations hold, and, where `to` is empty, everything.
Result<std::uint64_t> hand_over(Draft& draft, const EscrowKey& where, const std::vector<Origin>& to);
// Rights that the node has and could still use, free or held, of all ways together. 0 when no bounded counter is there.
Result<std::uint64_t> rights_held(View& view, const Origin& self, const EscrowKey& where, std::string_view node);

// What each origin has and wants.
std::vector<struct Stake> stakes_of(const Escrow& escrow, const Origin& self, Way way);

}  // namespace pando::engine
