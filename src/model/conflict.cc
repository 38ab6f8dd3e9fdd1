#include "model/conflict.h"

#include <fmt/core.h>

#include <charconv>

#include "base/limits.h"

namespace pando {
namespace {

constexpr std::uint8_t kConflictVersion = 1;
constexpr std::uint8_t kHasDot = 1;
constexpr std::uint8_t kHasType = 2;
constexpr std::uint8_t kHasValue = 4;

void encode(const Conflict::Side& side, Writer& out) {
  const bool has_dot = !side.dot.origin.node.empty();
  out.u8(
      static_cast<std::uint8_t>((has_dot ? kHasDot : 0) | (side.type ? kHasType : 0) | (side.value ? kHasValue : 0)));
  if (has_dot) encode(side.dot, out);
  out.u64(side.hlc.bits);
  if (side.type) out.u8(static_cast<std::uint8_t>(*side.type));
  if (side.value) out.bytes(*side.value);
}

Conflict::Side decode_side(Reader& in) {
  Conflict::Side side;
  const std::uint8_t flags = in.u8("conflict.side");
  if (in.ok() && (flags & ~(kHasDot | kHasType | kHasValue)) != 0) in.refuse("conflict.side", "has unknown flags");
  if ((flags & kHasDot) != 0) side.dot = decode_dot(in);
  side.hlc = Hlc{in.u64("conflict.hlc")};
  if ((flags & kHasType) != 0) {
    const std::uint8_t type = in.u8("conflict.type");
    if (in.ok() && type > static_cast<std::uint8_t>(ValueType::kStream)) in.refuse("conflict.type", "is not known");
    side.type = static_cast<ValueType>(type);
  }
  if ((flags & kHasValue) != 0) side.value = Bytes(in.bytes("conflict.value", limits::kLedgerValueBytesMax));
  return side;
}

}  // namespace

std::string to_string(const ConflictId& id) { return fmt::format("{}-{}", id.pos.value, id.index); }

Result<ConflictId> parse_conflict_id(std::string_view text) {
  ConflictId id;
  const char* end = text.data() + text.size();
  const auto [dash, pos_error] = std::from_chars(text.data(), end, id.pos.value);
  if (pos_error == std::errc() && dash != end && *dash == '-') {
    const auto [stop, index_error] = std::from_chars(dash + 1, end, id.index);
    if (index_error == std::errc() && stop == end && to_string(id) == text) return id;
  }
  return fail(StatusCode::kInvalidArgument,
              fmt::format("\"{}\" is no id of a conflict, like 17-0", text.substr(0, 40)));
}

Bytes encode_conflict(const Conflict& conflict) {
  Bytes bytes;
  Writer out(bytes);
  out.u8(kConflictVersion);
  out.u8(static_cast<std::uint8_t>(conflict.kind));
  out.u64(conflict.hlc.bits);
  if (conflict.kind == Conflict::Kind::kRefusedStamp) {
    encode(conflict.loser, out);
    out.bytes(conflict.reason);
    return bytes;
  }
  encode(conflict.path, out);
  encode(conflict.winner, out);
  encode(conflict.loser, out);
  return bytes;
}

Result<Conflict> decode_conflict(const ConflictId& id, ByteSpan bytes) {
  Conflict conflict;
  conflict.id = id;
  Reader in(bytes);
  const std::uint8_t version = in.u8("conflict.version");
  if (in.ok() && version != kConflictVersion) in.refuse("conflict.version", fmt::format("{} is not known", version));
  const std::uint8_t kind = in.u8("conflict.kind");
  if (in.ok() && (kind < 1 || kind > 3)) in.refuse("conflict.kind", fmt::format("{} is not known", kind));
  conflict.kind = static_cast<Conflict::Kind>(kind);
  conflict.hlc = Hlc{in.u64("conflict.hlc")};
  if (conflict.kind == Conflict::Kind::kRefusedStamp) {
    conflict.loser = decode_side(in);
    conflict.reason = std::string(in.bytes("conflict.reason", limits::kLedgerReasonBytesMax));
  } else {
    conflict.path = decode_cell_path(in);
    conflict.winner = decode_side(in);
    conflict.loser = decode_side(in);
  }
  if (Status status = in.finish(); !status.ok()) return fail(status.with_context("conflict " + to_string(id)));
  return conflict;
}

}  // namespace pando
