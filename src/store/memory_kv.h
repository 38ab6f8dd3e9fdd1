// store/memory_kv.h — Kv in memory, for the simulator and tests.
//
// A cursor keeps the map it started on; a write while one is alive copies the map first. One thread.
#pragma once

#include <map>
#include <memory>

#include "store/kv.h"

namespace pando::store {

class MemoryKv final : public Kv {
 public:
  MemoryKv() : map_(std::make_shared<Map>()) {}

  Result<std::optional<Bytes>> get(ByteSpan key) const override;
  Status write(const Batch& batch) override;
  std::unique_ptr<KvCursor> scan(ByteSpan from, ByteSpan to) const override;

  // For the simulator and tests.
  // The next writes fail with this status and change nothing, until set to ok again.
  void fail_writes(Status status) { write_failure_ = std::move(status); }
  void fail_reads(Status status) { read_failure_ = std::move(status); }
  // Flips the lowest bit of byte `offset` of a stored value, as a failing disk would.
  // False when the key is absent or the value too short.
  bool flip_bit(ByteSpan key, std::size_t offset);
  std::size_t size() const { return map_->size(); }

 private:
  using Map = std::map<Bytes, Bytes, std::less<>>;
  class Cursor;
  Map& writable();

  std::shared_ptr<Map> map_;
  Status write_failure_;
  Status read_failure_;
};

}  // namespace pando::store
