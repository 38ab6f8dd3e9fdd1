// crdt/int128.h — a sum wide enough that adding up 65,536 slots of 64 bits cannot overflow.
#pragma once

namespace pando::crdt {

__extension__ using Int128 = __int128;

}  // namespace pando::crdt
