#include "sim/trace.h"

#include <xxhash.h>

#include <cstdio>

namespace pando::sim {

void Trace::take() {
  hash_ = XXH3_64bits_withSeed(line_.data(), line_.size(), hash_);
  ++line_count_;
  if (options_.live) {
    line_.push_back('\n');
    std::fwrite(line_.data(), 1, line_.size(), stderr);
    line_.resize(line_.size() - 1);
  }
  if (options_.lines_max == 0 || frozen_) return;
  if (lines_.size() == options_.lines_max) lines_.pop_front();
  lines_.emplace_back(line_.data(), line_.size());
}

}  // namespace pando::sim
