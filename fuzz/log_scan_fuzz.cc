// fuzz/log_scan_fuzz.cc — the decoders of the log on raw bytes: headers, records, a segment that is nothing but input.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "log/scan.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pando::log;
  const pando::ByteSpan bytes(reinterpret_cast<const char*>(data), size);
  const SegmentSeed seed(1);
  const Parsed parsed = parse_record(seed, bytes);
  if (parsed.found == Found::kRecord) {
    CHECK(parsed.record.bytes() <= size);
    CHECK(parsed.record.durable_before() < parsed.record.pos);
  }
  const pando::Result<SegmentHeader> header = decode_segment_header(1, bytes);
  if (header) {
    // Its last block may hold any filler, so only the meaning must come back.
    const pando::Result<SegmentHeader> again = decode_segment_header(1, encode_segment_header(*header));
    CHECK(again && again->first == header->first && again->start.changes == header->start.changes);
  }
  static_cast<void>(segment_header_bytes(bytes));
  static_cast<void>(header_is_torn(1, bytes, pando::LogPos(1)));
  const Scan scan =
      scan_records(1, bytes, 0, pando::LogPos(1), [](const RecordView&, std::uint64_t) { return pando::Status(); });
  CHECK(scan.bytes <= size);
  CHECK((scan.tail == TailState::kDamaged) == !scan.damage.ok());
  return 0;
}
