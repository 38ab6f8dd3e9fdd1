#include "model/cut.h"

#include "base/check.h"
#include "base/limits.h"

namespace pando {
namespace {

constexpr std::uint64_t kCutMarksMax = 1'000'000;

}  // namespace

void encode(const Cut& cut, Writer& out) {
  CHECK(cut.chains.size() == cut.context.entries().size());
  encode(cut.context, out);
  for (const std::uint64_t chain : cut.chains) out.u64(chain);
  out.u64(cut.hlc_floor.bits);
  out.varint(cut.marks.size());
  for (const auto& [table, freed] : cut.marks) {
    out.bytes(table);
    out.u8(static_cast<std::uint8_t>(freed));
  }
}

Cut decode_cut(Reader& in) {
  Cut cut;
  cut.context = decode_version_vector(in);
  for (std::size_t i = 0; i < cut.context.entries().size() && in.ok(); ++i) cut.chains.push_back(in.u64("cut.chain"));
  cut.hlc_floor = Hlc{in.u64("cut.hlc_floor")};
  const std::uint64_t count = in.varint_max("cut.marks", kCutMarksMax);
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    std::string table(in.bytes("cut.marks.table", limits::kTableBytesMax));
    const std::uint8_t freed = in.u8("cut.marks.freed");
    if (in.ok() && freed > static_cast<std::uint8_t>(Freed::kFields)) in.refuse("cut.marks.freed", "is above 2");
    if (in.ok() && i > 0 && table <= cut.marks.back().first) in.refuse("cut.marks", "is not in ascending order");
    cut.marks.emplace_back(std::move(table), static_cast<Freed>(freed));
  }
  return cut;
}

void encode(const CutCell& cell, Writer& out) {
  out.bytes(cell.key);
  out.u8(cell.state ? 1 : 0);
  if (cell.state) out.bytes(*cell.state);
}

CutCell decode_cut_cell(Reader& in) {
  CutCell cell;
  cell.key = Bytes(in.bytes("cut_cell.key", limits::kCutKeyBytesMax));
  const std::uint8_t present = in.u8("cut_cell.present");
  if (in.ok() && present > 1) in.refuse("cut_cell.present", "is neither 0 nor 1");
  if (present == 1) cell.state = Bytes(in.bytes("cut_cell.state", limits::kCutCellBytesMax));
  return cell;
}

Bytes encode_cut_record(const CutRecord& record) {
  Bytes body;
  Writer out(body);
  out.varint(record.records);
  out.u8(static_cast<std::uint8_t>(record.how));
  encode(record.cut, out);
  return body;
}

Result<CutRecord> decode_cut_record(ByteSpan body) {
  Reader in(body);
  CutRecord record;
  record.records = in.varint("cut.records");
  const std::uint8_t how = in.u8("cut.how");
  if (in.ok() && how > static_cast<std::uint8_t>(CutRecord::How::kMend)) in.refuse("cut.how", "is not known");
  record.how = static_cast<CutRecord::How>(how);
  record.cut = decode_cut(in);
  if (const Status status = in.finish(); !status.ok()) return fail(status);
  return record;
}

Bytes encode_arrival_record(const ArrivalRecord& record) {
  Bytes body;
  Writer out(body);
  out.varint(record.cells);
  out.varint(record.commits);
  encode(record.tables, out);
  encode(record.cut, out);
  return body;
}

Result<ArrivalRecord> decode_arrival_record(ByteSpan body) {
  Reader in(body);
  ArrivalRecord record;
  record.cells = in.varint("arrival.cells");
  record.commits = in.varint("arrival.commits");
  record.tables = decode_table_set(in);
  record.cut = decode_cut(in);
  if (Status status = in.finish(); !status.ok()) return fail(status.with_context("arrival"));
  return record;
}

Bytes encode_cut_cells(std::uint64_t count, ByteSpan packed) {
  Bytes body;
  Writer out(body);
  out.varint(count);
  out.raw(packed);
  return body;
}

Status decode_cut_cells(ByteSpan body, std::vector<CutCell>& cells) {
  Reader in(body);
  const std::uint64_t count = in.varint_max("cut_cells.count", body.size());
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) cells.push_back(decode_cut_cell(in));
  return in.finish();
}

}  // namespace pando
