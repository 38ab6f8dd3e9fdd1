// engine/presence.h — deciding who joins, renews and leaves a presence: model/presence.h says what each means.
//
// Leases that ended are hidden by reads and removed later, a few with every change of their presence. A site removes
// those that it gave by itself, as it set their ends by its own clock, so a clock that is ahead takes nobody else's
// members away; what another site gave, only when it is over by kClockGraceMs. A clock that is set ahead does end what
// its own site gave before, everywhere, until it is renewed. The key ends by that grace behind its last lease, and what
// is left in it then goes as that of any key whose time has run out.
#pragma once

#include "engine/draft.h"

namespace pando::engine {

// kWrongType, kInvalidArgument, kTooLarge.
Status decide(Draft& draft, const Mutation& mutation, const RenewLeases& renew);
Status decide(Draft& draft, const Mutation& mutation, const EndLeases& end);

// The lease that counts among those that sites gave at once: the longest, then the last by (hlc, dot); ended or not.
// Nothing when none can be read.
std::optional<Lease> lease_of(const crdt::Register& reg);

}  // namespace pando::engine
