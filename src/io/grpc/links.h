// io/grpc/links.h — replication links over gRPC: opens, accepts and closes streams, and moves frames.
//
// Carries opaque frames (repl/frame.h); knows nothing of what is in them. One bidirectional stream per link,
// service pando.v1.Replication (proto/pando/v1/replication.proto).
//
// Threads: LinkEvents are called from gRPC's threads, for one link one at a time and in order; they must not
// block. Links' own methods may be called from any thread, also from within an event, except dial() and
// shutdown(): these may let go of gRPC's threads.
//
// What always holds: exactly one down() per up(), and one down() for a dial that failed. Nothing is reported
// for a link after its down(). After close() nothing more is read, but what was on its way to the caller's
// loop may still arrive there.
// Bounded per link: outgoing, by what the caller has sent and not seen drained(); incoming, by
// limits::kLinkInboundBytesMax plus one frame: beyond it the stream is not read until consumed().
//
// TLS: with certificates, both ends present one and verify the other's against the CA; a client without one
// is turned away in the handshake. Without certificates a link is plain text, which is refused off loopback
// unless allow_insecure says that somebody decided so.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/status.h"
#include "base/time.h"

namespace pando::io {

// Numbers for links, unique within the process whoever opens them.
class LinkIds {
 public:
  LinkId next() { return LinkId(last_.fetch_add(1, std::memory_order_relaxed) + 1); }

 private:
  std::atomic<std::uint64_t> last_{0};
};

// Whom a peer's certificate names: its common name and its alternative names. Absent without certificates.
using PeerNames = std::optional<std::vector<std::string>>;

class LinkEvents {
 public:
  virtual ~LinkEvents() = default;
  // A stream is open. `dial_id` is that of the dial() it answers, 0 for one that a peer dialled. Of one that was
  // dialled here the certificate has been checked against the name that was dialled, so `names` is absent.
  virtual void up(LinkId id, std::uint64_t dial_id, std::string peer_address, PeerNames names) = 0;
  virtual void frame(LinkId id, Bytes frame) = 0;
  // A frame of `bytes` has been handed to the network.
  virtual void drained(LinkId id, std::size_t bytes) = 0;
  // `id` is LinkId(0) when the dial failed before up(). `reason` is for people.
  virtual void down(LinkId id, std::uint64_t dial_id, std::string reason) = 0;
};

// PEM files. All three or none.
struct TlsFiles {
  std::string cert_path;
  std::string key_path;
  std::string ca_path;
  // Dialling only: the name the peer's certificate is checked against, when not the one dialled.
  std::string server_name;

  bool empty() const { return cert_path.empty() && key_path.empty() && ca_path.empty(); }
};

struct ListenOptions {
  std::string host = "127.0.0.1";  // an IP address or name; "" and "*" mean every interface
  std::uint16_t port = 0;          // 0: any free one
  TlsFiles tls;
  bool allow_insecure = false;
};

struct DialOptions {
  std::string address;  // host:port
  TlsFiles tls;
  bool allow_insecure = false;
  Duration timeout = Duration::seconds(5);  // until the peer has accepted the stream
};

struct LinksOptions {
  std::size_t memory_bytes_max = 512u << 20;  // gRPC's buffers, all links together
  std::size_t links_max = 4096;               // open or opening, both ways; further peers are turned away
  int streams_max = 1024;                     // per connection of a peer
};

class Links {
 public:
  // `events` and `ids` outlive the object.
  Links(LinkEvents& events, LinkIds& ids, const LinksOptions& options = {});
  // shutdown() with a short deadline.
  ~Links();
  Links(const Links&) = delete;
  Links& operator=(const Links&) = delete;

  // Listens and returns the bound port. Once per object.
  //   kInvalidArgument   TLS files incomplete or unreadable, or plain text off loopback without consent
  //   kUnavailable       cannot bind; the operating system's reason in the message
  Result<std::uint16_t> listen(const ListenOptions& options);

  // Ends in up() or down() with this id, perhaps before it returns.
  void dial(std::uint64_t dial_id, const DialOptions& options);

  // Queues a frame; ignored for a link that is down or closing.
  void send(LinkId id, Bytes frame);
  // The frame of `bytes` given to frame() was taken in: reading may go on.
  void consumed(LinkId id, std::size_t bytes);
  // Sends what is queued, then ends the stream; down() follows, at the latest after about a second.
  void close(LinkId id, const Status& reason);

  // Closes everything and waits until every down() was delivered. Streams that do not end by themselves
  // within `deadline` are cut. Then the object is spent.
  void shutdown(Duration deadline);

  std::size_t open_links() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pando::io
