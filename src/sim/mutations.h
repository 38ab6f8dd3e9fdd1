// sim/mutations.h — faults of ours, built into the driver on purpose: they prove that the checkers can fail.
//
// None touches product code. Each breaks a promise that the world around a node makes (disk, store, network,
// clients), so that a node which relies on it shows wrong results; some checker must notice.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace pando::sim {

enum class DriverMutation : std::uint8_t {
  kNone,
  kSyncLies,             // the disk says "durable" and forgets on a power cut
  kWriteLost,            // one log write in forty is answered and never done
  kTailCut,              // a restart finds the last records gone, synced or not
  kCheckpointLosesKey,   // one pair of a checkpoint batch in ten is not written
  kCheckpointForgotten,  // a checkpoint is answered and never written
  kReplyInvented,        // a client hears "done" for a write that was never handed in
  kRequestTwice,         // the driver hands in a write twice
  kReadStale,            // a client gets the answer of an earlier read of the same key
  kEventLost,            // a watcher loses one event in twenty
  kEventTwice,           // a watcher gets one event in twenty twice
  kEventsSwapped,        // a watcher gets two neighbouring events in the wrong order
  kClaimEarly,           // a node vouches for an hour that has not come yet
  kHaveLost,             // of what a node announces instead of sending it, something is left out
  kFreedEarly,           // a machine that comes back has lost every key whose time has run out, whoever knows of it
  kCutReplaces,          // a cut counts as having seen what was written at the one that takes it: those writes go
  kArrivalEarly,         // the same of a cut by which a table arrives that was not taken before
  kCutEarly,             // a cut counts as having seen one commit more of each origin than its cells hold
  kRestoreReplaces,  // a backup counts as having seen what was written at the node that it is merged into: that goes
  kRetiredByTail,    // a retired disk returns, and nobody remembers that it was retired: it is taken for any other
  kLostByTail,       // a disk that was declared lost returns when others have closed it, and nobody remembers that
  kCommitLost,       // a stream loses a commit in the middle, and hides it: checksum and number still fit
  kOperationLost,    // of a commit one operation is missing, and its chain hash fits: a filter finer than its context
  kFilterFinerThanContext,  // of a commit a table is left out that its receiver takes, and its chain hash fits
  kNumberReused,            // another commit arrives under the number of one, and its chain hash fits
  kAckBeforeDurable,        // replies leave before the disk has what they tell of
  kFrameBeforeDurable,      // frames to peers do
  kSyncErrorIgnored,        // a sync that failed is answered as done
  kKeyForgotten,            // a write that is tried again arrives without its idempotency key
  kLoserDropped,            // of concurrent values only the one that is shown reaches the store
  kDeletionLost,            // what is deleted stays in the store
  kNotificationLost,        // one notification in twenty is not sent
};

struct MutationInfo {
  DriverMutation mutation = DriverMutation::kNone;
  std::string_view name;
  std::string_view what;
};

// All of them, in order, without kNone.
const std::vector<MutationInfo>& all_mutations();
// Not of kNone.
std::string_view name_of(DriverMutation mutation);
std::optional<DriverMutation> find_mutation(std::string_view name);

}  // namespace pando::sim
