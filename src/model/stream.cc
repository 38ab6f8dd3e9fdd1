#include "model/stream.h"

#include <fmt/core.h>

#include "base/codec.h"
#include "base/limits.h"

namespace pando {

std::optional<StreamId> StreamId::next() const {
  if (number < UINT64_MAX) return StreamId{ms, number + 1};
  if (ms < UINT64_MAX) return StreamId{ms + 1, 0};
  return std::nullopt;
}

std::optional<StreamId> StreamId::previous() const {
  if (number > 0) return StreamId{ms, number - 1};
  if (ms > 0) return StreamId{ms - 1, UINT64_MAX};
  return std::nullopt;
}

std::string to_string(const StreamId& id) { return fmt::format("{}-{}", id.ms, id.number); }

Bytes encode_stream_id(const StreamId& id) {
  Bytes out;
  for (const std::uint64_t word : {id.ms, id.number}) {
    for (unsigned shift = 64; shift > 0; shift -= 8) out.push_back(static_cast<char>(word >> (shift - 8)));
  }
  return out;
}

std::optional<StreamId> decode_stream_id(ByteSpan bytes) {
  if (bytes.size() != 16) return std::nullopt;
  const auto word = [&](std::size_t from) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < 8; ++i) value = value << 8U | static_cast<unsigned char>(bytes[from + i]);
    return value;
  };
  return StreamId{word(0), word(8)};
}

Bytes encode_stream_fields(const StreamFields& fields) {
  Bytes out;
  Writer to(out);
  to.varint(fields.size());
  for (const auto& [name, value] : fields) {
    to.bytes(name);
    to.bytes(value);
  }
  return out;
}

std::optional<StreamFields> decode_stream_fields(ByteSpan bytes) {
  Reader in(bytes);
  StreamFields fields;
  const std::uint64_t count = in.varint_max("stream.fields", bytes.size());
  for (std::uint64_t i = 0; in.ok() && i < count; ++i) {
    const Bytes name(in.bytes("stream.name", limits::kValueBytesMax));
    fields.emplace_back(name, in.bytes("stream.value", limits::kValueBytesMax));
  }
  if (!in.finish().ok()) return std::nullopt;
  return fields;
}

}  // namespace pando
