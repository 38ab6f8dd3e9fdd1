#include "repl/resync_frame.h"

#include "base/check.h"
#include "base/limits.h"

namespace pando::repl {
namespace {

constexpr std::uint64_t kResyncItemsMax = 65'536;

// Nothing where it is of every table.
void put_filter(const TableFilter& filter, Writer& out) {
  if (!filter.every()) encode(filter, out);
}
TableFilter get_filter(Reader& in) {
  if (!in.ok() || in.at_end()) return {};
  TableFilter filter = decode_table_filter(in);
  if (in.ok() && filter.every()) in.refuse("filter", "leaves out nothing");
  return filter;
}

void put_resync(const Gap& gap, Writer& out) { encode(gap.needs, out); }
void put_resync(const CutAsk& ask, Writer& out) {
  out.varint(ask.round);
  put_filter(ask.filter, out);
}
void put_resync(const CutHeld& held, Writer& out) {
  out.varint(held.round);
  encode(held.cut, out);
  put_filter(held.filter, out);
}
void put_resync(const RangeAsk& ask, Writer& out) {
  out.varint(ask.round);
  out.varint(ask.id);
  out.bytes(ask.from);
  out.bytes(ask.to);
  out.varint(ask.cells_per_part);
}
void put_resync(const Digests& digests, Writer& out) {
  out.varint(digests.round);
  out.varint(digests.id);
  out.varint(digests.parts.size());
  for (const Digests::Part& part : digests.parts) {
    out.bytes(part.to);
    out.u64(part.sum);
    out.varint(part.count);
  }
}
void put_resync(const Cells& cells, Writer& out) {
  out.varint(cells.round);
  out.varint(cells.id);
  out.bytes(cells.to);
  out.varint(cells.items.size());
  for (const Cells::Item& item : cells.items) {
    out.bytes(item.key);
    out.varint(item.size);
    out.varint(item.offset);
    out.bytes(item.piece);
  }
}
void put_resync(const CutOver& over, Writer& out) {
  out.varint(over.round);
  out.u8(static_cast<std::uint8_t>(over.why));
}

Bytes key_in(Reader& in, const char* field) { return Bytes(in.bytes(field, limits::kCutKeyBytesMax)); }

void get_resync(Gap& gap, Reader& in) { gap.needs = decode_version_vector(in); }
void get_resync(CutAsk& ask, Reader& in) {
  ask.round = in.varint("cut_ask.round");
  ask.filter = get_filter(in);
}
void get_resync(CutHeld& held, Reader& in) {
  held.round = in.varint("cut.round");
  held.cut = decode_cut(in);
  held.filter = get_filter(in);
}
void get_resync(RangeAsk& ask, Reader& in) {
  ask.round = in.varint("range_ask.round");
  ask.id = in.varint("range_ask.id");
  ask.from = key_in(in, "range_ask.from");
  ask.to = key_in(in, "range_ask.to");
  if (in.ok() && ask.from >= ask.to) in.refuse("range_ask", "is about nothing");
  ask.cells_per_part = in.varint("range_ask.cells_per_part");
}
void get_resync(Digests& digests, Reader& in) {
  digests.round = in.varint("digests.round");
  digests.id = in.varint("digests.id");
  const std::uint64_t count = in.varint_max("digests.count", limits::kResyncPartsMax);
  if (in.ok() && count == 0) in.refuse("digests.count", "is zero");
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    Digests::Part part;
    part.to = key_in(in, "digests.to");
    part.sum = in.u64("digests.sum");
    part.count = in.varint("digests.cells");
    if (in.ok() && i > 0 && part.to <= digests.parts.back().to) in.refuse("digests", "is not in ascending order");
    digests.parts.push_back(std::move(part));
  }
}
void get_resync(Cells& cells, Reader& in) {
  cells.round = in.varint("cells.round");
  cells.id = in.varint("cells.id");
  cells.to = key_in(in, "cells.to");
  const std::uint64_t count = in.varint_max("cells.count", kResyncItemsMax);
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    Cells::Item item;
    item.key = key_in(in, "cells.key");
    item.size = in.varint_max("cells.size", limits::kCutCellBytesMax);
    item.offset = in.varint_max("cells.offset", item.size);
    item.piece = Bytes(in.bytes("cells.piece", item.size - item.offset));
    if (in.ok() && i > 0 && item.key <= cells.items.back().key) in.refuse("cells", "is not in ascending order");
    cells.items.push_back(std::move(item));
  }
}
void get_resync(CutOver& over, Reader& in) {
  over.round = in.varint("cut_over.round");
  const std::uint8_t why = in.u8("cut_over.why");
  if (in.ok() && why > static_cast<std::uint8_t>(CutOver::Why::kTooLarge)) in.refuse("cut_over.why", "is not known");
  over.why = static_cast<CutOver::Why>(why);
}

template <std::size_t I = 0>
ResyncFrame decode_nth(std::size_t nth, Reader& in) {
  if constexpr (I < std::variant_size_v<ResyncFrame>) {
    if (nth != I) return decode_nth<I + 1>(nth, in);
    std::variant_alternative_t<I, ResyncFrame> frame;
    get_resync(frame, in);
    return frame;
  } else {
    CHECK(false);
    return {};
  }
}

}  // namespace

bool is_of_holder(const ResyncFrame& frame) {
  return std::holds_alternative<Gap>(frame) || std::holds_alternative<CutHeld>(frame) ||
         std::holds_alternative<Digests>(frame) || std::holds_alternative<Cells>(frame);
}

bool is_of_taker(const ResyncFrame& frame) {
  return std::holds_alternative<CutAsk>(frame) || std::holds_alternative<RangeAsk>(frame);
}

std::uint8_t kind_of(const ResyncFrame& frame) { return static_cast<std::uint8_t>(kResyncKindFirst + frame.index()); }

void encode_resync(const ResyncFrame& frame, Writer& out) {
  std::visit([&](const auto& one) { put_resync(one, out); }, frame);
}

ResyncFrame decode_resync(std::uint8_t kind, Reader& in) {
  CHECK(kind >= kResyncKindFirst && kind <= kResyncKindLast);
  return decode_nth(kind - kResyncKindFirst, in);
}

}  // namespace pando::repl
