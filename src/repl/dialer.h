// repl/dialer.h — when to dial a configured link again.
//
//   kWaiting   nothing open; poll() says when to dial       → kDialing when poll() returned true
//   kDialing   the io edge is connecting                    → kUp on on_up(), kWaiting on on_down()
//   kUp        a stream is open                             → kWaiting on on_down()
//
// The wait doubles from delay_min to delay_max, each drawn from [1/2, 1] of it so that a restarted fleet does
// not knock in step. An exchanged Hello resets it: that peer is worth an immediate try. A refusal waits
// delay_max: asking again at once would get the same answer. The io edge bounds how long one dial takes.
#pragma once

#include <cstdint>

#include "base/prng.h"
#include "base/time.h"

namespace pando::repl {

struct DialerOptions {
  Duration delay_min = Duration::millis(100);
  Duration delay_max = Duration::seconds(5);
};

class Dialer {
 public:
  enum class State : std::uint8_t { kWaiting, kDialing, kUp };

  // The first dial is due at once.
  Dialer(Prng prng, const DialerOptions& options = {});

  // True: dial now. Then the caller reports on_up() or on_down().
  bool poll(Instant now);
  void on_up();
  // The peer's Hello was accepted.
  void on_hello();
  // The dial failed or the stream ended; `refused` when the peer (or we) said so by name.
  void on_down(Instant now, bool refused);

  State state() const { return state_; }
  // When poll() will return true; far future while dialling or up.
  Instant next_deadline() const;
  // Failures since the last Hello.
  std::uint64_t failures() const { return failures_; }

 private:
  Duration next_delay();

  Prng prng_;
  DialerOptions options_;
  State state_ = State::kWaiting;
  Instant dial_at_{};
  std::uint64_t failures_ = 0;
};

}  // namespace pando::repl
