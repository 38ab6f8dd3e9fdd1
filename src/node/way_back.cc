#include "node/way_back.h"

#include <algorithm>

#include "base/int128.h"
#include "base/limits.h"
#include "node/difference.h"
#include "store/past_kv.h"
#include "store/range_digest.h"

namespace pando::node {
namespace {

// By so much a resync has to be the cheaper way.
constexpr std::uint64_t kTailPerCells = 4;
constexpr Duration kWeightHolds = Duration::seconds(60);
// Between two slices of work, which take about as long.
constexpr Duration kSlicePauseOfWeighing = Duration::millis(1);

}  // namespace

std::uint64_t WayBack::tail_bytes(LogPos first, const VersionVector& has) const {
  if (first > replica_.durable()) return 0;
  const std::uint64_t bytes = replica_.index().bytes_from(first);
  const VersionVector& here = replica_.durable_context();
  const VersionVector& start = replica_.index().segment_of(first).header.start.context;
  const std::uint64_t all = commits_beyond(here, start);
  const std::uint64_t lacking = std::min(commits_beyond(here, has), all);
  return all == 0 ? 0 : static_cast<std::uint64_t>(UInt128{bytes} * lacking / all);
}

WayBack::Way WayBack::way(std::uint64_t tail_bytes, Instant now) {
  const NamespaceConfig& config = replica_.config();
  if (tail_bytes > config.tail_bytes_max) return Way::kResync;
  if (tail_bytes <= config.tail_bytes_min) return Way::kLog;
  const std::uint64_t enough = tail_bytes / kTailPerCells;
  const bool holds = known_ && !walking_ && now < at_ + kWeightHolds;
  if (holds && (all_ || weight_ >= enough)) return weight_ < enough ? Way::kResync : Way::kLog;
  enough_ = std::max(enough_, enough);
  if (walking_) return Way::kUnknown;
  walking_ = true;
  all_ = false;
  weight_ = 0;
  enough_ = enough;
  next_ = store::first_cell_key();
  weigh(now);
  return way(tail_bytes, now);
}

void WayBack::work(Instant now) {
  if (walking_ && now >= at_ + kSlicePauseOfWeighing) weigh(now);
}

std::optional<Instant> WayBack::next_deadline() const {
  if (!walking_) return std::nullopt;
  return at_ + kSlicePauseOfWeighing;
}

void WayBack::weigh(Instant now) {
  const store::PastKv cells(replica_.cells());
  const Bytes end = store::cell_keys_end();
  const Status walked =
      store::walk_range(cells, nullptr, next_, end, limits::kResyncSliceCells, [&](ByteSpan key, ByteSpan state) {
        weight_ += key.size() + state.size();
        return true;
      });
  // What cannot be read cannot be told by a resync either.
  if (!walked.ok()) weight_ = enough_;
  all_ = walked.ok() && next_ == end;
  walking_ = !all_ && weight_ < enough_;
  known_ = true;
  at_ = now;
}

}  // namespace pando::node
