#include "io/grpc/stream.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"

namespace pando::io {

void Stream::send(Bytes frame) {
  const std::lock_guard lock(mutex_);
  if (!open_ || closing_) return;
  queue_.push_back(std::move(frame));
  pump_writes();
}

void Stream::consumed(std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  unconsumed_bytes_ -= std::min(bytes, unconsumed_bytes_);
  pump_reads();
}

void Stream::close(const Status& reason) {
  const std::lock_guard lock(mutex_);
  if (done_) return;
  deaf_ = true;
  begin_closing(reason.ok() ? "closed" : reason.to_string());
  if (!open_) return cancel();
  pump_reads();
  pump_writes();
}

void Stream::cut_off() {
  const std::lock_guard lock(mutex_);
  if (!done_) cancel();
}

void Stream::opened(std::string peer_address, PeerNames names) {
  {
    const std::lock_guard events_lock(events_mutex_);
    const LinkId id = owner_.register_open(shared_from_this());
    {
      const std::lock_guard lock(mutex_);
      id_ = id;
      open_ = true;
    }
    owner_.events().up(id, dial_id_, std::move(peer_address), std::move(names));
  }
  const std::lock_guard lock(mutex_);
  pump_reads();
}

void Stream::read_done(bool ok, Bytes frame) {
  bool deliver = false;
  {
    const std::lock_guard lock(mutex_);
    if (ok && !deaf_) {
      deliver = true;
      unconsumed_bytes_ += frame.size();
    }
    if (!ok) {
      read_ended_ = true;
      queue_.clear();
      begin_closing("");
      pump_writes();
      reads_ended();
    }
  }
  if (deliver) {
    const std::lock_guard events_lock(events_mutex_);
    owner_.events().frame(id_, std::move(frame));
  }
  const std::lock_guard lock(mutex_);
  reading_ = false;
  pump_reads();
}

void Stream::write_done(bool ok) {
  std::size_t bytes = 0;
  {
    const std::lock_guard lock(mutex_);
    writing_ = false;
    bytes = writing_bytes_;
    if (!ok) {
      queue_.clear();
      begin_closing("");
      pump_reads();
    }
    pump_writes();
  }
  if (!ok) return;
  const std::lock_guard events_lock(events_mutex_);
  owner_.events().drained(id_, bytes);
}

void Stream::cancelled() {
  const std::lock_guard lock(mutex_);
  deaf_ = true;
  queue_.clear();
  begin_closing("");
  pump_writes();
}

void Stream::done(std::string reason) {
  const std::shared_ptr<Stream> self = shared_from_this();
  {
    const std::lock_guard lock(mutex_);
    done_ = true;
    if (!reason_.empty()) reason = reason_;
  }
  if (reason.empty()) reason = "the peer ended the stream, or the connection was lost";
  owner_.unregister(id_);
  {
    const std::lock_guard events_lock(events_mutex_);
    owner_.events().down(id_, dial_id_, std::move(reason));
  }
  owner_.retire(self);
}

void Stream::begin_closing(const std::string& reason) {
  if (closing_) return;
  closing_ = true;
  reason_ = reason;
  cut_off_later();
}

void Stream::pump_reads() {
  if (!open_ || reading_ || read_ended_) return;
  if (finished_ && !reads_after_finish()) return;
  if (!deaf_ && unconsumed_bytes_ >= limits::kLinkInboundBytesMax) return;
  reading_ = true;
  start_read();
}

void Stream::pump_writes() {
  if (!open_ || writing_ || finished_) return;
  if (!queue_.empty()) {
    writing_ = true;
    writing_bytes_ = queue_.front().size();
    Bytes frame = std::move(queue_.front());
    queue_.pop_front();
    start_write(std::move(frame));
  } else if (closing_) {
    finished_ = true;
    finish(reason_);
  }
}

}  // namespace pando::io
