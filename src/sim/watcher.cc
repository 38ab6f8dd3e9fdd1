#include "sim/watcher.h"

#include <memory>

#include "sim/world.h"

namespace pando::sim {

Watcher::Watcher(World& world, std::string name, std::string ns, WatchFilter filter)
    : world_(world), name_(std::move(name)), ns_(std::move(ns)), filter_(std::move(filter)) {}

void Watcher::attach(Machine& machine) {
  detach();
  ++attachment_;
  machine_ = &machine;
  status_ = {};
  id_ = machine.open_watch(*this, ns_, filter_, cursor_);
}

void Watcher::detach() {
  if (machine_ != nullptr) machine_->close_watch(id_);
  machine_ = nullptr;
  open_ = false;
  ++attachment_;
}

void Watcher::on_opened(const node::WatchOpened& opened) {
  status_ = opened.status;
  open_ = opened.status.ok();
  if (!open_) {
    machine_ = nullptr;
    if (status_.code() == StatusCode::kGone) cursor_.clear();
  } else if (cursor_.empty()) {
    cursor_ = opened.cursor;
  }
  world_.trace().add(world_.now(), "watcher {} {}", name_, open_ ? "open" : status_.to_string());
}

void Watcher::on_batch(std::vector<node::WatchEvent> events) {
  const auto shared = std::make_shared<std::vector<node::WatchEvent>>(std::move(events));
  const std::uint64_t attachment = attachment_;
  world_.queue().after(Duration::micros(50), [this, attachment, shared] {
    if (attachment != attachment_) return;  // the connection ended meanwhile
    std::vector<node::WatchEvent>& batch = *shared;
    for (std::size_t i = 0; i < batch.size(); ++i) {
      // The cursor belongs to the place in the stream, whatever a mutation does to the event.
      const std::string cursor = batch[i].cursor;
      if (i + 1 < batch.size() && world_.mutates(DriverMutation::kEventsSwapped, 10)) std::swap(batch[i], batch[i + 1]);
      int copies = 1;
      if (world_.mutates(DriverMutation::kEventLost, 20)) copies = 0;
      if (world_.mutates(DriverMutation::kEventTwice, 20)) copies = 2;
      cursor_ = cursor;
      for (; copies > 0; --copies) {
        received_.push_back(batch[i]);
        for (Observer* observer : world_.observers()) observer->on_watch_event(*this, batch[i]);
      }
    }
    world_.queue().after(pace_, [this, attachment] {
      if (attachment == attachment_ && machine_ != nullptr) machine_->watch_ready(id_);
    });
  });
}

void Watcher::on_ended(const Status& status) {
  status_ = status;
  if (status.code() == StatusCode::kGone) cursor_.clear();  // reads and watches anew
  machine_ = nullptr;
  open_ = false;
}

void Watcher::on_machine_down() {
  machine_ = nullptr;
  open_ = false;
  ++attachment_;
}

}  // namespace pando::sim
