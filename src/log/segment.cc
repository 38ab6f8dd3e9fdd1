#include "log/segment.h"

#include <fmt/core.h>

#include <cstring>

#include "base/check.h"
#include "base/codec.h"
#include "base/crc32c.h"
#include "base/limits.h"

namespace pando::log {
namespace {

constexpr std::string_view kMagic = "PANDOLOG";
constexpr std::size_t kBlockCrcAt = 8;
constexpr std::size_t kCheckedFrom = 12;  // version, lengths, ids, origin, context
constexpr std::size_t kHeaderBytesAt = 16;
constexpr std::size_t kSpillCrcAt = 20;
constexpr std::size_t kVariableFrom = 64;
// Every sector of a header holds something, so a sector that is all zeros was never written.
constexpr char kFiller = '\xA5';
// Origins at their limit, of the longest names and numbers.
constexpr std::uint64_t kHeaderBytesMax = kSegmentHeaderBytes * 2048;
static_assert(kHeaderBytesMax > limits::kOriginsMax * (limits::kNodeNameBytesMax + 1 + 10 + 10));

void put_u32(Bytes& out, std::size_t at, std::uint32_t v) { std::memcpy(out.data() + at, &v, sizeof v); }

std::uint32_t get_u32(ByteSpan in, std::size_t at) {
  std::uint32_t v = 0;
  std::memcpy(&v, in.data() + at, sizeof v);
  return v;
}

Status bad(std::uint64_t segment_id, std::string_view why) {
  return Status(StatusCode::kDataLoss, fmt::format("segment {}: header: {}", segment_id, why));
}

bool block_checksum_ok(ByteSpan block) {
  return crc32c(block.substr(kCheckedFrom, kSegmentHeaderBytes - kCheckedFrom)) == get_u32(block, kBlockCrcAt);
}

Status check_block(std::uint64_t segment_id, ByteSpan bytes) {
  if (bytes.size() < kSegmentHeaderBytes) {
    return bad(segment_id, fmt::format("has {} bytes, needs {}", bytes.size(), kSegmentHeaderBytes));
  }
  if (bytes.substr(0, kMagic.size()) != kMagic) return bad(segment_id, "is not one");
  if (!block_checksum_ok(bytes)) return bad(segment_id, "bad checksum");
  const std::uint32_t version = get_u32(bytes, kCheckedFrom);
  if (version != kFormatVersion) return bad(segment_id, fmt::format("format version {} is not known", version));
  const std::uint64_t header_bytes = get_u32(bytes, kHeaderBytesAt);
  if (header_bytes < kSegmentHeaderBytes || header_bytes > kHeaderBytesMax || header_bytes % kSegmentHeaderBytes != 0) {
    return bad(segment_id, fmt::format("length {} is not possible", header_bytes));
  }
  return {};
}

}  // namespace

Bytes encode_segment_header(const SegmentHeader& header) {
  Bytes out;
  Writer w(out);
  w.raw(kMagic);
  w.u32(0);  // checksum of the first block
  w.u32(kFormatVersion);
  w.u32(0);  // header_bytes
  w.u32(0);  // checksum of the rest
  w.u64(header.segment_id);
  w.u64(header.first.value);
  w.u64(header.start.changes);
  w.u64(header.previous_id);
  w.u64(header.previous_bytes);
  CHECK(out.size() == kVariableFrom);
  encode(header.start.origin, w);
  encode(header.start.context, w);

  const std::size_t total = (out.size() / kSegmentHeaderBytes + 1) * kSegmentHeaderBytes;
  CHECK(total <= kHeaderBytesMax);
  out.resize(total, kFiller);
  put_u32(out, kHeaderBytesAt, static_cast<std::uint32_t>(total));
  put_u32(out, kSpillCrcAt, crc32c(ByteSpan(out).substr(kSegmentHeaderBytes)));
  put_u32(out, kBlockCrcAt, crc32c(ByteSpan(out).substr(kCheckedFrom, kSegmentHeaderBytes - kCheckedFrom)));
  return out;
}

Result<SegmentHeader> decode_segment_header(std::uint64_t segment_id, ByteSpan bytes) {
  if (all_zero(bytes.substr(0, kSegmentHeaderBytes))) {
    return fail(StatusCode::kNotFound, fmt::format("segment {}: was never used", segment_id));
  }
  PANDO_RETURN_IF_ERROR(check_block(segment_id, bytes));
  SegmentHeader header;
  header.header_bytes = get_u32(bytes, kHeaderBytesAt);
  header.context_known = bytes.size() >= header.header_bytes;
  if (header.context_known) {
    const ByteSpan spill = bytes.substr(kSegmentHeaderBytes, header.header_bytes - kSegmentHeaderBytes);
    if (crc32c(spill) != get_u32(bytes, kSpillCrcAt)) return fail(bad(segment_id, "bad checksum of the context"));
  }
  pando::Reader in(bytes.substr(0, header.context_known ? header.header_bytes : kSegmentHeaderBytes));
  in.raw("fixed", kSpillCrcAt + 4);
  header.segment_id = in.u64("segment_id");
  header.first = LogPos(in.u64("first"));
  header.start.changes = in.u64("changes");
  header.previous_id = in.u64("previous_id");
  header.previous_bytes = in.u64("previous_bytes");
  header.start.origin = decode_origin(in);
  if (header.context_known) header.start.context = decode_version_vector(in);
  if (!in.ok()) return fail(bad(segment_id, in.status().message()));
  if (header.segment_id != segment_id) {
    return fail(
        bad(segment_id, fmt::format("says it is segment {}: the file was renamed or copied over", header.segment_id)));
  }
  if (header.first.value == 0) return fail(bad(segment_id, "its first record has no number"));
  if (header.previous_id + 1 != segment_id) return fail(bad(segment_id, "does not follow the segment before it"));
  return header;
}

std::optional<std::uint64_t> segment_header_bytes(ByteSpan first_block) {
  if (!check_block(0, first_block).ok()) return std::nullopt;
  return get_u32(first_block, kHeaderBytesAt);
}

std::string segment_file_name(std::uint64_t segment_id) { return fmt::format("{:020}.log", segment_id); }

std::optional<std::uint64_t> parse_segment_file_name(std::string_view name) {
  constexpr std::size_t kDigits = 20;
  if (name.size() != kDigits + 4 || name.substr(kDigits) != ".log") return std::nullopt;
  std::uint64_t id = 0;
  for (const char c : name.substr(0, kDigits)) {
    if (c < '0' || c > '9' || __builtin_mul_overflow(id, 10u, &id)) return std::nullopt;
    if (__builtin_add_overflow(id, static_cast<std::uint64_t>(c - '0'), &id)) return std::nullopt;
  }
  return id;
}

bool all_zero(ByteSpan bytes) {
  // The first byte is zero and each byte equals the one before it.
  return bytes.empty() || (bytes[0] == 0 && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

}  // namespace pando::log
