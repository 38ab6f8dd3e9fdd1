// api/resp_session.h — one client of the Redis protocol: commands in, Requests and reply text out.
//
//   on_command(args) → plan     no requests: plan.text is the whole answer
//                               requests: submitted in this order; answered by append_answer() when all are back
//
// Everything is a key of table `kv`: the same keys and types as over HTTP. What a command becomes is said by its row
// in the table of commands (api/resp_command.h); here is what a connection remembers: its protocol version and name,
// the transaction it queues, the keys it watches, the channels it hears. docs/redis.md lists every command and where
// it differs. Pure; one thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "api/resp_call.h"
#include "api/resp_channels.h"
#include "api/resp_writer.h"
#include "api/spare_mutations.h"
#include "base/prng.h"

namespace pando::api {

// SCAN's numbers: where each scan goes on. Shared by all clients, so a scan may move between connections.
// Remembers the last limits::kRespCursorsMax; an older number is refused.
class RespCursors {
 public:
  struct Place {
    Bytes of;  // the key that is walked; empty: the keys
    Bytes after;
  };
  std::uint64_t remember(Place place);
  const Place* find(std::uint64_t cursor) const;

 private:
  std::uint64_t last_ = 0;
  std::map<std::uint64_t, Place> places_;
};

// What SELECT chooses from. Each is a world of its own: keys, channels and notifications.
struct RespDatabase {
  std::string ns;
  bool writable = true;
  bool pipelines = true;  // what one client sent without waiting in between is asked in one request (PipelineRequest)
};

// What commands about the server ask. Outlives the sessions.
class RespHost {
 public:
  struct Facts {
    std::string version;
    std::string node_name;
    std::uint16_t port = 0;
    std::uint64_t uptime_seconds = 0;
    std::uint64_t connections = 0;
    std::uint64_t connections_accepted = 0;
    std::uint64_t commands = 0;
    std::uint64_t connections_refused = 0;
    std::uint64_t blocked = 0;  // clients that wait for a key
    std::uint64_t commands_per_second = 0;
    std::uint64_t bytes_in = 0;
    std::uint64_t bytes_out = 0;
    std::uint64_t resident_bytes = 0;  // of the process
  };
  virtual ~RespHost() = default;
  virtual Facts facts() const = 0;
  // Of the wall clock.
  virtual std::int64_t now_us() const = 0;
  // The namespaces, by SELECT's numbers. Not empty, and the same for good.
  virtual const std::vector<RespDatabase>& databases() const = 0;
  virtual RespCursors& cursors() = 0;
  // Of one database.
  virtual RespChannels& channels(std::size_t db) = 0;
  // What commands may fill in.
  virtual SpareMutations& spare() = 0;
  // Somebody has subscribed: channels(db) are to be told what happens from now on.
  virtual void listens(std::size_t db) = 0;
  // No other call, here or at another node, ever answers the same. At most 100 bytes without a zero.
  virtual Bytes unique_name() = 0;
  // One CLIENT LIST line per connection.
  virtual void list_clients(Bytes& out) const = 0;
};

struct RespPlan {
  std::vector<Request> requests;
  Bytes text;
  bool close = false;  // after this answer
  bool waits = false;  // no further command of this client before this is answered
  bool failed = false;
  std::int64_t sleep_ms = 0;  // before it is answered, with no requests
  // At least 0: while all requests find nothing it is not answered but asked again (`again`) when one of the keys
  // pending.names changes, for so long; 0: for good.
  std::int64_t block_ms = -1;
  std::vector<Request> again;
  // For append_answer():
  int version = 2;
  std::uint32_t parts = 0;  // requests that were made
  RespPending pending;
  bool is_exec = false;
  std::vector<RespPending> queued;  // of EXEC
  bool is_watch = false;

  void clear();
  // Its requests may be items of a PipelineRequest, as those of the commands around it.
  bool pipelines() const;
  // What it waits for is taken away: one after the other.
  bool takes() const { return !again.empty() && std::holds_alternative<WriteRequest>(again.front()); }
  // With one request its answer hangs on nothing but its form and version: so for most commands.
  bool plain() const;
  // After the first replies: what to ask again. False: there is something to answer.
  bool goes_on_waiting(const ItemReply* replies);
};

// A write whose answer waits for nothing but the log: it may be asked together with those of other clients. Not one
// that may first have to wait until the order of a large key is known (engine/order_needs.h).
bool waits_for_log_only(const Request& request);

class RespSession {
 public:
  using Args = RespCall::Args;

  // `peer` and `local`: "127.0.0.1:5000", for CLIENT. `subscriber` hears what is published; it outlives this.
  RespSession(RespHost& host, RespSubscriber& subscriber, std::uint64_t id, std::string peer, std::string local);
  RespSession(const RespSession&) = delete;
  RespSession& operator=(const RespSession&) = delete;

  // `args` is not empty. `plan` is cleared first.
  void on_command(const Args& args, RespPlan& plan);
  // `replies` are those of plan.requests, in that order; the requests themselves may be gone.
  void append_answer(const RespPlan& plan, const ItemReply* replies, Bytes& out);
  // This client's line of CLIENT LIST.
  void describe(Bytes& out) const;

  // For commands.
  RespHost& host() { return host_; }
  std::size_t db() const { return db_; }
  RespChannels& channels() { return host_.channels(db_); }
  const RespDatabase& database() const { return host_.databases()[db_]; }
  std::uint64_t id() const { return id_; }
  int version() const { return version_; }
  std::uint64_t chance() { return random_.next(); }
  void set_version(int version) { version_ = version; }
  const std::string& name() const { return name_; }
  void set_name(ByteSpan name) { name_ = name; }
  void set_library(bool name, ByteSpan text) { (name ? library_name_ : library_version_) = text; }
  RespSubscriber& subscriber() { return subscriber_; }
  void reset();
  // The client has gone: nothing is published to it any more. The host may be gone after this.
  void leave() { channels().remove_all(subscriber_); }
  // Not while it has anything to do with the keys or channels of another one: then it says so. `db` is there.
  void select(RespCall& call, std::size_t db);

  void begin_multi(RespCall& call);
  void exec(RespCall& call);
  void discard(RespCall& call);
  void watch(RespCall& call);
  // Inside MULTI it changes nothing, as EXEC is what looks at the watched keys.
  void unwatch() {
    if (!in_multi_) watched_.clear();
  }

 private:
  // Nullptr when there is none of that name.
  const RespCommand* command_of(ByteSpan name);
  void queue(RespPlan& plan, const Args& args);
  void forget_transaction();

  RespHost& host_;
  RespSubscriber& subscriber_;
  const std::uint64_t id_;
  const std::string peer_;
  const std::string local_;
  Prng random_;
  int version_ = 2;
  std::size_t db_ = 0;
  const RespCommand* last_command_ = nullptr;
  std::string name_;
  std::string library_name_;
  std::string library_version_;

  bool in_multi_ = false;
  bool multi_failed_ = false;
  std::size_t queued_bytes_ = 0;
  std::vector<TxItem> queued_items_;
  std::vector<RespPending> queued_;
  std::vector<TxRequest::Seen> watched_;
};

}  // namespace pando::api
