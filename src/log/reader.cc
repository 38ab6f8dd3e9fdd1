#include "log/reader.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/check.h"
#include "log/scan.h"

namespace pando::log {
namespace {

// Marks are this far apart, and one record of ordinary size.
constexpr std::uint64_t kReadAheadBytes = kIndexEveryBytes + 16 * 1024;

// Records of a block in memory, from the one at `offset` on, those before `from` left out.
Run run_of(const Block& block, std::size_t offset, LogPos from, std::size_t bytes_max) {
  Run run;
  run.bytes = block.bytes;
  const ByteSpan bytes(*block.bytes);
  const std::size_t start = offset;
  for (std::size_t taken = 0; offset < bytes.size() && (run.records.empty() || taken < bytes_max);) {
    const RecordView record = trusted_record(bytes.substr(offset));
    offset += record.bytes();
    if (record.pos < from) continue;
    taken += record.bytes();
    run.records.push_back(record);
  }
  CHECK(start < bytes.size() && !run.records.empty() && run.records.front().pos == from);
  return run;
}

}  // namespace

ReadPlan Reader::plan_at(const Location& at, LogPos from, std::size_t bytes_max, std::uint64_t bytes_wanted) const {
  const Index::Segment& segment = index_.segment_of(at.pos);
  CHECK(segment.header.segment_id == at.segment_id && at.offset < segment.bytes);
  ReadPlan plan;
  plan.from = from;
  plan.bytes_max = bytes_max;
  plan.segment_id = at.segment_id;
  plan.offset = at.offset;
  plan.bytes = std::min(bytes_wanted, segment.bytes - at.offset);
  plan.at = at.pos;
  return plan;
}

Result<ReadStep> Reader::read(LogPos from, std::size_t bytes_max) const {
  CHECK(from.value > 0);
  if (from > index_.last()) return ReadStep(Run{});
  if (from < index_.first()) {
    return fail(StatusCode::kGone, fmt::format("record {} is no longer in the log, which begins with record {}",
                                               from.value, index_.first().value));
  }
  const Location at = index_.floor(from);
  if (const Block* block = tail_.find(from)) {
    const bool inside = at.segment_id == block->segment_id && at.pos > block->first;
    const std::size_t skip = inside ? at.offset - block->offset : 0;
    return ReadStep(run_of(*block, block->skip_bytes + skip, from, bytes_max));
  }
  return ReadStep(plan_at(at, from, bytes_max, bytes_max + kReadAheadBytes));
}

Result<ReadStep> Reader::parse(const ReadPlan& plan, Bytes bytes) {
  if (bytes.size() != plan.bytes) {
    return fail(record_damage(plan.segment_id, plan.at, plan.offset,
                              fmt::format("{} bytes were read instead of {}", bytes.size(), plan.bytes)));
  }
  Run run;
  run.bytes = std::make_shared<const Bytes>(std::move(bytes));
  const ByteSpan all(*run.bytes);
  const SegmentSeed seed(plan.segment_id);
  Location at{plan.at, plan.segment_id, plan.offset};
  std::size_t used = 0;
  Parsed parsed;
  for (std::size_t taken = 0; run.records.empty() || taken < plan.bytes_max;) {
    parsed = parse_record(seed, all.substr(used));
    if (parsed.found != Found::kRecord || parsed.record.pos != at.pos) break;
    index_.mark(at);
    if (at.pos >= plan.from) {
      run.records.push_back(parsed.record);
      taken += parsed.record.bytes();
    }
    used += parsed.record.bytes();
    at.offset += parsed.record.bytes();
    at.pos = at.pos.next();
  }
  if (!run.records.empty()) return ReadStep(std::move(run));

  // The wanted record is further on. Fine when these bytes only ended too early.
  const std::uint64_t durable_bytes = index_.segment_of(plan.from).bytes;
  const bool cut = all.size() - used < kRecordHeaderBytes || parsed.found == Found::kShort;
  const std::uint64_t needs = parsed.found == Found::kShort ? parsed.header.bytes() : kRecordBytesMin;
  if (!cut || at.offset + needs > durable_bytes) {
    return fail(record_damage(plan.segment_id, at.pos, at.offset, "bad checksum"));
  }
  return ReadStep(plan_at(at, plan.from, plan.bytes_max, std::max<std::uint64_t>(needs, limits::kLogReadBytes)));
}

}  // namespace pando::log
