// engine/transactions.h — transactions that are open at this node, and what became of recent ones.
//
//   open       takes appends; gone without a trace when the process stops (nothing was promised)
//   committed  remembered for a while, so that a second commit or a late append hears 409
//   ended      aborted or timed out: 410, remembered likewise
//
// An id belongs to one namespace: each namespace has its own table, so another's id is simply unknown.
// Bounded: limits::kOpenTransactionsMax open, kTransactionBytesMax each, and as many remembered outcomes.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/prng.h"
#include "base/status.h"
#include "base/time.h"
#include "model/request.h"
#include "store/snapshots.h"

namespace pando::engine {

// A large object being staged by a transaction: its chunks are already committed under `upload`, unseen
// until the manifest is.
struct Upload {
  Bytes key;
  Bytes upload;   // names the chunk cells
  Bytes partial;  // less than limits::kLobChunkBytes, not staged yet
  std::uint64_t chunk_count = 0;
  std::uint64_t size_bytes = 0;
  std::uint32_t crc32 = 0;
};

struct Transaction {
  std::optional<TxOperation> operation;
  std::optional<TxEntryType> entry_type;
  Instant began_at;
  Instant used_at;
  std::size_t bytes = 0;
  std::uint32_t checksum = 0;  // CRC-32 of the values so far, in order
  std::vector<Mutation> mutations;
  std::vector<Bytes> deleted_lobs;
  std::map<Bytes, Upload> uploads;  // by key
  // What its reads see beside its own mutations: everything as it was when it began.
  struct Snapshot {
    store::Snapshots::Id id = 0;
    std::int64_t now_ms = 0;
    LogPos pos;  // the last record in it
  };
  std::optional<Snapshot> snapshot = {};
};

class Transactions {
 public:
  struct Options {
    Duration idle_max;
    Duration age_max;
    std::uint64_t seed = 0;
  };
  explicit Transactions(const Options& options);

  // kOverloaded when too many are open.
  Result<Bytes> begin(const TxBeginRequest& request, Instant now);
  // kNotFound, kConflict (committed) or kGone (aborted, timed out), each naming the id. Touches the idle clock.
  // Valid until the transaction ends.
  Result<Transaction*> find(ByteSpan id, Instant now);
  // In a transaction begun for delete an item says what to delete, whatever values its sender put beside it:
  // a put of a key or of columns becomes their deletion. Before append().
  static void adapt(const Transaction& tx, Mutation& mutation);
  // Checks a mutation against what the transaction was begun for and its size, and takes it.
  Status append(Transaction& tx, Mutation mutation);
  // All of them or none.
  Status append_all(Transaction& tx, std::vector<Mutation> mutations);
  Status append_deleted_lob(Transaction& tx, Bytes key);
  // A name for a version of an object that nothing else will ever have.
  Bytes new_upload();
  // The upload of `key` in this transaction; kInvalidArgument for another key than the first when begun for lob.
  Result<Upload*> upload(Transaction& tx, ByteSpan key);

  // Books a chunk that was staged: `upload` becomes `staged`.
  void extend(Transaction& tx, Upload& upload, Upload staged, ByteSpan chunk);

  // Ends it; the transaction's content is handed to the caller.
  Transaction take_committed(ByteSpan id);
  Transaction take_aborted(ByteSpan id);
  // Ends those over their time and returns them, so that their staged chunks can be removed.
  std::vector<Transaction> expire(Instant now);

  std::size_t open_count() const { return open_.size(); }
  // The next moment at which expire() could have something to do; possibly earlier than it really has.
  std::optional<Instant> next_deadline() const;

 private:
  enum class Outcome : std::uint8_t { kCommitted, kAborted, kTimedOut };

  Instant deadline(const Transaction& tx) const;
  Transaction take(ByteSpan id, Outcome outcome);
  Status outcome_status(ByteSpan id, Outcome outcome) const;

  Options options_;
  Prng random_;
  std::map<Bytes, Transaction, std::less<>> open_;
  std::map<Bytes, Outcome, std::less<>> ended_;
  std::deque<Bytes> ended_order_;  // oldest first
  // No open transaction times out before this: using one only moves its deadline back, so looking at all of
  // them is needed only when this moment has come.
  Instant look_at_{INT64_MAX};
};

}  // namespace pando::engine
