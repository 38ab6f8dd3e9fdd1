// log/scan.h — reads the records of one whole segment, and tells a torn tail from damage.
//
// A power cut leaves the one write that was in flight half done: any subset of its sectors, or any prefix. Where
// writes run ahead of the disk (log/appender.h) several were, of each of which as much or as little may be there; what
// an earlier one lost of a sector, later ones lost too. Everything before them was durable. So when a record is not
// whole:
//
//   damage  a whole record further on was handed out after the broken one was durable
//           (durable_before() >= its position), or
//           nothing of the broken record is missing: no sector of it still holds the zeros the segment was
//           filled with, and its last byte (of a broken header: the header's), which is never zero, is not one
//           of those zeros either, up to the end of its sector. A torn write cannot look like that; flipped bits do.
//   torn    otherwise. The tail is cut there; nothing acknowledged was in it.
//
// What is pinned by a later segment's header is checked by Recovery, on top.
#pragma once

#include <functional>

#include "log/record.h"
#include "log/segment.h"

namespace pando::log {

enum class TailState : std::uint8_t {
  kZeros,    // nothing but zeros behind the last record (or no room for one)
  kTorn,     // the write in flight at a crash; to be cut
  kDamaged,  // see Scan::damage
};

struct Scan {
  LogPos next;              // position after the last whole record
  std::uint64_t bytes = 0;  // offset behind the last whole record
  TailState tail = TailState::kZeros;
  std::uint64_t torn_bytes = 0;  // from `bytes` to the last byte that is not zero, when kTorn
  bool closed = false;           // the last record is a close
  bool stopped = false;          // at a record that is whole but refused: no torn tail explains that
  Status damage;                 // kDataLoss "segment 3: record 1234 at offset 5678: bad checksum"
};

// `offset` is where the record starts. A failure stops the scan and becomes its damage, named by place.
using RecordSink = std::function<Status(const RecordView& record, std::uint64_t offset)>;

// Walks the records of a whole segment from `offset`, the first of which must be `first`.
Scan scan_records(std::uint64_t segment_id, ByteSpan segment, std::uint64_t offset, LogPos first,
                  const RecordSink& sink);

// For a whole segment whose header does not decode and which should begin with record `first`: true when a
// first write cut off by a crash explains it, by the same two rules.
bool header_is_torn(std::uint64_t segment_id, ByteSpan segment, LogPos first);

// "segment 3: record 1234 at offset 5678: `why`"
Status record_damage(std::uint64_t segment_id, LogPos pos, std::uint64_t offset, std::string_view why);

}  // namespace pando::log
