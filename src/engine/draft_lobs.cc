// Large objects: their chunks are staged unseen, then published by one small manifest (model/lob_manifest.h).
#include <fmt/core.h>
#include <zlib.h>

#include <utility>

#include "base/limits.h"
#include "engine/draft.h"
#include "model/lob_manifest.h"

namespace pando::engine {
namespace {

CellPath lob_path(std::string_view table, ByteSpan key) {
  return {std::string(table), Bytes(key), CellKind::kRegister, {}};
}

}  // namespace

Status Draft::stage(Upload& upload, ByteSpan data, bool last) {
  const auto add_chunk = [&](Bytes chunk) {
    const CellPath path = chunk_path(upload.upload, upload.chunk_count++);
    push(PutOp{std::move(path), std::move(chunk), {}});
  };
  if (upload.chunk_count == 0 && (upload.partial.size() + data.size() >= limits::kLobChunkBytes || last)) {
    PANDO_RETURN_IF_ERROR(put(lob_path(kTableUploads, upload.upload), {}));
  }
  upload.size_bytes += data.size();
  // zlib takes a null pointer as "begin anew", whatever the length.
  if (!data.empty()) {
    upload.crc32 =
        static_cast<std::uint32_t>(::crc32_z(upload.crc32, reinterpret_cast<const Bytef*>(data.data()), data.size()));
  }
  while (upload.partial.size() + data.size() >= limits::kLobChunkBytes) {
    const std::size_t room = limits::kLobChunkBytes - upload.partial.size();
    upload.partial.append(data.substr(0, room));
    data.remove_prefix(room);
    add_chunk(std::exchange(upload.partial, {}));
  }
  upload.partial.append(data);
  if (last && !upload.partial.empty()) add_chunk(std::exchange(upload.partial, {}));
  return {};
}

Status Draft::publish(const Upload& upload) {
  const LobManifest manifest{upload.upload, upload.size_bytes, upload.chunk_count, upload.crc32};
  PANDO_RETURN_IF_ERROR(validate_key(upload.key));
  PANDO_RETURN_IF_ERROR(put(lob_path(kTableLob, upload.key), encode_lob_manifest(manifest)));
  return remove(lob_path(kTableUploads, upload.upload));
}

Status Draft::discard_upload(ByteSpan upload) {
  PANDO_RETURN_IF_ERROR(clear(kTableLobChunks, upload));
  return remove(lob_path(kTableUploads, upload));
}

Status decide(Draft& draft, const Mutation& mutation, const PutObject& object) {
  if (mutation.table != kTableLob || object.upload.empty()) {
    return Status(StatusCode::kInternal, "an object belongs into table lob, under an upload of its own");
  }
  // Several versions in one commit would be chunks that no manifest ever names.
  if (draft.wrote(lob_path(kTableLob, mutation.key))) {
    return Status(StatusCode::kInvalidArgument,
                  fmt::format("object \"{}\" is written twice by one transaction", mutation.key));
  }
  Upload upload;
  upload.key = mutation.key;
  upload.upload = object.upload;
  PANDO_RETURN_IF_ERROR(draft.stage(upload, object.bytes, /*last=*/true));
  PANDO_RETURN_IF_ERROR(draft.publish(upload));
  draft.answer(TxCommittedReply{1, upload.crc32});
  return {};
}

Status Draft::delete_lob(ByteSpan key) {
  PANDO_RETURN_IF_ERROR(validate_key(key));
  return remove(lob_path(kTableLob, key));
}

}  // namespace pando::engine
