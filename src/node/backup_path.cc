#include "node/backup_path.h"

#include <fmt/core.h>

#include <algorithm>

namespace pando::node {
namespace {

constexpr Duration kCheckpointWithin = Duration::seconds(60);

}  // namespace

void BackupPath::handle(RequestId id, BackupRequest&& request, Time now) {
  replica_.begin_sharing();
  backups_[id] = {std::move(request.path), replica_.cells().applied(), instant_of(now) + kCheckpointWithin, false};
}

void BackupPath::on_taken(BackupTaken&& taken, Outputs& out) {
  if (backups_.erase(taken.id) == 0) return;  // answered already: the namespace has failed
  replica_.end_sharing();
  Reply reply;
  if (taken.result) {
    out.notes.push_back({Note::Level::kInfo, replica_.name(),
                         fmt::format("backup {}: {} cells, {} bytes, of {}", taken.result->path, taken.result->cells,
                                     taken.result->bytes, to_string(taken.result->context))});
    reply.body = std::move(*taken.result);
  } else {
    reply = Reply::failure(taken.result.error());
  }
  out.replies.push_back({taken.id, std::move(reply)});
}

void BackupPath::end_turn(Time now, Outputs& out) {
  for (auto at = backups_.begin(); at != backups_.end();) {
    auto& [id, backup] = *at;
    if (!backup.taking && replica_.cells().checkpointed() >= backup.upto) {
      backup.taking = true;
      out.backup_takes.push_back({id, replica_.name(), replica_.self(), backup.path, replica_.shared(), now.wall_ms});
    } else if (!backup.taking && instant_of(now) >= backup.give_up_at) {
      const Status status(StatusCode::kTimeout,
                          "the store has taken no checkpoint for a minute: see the log of the node");
      out.replies.push_back({id, Reply::failure(status)});
      at = backups_.erase(at);
      replica_.end_sharing();
      continue;
    } else if (!backup.taking) {
      checkpoints_.begin(now);
    }
    ++at;
  }
}

std::optional<Instant> BackupPath::next_deadline() const {
  std::optional<Instant> next;
  for (const auto& entry : backups_) {
    if (!entry.second.taking && (!next || entry.second.give_up_at < *next)) next = entry.second.give_up_at;
  }
  return next;
}

void BackupPath::end_all(const Status& reason, Outputs& out) {
  for (const auto& entry : backups_) out.replies.push_back({entry.first, Reply::failure(reason)});
  backups_.clear();
}

}  // namespace pando::node
