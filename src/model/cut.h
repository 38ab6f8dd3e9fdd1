// model/cut.h — a consistent cut of one node's namespace, as another one merges it: what was seen at one position of
// its log, and the cells that tell both apart.
//
// A cut is joined whole or not at all: its context says "seen" of everything in it, so it may count only once every
// cell that differs is here. It carries cells, not commits, so it stands in the log for commits that nobody has as
// commits any more. Bytes: docs/formats/log.md (records S and J) and docs/formats/replication.md (frame cut).
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/hlc.h"
#include "model/expiry.h"
#include "model/table_scope.h"
#include "model/version_vector.h"

namespace pando {

struct Cut {
  VersionVector context;              // every commit in it
  std::vector<std::uint64_t> chains;  // Commit::chain of each origin's last one, as `context` lists them
  Hlc hlc_floor;                      // the largest stamp in it
  // Tables of which keys have had ends, ascending.
  std::vector<std::pair<std::string, Freed>> marks;
  friend bool operator==(const Cut&, const Cut&) = default;
};

// vector(context) then u64(chain) per entry, u64(hlc_floor) varint(count) then bytes(table) u8(freed) each.
void encode(const Cut& cut, Writer& out);
Cut decode_cut(Reader& in);

// A cut in a log: so many records of cells right before it are its cells. varint(records) u8(how) then the cut.
struct CutRecord {
  enum class How : std::uint8_t {
    kMerge = 0,  // by what both sides had seen
    kMend = 1,   // both had seen the same and held something else all the same: of each cell all that either has stays
  };
  std::uint64_t records = 0;
  Cut cut;
  How how = How::kMerge;
};
Bytes encode_cut_record(const CutRecord& record);
Result<CutRecord> decode_cut_record(ByteSpan body);

// Tables that have arrived, in a log: the records right before it are their cells, so many of kCutCells, and behind
// those so many commits that came meanwhile and that the cut has not seen (model/table_growth.h). varint(cells)
// varint(commits) tables, then the cut.
struct ArrivalRecord {
  std::uint64_t cells = 0;
  std::uint64_t commits = 0;
  TableSet tables;
  Cut cut;
};
Bytes encode_arrival_record(const ArrivalRecord& record);
Result<ArrivalRecord> decode_arrival_record(ByteSpan body);

// One cell of a cut; no state: it has none there.
struct CutCell {
  Bytes key;  // as stored (docs/formats/cells.md)
  std::optional<Bytes> state;
  friend bool operator==(const CutCell&, const CutCell&) = default;
};

// bytes(key) u8(1) bytes(state), or bytes(key) u8(0).
void encode(const CutCell& cell, Writer& out);
CutCell decode_cut_cell(Reader& in);

// A record of cells: varint(count) then each. `packed` is encode(), `count` times.
Bytes encode_cut_cells(std::uint64_t count, ByteSpan packed);
// Appends them to `cells`.
Status decode_cut_cells(ByteSpan body, std::vector<CutCell>& cells);

}  // namespace pando
