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

template <typename Job, typename Work>
void Disk::run(Workers& workers, Job job, Work work) {
  outstanding_.fetch_add(1, std::memory_order_relaxed);
  workers.give([this, job = std::move(job), work = std::move(work)] {
    node::Input answer = work(job);
    outstanding_.fetch_sub(1, std::memory_order_relaxed);
    done_(job.ns, std::move(answer));
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
  struct Sync {
    std::string ns;
  };
  io::disk::LogDir& log = files(ns).log;
  run(log_, Sync{ns}, [this, &log, given = Clock::now()](const Sync& job) -> node::Input {
    return timed(job.ns, given, [&] { return log.sync(); });
  });
}

void Disk::give(node::LogWrite job) {
  run(log_, std::move(job),
      [this, given = Clock::now()](const node::LogWrite& one) -> node::Input { return write(one, given); });
}

void Disk::give(node::SegmentPrepare job) {
  const io::disk::LogDir& log = files(job.ns).log;
  run(ahead_, std::move(job), [&log](const node::SegmentPrepare& one) -> node::Input {
    return node::SegmentPrepared{one.ns, one.segment_id, log.prepare(one.segment_id, one.bytes_total)};
  });
}

void Disk::give(node::SegmentRemove job) {
  const io::disk::LogDir& log = files(job.ns).log;
  run(ahead_, std::move(job), [&log](const node::SegmentRemove& one) -> node::Input {
    return node::SegmentRemoved{one.ns, one.segment_id, log.remove(one.segment_id)};
  });
}

void Disk::give(node::LogRead job) {
  const io::disk::LogDir& log = files(job.ns).log;
  run(ahead_, std::move(job), [&log](const node::LogRead& one) -> node::Input {
    Result<Bytes> bytes = log.read_range(one.segment_id, one.offset, one.bytes);
    if (!bytes) return node::LogReadDone{one.ns, one.read_id, bytes.error(), {}};
    return node::LogReadDone{one.ns, one.read_id, {}, std::move(*bytes)};
  });
}

void Disk::give(node::CheckpointWrite job) {
  io::RocksKv& kv = *files(job.ns).kv;
  run(bulk_, std::move(job), [this, &kv](const node::CheckpointWrite& one) -> node::Input {
    const auto began = Clock::now();
    Status status = kv.write(one.batch);
    stats_.checkpoint_seconds.Observe(seconds_since(began));
    return node::CheckpointWritten{one.ns, std::move(status)};
  });
}

void Disk::give(node::BackupLog job) {
  const io::disk::LogDir& log = files(job.ns).log;
  run(bulk_, std::move(job), [this, &log](const node::BackupLog& one) -> node::Input {
    return node::BackupWritten{one.id, copy_log(log, backup_root_ + "/" + one.directory, one)};
  });
}

void Disk::give(node::BackupStore job) {
  const io::RocksKv& kv = *files(job.ns).kv;
  run(bulk_, std::move(job), [this, &kv](const node::BackupStore& one) -> node::Input {
    return node::BackupWritten{one.id, copy_store(kv, backup_root_ + "/" + one.path)};
  });
}

void Disk::give(node::BackupTake job) {
  const io::RocksKv& kv = *files(job.ns).kv;
  run(backup_, std::move(job), [this, &kv](const node::BackupTake& one) -> node::Input {
    return node::BackupTaken{one.id, one.ns, take_backup(kv, backup_root_, one, ending_)};
  });
}

void Disk::give(node::RestoreRead job) {
  run(bulk_, std::move(job), [this](const node::RestoreRead& one) -> node::Input {
    Result<Bytes> bytes = read_backup(backup_root_, one);
    if (!bytes) return node::RestoreReadDone{one.id, one.ns, bytes.error(), {}};
    return node::RestoreReadDone{one.id, one.ns, {}, std::move(*bytes)};
  });
}

}  // namespace pando::server
