#include "node/falling_behind.h"

#include <algorithm>
#include <utility>

#include "base/int128.h"

namespace pando::node {

bool FallingBehind::look(std::uint64_t sent, std::uint64_t lacking, Instant now) {
  next_look_ = now + kLookEvery;
  const std::optional<Seen> before = std::exchange(last_, Seen{sent, now});
  if (!before || now <= before->at) return false;
  const std::uint64_t passed = sent - std::min(sent, before->sent);
  const auto time = static_cast<std::uint64_t>((now - before->at).us);
  // lacking / (passed / time) > kTooLong
  const bool too_long = UInt128{lacking} * time > UInt128{passed} * static_cast<std::uint64_t>(kTooLong.us);
  behind_ = lacking > 0 && too_long ? behind_ + 1 : 0;
  if (behind_ < kLooks) return false;
  forget(now);
  next_look_ = now + kSilence;
  return true;
}

void FallingBehind::forget(Instant now) {
  last_.reset();
  behind_ = 0;
  next_look_ = std::max(next_look_, now + kLookEvery);
}

}  // namespace pando::node
