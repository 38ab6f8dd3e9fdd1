#include "node/rebuild.h"

#include "apply/join.h"
#include "apply/join_cut.h"
#include "log/record.h"
#include "log/segment.h"
#include "model/table_declaration.h"

namespace pando::node {
namespace {

constexpr LogPos kRebuiltAt{1};
constexpr std::size_t kSaveBytes = 16 << 20;

}  // namespace

Rebuild::Rebuild(store::Kv& kv, BackupHeader header, RebuildOptions options, std::unique_ptr<store::Cells> cells)
    : kv_(kv), header_(std::move(header)), options_(std::move(options)), cells_(std::move(cells)) {}

Result<std::unique_ptr<Rebuild>> Rebuild::begin(store::Kv& kv, const BackupHeader& header, RebuildOptions options) {
  Result<std::unique_ptr<store::Cells>> cells = store::Cells::open(kv);
  if (!cells) return fail(cells.error());
  return std::unique_ptr<Rebuild>(new Rebuild(kv, header, std::move(options), std::move(*cells)));
}

bool Rebuild::kept(std::string_view table) const {
  return options_.table.empty() || table == options_.table || table == kTableTables ||
         (is_internal_table(table) && ruling_table(table) == options_.table);
}

Status Rebuild::take(const std::vector<CutCell>& cells) {
  const apply::JoinContexts contexts{Context(), Context(header_.cut.context)};
  for (const CutCell& cell : cells) {
    PANDO_RETURN_IF_ERROR(apply::check_cut_cell(cell, header_.cut));
    const Result<CellPath> path = store::decode_cell_key(cell.key);
    if (!path) return path.error();
    if (!kept(path->table)) continue;
    const Result<store::Cell> theirs = store::decode_cell_state(cell.key, *cell.state);
    if (!theirs) return theirs.error();
    const Result<bool> changed = apply::join_cell(*cells_, *path, &*theirs, contexts, kRebuiltAt);
    if (!changed) return changed.error();
    ++count_;
  }
  return cells_->dirty_bytes() < kSaveBytes ? Status() : save();
}

Status Rebuild::save() {
  Status status = kv_.write(cells_->begin_checkpoint(log::kFirstSegmentId));
  cells_->checkpoint_done(status);
  return status;
}

Status Rebuild::finish() {
  if (const auto joined = apply::join_cut(*cells_, header_.cut, {}, kRebuiltAt); !joined) return joined.error();
  cells_->set_cluster(options_.cluster);
  cells_->set_tables(header_.tables);
  return save();
}

Bytes Rebuild::first_segment() const {
  log::SegmentHeader head;
  head.segment_id = log::kFirstSegmentId;
  head.first = kRebuiltAt;
  head.start = {header_.node, header_.cut.context, 0};
  Bytes bytes = log::encode_segment_header(head);
  Bytes floor;
  Writer(floor).u64(header_.cut.hlc_floor.bits);
  log::RecordHeader record;
  record.pos = kRebuiltAt;
  record.kind = log::RecordKind::kFloor;
  record.body_bytes = static_cast<std::uint32_t>(floor.size());
  log::append_record(log::SegmentSeed(head.segment_id), record, floor, bytes);
  return bytes;
}

}  // namespace pando::node
