// sim/markers.h — which rare branches a run came through. A long run that never came there has not tested them.
//
// Counted from outside: what nodes say (notes, frames, answers), what their starts found, and their own statistics when
// they go away. Counting changes nothing of a run: no random choice, no event. Marks of the simulator itself (a crash
// that a checkpoint outlives) are made where they happen, by reach().
#pragma once

#include <array>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sim/observer.h"

namespace pando::sim {

enum class Marker : std::uint8_t {
  kLogLetGo,
  kResyncBegun,
  kResyncDone,
  kResyncBrokenOff,
  kResyncKilled,
  kResyncTakenUp,
  kWant,
  kPoison,
  kPoisonHealed,
  kEpochUnclean,
  kEpochPeerKnows,
  kEpochMetAnother,
  kTakenBack,
  kAnsweredAgain,
  kTornTail,
  kReplayed,
  kCleanStart,
  kCheckpointOutlived,
  kCheckpointFailed,
  kDiskFull,
  kDiskFullOver,
  kSyncFailed,
  kHalfOpenLink,
  kStrangerRefused,
  kLinkRefused,
  kWatchGone,
  kConflict,
  kFreed,
  kDurabilityMissed,
  kPartsSent,
  kTableArrived,
  kTablePart,
  kAllArrive,
  kFellBehind,
  kCreditExhausted,
  kOrderWaited,
  kOlderLink,
  kOlderRefused,
  kUpgraded,
  kBackupTaken,
  kBackupMerged,
  kBackupNews,
  kBackupBegunWith,
  kDrained,
  kRetired,
  kRetiredFenced,
  kRetiredGoesOn,
  kDiskLost,
  kLostClosed,
  kCount_
};

struct MarkerInfo {
  Marker marker = Marker::kCount_;
  std::string_view name;
  std::string_view what;
  // Whether random fleets come there; else a scenario does.
  bool by_seeds = true;
};
// In the order of the enum.
const std::vector<MarkerInfo>& all_markers();

// How often each was reached.
class MarkerCounts {
 public:
  std::uint64_t of(Marker marker) const { return counts_[static_cast<std::size_t>(marker)]; }
  void reach(Marker marker, std::uint64_t times = 1) { counts_[static_cast<std::size_t>(marker)] += times; }
  void add(const MarkerCounts& other);
  // Those expected of random fleets (or of scenarios) that were not reached.
  std::vector<MarkerInfo> missing(bool of_seeds) const;
  // "log-let-go 12, resync-begun 3, …": all that were reached.
  std::string describe() const;

 private:
  std::array<std::uint64_t, static_cast<std::size_t>(Marker::kCount_)> counts_{};
};

class Markers final : public Observer {
 public:
  void reach(Marker marker, std::uint64_t times = 1) { counts_.reach(marker, times); }
  const MarkerCounts& counts() const { return counts_; }

  void on_answer(const Asked& asked, const Answer& answer) override;
  void on_outputs(const Machine& machine, const node::Outputs& outputs) override;
  void on_boot(const Machine& machine) override;
  void on_leaving(const Machine& machine) override;
  void on_down(const Machine& machine) override;

 private:
  using Where = std::pair<const Machine*, std::string>;
  void read_note(const Machine& machine, const node::Note& note);
  void read_frame(ByteSpan frame);

  MarkerCounts counts_;
  std::set<Where> resyncing_;
  std::set<Where> broken_off_;  // and not taken up again
};

}  // namespace pando::sim
