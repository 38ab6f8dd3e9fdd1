// store/past_kv.h — the cells of a namespace as they are, or as a snapshot saw them, as a Kv to read.
//
// So that Cells of their own can stand over it: whoever tries out changes that are not made (yet) applies them there,
// and reads what they would lead to with everything that reads cells. Nothing is written through: write() is refused.
// The conflict ledger and the hints of the expiry index are left out.
//
// Outlived by the cells and, while it is read, by the snapshot, which must be alive then (checked). A cursor ends with
// the next change of the cells. One thread.
#pragma once

#include <optional>

#include "store/cells.h"

namespace pando::store {

class PastKv final : public Kv {
 public:
  // As they are, whenever it is read; or as `snapshot` saw them.
  explicit PastKv(const Cells& cells, std::optional<Snapshots::Id> snapshot = {})
      : cells_(cells), snapshot_(snapshot) {}

  Result<std::optional<Bytes>> get(ByteSpan key) const override;
  Status write(const Batch& batch) override;
  std::unique_ptr<KvCursor> scan(ByteSpan from, ByteSpan to) const override;

 private:
  const Cells& cells_;
  std::optional<Snapshots::Id> snapshot_;
};

}  // namespace pando::store
