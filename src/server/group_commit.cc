#include "server/group_commit.h"

#include <algorithm>

namespace pando::server {

bool GroupCommit::on_written(Instant now, std::size_t answered) {
  const Duration took = now - handed_out_;
  usual_ = usual_.us == 0 ? took : Duration::micros((3 * usual_.us + took.us) / 4);
  missing_ = 0;
  if (answered < 2 || usual_ < kSyncWorthSharing) return false;
  missing_ = answered;
  gap_ = std::min(Duration::micros(usual_.us / kGapPart), kGapMax);
  until_ = now + gap_;
  at_most_ = now + std::min(Duration::micros(usual_.us / kWaitPart), kWaitMax);
  latest_ = now;
  return true;
}

bool GroupCommit::on_request(Instant now, std::size_t clients) {
  latest_ = now;
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
