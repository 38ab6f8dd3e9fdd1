#include "sim/machine.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/check.h"
#include "log/segment.h"
#include "model/backup.h"
#include "node/rebuild.h"
#include "repl/frame.h"
#include "sim/checkers/history.h"
#include "sim/world.h"
#include "store/cell_key.h"
#include "store/cells.h"

namespace pando::sim {
namespace {

bool is_plain_write(const Request& request) { return std::holds_alternative<WriteRequest>(request); }

// "GetRequest": the name of its type, the same under every compiler.
template <typename T>
std::string_view type_name() {
  std::string_view text = __PRETTY_FUNCTION__;
  text.remove_prefix(text.find("T = ") + 4);
  text = text.substr(0, text.find_first_of(";]"));
  const std::size_t scope = text.rfind(':');
  return scope == std::string_view::npos ? text : text.substr(scope + 1);
}

std::string_view request_name(const Request& request) {
  return std::visit([]<typename T>(const T&) { return type_name<T>(); }, request);
}

}  // namespace

Machine::Machine(World& world, MachineIndex index, MachineConfig config, Prng rng)
    : world_(world), index_(index), config_(std::move(config)), rng_(rng) {
  for (const node::NamespaceConfig& ns : config_.namespaces) {
    CHECK(volumes_.emplace(ns.name, std::make_unique<Volume>()).second);
    if (world_.mutation() == DriverMutation::kSyncLies) volume(ns.name).disk.lie_about_syncs(true);
  }
}

Machine::~Machine() = default;

Time Machine::now() const { return clock_.at(world_.now()); }

Duration Machine::up_to(Duration max) {
  return Duration{static_cast<std::int64_t>(rng_.below(static_cast<std::uint64_t>(max.us) + 1))};
}

void Machine::later(Duration delay, std::function<void()> action) {
  world_.queue().after(delay, [this, boot = boots_, action = std::move(action)] {
    if (boot == boots_ && state_ != State::kDown) action();
  });
}

// Life and death. --------------------------------------------------------------------------------------------

void Machine::boot() {
  CHECK(state_ == State::kDown);
  ++boots_;
  state_ = State::kUp;
  world_.trace().add(world_.now(), "{} boots", name());
  world_.deed("start {}", name());
  node::NodeConfig config = config_.node;
  config.seed = rng_.next();
  node_ = std::make_unique<node::Node>(std::move(config));
  const bool was_older = std::exchange(older_, is_older());
  if (was_older && !older_) world_.markers().reach(Marker::kUpgraded);
  for (const node::NamespaceConfig& ns : config_.namespaces) open_namespace(ns);
  for (Observer* observer : world_.observers()) observer->on_boot(*this);
  end_turn();
}

namespace {

// Frees what has ended, whoever may still bring something for it.
Status free_ended(Volume& volume, std::int64_t now_ms) {
  const Result<std::unique_ptr<store::Cells>> cells = store::Cells::open(volume.kv);
  if (!cells) return cells.error();
  const auto hints = (*cells)->due_hints(now_ms, SIZE_MAX);
  if (!hints) return hints.error();
  for (const store::ExpiryIndex::Hint& hint : *hints) {
    const Result<CellPath> end = store::decode_cell_key(hint.cell_key);
    if (!end) return end.error();
    const auto ends_at = (*cells)->ends_at(end->table, end->key, end->element);
    if (!ends_at) return ends_at.error();
    if (!*ends_at || **ends_at > now_ms) continue;
    PANDO_RETURN_IF_ERROR(end->element.empty() ? (*cells)->free_key(end->table, end->key)
                                               : (*cells)->free_field(end->table, end->key, end->element));
  }
  return volume.kv.write((*cells)->begin_checkpoint((*cells)->meta().replay_segment));
}

}  // namespace

void Machine::open_namespace(const node::NamespaceConfig& config) {
  Volume& v = volume(config.name);
  v.log_writes = v.log_unsynced = v.log_syncing = 0;
  v.checkpoint_in_flight = false;
  v.checkpoint_unwritten.clear();
  v.report = {};
  // What recovery is about to read must not vanish after it was shown: opening makes it durable first.
  v.open_failure = v.disk.sync();
  if (!v.open_failure.ok()) return;
  const auto open = [&]() -> Status {
    if (world_.mutates(DriverMutation::kFreedEarly, 1)) PANDO_RETURN_IF_ERROR(free_ended(v, now().wall_ms));
    const Result<std::uint64_t> whole_from = node_->begin_open(config, v.kv);
    if (!whole_from) return whole_from.error();
    for (const auto& [id, bytes] : v.disk.segments()) {
      const ByteSpan all(bytes);
      PANDO_RETURN_IF_ERROR(
          node_->feed_segment(config.name, id, id >= *whole_from ? all : all.substr(0, log::kSegmentHeaderBytes)));
    }
    Result<node::OpenReport> report = node_->finish_open(config.name, now(), out_);
    if (!report) return report.error();
    v.report = *report;
    return {};
  };
  v.open_failure = open();
  world_.trace().add(world_.now(), "{}/{} opened: last {} replayed {} torn {} {}", name(), config.name,
                     v.report.last.value, v.report.replayed, v.report.torn_bytes,
                     v.open_failure.ok() ? v.report.damage.to_string() : v.open_failure.to_string());
  carry();
}

void Machine::crash(CrashKind kind) {
  CHECK(state_ != State::kDown);
  world_.trace().add(world_.now(), "{} {}", name(), kind == CrashKind::kPower ? "loses power" : "is killed");
  world_.deed("crash {}{}", name(), kind == CrashKind::kPower ? " power" : "");
  process_gone();
  world_.net().host_gone(index_, kind == CrashKind::kPower);
  for (auto& [ns, v] : volumes_) {
    if (!v->checkpoint_unwritten.empty() && rng_.chance(1, 2)) {
      world_.markers().reach(Marker::kCheckpointOutlived);
      write_checkpoint(*v, std::move(v->checkpoint_unwritten));
    }
    v->checkpoint_unwritten.clear();
    v->disk.crash(kind, rng_);
    if (world_.mutates(DriverMutation::kTailCut, 4)) v->disk.cut_tail(200 + rng_.below(400));
  }
  for (Observer* observer : world_.observers()) observer->on_down(*this);
}

void Machine::stop() {
  CHECK(state_ == State::kUp);
  state_ = State::kStopping;
  world_.trace().add(world_.now(), "{} stops", name());
  world_.deed("stop {}", name());
  node_->begin_stop(now(), out_);
  carry();
  end_turn();
}

bool Machine::is_older() const {
  return std::any_of(config_.namespaces.begin(), config_.namespaces.end(),
                     [](const node::NamespaceConfig& ns) { return ns.release != repl::kReleaseNow; });
}

void Machine::upgrade() {
  if (!is_older()) return;
  world_.trace().add(world_.now(), "{} is brought to the newest release", name());
  world_.deed("upgrade {}", name());
  for (node::NamespaceConfig& ns : config_.namespaces) ns.release = repl::kReleaseNow;
}

void Machine::finish_stop() {
  if (state_ != State::kStopping) return;
  world_.trace().add(world_.now(), "{} stopped", name());
  process_gone();
  world_.net().host_gone(index_, false);
  for (Observer* observer : world_.observers()) observer->on_down(*this);
}

void Machine::process_gone() {
  for (Observer* observer : world_.observers()) observer->on_leaving(*this);
  late_writes_ = 0;
  held_ = {};
  state_ = State::kDown;
  node_.reset();
  turn_open_ = false;
  tick_at_ = Instant{INT64_MAX};
  last_read_.clear();
  auto pending = std::move(pending_);
  pending_.clear();
  auto watches = std::move(watches_);
  watches_.clear();
  for (auto& [id, watch] : watches) watch.watcher->on_machine_down();
  for (auto& [id, lost] : pending) {
    Answer answer{true, Reply::failure(Status(StatusCode::kUnavailable, "the process ended"))};
    tell(lost.asked, answer);
    world_.queue().after(Duration{0}, [on_answer = std::move(lost.on_answer), answer] { on_answer(answer); });
  }
}

std::map<std::string, Volume> Machine::copy_volumes() const {
  std::map<std::string, Volume> copy;
  for (const auto& [ns, v] : volumes_) copy.emplace(ns, *v);
  return copy;
}

void Machine::put_volumes(const std::map<std::string, Volume>& copy) {
  CHECK(state_ == State::kDown);
  for (const auto& [ns, v] : copy) *volumes_.at(ns) = v;
}

void Machine::lose_disks(bool drained) {
  CHECK(state_ == State::kDown);
  world_.trace().add(world_.now(), "{} loses its disks", name());
  world_.deed("wipe {}{}", name(), drained ? " drained" : "");
  world_.markers().reach(Marker::kDiskLost);
  for (Observer* observer : world_.observers()) observer->on_losing_disks(*this, drained);
  for (auto& [ns, v] : volumes_) {
    std::uint64_t& used = epochs_used_[ns];
    const VersionVector on_it = context_of(read_log(v->disk));
    for (const auto& entry : on_it.entries()) {
      if (entry.first.node == name()) used = std::max(used, entry.first.epoch);
    }
    lost_disks_[ns].push_back(std::move(v->disk));
    *v = Volume{};
    if (world_.mutation() == DriverMutation::kSyncLies) v->disk.lie_about_syncs(true);
  }
}

Status Machine::begin_with_backup(const std::string& ns, ByteSpan file) {
  CHECK(state_ == State::kDown);
  Volume& v = volume(ns);
  BackupReader reader;
  reader.add(file);
  std::unique_ptr<node::Rebuild> rebuild;
  for (;;) {
    Result<std::optional<BackupReader::Block>> block = reader.next();
    if (!block) return block.error();
    if (!*block) break;
    if (const auto* header = std::get_if<BackupHeader>(&**block)) {
      Result<std::unique_ptr<node::Rebuild>> begun = node::Rebuild::begin(v.kv, *header, {header->cluster, {}});
      if (!begun) return begun.error();
      rebuild = std::move(*begun);
    } else if (const auto* cells = std::get_if<std::vector<CutCell>>(&**block)) {
      PANDO_RETURN_IF_ERROR(rebuild->take(*cells));
    }
  }
  PANDO_RETURN_IF_ERROR(reader.finish());
  PANDO_RETURN_IF_ERROR(rebuild->finish());
  const Bytes segment = rebuild->first_segment();
  PANDO_RETURN_IF_ERROR(v.disk.prepare(log::kFirstSegmentId, segment.size()));
  PANDO_RETURN_IF_ERROR(v.disk.write(log::kFirstSegmentId, 0, segment));
  return v.disk.sync();
}

void Machine::leave() {
  world_.trace().add(world_.now(), "{} never comes back", name());
  world_.deed("leave {}", name());
  kept_down_ = true;
  volumes_.clear();
  config_.namespaces.clear();
  config_.node.links.clear();
}

const std::vector<Disk>& Machine::lost_disks(const std::string& ns) const {
  static const std::vector<Disk> none;
  const auto lost = lost_disks_.find(ns);
  return lost == lost_disks_.end() ? none : lost->second;
}

bool Machine::shut(const std::string& ns) const {
  const auto used = epochs_used_.find(ns);
  if (used == epochs_used_.end() || used->second == 0) return false;
  const Result<StatsReply> stats = node_->stats(ns);
  return !stats || stats->origin.epoch <= used->second;
}

VersionVector Machine::context(const std::string& ns) const {
  if (state_ == State::kDown) return {};
  const VersionVector* context = node_->durable_context(ns);
  return context == nullptr ? VersionVector{} : *context;
}

bool Machine::takes(const std::string& ns, std::string_view table) const {
  const TableScope* const tables = state_ == State::kDown ? nullptr : node_->tables(ns);
  return tables == nullptr || tables->subscribe.has(table);
}

TableSet Machine::taken(const std::string& ns) const {
  if (const TableScope* const tables = state_ == State::kDown ? nullptr : node_->tables(ns)) return tables->subscribe;
  for (const node::NamespaceConfig& one : config().namespaces) {
    if (one.name == ns) return one.tables.subscribe;
  }
  return {};
}

bool Machine::knows_retired(const std::string& ns, const Origin& origin) const {
  const engine::RetiredNodes* const retired = state_ == State::kDown ? nullptr : node_->retired(ns);
  return retired != nullptr && retired->has(origin);
}

bool Machine::knows_lost(const std::string& ns, const std::string& node) const {
  const engine::RetiredNodes* const retired = state_ == State::kDown ? nullptr : node_->retired(ns);
  return retired != nullptr && retired->lost(node);
}

bool Machine::at_rest(const std::string& ns) const { return state_ == State::kDown || node_->at_rest(ns); }

bool Machine::takes_writes(const std::string& ns) const {
  for (const node::NamespaceConfig& held : config_.namespaces) {
    if (held.name == ns) return held.writable;
  }
  return false;
}

bool Machine::healthy(const std::string& ns) const {
  if (state_ != State::kUp || !holds(ns) || !volume(ns).open_failure.ok()) return false;
  for (const node::Node::Health& health : node_->health()) {
    if (health.ns == ns) return health.status.ok();
  }
  return false;
}

// Inputs. ----------------------------------------------------------------------------------------------------

void Machine::input(node::Input in) {
  if (state_ == State::kDown) return;
  node_->accept(std::move(in), now(), out_);
  carry();
  if (turn_open_ || state_ == State::kDown) return;
  turn_open_ = true;
  // Sometimes others join the turn.
  later(rng_.chance(1, 2) ? Duration{0} : up_to(Duration::micros(200)), [this] { end_turn(); });
}

void Machine::end_turn() {
  turn_open_ = false;
  node_->end_turn(now(), out_);
  const Instant wake_at = out_.wake_at;
  carry();
  schedule_tick(wake_at);
  if (state_ == State::kStopping && node_->stopped()) later(Duration{0}, [this] { finish_stop(); });
}

void Machine::schedule_tick(Instant at) {
  if (at.mono_us == INT64_MAX || at >= tick_at_) return;
  tick_at_ = at = std::max(at, world_.now() + Duration::micros(1));
  world_.queue().at(at, EventKind::kTimer, [this, boot = boots_, at] {
    if (boot != boots_ || state_ == State::kDown || tick_at_ != at) return;
    tick_at_ = Instant{INT64_MAX};
    input(node::Tick{});
  });
}

void Machine::ask(const std::string& ns, Request request, OnAnswer on_answer, Terms terms) {
  const RequestId id(++next_request_);
  Pending pending{{this, id.value, ns, std::move(request), world_.now(), context(ns), terms}, std::move(on_answer)};
  for (Observer* observer : world_.observers()) observer->on_asked(pending.asked);
  world_.trace().add(world_.now(), "{}/{} asked {} {}", name(), ns, id.value, request_name(pending.asked.request));
  if (state_ == State::kDown || shut(ns)) {
    const Answer answer{true, Reply::failure(Status(StatusCode::kUnavailable, "connection refused"))};
    tell(pending.asked, answer);
    world_.queue().after(Duration{0}, [on_answer = std::move(pending.on_answer), answer] { on_answer(answer); });
    return;
  }
  Request handed_in = pending.asked.request;
  if (takes_writes(ns) && is_plain_write(handed_in) && world_.mutates(DriverMutation::kReplyInvented, 30)) {
    const Answer answer{false, Reply{{}, DoneReply{1}, {}}};
    tell(pending.asked, answer);
    world_.queue().after(Duration::millis(1),
                         [on_answer = std::move(pending.on_answer), answer] { on_answer(answer); });
    return;
  }
  const bool twice = is_plain_write(handed_in) && world_.mutates(DriverMutation::kRequestTwice, 30);
  pending_.emplace(id, std::move(pending));
  if (twice) input(node::ClientRequest{RequestId(++next_request_ | (1ull << 63)), ns, handed_in, terms});
  if (world_.mutates(DriverMutation::kKeyForgotten, 2)) terms.idempotency_key.reset();
  input(node::ClientRequest{id, ns, std::move(handed_in), std::move(terms)});
}

void Machine::tell(const Asked& asked, const Answer& answer) {
  const auto tell_all = [&](const Asked& one, const Answer& its) {
    for (Observer* observer : world_.observers()) observer->on_answer(one, its);
  };
  const auto* pipeline = std::get_if<PipelineRequest>(&asked.request);
  if (pipeline == nullptr) return tell_all(asked, answer);
  const auto* done = std::get_if<PipelineReply>(&answer.reply.body);
  Asked item{asked.machine, asked.number, asked.ns, {}, asked.at, asked.context, asked.terms};
  for (std::size_t i = 0; i < pipeline->items.size(); ++i) {
    item.request = pipeline->items[i].request;
    if (answer.lost || !answer.reply.status.ok()) {
      tell_all(item, answer);
    } else if (done == nullptr || done->items.size() != pipeline->items.size()) {
      world_.violation("driver", fmt::format("{}: request {} is a pipeline, its answer is not", name(), asked.number));
    } else {
      const ItemReply& part = done->items[i];
      Reply reply{part.status, part.body, {}};
      reply.reached = answer.reply.reached;
      if (part.seq) reply.dot = Dot{answer.reply.dot->origin, *part.seq};
      tell_all(item, {false, std::move(reply)});
    }
  }
}

WatchId Machine::open_watch(Watcher& watcher, const std::string& ns, const WatchFilter& filter,
                            const std::string& cursor) {
  const WatchId id(++next_watch_);
  watches_.emplace(id, OpenWatch{&watcher, false});
  // Not from inside the watcher's own call: the answer needs to find it attached.
  later(up_to(Duration::millis(1)), [this, id, ns, filter, cursor] {
    if (watches_.count(id) != 0) input(node::WatchOpen{id, ns, filter, cursor});
  });
  if (state_ == State::kDown) {
    watches_.erase(id);
    world_.queue().after(Duration{0}, [&watcher] { watcher.on_machine_down(); });
  }
  return id;
}

void Machine::watch_ready(WatchId id) {
  const auto it = watches_.find(id);
  if (it == watches_.end()) return;
  it->second.batch_out = false;
  input(node::WatchReady{id});
}

void Machine::close_watch(WatchId id) {
  if (watches_.erase(id) != 0) input(node::WatchClose{id});
}

void Machine::on_link_up(LinkId id, std::uint64_t dial_id, const std::string& peer_address) {
  world_.trace().add(world_.now(), "{} link {} up {} dial {}", name(), id.value, peer_address, dial_id);
  input(node::LinkUp{id, dial_id, peer_address});
}

void Machine::on_link_frame(LinkId id, Bytes frame) {
  const std::uint8_t kind = frame.empty() ? 0 : static_cast<std::uint8_t>(frame[0]);
  if (kind != static_cast<std::uint8_t>(repl::FrameKind::kHeartbeat)) {
    world_.trace().add(world_.now(), "{} link {} {} of {} bytes", name(), id.value, repl::frame_kind_name(kind),
                       frame.size());
  }
  input(node::LinkFrame{id, std::move(frame)});
}

void Machine::on_link_drained(LinkId id, std::size_t bytes) { input(node::LinkDrained{id, bytes}); }

void Machine::on_link_down(LinkId id, std::uint64_t dial_id, const std::string& reason) {
  world_.trace().add(world_.now(), "{} link {} dial {} down: {}", name(), id.value, dial_id, reason);
  input(node::LinkDown{id, dial_id, reason});
}

}  // namespace pando::sim
