// node/expiry_path.h — frees keys and fields whose time has run out, once nobody can bring them back: each site for
// itself.
//
//   ended    its hint has come up (store/expiry_index.h)              → waiting
//   waiting  until all origins vouch for its cells and its end        → ended again when a commit touches its key, else
//   freed    its cells are gone, here; its table is marked
//
// What somebody wrote to it who only reports its table, or beside such a one, is not freed behind that one's back: it
// goes by a commit, of those who wrote it (settle()).
//
// A field is a column of a row, or a field of a document with all in it (model/field_end.h). One that holds counters is
// looked at again now and then: it goes with its key, or when it is written again.
//
// What has ended costs no message by itself. While keys wait, this node says now and then, for all of them together,
// what it has seen and that its clock is past their ends (engine/vouches.h): one small commit of an internal table.
// A turn looks at so many hints and frees so many keys, however many end together; without any it does nothing and
// sleeps until the next hint.
//
// A crash loses the waiting list: the hints bring it back. What was freed and not checkpointed comes back with the log
// and is freed again. One thread. Memory: kWaitingMax keys and fields; beyond that hints stay where they are.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "engine/typed_payload.h"
#include "engine/vouches.h"
#include "node/peer_path.h"
#include "node/replica.h"

namespace pando::node {

class ExpiryPath {
 public:
  static constexpr std::size_t kWaitingMax = 10'000;
  static constexpr std::size_t kSlice = 256;

  // What has ended is left alone for `free_after`.
  ExpiryPath(Replica& replica, Duration free_after);

  // Vouches while `peers` know all there are. A note tells of a failure; it goes on a moment later.
  void end_turn(Time now, const PeerPath& peers, Outputs& out);
  std::optional<Instant> next_deadline() const { return again_at_; }

  std::uint64_t freed() const { return freed_; }
  std::size_t waiting() const { return unchecked_.size() + checked_.size(); }

 private:
  struct Waiting {
    std::uint64_t number = 0;  // of this one for its end
    std::uint64_t watch = 0;   // store::Cells::watch_key()
    engine::FreeingNeeds needs;
    store::ExpiryIndex::Hint hint;  // where the index has it meanwhile
    std::string table;
    Bytes key;
    Bytes field;         // empty: the key
    bool again = false;  // it has come up before, and waits since
  };

  Result<bool> step(Time now, const PeerPath& peers);
  // The next hints that have come up. These and free_ready(): true when there may be more to do.
  Result<bool> look(Time now);
  Status look_at(const store::ExpiryIndex::Hint& hint, std::int64_t ended_by_ms, Time now);
  // True when it was a stranger's: cleared by a commit of this node.
  Result<bool> take_back(const CellPath& end, Time now);
  // The same of ends that were given up by those who had not heard of this node: what it had written by then.
  Status take_back_cleared(Time now);
  // What may have been freed here before those were met who wrote to the same keys: cleared, as far as it was here
  // then, by a commit of this node. With a later end of theirs, or none, it would stay with them.
  Status give_up_met(Time now);
  void note_met_keys(Instant now);
  bool may_vouch() const;
  TableScope speaks_for() const;
  Status vouch(Time now);
  // Makes this node known without promising anything: it has never committed, and neither have others whom it waits for
  // and who wait for it.
  Status introduce(Time now);
  Result<bool> free_ready(Time now);
  // All have vouched for it.
  Status settle(const Waiting& one, Time now);
  Status free(const Waiting& one);
  // A group that had not met this node may have freed the key: what this node wrote to it would come alive there.
  Status take_back(const Waiting& one, Time now);
  // Clears by a commit of this node what is here of a key, or of a field of it, that has ended. False: nothing was.
  Result<bool> clear_ended(std::string_view table, ByteSpan key, ByteSpan field, Time now);
  // False when it came up a second time since, which counts then.
  bool still_waits(const Waiting& one);
  void plan(Time now, bool more);

  Replica& replica_;
  engine::TypedPayloadParser parser_;
  const Duration free_after_;
  std::deque<Waiting> unchecked_;  // not yet held against stable_
  std::deque<Waiting> checked_;
  std::map<Bytes, std::uint64_t> numbers_;  // of those that wait, by the cell of their end
  std::uint64_t next_number_ = 1;
  engine::Stable stable_;
  VersionVector stable_with_;
  std::int64_t vouch_for_ms_ = 0;  // this node should say that it is past it; 0: it need not
  std::int64_t promised_ms_ = 0;   // what its node has vouched for
  Instant vouched_at_;
  std::uint64_t freed_ = 0;
  std::optional<Instant> again_at_;
  Instant pause_until_;
  std::size_t met_keys_ = 0;  // when last looked at
  std::optional<Instant> give_up_at_;
  Instant give_up_by_;
  std::string complaint_;  // the last failure, while it lasts
};

}  // namespace pando::node
