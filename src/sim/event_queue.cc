#include "sim/event_queue.h"

#include "base/check.h"

namespace pando::sim {

void EventQueue::at(Instant when, EventKind kind, Action action) {
  if (when < now_) when = now_;
  if (kind == EventKind::kWork) ++work_count_;
  events_.push(Event{when, order_++, kind, std::move(action)});
}

bool EventQueue::run_next() {
  if (events_.empty()) return false;
  // top() is const only to protect the order, which a moved-out action does not touch.
  Event event = std::move(const_cast<Event&>(events_.top()));
  events_.pop();
  CHECK(event.at >= now_);
  now_ = event.at;
  if (event.kind == EventKind::kWork) --work_count_;
  ++ran_count_;
  event.action();
  return true;
}

void EventQueue::run_until(Instant end) {
  while (!events_.empty() && events_.top().at <= end) run_next();
  if (now_ < end) now_ = end;
}

}  // namespace pando::sim
