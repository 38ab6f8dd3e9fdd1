#include "engine/retired.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/codec.h"

namespace pando::engine {
namespace {

constexpr std::uint8_t kRetirementVersion = 1;

}  // namespace

Bytes encode_retirement(std::uint64_t epoch) {
  Bytes bytes;
  Writer out(bytes);
  out.u8(kRetirementVersion);
  out.varint(epoch);
  return bytes;
}

std::optional<std::uint64_t> decode_retirement(ByteSpan bytes) {
  Reader in(bytes);
  if (in.u8("retirement.version") != kRetirementVersion) return std::nullopt;
  const std::uint64_t epoch = in.varint("retirement.epoch");
  if (!in.finish().ok() || epoch == 0) return std::nullopt;
  return epoch;
}

Status retire_node(Draft& draft, std::string_view node, std::uint64_t epoch) {
  PANDO_RETURN_IF_ERROR(validate_node_name(node));
  const RetiredNodes& known = draft.view().catalog().retired();
  if (known.has({std::string(node), epoch})) return {};
  return draft.put({std::string(kTableNodes), Bytes(node), CellKind::kRegister, {}}, encode_retirement(epoch));
}

namespace {

CellPath lost_path(std::string_view node, std::string element) {
  return {std::string(kTableNodes), Bytes(node), CellKind::kField, std::move(element)};
}

}  // namespace

Bytes encode_lost_disk(const LostDisk& lost) {
  Bytes bytes;
  Writer out(bytes);
  out.u8(kRetirementVersion);
  out.varint(lost.epoch);
  out.u8(lost.whole ? 1 : 0);
  if (lost.whole) encode(*lost.whole, out);
  return bytes;
}

std::optional<LostDisk> decode_lost_disk(ByteSpan bytes) {
  Reader in(bytes);
  if (in.u8("lost.version") != kRetirementVersion) return std::nullopt;
  LostDisk lost;
  lost.epoch = in.varint("lost.epoch");
  const std::uint8_t closed = in.u8("lost.closed");
  if (closed == 1) lost.whole = decode_version_vector(in);
  if (!in.finish().ok() || lost.epoch == 0 || closed > 1) return std::nullopt;
  return lost;
}

Status lose_disk(Draft& draft, std::string_view node, std::uint64_t epoch) {
  if (draft.view().catalog().retired().lost({std::string(node), epoch})) return {};
  return draft.put(lost_path(node, "disk"), encode_lost_disk({epoch}));
}

Status close_lost(Draft& draft, std::string_view node) {
  const RetiredNodes& known = draft.view().catalog().retired();
  if (!known.open(node)) return {};
  LostDisk lost{known.nodes().find(node)->second.lost, VersionVector()};
  for (const auto& [origin, seq] : draft.view().cells().context().entries()) {
    if (origin.node == node && known.lost(origin) && known.closing(origin) == nullptr) lost.whole->raise(origin, seq);
  }
  return draft.put(lost_path(node, fmt::format("disk {}", lost.epoch)), encode_lost_disk(lost));
}

}  // namespace pando::engine
