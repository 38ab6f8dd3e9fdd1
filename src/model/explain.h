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
  // What one origin counted. Its part of the total is (added - added_base) - (removed - removed_base).
  struct Slot {
    Origin origin;
    Seq birth;
    UInt128 added = 0;
    UInt128 removed = 0;
    UInt128 added_base = 0;
    UInt128 removed_base = 0;
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
};

}  // namespace pando
