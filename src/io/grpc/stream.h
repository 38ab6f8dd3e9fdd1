// io/grpc/stream.h — one link's bookkeeping, without gRPC: queues, credit, and the order in which it ends.
//
// Internal to the folder. A subclass per direction of dialling supplies the gRPC operations and calls the
// reactions below from gRPC's callbacks, which may run on several threads at once.
//
//   opening   a dialled stream waits for the peer          → open on opened()
//   open      frames both ways                             → closing on close(), a failed write, the peer's end
//   closing   what is queued is written, then finish(); a timer cuts what hangs. After close() what comes is dropped;
//             after a failed write it is handed on, as the peer's last words say why it ended the link
//   done      done() reported down(); gRPC has let go
//
// Two locks: one for the state, which is never held while an event is reported, and one that keeps the
// events of this link one at a time and in order. Operations are started under the state lock: gRPC
// completes them on threads of its own, never inside the call.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>

#include "io/grpc/links.h"

namespace pando::io {

class Stream;

// Who keeps the streams alive and numbers them.
class StreamOwner {
 public:
  virtual LinkEvents& events() = 0;
  virtual LinkId register_open(const std::shared_ptr<Stream>& stream) = 0;
  // It is no longer found by its number.
  virtual void unregister(LinkId id) = 0;
  // The last call about this stream; the owner may be gone once it returns.
  virtual void retire(const std::shared_ptr<Stream>& stream) = 0;

 protected:
  ~StreamOwner() = default;
};

class Stream : public std::enable_shared_from_this<Stream> {
 public:
  Stream(StreamOwner& owner, std::uint64_t dial_id) : owner_(owner), dial_id_(dial_id) {}
  virtual ~Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  void send(Bytes frame);
  void consumed(std::size_t bytes);
  void close(const Status& reason);
  // Ends it now, whatever is in flight. From any thread, at any time.
  void cut_off();

 protected:
  // Reactions of the subclass's callbacks.
  void opened(std::string peer_address, PeerNames names);
  void read_done(bool ok, Bytes frame);
  void write_done(bool ok);
  void cancelled();
  // `reason` is for people; the one given to close() takes its place.
  void done(std::string reason);

  // Operations, called with the state locked.
  virtual void start_read() = 0;
  virtual void start_write(Bytes frame) = 0;
  // Says that nothing more is written; once.
  virtual void finish(const std::string& reason) = 0;
  // Makes every operation in flight fail; before done() only, after which gRPC's side of it is gone.
  virtual void cancel() = 0;
  // No read will be started any more.
  virtual void reads_ended() = 0;
  // Calls cut_off() after a while; once.
  virtual void cut_off_later() = 0;
  // Whether reading goes on, to see the peer's end, after finish().
  virtual bool reads_after_finish() const = 0;

 private:
  void begin_closing(const std::string& reason);
  void pump_reads();
  void pump_writes();

  StreamOwner& owner_;
  const std::uint64_t dial_id_;
  std::mutex events_mutex_;

  std::mutex mutex_;  // everything below
  LinkId id_;
  bool open_ = false;
  bool closing_ = false;
  bool deaf_ = false;  // what comes is dropped
  bool finished_ = false;
  bool done_ = false;
  bool read_ended_ = false;
  bool reading_ = false;
  bool writing_ = false;
  std::size_t writing_bytes_ = 0;
  std::size_t unconsumed_bytes_ = 0;
  std::deque<Bytes> queue_;
  std::string reason_;
};

}  // namespace pando::io
