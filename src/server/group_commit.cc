#include "server/group_commit.h"

#include <algorithm>
#include <utility>

namespace pando::server {

namespace {

// An average of the last few.
double blend(double usual, double last) { return usual == 0 ? last : (3 * usual + last) / 4; }

}  // namespace

GroupCommit::Next GroupCommit::on_written(Instant now, std::size_t answered, const Cost& cost) {
  usual_ = Duration::micros(
      static_cast<std::int64_t>(blend(static_cast<double>(usual_.us), static_cast<double>(cost.sync.us))));
  if (asked_ > 0 && cost.loop) {
    per_client_us_ = blend(per_client_us_, static_cast<double>(cost.loop->us) / static_cast<double>(asked_));
  }
  asked_ = 0;
  const Next open = std::exchange(missing_, 0) > 0 ? Next::kLetGo : Next::kGoOn;
  const double round_us = per_client_us_ * static_cast<double>(answered + waiting_);
  if (answered < 2 || usual_ < kSyncWorthSharing || static_cast<double>(usual_.us) <= round_us) return open;
  missing_ = answered;
  gap_ = std::min(Duration::micros(usual_.us / kGapPart), kGapMax);
  until_ = now + gap_;
  at_most_ = now + std::min(Duration::micros(usual_.us / kWaitPart), kWaitMax);
  latest_ = now;
  return Next::kHold;
}

bool GroupCommit::on_request(Instant now, std::size_t clients) {
  latest_ = now;
  asked_ += clients;
  waiting_ += clients;
  if (missing_ == 0) return false;
  missing_ -= std::min(missing_, clients);
  return missing_ == 0;
}

bool GroupCommit::on_time(Instant now) {
  if (missing_ == 0) return false;
  until_ = std::min(latest_ + gap_, at_most_);
  if (now < until_) return false;
  missing_ = 0;
  return true;
}

}  // namespace pando::server
