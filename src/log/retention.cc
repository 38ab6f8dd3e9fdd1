#include "log/retention.h"

namespace pando::log {

bool may_drop_oldest(const Index& index, const Retention& retention, const OldestSegment& oldest) {
  if (!retention.on || index.segments().size() < 2 || !oldest.stored) return false;
  const std::uint64_t bytes = index.bytes();
  if (bytes > retention.retain_bytes) return true;
  if (bytes - index.segments().front().bytes < retention.keep_bytes) return false;
  return oldest.had_by_all || oldest.filled_since > retention.retain_age;
}

}  // namespace pando::log
