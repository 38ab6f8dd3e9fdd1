// log/record.h — one record of the log: framing, checksums, and nothing about what the body means.
//
//   offset  size
//        0     4  crc32c of the segment id (8 bytes), then of everything in the record after this word
//        4     4  crc32c of the segment id (8 bytes), then of bytes 8…23: makes the length trustworthy alone
//        8     8  LogPos
//       16     4  body length in bytes
//       20     3  index of the record in its write, from 0
//       23     1  kind
//       24     n  body
//     24+n   1-8  zeros up to the next multiple of 8, the very last byte being kRecordEnd
//
// Writes go one at a time, so "all before pos - index was durable when this record was handed out" is known
// from the record alone: that is how damage is told from a torn tail (log/scan.h). The checksums bind the
// segment id, so bytes that end up in another file are never valid there. docs/formats/log.md.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/limits.h"

namespace pando::log {

// Stored as one byte, never renumbered. Each has at least three bits set, so no single flipped bit makes it
// zero. A kind this version does not know: upper-case ones make the log unreadable for it, lower-case ones are
// handed on like the others and are to be stepped over.
enum class RecordKind : std::uint8_t {
  kCommit = 'C',    // body: one encoded Commit
  kIdentity = 'I',  // body: the Origin under which this node commits from here on
  kFloor = 'f',     // body: u64 stamp; every commit made here from now on has a larger one
  kRelaxed = 'R',   // empty body: from here on commits may be told of before they are durable, until I or Z
  kClose = 'Z',     // empty body: a clean shutdown; everything before it is durable
  kMeeting = 'm',   // body: what is noted of those who wrote without having heard of this node (node/meeting.h)
  kCutCells = 'S',  // body: cells of another node's cut (model/cut.h); nothing until the kCut that follows
  kTables = 'W',    // body: two table sets (model/table_scope.h): what this node publishes and takes from here on
  kScope = 'K',     // body: the scope and its growth (model/table_growth.h), from here on
  kAgain = 'G',     // body: a commit; nothing until the kArrived that follows
  kArrived = 'O',   // body: tables that have arrived, with the cells and commits of the records right before
  kCluster = 'U',   // body: bytes(name) of the cluster this node has joined, which began as a clone
  kCut = 'J',       // body: that cut, merged in from here on with the cells of the records right before
};

// "commit", "identity", "close", or "kind-88" for one this version does not know.
std::string record_kind_name(RecordKind kind);
// May be read by this version: known, or of the lower-case kinds that may be stepped over.
bool is_readable(RecordKind kind);

inline constexpr std::size_t kRecordHeaderBytes = 24;
inline constexpr std::size_t kRecordAlignment = 8;
inline constexpr std::size_t kRecordBytesMin = 32;
inline constexpr std::uint8_t kRecordEnd = 0xE7;
// A commit with room for what later kinds may wrap around it.
inline constexpr std::size_t kRecordBodyBytesMax = limits::kCommitBytesMax + 64 * 1024;
inline constexpr std::uint32_t kRecordIndexMax = (1u << 24) - 1;

// What a record with such a body takes in the segment. A multiple of kRecordAlignment.
constexpr std::size_t record_bytes(std::size_t body_bytes) {
  return (kRecordHeaderBytes + body_bytes + 1 + kRecordAlignment - 1) / kRecordAlignment * kRecordAlignment;
}

// Where the checksums of one segment start: crc32c of its id.
class SegmentSeed {
 public:
  explicit SegmentSeed(std::uint64_t segment_id);
  std::uint32_t crc() const { return crc_; }

 private:
  std::uint32_t crc_;
};

// A record that was found whole. `body` is borrowed from the bytes it was read from.
struct RecordView {
  LogPos pos;
  RecordKind kind = RecordKind::kCommit;
  std::uint32_t index_in_write = 0;
  ByteSpan body;

  // Every record up to here was durable before this one was handed to the disk.
  LogPos durable_before() const { return LogPos(pos.value - 1 - index_in_write); }
  std::size_t bytes() const { return record_bytes(body.size()); }
};

struct RecordHeader {
  LogPos pos;
  RecordKind kind = RecordKind::kCommit;
  std::uint32_t index_in_write = 0;
  std::uint32_t body_bytes = 0;

  std::size_t bytes() const { return record_bytes(body_bytes); }
};

// Appends one framed record. `header.body_bytes` is taken from `body`.
void append_record(SegmentSeed seed, RecordHeader header, ByteSpan body, Bytes& out);

// What lies at one place of a segment.
enum class Found : std::uint8_t {
  kRecord,     // whole, both checksums right
  kShort,      // the header is right, but the record goes beyond the end of the bytes given
  kBadBody,    // the header is right, the rest is not
  kBadHeader,  // not even a header; also all zeros, and fewer bytes than a header
};

struct Parsed {
  Found found = Found::kBadHeader;
  RecordHeader header;  // unless kBadHeader
  RecordView record;    // when kRecord
};

// Looks at the record that starts at `bytes`[0]. Never reads beyond `bytes`.
Parsed parse_record(SegmentSeed seed, ByteSpan bytes);

// The same without checksums, for bytes that append_record() made and that never left memory.
RecordView trusted_record(ByteSpan bytes);

}  // namespace pando::log
