// node/opening.h — a namespace between "there is a directory" and "it serves": store first, then the log.
//
//   1. constructed: the checkpoint is read; replay_from() says which segments must be fed whole
//   2. feed() each segment, ids ascending: records behind the checkpoint are applied again
//   3. finish(): the replica, standing where the log ends
//
// Damage found on the way is not a failure of opening: the replica is made all the same, failed from birth,
// so that the node can say which segment and offset are to blame. A crash in here loses nothing.
#pragma once

#include <memory>

#include "node/replica.h"

namespace pando::node {

class Opening {
 public:
  // Fails when the store cannot be read at all.
  static Result<std::unique_ptr<Opening>> begin(const NamespaceConfig& config, std::string node_name,
                                                const store::Kv& kv);

  std::uint64_t replay_from() const;
  Status feed(std::uint64_t segment_id, ByteSpan bytes) { return recovery_->feed(segment_id, bytes); }
  // After the last segment: the directory was kept under this name, or has a commit of its epoch. Of a new or a
  // restored one nobody here can tell whether that epoch was used before.
  bool knows_its_epoch() const;
  std::unique_ptr<Replica> finish(OpenReport& report);

 private:
  Opening(const NamespaceConfig& config, std::string node_name, std::unique_ptr<store::Cells> cells, bool own_name);
  Status replay(const log::RecordView& record);
  Status replay_cut(const log::RecordView& record);
  Status replay_arrival(const log::RecordView& record);
  // Records that mean nothing before the one that follows them.
  void gather(const log::RecordView& record);

  NamespaceConfig config_;
  std::string node_name_;
  std::unique_ptr<store::Cells> cells_;
  bool own_name_;  // in the checkpoint
  std::optional<log::Recovery> recovery_;
  std::uint64_t replayed_ = 0;
  std::vector<Bytes> cut_cells_;  // bodies of the cell records right before
  std::vector<Bytes> again_;      // and of the commits
  Meeting meeting_;
};

}  // namespace pando::node
