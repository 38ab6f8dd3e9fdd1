// sim/machine.h — one machine: a process that runs the real node::Node, its disks, its clock, its clients.
//
//   kDown      no process; disks keep what they have           → kUp by boot()
//   kUp        inputs are taken, outputs are carried out       → kDown by crash(), kStopping by stop()
//   kStopping  a clean shutdown under way                      → kDown by itself, or by crash()
//
// Every output becomes a later event of the queue, and every event remembers which process asked, so that
// nothing reaches a process that did not. A crash may come between any two events. What the node is promised
// (node/io.h) is checked in return: one log write and one checkpoint in flight, one reply per request, one
// batch per watcher until it is ready; what breaks that is a violation.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "node/node.h"
#include "sim/clock.h"
#include "sim/disk.h"
#include "sim/net.h"
#include "sim/observer.h"
#include "store/memory_kv.h"

namespace pando::sim {

struct MachineConfig {
  node::NodeConfig node;
  std::string address;  // what others dial: "dc1:4001"
  std::vector<node::NamespaceConfig> namespaces;
};

// How fast its disks are.
struct DiskSpeed {
  Duration write_max = Duration::micros(100);
  Duration sync_min = Duration::micros(100);
  Duration sync_max = Duration::millis(2);
};

// What one namespace owns on disk.
struct Volume {
  Disk disk;
  store::MemoryKv kv;
  // Of the process that runs.
  std::size_t log_writes = 0;     // given and not answered
  std::size_t log_unsynced = 0;   // of these, written and in no sync yet
  std::size_t log_syncing = 0;    // of these, in the sync that is under way
  bool log_written_told = false;  // all of these are with the operating system, and the node knows
  bool checkpoint_in_flight = false;
  store::Batch checkpoint_unwritten;  // asked for; a crash may still see it through
  Status open_failure;
  node::OpenReport report;
};

class Machine final : public NetHost {
 public:
  enum class State : std::uint8_t { kDown, kUp, kStopping };
  using OnAnswer = std::function<void(const Answer&)>;

  Machine(World& world, MachineIndex index, MachineConfig config, Prng rng);
  ~Machine() override;

  void boot();
  void crash(CrashKind kind);
  void stop();
  // Down on purpose: nobody starts it who looks at may_boot() first.
  void keep_down(bool down) { kept_down_ = down; }
  bool may_boot() const { return state_ == State::kDown && !kept_down_; }
  // While it is down, its disks are lost, and empty ones take their place. With those it might use numbers again that
  // it has used, so clients are sent elsewhere until it goes on as a later epoch
  // (docs/design/019-backup-and-restore.md, "A new directory").
  void lose_disks(bool drained);
  // In place of those that it has lost, what a new directory holds that was made of a backup (node/rebuild.h).
  Status begin_with_backup(const std::string& ns, ByteSpan file);
  // It has lost its disks and never comes back.
  void leave();
  // From its next start on it is of the newest release.
  void upgrade();
  // The process that runs is not.
  bool older() const { return state_ != State::kDown && older_; }

  // Hands a request to the node; `on_answer` is called once, later. On a machine that is down it is lost.
  void ask(const std::string& ns, Request request, OnAnswer on_answer, Terms terms = {});
  // Watchers (sim/watcher.h) come and go.
  WatchId open_watch(Watcher& watcher, const std::string& ns, const WatchFilter& filter, const std::string& cursor);
  void watch_ready(WatchId id);
  void close_watch(WatchId id);

  MachineIndex index() const { return index_; }
  const std::string& name() const { return config_.node.node_name; }
  const MachineConfig& config() const { return config_; }
  State state() const { return state_; }
  bool up() const { return state_ == State::kUp; }
  bool holds(const std::string& ns) const { return volumes_.count(ns) != 0; }
  Volume& volume(const std::string& ns) { return *volumes_.at(ns); }
  const Volume& volume(const std::string& ns) const { return *volumes_.at(ns); }
  // Those that it has lost, oldest first.
  const std::vector<Disk>& lost_disks(const std::string& ns) const;
  // A copy of its disks, as a snapshot of the storage takes it; and back, while no process runs.
  std::map<std::string, Volume> copy_volumes() const;
  void put_volumes(const std::map<std::string, Volume>& copy);
  Clock& clock() { return clock_; }
  DiskSpeed& disk_speed() { return disk_speed_; }
  // It is configured to be of an earlier release.
  bool is_older() const;
  // Of the running process.
  const node::Node& node() const { return *node_; }
  // What the node has applied; empty when it is down or does not serve.
  VersionVector context(const std::string& ns) const;
  // The table comes here from others now; also while it is down.
  bool takes(const std::string& ns, std::string_view table) const;
  // All tables that come here from others now; of one that is down, as it is configured.
  TableSet taken(const std::string& ns) const;
  // It has heard that the origin is retired. False while it is down.
  bool knows_retired(const std::string& ns, const Origin& origin) const;
  // Some epoch of that node is counted as lost with its disk. False while it is down.
  bool knows_lost(const std::string& ns, const std::string& node) const;
  // Node::at_rest(); also while it is down.
  bool at_rest(const std::string& ns) const;
  // A replicator of it, not a relayer.
  bool takes_writes(const std::string& ns) const;
  // Up, and the namespace serves.
  bool healthy(const std::string& ns) const;
  // The last notes, oldest first, over all processes.
  const std::deque<std::string>& notes() const { return notes_; }
  std::uint64_t restarts() const { return boots_; }

  // NetHost.
  std::uint64_t incarnation() const override { return state_ == State::kDown ? 0 : boots_; }
  LinkId new_link() override { return LinkId(++next_link_); }
  void on_link_up(LinkId id, std::uint64_t dial_id, const std::string& peer_address) override;
  void on_link_frame(LinkId id, Bytes frame) override;
  void on_link_drained(LinkId id, std::size_t bytes) override;
  void on_link_down(LinkId id, std::uint64_t dial_id, const std::string& reason) override;

  // Its own clocks.
  Time now() const;

 private:
  struct Pending {
    Asked asked;
    OnAnswer on_answer;
  };
  struct OpenWatch {
    Watcher* watcher = nullptr;
    bool batch_out = false;
  };

  void open_namespace(const node::NamespaceConfig& config);
  void input(node::Input input);
  void end_turn();
  // Everything the node said; leaves out_ empty.
  void carry();
  void finish_stop();
  // Clients are refused.
  bool shut(const std::string& ns) const;
  void process_gone();
  // Tells the observers; of a pipeline, item by item.
  void tell(const Asked& asked, const Answer& answer);
  void schedule_tick(Instant at);
  // Runs `action` later if this process still runs then.
  void later(Duration delay, std::function<void()> action);
  Duration up_to(Duration max);

  // For mutations.
  void hold_back();
  void write_late(node::LogWrite write);
  void carry_reply(node::ReplyOut& out);
  void carry_watches();
  void carry_log_write(node::LogWrite write);
  void sync_log(const std::string& ns);
  void log_written(const std::string& ns, Status status);
  void carry_prepare(const node::SegmentPrepare& prepare);
  void carry_remove(const node::SegmentRemove& remove);
  void carry_read(const node::LogRead& read);
  void carry_checkpoint(node::CheckpointWrite write);
  void carry_backups();
  void carry_backup_files();
  Result<BackupTakenReply> take_backup(const node::BackupTake& take);
  void carry_links();
  void write_checkpoint(Volume& volume, store::Batch batch);

  World& world_;
  MachineIndex index_;
  MachineConfig config_;
  Prng rng_;
  Clock clock_;
  DiskSpeed disk_speed_;
  State state_ = State::kDown;
  std::uint64_t boots_ = 0;
  bool older_ = false;  // the last process was of an earlier release
  std::map<std::string, std::unique_ptr<Volume>> volumes_;
  std::map<std::string, std::vector<Disk>> lost_disks_;
  std::map<std::string, std::uint64_t> epochs_used_;  // on disks that it has lost
  bool kept_down_ = false;

  std::unique_ptr<node::Node> node_;
  node::Outputs out_;
  bool turn_open_ = false;
  Instant tick_at_{INT64_MAX};
  std::uint64_t next_request_ = 0;
  std::uint64_t next_link_ = 0;
  std::uint64_t next_watch_ = 0;
  std::map<RequestId, Pending> pending_;
  std::map<WatchId, OpenWatch> watches_;
  std::map<std::string, Reply> last_read_;  // for a mutation
  std::deque<std::string> notes_;
  // For mutations: log writes that were answered and not done, and what waits for them.
  std::uint64_t late_writes_ = 0;
  node::Outputs held_;
};

}  // namespace pando::sim
