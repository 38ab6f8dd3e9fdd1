#include "log/record.h"

#include <fmt/core.h>

#include <cstring>

#include "base/check.h"
#include "base/crc32c.h"

namespace pando::log {
namespace {

// The header as it lies in the file; the build refuses big-endian machines (base/codec.cc).
struct RawHeader {
  std::uint32_t record_crc = 0;
  std::uint32_t header_crc = 0;
  std::uint64_t pos = 0;
  std::uint32_t body_bytes = 0;
  std::uint32_t index_and_kind = 0;
};
static_assert(sizeof(RawHeader) == kRecordHeaderBytes);

constexpr std::size_t kHeaderCrcFrom = 8;
constexpr std::size_t kRecordCrcFrom = 4;

RawHeader load(ByteSpan bytes) {
  RawHeader raw;
  std::memcpy(&raw, bytes.data(), sizeof raw);
  return raw;
}

RecordHeader decode(const RawHeader& raw) {
  RecordHeader header;
  header.pos = LogPos(raw.pos);
  header.kind = static_cast<RecordKind>(raw.index_and_kind >> 24);
  header.index_in_write = raw.index_and_kind & kRecordIndexMax;
  header.body_bytes = raw.body_bytes;
  return header;
}

RecordView view(const RecordHeader& header, ByteSpan bytes) {
  return {header.pos, header.kind, header.index_in_write, bytes.substr(kRecordHeaderBytes, header.body_bytes)};
}

}  // namespace

std::string record_kind_name(RecordKind kind) {
  switch (kind) {
    case RecordKind::kCommit: return "commit";
    case RecordKind::kIdentity: return "identity";
    case RecordKind::kFloor: return "floor";
    case RecordKind::kRelaxed: return "relaxed";
    case RecordKind::kClose: return "close";
    case RecordKind::kTables: return "tables";
    case RecordKind::kScope: return "scope";
    case RecordKind::kAgain: return "again";
    case RecordKind::kArrived: return "arrived";
    case RecordKind::kCluster: return "cluster";
    case RecordKind::kMeeting: return "meeting";
    case RecordKind::kCutCells: return "cut-cells";
    case RecordKind::kCut: return "cut";
  }
  return fmt::format("kind-{}", static_cast<unsigned>(kind));
}

bool is_readable(RecordKind kind) {
  if (kind == RecordKind::kCommit || kind == RecordKind::kIdentity || kind == RecordKind::kRelaxed ||
      kind == RecordKind::kClose || kind == RecordKind::kTables || kind == RecordKind::kCluster ||
      kind == RecordKind::kScope || kind == RecordKind::kAgain || kind == RecordKind::kArrived ||
      kind == RecordKind::kCutCells || kind == RecordKind::kCut) {
    return true;
  }
  const auto byte = static_cast<std::uint8_t>(kind);
  return byte >= 'a' && byte <= 'z';
}

SegmentSeed::SegmentSeed(std::uint64_t segment_id) {
  char word[sizeof segment_id];
  std::memcpy(word, &segment_id, sizeof segment_id);
  crc_ = crc32c(ByteSpan(word, sizeof word));
}

void append_record(SegmentSeed seed, RecordHeader header, ByteSpan body, Bytes& out) {
  CHECK(body.size() <= kRecordBodyBytesMax);
  CHECK(header.index_in_write <= kRecordIndexMax && header.index_in_write < header.pos.value);
  RawHeader raw;
  raw.pos = header.pos.value;
  raw.body_bytes = static_cast<std::uint32_t>(body.size());
  raw.index_and_kind = header.index_in_write | static_cast<std::uint32_t>(header.kind) << 24;
  char head[sizeof raw];
  std::memcpy(head, &raw, sizeof raw);
  raw.header_crc = crc32c(ByteSpan(head + kHeaderCrcFrom, sizeof head - kHeaderCrcFrom), seed.crc());
  std::memcpy(head, &raw, sizeof raw);

  const std::size_t start = out.size();
  const std::size_t total = record_bytes(body.size());
  out.append(head, sizeof head);
  out.append(body);
  out.append(total - kRecordHeaderBytes - body.size() - 1, '\0');
  out.push_back(static_cast<char>(kRecordEnd));
  const std::uint32_t crc = crc32c(ByteSpan(out.data() + start + kRecordCrcFrom, total - kRecordCrcFrom), seed.crc());
  std::memcpy(out.data() + start, &crc, sizeof crc);
}

Parsed parse_record(SegmentSeed seed, ByteSpan bytes) {
  Parsed parsed;
  if (bytes.size() < kRecordHeaderBytes) return parsed;
  const RawHeader raw = load(bytes);
  const RecordHeader header = decode(raw);
  // Zeros are the common case: the end of a segment. No checksum needed to see that they are no header.
  if (header.pos.value == 0 || header.index_in_write >= header.pos.value) return parsed;
  if (static_cast<std::uint8_t>(header.kind) == 0 || header.body_bytes > kRecordBodyBytesMax) return parsed;
  const ByteSpan head = bytes.substr(kHeaderCrcFrom, kRecordHeaderBytes - kHeaderCrcFrom);
  if (crc32c(head, seed.crc()) != raw.header_crc) return parsed;

  parsed.header = header;
  if (header.bytes() > bytes.size()) {
    parsed.found = Found::kShort;
    return parsed;
  }
  const ByteSpan checked = bytes.substr(kRecordCrcFrom, header.bytes() - kRecordCrcFrom);
  if (crc32c(checked, seed.crc()) != raw.record_crc) {
    parsed.found = Found::kBadBody;
    return parsed;
  }
  parsed.found = Found::kRecord;
  parsed.record = view(header, bytes);
  return parsed;
}

RecordView trusted_record(ByteSpan bytes) {
  CHECK(bytes.size() >= kRecordBytesMin);
  const RecordHeader header = decode(load(bytes));
  CHECK(header.bytes() <= bytes.size());
  return view(header, bytes);
}

}  // namespace pando::log
