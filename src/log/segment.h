// log/segment.h — the head of a segment file: what came before it.
//
// A segment is a file of zeros, really written, into which a header and then records are written in order.
// The header goes out with the first records, in one write. It pins where the previous segment ends, so
// bytes of a torn write behind that place are never read again, and it says which commits the log before it
// covers, so a reader with a version vector finds its place without reading records.
//
// The header takes header_bytes, a multiple of kSegmentHeaderBytes. Its first block is checksummed alone and
// holds all fixed fields; only a version vector of very many origins spills beyond it.
// Golden bytes and the field table: docs/formats/log.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/status.h"
#include "model/version_vector.h"

namespace pando::log {

// Enough of an older segment to feed to Recovery; a log of so many origins that the header spills is then
// still correct, only found more slowly. segment_header_bytes() says how much more there is.
inline constexpr std::size_t kSegmentHeaderBytes = 4096;
inline constexpr std::uint32_t kFormatVersion = 1;
inline constexpr std::uint64_t kFirstSegmentId = 1;
// A device writes a sector wholly or not at all; so does the page cache with its larger pages.
inline constexpr std::size_t kSectorBytes = 512;

// What the caller knows about the log before the record that opens a segment.
struct SegmentStart {
  Origin origin;              // under which this node commits
  VersionVector context;      // every commit in the log before
  std::uint64_t changes = 0;  // visible changes in the log before (model/change.h)
};

struct SegmentHeader {
  std::uint64_t segment_id = 0;
  LogPos first;                      // position of the segment's first record
  std::uint64_t previous_id = 0;     // 0: this is the first of the log
  std::uint64_t previous_bytes = 0;  // valid bytes of the previous segment, header included
  SegmentStart start;
  bool context_known = true;       // false when decoded from a first block whose context spills beyond it
  std::uint64_t header_bytes = 0;  // where records begin; set by encoding and decoding
};

// The whole header, header_bytes long.
Bytes encode_segment_header(const SegmentHeader& header);

// Reads it back from the first bytes of a segment, at least kSegmentHeaderBytes of them (whole file is fine).
// kDataLoss naming the field. A header that is all zeros is kNotFound: the segment was never used.
Result<SegmentHeader> decode_segment_header(std::uint64_t segment_id, ByteSpan bytes);

// How long the header is, from its first block; nothing when the block is not a header.
std::optional<std::uint64_t> segment_header_bytes(ByteSpan first_block);

// "00000000000000000007.log" and back; nothing for other names.
std::string segment_file_name(std::uint64_t segment_id);
std::optional<std::uint64_t> parse_segment_file_name(std::string_view name);

// True when every byte is zero.
bool all_zero(ByteSpan bytes);

}  // namespace pando::log
