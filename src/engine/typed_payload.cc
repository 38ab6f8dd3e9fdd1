#include "engine/typed_payload.h"

#include <simdjson.h>

namespace pando::engine {

using simdjson::dom::element;
using simdjson::dom::object;

TypedKey typed_key(ByteSpan key) {
  if (key.starts_with("lww:")) return TypedKey::kLww;
  if (key.starts_with("counter:")) return TypedKey::kCounter;
  return TypedKey::kNone;
}

struct TypedPayloadParser::Impl {
  simdjson::dom::parser parser;

  std::optional<object> parse_object(ByteSpan payload) {
    element root;
    if (parser.parse(payload.data(), payload.size()).get(root) != simdjson::SUCCESS) return std::nullopt;
    object fields;
    if (root.get(fields) != simdjson::SUCCESS) return std::nullopt;
    return fields;
  }
};

TypedPayloadParser::TypedPayloadParser() : impl_(std::make_unique<Impl>()) {}
TypedPayloadParser::~TypedPayloadParser() = default;

std::optional<LwwPayload> TypedPayloadParser::parse_lww(ByteSpan payload) {
  const auto fields = impl_->parse_object(payload);
  if (!fields) return std::nullopt;
  LwwPayload parsed;
  std::string_view replica;
  element value;
  if ((*fields)["timestamp"].get(parsed.timestamp) != simdjson::SUCCESS) return std::nullopt;
  if ((*fields)["replica"].get(replica) != simdjson::SUCCESS) return std::nullopt;
  if ((*fields)["value"].get(value) != simdjson::SUCCESS) return std::nullopt;
  parsed.replica = Bytes(replica);
  std::string_view text;
  parsed.value = value.get(text) == simdjson::SUCCESS ? Bytes(text) : simdjson::minify(value);
  return parsed;
}

std::optional<CounterPayload> TypedPayloadParser::parse_counter(ByteSpan payload) {
  const auto fields = impl_->parse_object(payload);
  if (!fields) return std::nullopt;
  std::string_view replica;
  std::int64_t count = 0;
  if ((*fields)["replica"].get(replica) != simdjson::SUCCESS) return std::nullopt;
  if ((*fields)["count"].get(count) != simdjson::SUCCESS || count < 0) return std::nullopt;
  return CounterPayload{Bytes(replica), static_cast<std::uint64_t>(count)};
}

std::strong_ordering compare_lww(TypedPayloadParser& parser, ByteSpan a, ByteSpan b) {
  const auto payload_a = parser.parse_lww(a);
  const auto payload_b = parser.parse_lww(b);
  // An empty optional is below every payload.
  if (const auto order = payload_a <=> payload_b; order != 0) return order;
  return a.compare(b) <=> 0;
}

}  // namespace pando::engine
