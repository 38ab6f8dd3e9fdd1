// model/list_item.h — what the cell of a list item holds: its value, and for one that was moved which item it is.
//
// An item is called by the position it was inserted at. Moving it puts it at a new position under its old name, and
// changing its value writes it where it stands; sites that do such things at once leave several cells that claim to be
// one item. Then the latest move says where it stands and the latest write what it is, and it is shown once; the next
// writer of the item takes the other cells away. For that a cell remembers the stamp of the one when it was written
// for the other.
//
//   written by            name             moved_at              written_at
//   insert                (its position)   never                 the cell's own stamp
//   set, never moved      (its position)   never                 the cell's own stamp
//   move                  given            the cell's own stamp  given
//   set, moved before     given            given                 the cell's own stamp
//   both in one commit    given            the cell's own stamp  the cell's own stamp
#pragma once

#include <optional>

#include "base/bytes.h"
#include "base/hlc.h"
#include "base/status.h"

namespace pando {

struct ListItem {
  Bytes name;                     // position it was inserted at; empty: where its cell is
  std::optional<Hlc> moved_at;    // absent: its cell's stamp, or never when it has no name
  std::optional<Hlc> written_at;  // absent: its cell's stamp
  Bytes value;

  friend bool operator==(const ListItem&, const ListItem&) = default;
};

// The same, borrowed from its bytes.
struct ListItemView {
  ByteSpan name;
  std::optional<Hlc> moved_at;
  std::optional<Hlc> written_at;
  ByteSpan value;
};

// u8(1: name | 2: moved_at | 4: written_at) [bytes(name)] [u64(moved_at)] [u64(written_at)] then the value to the end.
Bytes encode_list_item(const ListItem& item);
// The same for one that was inserted and never moved.
Bytes encode_list_item(ByteSpan value);
// kDataLoss when it is not of that form.
Result<ListItem> decode_list_item(ByteSpan bytes);
Result<ListItemView> view_list_item(ByteSpan bytes);

}  // namespace pando
