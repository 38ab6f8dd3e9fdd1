// model/once.h — what is remembered of a write that was done under an idempotency key.
//
// It is an ordinary register of table `.once`, key = idempotency key, written by the commit it speaks of. So it is
// wherever the commit is, and a retry is known at every site that has it. Two sites that took the same key while they
// could not see each other leave two entries side by side; the one with the smallest dot is the one that counts, and
// the origins of the others take back what they counted (engine/once.h).
#pragma once

#include <vector>

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

  std::uint64_t fingerprint = 0;  // Terms::fingerprint; 0: not told
  std::optional<ReplyBody>
      answer;  // DoneReply, CounterReply, TxCommittedReply or TxReply; nothing when it was too large to keep
  std::vector<Counted> counted;
};

// docs/formats/cells.md, "Idempotency keys". An answer of another kind, or over limits::kOnceAnswerBytesMax, is left
// out.
Bytes encode_once(const Once& once);
// kDataLoss naming the field; kUnimplemented for a version that is newer than we are.
Result<Once> decode_once(ByteSpan bytes);

}  // namespace pando
