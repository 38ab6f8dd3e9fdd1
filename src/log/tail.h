// log/tail.h — the most recent durable writes, kept in memory for the readers near the end.
//
// Whole writes as they went to disk, newest last, at most bytes_max of them (and always the newest one, so
// a reader that keeps up never goes to disk). Shared: what was handed out stays alive after it left here.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>

#include "base/limits.h"
#include "log/index.h"

namespace pando::log {

// One write to one segment.
struct Block {
  std::uint64_t segment_id = 0;
  std::uint64_t offset = 0;    // of records, within the segment
  std::size_t skip_bytes = 0;  // of *bytes, before the first record: a segment header
  LogPos first;
  LogPos last;
  std::shared_ptr<const Bytes> bytes;
};

class Tail {
 public:
  explicit Tail(std::size_t bytes_max = limits::kLogTailBytes) : bytes_max_(bytes_max) {}

  // Follows the block before it without a gap.
  void push(Block block);
  // The block that holds `pos`, or nothing.
  const Block* find(LogPos pos) const;
  std::size_t bytes() const { return bytes_; }

 private:
  std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  std::deque<Block> blocks_;
};

}  // namespace pando::log
