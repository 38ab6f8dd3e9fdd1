#include "sim/backup_work.h"

#include <fmt/core.h>

#include "base/check.h"
#include "model/backup.h"
#include "sim/checkers/checkers.h"
#include "sim/lost_disks.h"

namespace pando::sim {
namespace {

constexpr int kQuestionsMax = 60;

// Of the node's own state, which the next one may have mended.
bool is_of_the_moment(StatusCode code) {
  return code == StatusCode::kUnavailable || code == StatusCode::kOverloaded || code == StatusCode::kTimeout;
}

}  // namespace

BackupWork::BackupWork(World& world, std::vector<std::string> namespaces, std::optional<Prng> losses)
    : world_(world), namespaces_(std::move(namespaces)), rng_(world.fork_rng()), losses_(losses) {}

void BackupWork::start() {
  tick();
  if (!losses_ || !losses_->chance(1, 2)) return;
  const Duration at = Duration::millis(static_cast<std::int64_t>(1000 + losses_->below(6000)));
  world_.queue().at(world_.now() + at, EventKind::kTimer, [this] { go_down(); });
}

void BackupWork::stop() { stopping_ = true; }

std::map<std::string, std::string> BackupWork::files_of(const Machine& machine) const {
  std::map<std::string, std::string> last;
  for (const File& file : files_) {
    if (file.of == &machine) last[file.ns] = file.path;
  }
  return last;
}

void BackupWork::go_down() {
  if (stopping_) return;
  std::vector<Machine*> candidates;
  for (const auto& machine : world_.machines()) {
    if (machine->up() && files_of(*machine).size() == namespaces_.size()) candidates.push_back(machine.get());
  }
  if (candidates.empty()) {
    return world_.queue().at(world_.now() + Duration::millis(500), EventKind::kTimer, [this] { go_down(); });
  }
  lost_ = candidates[losses_->below(candidates.size())];
  lost_->keep_down(true);
  lost_->crash(losses_->chance(1, 2) ? CrashKind::kProcess : CrashKind::kPower);
  questions_left_ = kQuestionsMax;
  const Duration away = Duration::millis(static_cast<std::int64_t>(losses_->below(4000)));
  world_.queue().at(world_.now() + away, EventKind::kTimer, [this] { begin_with_backup(); });
}

// Where the others never heard of its last epoch, nobody could tell it which numbers it has used: then its own disks
// are the ones to start with.
void BackupWork::begin_with_backup() {
  const bool known = others_know_of(world_, *lost_);
  if (!known && !(stopping_ && questions_left_-- <= 0)) {
    const Duration pause = Duration::millis(500);
    return world_.queue().at(world_.now() + pause, EventKind::kTimer, [this] { begin_with_backup(); });
  }
  if (known) {
    lost_->lose_disks(false);
    for (const auto& [ns, path] : files_of(*lost_)) {
      world_.deed("begin {} {} {}", lost_->name(), ns, path);
      const Status status = lost_->begin_with_backup(ns, world_.backup_files().at(path));
      if (!status.ok()) world_.violation("backup", fmt::format("{}: {}", path, status.to_string()));
    }
    world_.markers().reach(Marker::kBackupBegunWith);
  }
  lost_->keep_down(false);
  lost_->boot();
}

void BackupWork::tick() {
  if (stopping_) return;
  Machine& machine = *world_.machines()[rng_.below(world_.machines().size())];
  const std::string& ns = namespaces_[rng_.below(namespaces_.size())];
  const bool may = machine.healthy(ns) && holds_whole(machine, ns) && machine.takes_writes(ns);
  if (may && (files_.empty() || rng_.chance(1, 3))) {
    take(machine, ns);
  } else if (may) {
    // An old one as likely as the last one.
    const File& file = files_[rng_.below(files_.size())];
    if (file.ns == ns) merge(machine, file);
  }
  const Duration pause = Duration::millis(static_cast<std::int64_t>(200 + rng_.below(2500)));
  world_.queue().at(world_.now() + pause, EventKind::kTimer, [this] { tick(); });
}

void BackupWork::take(Machine& machine, const std::string& ns) {
  const File file{ns, fmt::format("{}-{}.backup", ns, ++count_), &machine};
  machine.ask(ns, BackupRequest{file.path}, [this, file](const Answer& answer) {
    if (answer.lost || !answer.reply.status.ok()) return;
    world_.markers().reach(Marker::kBackupTaken);
    files_.push_back(file);
  });
}

void BackupWork::merge(Machine& machine, const File& file) {
  RestoreRequest request;
  request.path = file.path;
  request.dry_run = rng_.chance(1, 8);
  request.foreign = true;  // of a fleet that has not met yet, perhaps
  machine.ask(file.ns, request, [this, &machine, file](const Answer& answer) {
    if (answer.lost || is_of_the_moment(answer.reply.status.code())) return;
    // The disk that it is of was declared lost: it is refused, and what is in it can be restored by tables.
    const bool lost = machine.knows_lost(file.ns, file.of->name());
    if (lost && answer.reply.status.code() == StatusCode::kConflict) return;
    if (!answer.reply.status.ok()) {
      return world_.violation("backup", fmt::format("{}/{} does not take {}: {}", machine.name(), file.ns, file.path,
                                                    answer.reply.status.to_string()));
    }
    const auto* done = std::get_if<RestoreReply>(&answer.reply.body);
    if (done == nullptr || done->dry_run) return;
    world_.markers().reach(done->news_commits > 0 ? Marker::kBackupNews : Marker::kBackupMerged);
  });
}

Bytes overstate_backup(ByteSpan file, const VersionVector& there) {
  BackupReader reader;
  reader.add(file);
  BackupWriter writer;
  Bytes changed;
  while (!reader.ended()) {
    Result<std::optional<BackupReader::Block>> block = reader.next();
    CHECK(block.has_value() && block->has_value());  // it was made here
    if (auto* header = std::get_if<BackupHeader>(&**block)) {
      const VersionVector said = header->cut.context;
      for (const auto& [origin, seq] : said.entries()) {
        // But for the last one, whose running hash would show it.
        const Seq known = there.get(origin);
        if (known.value > seq.value + 1) header->cut.context.raise(origin, Seq(known.value - 1));
      }
      changed = writer.begin(*header);
    } else if (const auto* cells = std::get_if<std::vector<CutCell>>(&**block)) {
      for (const CutCell& cell : *cells) writer.add(cell.key, *cell.state);
      changed += writer.take_block();
    }
  }
  return changed + writer.end();
}

}  // namespace pando::sim
