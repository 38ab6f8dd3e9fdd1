#include "node/retire_path.h"

#include <fmt/core.h>

#include <algorithm>

#include "engine/bounded.h"
#include "engine/retired.h"

namespace pando::node {
namespace {

// Between two slices of the walk, so that requests come in between.
constexpr Duration kNextRetireSlice = Duration::millis(2);

}  // namespace

void RetirePath::handle(RequestId id, const ListNodesRequest&, Time, Outputs& out) {
  std::map<std::string, NodesReply::Node> nodes;
  const auto node_of = [&](const std::string& name) -> NodesReply::Node& {
    NodesReply::Node& node = nodes[name];
    node.name = name;
    return node;
  };
  for (const auto& [origin, seq] : replica_.durable_context().entries()) {
    NodesReply::Node& node = node_of(origin.node);
    node.epoch = std::max(node.epoch, origin.epoch);
    node.commits += seq.value;
  }
  for (const auto& [name, retired] : replica_.retired().nodes()) {
    NodesReply::Node& node = node_of(name);
    node.retired_epoch = retired.epoch;
    node.retired_by = retired.by.node;
    node.retired_at_ms = retired.at.wall_ms();
  }
  for (const std::string& name : peers_.names_met()) node_of(name);
  for (auto& [name, node] : nodes) node.epoch = std::max(node.epoch, peers_.epoch_told(name));
  node_of(replica_.self().node).epoch = replica_.self().epoch;
  NodesReply reply;
  for (auto& [name, node] : nodes) {
    using State = NodesReply::State;
    // A later epoch than was retired: an edge has commits of it, and what it wrote then waits for them.
    const bool more = node.epoch > node.retired_epoch;
    node.state = name == replica_.self().node ? State::kSelf
                 : peers_.gone(name) && !more ? State::kRetired
                 : peers_.linked(name)        ? State::kLinked
                                              : State::kAway;
    reply.nodes.push_back(std::move(node));
  }
  out.replies.push_back({id, Reply{{}, std::move(reply), {}}});
}

Status RetirePath::check(const RetireNodeRequest& request) const {
  PANDO_RETURN_IF_ERROR(validate_node_name(request.node));
  const std::string& name = request.node;
  if (name == replica_.self().node) {
    return Status(StatusCode::kConflict,
                  fmt::format("this is {}: a node is retired by one that stays. Ask another one", name));
  }
  if (!request.dry_run && !replica_.config().writable) {
    return Status(StatusCode::kReadOnly, "this node is read-only: ask one that takes writes to retire another");
  }
  // Whoever may free what a retired node knew nothing of has to say so when it comes back, in every table, and has to
  // hear of what it brings (docs/design/020-retired-nodes.md).
  if (!request.dry_run && !replica_.tables().whole()) {
    return Status(
        StatusCode::kReadOnly,
        "this node publishes or takes some of the tables only: ask one that has all of them to retire another");
  }
  if (peers_.linked(name) && !peers_.gone(name)) {
    return Status(StatusCode::kConflict, fmt::format("a link to {} is up, it is not gone: drain it (pando drain --url "
                                                     "…), stop it, and retire it then",
                                                     name));
  }
  if (peers_.epoch_told(name) != 0) return {};
  return Status(StatusCode::kNotFound,
                fmt::format("nobody here has heard of a node \"{}\" in namespace {}: nothing waits for it, unless the "
                            "configuration names its address",
                            name, replica_.name()));
}

void RetirePath::handle(RequestId id, const RetireNodeRequest& request, Time now, Outputs& out) {
  Status status = check(request);
  if (status.ok() && asked_.size() >= kWaitingMax) {
    status = Status(StatusCode::kOverloaded, fmt::format("{} retirements wait already", asked_.size()));
  }
  if (!status.ok()) {
    out.replies.push_back({id, Reply::failure(std::move(status))});
    return;
  }
  asked_.push_back({id, request});
  if (asked_.size() == 1) next();
  again_at_ = instant_of(now);
}

void RetirePath::next() {
  if (asked_.empty()) return again_at_.reset();
  found_ = {};
  found_.node = asked_.front().request.node;
  walk_.begin();
}

Status RetirePath::count_rights(Time now) {
  const Result<std::vector<engine::EscrowKey>> counters = walk_.next(replica_.cells());
  if (!counters) return counters.error();
  engine::View view = replica_.view(now);
  for (const engine::EscrowKey& where : *counters) {
    const Result<std::uint64_t> rights = engine::rights_held(view, replica_.self(), where, found_.node);
    if (!rights) return rights.error();
    found_.counters += *rights == 0 ? 0 : 1;
    found_.rights += std::min(*rights, UINT64_MAX - found_.rights);
  }
  return {};
}

Status RetirePath::close_lost(Time now, Outputs& out) {
  if (peers_.lost_awaited().empty()) return {};  // of nearly every turn
  PANDO_RETURN_IF_ERROR(replica_.serving());
  for (const std::string& node : peers_.lost_awaited()) {
    if (!replica_.retired().open(node)) continue;
    const Result<bool> all_know = peers_.only_parts_left(node);
    if (!all_know) return all_know.error();
    if (!*all_know) continue;
    engine::Draft draft(replica_.next_dot(), replica_.view(now), parser_);
    PANDO_RETURN_IF_ERROR(engine::close_lost(draft, node));
    if (draft.empty()) continue;
    const Result<LogPos> made = replica_.commit(draft.take_ops(), now);
    if (!made) return made.error();
    out.notes.push_back(
        {Note::Level::kWarning, replica_.name(),
         fmt::format("what {} wrote last is left only at sites that take some tables: what they have of "
                     "it counts for all of it from now on",
                     node)});
  }
  return {};
}

void RetirePath::end_turn(Time now, Outputs& out) {
  // Tried again by the next turn.
  (void)close_lost(now, out);
  if (!again_at_ || instant_of(now) < *again_at_) return;
  again_at_ = instant_of(now) + kNextRetireSlice;
  if (asked_.empty()) return next();
  if (Status status = count_rights(now); !status.ok()) {
    out.replies.push_back({asked_.front().id, Reply::failure(std::move(status))});
    asked_.pop_front();
    return next();
  }
  if (walk_.under_way()) return;
  finish(now, out);
  asked_.pop_front();
  next();
}

void RetirePath::finish(Time now, Outputs& out) {
  const Asked& asked = asked_.front();
  // It may have come back while the cells were walked over.
  Status status = check(asked.request);
  found_.epoch = peers_.epoch_told(found_.node);
  for (const auto& [origin, seq] : replica_.durable_context().entries()) {
    if (origin.node == found_.node) found_.commits += seq.value;
  }
  found_.missing_commits = peers_.known_missing(found_.node);
  LogPos pos = replica_.appended();
  if (status.ok() && !asked.request.dry_run) {
    engine::Draft draft(replica_.next_dot(), replica_.view(now), parser_);
    status = engine::retire_node(draft, found_.node, found_.epoch);
    if (status.ok() && asked.request.disk_lost) status = engine::lose_disk(draft, found_.node, found_.epoch);
    if (status.ok() && !draft.empty()) {
      const Result<LogPos> made = replica_.commit(draft.take_ops(), now);
      status = made ? Status() : made.error();
      pos = made.value_or(pos);
      out.notes.push_back({Note::Level::kWarning, replica_.name(),
                           fmt::format("{} is retired, up to epoch {}: nobody waits for it any more{}", found_.node,
                                       found_.epoch, asked.request.disk_lost ? ", and its disk is lost" : "")});
    }
    found_.done = status.ok();
  }
  Reply reply = status.ok() ? Reply{{}, found_, {}} : Reply::failure(std::move(status));
  replica_.reply_when_durable({asked.id, std::move(reply)}, pos, out);
}

void RetirePath::end_all(const Status& reason, Outputs& out) {
  for (const Asked& asked : std::exchange(asked_, {})) out.replies.push_back({asked.id, Reply::failure(reason)});
  walk_.stop();
  again_at_.reset();
}

}  // namespace pando::node
