// sim/workload.h — random clients: each sends one request, waits for the answer, thinks, and goes on.
//
// Keys tell what is done to them, so that checkers know what to expect:
//   c:<i>  counters that are only added to          r:<i>  counters that are also reset and deleted
//   k:<i>  registers, put and deleted               pair:<i>:{a,b,c}  written and deleted together
//   whole:<i>  rows written whole                   row:<i>  rows changed column by column, and deleted
//   lob:<i>  large objects
//   set:<i>  sets                                   flag:<i>  flags
//   lww:<i>, counter:<i>  typed payloads of a merge group
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sim/world.h"

namespace pando::sim {

enum class Activity : std::uint8_t {
  kAdd,
  kPut,
  kDelete,
  kReset,
  kPair,
  kWholeRow,
  kRow,
  kBatch,
  kTransaction,
  kLob,
  kRetried,
  kSet,
  kFlag,
  kEnding,  // keys whose time runs out
  kTyped,
  kRead,
  kCount_
};

struct WorkloadOptions {
  std::vector<std::string> namespaces;
  bool typed = false;                  // the namespaces form a merge group
  std::vector<std::uint64_t> weights;  // by Activity
  std::uint64_t clients = 6;
  std::uint64_t keys = 6;  // of each kind
  Duration think_max = Duration::millis(20);
  // One pause in so many is as long as this; none when 0.
  std::uint64_t long_pause_one_in = 0;
  Duration long_pause_max = Duration::seconds(1);
  std::uint64_t requests_max = 400;      // in all
  bool durabilities = false;             // writes ask for more or less than fsync, too
  bool whole_transactions = false;       // some come as one list, and some read within
  bool pipelines = false;                // some writes are sent several at once
  std::uint64_t pipeline_items_max = 8;  // behind the first
};

class Workload {
 public:
  Workload(World& world, const WorkloadOptions& options);
  ~Workload();

  void start();
  // Clients finish what they have under way and stop.
  void stop() { stopping_ = true; }
  bool idle() const;
  // What was handed in; of a pipeline, transaction or batch as one.
  std::uint64_t requests() const { return requests_; }
  // The same, item by item.
  std::uint64_t operations() const { return operations_; }
  std::uint64_t acknowledged() const { return acknowledged_; }

 private:
  struct Client;
  // A request that depends on the answer before it (a transaction's id).
  using Step = std::function<Request(const Reply& previous)>;

  void think(Client& client);
  void act(Client& client);
  void next_step(Client& client);
  void count(const Request& request);
  void answered(Client& client, const Answer& answer);
  void retry(Client& client, const Request& request, const Terms& terms, int tries_left);
  void check_relayer(const Client& client, const Answer& answer);

  Machine* pick_machine();
  Activity pick_activity();
  Bytes key(std::string_view kind);
  Bytes fresh_value();
  Mutation random_put();
  Mutation random_mutation();
  void plan_read(Client& client);
  void plan_transaction(Client& client);
  void plan_lob(Client& client);
  // Reads the keys of a pair within a transaction: all are of one moment, however long it takes.
  void plan_reads_of_one_moment(Client& client);
  WriteRequest plan_write(Activity activity);
  // That write and some more, each for itself, and reads between them.
  PipelineRequest plan_pipeline(WriteRequest first);
  Terms plan_terms(const Request& request);
  Mutation ending_mutation();
  Mutation ending_field(const TimeToLive& soon);
  Mutation typed_mutation();

  World& world_;
  WorkloadOptions options_;
  Prng rng_;
  std::vector<std::unique_ptr<Client>> clients_;
  bool stopping_ = false;
  std::uint64_t requests_ = 0;
  std::uint64_t operations_ = 0;
  std::uint64_t acknowledged_ = 0;
  std::uint64_t values_ = 0;
  std::vector<std::uint64_t> typed_counts_;
};

}  // namespace pando::sim
