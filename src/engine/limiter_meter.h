// engine/limiter_meter.h — how much a limiter lets through at one site, at one instant.
//
//   window  the meter of a site says how many passed there in each sixteenth of a span. They count until the last
//           instant at which one of them may have passed is a whole span ago: never later ones more than the limit
//   bucket  the meter is what the bucket lacks (its deficit), in parts of one passage so that no rounding is lost: one
//           passage is per × limit parts, and a share s of the limit wins back rate × s parts a millisecond
//
// Strict: the site's own meter against its share. Fast: what is seen of all sites against the whole limit. Windows add
// up. A bucket notes how much of the others' counting is in its deficit already; what is new counts from when the other
// site says it counted last, and a bucket is never more than empty. A site without a meter goes on from the latest it
// sees, so one that was idle is not taken for full.
//
// Clocks. What a site counted ahead of its own clock (the clock was set back) counts as now: rewound() then asks for it
// to be written down so, as it would be ahead for long otherwise. What others counted up to a span ahead counts as now
// too; what lies further ahead comes from a clock that is wrong, and is left out by windows, or counted from when this
// site last counted by buckets.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "engine/escrow_part.h"

namespace pando::engine {

class LimiterGauge {
 public:
  // `share` is what of the limit is this site's to let through: all of it unless strict.
  LimiterGauge(const LimiterTerms& terms, std::uint64_t share, const std::map<Origin, EscrowPart>& parts,
               const Origin& self, std::int64_t now_ms);

  // What may pass now.
  std::uint64_t free() const;
  // How long until `amount` may pass if nothing else does; nothing when that is never, by this share.
  std::optional<std::int64_t> wait_ms(std::uint64_t amount) const;
  // The meter as of now, after `amount` more.
  LimiterMeter after(std::uint64_t amount) const;
  // The stored meter is ahead of the clock: after(0) is to be stored.
  bool rewound() const { return rewound_; }
  // From then on the meter says nothing any more, if nothing passes.
  std::int64_t idle_at_ms() const;

 private:
  using Parts = std::map<Origin, EscrowPart>;
  struct Passed {
    std::int64_t at_ms = 0;
    std::uint64_t count = 0;
  };

  void refill(const Parts& parts, const Origin& self);
  void take_over(const Parts& parts, const Origin& self);
  std::vector<Passed> take_news(const Parts& parts, const Origin& self);
  void win_back(std::int64_t from_ms, std::int64_t to_ms);
  void lack(std::uint64_t count);
  void count_windows(const Parts& parts, const Origin& self);
  std::vector<LimiterMeter::Slot> live_slots(const LimiterMeter& meter, std::uint64_t ahead_max) const;
  std::int64_t end_of(std::uint64_t slot) const;

  UInt128 passage() const { return static_cast<UInt128>(terms_.per_ms) * terms_.limit; }
  UInt128 a_ms() const { return static_cast<UInt128>(terms_.rate) * share_; }
  std::int64_t ms_for(UInt128 deficit) const;
  std::int64_t slot_ms() const;
  std::uint64_t slot_now() const { return static_cast<std::uint64_t>(now_ms_ / slot_ms()); }

  LimiterTerms terms_;
  std::uint64_t share_;
  std::int64_t now_ms_;
  LimiterMeter meter_;                      // of this site, as of now
  std::vector<LimiterMeter::Slot> passed_;  // windows: all that count, ascending
  bool rewound_ = false;
};

// After how long nothing that passed before still counts, whatever passed.
std::int64_t memory_ms(const LimiterTerms& terms);

}  // namespace pando::engine
