#include "log/index.h"

#include <algorithm>

#include "base/check.h"

namespace pando::log {
namespace {

// The first mark behind `pos`.
template <typename Marks>
auto after(Marks& marks, LogPos pos) {
  return std::upper_bound(marks.begin(), marks.end(), pos,
                          [](LogPos p, const Index::Mark& mark) { return p < mark.pos; });
}

}  // namespace

std::uint64_t Index::bytes() const {
  std::uint64_t sum = 0;
  for (const Segment& segment : segments_) sum += segment.bytes;
  return sum;
}

std::uint64_t Index::bytes_from(LogPos pos) const {
  const std::uint64_t first_id = segment_of(pos).header.segment_id;
  std::uint64_t sum = 0;
  for (auto segment = segments_.rbegin(); segment != segments_.rend(); ++segment) {
    if (segment->header.segment_id < first_id) break;
    sum += segment->bytes;
  }
  return sum;
}

const Index::Segment& Index::segment_of(LogPos pos) const {
  CHECK(pos >= first() && pos <= last());
  const auto behind = std::upper_bound(segments_.begin(), segments_.end(), pos,
                                       [](LogPos p, const Segment& segment) { return p < segment.header.first; });
  CHECK(behind != segments_.begin());
  return *std::prev(behind);
}

Location Index::floor(LogPos pos) const {
  const Segment& segment = segment_of(pos);
  const auto behind = after(segment.marks, pos);
  if (behind == segment.marks.begin()) {
    return {segment.header.first, segment.header.segment_id, segment.header.header_bytes};
  }
  const Mark& mark = *std::prev(behind);
  return {mark.pos, segment.header.segment_id, mark.offset};
}

std::optional<LogPos> Index::first_lacking(const VersionVector& context) const {
  if (segments_.empty()) return LogPos(1);
  for (auto segment = segments_.rbegin(); segment != segments_.rend(); ++segment) {
    const SegmentHeader& header = segment->header;
    if (header.context_known && context.covers(header.start.context)) return header.first;
  }
  return std::nullopt;
}

void Index::open(SegmentHeader header) {
  CHECK(segments_.empty() || header.segment_id == segments_.back().header.segment_id + 1);
  CHECK(segments_.empty() || header.first == last().next());
  Segment segment;
  segment.last = LogPos(header.first.value - 1);
  segment.bytes = header.header_bytes;
  segment.header = std::move(header);
  segments_.push_back(std::move(segment));
}

void Index::extend(LogPos last, std::uint64_t bytes) {
  CHECK(!segments_.empty());
  Segment& segment = segments_.back();
  CHECK(last >= segment.last && bytes >= segment.bytes);
  segment.last = last;
  segment.bytes = bytes;
}

void Index::drop_oldest() {
  CHECK(segments_.size() > 1);
  segments_.pop_front();
}

void Index::mark(const Location& location) {
  if (segments_.empty() || location.segment_id < segments_.front().header.segment_id) return;
  const std::size_t nth = location.segment_id - segments_.front().header.segment_id;
  CHECK(nth < segments_.size());
  Segment& segment = segments_[nth];
  const auto behind = after(segment.marks, location.pos);
  const std::uint64_t before =
      behind == segment.marks.begin() ? segment.header.header_bytes : std::prev(behind)->offset;
  CHECK(location.offset >= before);
  if (location.offset - before < kIndexEveryBytes) return;
  if (behind != segment.marks.end() && behind->offset - location.offset < kIndexEveryBytes) return;
  segment.marks.insert(behind, {location.pos, location.offset});
}

}  // namespace pando::log
