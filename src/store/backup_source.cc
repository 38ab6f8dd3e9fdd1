#include "store/backup_source.h"

#include "store/cell.h"
#include "store/cell_key.h"
#include "store/checkpoint_meta.h"
#include "store/expiry_index.h"

namespace pando::store {

Result<BackupSource> BackupSource::open(const Kv& kv, std::string ns, Origin node, TableFilter shared,
                                        std::int64_t at_ms) {
  BackupSource source;
  source.at_ = kv.scan({}, {});
  source.at_->seek(kCheckpointKey);
  PANDO_RETURN_IF_ERROR(source.at_->status());
  if (!source.at_->valid() || source.at_->key() != kCheckpointKey) {
    return fail(StatusCode::kNotFound, "there is nothing to back up: nothing was ever written");
  }
  const Result<CheckpointMeta> meta = decode_checkpoint_meta(source.at_->value());
  if (!meta) return fail(meta.error());
  if (meta->any_arrives()) {
    return fail(StatusCode::kUnavailable, "tables are arriving (GET /scope): back up once they are here");
  }
  BackupHeader& header = source.header_;
  header.ns = std::move(ns);
  header.cluster = meta->cluster;
  header.node = std::move(node);
  header.pos = meta->covered;
  header.at_ms = at_ms;
  header.tables = meta->tables;
  header.shared = std::move(shared);
  header.cut.context = meta->context;
  for (const auto& entry : meta->context.entries()) header.cut.chains.push_back(meta->chain(entry.first));
  header.cut.hlc_floor = meta->hlc_floor;
  auto marks = read_marks(*source.at_);
  if (!marks) return fail(marks.error());
  header.cut.marks = std::move(*marks);
  source.at_->seek(ByteSpan(&kCellPrefix, 1));
  return source;
}

Result<Bytes> BackupSource::next() {
  if (stage_ == Stage::kOver) return Bytes();
  if (stage_ == Stage::kHead) {
    stage_ = Stage::kCells;
    return writer_.begin(header_);
  }
  for (; at_->valid() && at_->key().front() == kCellPrefix; at_->next()) {
    if (writer_.waiting() >= kBackupBlockBytes) return writer_.take_block();
    // What does not fit its checksum must not become part of a backup.
    if (Result<Cell> cell = decode_cell(at_->key(), at_->value()); !cell) return fail(cell.error());
    writer_.add(at_->key(), state_of_stored(at_->value()));
    ++cells_;
  }
  PANDO_RETURN_IF_ERROR(at_->status());
  stage_ = Stage::kOver;
  return writer_.end();
}

}  // namespace pando::store
