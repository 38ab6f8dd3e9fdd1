#include "model/lob_manifest.h"

#include <fmt/core.h>

#include "base/limits.h"

namespace pando {
namespace {

constexpr std::uint8_t kManifestVersion = 1;

}  // namespace

Bytes encode_lob_manifest(const LobManifest& manifest) {
  Bytes bytes;
  Writer out(bytes);
  out.u8(kManifestVersion);
  out.bytes(manifest.upload);
  out.varint(manifest.size_bytes);
  out.varint(manifest.chunk_count);
  out.u32(manifest.crc32);
  return bytes;
}

Result<LobManifest> decode_lob_manifest(ByteSpan bytes) {
  Reader in(bytes);
  LobManifest manifest;
  const std::uint8_t version = in.u8("manifest.version");
  if (in.ok() && version != kManifestVersion) in.refuse("manifest.version", fmt::format("{} is not known", version));
  manifest.upload = Bytes(in.bytes("manifest.upload", limits::kLobUploadBytesMax));
  if (in.ok() && manifest.upload.empty()) in.refuse("manifest.upload", "is empty");
  manifest.size_bytes = in.varint("manifest.size_bytes");
  manifest.chunk_count = in.varint_max("manifest.chunk_count", limits::kLobChunksMax);
  manifest.crc32 = in.u32("manifest.crc32");
  if (Status status = in.finish(); !status.ok()) return fail(status.with_context("lob manifest"));
  return manifest;
}

Bytes chunk_element(std::uint64_t index) {
  Bytes element(8, '\0');
  for (std::size_t i = 0; i < 8; ++i) element[i] = static_cast<char>(index >> (56 - 8 * i));
  return element;
}

CellPath chunk_path(ByteSpan upload, std::uint64_t index) {
  return {std::string(kTableLobChunks), Bytes(upload), CellKind::kField, chunk_element(index)};
}

}  // namespace pando
