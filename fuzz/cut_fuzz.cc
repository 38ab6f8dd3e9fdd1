// fuzz/cut_fuzz.cc — cuts and their cells, as records of the log and as frames of a resync: refused with a place, or
// one form only.
#include <cstddef>
#include <cstdint>

#include "apply/join_cut.h"
#include "base/check.h"
#include "model/cut.h"
#include "model/table_growth.h"
#include "repl/resync_frame.h"
#include "store/cell.h"
#include "store/cell_key.h"

namespace {

// By way of the records: decode_cut and decode_cut_cell, decode_table_growth.
void try_records(pando::ByteSpan bytes) {
  if (const pando::Result<pando::CutRecord> record = pando::decode_cut_record(bytes)) {
    CHECK(pando::encode_cut_record(*record) == bytes);
  }
  if (const pando::Result<pando::ArrivalRecord> record = pando::decode_arrival_record(bytes)) {
    CHECK(pando::encode_arrival_record(*record) == bytes);
  }
  if (const pando::Result<pando::ScopeRecord> record = pando::decode_scope_record(bytes)) {
    CHECK(pando::encode_scope_record(*record) == bytes);
  }
  std::vector<pando::CutCell> cells;
  if (!pando::decode_cut_cells(bytes, cells).ok()) return;
  pando::Bytes packed;
  pando::Writer out(packed);
  for (const pando::CutCell& cell : cells) pando::encode(cell, out);
  CHECK(pando::encode_cut_cells(cells.size(), packed) == bytes);
  // decode_cell_state, behind a key that is one.
  for (const pando::CutCell& cell : cells) (void)pando::apply::check_cut_cell(cell, {});
}

void try_frame(std::uint8_t kind, pando::ByteSpan bytes) {
  pando::Reader in(bytes);
  const pando::repl::ResyncFrame frame = pando::repl::decode_resync(kind, in);
  if (!in.finish().ok()) return;
  pando::Bytes again;
  pando::Writer out(again);
  pando::repl::encode_resync(frame, out);
  CHECK(pando::repl::kind_of(frame) == kind);
  CHECK(again == bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const pando::ByteSpan bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::uint8_t kind = data[0];
  if (kind >= pando::repl::kResyncKindFirst && kind <= pando::repl::kResyncKindLast) {
    try_frame(kind, bytes);
  } else {
    try_records(bytes);
  }
  return 0;
}
