#include "model/origin.h"

#include <fmt/core.h>

#include <charconv>

#include "base/limits.h"

namespace pando {

std::string to_string(const Origin& origin) {
  if (origin.epoch == 1) return origin.node;
  return fmt::format("{}#{}", origin.node, origin.epoch);
}

std::optional<Origin> parse_origin(std::string_view text) {
  Origin origin;
  if (const std::size_t hash = text.find('#'); hash != std::string_view::npos) {
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data() + hash + 1, end, origin.epoch);
    if (error != std::errc() || stop != end || origin.epoch == 0) return std::nullopt;
    text = text.substr(0, hash);
  }
  if (!validate_node_name(text).ok()) return std::nullopt;
  origin.node = std::string(text);
  return origin;
}

std::string to_string(const Dot& dot) { return fmt::format("{}:{}", to_string(dot.origin), dot.seq.value); }

Status validate_node_name(ByteSpan name) {
  const auto refuse = [](std::string why) { return Status(StatusCode::kInvalidArgument, std::move(why)); };
  if (name.empty()) return refuse("node name is empty");
  if (name.size() > limits::kNodeNameBytesMax) {
    return refuse(fmt::format("node name has {} bytes, the limit is {}", name.size(), limits::kNodeNameBytesMax));
  }
  for (const char c : name) {
    const bool allowed =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
    if (!allowed) return refuse("node name may hold only letters, digits, '.', '_' and '-'");
  }
  return {};
}

Origin decode_origin(Reader& in) {
  Origin origin;
  origin.node = Bytes(in.bytes("origin.node", limits::kNodeNameBytesMax));
  origin.epoch = in.varint("origin.epoch");
  if (in.ok()) {
    if (const Status valid = validate_node_name(origin.node); !valid.ok()) in.refuse("origin.node", valid.message());
    if (origin.epoch == 0) in.refuse("origin.epoch", "is zero");
  }
  return origin;
}

Dot decode_dot(Reader& in) {
  Dot dot;
  dot.origin = decode_origin(in);
  dot.seq = Seq(in.varint("dot.seq"));
  if (in.ok() && dot.seq.value == 0) in.refuse("dot.seq", "is zero");
  return dot;
}

std::vector<Dot> decode_dots(Reader& in) {
  std::vector<Dot> dots;
  const std::uint64_t count = in.varint_max("dots.count", limits::kSiblingsMax);
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) dots.push_back(decode_dot(in));
  return dots;
}

}  // namespace pando
