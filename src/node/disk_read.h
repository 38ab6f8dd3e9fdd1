// node/disk_read.h — a read of the log that goes to disk, for whoever reads the log front to back. One at a time.
//
//   log::Reader::read() → Run        it was in memory
//                       → ReadPlan   begin(); LogReadDone brings the bytes, and take() makes the Run of them
#pragma once

#include <optional>

#include "log/reader.h"
#include "node/io.h"

namespace pando::node {

class Replica;

class DiskRead {
 public:
  bool under_way() const { return id_.has_value(); }
  bool is(std::uint64_t read_id) const { return id_ == read_id; }
  // The segment that is being read.
  std::optional<std::uint64_t> segment() const { return id_ ? std::optional(plan_.segment_id) : std::nullopt; }

  void begin(const Replica& replica, const log::ReadPlan& plan, std::uint64_t read_id, Outputs& out);
  // It is done. Nothing: the record is longer than what was read, and it goes on, under the same id. Errors: `status`,
  // and those of log::Reader::parse().
  Result<std::optional<log::Run>> take(Replica& replica, const Status& status, Bytes bytes, Outputs& out);
  // Nobody waits for it any more.
  void forget() { id_.reset(); }

 private:
  std::optional<std::uint64_t> id_;
  log::ReadPlan plan_;
};

}  // namespace pando::node
