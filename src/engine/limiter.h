// engine/limiter.h — deciding what passes a rate limiter: model/limiter.h says what it promises.
//
// What passes is one commit, which writes this site's meter of that subject anew (engine/limiter_meter.h): one cell per
// subject and site, however much passes. What is denied is no commit, so a flood of it costs the log nothing. A meter
// that says nothing any more is removed by its site, when its time is up or when others are looked at anyway.
//
// Strict, and this site came back under a new epoch since the limiter was declared: commits that were lost may have let
// something pass. So it lets nothing pass until all of that would be forgotten, which it writes down once.
#pragma once

#include "engine/bounded.h"
#include "engine/escrow.h"

namespace pando::engine {

// kNotFound where nothing is declared, kInvalidArgument. What is denied is an answer.
Status decide(Draft& draft, const Mutation& mutation, const DeclareLimiter& declare);
Status decide(Draft& draft, const Mutation& mutation, const TakeLimited& take);

// What this site does about a limiter without a client: removes meters of its own that are of no use any more.
Result<EscrowUpkeep> keep_up_limiter(Draft& draft, const EscrowKey& where, const Escrow& escrow);

}  // namespace pando::engine
