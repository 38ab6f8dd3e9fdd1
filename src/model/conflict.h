// model/conflict.h — one line of the conflict ledger: something that was written and that reads do not show.
//
// Found where commits are applied, so it is the same after a replay. Every site has a ledger of its own: what met what
// depends on the order in which commits arrived there. A line stays also when a later write saw both sides.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/hlc.h"
#include "base/ids.h"
#include "model/path.h"
#include "model/version_vector.h"

namespace pando {

// Which line: the record of this node's log that made it, and which of its lines. Text "17-0"; ascending.
struct ConflictId {
  LogPos pos;
  std::uint32_t index = 0;
  friend auto operator<=>(const ConflictId&, const ConflictId&) = default;
};
std::string to_string(const ConflictId& id);
// kInvalidArgument when the text is none.
Result<ConflictId> parse_conflict_id(std::string_view text);

struct Conflict {
  // Stored as one byte, never renumbered.
  enum class Kind : std::uint8_t {
    kValue = 1,         // two values written concurrently: one is shown
    kTypeClash = 2,     // a key was written as two types concurrently: reads answer with one
    kRefusedStamp = 3,  // a peer's commit lies too far in the future and was not taken: `loser` names it
  };
  struct Side {
    Dot dot;  // empty node name: not known (a counter in which several have counted)
    Hlc hlc;
    std::optional<ValueType> type;  // kTypeClash
    std::optional<Bytes> value;     // nothing when there is none, or it is too large to be kept here
    friend bool operator==(const Side&, const Side&) = default;
  };

  ConflictId id;
  Kind kind = Kind::kValue;
  CellPath path;  // kRefusedStamp: empty
  Hlc hlc;        // of the commit by which both had met
  Side winner;    // kRefusedStamp: empty
  Side loser;
  std::string reason = {};  // kRefusedStamp: what was wrong

  friend bool operator==(const Conflict&, const Conflict&) = default;
};

// u8(version = 1) u8(kind) and the fields in order, without the id. docs/formats/cells.md.
Bytes encode_conflict(const Conflict& conflict);
// kDataLoss naming the offset and the field.
Result<Conflict> decode_conflict(const ConflictId& id, ByteSpan bytes);

}  // namespace pando
