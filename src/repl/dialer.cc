#include "repl/dialer.h"

#include <algorithm>
#include <limits>

#include "base/check.h"

namespace pando::repl {

Dialer::Dialer(Prng prng, const DialerOptions& options) : prng_(prng), options_(options) {
  CHECK(options_.delay_min.us > 0 && options_.delay_min <= options_.delay_max);
  dial_at_ = Instant{std::numeric_limits<std::int64_t>::min()};
}

bool Dialer::poll(Instant now) {
  if (state_ != State::kWaiting || now < dial_at_) return false;
  state_ = State::kDialing;
  return true;
}

void Dialer::on_up() {
  CHECK(state_ == State::kDialing);
  state_ = State::kUp;
}

void Dialer::on_hello() {
  CHECK(state_ == State::kUp);
  failures_ = 0;
}

void Dialer::on_down(Instant now, bool refused) {
  CHECK(state_ != State::kWaiting);
  state_ = State::kWaiting;
  dial_at_ = now + (refused ? options_.delay_max : next_delay());
  ++failures_;
}

Instant Dialer::next_deadline() const {
  return state_ == State::kWaiting ? dial_at_ : Instant{std::numeric_limits<std::int64_t>::max()};
}

Duration Dialer::next_delay() {
  std::int64_t full = options_.delay_min.us;
  for (std::uint64_t i = 0; i < failures_ && full < options_.delay_max.us; ++i) full *= 2;
  full = std::min(full, options_.delay_max.us);
  const std::int64_t half = full / 2;
  return Duration{half + static_cast<std::int64_t>(prng_.below(static_cast<std::uint64_t>(full - half + 1)))};
}

}  // namespace pando::repl
