#include "log/tail.h"

#include <algorithm>

#include "base/check.h"

namespace pando::log {

void Tail::push(Block block) {
  CHECK(block.first <= block.last);
  CHECK(blocks_.empty() || block.first == blocks_.back().last.next());
  bytes_ += block.bytes->size();
  blocks_.push_back(std::move(block));
  while (bytes_ > bytes_max_ && blocks_.size() > 1) {
    bytes_ -= blocks_.front().bytes->size();
    blocks_.pop_front();
  }
}

const Block* Tail::find(LogPos pos) const {
  const auto behind = std::upper_bound(blocks_.begin(), blocks_.end(), pos,
                                       [](LogPos p, const Block& block) { return p < block.first; });
  if (behind == blocks_.begin()) return nullptr;
  const Block& block = *std::prev(behind);
  return pos <= block.last ? &block : nullptr;
}

}  // namespace pando::log
