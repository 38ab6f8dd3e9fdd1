// model/list_position.h — where an item of a list stands: byte strings whose order is the order of the list.
//
// A position is a path in a tree whose in-order walk is the list. Each step goes to the left or to the right of where
// the path was before, into a run of one origin, to one place of that run:
//
//   position = step… 0x20                       the last byte stands between what is left (0x10, 0x11) and right
//   step     = 0x10  run-origin  ~place         left: places of one run descend, so pushing to the front continues it
//            | 0x30  run-origin   place         right: places ascend, so pushing to the back continues it
//   0x11, 0x31 instead of 0x10, 0x30            the origin is that of the step before, and is left out
//   run-origin = name 0x00 number(epoch)
//   place      = number(seq of the commit) number(index within the commit); ~ inverts every bit
//   number     = one byte below 240, or 240 + n and n + 1 bytes, most significant first; shorter is smaller
//
// Every code is free of prefixes and ordered, so comparing bytes walks the tree. A place carries the commit that made
// it: no position is ever made twice, at any site, and items that go leave nothing behind. One writer that keeps on
// pushing, or typing forwards or backwards at one spot, makes positions of one length.
//
// Which side: an item that is inserted between a and b goes to the right of a, or, where b stands somewhere right of a
// already, to the left of b. That is the Fugue tree (M. Weidner, M. Kleppmann, "The Art of the Fugue", 2023, and
// M. Weidner, "position-strings"): runs that two sites insert at the same spot, forwards or backwards, never mix.
//
//   [x]; dc1 appends a, b and dc2 appends c, d, unseen by each other: x a b c d at every site, never x a c b d
#pragma once

#include <cstdint>
#include <optional>

#include "model/origin.h"

namespace pando {

// Who inserts: `index` counts the positions that one commit makes in one list.
struct ListPlace {
  Origin origin;
  Seq seq;
  std::uint32_t index = 0;
};

// Whether `position` is of the form above; a peer may write anything.
bool is_list_position(ByteSpan position);

// A position between `before` and `after`, which are neighbours (empty: the end of the list on that side), well formed,
// and in that order. `place` was used for no other position. kTooLarge when it would be longer than
// limits::kElementBytesMax.
Result<Bytes> list_position_between(ByteSpan before, ByteSpan after, const ListPlace& place);

}  // namespace pando
