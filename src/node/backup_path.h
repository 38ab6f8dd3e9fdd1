// node/backup_path.h — backups of this namespace while writes go on (model/backup.h).
//
//   waiting   the store does not hold yet what was there when it was asked   → taking once a checkpoint has it
//   taking    BackupTake is handed out: a thread of its own reads the store  → answered by BackupTaken
//
// A checkpoint is a causal cut, so nothing but its being written is waited for; whatever is written meanwhile belongs
// to the next backup. A crash leaves at most a file without an end, which is no backup. One thread.
#pragma once

#include <map>

#include "node/checkpoint_path.h"
#include "node/replica.h"

namespace pando::node {

class BackupPath {
 public:
  BackupPath(Replica& replica, CheckpointPath& checkpoints) : replica_(replica), checkpoints_(checkpoints) {}

  // Answered in time: BackupTakenReply. kTimeout where the store takes no checkpoint.
  void handle(RequestId id, BackupRequest&& request, Time now);
  void on_taken(BackupTaken&& taken, Outputs& out);
  void end_turn(Time now, Outputs& out);
  std::optional<Instant> next_deadline() const;
  void end_all(const Status& reason, Outputs& out);

 private:
  struct Backup {
    std::string path;
    LogPos upto;
    Instant give_up_at;
    bool taking = false;
  };

  Replica& replica_;
  CheckpointPath& checkpoints_;
  std::map<RequestId, Backup> backups_;
};

}  // namespace pando::node
