// log/test_disk.h — for tests: segments in memory with the interface of io/disk, and a log driven over either.
//
// What a power cut may do to the write in flight (log/scan.h) is here as cut() and tear().
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/check.h"
#include "log/appender.h"
#include "log/reader.h"
#include "log/recovery.h"

namespace pando::log {

struct TestSegmentFile {
  std::uint64_t id = 0;
  std::uint64_t bytes = 0;
};

class TestDisk {
 public:
  std::map<std::uint64_t, Bytes> segments;
  bool full = false;
  bool broken = false;
  int prepares = 0;

  Status prepare(std::uint64_t id, std::uint64_t bytes_total) {
    if (full) return Status(StatusCode::kUnavailable, "disk full: no space");
    ++prepares;
    segments[id] = Bytes(bytes_total, '\0');
    return {};
  }
  Status write(std::uint64_t id, std::uint64_t offset, ByteSpan bytes) {
    if (broken) return Status(StatusCode::kIoError, "fdatasync: Input/output error");
    Bytes& segment = segments.at(id);
    CHECK(offset + bytes.size() <= segment.size());
    segment.replace(offset, bytes.size(), bytes);
    return {};
  }
  Result<std::vector<TestSegmentFile>> list() const {
    std::vector<TestSegmentFile> files;
    for (const auto& [id, bytes] : segments) files.push_back({id, bytes.size()});
    return files;
  }
  Result<Bytes> read(std::uint64_t id) const { return segments.at(id); }
  Result<Bytes> read_header(std::uint64_t id) const { return segments.at(id).substr(0, kSegmentHeaderBytes); }
  Result<Bytes> read_range(std::uint64_t id, std::uint64_t offset, std::uint64_t bytes) const {
    return segments.at(id).substr(offset, bytes);
  }
  const std::string& path() const { return path_; }

  // A power cut during `write`: only its first `bytes` bytes are there.
  void cut(const SegmentWrite& write, std::size_t bytes) {
    CHECK(this->write(write.segment_id, write.offset, ByteSpan(write.bytes).substr(0, bytes)).ok());
  }
  // A power cut during `write`: only the sectors are there whose bit in `sectors` is set, counted from its first.
  void tear(const SegmentWrite& write, std::uint64_t sectors) {
    Bytes& segment = segments.at(write.segment_id);
    const std::uint64_t first = write.offset / kSectorBytes;
    for (std::size_t i = 0; i < write.bytes.size(); ++i) {
      const std::uint64_t nth = (write.offset + i) / kSectorBytes - first;
      if ((sectors >> nth & 1) != 0) segment[write.offset + i] = write.bytes[i];
    }
  }

 private:
  std::string path_ = "memory";
};

// A log over a disk, all of whose I/O is done by settle(). Every record is a commit of the origin "n1".
template <typename Disk>
class DrivenLog {
 public:
  explicit DrivenLog(Disk& disk, const AppenderOptions& options = {}, LogPos covered = {})
      : disk_(disk), reader_(index_, tail_) {
    Recovery recovery({covered, kFirstSegmentId}, [this](const RecordView& record) {
      recovered_.emplace_back(record.body);
      return Status();
    });
    const auto files = disk_.list();
    CHECK(files.has_value());
    for (const auto& file : *files) {
      const Result<Bytes> bytes = disk_.read(file.id);
      CHECK(bytes.has_value());
      if (!recovery.feed(file.id, *bytes).ok()) break;
    }
    found_ = recovery.finish();
    index_ = std::move(found_.index);
    appender_.emplace(
        found_.append_at, index_, tail_, [this] { return start(); }, options);
  }

  Result<LogPos> append(ByteSpan body, RecordKind kind = RecordKind::kCommit) { return appender_->append(kind, body); }
  // Does all I/O there is to do. False when that failed.
  bool settle() {
    while (true) {
      if (const auto ask = appender_->take_prepare(now_)) {
        appender_->prepared(ask->segment_id, disk_.prepare(ask->segment_id, ask->bytes_total), now_);
      } else if (const auto write = appender_->take_write()) {
        appender_->written(disk_.write(write->segment_id, write->offset, write->bytes));
      } else {
        return appender_->idle();
      }
    }
  }
  void append_all(const std::vector<Bytes>& bodies) {
    for (const Bytes& body : bodies) {
      CHECK(append(body).has_value());
      CHECK(settle());
    }
  }
  bool close() { return append({}, RecordKind::kClose).has_value() && settle(); }

  // Records from `from` on, in as many steps as it takes.
  Result<std::vector<Bytes>> read_from(LogPos from, std::size_t bytes_max) {
    std::vector<Bytes> bodies;
    while (true) {
      Result<ReadStep> step = reader_.read(from, bytes_max);
      while (step && std::holds_alternative<ReadPlan>(*step)) {
        const auto plan = std::get<ReadPlan>(*step);
        Result<Bytes> bytes = disk_.read_range(plan.segment_id, plan.offset, plan.bytes);
        if (!bytes) return fail(bytes.error());
        ++disk_reads_;
        step = reader_.parse(plan, std::move(*bytes));
      }
      if (!step) return fail(step.error());
      const Run& run = std::get<Run>(*step);
      if (run.records.empty()) return bodies;
      for (const RecordView& record : run.records) {
        CHECK(record.pos == from);
        bodies.emplace_back(record.body);
        from = from.next();
      }
    }
  }

  SegmentStart start() {
    ++starts_;
    SegmentStart start;
    start.origin = Origin{"n1", 1};
    start.context.raise(start.origin, Seq(appender_->appended().value));
    start.changes = appender_->appended().value * 2;
    return start;
  }

  Appender& appender() { return *appender_; }
  Reader& reader() { return reader_; }
  Index& index() { return index_; }
  const Recovered& found() const { return found_; }
  const std::vector<Bytes>& recovered() const { return recovered_; }
  int starts() const { return starts_; }
  int disk_reads() const { return disk_reads_; }
  void pass(Duration time) { now_ = now_ + time; }
  Instant now() const { return now_; }

 private:
  Disk& disk_;
  Index index_;
  Tail tail_;
  Reader reader_;
  Recovered found_;
  std::vector<Bytes> recovered_;
  std::optional<Appender> appender_;
  int starts_ = 0;
  int disk_reads_ = 0;
  Instant now_{0};
};

}  // namespace pando::log
