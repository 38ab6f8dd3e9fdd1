// model/mutation.h — one thing to change, as a client asks for it, before anything is decided.
//
// Several of them in one request, or appended to one transaction, commit together, each seeing those before it.
// The types that need more than a key and a value say so in `detail`, a struct of their own header; what decides it
// is an overload of engine::decide() (engine/draft.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/int128.h"
#include "model/bounded.h"
#include "model/declare_table.h"
#include "model/document.h"
#include "model/edit.h"
#include "model/expiry.h"
#include "model/limiter.h"
#include "model/list.h"
#include "model/path.h"
#include "model/presence.h"
#include "model/put_object.h"
#include "model/restore.h"
#include "model/scores.h"
#include "model/sketch.h"
#include "model/stream.h"

namespace pando {

using Columns = std::vector<std::pair<Bytes, Bytes>>;  // name, value

// Deletes the key and everything under it, if it reads as this type; absent is fine.
struct DeleteTyped {
  ValueType type = ValueType::kValue;
};

struct Mutation {
  enum class Kind : std::uint8_t {
    kPut,            // key := value (a register)
    kDelete,         // the key and everything under it, whatever its type; absent is fine
    kPutColumns,     // upserts `columns` of a row
    kDeleteColumns,  // deletes the columns named in `columns` (values ignored) of a row
    kDeleteRow,      // deletes a row
    kAdd,            // counter += delta
    kReset,          // counter := 0 for all increments seen here
    kAddDecimal,     // decimal counter += units; a counter of whole numbers takes those
    kAddMembers,     // set ∪= members; a removal that did not see this leaves them in
    kRemoveMembers,  // set -= members, as seen here
    kDeleteSet,      // the set with all members seen here
    kEnable,         // flag := on; a disabling that did not see this leaves it on
    kDisable,        // flag := off, as seen here
    kDetail,         // what `detail` says
  };
  // What kDetail may be.
  using Detail = std::variant<
      std::monostate, ExpireChange, RestoreValue, DeleteTyped, SetScores, AddToScore, RemoveScores, RemoveScoreRange,
      ListPush, ListInsert, ListPop, ListSet, ListCut, ListRemove, ListMove, DeclareBounded, TryBounded, ReserveBounded,
      SettleBounded, ReclaimBounded, PutDocument, PatchDocument, DeclareTable, DeclareLimiter, TakeLimited, RenewLeases,
      EndLeases, RequireKey, TellValue, AppendText, OverwriteText, SetBit, PutAllAbsent, PutFieldAbsent, AddToField,
      AddDecimalToField, PopMembers, MoveMember, CombineSets, JoinScores, StoreScoreRange, ListTransfer, DeleteKeys,
      CopyKey, CombineBits, EditBits, AddToSketch, MergeSketches, AddEntry, RemoveEntries, TrimStream, PutObject>;

  Kind kind = Kind::kPut;
  std::string table{kTableKv};
  Bytes key;
  Bytes value;
  Columns columns;
  std::int64_t delta = 0;
  Int128 units = 0;  // billionths
  std::vector<Bytes> members;
  // A key of the other type gives way within the same commit: kPut takes the place of a counter, kAdd counts on
  // from a value that is a decimal 64-bit number, kAddDecimal from any number, and counters of whole and of decimal
  // numbers become each other. Without it the key keeps its type and the mutation is refused.
  bool convert = false;
  // kPut: done only if the key is absent, or present, as seen here and now; otherwise nothing changes.
  enum class When : std::uint8_t { kAlways, kIfAbsent, kIfPresent };
  When when = When::kAlways;
  // What writes (puts, adds, enables) may say about the end of their key; deletions ignore it. Without it the table's
  // declaration says how long a key is there from its last write; where that says nothing, kPut takes away an end
  // that was there, and all others leave it as it is.
  std::optional<TimeToLive> ttl = {};
  Detail detail = {};

  // As a new one. Keeps the memory of what is short, as the next one needs as much.
  void clear();
};

}  // namespace pando
