#include "sim/mutations.h"

namespace pando::sim {

const std::vector<MutationInfo>& all_mutations() {
  static const std::vector<MutationInfo> all = {
      {DriverMutation::kSyncLies, "sync-lies", "the disk says durable and forgets on a power cut"},
      {DriverMutation::kWriteLost, "write-lost", "a log write is answered and never done"},
      {DriverMutation::kTailCut, "tail-cut", "a restart finds the last records gone"},
      {DriverMutation::kCheckpointLosesKey, "checkpoint-loses-key", "a pair of a checkpoint batch is not written"},
      {DriverMutation::kCheckpointForgotten, "checkpoint-forgotten", "a checkpoint is answered and never written"},
      {DriverMutation::kReplyInvented, "reply-invented", "a client hears done for a write that was never handed in"},
      {DriverMutation::kRequestTwice, "request-twice", "a write is handed in twice"},
      {DriverMutation::kReadStale, "read-stale", "a client gets the answer of an earlier read of the same key"},
      {DriverMutation::kEventLost, "event-lost", "a watcher loses an event"},
      {DriverMutation::kEventTwice, "event-twice", "a watcher gets an event twice"},
      {DriverMutation::kEventsSwapped, "events-swapped", "a watcher gets two events in the wrong order"},
      {DriverMutation::kClaimEarly, "claim-early", "a node vouches for an hour that has not come yet"},
      {DriverMutation::kFreedEarly, "freed-early", "a start finds all keys gone whose time has run out"},
      {DriverMutation::kHaveLost, "have-lost", "a frame between two nodes arrives without its first announcement"},
      {DriverMutation::kCutReplaces, "cut-replaces", "a resync takes away what the other side has not seen"},
      {DriverMutation::kCutEarly, "cut-early", "a cut counts as having seen more than its cells hold"},
      {DriverMutation::kArrivalEarly, "arrival-early",
       "the cut by which a table arrives counts as having seen more than its cells hold"},
      {DriverMutation::kRestoreReplaces, "restore-replaces",
       "merging a backup takes away what was written since at the node that merges"},
      {DriverMutation::kRetiredByTail, "retired-by-tail",
       "a retired disk returns, and what it wrote is taken as any other tail of a log"},
      {DriverMutation::kLostByTail, "lost-by-tail",
       "a disk that was declared lost returns, and what it wrote is taken as any other tail of a log"},
      {DriverMutation::kCommitLost, "commit-lost", "a frame between two nodes arrives without its first commit"},
      {DriverMutation::kOperationLost, "operation-lost",
       "a commit arrives without one of its operations, and its hash fits"},
      {DriverMutation::kFilterFinerThanContext, "filter-finer-than-context",
       "of a commit a table is left out that its receiver takes"},
      {DriverMutation::kNumberReused, "number-reused", "another commit arrives under a number, and its hash fits"},
      {DriverMutation::kAckBeforeDurable, "ack-before-durable", "clients hear of writes before the disk has them"},
      {DriverMutation::kFrameBeforeDurable, "frame-before-durable", "peers hear of commits before the disk has them"},
      {DriverMutation::kSyncErrorIgnored, "sync-error-ignored", "a sync that failed is answered as done"},
      {DriverMutation::kKeyForgotten, "key-forgotten", "a write that is tried again comes without its idempotency key"},
      {DriverMutation::kLoserDropped, "loser-dropped", "of concurrent values only the one shown reaches the store"},
      {DriverMutation::kDeletionLost, "deletion-lost", "what is deleted stays in the store"},
      {DriverMutation::kNotificationLost, "notification-lost", "a notification is not sent"},
  };
  return all;
}

std::string_view name_of(DriverMutation mutation) {
  for (const MutationInfo& info : all_mutations()) {
    if (info.mutation == mutation) return info.name;
  }
  return {};
}

std::optional<DriverMutation> find_mutation(std::string_view name) {
  for (const MutationInfo& info : all_mutations()) {
    if (info.name == name) return info.mutation;
  }
  return std::nullopt;
}

}  // namespace pando::sim
