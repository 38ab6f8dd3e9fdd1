#include "log/recovery.h"

#include <fmt/core.h>

#include "base/check.h"

namespace pando::log {
namespace {

Status damaged(std::string text) { return Status(StatusCode::kDataLoss, std::move(text)); }

}  // namespace

Recovery::Recovery(const RecoveryOptions& options, Sink sink)
    : options_(options), sink_(std::move(sink)), emitted_(options.covered) {}

Status Recovery::feed(std::uint64_t segment_id, ByteSpan bytes) {
  if (!damage_.ok()) return damage_;
  if (fed_last_ != 0 && segment_id != fed_last_ + 1) {
    CHECK(segment_id > fed_last_);
    return damage_ = damaged(fmt::format("segment {} is missing", fed_last_ + 1));
  }
  fed_last_ = segment_id;
  const bool whole = segment_id >= options_.first_whole_segment;
  Result<SegmentHeader> header = decode_segment_header(segment_id, bytes);
  if (header) return damage_ = feed_used(*header, bytes, whole);
  return damage_ = feed_unused(segment_id, bytes, header.error(), whole);
}

// No header here. Fine at the end of the log: prepared and never used, or its first write was torn.
Status Recovery::feed_unused(std::uint64_t segment_id, ByteSpan bytes, const Status& why, bool whole) {
  if (!whole && why.code() != StatusCode::kNotFound) return why;
  if (index_.segments().empty() && !unused_ && segment_id != kFirstSegmentId) {
    return damaged(fmt::format("segment {} is missing", segment_id - 1));
  }
  const bool zeros = whole && all_zero(bytes);
  if (unused_) {
    // Written to although the one before it never was.
    if (zeros || !whole) return {};
    return unused_->why.with_context(fmt::format("segment {} was written to, but", segment_id));
  }
  if (whole && !zeros && !header_is_torn(segment_id, bytes, index_.last().next())) {
    return why.code() == StatusCode::kNotFound ? damaged(fmt::format("segment {}: header: is missing", segment_id))
                                               : why;
  }
  const std::uint64_t torn_bytes = zeros ? 0 : bytes.find_last_not_of('\0') + 1;
  unused_ = Unused{segment_id, bytes.size(), zeros, torn_bytes, damaged(why.message())};
  return {};
}

Status Recovery::feed_used(SegmentHeader header, ByteSpan bytes, bool whole) {
  if (unused_)
    return unused_->why.with_context(fmt::format("segment {} follows one that ends the log", header.segment_id));
  if (!index_.segments().empty()) PANDO_RETURN_IF_ERROR(check_follows(header));
  const LogPos first = header.first;
  const std::uint64_t segment_id = header.segment_id;
  const std::uint64_t offset = header.header_bytes;
  index_.open(std::move(header));
  if (!whole) return {};
  if (first > emitted_.next()) {
    return damaged(fmt::format("segment {} begins with record {}, but records from {} on are missing", segment_id,
                               first.value, emitted_.next().value));
  }
  file_bytes_ = bytes.size();
  scan_ = scan_records(segment_id, bytes, offset, first, [&](const RecordView& record, std::uint64_t at) {
    index_.mark({record.pos, segment_id, at});
    if (record.pos <= emitted_) return Status();
    emitted_ = record.pos;
    return sink_(record);
  });
  index_.extend(LogPos(scan_->next.value - 1), scan_->bytes);
  // A broken tail may still be one that an earlier recovery cut: the next segment, if there is one, tells.
  return scan_->stopped ? scan_->damage : Status();
}

// `header` pins where the segment before it ends.
Status Recovery::check_follows(const SegmentHeader& header) {
  const Index::Segment& before = index_.segments().back();
  const std::uint64_t before_id = before.header.segment_id;
  if (!scan_) {
    if (header.first < before.header.first || header.previous_bytes < before.header.header_bytes) {
      return damaged(fmt::format("segment {} cannot follow segment {}", header.segment_id, before_id));
    }
    index_.extend(LogPos(header.first.value - 1), header.previous_bytes);
    return {};
  }
  if (header.previous_bytes == scan_->bytes && header.first == scan_->next) return {};
  if (header.first > scan_->next && header.previous_bytes > scan_->bytes) {
    return record_damage(
        before_id, scan_->next, scan_->bytes,
        fmt::format("{}, and segment {} proves that it was durable",
                    scan_->tail == TailState::kZeros ? "is missing" : "bad checksum", header.segment_id));
  }
  return damaged(fmt::format(
      "segment {} says that segment {} ends before record {} at offset {}, but it ends before "
      "record {} at offset {}",
      header.segment_id, before_id, header.first.value, header.previous_bytes, scan_->next.value, scan_->bytes));
}

// What can only be said once nothing follows.
Status Recovery::check_end() const {
  if (scan_ && scan_->tail == TailState::kDamaged) return scan_->damage;
  const bool store_needs_whole = options_.covered.value > 0;
  if (store_needs_whole && !scan_) {
    return damaged(fmt::format("segment {} is missing: the store covers the log up to record {}, which was in it",
                               options_.first_whole_segment, options_.covered.value));
  }
  if (index_.last() < options_.covered) {
    return damaged(fmt::format("the log ends with record {}, but the store covers it up to record {}",
                               index_.last().value, options_.covered.value));
  }
  return {};
}

AppendPoint Recovery::append_point() const {
  AppendPoint at;
  at.next = index_.last().next();
  if (!index_.segments().empty()) {
    const Index::Segment& last = index_.segments().back();
    at.segment_id = last.header.segment_id;
    at.segment_offset = last.bytes;
    // Behind a torn tail stale records may lie, which must never come behind valid ones again.
    if (scan_ && scan_->tail == TailState::kZeros) at.segment_bytes = file_bytes_;
  }
  if (unused_ && unused_->zeros && unused_->id == at.segment_id + 1) at.prepared_bytes = unused_->bytes;
  return at;
}

Recovered Recovery::finish() {
  if (damage_.ok()) damage_ = check_end();
  Recovered found;
  found.last = index_.last();
  found.damage = damage_;
  if (scan_) {
    found.clean = scan_->closed && scan_->tail == TailState::kZeros && damage_.ok();
    found.torn_bytes = scan_->tail == TailState::kTorn ? scan_->torn_bytes : 0;
  } else {
    found.clean = damage_.ok() && index_.segments().empty();
  }
  if (unused_ && !unused_->zeros) {
    found.clean = false;
    found.torn_bytes += unused_->torn_bytes;
  }
  found.append_at = append_point();
  found.index = std::move(index_);
  return found;
}

}  // namespace pando::log
