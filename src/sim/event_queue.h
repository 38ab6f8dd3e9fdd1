// sim/event_queue.h — simulated time: what happens next, and nothing else moves the clock.
//
// Events run in order of their instant; those of one instant run in the order they were added, so a run is
// a function of its seed. An event is work (a frame under way, a disk operation, a client thinking) or a
// timer (a node's wake-up, a keepalive): a world with no work left is quiet, however many timers tick.
#pragma once

#include <cstdint>
#include <functional>
#include <queue>
#include <vector>

#include "base/time.h"

namespace pando::sim {

enum class EventKind : std::uint8_t { kWork, kTimer };

class EventQueue {
 public:
  using Action = std::function<void()>;

  Instant now() const { return now_; }
  // `when` in the past means now.
  void at(Instant when, EventKind kind, Action action);
  void after(Duration delay, Action action) { at(now_ + delay, EventKind::kWork, std::move(action)); }

  // Advances the clock to the next event and runs it. False when there is none.
  bool run_next();
  // Runs everything up to `end` and leaves the clock there.
  void run_until(Instant end);

  bool empty() const { return events_.empty(); }
  // Meaningless when empty.
  Instant next_at() const { return events_.top().at; }
  std::size_t work_count() const { return work_count_; }
  std::uint64_t ran_count() const { return ran_count_; }

 private:
  struct Event {
    Instant at;
    std::uint64_t order = 0;
    EventKind kind = EventKind::kWork;
    Action action;
  };
  struct Later {
    bool operator()(const Event& a, const Event& b) const { return a.at != b.at ? a.at > b.at : a.order > b.order; }
  };

  Instant now_{0};
  std::uint64_t order_ = 0;
  std::uint64_t ran_count_ = 0;
  std::size_t work_count_ = 0;
  std::priority_queue<Event, std::vector<Event>, Later> events_;
};

}  // namespace pando::sim
