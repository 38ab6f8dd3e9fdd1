#include "log/appender.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/check.h"

namespace pando::log {
namespace {

// The next segment is prepared once this part of the current one is used.
constexpr std::uint64_t kPrepareAtQuarter = 4;

std::uint64_t whole_blocks(std::uint64_t bytes) {
  return (bytes + kSegmentHeaderBytes - 1) / kSegmentHeaderBytes * kSegmentHeaderBytes;
}

}  // namespace

Appender::Appender(const AppendPoint& at, Index& index, Tail& tail, StartSource start, const AppenderOptions& options)
    : index_(index),
      tail_(tail),
      start_(std::move(start)),
      options_(options),
      next_(at.next),
      durable_(at.next.value - 1),
      ready_id_(at.segment_id),
      ready_bytes_(at.segment_bytes) {
  CHECK(at.next.value > 0 && index_.last() == durable_);
  CHECK(options_.segment_bytes >= 2 * kSegmentHeaderBytes);
  current_.id = at.segment_id;
  current_.offset = at.segment_offset;
  current_.capacity = at.segment_bytes;
  current_.mark_at = at.segment_offset;
  current_.seed = SegmentSeed(at.segment_id);
  if (at.prepared_bytes > 0) {
    ready_id_ = at.segment_id + 1;
    ready_bytes_ = at.prepared_bytes;
  }
}

Status Appender::refusal(std::size_t record_size) const {
  if (!failure_.ok()) return failure_;
  if (pending_bytes_ + record_size > options_.pending_bytes_max && !idle()) {
    return Status(StatusCode::kOverloaded, fmt::format("{} bytes wait to be written to the log, the limit is {}",
                                                       pending_bytes_, options_.pending_bytes_max));
  }
  // While no further segment can be had, only what has a place on the disk already is taken.
  const bool has_place = current_.id <= ready_id_ && fits(record_size);
  const bool next_ready = current_.id < ready_id_ && needed_bytes(record_size) <= ready_bytes_;
  if (!prepare_failure_.ok() && !has_place && !next_ready) return prepare_failure_;
  return {};
}

std::uint64_t Appender::needed_bytes(std::size_t record_size) const {
  return std::max(options_.segment_bytes, whole_blocks(kSegmentHeaderBytes + record_size));
}

// Everything that the log holds so far goes into the header, so this is the one place that asks for it.
void Appender::open_segment(std::size_t record_size) {
  SegmentHeader header;
  header.segment_id = current_.id + 1;
  header.first = next_;
  header.previous_id = current_.id;
  header.previous_bytes = current_.offset;
  header.start = start_();

  Batch batch;
  batch.bytes = encode_segment_header(header);
  header.header_bytes = batch.bytes.size();
  const std::uint64_t needed = std::max(options_.segment_bytes, whole_blocks(header.header_bytes + record_size));
  const bool is_ready = header.segment_id == ready_id_ && ready_bytes_ >= needed;
  if (header.segment_id == ready_id_ && !is_ready) --ready_id_;  // too small: prepared once more
  if (!is_ready) wanted_.push_back(needed);

  current_.id = header.segment_id;
  current_.offset = header.header_bytes;
  current_.capacity = is_ready ? ready_bytes_ : needed;
  current_.mark_at = header.header_bytes + kIndexEveryBytes;
  current_.seed = SegmentSeed(header.segment_id);

  batch.block.segment_id = header.segment_id;
  batch.block.offset = header.header_bytes;
  batch.block.skip_bytes = header.header_bytes;
  batch.block.first = next_;
  batch.base = next_;
  batch.header = std::move(header);
  pending_bytes_ += batch.bytes.size();
  pending_.push_back(std::move(batch));
}

// The last batch, or a new one when the record is not to go out in the same write.
Appender::Batch& Appender::batch_for(std::size_t record_size) {
  if (!pending_.empty()) {
    Batch& last = pending_.back();
    const bool is_empty = last.block.first == next_;
    const bool has_room = last.bytes.size() + record_size <= options_.write_bytes_max;
    const bool has_number = next_.value - last.base.value <= kRecordIndexMax;
    if (last.block.segment_id == current_.id && (is_empty || (has_room && has_number))) return last;
  }
  Batch batch;
  batch.block.segment_id = current_.id;
  batch.block.offset = current_.offset;
  batch.block.first = next_;
  const bool ahead = runs_ahead_ && next_.value - durable_.next().value <= kRecordIndexMax;
  batch.base = ahead ? durable_.next() : next_;
  pending_.push_back(std::move(batch));
  return pending_.back();
}

Result<LogPos> Appender::append(RecordKind kind, ByteSpan body) {
  if (body.size() > kRecordBodyBytesMax) {
    return fail(StatusCode::kTooLarge,
                fmt::format("record has {} bytes, the limit is {}", body.size(), kRecordBodyBytesMax));
  }
  const std::size_t size = record_bytes(body.size());
  if (Status refused = refusal(size); !refused.ok()) return fail(std::move(refused));
  if (!fits(size)) open_segment(size);

  Batch& batch = batch_for(size);
  RecordHeader header;
  header.pos = next_;
  header.kind = kind;
  header.index_in_write = static_cast<std::uint32_t>(next_.value - batch.base.value);
  append_record(current_.seed, header, body, batch.bytes);
  batch.block.last = next_;
  if (current_.offset >= current_.mark_at) {
    batch.marks.push_back({next_, current_.offset});
    current_.mark_at = current_.offset + kIndexEveryBytes;
  }
  current_.offset += size;
  pending_bytes_ += size;
  next_ = next_.next();
  return batch.block.last;
}

std::optional<SegmentWrite> Appender::take_write(bool ahead) {
  if (pending_.empty() || !failure_.ok()) return std::nullopt;
  const Batch& next = pending_.front();
  if (next.block.segment_id > ready_id_) return std::nullopt;
  // A segment's header says that the segment before it is durable, whole.
  const bool may_follow = ahead && with_system_ && !next.header && next.base <= durable_.next();
  if (!in_flight_.empty() && !may_follow) return std::nullopt;
  in_flight_.push_back(std::move(pending_.front()));
  pending_.pop_front();
  with_system_ = false;
  Batch& batch = in_flight_.back();
  CHECK(batch.base <= durable_.next());  // what RecordView::durable_before() says
  batch.block.bytes = std::make_shared<const Bytes>(std::move(batch.bytes));
  return SegmentWrite{batch.block.segment_id, batch.block.offset - batch.block.skip_bytes, *batch.block.bytes};
}

void Appender::written(const Status& status) {
  CHECK(!in_flight_.empty());
  if (!failure_.ok()) return;  // of those behind one that failed nothing is known either
  if (!status.ok()) {
    failure_ = status.with_context("the log takes no more: a write failed");
    return;  // still counted as pending: what became of it is not known
  }
  Batch batch = std::move(in_flight_.front());
  in_flight_.pop_front();
  Block& block = batch.block;
  pending_bytes_ -= block.bytes->size();
  durable_ = block.last;
  if (batch.header) index_.open(std::move(*batch.header));
  index_.extend(block.last, block.offset + block.bytes->size() - block.skip_bytes);
  for (const Index::Mark& mark : batch.marks) index_.mark({mark.pos, block.segment_id, mark.offset});
  tail_.push(std::move(block));
}

std::optional<SegmentAsk> Appender::take_prepare(Instant now) {
  if (asked_ || !failure_.ok() || (retry_at_ && now < *retry_at_)) return std::nullopt;
  const bool ahead = current_.id == ready_id_ && current_.offset * kPrepareAtQuarter >= current_.capacity;
  if (wanted_.empty() && !ahead) return std::nullopt;
  asked_ = SegmentAsk{ready_id_ + 1, wanted_.empty() ? options_.segment_bytes : wanted_.front()};
  retry_at_.reset();
  return asked_;
}

void Appender::prepared(std::uint64_t segment_id, const Status& status, Instant now) {
  CHECK(asked_ && asked_->segment_id == segment_id);
  const std::uint64_t bytes = asked_->bytes_total;
  asked_.reset();
  if (!status.ok()) {
    // Whatever it was, it is tried again: nothing is lost, and nothing has to be mended before writes go on.
    prepare_failure_ = Status(StatusCode::kUnavailable,
                              fmt::format("segment {} cannot be prepared: {}", segment_id, status.message()));
    retry_at_ = now + options_.prepare_retry;
    return;
  }
  prepare_failure_ = {};
  // Asked for ahead of need, and then a record came that needs a larger one: asked for again.
  if (!wanted_.empty() && wanted_.front() > bytes) return;
  if (!wanted_.empty()) wanted_.pop_front();
  ready_id_ = segment_id;
  ready_bytes_ = bytes;
}

}  // namespace pando::log
