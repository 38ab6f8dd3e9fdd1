#include "model/op.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/limits.h"

namespace pando {
namespace {

enum class OpTag : std::uint8_t { kPut = 1, kRemove = 2, kClear = 3, kCount = 4, kCountReset = 5 };

void tag(OpTag t, Writer& out) { out.u8(static_cast<std::uint8_t>(t)); }

struct Encoder {
  Writer& out;

  void operator()(const PutOp& op) const {
    tag(OpTag::kPut, out);
    encode(op.path, out);
    out.bytes(op.value);
    encode(op.replaces, out);
  }
  void operator()(const RemoveOp& op) const {
    tag(OpTag::kRemove, out);
    encode(op.path, out);
    encode(op.replaces, out);
  }
  void operator()(const ClearOp& op) const {
    tag(OpTag::kClear, out);
    out.bytes(op.table);
    out.bytes(op.key);
    encode(op.observed, out);
  }
  void operator()(const CountOp& op) const {
    tag(OpTag::kCount, out);
    encode(op.path, out);
    out.varint(op.birth.value);
    out.varint(op.added);
    out.varint(op.removed);
  }
  void operator()(const CountResetOp& op) const {
    tag(OpTag::kCountReset, out);
    encode(op.path, out);
    out.varint(op.observed.size());
    for (const auto& slot : op.observed) {
      encode(Dot{slot.origin, slot.birth}, out);
      out.varint(slot.added);
      out.varint(slot.removed);
    }
  }
};

// Dots that must be strictly ascending, so that equal sets have equal bytes.
std::vector<Dot> decode_sorted_dots(Reader& in) {
  std::vector<Dot> dots = decode_dots(in);
  if (in.ok() && std::adjacent_find(dots.begin(), dots.end(), std::greater_equal<>()) != dots.end()) {
    in.refuse("op.replaces", "is not in ascending order");
  }
  return dots;
}

CellPath decode_register_path(Reader& in) {
  CellPath path = decode_cell_path(in);
  if (in.ok() && path.kind == CellKind::kCounter) in.refuse("path.kind", "must not be a counter");
  return path;
}

CellPath decode_counter_path(Reader& in) {
  CellPath path = decode_cell_path(in);
  if (in.ok() && path.kind != CellKind::kCounter) in.refuse("path.kind", "must be a counter");
  return path;
}

PutOp decode_put(Reader& in) {
  PutOp op;
  op.path = decode_register_path(in);
  op.value = Bytes(in.bytes("put.value", limits::kValueBytesMax));
  op.replaces = decode_sorted_dots(in);
  if (in.ok() && is_presence(op.path.kind) && !op.value.empty()) in.refuse("put.value", "is not empty");
  return op;
}

RemoveOp decode_remove(Reader& in) {
  RemoveOp op;
  op.path = decode_register_path(in);
  op.replaces = decode_sorted_dots(in);
  if (in.ok() && op.replaces.empty()) in.refuse("remove.replaces", "is empty");
  return op;
}

ClearOp decode_clear(Reader& in) {
  ClearOp op;
  op.table = Bytes(in.bytes("clear.table", limits::kTableBytesMax));
  op.key = Bytes(in.bytes("clear.key", limits::kKeyBytesMax));
  if (in.ok()) {
    if (const Status table = validate_table_name(op.table); !table.ok()) in.refuse("clear.table", table.message());
    if (op.key.empty()) in.refuse("clear.key", "is empty");
  }
  op.observed = decode_version_vector(in);
  return op;
}

CountOp decode_count(Reader& in) {
  CountOp op;
  op.path = decode_counter_path(in);
  op.birth = Seq(in.varint("count.birth"));
  op.added = in.varint("count.added");
  op.removed = in.varint("count.removed");
  if (in.ok() && op.birth.value == 0) in.refuse("count.birth", "is zero");
  return op;
}

CountResetOp decode_count_reset(Reader& in) {
  CountResetOp op;
  op.path = decode_counter_path(in);
  const std::uint64_t count = in.varint_max("reset.count", limits::kOriginsMax);
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    const Dot birth = decode_dot(in);
    CountResetOp::Slot slot{birth.origin, birth.seq, 0, 0};
    slot.added = in.varint("reset.added");
    slot.removed = in.varint("reset.removed");
    const bool ascending = op.observed.empty() || std::tie(op.observed.back().origin, op.observed.back().birth) <
                                                      std::tie(slot.origin, slot.birth);
    if (in.ok() && !ascending) in.refuse("reset.slot", "is not in ascending order");
    op.observed.push_back(std::move(slot));
  }
  return op;
}

template <typename Field>
auto field_of(const Op& op, Field field) {
  return std::visit(
      [&](const auto& o) {
        if constexpr (std::is_same_v<std::decay_t<decltype(o)>, ClearOp>) {
          return field(o.table, o.key);
        } else {
          return field(o.path.table, o.path.key);
        }
      },
      op);
}

}  // namespace

void encode(const Op& op, Writer& out) { std::visit(Encoder{out}, op); }

Op decode_op(Reader& in) {
  const std::uint8_t t = in.u8("op.tag");
  switch (static_cast<OpTag>(t)) {
    case OpTag::kPut: return decode_put(in);
    case OpTag::kRemove: return decode_remove(in);
    case OpTag::kClear: return decode_clear(in);
    case OpTag::kCount: return decode_count(in);
    case OpTag::kCountReset: return decode_count_reset(in);
  }
  in.refuse("op.tag", fmt::format("{} is not a known op", t));
  return RemoveOp{};
}

std::string_view table_of(const Op& op) {
  return field_of(op, [](const std::string& table, const Bytes&) { return std::string_view(table); });
}

ByteSpan key_of(const Op& op) {
  return field_of(op, [](const std::string&, const Bytes& key) { return ByteSpan(key); });
}

}  // namespace pando
