// model/explain.h — why a key reads as it does: every cell under it, with all that is stored of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/hlc.h"
#include "base/int128.h"
#include "model/origin.h"
#include "model/path.h"

namespace pando {

struct ExplainRequest {
  std::string table{kTableKv};
  Bytes key;
};

struct ExplainReply {
  // A concurrent value of a register, or a dot that holds a presence.
  struct Value {
    Dot dot;
    Hlc hlc;
    Bytes value;
    bool shown = false;  // the one that reads answer
  };
  // The last commit of an origin that counted in a slot, as the log has it.
  struct LastOp {
    Dot dot;
    Hlc hlc;
    std::optional<Int128> change;  // by how much; nothing where the log does not have the one before
  };
  // What one origin counted. Its part of the total is (added - added_base) - (removed - removed_base).
  struct Slot {
    Origin origin;
    Seq birth;
    UInt128 added = 0;
    UInt128 removed = 0;
    UInt128 added_base = 0;
    UInt128 removed_base = 0;
    std::optional<LastOp> last = {};  // nothing: not found where the log was searched, or it came by a resync
  };
  struct Cell {
    CellKind kind = CellKind::kRegister;
    Bytes element;
    bool shown = true;  // false: it reads as absent
    std::vector<Value> values = {};
    std::vector<Slot> slots = {};
    Int128 total = 0;  // of the slots
  };

  std::optional<ValueType> type;  // what reads answer; nothing when the key is absent
  std::optional<std::int64_t> expires_ms;
  bool expired = false;
  std::vector<Cell> cells;
  bool more = false;  // there are more than were described
  // The newest records of the log that were searched for what was counted last; nothing where there are no counters.
  struct Searched {
    std::uint64_t records = 0;
    bool reached_start = false;  // of what this node has of the log
  };
  std::optional<Searched> searched;
};

}  // namespace pando
