// model/lob_manifest.h — what a large object's register holds: where its bytes are and what they add up to.
//
// The bytes lie in chunk cells (".lob", upload, kField, chunk_element(i)), i = 0 … chunk_count - 1, staged by
// earlier commits of the same origin. An upload id is never used by two manifests: when a manifest is removed
// or replaced, every site deletes the chunks of its upload, without being told (apply/apply.h).
#pragma once

#include <cstdint>

#include "base/status.h"
#include "model/path.h"

namespace pando {

struct LobManifest {
  Bytes upload;  // 1 to limits::kLobUploadBytesMax bytes
  std::uint64_t size_bytes = 0;
  std::uint64_t chunk_count = 0;  // at most limits::kLobChunksMax
  std::uint32_t crc32 = 0;        // CRC-32 (IEEE) of all bytes

  friend bool operator==(const LobManifest&, const LobManifest&) = default;
};

// u8(version = 1) bytes(upload) varint(size_bytes) varint(chunk_count) u32(crc32)
Bytes encode_lob_manifest(const LobManifest& manifest);
// kDataLoss naming the offset and the field.
Result<LobManifest> decode_lob_manifest(ByteSpan bytes);

// 8 bytes big-endian, so that chunks lie in order.
Bytes chunk_element(std::uint64_t index);
CellPath chunk_path(ByteSpan upload, std::uint64_t index);

}  // namespace pando
