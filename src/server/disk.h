// server/disk.h — carries out what a node asks of its disks, on threads of its own.
//
//   log      LogWrite, syncs                  as many threads as namespaces, at most kLogThreadsMax
//   ahead    SegmentPrepare, LogRead          one thread: the next segment must be there before it is needed
//   bulk     CheckpointWrite, copies, reads   one thread: may take its time
//   backup   BackupTake                       one thread: takes as long as it takes, and is given up when this ends
//
// So a log write waits for no other kind of work, only for the disk itself. Every job ends in exactly one
// answer through `done`, from one of these threads, with the namespace it is of. Jobs of one namespace are given by one
// thread, its loop; those of several may be given at once.
#pragma once

#include <prometheus/histogram.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "io/disk/log_dir.h"
#include "io/rocks/rocks_kv.h"
#include "node/io.h"
#include "server/workers.h"

namespace pando::server {

class Disk {
 public:
  using Done = std::function<void(const std::string& ns, node::Input)>;
  using Clock = std::chrono::steady_clock;
  static constexpr std::size_t kLogThreadsMax = 4;
  static constexpr std::size_t kOpenThreadsMax = 8;

  // `backup_root` is made when the first backup is.
  Disk(std::string base_dir, std::string backup_root, std::size_t namespace_count, Done done);
  // Finishes every job first.
  ~Disk();

  // Opens the log and the store of each namespace, creating them when missing: side by side, as it is mostly
  // waiting for syncs. One status per namespace, in order. Once, before any job.
  std::vector<Status> open(const std::vector<std::string>& namespaces);
  store::Kv& kv(const std::string& ns);
  const io::disk::LogDir& log(const std::string& ns) const;

  // Does it now, on the calling thread, which must be the loop. No other write of that log is under way.
  node::LogWritten write(const node::LogWrite& job);
  // The first half of it, on the loop: the operating system has it. sync() is the other half for all that was put by
  // then: one LogWritten, after which put() may go on in another segment.
  Status put(const node::LogWrite& job);
  void sync(const std::string& ns);
  void give(node::LogWrite job);
  void give(node::SegmentPrepare job);
  void give(node::SegmentRemove job);
  void give(node::LogRead job);
  void give(node::CheckpointWrite job);
  void give(node::BackupLog job);
  void give(node::BackupStore job);
  void give(node::BackupTake job);
  void give(node::RestoreRead job);

  // Jobs not answered yet.
  std::size_t outstanding() const { return outstanding_.load(std::memory_order_relaxed); }

  // Since the start, for metrics. Histograms are in seconds.
  struct Stats {
    std::atomic<std::uint64_t> log_write_bytes{0};
    prometheus::Histogram log_write_seconds;  // write and fdatasync together, or fdatasync for several writes
    prometheus::Histogram checkpoint_seconds;
    Stats();
  };
  const Stats& stats() const { return stats_; }

 private:
  struct Files {
    io::disk::LogDir log;
    std::unique_ptr<io::RocksKv> kv;
  };
  Result<Files> open_files(const std::string& ns) const;
  Files& files(const std::string& ns);
  node::LogWritten write(const node::LogWrite& job, Clock::time_point given);
  // Does a part of the log's work and says what became of it.
  template <typename Work>
  node::LogWritten timed(const std::string& ns, Clock::time_point given, Work work);
  // Runs `work` with the job on `workers` and hands its answer to done_. A job has a member `ns`.
  template <typename Job, typename Work>
  void run(Workers& workers, Job job, Work work);

  std::string base_dir_;
  std::string backup_root_;
  Done done_;
  Stats stats_;
  std::atomic<std::size_t> outstanding_{0};
  std::atomic<bool> ending_{false};
  std::map<std::string, Files> files_;
  // Last: their threads end before anything above goes.
  Workers log_;
  Workers ahead_;
  Workers bulk_;
  Workers backup_;
};

}  // namespace pando::server
