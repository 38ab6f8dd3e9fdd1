#include "engine/limiter_meter.h"

#include <algorithm>
#include <tuple>

#include "base/check.h"

namespace pando::engine {
namespace {

constexpr std::int64_t kSlots = 16;  // of one span

void add(std::vector<LimiterMeter::Slot>& slots, std::uint64_t index, std::uint64_t count) {
  if (count == 0) return;
  auto at = std::lower_bound(slots.begin(), slots.end(), index,
                             [](const LimiterMeter::Slot& slot, std::uint64_t i) { return slot.index < i; });
  if (at == slots.end() || at->index != index) at = slots.insert(at, {index, 0});
  at->count = count > UINT64_MAX - at->count ? UINT64_MAX : at->count + count;
}

UInt128 product_up_to(UInt128 max, UInt128 a, UInt128 b) { return a != 0 && b > max / a ? max : std::min(a * b, max); }

std::int64_t clamp_ms(UInt128 ms) {
  return ms > static_cast<UInt128>(INT64_MAX) ? INT64_MAX : static_cast<std::int64_t>(ms);
}
std::int64_t clamp_ms(std::uint64_t ms) { return clamp_ms(static_cast<UInt128>(ms)); }

std::int64_t sum_ms(std::int64_t a, std::int64_t b) {
  return clamp_ms(static_cast<UInt128>(a) + static_cast<UInt128>(b));
}

std::uint64_t* known_in(LimiterMeter& meter, const Origin& origin) {
  for (auto& [known, counted] : meter.seen) {
    if (known == origin) return &counted;
  }
  return nullptr;
}

void note_seen(LimiterMeter& meter, const Origin& origin, std::uint64_t counted) {
  const auto at = std::lower_bound(meter.seen.begin(), meter.seen.end(), origin,
                                   [](const auto& entry, const Origin& name) { return entry.first < name; });
  if (at != meter.seen.end() && at->first == origin) {
    at->second = counted;
  } else {
    meter.seen.emplace(at, origin, counted);
  }
}

}  // namespace

std::int64_t memory_ms(const LimiterTerms& terms) {
  if (terms.kind == LimiterTerms::Kind::kWindow) return terms.per_ms + (terms.per_ms + kSlots - 1) / kSlots;
  const UInt128 whole = static_cast<UInt128>(terms.per_ms) * terms.limit;
  return clamp_ms((whole + terms.rate - 1) / terms.rate);
}

LimiterGauge::LimiterGauge(const LimiterTerms& terms, std::uint64_t share, const Parts& parts, const Origin& self,
                           std::int64_t now_ms)
    : terms_(terms), share_(share), now_ms_(std::max<std::int64_t>(now_ms, 0)) {
  if (const auto mine = parts.find(self); mine != parts.end()) meter_ = mine->second.meter;
  if (terms_.kind == LimiterTerms::Kind::kBucket) {
    refill(parts, self);
  } else {
    count_windows(parts, self);
  }
}

// Buckets. ---------------------------------------------------------------------------------------------------

void LimiterGauge::win_back(std::int64_t from_ms, std::int64_t to_ms) {
  if (to_ms <= from_ms) return;
  meter_.deficit -= product_up_to(meter_.deficit, static_cast<UInt128>(to_ms - from_ms), a_ms());
}

void LimiterGauge::lack(std::uint64_t count) {
  const UInt128 empty = passage() * share_;
  meter_.deficit = std::min(empty, meter_.deficit + product_up_to(empty, count, passage()));
}

// Goes on from the latest of the others.
void LimiterGauge::take_over(const Parts& parts, const Origin& self) {
  const EscrowPart* latest = nullptr;
  const Origin* whose = nullptr;
  for (const auto& [origin, part] : parts) {
    if (origin == self || part.meter.at_ms == 0 || clamp_ms(part.meter.at_ms) - now_ms_ > memory_ms(terms_)) continue;
    if (latest != nullptr && part.meter.at_ms <= latest->meter.at_ms) continue;
    latest = &part;
    whose = &origin;
  }
  if (latest == nullptr) return;
  meter_ = latest->meter;
  note_seen(meter_, *whose, meter_.counted);
  std::erase_if(meter_.seen, [&](const auto& entry) { return entry.first == self; });
  meter_.counted = 0;
}

std::vector<LimiterGauge::Passed> LimiterGauge::take_news(const Parts& parts, const Origin& self) {
  std::vector<Passed> news;
  const std::int64_t mine_at = clamp_ms(meter_.at_ms);
  LimiterMeter seen;
  for (const auto& [origin, part] : parts) {
    const std::uint64_t counted = part.meter.counted;
    if (origin == self || counted == 0) continue;
    const std::uint64_t* known = known_in(meter_, origin);
    // One that began to count anew counts from nothing.
    const std::uint64_t before = known == nullptr || *known > counted ? 0 : *known;
    note_seen(seen, origin, counted);
    if (counted == before) continue;
    const std::int64_t at = clamp_ms(part.meter.at_ms);
    const bool wrong_clock = at - now_ms_ > memory_ms(terms_);
    news.push_back({wrong_clock ? mine_at : std::min(at, now_ms_), counted - before});
  }
  meter_.seen = std::move(seen.seen);
  std::stable_sort(news.begin(), news.end(), [](const Passed& a, const Passed& b) { return a.at_ms < b.at_ms; });
  return news;
}

void LimiterGauge::refill(const Parts& parts, const Origin& self) {
  if (!terms_.strict && meter_.at_ms == 0) take_over(parts, self);
  meter_.slots.clear();
  meter_.deficit = std::min(meter_.deficit, passage() * share_);
  std::int64_t at = clamp_ms(meter_.at_ms);
  rewound_ = at > now_ms_;
  at = std::min(at, now_ms_);
  if (!terms_.strict) {
    for (const Passed& one : take_news(parts, self)) {
      win_back(at, one.at_ms);
      at = std::max(at, one.at_ms);
      lack(one.count);
    }
  }
  win_back(at, now_ms_);
  meter_.at_ms = static_cast<std::uint64_t>(now_ms_);
}

std::int64_t LimiterGauge::ms_for(UInt128 deficit) const {
  return deficit == 0 || a_ms() == 0 ? 0 : clamp_ms((deficit - 1) / a_ms() + 1);
}

// Windows. ---------------------------------------------------------------------------------------------------

std::int64_t LimiterGauge::slot_ms() const { return (terms_.per_ms + kSlots - 1) / kSlots; }

// When what passed in a slot counts no more.
std::int64_t LimiterGauge::end_of(std::uint64_t slot) const {
  return clamp_ms((static_cast<UInt128>(slot) + 1) * static_cast<UInt128>(slot_ms()) +
                  static_cast<UInt128>(terms_.per_ms));
}

std::vector<LimiterMeter::Slot> LimiterGauge::live_slots(const LimiterMeter& meter, std::uint64_t ahead_max) const {
  std::vector<LimiterMeter::Slot> slots;
  for (const LimiterMeter::Slot& slot : meter.slots) {
    if (end_of(slot.index) <= now_ms_) continue;
    if (slot.index > slot_now() && slot.index - slot_now() > ahead_max) continue;
    add(slots, std::min(slot.index, slot_now()), slot.count);
  }
  return slots;
}

void LimiterGauge::count_windows(const Parts& parts, const Origin& self) {
  rewound_ = !meter_.slots.empty() && meter_.slots.back().index > slot_now();
  LimiterMeter mine;
  mine.slots = live_slots(meter_, UINT64_MAX);
  meter_ = std::move(mine);
  passed_ = meter_.slots;
  if (terms_.strict) return;
  for (const auto& [origin, part] : parts) {
    if (origin == self) continue;
    for (const LimiterMeter::Slot& slot : live_slots(part.meter, kSlots)) add(passed_, slot.index, slot.count);
  }
}

// Both. ------------------------------------------------------------------------------------------------------

std::uint64_t LimiterGauge::free() const {
  if (terms_.kind == LimiterTerms::Kind::kBucket) {
    return static_cast<std::uint64_t>((passage() * share_ - meter_.deficit) / passage());
  }
  UInt128 passed = 0;
  for (const LimiterMeter::Slot& slot : passed_) passed += slot.count;
  return passed >= share_ ? 0 : share_ - static_cast<std::uint64_t>(passed);
}

std::optional<std::int64_t> LimiterGauge::wait_ms(std::uint64_t amount) const {
  if (amount > share_) return std::nullopt;
  if (amount <= free()) return 0;
  if (terms_.kind == LimiterTerms::Kind::kBucket) return ms_for(meter_.deficit - passage() * (share_ - amount));
  UInt128 passed = 0;
  for (const LimiterMeter::Slot& slot : passed_) passed += slot.count;
  for (const LimiterMeter::Slot& slot : passed_) {
    passed -= slot.count;
    if (passed + amount <= share_) return end_of(slot.index) - now_ms_;
  }
  return std::nullopt;
}

LimiterMeter LimiterGauge::after(std::uint64_t amount) const {
  CHECK(amount <= free());
  LimiterMeter meter = meter_;
  if (terms_.kind == LimiterTerms::Kind::kBucket) {
    meter.deficit += passage() * amount;
    // What only this site asks itself needs no total.
    if (!terms_.strict) meter.counted = amount > UINT64_MAX - meter.counted ? UINT64_MAX : meter.counted + amount;
  } else {
    add(meter.slots, slot_now(), amount);
  }
  return meter;
}

std::int64_t LimiterGauge::idle_at_ms() const {
  if (terms_.kind == LimiterTerms::Kind::kBucket) return sum_ms(now_ms_, ms_for(meter_.deficit));
  return meter_.slots.empty() ? now_ms_ : end_of(meter_.slots.back().index);
}

}  // namespace pando::engine
