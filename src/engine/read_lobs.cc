// Large objects: their manifest, then chunk by chunk.
#include <fmt/core.h>

#include "engine/read.h"
#include "model/lob_manifest.h"

namespace pando::engine {

Result<ReplyBody> read(View& view, const LobStatRequest& request) {
  PANDO_RETURN_IF_ERROR(validate_key(request.key));
  const auto found = view.find_register({std::string(kTableLob), request.key, CellKind::kRegister, {}});
  if (!found) return fail(found.error());
  if (*found == nullptr) return LobStatReply{};
  Result<LobManifest> manifest = decode_lob_manifest((*found)->resolve()->value);
  if (!manifest) return fail(manifest.error().with_context(fmt::format("object \"{}\"", request.key)));
  return LobStatReply{true, manifest->size_bytes, manifest->chunk_count, manifest->crc32, std::move(manifest->upload)};
}

Result<ReplyBody> read(View& view, const LobChunkRequest& request) {
  PANDO_RETURN_IF_ERROR(validate_key(request.key));
  const CellPath path = chunk_path(request.upload, request.index);
  Result<std::optional<crdt::Register>> chunk = view.cells().fetch_register(path);
  if (!chunk) return fail(chunk.error());
  view.note(view.cells().touched(path));
  if (!*chunk || (*chunk)->empty()) {
    return fail(StatusCode::kGone, fmt::format("object \"{}\" was replaced while it was read", request.key));
  }
  return LobChunkReply{(*chunk)->resolve()->value};
}

}  // namespace pando::engine
