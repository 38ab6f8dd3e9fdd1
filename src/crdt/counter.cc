#include "crdt/counter.h"

#include <fmt/core.h>

#include <algorithm>
#include <limits>
#include <tuple>

#include "base/limits.h"

namespace pando::crdt {
namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();

// What a counter of this kind may show.
struct Range {
  Int128 min;
  Int128 max;
};
Range range_of(CellKind kind) {
  return kind == CellKind::kCounter ? Range{kMin, kMax} : Range{-kDecimalMax, kDecimalMax};
}
std::string number_text(CellKind kind, Int128 value) {
  return kind == CellKind::kCounter ? to_text(value) : decimal_text(value);
}

std::int64_t clamped(Int128 value) {
  if (value > kMax) return kMax;
  if (value < kMin) return kMin;
  return static_cast<std::int64_t>(value);
}

// The first slot not below (origin, birth).
template <typename Slots>
auto place_of(Slots& slots, const Origin& origin, Seq birth) {
  // Most counters have one slot, and it is the one that is asked for.
  if (slots.size() == 1 && slots.front().birth == birth && slots.front().origin == origin) return slots.begin();
  return std::lower_bound(slots.begin(), slots.end(), std::tie(origin, birth),
                          [](const Counter::Slot& slot, const std::tuple<const Origin&, const Seq&>& key) {
                            return std::tie(slot.origin, slot.birth) < key;
                          });
}

Counter::Slot larger_of(const Counter::Slot& a, const Counter::Slot& b) {
  return {a.origin,
          a.birth,
          std::max(a.added, b.added),
          std::max(a.removed, b.removed),
          std::max(a.added_base, b.added_base),
          std::max(a.removed_base, b.removed_base)};
}

}  // namespace

bool Counter::absent() const {
  return std::all_of(slots_.begin(), slots_.end(), [](const Slot& slot) { return slot.at_baseline(); });
}

const Counter::Slot* Counter::slot_of(const Origin& origin) const {
  if (slots_.size() == 1 && slots_.front().origin == origin) return &slots_.front();
  const auto after = std::upper_bound(slots_.begin(), slots_.end(), origin,
                                      [](const Origin& o, const Slot& slot) { return o < slot.origin; });
  if (after == slots_.begin() || (after - 1)->origin != origin) return nullptr;
  return &*(after - 1);
}

Int128 Counter::exact() const {
  Int128 sum = 0;
  for (const Slot& slot : slots_) sum += slot.value();
  return sum;
}

std::int64_t Counter::value() const { return value_with(0); }
std::int64_t Counter::value_with(Int128 delta) const { return clamped(exact() + delta); }

Int128 Counter::exact_of(const Origin& origin) const {
  Int128 sum = 0;
  for (auto at = place_of(slots_, origin, Seq(0)); at != slots_.end() && at->origin == origin; ++at) sum += at->value();
  return sum;
}

std::int64_t Counter::value_of(const Origin& origin) const { return clamped(exact_of(origin)); }

bool Counter::forget(const VersionVector& observed) {
  return std::erase_if(slots_, [&](const Slot& slot) { return observed.covers(slot.born()); }) > 0;
}

void Counter::count(const Origin& origin, Seq birth, UInt128 added, UInt128 removed) {
  if (count_in_slot(origin, birth, added, removed)) return;
  slots_.insert(place_of(slots_, origin, birth), Slot{origin, birth, added, removed, 0, 0});
}

bool Counter::count_in_slot(const Origin& origin, Seq birth, UInt128 added, UInt128 removed) {
  const auto at = place_of(slots_, origin, birth);
  if (at == slots_.end() || at->birth != birth || at->origin != origin) return false;
  at->added = std::max(at->added, added);
  at->removed = std::max(at->removed, removed);
  return true;
}

void Counter::reset(const std::vector<CountResetOp::Slot>& observed) {
  for (const CountResetOp::Slot& seen : observed) {
    const auto at = place_of(slots_, seen.origin, seen.birth);
    if (at == slots_.end() || at->origin != seen.origin || at->birth != seen.birth) continue;
    at->added_base = std::max(at->added_base, seen.added);
    at->removed_base = std::max(at->removed_base, seen.removed);
  }
}

std::size_t Counter::heap_bytes() const {
  std::size_t bytes = slots_.capacity() * sizeof(Slot);
  for (const Slot& slot : slots_) {
    if (slot.origin.node.capacity() > 15) bytes += slot.origin.node.capacity();
  }
  return bytes;
}

Counter join(const Counter& a, const Context& seen_a, const Counter& b, const Context& seen_b) {
  Counter joined;
  auto at_a = a.slots_.begin();
  auto at_b = b.slots_.begin();
  while (at_a != a.slots_.end() || at_b != b.slots_.end()) {
    const bool only_a = at_b == b.slots_.end() || (at_a != a.slots_.end() && at_a->born() < at_b->born());
    const bool only_b = at_a == a.slots_.end() || (at_b != b.slots_.end() && at_b->born() < at_a->born());
    if (only_a) {
      if (!seen_b.covers(at_a->born())) joined.slots_.push_back(*at_a);
      ++at_a;
    } else if (only_b) {
      if (!seen_a.covers(at_b->born())) joined.slots_.push_back(*at_b);
      ++at_b;
    } else {
      joined.slots_.push_back(larger_of(*at_a++, *at_b++));
    }
  }
  return joined;
}

Result<CountOp> add_op(const Counter& current, CellPath path, const Dot& dot, Int128 delta) {
  CountOp op{std::move(path), {}, 0, 0};
  if (Status status = set_totals(current, dot, delta, op); !status.ok()) return fail(std::move(status));
  return op;
}

Status set_totals(const Counter& current, const Dot& dot, Int128 delta, CountOp& op) {
  const CellKind kind = op.path.kind;
  const Range range = range_of(kind);
  const Int128 sum = current.exact() + delta;
  // A counter beyond the range may always be moved towards it.
  if ((delta > 0 && sum > range.max) || (delta < 0 && sum < range.min)) {
    return Status(StatusCode::kOutOfRange,
                  fmt::format("counter at {} plus {} leaves the range of {} to {}", number_text(kind, current.exact()),
                              number_text(kind, delta), number_text(kind, range.min), number_text(kind, range.max)));
  }
  op.birth = dot.seq;
  op.added = op.removed = 0;
  if (const Counter::Slot* slot = current.slot_of(dot.origin); slot != nullptr) {
    op.birth = slot->birth;
    op.added = slot->added;
    op.removed = slot->removed;
  }
  UInt128& total = delta < 0 ? op.removed : op.added;
  const UInt128 step = delta < 0 ? UInt128{0} - static_cast<UInt128>(delta) : static_cast<UInt128>(delta);
  if (step > slot_total_max(kind) - total) {
    return Status(
        StatusCode::kOutOfRange,
        fmt::format("the {} of {} on this counter add up to {}, {} more leave their range",
                    delta < 0 ? "decrements" : "increments", to_string(dot.origin),
                    number_text(kind, static_cast<Int128>(total)), number_text(kind, static_cast<Int128>(step))));
  }
  total += step;
  return {};
}

CountResetOp reset_op(const Counter& current, CellPath path) {
  CountResetOp op{std::move(path), {}};
  op.observed.reserve(current.slots().size());
  for (const Counter::Slot& slot : current.slots()) {
    op.observed.push_back({slot.origin, slot.birth, slot.added, slot.removed});
  }
  return op;
}

void encode(const Counter& counter, Writer& out) {
  out.varint(counter.slots().size());
  for (const Counter::Slot& slot : counter.slots()) {
    encode(slot.born(), out);
    out.varint128(slot.added);
    out.varint128(slot.removed);
    out.varint128(slot.added_base);
    out.varint128(slot.removed_base);
  }
}

Counter decode_counter(Reader& in) {
  Counter counter;
  const std::uint64_t count = in.varint_max("counter.count", limits::kOriginsMax);
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    const Dot born = decode_dot(in);
    Counter::Slot slot{born.origin, born.seq, 0, 0, 0, 0};
    slot.added = in.varint128("counter.added");
    slot.removed = in.varint128("counter.removed");
    slot.added_base = in.varint128("counter.added_base");
    slot.removed_base = in.varint128("counter.removed_base");
    if (in.ok() && i > 0 && slot.born() <= counter.slots_.back().born()) {
      in.refuse("counter.slot", "is not in ascending order");
    }
    counter.slots_.push_back(std::move(slot));
  }
  return counter;
}

}  // namespace pando::crdt
