// repl/resync_frame.h — what two nodes say to each other when a log no longer reaches back to what the other needs.
//
//   the one with the log                      the one that needs it
//   Gap(needs)            ──────────────►     waits a moment: another link may bring it
//                         ◄──────────────     CutAsk(round)
//   Cut(round, cut)       ──────────────►     from here on both speak of that one cut
//                         ◄──────────────     RangeAsk(id, from, to, per part)        several at a time
//   Digests(id, parts)    ──────────────►     parts that differ are asked about in smaller ones,
//                         ◄──────────────     RangeAsk(id, from, to, 0)               and at last for their cells
//   Cells(id, …)          ──────────────►     when nothing differs any more: the cut is merged in, in one step
//                         ◄──────────────     CutOver(round)
//
// Both may need the other's at once. Answers come in the order of the asks. Either side may say CutOver at any time:
// the cut is no longer held, or no longer wanted. Frames of another round are of no interest. Only between two that
// both say kFeatureResync in their Hello. Bytes: docs/formats/replication.md; why:
// docs/design/016-retention-and-resync.md.
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "base/codec.h"
#include "model/cut.h"
#include "model/table_scope.h"

namespace pando::repl {

// A bit of Hello::features (repl/frame.h).
inline constexpr std::uint64_t kFeatureResync = 2;

// My log begins, or goes on, behind commits that you lack and that it does not have: it is of use to whoever has all
// of `needs`.
struct Gap {
  VersionVector needs;
};
struct CutAsk {
  std::uint64_t round = 0;
  TableFilter filter = {};  // all that I want to hear of
};
// What I have durably at one position of my log.
struct CutHeld {
  std::uint64_t round = 0;
  Cut cut;
  TableFilter filter = {};  // of the cells in these tables both speak from here on
};
// About the cells of the cut with keys in [from, to): the digests of parts of `cells_per_part` cells each; 0: the
// cells.
struct RangeAsk {
  std::uint64_t round = 0;
  std::uint64_t id = 0;
  Bytes from;
  Bytes to;
  std::uint64_t cells_per_part = 0;
};
// Parts of the range from its beginning on, each from the end of the one before. What lies behind the last was not
// looked at.
struct Digests {
  struct Part {
    Bytes to;
    std::uint64_t sum = 0;
    std::uint64_t count = 0;
  };
  std::uint64_t round = 0;
  std::uint64_t id = 0;
  std::vector<Part> parts;  // not empty
};
// Cells of the range, in order; all there are up to `to`. A large one comes in pieces, the last of them completes it.
struct Cells {
  struct Item {
    Bytes key;
    std::uint64_t size = 0;    // of its state
    std::uint64_t offset = 0;  // of this piece
    Bytes piece;
  };
  std::uint64_t round = 0;
  std::uint64_t id = 0;
  Bytes to;
  std::vector<Item> items;
};
struct CutOver {
  std::uint64_t round = 0;
  enum class Why : std::uint8_t {
    kNotWanted = 0,  // said by the taker
    kNotHeld = 1,    // said by the holder: ask for another one
    kTooLarge = 2,   // said by the taker: more differs than it can hold; by the log, if at all
  };
  Why why = Why::kNotWanted;
};

using ResyncFrame = std::variant<Gap, CutAsk, CutHeld, RangeAsk, Digests, Cells, CutOver>;

// Kinds 16, 17, … as they stand in the variant.
inline constexpr std::uint8_t kResyncKindFirst = 16;
inline constexpr std::uint8_t kResyncKindLast = kResyncKindFirst + std::variant_size_v<ResyncFrame> - 1;
std::uint8_t kind_of(const ResyncFrame& frame);

// Said only by who has the log, or only by who needs it. CutOver is neither.
bool is_of_holder(const ResyncFrame& frame);
bool is_of_taker(const ResyncFrame& frame);

// The body of a frame of that kind.
void encode_resync(const ResyncFrame& frame, Writer& out);
ResyncFrame decode_resync(std::uint8_t kind, Reader& in);

}  // namespace pando::repl
