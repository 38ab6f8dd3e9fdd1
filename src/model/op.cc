#include "model/op.h"

#include <fmt/core.h>

#include <algorithm>
#include <limits>

#include "base/limits.h"

namespace pando {
namespace {

enum class OpTag : std::uint8_t { kPut = 1, kRemove = 2, kClear = 3, kCount = 4, kCountReset = 5, kClearPart = 6 };

// Flags of a clear of a part.
constexpr std::uint8_t kForgetsCounters = 1;
constexpr std::uint8_t kExact = 2;

template <typename Out>
void tag(OpTag t, Out& out) {
  out.u8(static_cast<std::uint8_t>(t));
}

template <typename Out>  // Writer, RawWriter
struct Encoder {
  Out& out;

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
    tag(op.plain() ? OpTag::kClear : OpTag::kClearPart, out);
    out.bytes(op.table);
    out.bytes(op.key);
    encode(op.observed, out);
    if (op.plain()) return;
    out.u8(static_cast<std::uint8_t>((op.forget_counters ? kForgetsCounters : 0) | (op.exact ? kExact : 0)));
    out.varint(op.kinds);
    out.bytes(op.prefix);
  }
  void operator()(const CountOp& op) const {
    tag(OpTag::kCount, out);
    encode(op.path, out);
    out.varint(op.birth.value);
    out.varint128(op.added);
    out.varint128(op.removed);
  }
  void operator()(const CountResetOp& op) const {
    tag(OpTag::kCountReset, out);
    encode(op.path, out);
    out.varint(op.observed.size());
    for (const auto& slot : op.observed) {
      encode(Dot{slot.origin, slot.birth}, out);
      out.varint128(slot.added);
      out.varint128(slot.removed);
    }
  }
};

// The most bytes that these take, near to what they do take: the room is filled with zeros first.
std::size_t varint_bytes_max(std::uint64_t n) { return n < 0x80 ? 1 : Writer::kVarintBytesMax; }
std::size_t bytes_max(ByteSpan bytes) { return bytes.size() + varint_bytes_max(bytes.size()); }
std::size_t bytes_max(const CellPath& path) {
  return bytes_max(path.table) + bytes_max(path.key) + bytes_max(path.element) + 1;
}
std::size_t bytes_max(const std::vector<Dot>& dots) {
  std::size_t bytes = varint_bytes_max(dots.size());
  for (const Dot& dot : dots) {
    bytes += bytes_max(dot.origin.node) + varint_bytes_max(dot.origin.epoch) + varint_bytes_max(dot.seq.value);
  }
  return bytes;
}
std::size_t bytes_max(const PutOp& op) { return 1 + bytes_max(op.path) + bytes_max(op.value) + bytes_max(op.replaces); }
std::size_t bytes_max(const RemoveOp& op) { return 1 + bytes_max(op.path) + bytes_max(op.replaces); }
std::size_t bytes_max(const CountOp& op) {
  return 1 + bytes_max(op.path) + Writer::kVarintBytesMax + 2 * Writer::kVarint128BytesMax;
}
// The others are rare.
template <typename AnyOp>
constexpr bool kOften =
    std::is_same_v<AnyOp, PutOp> || std::is_same_v<AnyOp, RemoveOp> || std::is_same_v<AnyOp, CountOp>;
constexpr std::size_t kSmallBytes = 1024;

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
  if (in.ok() && is_counter(path.kind)) in.refuse("path.kind", "must not be a counter");
  return path;
}

CellPath decode_counter_path(Reader& in) {
  CellPath path = decode_cell_path(in);
  if (in.ok() && !is_counter(path.kind)) in.refuse("path.kind", "must be a counter");
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

UInt128 decode_total(Reader& in, CellKind kind, const char* field) {
  const UInt128 total = in.varint128(field);
  if (in.ok() && total > slot_total_max(kind)) in.refuse(field, "is over the limit of its kind");
  return total;
}

ClearOp decode_clear(Reader& in, bool part) {
  ClearOp op;
  op.table = Bytes(in.bytes("clear.table", limits::kTableBytesMax));
  op.key = Bytes(in.bytes("clear.key", limits::kKeyBytesMax));
  if (in.ok()) {
    if (const Status table = validate_table_name(op.table); !table.ok()) in.refuse("clear.table", table.message());
    if (op.key.empty()) in.refuse("clear.key", "is empty");
  }
  op.observed = decode_version_vector(in);
  if (!part) return op;
  const std::uint8_t flags = in.u8("clear.flags");
  op.forget_counters = (flags & kForgetsCounters) != 0;
  op.exact = (flags & kExact) != 0;
  op.kinds = static_cast<std::uint32_t>(in.varint_max("clear.kinds", (std::uint64_t{2} << kCellKindMax) - 1));
  op.prefix = Bytes(in.bytes("clear.prefix", limits::kElementBytesMax));
  if (in.ok() && flags > (kForgetsCounters | kExact)) in.refuse("clear.flags", "has unknown bits");
  if (in.ok() && (op.kinds & 1U) != 0) in.refuse("clear.kinds", "names kind 0");
  if (in.ok() && op.plain()) in.refuse("clear.flags", "is a whole clear in the form of a part");
  return op;
}

CountOp decode_count(Reader& in) {
  CountOp op;
  op.path = decode_counter_path(in);
  op.birth = Seq(in.varint("count.birth"));
  op.added = decode_total(in, op.path.kind, "count.added");
  op.removed = decode_total(in, op.path.kind, "count.removed");
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
    slot.added = decode_total(in, op.path.kind, "reset.added");
    slot.removed = decode_total(in, op.path.kind, "reset.removed");
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

UInt128 slot_total_max(CellKind kind) {
  return kind == CellKind::kCounter ? UInt128{std::numeric_limits<std::uint64_t>::max()} : (UInt128{1} << 110) - 1;
}

void encode(const Op& op, Writer& out) {
  std::visit(
      [&]<typename AnyOp>(const AnyOp& one) {
        if constexpr (kOften<AnyOp>) {
          if (const std::size_t most = bytes_max(one); most <= kSmallBytes) {
            return out.small(most, [&](RawWriter& raw) { Encoder<RawWriter>{raw}(one); });
          }
        }
        Encoder<Writer>{out}(one);
      },
      op);
}

void encode(const std::vector<Op>& ops, Writer& out) {
  const auto small_bytes_max = [](const Op& op) -> std::size_t {
    return std::visit(
        []<typename AnyOp>(const AnyOp& one) -> std::size_t {
          if constexpr (kOften<AnyOp>) {
            if (const std::size_t most = bytes_max(one); most <= kSmallBytes) return most;
          }
          return 0;
        },
        op);
  };
  const auto write_small = [](const Op& op, RawWriter& raw) {
    std::visit(
        [&]<typename AnyOp>(const AnyOp& one) {
          if constexpr (kOften<AnyOp>) Encoder<RawWriter>{raw}(one);
        },
        op);
  };
  for (std::size_t at = 0; at < ops.size();) {
    // Of small ones next to each other at once.
    std::size_t most = 0;
    std::size_t end = at;
    for (; end < ops.size(); ++end) {
      const std::size_t bytes = small_bytes_max(ops[end]);
      if (bytes == 0) break;
      most += bytes;
    }
    if (end == at) {
      encode(ops[at++], out);
    } else {
      out.small(most, [&](RawWriter& raw) {
        while (at < end) write_small(ops[at++], raw);
      });
    }
  }
}

Op decode_op(Reader& in) {
  const std::uint8_t t = in.u8("op.tag");
  switch (static_cast<OpTag>(t)) {
    case OpTag::kPut: return decode_put(in);
    case OpTag::kRemove: return decode_remove(in);
    case OpTag::kClear: return decode_clear(in, false);
    case OpTag::kClearPart: return decode_clear(in, true);
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
