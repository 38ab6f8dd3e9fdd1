// Carrying out what a node asks for, as later events.

#include <fmt/core.h>

#include <algorithm>
#include <iterator>

#include "base/check.h"
#include "base/limits.h"
#include "log/segment.h"
#include "sim/backup_work.h"
#include "sim/machine.h"
#include "sim/world.h"
#include "store/backup_source.h"
#include "store/cell.h"
#include "store/cell_key.h"

namespace pando::sim {
namespace {

constexpr std::size_t kNotesMax = 50;

// Hands over the elements and leaves the vector empty but allocated, as a driver should.
template <typename T, typename F>
void drain(std::vector<T>& items, F&& take) {
  std::vector<T> taken;
  taken.swap(items);
  for (T& item : taken) take(item);
  if (!items.empty()) return;
  taken.clear();
  items.swap(taken);
}

std::string key_of_read(const Asked& asked) {
  const auto* get = std::get_if<GetRequest>(&asked.request);
  return get == nullptr ? std::string() : fmt::format("{}/{}/{}", asked.ns, get->table, get->key);
}

bool is_cell(const store::Batch::Entry& entry) { return !entry.key.empty() && entry.key[0] == store::kCellPrefix; }

// Leaves each register of a batch the one value that reads show.
void drop_losers(store::Batch& batch) {
  store::Batch losers;
  for (const store::Batch::Entry& entry : batch) {
    if (!entry.value || !is_cell(entry)) continue;
    Result<store::Cell> cell = store::decode_cell(entry.key, *entry.value);
    CHECK(cell.has_value());
    if (class_of(cell->kind()) == CellClass::kCounter || !cell->reg().conflicted()) continue;
    const crdt::Register::Entry winner = *cell->reg().resolve();
    cell->reg() = crdt::Register();
    cell->reg().put(winner.dot, winner.hlc, winner.value, {});
    losers.put(entry.key, store::encode_cell(entry.key, *cell));
  }
  for (const store::Batch::Entry& entry : losers) batch.add(entry);  // a later entry wins
}

}  // namespace

void Machine::carry() {
  if (world_.mutation() == DriverMutation::kNotificationLost) {
    for (node::Notify& notify : out_.notifies) {
      std::erase_if(notify.events, [&](const auto&) { return world_.mutates(DriverMutation::kNotificationLost, 20); });
    }
    std::erase_if(out_.notifies, [](const node::Notify& notify) { return notify.events.empty(); });
  }
  hold_back();
  for (Observer* observer : world_.observers()) observer->on_outputs(*this, out_);
  out_.notifies.clear();
  drain(out_.notes, [&](const node::Note& note) {
    world_.trace().add(world_.now(), "{} note {}{}{}", name(), note.ns, note.ns.empty() ? "" : ": ", note.text);
    if (notes_.size() == kNotesMax) notes_.pop_front();
    notes_.push_back(note.ns.empty() ? note.text : fmt::format("{}: {}", note.ns, note.text));
  });
  drain(out_.replies, [&](node::ReplyOut& out) { carry_reply(out); });
  carry_watches();
  drain(out_.segment_prepares, [&](const node::SegmentPrepare& prepare) { carry_prepare(prepare); });
  drain(out_.segment_removes, [&](const node::SegmentRemove& remove) { carry_remove(remove); });
  drain(out_.log_writes, [&](node::LogWrite& write) { carry_log_write(std::move(write)); });
  drain(out_.log_reads, [&](const node::LogRead& read) { carry_read(read); });
  drain(out_.checkpoints, [&](node::CheckpointWrite& write) { carry_checkpoint(std::move(write)); });
  carry_backups();
  carry_backup_files();
  carry_links();
  out_.wake_at = Instant{INT64_MAX};
}

void Machine::carry_reply(node::ReplyOut& out) {
  if ((out.id.value >> 63) != 0) return;  // a mutation's own request
  const auto it = pending_.find(out.id);
  if (it == pending_.end()) {
    return world_.violation("driver", fmt::format("{}: a second reply to request {}", name(), out.id.value));
  }
  Pending pending = std::move(it->second);
  pending_.erase(it);
  Answer answer{false, std::move(out.reply)};
  const std::string key = key_of_read(pending.asked);
  if (!key.empty() && answer.reply.status.ok()) {
    Reply& last = last_read_[key];
    if (std::holds_alternative<ValueReply>(last.body) && world_.mutates(DriverMutation::kReadStale, 10))
      std::swap(last, answer.reply);
    last = answer.reply;
  }
  world_.trace().add(world_.now(), "{} reply {} {} {}", name(), out.id.value, answer.reply.status.to_string(),
                     answer.reply.dot ? to_string(*answer.reply.dot) : "");
  tell(pending.asked, answer);
  world_.queue().after(Duration{0},
                       [on_answer = std::move(pending.on_answer), answer = std::move(answer)] { on_answer(answer); });
}

void Machine::carry_watches() {
  drain(out_.watches_opened, [&](const node::WatchOpened& opened) {
    const auto it = watches_.find(opened.id);
    if (it == watches_.end()) return;
    Watcher* watcher = it->second.watcher;
    if (!opened.status.ok()) watches_.erase(it);
    watcher->on_opened(opened);
  });
  drain(out_.watch_sends, [&](node::WatchSend& send) {
    const auto it = watches_.find(send.id);
    if (it == watches_.end()) return;  // closed while the batch was made
    if (it->second.batch_out) {
      world_.violation("driver", fmt::format("{}: watch {} got a batch before it was ready", name(), send.id.value));
    }
    std::size_t bytes = 0;
    for (const node::WatchEvent& event : send.events) bytes += event.change.value ? event.change.value->size() : 0;
    if (bytes > limits::kWatchPendingBytesMax + limits::kValueBytesMax) {
      world_.violation("driver", fmt::format("{}: a watch batch of {} bytes", name(), bytes));
    }
    it->second.batch_out = true;
    it->second.watcher->on_batch(std::move(send.events));
  });
  drain(out_.watches_ended, [&](const node::WatchEnded& ended) {
    const auto it = watches_.find(ended.id);
    if (it == watches_.end()) return;
    Watcher* watcher = it->second.watcher;
    watches_.erase(it);
    watcher->on_ended(ended.status);
  });
}

void Machine::carry_prepare(const node::SegmentPrepare& prepare) {
  world_.trace().add(world_.now(), "{}/{} prepare segment {}", name(), prepare.ns, prepare.segment_id);
  later(up_to(disk_speed_.sync_max), [this, prepare] {
    const Status status = volume(prepare.ns).disk.prepare(prepare.segment_id, prepare.bytes_total);
    input(node::SegmentPrepared{prepare.ns, prepare.segment_id, status});
  });
}

void Machine::carry_remove(const node::SegmentRemove& remove) {
  world_.trace().add(world_.now(), "{}/{} remove segment {}", name(), remove.ns, remove.segment_id);
  later(up_to(disk_speed_.sync_max), [this, remove] {
    volume(remove.ns).disk.remove(remove.segment_id);
    // Gone, but nobody was told yet: a crash fits in here.
    later(up_to(disk_speed_.sync_max), [this, remove] {
      input(node::SegmentRemoved{remove.ns, remove.segment_id, {}});
    });
  });
}

void Machine::carry_log_write(node::LogWrite write) {
  world_.trace().add(world_.now(), "{}/{} write segment {} at {}: {} bytes", name(), write.ns, write.segment_id,
                     write.offset, write.bytes.size());
  Volume& v = volume(write.ns);
  if (v.log_writes > 0 && !v.log_written_told)
    world_.violation("driver", fmt::format("{}/{}: two log writes in flight", name(), write.ns));
  ++v.log_writes;
  v.log_written_told = false;
  const bool lost = world_.mutates(DriverMutation::kWriteLost, 40);
  if (late_writes_ != 0 || world_.mutates(DriverMutation::kAckBeforeDurable, 2) ||
      world_.mutates(DriverMutation::kFrameBeforeDurable, 2)) {
    return write_late(std::move(write));
  }
  later(up_to(disk_speed_.write_max), [this, lost, write = std::move(write)] {
    Disk& disk = volume(write.ns).disk;
    if (lost) return later(disk_speed_.sync_max, [this, ns = write.ns] { log_written(ns, {}); });
    if (Status status = disk.write(write.segment_id, write.offset, write.bytes); !status.ok())
      return log_written(write.ns, std::move(status));
    if (write.tell_written) {
      later(up_to(Duration::micros(50)), [this, ns = write.ns] {
        volume(ns).log_written_told = true;
        input(node::LogWritten{ns, {}, /*durable=*/false});
      });
    }
    ++volume(write.ns).log_unsynced;
    sync_log(write.ns);
  });
}

// One at a time, each for all that was written when it began.
void Machine::sync_log(const std::string& ns) {
  Volume& v = volume(ns);
  if (v.log_syncing != 0 || v.log_unsynced == 0) return;
  v.log_syncing = std::exchange(v.log_unsynced, 0);
  const Duration spread{disk_speed_.sync_max.us - disk_speed_.sync_min.us};
  later(disk_speed_.sync_min + up_to(spread), [this, ns] {
    Status status = volume(ns).disk.sync();
    if (world_.mutation() == DriverMutation::kSyncErrorIgnored) status = {};
    // Durable, but nobody was told yet: a crash fits in here.
    later(up_to(Duration::micros(50)), [this, ns, status] {
      for (std::size_t count = std::exchange(volume(ns).log_syncing, 0); count > 0; --count) log_written(ns, status);
      sync_log(ns);
    });
  });
}

void Machine::log_written(const std::string& ns, Status status) {
  --volume(ns).log_writes;
  world_.trace().add(world_.now(), "{}/{} written {}", name(), ns, status.to_string());
  input(node::LogWritten{ns, std::move(status)});
}

// Answers first and writes afterwards.
void Machine::write_late(node::LogWrite write) {
  constexpr Duration kLate = Duration::millis(20);
  ++late_writes_;
  later(up_to(Duration::micros(50)), [this, ns = write.ns] {
    --volume(ns).log_writes;
    input(node::LogWritten{ns, {}});
  });
  later(kLate, [this, write = std::move(write)] {
    Disk& disk = volume(write.ns).disk;
    (void)disk.write(write.segment_id, write.offset, write.bytes);
    (void)disk.sync();
    if (--late_writes_ == 0) carry();
  });
}

// Of what is said too early only one kind is to leave at once: replies, or frames.
void Machine::hold_back() {
  const auto hold = [this](auto node::Outputs::*member) {
    auto& held = held_.*member;
    auto& now = out_.*member;
    std::move(now.begin(), now.end(), std::back_inserter(held));
    now.clear();
    if (late_writes_ == 0) std::swap(held, now);
  };
  if (world_.mutation() == DriverMutation::kAckBeforeDurable) {
    hold(&node::Outputs::link_sends);
    hold(&node::Outputs::link_closes);
  } else if (world_.mutation() == DriverMutation::kFrameBeforeDurable) {
    hold(&node::Outputs::replies);
    hold(&node::Outputs::watches_opened);
    hold(&node::Outputs::watch_sends);
    hold(&node::Outputs::watches_ended);
    hold(&node::Outputs::notifies);
  }
}

void Machine::carry_read(const node::LogRead& read) {
  later(up_to(disk_speed_.write_max), [this, read] {
    Result<Bytes> bytes = volume(read.ns).disk.read(read.segment_id, read.offset, read.bytes);
    node::LogReadDone done{read.ns, read.read_id, {}, {}};
    if (bytes) {
      done.bytes = std::move(*bytes);
    } else {
      done.status = bytes.error();
    }
    input(std::move(done));
  });
}

void Machine::write_checkpoint(Volume& v, store::Batch batch) {
  if (world_.mutates(DriverMutation::kCheckpointForgotten, 3)) return;
  if (world_.mutation() == DriverMutation::kCheckpointLosesKey) {
    batch.erase_if([&](const store::Batch::Entry& entry) {
      return !entry.key.empty() && entry.key[0] != store::kMetaPrefix &&
             world_.mutates(DriverMutation::kCheckpointLosesKey, 10);
    });
  }
  if (world_.mutation() == DriverMutation::kDeletionLost) {
    batch.erase_if([&](const store::Batch::Entry& entry) { return !entry.value && is_cell(entry); });
  }
  if (world_.mutation() == DriverMutation::kLoserDropped) drop_losers(batch);
  CHECK(v.kv.write(batch).ok());
}

void Machine::carry_checkpoint(node::CheckpointWrite write) {
  world_.trace().add(world_.now(), "{}/{} checkpoint of {} pairs", name(), write.ns, write.batch.size());
  Volume& v = volume(write.ns);
  if (v.checkpoint_in_flight)
    world_.violation("driver", fmt::format("{}/{}: two checkpoints in flight", name(), write.ns));
  v.checkpoint_in_flight = true;
  v.checkpoint_unwritten = std::move(write.batch);
  const auto done = [this, ns = write.ns](Status status) {
    volume(ns).checkpoint_in_flight = false;
    input(node::CheckpointWritten{ns, std::move(status)});
  };
  later(up_to(disk_speed_.sync_max * 4), [this, ns = write.ns, done] {
    Volume& there = volume(ns);
    store::Batch batch = std::move(there.checkpoint_unwritten);
    there.checkpoint_unwritten.clear();
    if (there.disk.full()) return done(Status(StatusCode::kUnavailable, "no space left on device"));
    write_checkpoint(there, std::move(batch));
    later(up_to(disk_speed_.sync_max), [done] { done(Status()); });
  });
}

void Machine::carry_backups() {
  drain(out_.backup_logs, [&](const node::BackupLog& backup) {
    BackupReply reply{backup.directory, {}, 0};
    for (const auto& segment : backup.segments) {
      reply.files.push_back(
          {fmt::format("{}/{}", backup.directory, log::segment_file_name(segment.id)), segment.bytes_durable});
      reply.last_segment_id = segment.id;
    }
    later(up_to(Duration::millis(20)), [this, id = backup.id, reply] { input(node::BackupWritten{id, reply}); });
  });
  drain(out_.backup_stores, [&](const node::BackupStore& backup) {
    BackupReply reply{backup.path, {{backup.path, volume(backup.ns).kv.size()}}, 0};
    later(up_to(Duration::millis(20)), [this, id = backup.id, reply] { input(node::BackupWritten{id, reply}); });
  });
}

void Machine::carry_backup_files() {
  drain(out_.backup_takes, [&](const node::BackupTake& take) {
    Result<BackupTakenReply> result = take_backup(take);
    world_.trace().add(world_.now(), "{}/{} backup {}", name(), take.ns, take.path);
    later(up_to(Duration::millis(200)), [this, id = take.id, ns = take.ns, result] {
      input(node::BackupTaken{id, ns, result});
    });
  });
  drain(out_.restore_reads, [&](const node::RestoreRead& read) {
    node::RestoreReadDone done{read.id, read.ns, {}, {}};
    const auto file = world_.backup_files().find(read.path);
    if (file == world_.backup_files().end()) {
      done.status = Status(StatusCode::kNotFound, fmt::format("there is no file {}", read.path));
    } else if (read.offset < file->second.size()) {
      if (read.offset == 0 && world_.mutates(DriverMutation::kRestoreReplaces, 1)) {
        file->second = overstate_backup(file->second, context(read.ns));
      }
      done.bytes = file->second.substr(read.offset, read.bytes_max);
    }
    later(up_to(Duration::millis(20)), [this, done] { input(done); });
  });
}

// As the store is now; its bytes come later.
Result<BackupTakenReply> Machine::take_backup(const node::BackupTake& take) {
  if (world_.backup_files().contains(take.path)) return fail(StatusCode::kConflict, "there is such a file already");
  Result<store::BackupSource> source =
      store::BackupSource::open(volume(take.ns).kv, take.ns, take.node, take.shared, take.at_ms);
  if (!source) return fail(source.error());
  Bytes file;
  for (;;) {
    const Result<Bytes> block = source->next();
    if (!block) return fail(block.error());
    if (block->empty()) break;
    file += *block;
  }
  BackupTakenReply reply{take.path, file.size(), source->cells(), source->header().cut.context, source->header().pos};
  world_.backup_files().emplace(take.path, std::move(file));
  return reply;
}

void Machine::carry_links() {
  drain(out_.dials, [&](const node::Dial& dial) { world_.net().dial(index_, dial.dial_id, dial.address); });
  drain(out_.link_sends, [&](node::LinkSend& send) {
    if (send.frame.size() > limits::kFrameBytesMax) {
      world_.violation("driver", fmt::format("{}: a frame of {} bytes", name(), send.frame.size()));
    }
    const std::size_t frame_bytes = send.frame.size();
    world_.net().send(index_, send.id, std::move(send.frame));
    const std::size_t undrained = world_.net().undrained_bytes(index_, send.id);
    if (undrained > limits::kLinkUnackedBytesMax + frame_bytes) {
      world_.violation("driver",
                       fmt::format("{}: link {} holds {} bytes that have not left", name(), send.id.value, undrained));
    }
  });
  drain(out_.link_closes, [&](const node::LinkClose& close) {
    world_.trace().add(world_.now(), "{} closes link {}: {}", name(), close.id.value, close.reason.to_string());
    world_.net().close(index_, close.id, close.reason.to_string());
  });
}

}  // namespace pando::sim
