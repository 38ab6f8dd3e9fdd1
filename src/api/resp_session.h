// api/resp_session.h — one client of the Redis protocol: commands in, Requests and reply text out.
//
//   on_command(args) → plan     no requests: plan.text is the whole answer
//                               requests: submitted in this order; answered by append_answer() when all are back
//
// Strings and counters are keys of table `kv`, hashes are rows of table `row`: two keyspaces side by side. Every
// writing command is one WriteRequest, so it is atomic and durable before it is answered; MULTI…EXEC is one too.
// docs/redis.md lists every command and where it differs. Pure; one thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "api/resp_writer.h"
#include "model/reply.h"
#include "model/request.h"

namespace pando::api {

// SCAN's numbers: where each scan goes on. Shared by all clients, so a scan may move between connections.
// Remembers the last limits::kRespCursorsMax; an older number is refused.
class RespCursors {
 public:
  struct Place {
    bool rows = false;  // in table `row`; table `kv` comes first
    Bytes after;
  };
  std::uint64_t remember(Place place);
  const Place* find(std::uint64_t cursor) const;

 private:
  std::uint64_t last_ = 0;
  std::map<std::uint64_t, Place> places_;
};

// What commands about the server ask. Outlives the sessions.
class RespHost {
 public:
  struct Facts {
    std::string version;
    std::string node_name;
    bool writable = true;
    std::uint16_t port = 0;
    std::uint64_t uptime_seconds = 0;
    std::uint64_t connections = 0;
    std::uint64_t connections_accepted = 0;
    std::uint64_t commands = 0;
  };
  virtual ~RespHost() = default;
  virtual Facts facts() const = 0;
  virtual RespCursors& cursors() = 0;
  // One CLIENT LIST line per connection.
  virtual void list_clients(Bytes& out) const = 0;
};

enum class RespShape : std::uint8_t {
  kNone,
  // of writes, from DoneReply::results
  kOk,
  kOkOrNull,   // SET … NX
  kInteger,    // the first result
  kPairs,      // DEL: key by key a result in `kv` and one in `row`
  kIncrement,  // kInteger with INCR's own errors
  kExec,
  // of reads
  kValue,
  kValues,
  kLength,
  kExists,
  kType,
  kField,
  kFields,
  kFieldLength,
  kHash,
  kHashKeys,
  kHashValues,
  kHashCount,
  kHashExists,
  kScan,
  kKeys,
};

struct RespPlan {
  struct Queued {
    RespShape shape = RespShape::kNone;
    std::uint32_t mutations = 0;
  };
  std::vector<Request> requests;
  Bytes text;
  bool close = false;  // after this answer
  // For append_answer():
  RespShape shape = RespShape::kNone;
  int version = 2;
  std::uint32_t parts = 0;     // requests that were made
  std::vector<Bytes> names;    // fields asked; keys; SCAN's and KEYS' pattern
  std::vector<Queued> queued;  // of EXEC
  bool rows = false;           // kScan: in table `row`

  void clear();
};

class RespSession {
 public:
  using Args = std::vector<ByteSpan>;

  // `peer` and `local`: "127.0.0.1:5000", for CLIENT.
  RespSession(RespHost& host, std::uint64_t id, std::string peer, std::string local);

  // `args` is not empty. `plan` is cleared first.
  void on_command(const Args& args, RespPlan& plan);
  // `replies` are those of plan.requests, in that order; the requests themselves may be gone.
  void append_answer(const RespPlan& plan, const Reply* replies, Bytes& out);
  // This client's line of CLIENT LIST.
  void describe(Bytes& out) const;

  // Commands, by the table in resp_command.cc.
  void ping(const Args& args);
  void echo(const Args& args);
  void hello(const Args& args);
  void auth(const Args& args);
  void select(const Args& args);
  void quit(const Args& args);
  void reset(const Args& args);
  void client(const Args& args);
  void command(const Args& args);
  void config(const Args& args);
  void info(const Args& args);
  void multi(const Args& args);
  void exec(const Args& args);
  void discard(const Args& args);
  void get(const Args& args);
  void mget(const Args& args);
  void length(const Args& args);
  void exists(const Args& args);
  void type(const Args& args);
  void scan(const Args& args);
  void keys(const Args& args);
  void hash_get(const Args& args);
  void hash_get_many(const Args& args);
  void hash_all(const Args& args);
  void set(const Args& args);
  void set_if_absent(const Args& args);
  void set_many(const Args& args);
  void remove(const Args& args);
  void increment(const Args& args);
  void hash_set(const Args& args);
  void hash_remove(const Args& args);

 private:
  RespWriter writer() { return RespWriter(plan_->text, version_); }
  void fail(std::string_view text);
  void ask(Request request, RespShape shape);
  void write(std::vector<Mutation> mutations, RespShape shape);
  void forget_transaction();
  void append_scan(const RespPlan& plan, const Reply* replies, RespWriter& to);
  void append_keys(const RespPlan& plan, const Reply* replies, RespWriter& to);

  RespHost& host_;
  const std::uint64_t id_;
  const std::string peer_;
  const std::string local_;
  int version_ = 2;
  std::string name_;
  std::string library_name_;
  std::string library_version_;

  bool in_multi_ = false;
  bool multi_failed_ = false;
  std::size_t queued_bytes_ = 0;
  std::vector<Mutation> queued_mutations_;
  std::vector<RespPlan::Queued> queued_;
  RespPlan* plan_ = nullptr;
};

}  // namespace pando::api
