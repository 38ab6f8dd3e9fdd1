// log/reader.h — reads the log from any position, as fast as the reader takes it. Stateless per reader.
//
// read() answers from memory, or with a plan: bytes to be read from a segment by whoever owns the disk, then
// handed to parse(). A plan may have to start before the wanted record (only every 64 KiB is indexed) or turn
// out too short for it; then parse() answers with the next plan. Only durable records are ever given out.
//
//   auto step = reader.read(pos, 256 << 10);
//   while (auto* plan = std::get_if<ReadPlan>(&step)) step = reader.parse(*plan, pread(plan->…));   // in spirit
//   for (const RecordView& record : std::get<Run>(step).records) …
#pragma once

#include <memory>
#include <variant>
#include <vector>

#include "log/index.h"
#include "log/record.h"
#include "log/tail.h"

namespace pando::log {

// Consecutive records. `records[i].body` borrows from `bytes`.
struct Run {
  std::vector<RecordView> records;  // empty: there is nothing at or behind the position asked for, yet
  std::shared_ptr<const Bytes> bytes;
};

struct ReadPlan {
  LogPos from;  // the record wanted
  std::size_t bytes_max = 0;
  // Read `bytes` bytes at `offset` of this segment; all of them are durable.
  std::uint64_t segment_id = 0;
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
  LogPos at;  // of the record at `offset`
};

using ReadStep = std::variant<Run, ReadPlan>;

class Reader {
 public:
  // Both outlive the reader. parse() teaches the index offsets it came across.
  Reader(Index& index, const Tail& tail) : index_(index), tail_(tail) {}

  // Records from `from` on, about `bytes_max` of them, at least one when there is any. Runs end where a
  // write or a segment ends, so a short run does not mean the end of the log.
  // kGone when the log no longer reaches back to `from`.
  Result<ReadStep> read(LogPos from, std::size_t bytes_max) const;
  // kDataLoss "segment 3: record 1234 at offset 5678: bad checksum" when the disk did not give back what was
  // written to it.
  Result<ReadStep> parse(const ReadPlan& plan, Bytes bytes);

 private:
  ReadPlan plan_at(const Location& at, LogPos from, std::size_t bytes_max, std::uint64_t bytes_wanted) const;

  Index& index_;
  const Tail& tail_;
};

}  // namespace pando::log
