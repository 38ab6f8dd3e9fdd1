#include "engine/retired.h"

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

}  // namespace pando::engine
