// store/kv.h — the port to an ordered map of bytes on disk. RocksDB (io/rocks) or memory (store/memory_kv.h).
//
// It knows nothing of cells. Both implementations pass store/kv_suite.h, so they cannot drift apart.
//
// Threads: all calls but write() come from one thread (the loop). write() may run on another one, one call at
// a time, while the loop goes on with get() and scan(). A get() during a write() sees the value of before or
// after; a cursor sees the map as it was when scan() was called, whatever is written since.
// (MemoryKv is used from one thread only and has no locks.)
//
// Failures: kDataLoss  the stored bytes are damaged (a checksum failed); never answered as absent
//           kUnavailable  the disk is full or the database paused itself after an error; try again
//           kIoError  the operating system refused
#pragma once

#include <memory>
#include <optional>

#include "base/bytes.h"
#include "base/status.h"
#include "store/batch.h"

namespace pando::store {

// Walks keys in byte order (unsigned) within the bounds given to scan(). Must not outlive its Kv.
class KvCursor {
 public:
  virtual ~KvCursor() = default;
  // False at the end and after a failure; then status() tells which.
  virtual bool valid() const = 0;
  // Borrowed until the cursor moves. Only when valid().
  virtual ByteSpan key() const = 0;
  virtual ByteSpan value() const = 0;
  virtual void next() = 0;
  // To the first key >= `key` that lies within the bounds, forwards or backwards.
  virtual void seek(ByteSpan key) = 0;
  // To the key before; past the first one it is no longer valid.
  virtual void prev() = 0;
  // To the last key < `key` that lies within the bounds; an empty `key` is the end.
  virtual void seek_before(ByteSpan key) = 0;
  virtual Status status() const = 0;
};

class Kv {
 public:
  virtual ~Kv() = default;
  virtual Result<std::optional<Bytes>> get(ByteSpan key) const = 0;
  // All of the batch or nothing, durable when it returns ok, also across power loss. After a failure the
  // durable state is that of before or, rarely, that of after, and get() may answer either until a write
  // succeeds; writing the batch again is always right.
  virtual Status write(const Batch& batch) = 0;
  // Keys in [from, to), standing on the first one. An empty `to` means to the end.
  virtual std::unique_ptr<KvCursor> scan(ByteSpan from, ByteSpan to) const = 0;
};

}  // namespace pando::store
