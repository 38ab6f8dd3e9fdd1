#include "node/node.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "base/check.h"
#include "node/dialing.h"
#include "node/namespace.h"
#include "node/opening.h"

namespace pando::node {
namespace {

Status unknown_namespace(std::string_view ns) {
  return Status(StatusCode::kNotFound, fmt::format("namespace not found: {}", ns));
}

// A stream that a peer opened and has not said Hello on.
struct Stranger {
  std::string address;
  Instant since;
  std::optional<std::vector<std::string>> names;  // of its certificate
};

constexpr Duration kHelloWithin = Duration::seconds(10);

}  // namespace

struct Node::Impl {
  explicit Impl(NodeConfig c) : config(std::move(c)), random(config.seed), dialing(config.links, random.fork()) {}

  Namespace* find(std::string_view ns) {
    const auto at = serving.find(ns);
    return at == serving.end() ? nullptr : at->second.get();
  }
  std::vector<Replica*> group_of(std::string_view ns);
  // A link whose namespace can use it.
  bool may_dial(const LinkConfig& link) {
    Namespace* ns = find(link.ns);
    return !stopping && ns != nullptr && ns->replica().serving().ok();
  }
  void close_link(LinkId id, Status reason, Outputs& out);

  void on(ClientRequest&& input, Time now, Outputs& out);
  void on(WatchOpen&& input, Time now, Outputs& out);
  void on(WatchReady&& input, Time now, Outputs& out);
  void on(WatchClose&& input, Time now, Outputs& out);
  void on(LogWritten&& input, Time now, Outputs& out);
  void on(SegmentPrepared&& input, Time now, Outputs& out);
  void on(SegmentRemoved&& input, Time now, Outputs& out);
  void on(LogReadDone&& input, Time now, Outputs& out);
  void on(CheckpointWritten&& input, Time now, Outputs& out);
  void on(BackupWritten&& input, Time now, Outputs& out);
  void on(BackupTaken&& input, Time now, Outputs& out);
  void on(RestoreReadDone&& input, Time now, Outputs& out);
  void on(LinkUp&& input, Time now, Outputs& out);
  void on(LinkFrame&& input, Time now, Outputs& out);
  void on(LinkDrained&& input, Time now, Outputs& out);
  void on(LinkDown&& input, Time now, Outputs& out);
  void on(Tick&&, Time, Outputs&) {}
  void greet(LinkId id, ByteSpan first_frame, Time now, Outputs& out);
  void send_strangers_away(Time now, Outputs& out);
  Instant wake_at();

  NodeConfig config;
  Prng random;
  Dialing dialing;
  std::map<std::string, std::unique_ptr<Opening>, std::less<>> opening;
  std::map<std::string, std::unique_ptr<Namespace>, std::less<>> serving;
  std::vector<std::string> order;  // of namespaces, as they were opened
  std::map<LinkId, std::string> link_ns;
  std::map<LinkId, Stranger> strangers;
  std::map<StatusCode, std::uint64_t> strangers_refused;
  std::map<WatchId, std::string> watch_ns;
  std::uint64_t next_read_id = 1;
  bool stopping = false;
};

Node::Node(NodeConfig config) : impl_(std::make_unique<Impl>(std::move(config))) {}
Node::~Node() = default;

// Opening. -------------------------------------------------------------------------------------------------

Result<std::uint64_t> Node::begin_open(const NamespaceConfig& config, store::Kv& kv) {
  PANDO_RETURN_IF_ERROR(validate_node_name(impl_->config.node_name));
  CHECK(impl_->find(config.name) == nullptr && impl_->opening.count(config.name) == 0);
  Result<std::unique_ptr<Opening>> opening = Opening::begin(config, impl_->config.node_name, kv);
  if (!opening) return fail(opening.error().with_context(fmt::format("namespace {}", config.name)));
  const std::uint64_t from = (*opening)->replay_from();
  impl_->opening.emplace(config.name, std::move(*opening));
  return from;
}

Status Node::feed_segment(std::string_view ns, std::uint64_t segment_id, ByteSpan bytes) {
  const auto at = impl_->opening.find(ns);
  CHECK(at != impl_->opening.end());
  return at->second->feed(segment_id, bytes);
}

Result<OpenReport> Node::finish_open(std::string_view ns, Time now, Outputs& out) {
  const auto at = impl_->opening.find(ns);
  CHECK(at != impl_->opening.end());
  OpenReport report;
  const std::uint64_t seed = impl_->random.next();
  const std::uint64_t incarnation = at->second->knows_its_epoch() ? 0 : (impl_->random.next() | 1);
  auto opened = std::make_unique<Namespace>(at->second->finish(report), impl_->config, seed, incarnation, now);
  impl_->opening.erase(at);
  opened->begin_epoch_if_due(out);
  if (const std::string refused = opened->replica().tables_refused(); !refused.empty()) {
    out.notes.push_back({Note::Level::kWarning, std::string(ns), refused});
  }
  if (Status status = opened->discard_leftovers(now); !status.ok()) {
    out.notes.push_back({Note::Level::kWarning, std::string(ns),
                         fmt::format("staged chunks of an earlier process stay for now: {}", status.message())});
  }
  impl_->order.emplace_back(ns);
  impl_->serving.emplace(ns, std::move(opened));
  end_turn(now, out);
  return report;
}

// Turns. ---------------------------------------------------------------------------------------------------

void Node::accept(Input input, Time now, Outputs& out) {
  std::visit([&](auto&& one) { impl_->on(std::move(one), now, out); }, std::move(input));
}

void Node::accept(ClientRequest&& asked, Time now, Outputs& out) { impl_->on(std::move(asked), now, out); }

void Node::end_turn(Time now, Outputs& out) {
  impl_->send_strangers_away(now, out);
  impl_->dialing.poll(
      instant_of(now), [&](const LinkConfig& link) { return impl_->may_dial(link); }, out);
  for (auto& entry : impl_->serving) entry.second->end_turn(now, impl_->next_read_id, out);
  out.wake_at = impl_->wake_at();
}

void Node::hold_log(std::string_view ns, bool hold) {
  if (Namespace* found = impl_->find(ns)) found->hold_log(hold);
}

Instant Node::Impl::wake_at() {
  Instant wake = dialing.next_deadline([&](const LinkConfig& link) { return may_dial(link); });
  for (const auto& entry : serving) {
    if (const auto at = entry.second->next_deadline(); at && *at < wake) wake = *at;
  }
  for (const auto& entry : strangers) wake = std::min(wake, entry.second.since + kHelloWithin);
  return wake;
}

void Node::begin_stop(Time now, Outputs& out) {
  impl_->stopping = true;
  for (auto& entry : impl_->serving) entry.second->begin_stop(now, out);
  for (const auto& entry : impl_->strangers) {
    out.link_closes.push_back({entry.first, Status(StatusCode::kUnavailable, "the node is stopping")});
  }
  end_turn(now, out);
}

bool Node::stopped() const {
  if (!impl_->stopping) return false;
  for (const auto& entry : impl_->serving) {
    if (!entry.second->stopped()) return false;
  }
  return true;
}

std::vector<Node::Health> Node::health() const {
  std::vector<Health> all;
  for (const auto& entry : impl_->opening) {
    all.push_back({entry.first, Status(StatusCode::kUnavailable, fmt::format("namespace {}: opening", entry.first))});
  }
  for (const std::string& ns : impl_->order) {
    Status status = impl_->find(ns)->replica().health();
    if (status.ok() && impl_->stopping) {
      status = Status(StatusCode::kUnavailable, fmt::format("namespace {}: stopping", ns));
    }
    all.push_back({ns, std::move(status)});
  }
  return all;
}

Result<StatsReply> Node::stats(std::string_view ns) const {
  const Namespace* found = impl_->find(ns);
  if (found == nullptr) return fail(unknown_namespace(ns));
  StatsReply stats = found->stats();
  impl_->dialing.add_stats(ns, stats.links);
  return stats;
}

const VersionVector* Node::durable_context(std::string_view ns) const {
  const Namespace* found = impl_->find(ns);
  return found == nullptr ? nullptr : &found->replica().durable_context();
}

const TableScope* Node::tables(std::string_view ns) const {
  const Namespace* found = impl_->find(ns);
  return found == nullptr ? nullptr : &found->replica().tables();
}

const engine::RetiredNodes* Node::retired(std::string_view ns) const {
  const Namespace* found = impl_->find(ns);
  return found == nullptr ? nullptr : &found->replica().retired();
}

bool Node::at_rest(std::string_view ns) const {
  const Namespace* found = impl_->find(ns);
  return found == nullptr || (!found->replica().has_met_keys() && !found->replica().any_arrives());
}

const std::map<StatusCode, std::uint64_t>& Node::strangers_refused() const { return impl_->strangers_refused; }

// Clients. -------------------------------------------------------------------------------------------------

std::vector<Replica*> Node::Impl::group_of(std::string_view ns) {
  std::vector<Replica*> members;
  for (const MergeGroupConfig& group : config.merge_groups) {
    if (std::find(group.namespaces.begin(), group.namespaces.end(), ns) == group.namespaces.end()) continue;
    for (const std::string& member : group.namespaces) {
      if (Namespace* found = find(member)) members.push_back(&found->replica());
    }
    break;
  }
  return members;
}

void Node::Impl::on(ClientRequest&& input, Time now, Outputs& out) {
  Namespace* ns = find(input.ns);
  if (ns == nullptr) {
    const bool soon = opening.count(input.ns) != 0;
    out.replies.push_back({input.id, Reply::failure(soon ? Status(StatusCode::kUnavailable,
                                                                  fmt::format("namespace {}: opening", input.ns))
                                                         : unknown_namespace(input.ns))});
    return;
  }
  if (stopping) {
    out.replies.push_back({input.id, Reply::failure(Status(StatusCode::kUnavailable, "the node is stopping"))});
    return;
  }
  if (std::holds_alternative<StatsRequest>(input.request)) {
    StatsReply stats = ns->stats();
    dialing.add_stats(input.ns, stats.links);
    out.replies.push_back({input.id, Reply{{}, std::move(stats), {}}});
    return;
  }
  const bool pipeline = std::holds_alternative<PipelineRequest>(input.request);
  const std::vector<Replica*> group =
      pipeline || ReadPath::looks_across(input.request) ? group_of(input.ns) : std::vector<Replica*>();
  if (pipeline && !group.empty()) {
    const Status status(StatusCode::kInvalidArgument, "namespaces of a merge group take no pipelines");
    out.replies.push_back({input.id, Reply::failure(status)});
    return;
  }
  ns->on_request(std::move(input), group, now, out);
}

void Node::Impl::on(WatchOpen&& input, Time, Outputs& out) {
  Namespace* ns = find(input.ns);
  if (ns == nullptr) {
    out.watches_opened.push_back({input.id, unknown_namespace(input.ns), {}});
    return;
  }
  if (stopping) {
    out.watches_opened.push_back({input.id, Status(StatusCode::kUnavailable, "the node is stopping"), {}});
    return;
  }
  watch_ns[input.id] = input.ns;
  ns->watches().open(std::move(input), out);
}

void Node::Impl::on(WatchReady&& input, Time, Outputs&) {
  if (const auto at = watch_ns.find(input.id); at != watch_ns.end()) find(at->second)->watches().ready(input.id);
}

void Node::Impl::on(WatchClose&& input, Time, Outputs&) {
  const auto at = watch_ns.find(input.id);
  if (at == watch_ns.end()) return;
  find(at->second)->watches().close(input.id);
  watch_ns.erase(at);
}

// Disk. ----------------------------------------------------------------------------------------------------

void Node::Impl::on(LogWritten&& input, Time, Outputs& out) {
  Namespace* ns = find(input.ns);
  if (ns == nullptr) return;
  if (input.durable) {
    ns->on_log_written(input.status, out);
  } else {
    ns->replica().on_handed_over(out);
  }
}

void Node::Impl::on(SegmentPrepared&& input, Time now, Outputs& out) {
  if (Namespace* ns = find(input.ns)) ns->replica().on_prepared(input.segment_id, input.status, now, out);
}

void Node::Impl::on(SegmentRemoved&& input, Time now, Outputs& out) {
  if (Namespace* ns = find(input.ns)) ns->on_segment_removed(input.segment_id, input.status, now, out);
}

void Node::Impl::on(LogReadDone&& input, Time, Outputs& out) {
  if (Namespace* ns = find(input.ns)) ns->on_log_read(input.read_id, input.status, std::move(input.bytes), out);
}

void Node::Impl::on(CheckpointWritten&& input, Time now, Outputs& out) {
  if (Namespace* ns = find(input.ns)) ns->on_checkpoint_written(input.status, now, out);
}

void Node::Impl::on(BackupWritten&& input, Time, Outputs& out) {
  for (auto& entry : serving) entry.second->on_backup_written(input.id);
  Reply reply;
  if (input.result) {
    reply.body = std::move(*input.result);
  } else {
    reply = Reply::failure(input.result.error());
  }
  out.replies.push_back({input.id, std::move(reply)});
}

void Node::Impl::on(BackupTaken&& input, Time, Outputs& out) {
  if (Namespace* ns = find(input.ns)) ns->on_backup_taken(std::move(input), out);
}

void Node::Impl::on(RestoreReadDone&& input, Time, Outputs&) {
  if (Namespace* ns = find(input.ns)) ns->on_restore_read(std::move(input));
}

// Links. ---------------------------------------------------------------------------------------------------

void Node::Impl::close_link(LinkId id, Status reason, Outputs& out) {
  if (reason.code() != StatusCode::kUnavailable) ++strangers_refused[reason.code()];
  out.link_sends.push_back({id, repl::encode_frame(repl::Refuse{reason})});
  out.link_closes.push_back({id, std::move(reason)});
}

void Node::Impl::on(LinkUp&& input, Time now, Outputs& out) {
  if (input.dial_id != 0) {
    const LinkConfig* link = dialing.on_up(input.dial_id, input.id);
    Namespace* ns = link == nullptr ? nullptr : find(link->ns);
    if (ns == nullptr || stopping) {
      return close_link(input.id, Status(StatusCode::kUnavailable, "the node is stopping"), out);
    }
    link_ns[input.id] = link->ns;
    ns->peers().open(input.id, {true, link->publish, link->subscribe, link->address, link->bytes_per_s_max, {}}, now);
    return;
  }
  if (!config.accept_links || stopping) {
    return close_link(input.id, Status(StatusCode::kPermissionDenied, "this node takes no links from peers"), out);
  }
  strangers[input.id] = {std::move(input.peer_address), instant_of(now), std::move(input.peer_names)};
}

void Node::Impl::on(LinkFrame&& input, Time now, Outputs& out) {
  if (strangers.count(input.id) != 0) return greet(input.id, input.frame, now, out);
  const auto at = link_ns.find(input.id);
  if (at == link_ns.end()) return;
  PeerPath& peers = find(at->second)->peers();
  const bool greeted = peers.greeted(input.id);
  peers.on_frame(input.id, input.frame, now, out);
  if (!greeted && peers.greeted(input.id)) dialing.on_hello(input.id);
}

void Node::Impl::greet(LinkId id, ByteSpan first_frame, Time now, Outputs& out) {
  const Stranger stranger = std::move(strangers.at(id));
  strangers.erase(id);
  const Result<repl::Hello> hello = repl::decode_hello(first_frame);
  const auto refuse = [&](Status reason) {
    out.notes.push_back({Note::Level::kWarning,
                         {},
                         fmt::format("link {} from {} refused: {}", id.value, stranger.address, reason.message())});
    close_link(id, std::move(reason), out);
  };
  if (!hello) return refuse(hello.error());
  Namespace* ns = find(hello->ns);
  if (ns == nullptr) return refuse(unknown_namespace(hello->ns));
  if (Status status = ns->replica().serving(); !status.ok()) return refuse(std::move(status));
  link_ns[id] = hello->ns;
  ns->peers().open(id, {false, true, ns->replica().config().writable, stranger.address, 0, stranger.names}, now);
  ns->peers().on_frame(id, first_frame, now, out);
}

void Node::Impl::send_strangers_away(Time now, Outputs& out) {
  for (auto at = strangers.begin(); at != strangers.end();) {
    if (at->second.since + kHelloWithin > instant_of(now)) {
      ++at;
      continue;
    }
    close_link(at->first, Status(StatusCode::kTimeout, "no hello came"), out);
    at = strangers.erase(at);
  }
}

void Node::Impl::on(LinkDrained&& input, Time, Outputs&) {
  if (const auto at = link_ns.find(input.id); at != link_ns.end())
    find(at->second)->peers().on_drained(input.id, input.bytes);
}

void Node::Impl::on(LinkDown&& input, Time now, Outputs& out) {
  strangers.erase(input.id);
  PeerPath::Ended ended;
  if (const auto at = link_ns.find(input.id); at != link_ns.end()) {
    ended = find(at->second)->peers().close(input.id);
    out.notes.push_back(
        {Note::Level::kInfo, at->second,
         fmt::format("link {} down: {}", input.id.value, ended.reason.ok() ? input.reason : ended.reason.message())});
    link_ns.erase(at);
  }
  dialing.on_down(input.dial_id, input.id, ended.refused, ended.reason.ok() ? input.reason : ended.reason.message(),
                  instant_of(now), out);
}

}  // namespace pando::node
