#include "log/scan.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "base/check.h"

namespace pando::log {
namespace {

// Behind the last byte of `bytes` that is not zero.
std::size_t nonzero_end(ByteSpan bytes) {
  const std::size_t last = bytes.find_last_not_of('\0');
  return last == ByteSpan::npos ? 0 : last + 1;
}

// A segment of which the records before `from` are whole, and the one at `from` is not.
class Break {
 public:
  Break(std::uint64_t segment_id, ByteSpan segment, std::size_t from)
      : seed_(segment_id), segment_(segment), from_(from) {}

  // A whole record behind the break that was handed out when `pos` was durable.
  struct Proof {
    LogPos pos;
    std::uint64_t offset = 0;
  };
  std::optional<Proof> proof_of(LogPos pos) const;

  // Some sector within [from, to) still holds only zeros behind `from`: its part of the write is missing.
  bool lacks_sector(std::size_t to) const;
  // Nothing is written at or behind `to`.
  bool ends_before(std::size_t to) const { return to >= segment_.size() || all_zero(segment_.substr(to)); }
  // Only zeros from `at` to the end of its sector. What lies in later sectors may be of later writes.
  bool sector_ends_before(std::size_t at) const;

 private:
  SegmentSeed seed_;
  ByteSpan segment_;
  std::size_t from_;
};

std::optional<Break::Proof> Break::proof_of(LogPos pos) const {
  const std::size_t end = nonzero_end(segment_);
  for (std::size_t at = from_; at + kRecordBytesMin <= end; at += kRecordAlignment) {
    std::uint64_t there = 0;
    std::memcpy(&there, segment_.data() + at + kRecordAlignment, sizeof there);
    // Every record before it took kRecordBytesMin at least; this leaves next to no place to look closer at.
    if (there < pos.value || there - pos.value > (at - from_) / kRecordBytesMin) continue;
    const Parsed parsed = parse_record(seed_, segment_.substr(at));
    if (parsed.found == Found::kRecord && parsed.record.durable_before() >= pos) {
      return Proof{parsed.record.pos, at};
    }
  }
  return std::nullopt;
}

bool Break::lacks_sector(std::size_t to) const {
  for (std::size_t sector = from_ / kSectorBytes * kSectorBytes; sector < to; sector += kSectorBytes) {
    const std::size_t start = std::max(sector, from_);
    if (start >= segment_.size()) return true;
    if (all_zero(segment_.substr(start, sector + kSectorBytes - start))) return true;
  }
  return false;
}

bool Break::sector_ends_before(std::size_t at) const {
  return at >= segment_.size() || all_zero(segment_.substr(at, kSectorBytes - at % kSectorBytes));
}

// The record at `offset` is not whole. True when a write cut off by a crash looks like that.
bool record_is_torn(const Break& where, const Parsed& parsed, std::size_t offset) {
  if (parsed.found == Found::kBadHeader) {
    const std::size_t end = offset + kRecordHeaderBytes;
    return where.sector_ends_before(end - 1) || where.lacks_sector(end);
  }
  const std::size_t end = offset + parsed.header.bytes();
  return where.sector_ends_before(end - 1) || where.lacks_sector(end);
}

void judge_tail(std::uint64_t segment_id, ByteSpan segment, const Parsed& parsed, Scan& scan) {
  if (all_zero(segment.substr(scan.bytes))) return;
  const Break where(segment_id, segment, scan.bytes);
  if (const auto proof = where.proof_of(scan.next)) {
    scan.tail = TailState::kDamaged;
    scan.damage = record_damage(segment_id, scan.next, scan.bytes,
                                fmt::format("bad checksum, and record {} at offset {} proves that it was durable",
                                            proof->pos.value, proof->offset));
    return;
  }
  if (record_is_torn(where, parsed, scan.bytes)) {
    scan.tail = TailState::kTorn;
    scan.torn_bytes = nonzero_end(segment) - scan.bytes;
    return;
  }
  scan.tail = TailState::kDamaged;
  scan.damage = record_damage(segment_id, scan.next, scan.bytes,
                              "bad checksum, and no part of it is missing as it would be after a crash");
}

// What is wrong with a record that is whole, if anything.
Status check_record(const RecordView& record, LogPos expected) {
  if (record.pos != expected) {
    return Status(StatusCode::kDataLoss, fmt::format("is whole, but says it is record {}", record.pos.value));
  }
  if (!is_readable(record.kind)) {
    return Status(StatusCode::kDataLoss, fmt::format("{} is not known to this version", record_kind_name(record.kind)));
  }
  return {};
}

}  // namespace

Status record_damage(std::uint64_t segment_id, LogPos pos, std::uint64_t offset, std::string_view why) {
  return Status(StatusCode::kDataLoss,
                fmt::format("segment {}: record {} at offset {}: {}", segment_id, pos.value, offset, why));
}

Scan scan_records(std::uint64_t segment_id, ByteSpan segment, std::uint64_t offset, LogPos first,
                  const RecordSink& sink) {
  CHECK(offset % kRecordAlignment == 0);
  const SegmentSeed seed(segment_id);
  Scan scan;
  scan.next = first;
  scan.bytes = std::min<std::uint64_t>(offset, segment.size());
  while (true) {
    const Parsed parsed = parse_record(seed, segment.substr(scan.bytes));
    if (parsed.found != Found::kRecord) {
      judge_tail(segment_id, segment, parsed, scan);
      return scan;
    }
    Status status = check_record(parsed.record, scan.next);
    if (status.ok()) status = sink(parsed.record, scan.bytes);
    if (!status.ok()) {
      scan.stopped = true;
      scan.tail = TailState::kDamaged;
      scan.damage = record_damage(segment_id, scan.next, scan.bytes, status.message());
      return scan;
    }
    scan.closed = parsed.record.kind == RecordKind::kClose;
    scan.next = scan.next.next();
    scan.bytes += parsed.record.bytes();
  }
}

bool header_is_torn(std::uint64_t segment_id, ByteSpan segment, LogPos first) {
  if (segment.size() < kSegmentHeaderBytes) return true;
  if (Break(segment_id, segment, kSegmentHeaderBytes).proof_of(first)) return false;
  // Its first block is whole: then only the spilled context can be what broke.
  const std::uint64_t whole = segment_header_bytes(segment).value_or(kSegmentHeaderBytes);
  const Break where(segment_id, segment, whole > kSegmentHeaderBytes ? kSegmentHeaderBytes : 0);
  return where.lacks_sector(whole) || where.ends_before(whole);
}

}  // namespace pando::log
