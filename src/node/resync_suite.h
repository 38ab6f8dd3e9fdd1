// node/resync_suite.h — two namespaces and one link between them, in memory: for tests of what a resync brings and
// costs.
//
// No disk but a map of segments, no other traffic, time in turns of a millisecond; so bytes are counted exactly.
#pragma once

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "node/opening.h"
#include "node/peer_path.h"
#include "store/memory_kv.h"

namespace pando::node {

class ResyncSite {
 public:
  static constexpr std::uint64_t kSegmentBytes = 64 << 10;

  // How a peer that was away comes back: by the log, unless said otherwise.
  struct Tail {
    std::uint64_t bytes_max = 1 << 30;
    std::uint64_t bytes_min = 1 << 30;
  };

  explicit ResyncSite(std::string name, const Tail& tail = {1 << 30, 1 << 30}, Duration equality_interval = {},
                      const TableScope& tables = {})
      : name_(std::move(name)) {
    ns_.equality_interval = equality_interval;
    ns_.tables = tables;
    ns_.name = "ns";
    ns_.segment_bytes = kSegmentBytes;
    ns_.tail_bytes_max = tail.bytes_max;
    ns_.tail_bytes_min = tail.bytes_min;
    open();
  }

  // The process ends; what is durable stays.
  void restart() {
    peers_.reset();
    replica_.reset();
    open();
  }

  // What the configuration says from the next start on.
  void configure(const TableScope& tables) { ns_.tables = tables; }

  // And in what parts a table arrives.
  void arrive_in_parts(std::size_t bytes) {
    ns_.arrival_part_bytes = bytes;
    restart();
  }

  // The same, by a program of that release.
  void begin_as(repl::Release release) {
    ns_.release = release;
    restart();
  }

  // A new directory in place of the old one: `make` fills the store and says what the first segment is.
  void begin_anew(const std::function<Bytes(store::Kv&)>& make) {
    peers_.reset();
    replica_.reset();
    kv_.emplace();
    segments_.clear();
    segments_[log::kFirstSegmentId] = make(*kv_);
    open();
  }

  void put(const std::string& key, const Bytes& value) {
    const CellPath path{"kv", key, CellKind::kRegister, ""};
    std::vector<Dot> seen;
    if (const auto reg = replica_->cells().find_register(path); reg && *reg != nullptr) seen = (*reg)->dots();
    commit({PutOp{path, value, seen}});
  }
  void remove(const std::string& key) { commit({ClearOp{"kv", key, replica_->cells().context()}}); }
  void count(const std::string& key, std::uint64_t by) {
    const CellPath path{"kv", key, CellKind::kCounter, ""};
    const auto counter = replica_->cells().find_counter(path);
    const crdt::Counter none;
    const crdt::Counter& held = *counter == nullptr ? none : **counter;
    const auto op = crdt::add_op(held, path, replica_->next_dot(), static_cast<std::int64_t>(by));
    commit({*op});
  }
  void commit(std::vector<Op> ops) {
    CHECK(replica_->commit(std::move(ops), now).has_value());
    settle_disk();
  }

  std::string value(const std::string& key) {
    const auto reg = replica_->cells().find_register({"kv", key, CellKind::kRegister, ""});
    CHECK(reg.has_value());
    return *reg == nullptr || (*reg)->empty() ? "(none)" : (*reg)->resolve()->value;
  }
  std::int64_t counter(const std::string& key) {
    const auto counter = replica_->cells().find_counter({"kv", key, CellKind::kCounter, ""});
    return *counter == nullptr ? 0 : (*counter)->value();
  }
  std::string digest() { return replica_->cells().digest()->fingerprint; }

  // Everything but the newest segment is gone.
  void cut_log() {
    while (replica_->index().segments().size() > 1) segments_.erase(replica_->drop_oldest_segment());
  }
  // All that changed is in the store, so that a start needs no earlier segment.
  void checkpoint() {
    const store::Batch batch =
        replica_->cells().begin_checkpoint(replica_->index().segments().back().header.segment_id);
    CHECK(kv_->write(batch).ok());
    replica_->cells().checkpoint_done({});
  }

  // The cell is otherwise than its commits made it; nothing: it is not there.
  void tamper(const std::string& key, std::optional<Bytes> value) {
    store::Cells& cells = replica_->cells();
    const auto cell = cells.load({"kv", key, CellKind::kRegister, ""});
    CHECK(cell.has_value() && !(*cell)->empty());
    crdt::Register other;
    if (value) {
      for (const auto& entry : (*cell)->reg().entries()) other.put(entry.dot, entry.hlc, *value, {});
    }
    (*cell)->reg() = other;
    cells.changed(**cell, cells.applied().next());
  }
  StatsReply stats() const {
    StatsReply stats;
    peers_->add_stats(stats);
    return stats;
  }

  void settle_disk() {
    for (bool more = true; more;) {
      more = false;
      replica_->hand_out(now, out_);
      for (const SegmentPrepare& prepare : std::exchange(out_.segment_prepares, {})) {
        segments_[prepare.segment_id] = Bytes(prepare.bytes_total, '\0');
        replica_->on_prepared(prepare.segment_id, {}, now, out_);
        more = true;
      }
      for (const LogWrite& write : std::exchange(out_.log_writes, {})) {
        segments_[write.segment_id].replace(write.offset, write.bytes.size(), write.bytes);
        replica_->on_written({}, {[](const DurableCommit&) {}, [](LogPos, const VersionVector&) {}}, out_);
        more = true;
      }
    }
  }
  void end_turn() {
    settle_disk();
    peers_->end_turn(now, next_read_id_, out_);
    for (const LogRead& read : std::exchange(out_.log_reads, {})) {
      peers_->on_log_read(read.read_id, {}, segments_.at(read.segment_id).substr(read.offset, read.bytes), out_);
    }
    settle_disk();
  }

  PeerPath& peers() { return *peers_; }
  Replica& replica() { return *replica_; }
  Outputs& out() { return out_; }
  store::Kv& kv() { return *kv_; }
  const std::string& name() const { return name_; }
  Time now{1'000'000, 1'700'000'000'000};

 private:
  void open() {
    auto opening = Opening::begin(ns_, name_, *kv_);
    CHECK(opening.has_value());
    for (const auto& [id, bytes] : segments_) (void)(*opening)->feed(id, bytes);
    OpenReport report;
    replica_ = (*opening)->finish(report);
    CHECK(report.damage.ok());
    peers_.emplace(*replica_, config_, 0);
  }

  std::string name_;
  NamespaceConfig ns_;
  NodeConfig config_;
  std::optional<store::MemoryKv> kv_{std::in_place};
  std::map<std::uint64_t, Bytes> segments_;
  std::unique_ptr<Replica> replica_;
  std::optional<PeerPath> peers_;
  Outputs out_;
  std::uint64_t next_read_id_ = 1;
};

// A link between two sites, and the bytes that crossed it.
class ResyncWire {
 public:
  // A site with several tells them apart by where they count from.
  ResyncWire(ResyncSite& a, ResyncSite& b, std::uint64_t first_id = 0) : a_(a), b_(b), id_(first_id) { connect(); }

  void connect() {
    ++id_;
    for (ResyncSite* site : {&a_, &b_}) site->peers().open(LinkId(id_), {.dialed = false, .label = "peer"}, site->now);
  }
  void disconnect() {
    for (ResyncSite* site : {&a_, &b_}) site->peers().close(LinkId(id_));
  }
  // So many turns of a millisecond each.
  void run(int turns) {
    for (; turns > 0; --turns) {
      for (ResyncSite* from : {&a_, &b_}) {
        ResyncSite& to = from == &a_ ? b_ : a_;
        from->now.mono_us += 1000;
        from->now.wall_ms += 1;
        from->end_turn();
        for (LinkSend& send : std::exchange(from->out().link_sends, {})) {
          if (send.id != LinkId(id_)) {
            from->out().link_sends.push_back(std::move(send));  // of another wire
            continue;
          }
          bytes_ += send.frame.size();
          from->peers().on_drained(send.id, send.frame.size());
          if (holds_commits && carries_commits(send.frame)) {
            held_.emplace_back(&to, send);
          } else {
            to.peers().on_frame(send.id, send.frame, to.now, to.out());
          }
        }
      }
    }
  }
  // Until both hold the same, at most `turns`.
  bool settle(int turns = 20'000) {
    for (; turns > 0; turns -= 50) {
      run(50);
      if (a_.replica().durable_context() == b_.replica().durable_context()) return true;
    }
    return false;
  }
  // Commits that are sent while this is set come when release() is called; all else overtakes them.
  bool holds_commits = false;
  void release() {
    holds_commits = false;
    for (auto& [to, send] : std::exchange(held_, {})) to->peers().on_frame(send.id, send.frame, to->now, to->out());
  }
  std::uint64_t take_bytes() { return std::exchange(bytes_, 0); }

 private:
  static bool carries_commits(ByteSpan frame) {
    const Result<repl::Frame> decoded = repl::decode_frame(frame);
    return decoded &&
           (std::holds_alternative<repl::Body>(*decoded) || std::holds_alternative<repl::BodyPart>(*decoded));
  }

  ResyncSite& a_;
  ResyncSite& b_;
  std::vector<std::pair<ResyncSite*, LinkSend>> held_;
  std::uint64_t id_ = 0;
  std::uint64_t bytes_ = 0;
};

inline std::string key_of(int n) { return fmt::format("user:{:07}", n); }

inline void write_many(ResyncSite& site, int from, int to) {
  for (int n = from; n < to; n += 500) {
    std::vector<Op> ops;
    for (int i = n; i < std::min(n + 500, to); ++i) {
      ops.push_back(PutOp{{"kv", key_of(i), CellKind::kRegister, ""}, fmt::format("value {}", i), {}});
    }
    site.commit(std::move(ops));
  }
}

}  // namespace pando::node
