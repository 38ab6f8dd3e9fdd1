#include "server/disk.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <optional>
#include <utility>

#include "base/check.h"
#include "io/disk/file.h"
#include "server/backup_file.h"
#include "server/logging.h"

namespace pando::server {
namespace {

double seconds_since(Disk::Clock::time_point began) {
  return std::chrono::duration<double>(Disk::Clock::now() - began).count();
}

prometheus::Histogram::BucketBoundaries latency_buckets() {
  return {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10};
}

Result<BackupReply> copy_log(const io::disk::LogDir& log, const std::string& directory, const node::BackupLog& job) {
  std::vector<io::disk::SegmentFile> segments;
  BackupReply reply;
  reply.directory = directory;
  for (const node::BackupLog::Segment& segment : job.segments) {
    segments.push_back({segment.id, segment.bytes_durable});
    reply.last_segment_id = std::max(reply.last_segment_id, segment.id);
  }
  const auto copied = log.copy_to(directory, segments);
  if (!copied) return fail(copied.error());
  for (const auto& file : *copied) reply.files.push_back({file.path, file.bytes});
  return reply;
}

Result<BackupReply> copy_store(const io::RocksKv& kv, const std::string& directory) {
  PANDO_RETURN_IF_ERROR(io::disk::make_directories(std::filesystem::path(directory).parent_path().string()));
  const auto copied = kv.backup(directory);
  if (!copied) return fail(copied.error());
  BackupReply reply;
  reply.directory = directory;
  for (const io::BackupFile& file : *copied) reply.files.push_back({file.name, file.bytes});
  return reply;
}

}  // namespace

Disk::Stats::Stats() : log_write_seconds(latency_buckets()), checkpoint_seconds(latency_buckets()) {}

Disk::Disk(std::string base_dir, std::string backup_root, std::size_t namespace_count, Done done)
    : base_dir_(std::move(base_dir)),
      backup_root_(std::move(backup_root)),
      done_(std::move(done)),
      log_("pando-log", std::clamp<std::size_t>(namespace_count, 1, kLogThreadsMax)),
      ahead_("pando-ahead", 1),
      bulk_("pando-bulk", 1),
      backup_("pando-backup", 1) {}

Disk::~Disk() { ending_ = true; }

Result<Disk::Files> Disk::open_files(const std::string& ns) const {
  Result<io::disk::LogDir> log = io::disk::LogDir::open(base_dir_, ns);
  if (!log) return fail(log.error());
  io::RocksOptions options;
  options.warn = [ns](std::string_view line) {
    server::log(LogLevel::kWarn, "store", {{"ns", ns}, {"rocksdb", line}});
  };
  Result<std::unique_ptr<io::RocksKv>> kv = io::RocksKv::open(base_dir_ + "/" + ns + "/store", options);
  if (!kv) return fail(kv.error());
  return Files{std::move(*log), std::move(*kv)};
}

std::vector<Status> Disk::open(const std::vector<std::string>& namespaces) {
  std::vector<std::optional<Result<Files>>> opened(namespaces.size());
  {
    Workers workers("pando-open", std::min(namespaces.size(), kOpenThreadsMax));
    for (std::size_t i = 0; i < namespaces.size(); ++i) {
      workers.give([this, &opened, &namespaces, i] { opened[i].emplace(open_files(namespaces[i])); });
    }
  }
  std::vector<Status> outcome;
  for (std::size_t i = 0; i < namespaces.size(); ++i) {
    Result<Files>& files = *opened[i];
    outcome.push_back(files ? Status() : files.error());
    if (files) files_.emplace(namespaces[i], std::move(*files));
  }
  return outcome;
}

Disk::Files& Disk::files(const std::string& ns) {
  const auto found = files_.find(ns);
  CHECK(found != files_.end());
  return found->second;
}

store::Kv& Disk::kv(const std::string& ns) { return *files(ns).kv; }

const io::disk::LogDir& Disk::log(const std::string& ns) const {
  const auto found = files_.find(ns);
  CHECK(found != files_.end());
  return found->second.log;
}

void Disk::run(Workers& workers, std::function<node::Input()> job) {
  outstanding_.fetch_add(1, std::memory_order_relaxed);
  workers.give([this, job = std::move(job)] {
    node::Input answer = job();
    outstanding_.fetch_sub(1, std::memory_order_relaxed);
    done_(std::move(answer));
  });
}

node::LogWritten Disk::write(const node::LogWrite& job) { return write(job, Clock::now()); }

node::LogWritten Disk::write(const node::LogWrite& job, Clock::time_point given) {
  stats_.log_write_bytes.fetch_add(job.bytes.size(), std::memory_order_relaxed);
  io::disk::LogDir& log = files(job.ns).log;
  return timed(job.ns, given, [&] { return log.write(job.segment_id, job.offset, job.bytes); });
}

template <typename Work>
node::LogWritten Disk::timed(const std::string& ns, Clock::time_point given, Work work) {
  const auto began = Clock::now();
  Status status = work();
  const auto ended = Clock::now();
  stats_.log_write_seconds.Observe(std::chrono::duration<double>(ended - began).count());
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(ended - given);
  return {ns, std::move(status), /*durable=*/true, Duration::micros(took.count())};
}

Status Disk::put(const node::LogWrite& job) {
  stats_.log_write_bytes.fetch_add(job.bytes.size(), std::memory_order_relaxed);
  return files(job.ns).log.put(job.segment_id, job.offset, job.bytes);
}

void Disk::sync(const std::string& ns) {
  io::disk::LogDir& log = files(ns).log;
  run(log_,
      [this, &log, ns, given = Clock::now()]() -> node::Input { return timed(ns, given, [&] { return log.sync(); }); });
}

void Disk::give(node::LogWrite job) {
  run(log_, [this, job = std::move(job), given = Clock::now()]() -> node::Input { return write(job, given); });
}

void Disk::give(node::SegmentPrepare job) {
  const io::disk::LogDir& log = files(job.ns).log;
  run(ahead_, [&log, job = std::move(job)]() -> node::Input {
    return node::SegmentPrepared{job.ns, job.segment_id, log.prepare(job.segment_id, job.bytes_total)};
  });
}

void Disk::give(node::SegmentRemove job) {
  const io::disk::LogDir& log = files(job.ns).log;
  run(ahead_, [&log, job = std::move(job)]() -> node::Input {
    return node::SegmentRemoved{job.ns, job.segment_id, log.remove(job.segment_id)};
  });
}

void Disk::give(node::LogRead job) {
  const io::disk::LogDir& log = files(job.ns).log;
  run(ahead_, [&log, job = std::move(job)]() -> node::Input {
    Result<Bytes> bytes = log.read_range(job.segment_id, job.offset, job.bytes);
    if (!bytes) return node::LogReadDone{job.ns, job.read_id, bytes.error(), {}};
    return node::LogReadDone{job.ns, job.read_id, {}, std::move(*bytes)};
  });
}

void Disk::give(node::CheckpointWrite job) {
  io::RocksKv& kv = *files(job.ns).kv;
  run(bulk_, [this, &kv, job = std::move(job)]() -> node::Input {
    const auto began = Clock::now();
    Status status = kv.write(job.batch);
    stats_.checkpoint_seconds.Observe(seconds_since(began));
    return node::CheckpointWritten{job.ns, std::move(status)};
  });
}

void Disk::give(node::BackupLog job) {
  const io::disk::LogDir& log = files(job.ns).log;
  run(bulk_, [this, &log, job = std::move(job)]() -> node::Input {
    return node::BackupWritten{job.id, copy_log(log, backup_root_ + "/" + job.directory, job)};
  });
}

void Disk::give(node::BackupStore job) {
  const io::RocksKv& kv = *files(job.ns).kv;
  run(bulk_, [this, &kv, job = std::move(job)]() -> node::Input {
    return node::BackupWritten{job.id, copy_store(kv, backup_root_ + "/" + job.path)};
  });
}

void Disk::give(node::BackupTake job) {
  const io::RocksKv& kv = *files(job.ns).kv;
  run(backup_, [this, &kv, job = std::move(job)]() -> node::Input {
    return node::BackupTaken{job.id, job.ns, take_backup(kv, backup_root_, job, ending_)};
  });
}

void Disk::give(node::RestoreRead job) {
  run(bulk_, [this, job = std::move(job)]() -> node::Input {
    Result<Bytes> bytes = read_backup(backup_root_, job);
    if (!bytes) return node::RestoreReadDone{job.id, job.ns, bytes.error(), {}};
    return node::RestoreReadDone{job.id, job.ns, {}, std::move(*bytes)};
  });
}

}  // namespace pando::server
