#include "sim/workload.h"

#include <fmt/core.h>

#include <algorithm>
#include <numeric>

#include "base/check.h"
#include "sim/checkers/atomic.h"

namespace pando::sim {

struct Workload::Client {
  std::uint64_t id = 0;
  Machine* machine = nullptr;
  std::string ns;
  std::deque<Step> steps;
  Reply previous;
  Terms terms;  // of the step at hand, where it says some
  bool busy = false;
};

namespace {

constexpr std::string_view kPairMembers[] = {"a", "b", "c"};
constexpr std::string_view kMembers[] = {"ada", "ben", "cleo", "dora"};
constexpr std::string_view kColumns[] = {"name", "city", "plan", "note"};

Mutation make(Mutation::Kind kind, std::string_view table, Bytes key, Bytes value = {}) {
  Mutation mutation;
  mutation.kind = kind;
  mutation.table = std::string(table);
  mutation.key = std::move(key);
  mutation.value = std::move(value);
  return mutation;
}

bool is_write(const Request& request) {
  return std::holds_alternative<WriteRequest>(request) || std::holds_alternative<TxCommitRequest>(request) ||
         std::holds_alternative<TxRequest>(request) || std::holds_alternative<PipelineRequest>(request);
}

bool took_a_write(const Reply& reply) {
  if (!reply.status.ok()) return false;
  const auto* pipeline = std::get_if<PipelineReply>(&reply.body);
  return pipeline == nullptr ||
         std::any_of(pipeline->items.begin(), pipeline->items.end(), [](const ItemReply& item) { return item.seq; });
}

}  // namespace

Workload::Workload(World& world, const WorkloadOptions& options)
    : world_(world), options_(options), rng_(world.fork_rng()) {
  CHECK(options_.weights.size() == static_cast<std::size_t>(Activity::kCount_));
  typed_counts_.resize(options_.keys);
}

Workload::~Workload() = default;

void Workload::start() {
  for (std::uint64_t i = 0; i < options_.clients; ++i) {
    clients_.push_back(std::make_unique<Client>());
    clients_.back()->id = i;
    clients_.back()->machine = pick_machine();
    think(*clients_.back());
  }
}

bool Workload::idle() const {
  for (const auto& client : clients_) {
    if (client->busy) return false;
  }
  return true;
}

// Sites that do not hold all tables have clients of their own (sim/edge_work.h).
Machine* Workload::pick_machine() {
  const auto& machines = world_.machines();
  std::size_t count = 0;
  const auto whole = [](const Machine& machine) {
    const auto& held = machine.config().namespaces;
    return held.empty() || held.front().tables.whole();  // one that has left for good answers nobody
  };
  while (count < machines.size() && whole(*machines[count])) ++count;
  return machines[rng_.below(count)].get();
}

Activity Workload::pick_activity() {
  const std::uint64_t sum = std::accumulate(options_.weights.begin(), options_.weights.end(), std::uint64_t{0});
  std::uint64_t at = rng_.below(sum);
  std::size_t i = 0;
  for (; at >= options_.weights[i]; ++i) at -= options_.weights[i];
  return static_cast<Activity>(i);
}

Bytes Workload::key(std::string_view kind) { return fmt::format("{}:{}", kind, rng_.below(options_.keys)); }

Bytes Workload::fresh_value() {
  Bytes value = fmt::format("v{}", ++values_);
  if (rng_.chance(1, 20)) value.append(rng_.below(4000), 'x');
  return value;
}

void Workload::think(Client& client) {
  client.busy = false;
  if (stopping_ || requests_ >= options_.requests_max) return;
  const bool is_long = options_.long_pause_one_in != 0 && rng_.chance(1, options_.long_pause_one_in);
  const Duration most = is_long ? options_.long_pause_max : options_.think_max;
  const Duration pause{static_cast<std::int64_t>(rng_.below(static_cast<std::uint64_t>(most.us) + 1))};
  world_.queue().after(pause, [this, &client] {
    if (!stopping_) act(client);
  });
}

// One activity: a plan of requests, then the first of them.
void Workload::act(Client& client) {
  if (rng_.chance(1, 10) || !client.machine->up()) client.machine = pick_machine();
  // Now and then at a machine that is down, to see that the answer is none.
  if (!client.machine->up() && !rng_.chance(1, 10)) return think(client);
  client.ns = options_.namespaces[rng_.below(options_.namespaces.size())];
  client.busy = true;
  client.steps.clear();
  client.previous = {};
  const Activity activity = pick_activity();
  if (!client.machine->holds(client.ns)) return think(client);
  switch (activity) {
    case Activity::kRead: plan_read(client); break;
    case Activity::kTransaction: plan_transaction(client); break;
    case Activity::kLob: plan_lob(client); break;
    case Activity::kRetried: {
      const WriteRequest write = plan_write(Activity::kAdd);
      Terms terms;
      terms.idempotency_key = fmt::format("once-{}", ++values_);
      terms.fingerprint = values_;
      count(write);
      constexpr int kTriesMax = 6;
      return retry(client, write, terms, kTriesMax);
    }
    default: {
      const WriteRequest write = plan_write(activity);
      if (activity == Activity::kPair && options_.whole_transactions && rng_.chance(1, 2)) {
        TxRequest list;
        for (const Mutation& mutation : write.mutations) {
          list.items.push_back({WriteRequest{{mutation}, false}});
          list.items.push_back({GetRequest{mutation.table, mutation.key}});
        }
        client.steps.push_back([list](const Reply&) { return Request(list); });
        break;
      }
      if (options_.pipelines && rng_.chance(1, 3)) {
        const auto pipeline = std::make_shared<PipelineRequest>(plan_pipeline(write));
        client.steps.push_back([pipeline](const Reply&) { return Request(std::move(*pipeline)); });
        break;
      }
      client.steps.push_back([write](const Reply&) { return Request(write); });
    }
  }
  next_step(client);
}

PipelineRequest Workload::plan_pipeline(WriteRequest first) {
  constexpr Activity kOthers[] = {Activity::kAdd, Activity::kPut, Activity::kDelete, Activity::kReset,
                                  Activity::kRow, Activity::kSet, Activity::kFlag,   Activity::kBatch};
  PipelineRequest pipeline;
  pipeline.items.push_back({std::move(first)});
  for (std::uint64_t left = 1 + rng_.below(options_.pipeline_items_max); left > 0; --left) {
    if (rng_.chance(1, 6)) {
      pipeline.items.push_back({GetCounterRequest{std::string(kTableKv), key("c")}});
    } else {
      pipeline.items.push_back({plan_write(kOthers[rng_.below(std::size(kOthers))])});
    }
  }
  return pipeline;
}

void Workload::next_step(Client& client) {
  if (client.steps.empty()) return think(client);
  const Step step = std::move(client.steps.front());
  client.steps.pop_front();
  client.terms = {};
  Request request = step(client.previous);
  Terms terms = client.terms.plain() ? plan_terms(request) : client.terms;
  count(request);
  const auto on_answer = [this, &client, writes = is_write(request)](const Answer& answer) {
    if (writes) check_relayer(client, answer);
    answered(client, answer);
  };
  client.machine->ask(client.ns, std::move(request), on_answer, std::move(terms));
}

void Workload::count(const Request& request) {
  const auto* pipeline = std::get_if<PipelineRequest>(&request);
  ++requests_;
  operations_ += pipeline == nullptr ? 1 : pipeline->items.size();
}

Terms Workload::plan_terms(const Request& request) {
  Terms terms;
  if (!options_.durabilities || !is_write(request) || rng_.chance(1, 2)) return terms;
  constexpr std::string_view kLevels[] = {"memory", "memory", "os", "os", "fsync", "sites:1", "site:dc1"};
  terms.durability = *parse_durability(kLevels[rng_.below(std::size(kLevels))]);
  terms.durability_wait = Duration::millis(static_cast<std::int64_t>(rng_.below(2000)));
  return terms;
}

void Workload::answered(Client& client, const Answer& answer) {
  if (answer.lost || !answer.reply.status.ok()) {
    client.steps.clear();
  } else {
    const auto* pipeline = std::get_if<PipelineReply>(&answer.reply.body);
    acknowledged_ +=
        pipeline == nullptr
            ? 1
            : static_cast<std::uint64_t>(std::count_if(pipeline->items.begin(), pipeline->items.end(),
                                                       [](const ItemReply& item) { return item.status.ok(); }));
    client.previous = answer.reply;
  }
  next_step(client);
}

// The same write again until somebody says that it is done, now and then at another machine.
void Workload::retry(Client& client, const Request& request, const Terms& terms, int tries_left) {
  const auto on_answer = [this, &client, request, terms, tries_left](const Answer& answer) {
    check_relayer(client, answer);
    const bool again = answer.lost || answer.reply.status.code() == StatusCode::kUnavailable ||
                       (answer.reply.status.ok() && rng_.chance(1, 4));  // as if the answer had been lost
    if (tries_left == 0 || !again || stopping_) return answered(client, answer);
    if (rng_.chance(1, 2)) {
      Machine* other = pick_machine();
      if (other->takes_writes(client.ns)) client.machine = other;
    }
    world_.queue().after(
        Duration::millis(static_cast<std::int64_t>(50 + rng_.below(400))),
        [this, &client, request, terms, tries_left] { retry(client, request, terms, tries_left - 1); });
  };
  client.machine->ask(client.ns, request, on_answer, terms);
}

void Workload::check_relayer(const Client& client, const Answer& answer) {
  if (answer.lost || !took_a_write(answer.reply)) return;
  if (!client.machine->takes_writes(client.ns)) {
    world_.violation("workload", fmt::format("the relayer {} took a write", client.machine->name()));
  }
}

// What is written. -------------------------------------------------------------------------------------------

// Here and below one random choice per statement: compilers differ in the order of a call's arguments.
Mutation Workload::random_put() {
  Bytes k = key("k");
  return make(Mutation::Kind::kPut, kTableKv, std::move(k), fresh_value());
}

Mutation Workload::random_mutation() {
  switch (rng_.below(6)) {
    case 4: {
      Mutation add = make(Mutation::Kind::kAddMembers, kTableKv, key("set"));
      add.members.emplace_back(kMembers[rng_.below(std::size(kMembers))]);
      return add;
    }
    case 5: return make(Mutation::Kind::kDisable, kTableKv, key("flag"));
    case 0: {
      Mutation add = make(Mutation::Kind::kAdd, kTableKv, key("c"));
      add.delta = static_cast<std::int64_t>(rng_.below(10)) - 2;
      return add;
    }
    case 1: return random_put();
    case 2: return make(Mutation::Kind::kDelete, kTableKv, key("k"));
    default: {
      Mutation row = make(Mutation::Kind::kPutColumns, kTableRow, key("row"));
      const Bytes value = fresh_value();
      row.columns.emplace_back(kColumns[rng_.below(std::size(kColumns))], value);
      return row;
    }
  }
}

// Columns of a row and fields of a document with ends of their own.
Mutation Workload::ending_field(const TimeToLive& soon) {
  const std::uint64_t what = rng_.below(8);
  if (rng_.chance(1, 3)) {
    using What = DocumentEdit::What;
    Mutation change = make(Mutation::Kind::kDetail, "docs", key("end-doc"));
    const Bytes outer = path_of_fields({"session"});
    const Bytes inner = path_of_fields({"session", rng_.chance(1, 2) ? "token" : "device"});
    if (what < 3) {
      change.detail =
          ExpireChange{what == 0 ? TimeToLive{} : soon, ExpireChange::When::kAlways, rng_.chance(1, 2) ? outer : inner};
    } else if (what == 3) {
      change.detail = PatchDocument{{{What::kRemove, rng_.chance(1, 2) ? outer : inner}}};
    } else {
      change.detail = PatchDocument{{{What::kObject, outer}, {What::kSet, inner, std::to_string(++values_)}}};
    }
    return change;
  }
  const Bytes column(kColumns[rng_.below(std::size(kColumns))]);
  Mutation change = make(Mutation::Kind::kDetail, kTableRow, key("end-row"));
  if (what < 3) {
    change.detail = ExpireChange{what == 0 ? TimeToLive{} : soon, ExpireChange::When::kAlways, column};
  } else {
    change.kind = what == 3 ? Mutation::Kind::kDeleteColumns : Mutation::Kind::kPutColumns;
    change.columns.emplace_back(column, what == 3 ? Bytes() : fresh_value());
  }
  return change;
}

// Keys that are written with an end, given another one, counted in, and written anew after it.
Mutation Workload::ending_mutation() {
  const TimeToLive soon{TimeToLive::Kind::kFor, static_cast<std::int64_t>(50 + rng_.below(2000))};
  if (rng_.chance(1, 2)) return ending_field(soon);
  const std::uint64_t what = rng_.below(8);
  const bool number = rng_.chance(1, 3);
  Bytes k = key(number ? "end-n" : "end");
  if (what < 3) {
    Mutation change = make(Mutation::Kind::kDetail, kTableKv, std::move(k));
    change.detail = ExpireChange{what == 0 ? TimeToLive{} : soon};
    return change;
  }
  const Mutation::Kind kind = number ? Mutation::Kind::kAdd : Mutation::Kind::kPut;
  Mutation write = make(what == 3 ? Mutation::Kind::kDelete : kind, kTableKv, std::move(k));
  if (kind == Mutation::Kind::kAdd) write.delta = static_cast<std::int64_t>(1 + rng_.below(9));
  if (kind == Mutation::Kind::kPut && what != 3) write.value = fresh_value();
  if (what > 4) write.ttl = soon;
  return write;
}

Mutation Workload::typed_mutation() {
  const std::uint64_t i = rng_.below(options_.keys);
  const std::string replica = fmt::format("replica-{}", rng_.below(3));
  if (rng_.chance(1, 10)) return make(Mutation::Kind::kPut, kTableKv, fmt::format("lww:{}", i), "{not json");
  if (rng_.chance(1, 2)) {
    return make(Mutation::Kind::kPut, kTableKv, fmt::format("lww:{}", i),
                fmt::format(R"({{"value":"{}","timestamp":{},"replica":"{}"}})", ++values_, rng_.below(50), replica));
  }
  return make(Mutation::Kind::kPut, kTableKv, fmt::format("counter:{}", i),
              fmt::format(R"({{"replica":"{}","count":{}}})", replica, ++typed_counts_[i]));
}

WriteRequest Workload::plan_write(Activity activity) {
  WriteRequest write;
  auto& out = write.mutations;
  switch (activity) {
    case Activity::kAdd:
      out.push_back(make(Mutation::Kind::kAdd, kTableKv, key("c")));
      out.back().delta = static_cast<std::int64_t>(rng_.below(20)) - 5;
      break;
    case Activity::kPut: out.push_back(random_put()); break;
    case Activity::kDelete: out.push_back(make(Mutation::Kind::kDelete, kTableKv, key("k"))); break;
    case Activity::kReset: {
      const std::uint64_t what = rng_.below(4);
      out.push_back(make(what == 0   ? Mutation::Kind::kReset
                         : what == 1 ? Mutation::Kind::kDelete
                                     : Mutation::Kind::kAdd,
                         kTableKv, key("r")));
      out.back().delta = static_cast<std::int64_t>(rng_.below(20)) - 5;
      break;
    }
    case Activity::kPair: {
      const Bytes group = fmt::format("{}{}", kPairPrefix, rng_.below(options_.keys));
      const bool remove = rng_.chance(1, 5);
      const Bytes value = fresh_value();
      for (const std::string_view member : kPairMembers) {
        out.push_back(make(remove ? Mutation::Kind::kDelete : Mutation::Kind::kPut, kTableKv,
                           fmt::format("{}:{}", group, member), remove ? Bytes() : value));
      }
      break;
    }
    case Activity::kWholeRow: {
      out.push_back(
          make(Mutation::Kind::kPutColumns, kTableRow, fmt::format("{}{}", kWholePrefix, rng_.below(options_.keys))));
      const Bytes value = fresh_value();
      for (const std::string_view column : kColumns) out.back().columns.emplace_back(column, value);
      break;
    }
    case Activity::kRow: {
      const std::uint64_t what = rng_.below(6);
      const Bytes value = what < 2 ? Bytes() : fresh_value();
      out.push_back(make(what == 0   ? Mutation::Kind::kDeleteRow
                         : what == 1 ? Mutation::Kind::kDeleteColumns
                                     : Mutation::Kind::kPutColumns,
                         kTableRow, key("row")));
      if (what != 0) out.back().columns.emplace_back(kColumns[rng_.below(std::size(kColumns))], value);
      break;
    }
    case Activity::kSet: {
      const std::uint64_t what = rng_.below(12);
      out.push_back(make(what == 0   ? Mutation::Kind::kDelete
                         : what == 1 ? Mutation::Kind::kDeleteSet
                         : what < 6  ? Mutation::Kind::kRemoveMembers
                                     : Mutation::Kind::kAddMembers,
                         kTableKv, key("set")));
      if (what < 2) break;
      for (std::uint64_t left = 1 + rng_.below(3); left > 0; --left) {
        out.back().members.emplace_back(kMembers[rng_.below(std::size(kMembers))]);
      }
      break;
    }
    case Activity::kFlag: {
      const std::uint64_t what = rng_.below(8);
      out.push_back(make(what == 0  ? Mutation::Kind::kDelete
                         : what < 4 ? Mutation::Kind::kDisable
                                    : Mutation::Kind::kEnable,
                         kTableKv, key("flag")));
      break;
    }
    case Activity::kEnding: out.push_back(ending_mutation()); break;
    case Activity::kTyped: out.push_back(typed_mutation()); break;
    default:
      for (std::uint64_t left = 1 + rng_.below(8); left > 0; --left) out.push_back(random_mutation());
  }
  return write;
}

void Workload::plan_transaction(Client& client) {
  if (options_.whole_transactions && rng_.chance(1, 2)) return plan_reads_of_one_moment(client);
  client.steps.push_back([](const Reply&) { return Request(TxBeginRequest{}); });
  const auto id = std::make_shared<Bytes>();
  const auto learn = [id](const Reply& previous) {
    if (const auto* begun = std::get_if<TxBegunReply>(&previous.body)) *id = begun->id;
  };
  // Half of them write a pair, so that a torn transaction shows.
  std::vector<Mutation> mutations =
      rng_.chance(1, 2) ? plan_write(Activity::kPair).mutations : plan_write(Activity::kBatch).mutations;
  for (Mutation& mutation : mutations) {
    client.steps.push_back([id, learn, mutation](const Reply& previous) {
      learn(previous);
      return Request(TxAppendRequest{*id, mutation});
    });
  }
  const bool abort = rng_.chance(1, 8);
  client.steps.push_back(
      [id, abort](const Reply&) { return abort ? Request(TxAbortRequest{*id}) : Request(TxCommitRequest{*id}); });
}

void Workload::plan_reads_of_one_moment(Client& client) {
  const Bytes group = fmt::format("{}{}", kPairPrefix, rng_.below(options_.keys));
  const auto id = std::make_shared<Bytes>();
  const auto seen = std::make_shared<std::vector<Bytes>>();
  const auto learn = [id, seen](const Reply& previous) {
    if (const auto* begun = std::get_if<TxBegunReply>(&previous.body)) *id = begun->id;
    if (const auto* value = std::get_if<ValueReply>(&previous.body)) seen->push_back(value->value);
  };
  client.steps.push_back([](const Reply&) { return Request(TxBeginRequest{}); });
  for (const std::string_view member : kPairMembers) {
    client.steps.push_back([id, learn, &client, key = fmt::format("{}:{}", group, member)](const Reply& previous) {
      learn(previous);
      client.terms.transaction = *id;
      return Request(GetRequest{std::string(kTableKv), key});
    });
  }
  client.steps.push_back([this, id, seen, learn, &client, group](const Reply& previous) {
    learn(previous);
    if (std::any_of(seen->begin(), seen->end(), [&](const Bytes& value) { return value != seen->front(); })) {
      world_.violation("workload", fmt::format("{}: {} is torn within a transaction", client.machine->name(), group));
    }
    return Request(TxAbortRequest{*id});
  });
}

void Workload::plan_lob(Client& client) {
  const Bytes lob_key = key("lob");
  const auto id = std::make_shared<Bytes>();
  const bool remove = rng_.chance(1, 6);
  client.steps.push_back([remove](const Reply&) {
    return Request(TxBeginRequest{remove ? TxOperation::kDelete : TxOperation::kPut, TxEntryType::kLob});
  });
  for (std::uint64_t left = remove ? 1 : 1 + rng_.below(4); left > 0; --left) {
    const std::size_t size = 100 + rng_.below(12'000);
    const Bytes chunk(size, static_cast<char>('A' + rng_.below(26)));
    client.steps.push_back([id, lob_key, chunk, remove](const Reply& previous) {
      if (const auto* begun = std::get_if<TxBegunReply>(&previous.body)) *id = begun->id;
      return remove ? Request(TxDeleteLobRequest{*id, lob_key}) : Request(TxAppendLobRequest{*id, lob_key, chunk});
    });
  }
  client.steps.push_back([id](const Reply&) { return Request(TxCommitRequest{*id}); });
}

void Workload::plan_read(Client& client) {
  switch (rng_.below(8)) {
    case 6: {
      const Bytes set = key("set");
      client.steps.push_back([set](const Reply&) {
        return Request(ListMembersRequest{std::string(kTableKv), set, {}, {}, 100});
      });
      break;
    }
    case 7: {
      const Bytes flag = key("flag");
      client.steps.push_back([flag](const Reply&) { return Request(GetFlagRequest{std::string(kTableKv), flag}); });
      break;
    }
    case 0: {
      // All of a pair at one instant; the last one is waited for.
      const Bytes group = fmt::format("{}{}", kPairPrefix, rng_.below(options_.keys));
      for (const std::string_view member : kPairMembers) {
        const GetRequest get{std::string(kTableKv), fmt::format("{}:{}", group, member)};
        count(get);
        client.machine->ask(client.ns, get, [](const Answer&) {});
      }
      client.steps.push_back([group](const Reply&) {
        return Request(GetRequest{std::string(kTableKv), group + ":a"});
      });
      break;
    }
    case 1: {
      const Bytes row = fmt::format("{}{}", kWholePrefix, rng_.below(options_.keys));
      client.steps.push_back([row](const Reply&) { return Request(GetRowRequest{row, std::nullopt}); });
      break;
    }
    case 2: {
      const Bytes counter = key("c");
      client.steps.push_back([counter](const Reply&) {
        return Request(GetCounterRequest{std::string(kTableKv), counter});
      });
      break;
    }
    case 3: client.steps.push_back([](const Reply&) { return Request(ListRequest{}); }); break;
    default: {
      const Bytes k = options_.typed && rng_.chance(1, 2) ? key("lww") : key("k");
      client.steps.push_back([k](const Reply&) { return Request(GetRequest{std::string(kTableKv), k}); });
    }
  }
}

}  // namespace pando::sim
