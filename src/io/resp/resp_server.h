// io/resp/resp_server.h — the Redis protocol over TCP: bytes in, Requests out, Replies to bytes.
//
// Lives on one io_context and its one thread; everything here is called on that thread, including the sink. What
// a command means is api/resp_session.h's business. What this guards is the wire: order of pipelined answers,
// bounds of what is read, waiting and unsent, clients that do not read, bytes that are no RESP.
//
//   ask(id, ns, request, clients)  decided at once, in order; exactly one on_reply(id, …) follows, never from within
//                                  ask()
//   asked()                        a round of asks is over: replies that are ready may come now
//   gathers(), ask_gathered()      small writes of several connections are asked together when the turn ends
//   begin_round(), end_round()     around what one look at the sockets brought
//   flush()                        a round of replies is over: one write per connection
//
// A connection asks everything it has read before it waits for the first answer, in its order, up to
// limits::kRespPipelineMax commands; it reads no more while kRespOutBytesMax bytes are unsent.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "api/resp_session.h"
#include "base/ids.h"
#include "base/limits.h"
#include "base/status.h"
#include "base/time.h"
#include "io/loop/linger.h"
#include "io/loop/listener.h"
#include "model/reply.h"
#include "model/request.h"
#include "node/io.h"

namespace pando::io::resp {

struct RespOptions {
  std::vector<api::RespDatabase> databases;                   // not empty; connections begin with the first
  std::string version;                                        // of the server, for INFO
  std::string node_name;                                      // for INFO
  std::function<std::uint64_t()> resident_bytes;              // of the process, for INFO; may be null
  std::size_t connections_max = limits::kRespConnectionsMax;  // one more is told so and closed
  std::size_t out_bytes_max = limits::kRespOutBytesMax;
  Duration stall_max = Duration::seconds(30);  // without progress in writing: the client is cut off
  // Whether the loop looks at the sockets again before it sleeps.
  loop::Linger::When lingers = loop::Linger::for_processors(std::thread::hardware_concurrency());
  // The top byte of every RequestId made here, so that several doors share one node.
  std::uint8_t id_tag = 2;
};

// What the server behind this door must provide. Outlives RespServer.
class RespSink {
 public:
  virtual ~RespSink() = default;
  // So many clients asked it, each a part of it. What is left of the request is the caller's, who uses its memory
  // again.
  virtual void ask(RequestId id, std::string_view ns, Request&& request, std::size_t clients) = 0;
  // There is something that RespServer::ask_gathered() is to ask when the turn ends.
  virtual void gathers() = 0;
  virtual void asked() = 0;
  // The turn may end with end_round(), before the loop asks the system anything else.
  virtual void begin_round() = 0;
  virtual void end_round() = 0;
  // A watch: RespServer::on_watch_send() follows, each to be answered by heard(), and may end by on_watch_ended(). Sees
  // all that is asked after it. Nothing comes from within these.
  virtual void listen(node::WatchOpen open) = 0;
  virtual void heard(WatchId id) = 0;
  virtual void stop_listening(WatchId id) = 0;
};

// Totals since start, for metrics.
struct RespStats : loop::ListenerStats {
  std::uint64_t commands = 0;
  std::uint64_t malformed = 0;  // closed: not RESP, or over a limit
  std::uint64_t cut_off = 0;    // closed: did not read its replies
  std::uint64_t blocked = 0;    // now: clients that wait for a key
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
};

class RespServer {
 public:
  RespServer(boost::asio::io_context& io, RespOptions options, RespSink& sink);
  // Closes everything at once.
  ~RespServer();
  RespServer(const RespServer&) = delete;
  RespServer& operator=(const RespServer&) = delete;

  // Binds and starts accepting. `ip` is a literal address; port 0 picks one.
  Status listen(const std::string& ip, std::uint16_t port);
  std::uint16_t port() const;

  // Whether `id` was made by a server with this tag.
  static bool owns(RequestId id, std::uint8_t tag = 2) { return id.value >> 56 == tag; }
  void ask_gathered();
  // How many clients wait for the reply of that id, which is this server's.
  std::size_t clients_of(RequestId id) const;
  void on_reply(RequestId id, Reply&& reply);
  void on_watch_send(node::WatchSend&& send);
  void on_watch_ended(WatchId id);
  void flush();

  // Accepts nothing new, answers what was asked, closes; after `graceful_max` closes the rest. `done` runs once,
  // on the loop.
  void stop(Duration graceful_max, std::function<void()> done);

  const RespStats& stats() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace pando::io::resp
