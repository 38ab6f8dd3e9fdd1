// model/once.h — what is remembered of a write that was done under an idempotency key.
//
// It is an ordinary register of table `.once`, key = idempotency key, written by the commit it speaks of. So it is
// wherever the commit is, and a retry is known at every site that has it. Two sites that took the same key while they
// could not see each other leave two entries side by side; the latest is the one that counts, and the origins of the
// others take back what they did (engine/once.h).
#pragma once

#include <vector>

#include "model/bounded.h"
#include "model/reply.h"

namespace pando {

struct Once {
  // What the write added to one counter: enough to take exactly that away again.
  struct Counted {
    CellPath path;
    Seq birth;             // of the slot of the entry's origin that was counted in
    UInt128 added = 0;     // by this write
    UInt128 removed = 0;   // by this write
    UInt128 added_to = 0;  // the slot's totals after it
    UInt128 removed_to = 0;
    friend bool operator==(const Counted&, const Counted&) = default;
  };
  // A cell that the write chose by its place or by what was there: an item of a list, a member that was popped. Done
  // elsewhere too it may have been another one.
  struct Changed {
    CellPath path;                // of kItem, kScore or a set's member
    Bytes item;                   // by which name the list knows it (model/list_item.h); the member
    std::optional<Bytes> before;  // what it held; of kScore the whole score. Nothing for one that was not there
    bool stands = false;          // the write put something there; else it took away what was
    friend bool operator==(const Changed&, const Changed&) = default;
  };
  // Rights of a bounded counter that the write used, or holds by a reservation.
  struct Used {
    std::string table;
    Bytes key;
    Dot incarnation;
    Way way = Way::kTake;
    std::uint64_t amount = 0;
    Bytes reservation = {};  // empty: used for good
    friend bool operator==(const Used&, const Used&) = default;
  };

  std::uint64_t fingerprint = 0;  // Terms::fingerprint; 0: not told
  // Of DoneReply, CounterReply, TxCommittedReply, TxReply, BoundedDoneReply, RenewedReply or LimiterReply; nothing when
  // it was too large to keep.
  std::optional<ReplyBody> answer;
  std::vector<Counted> counted;
  std::vector<Changed> changed;  // by path; empty when they were too large to keep
  std::vector<Used> used;
};

// docs/formats/cells.md, "Idempotency keys". An answer of another kind, or over limits::kOnceAnswerBytesMax, is left
// out; so are `changed` when they are over limits::kOnceChangedBytesMax together.
Bytes encode_once(const Once& once);
// kDataLoss naming the field; kUnimplemented for a version that is newer than we are.
Result<Once> decode_once(ByteSpan bytes);

}  // namespace pando
