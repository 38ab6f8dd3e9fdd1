#include "node/restore_path.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "apply/join_cut.h"
#include "node/cut_cells.h"

namespace pando::node {
namespace {

constexpr std::uint64_t kReadBytes = 1 << 20;
// Between two slices of work, which take about as long.
constexpr Duration kRestorePause = Duration::millis(1);

bool shares_origin(const VersionVector& a, const VersionVector& b) {
  return std::any_of(a.entries().begin(), a.entries().end(),
                     [&](const auto& entry) { return b.get(entry.first).value != 0; });
}

// Where both know the same number of an origin's commits, these must be the same.
Status check_chains(const BackupHeader& header, const Replica& replica) {
  const auto& entries = header.cut.context.entries();
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const auto& [origin, seq] = entries[i];
    const std::uint64_t here = replica.cells().meta().chain(origin);
    if (replica.cells().context().get(origin) != seq || here == header.cut.chains.at(i)) continue;
    return Status(StatusCode::kConflict,
                  fmt::format("{} is another commit in the backup than here: the backup is of another cluster",
                              to_string(Dot{origin, seq})));
  }
  return {};
}

Status check_own_name(const BackupHeader& header, const Replica& replica) {
  const Origin& self = replica.self();
  const Seq here = replica.cells().context().get(self);
  const Seq there = header.cut.context.get(self);
  if (here.value == 0 || there <= here) return {};
  return Status(
      StatusCode::kConflict,
      fmt::format("the backup knows {} as {} made it once, and this node has since made commits 1 to {} under "
                  "the same name: restore into a new directory instead (pando restore --into)",
                  to_string(Dot{self, there}), self.node, here.value));
}

Status check_parts(const BackupHeader& header, const Replica& replica) {
  const bool same_parts = header.node.node == replica.self().node && header.tables == replica.tables();
  if (header.tables.subscribe.all || same_parts || replica.cells().context().covers(header.cut.context)) return {};
  return Status(StatusCode::kConflict,
                fmt::format("the backup is of a node that held only {}, and knows commits that are not here: what it "
                            "lacks of them would count as taken away. It can be restored at {} only",
                            to_string(header.tables.subscribe), header.node.node));
}

}  // namespace

Status check_backup(const BackupHeader& header, const Replica& replica, bool foreign, Hlc hlc_max) {
  const VersionVector& here = replica.cells().context();
  const bool empty = here.entries().empty();
  if (header.ns != replica.name()) {
    return Status(
        StatusCode::kInvalidArgument,
        fmt::format("the backup is of namespace '{}', not of '{}': restore it there, or as a cluster of its own "
                    "under any name (pando restore --into DIR --as clone --ns {})",
                    header.ns, replica.name(), replica.name()));
  }
  if (header.cluster != replica.cells().meta().cluster && !empty) {
    return Status(
        StatusCode::kConflict,
        fmt::format("the backup is of another cluster ({}): a clone and what it was made of do not meet again",
                    header.cluster.empty() ? std::string("never cloned") : fmt::format("clone '{}'", header.cluster)));
  }
  if (!foreign && !empty && !shares_origin(header.cut.context, here)) {
    return Status(StatusCode::kConflict,
                  fmt::format("no writer of the backup ({}) was ever heard of here ({}): it may be of another cluster. "
                              "Say \"foreign\":true (pando restore --foreign) if the two belong together",
                              to_string(header.cut.context), to_string(here)));
  }
  if (header.cut.hlc_floor > hlc_max) {
    return Status(StatusCode::kOutOfRange, "the backup has stamps that are too far ahead of the clock here");
  }
  VersionVector both = here;
  both.merge(header.cut.context);
  if (both.entries().size() > limits::kOriginsMax) {
    return Status(StatusCode::kTooLarge,
                  fmt::format("with the backup there would be more than {} origins", limits::kOriginsMax));
  }
  PANDO_RETURN_IF_ERROR(check_chains(header, replica));
  PANDO_RETURN_IF_ERROR(check_own_name(header, replica));
  return check_parts(header, replica);
}

void RestorePath::refuse(RequestId id, Status status, Outputs& out) {
  out.replies.push_back({id, Reply::failure(std::move(status))});
}

void RestorePath::handle(RequestId id, RestoreRequest&& request, Outputs& out) {
  if (task_) return refuse(id, Status(StatusCode::kOverloaded, "another restore is under way"), out);
  task_ = std::make_unique<Task>(Task{id, std::move(request)});
  task_->reply.path = task_->request.path;
  task_->reply.dry_run = task_->request.dry_run;
}

void RestorePath::on_read(RestoreReadDone&& read) {
  if (!task_ || task_->id != read.id || !task_->reading) return;
  task_->reading = false;
  if (!read.status.ok()) {
    task_->failed = std::move(read.status);
    return;
  }
  task_->offset += read.bytes.size();
  task_->at_end = read.bytes.size() < kReadBytes;
  task_->reader.add(read.bytes);
}

void RestorePath::open_snapshot() {
  store::Cells& cells = replica_.cells();
  task_->snapshot = cells.snapshots().open(cells.meta());
  task_->here.emplace(cells, task_->snapshot);
}

void RestorePath::drop() {
  if (task_ && task_->snapshot) replica_.cells().snapshots().close(*task_->snapshot);
  task_.reset();
}

void RestorePath::begin_again() {
  Task& old = *task_;
  if (old.snapshot) replica_.cells().snapshots().close(*old.snapshot);
  auto next = std::make_unique<Task>(Task{old.id, std::move(old.request)});
  next->reply.path = next->request.path;
  next->reply.dry_run = next->request.dry_run;
  task_ = std::move(next);
}

Status RestorePath::take_head(BackupHeader&& header, Time now) {
  Task& task = *task_;
  const Hlc hlc_max = Hlc::from_wall_ms(now.wall_ms + clock_ahead_max_.millis());
  PANDO_RETURN_IF_ERROR(check_backup(header, replica_, task.request.foreign, hlc_max));
  task.reply.node = header.node;
  task.reply.at_ms = header.at_ms;
  task.reply.context = header.cut.context;
  task.reply.news_commits = commits_beyond(header.cut.context, replica_.cells().context());
  if (task.request.table) {
    task.table.emplace(replica_, *task.request.table);
    PANDO_RETURN_IF_ERROR(task.table->check(header));
  } else {
    const bool same_parts = header.node.node == replica_.self().node && header.tables == replica_.tables();
    if (!same_parts) task.filter = both(header.shared, replica_.shared());
    task.nothing_new = replica_.cells().context().covers(header.cut.context);
    if (!task.nothing_new) open_snapshot();
    task.at = store::first_cell_key();
  }
  task.header = std::move(header);
  return {};
}

Status RestorePath::take_block(BackupReader::Block&& block, Time now) {
  Task& task = *task_;
  if (auto* header = std::get_if<BackupHeader>(&block)) return take_head(std::move(*header), now);
  if (std::holds_alternative<BackupEnd>(block)) {
    if (!task.nothing_new && !task.table) task.upto = store::cell_keys_end();
    return task.table ? task.table->finish(task.request.dry_run, now) : Status();
  }
  std::vector<CutCell>& cells = std::get<std::vector<CutCell>>(block);
  task.reply.cells += cells.size();
  for (const CutCell& cell : cells) {
    PANDO_RETURN_IF_ERROR(apply::check_cut_cell(cell, task.header->cut));
  }
  if (task.table) return task.table->take(cells, task.request.dry_run, now);
  if (task.nothing_new || cells.empty()) return {};
  task.upto = cells.back().key + '\0';
  for (CutCell& cell : cells) task.block.emplace(std::move(cell.key), std::move(*cell.state));
  return {};
}

Status RestorePath::look_at(ByteSpan key, const std::optional<ByteSpan>& ours, const std::optional<ByteSpan>& theirs) {
  Task& task = *task_;
  if (!lets_through(task.filter, key)) return {};
  const VersionVector& seen_here = replica_.cells().snapshots().meta(*task.snapshot).context;
  const Result<bool> changes =
      apply::would_merge(key, ours, theirs, {Context(seen_here), Context(task.header->cut.context)});
  if (!changes) return changes.error();
  if (!*changes) return {};
  task.got_bytes += cost_of_differing(key, theirs);
  task.got.emplace(Bytes(key), theirs ? std::optional(Bytes(*theirs)) : std::nullopt);
  if (task.got_bytes <= limits::kResyncBytesMax) return {};
  return Status(
      StatusCode::kTooLarge,
      fmt::format("more than {} bytes of the backup are news here, which is more than can be merged in at once: "
                  "restore it into a new directory (pando restore --into), and let the two meet",
                  limits::kResyncBytesMax));
}

// What is below `upto`, here and in the file.
Status RestorePath::compare_slice() {
  Task& task = *task_;
  Status failed;
  const Bytes from = task.at;
  PANDO_RETURN_IF_ERROR(store::walk_range(*task.here, nullptr, task.at, *task.upto, limits::kResyncSliceCells,
                                          [&](ByteSpan key, ByteSpan state) {
                                            const auto theirs = task.block.find(Bytes(key));
                                            std::optional<ByteSpan> there;
                                            if (theirs != task.block.end()) there = ByteSpan(theirs->second);
                                            failed = look_at(key, state, there);
                                            if (theirs != task.block.end()) task.block.erase(theirs);
                                            return failed.ok();
                                          }));
  PANDO_RETURN_IF_ERROR(failed);
  while (!task.block.empty() && task.block.begin()->first < task.at) {
    PANDO_RETURN_IF_ERROR(look_at(task.block.begin()->first, std::nullopt, ByteSpan(task.block.begin()->second)));
    task.block.erase(task.block.begin());
  }
  if (task.at == *task.upto) task.upto.reset();
  return {};
}

Status RestorePath::finish(Time now, Outputs& out) {
  Task& task = *task_;
  RestoreReply& reply = task.reply;
  reply.changed = task.got.size();
  if (task.table) {
    reply.keys_written = task.table->written();
    reply.keys_left_out = task.table->left_out();
  }
  if (!task.nothing_new && !task.table && !task.request.dry_run) {
    const std::vector<CutCell> cells =
        cells_to_merge(task.got, replica_.cells().snapshots(), *task.snapshot, task.filter);
    // Nobody looks at what the cells were any more: it need not be put away.
    task.here.reset();
    replica_.cells().snapshots().close(*std::exchange(task.snapshot, std::nullopt));
    if (task.header->cluster != replica_.cells().meta().cluster) {
      PANDO_RETURN_IF_ERROR(replica_.join_cluster(task.header->cluster));
    }
    PANDO_RETURN_IF_ERROR(peers_.merge(task.header->node, task.header->cut, cells, now, out));
  }
  out.notes.push_back(
      {Note::Level::kInfo, replica_.name(),
       fmt::format("restore {}{}: of {} by {}, {} cells: {} changed here, {} keys written again; now {}", reply.path,
                   reply.dry_run ? " (dry run)" : "", to_string(reply.context), to_string(reply.node), reply.cells,
                   reply.changed, reply.keys_written, to_string(replica_.cells().context()))});
  replica_.reply_when_durable({task.id, Reply{{}, std::move(reply), {}}}, replica_.cells().applied(), out);
  drop();
  return {};
}

Status RestorePath::work(Time now, Outputs& out) {
  Task& task = *task_;
  PANDO_RETURN_IF_ERROR(task.failed);
  if (task.snapshot && !replica_.cells().snapshots().alive(*task.snapshot)) {
    if (task.reading) return {};  // what comes belongs to the old one
    begin_again();
    busy_ = true;
    return {};
  }
  if (task.upto) {
    busy_ = true;
    return compare_slice();
  }
  if (task.reader.ended()) {
    PANDO_RETURN_IF_ERROR(task.reader.finish());
    if (task.at_end) return finish(now, out);
  } else {
    Result<std::optional<BackupReader::Block>> block = task.reader.next();
    if (!block) return block.error();
    if (*block) {
      busy_ = true;
      return take_block(std::move(**block), now);
    }
    if (task.at_end) return task.reader.finish();
  }
  if (!task.reading) {
    task.reading = true;
    out.restore_reads.push_back({task.id, replica_.name(), task.request.path, task.offset, kReadBytes});
  }
  return {};
}

void RestorePath::end_turn(Time now, Outputs& out) {
  if (!task_ || instant_of(now) < pause_until_) return;
  busy_ = false;
  if (Status status = work(now, out); !status.ok()) {
    const RequestId id = task_->id;
    const std::string path = task_->request.path;
    drop();
    refuse(id, status.with_context(fmt::format("backup {}", path)), out);
  }
  if (busy_) pause_until_ = instant_of(now) + kRestorePause;
}

std::optional<Instant> RestorePath::next_deadline() const {
  if (!task_ || !busy_) return std::nullopt;
  return pause_until_;
}

void RestorePath::end_all(const Status& reason, Outputs& out) {
  if (!task_) return;
  const RequestId id = task_->id;
  drop();
  refuse(id, reason, out);
}

}  // namespace pando::node
