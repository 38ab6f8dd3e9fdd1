// model/request.h — what a client may ask of one namespace, after its protocol's text has been understood.
//
// api/ makes these from HTTP (later RESP, gRPC); engine/ answers them with a Reply. Bytes are raw, never
// base64 or percent-encoded. The namespace travels beside the request (node/io.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/boxed.h"
#include "base/ids.h"
#include "base/time.h"
#include "model/bounded.h"
#include "model/conflict.h"
#include "model/explain.h"
#include "model/mutation.h"
#include "model/nodes.h"
#include "model/path.h"
#include "model/record.h"
#include "model/table_declaration.h"
#include "model/table_scope.h"
#include "model/terms.h"
#include "model/version_vector.h"

namespace pando {

// Reads. -------------------------------------------------------------------------------------------------

// A key of table `table`. With `raw` false, an `lww:` key of a merge group answers the group's winner.
struct GetRequest {
  std::string table{kTableKv};
  Bytes key;
  bool raw = false;
};
struct GetRowRequest {
  Bytes key;
  std::optional<std::vector<Bytes>> columns;  // all when absent; unknown names are left out of the answer
  std::string table{kTableRow};
};
// How many fields a row has.
struct CountFieldsRequest {
  std::string table{kTableKv};
  Bytes key;
};
struct GetTypeRequest {
  std::string table{kTableKv};
  Bytes key;
};
// The name of the state a key is in: Reply::etag says what that is.
struct GetEtagRequest {
  std::string table{kTableKv};
  Bytes key;
};
struct GetCounterRequest {
  std::string table{kTableKv};
  Bytes key;
};
// What the merge group makes of an `lww:` or `counter:` key.
struct GetMergedRequest {
  Bytes key;
};
// Members of a set in byte order, strictly after `after` and starting with `prefix`.
struct ListMembersRequest {
  std::string table{kTableKv};
  Bytes key;
  Bytes prefix;
  Bytes after;
  std::uint32_t count_max = 100;
};
struct HasMemberRequest {
  std::string table{kTableKv};
  Bytes key;
  Bytes member;
};
// How many members a set has, counted up to `count_max`.
struct CountMembersRequest {
  std::string table{kTableKv};
  Bytes key;
  std::uint32_t count_max = 0;
};
struct GetFlagRequest {
  std::string table{kTableKv};
  Bytes key;
};
// Of a sorted set: the scores of members, in their order.
struct GetScoresRequest {
  std::string table{kTableKv};
  Bytes key;
  std::vector<Bytes> members;
};
struct GetRankRequest {
  std::string table{kTableKv};
  Bytes key;
  Bytes member;
  bool reverse = false;  // counted from the highest score
};
// Members of a range with their scores, without the first `offset` of them.
struct ListScoresRequest {
  std::string table{kTableKv};
  Bytes key;
  ScoreRange range;
  std::uint64_t offset = 0;
  std::uint32_t count_max = 100;
};
struct CountScoresRequest {
  std::string table{kTableKv};
  Bytes key;
  ScoreRange range;
};
// Of a list: its length, and the items `first` to `last`, both included (negative ones count from the end).
struct GetItemsRequest {
  std::string table{kTableKv};
  Bytes key;
  std::int64_t first = 0;
  std::int64_t last = -1;
  std::uint32_t count_max = 100;
};
// The indexes of items with this value; from the last to the first with `reverse`.
struct FindItemsRequest {
  std::string table{kTableKv};
  Bytes key;
  Bytes value;
  bool reverse = false;
  std::uint64_t skip = 0;               // so many of the first found
  std::uint32_t count_max = 1;          // found
  std::uint64_t look_max = UINT64_MAX;  // items looked at
};
// Until when a key, or one field of a row, is there.
struct GetTtlRequest {
  std::string table{kTableKv};
  Bytes key;
  Bytes field;
};
// Keys of a table in byte order, strictly after `after` and starting with `prefix`.
struct ListRequest {
  std::string table{kTableKv};
  Bytes prefix;
  Bytes after;
  std::uint32_t count_max = 100;
};
// Some keys in byte order, strictly after `after`: of `look_max` that start with `prefix` those that read as one of
// `types` (bit t: ValueType t; 0: all).
struct ScanKeysRequest {
  std::string table{kTableKv};
  Bytes prefix;
  Bytes after;
  std::uint32_t look_max = 10;
  std::uint32_t types = 0;
};
// How many keys a table has, counted up to `count_max`.
struct CountKeysRequest {
  std::string table{kTableKv};
  std::uint64_t count_max = 0;
};
// A large object: first its size and identity, then chunk by chunk at the reader's pace. A chunk request
// names the upload, so a reader never mixes two versions of an object; kGone when it was replaced meanwhile.
struct LobStatRequest {
  Bytes key;
};
struct LobChunkRequest {
  Bytes key;
  Bytes upload;
  std::uint64_t index = 0;
};

// Lines of the conflict ledger of this node, ascending, strictly after `after`.
struct ListConflictsRequest {
  std::optional<std::string> table;
  std::optional<Bytes> key;
  ConflictId after;
  std::uint32_t count_max = 100;
  Duration wait = {};  // while there is none, the answer waits so long for one
};

// Writes. ------------------------------------------------------------------------------------------------

struct WriteRequest {
  std::vector<Mutation> mutations;  // not empty; atomic
  bool results = false;             // the reply says what each mutation met: DoneReply::results
  bool until_given = false;         // with results: those behind the first that gives something back are left out
};

// Writes the loser of a line of the conflict ledger again, as a new write that has seen everything here. kNotFound
// without such a line, kPreconditionFailed when it kept no value.
struct RestoreConflictRequest {
  ConflictId id;
};

enum class TxOperation : std::uint8_t { kPut, kDelete };
enum class TxEntryType : std::uint8_t { kKv, kRow, kLob };

struct TxBeginRequest {
  // When given, an append of another kind is refused.
  std::optional<TxOperation> operation;
  std::optional<TxEntryType> entry_type;
};
struct TxAppendRequest {
  Bytes id;
  Boxed<Mutation> mutation;  // table kv or row
};
// The next bytes of the object `key`; staged durably, visible with the commit. At most one key per transaction
// when the transaction was begun for lob.
struct TxAppendLobRequest {
  Bytes id;
  Bytes key;
  Bytes chunk;
};
// What a transaction stands for when begun with operation delete and entry type lob.
struct TxDeleteLobRequest {
  Bytes id;
  Bytes key;
};
struct TxCommitRequest {
  Bytes id;
};
struct TxAbortRequest {
  Bytes id;
};

// A transaction in one request: all of its items or none, as one commit.
struct TxItem;
struct TxRequest {
  struct Seen {
    std::string table;
    Bytes key;
    std::string etag;  // as a GetEtagRequest had it; empty: absent
  };
  std::vector<TxItem> items;
  std::vector<Seen> seen = {};  // done only while each of these keys is in that state here
};

// What one client asked without waiting in between, or several clients in one turn. Each item stands for itself, as if
// it had come alone: one that is refused leaves the others, and each sees those before it. Writes of several keys next
// to each other may share a commit. Items are WriteRequests and reads of keys; the answer is a PipelineReply, given
// when all of them may be.
struct PipelineItem;
struct PipelineRequest {
  std::vector<PipelineItem> items;
};

// How many other sites have all that this one has written so far on their disks. Answered as soon as `sites` of them
// do, or after `wait`.
struct ReachedRequest {
  std::uint32_t sites = 0;
  Duration wait;
};

// About the namespace. -----------------------------------------------------------------------------------

struct OffsetRequest {};
struct StatsRequest {};
struct CheckpointRequest {};
// A fingerprint of all cells but those of keys whose time has run out: equal at two sites exactly when their states
// are equal. Sites free what has run out each in its own time, so both must be asked about one instant.
struct DigestRequest {
  std::optional<std::int64_t> as_of_ms = {};  // the wall clock of the site that answers, when absent
};
// What differs between the cells here and those of a peer at a cut of now; with `merge` what the peer has is also
// merged in here. `peer` empty: the only one there is.
struct ResyncRequest {
  std::string peer;
  bool merge = false;
};
// Which tables this node publishes and takes; with any of them, changes that.
struct ScopeRequest {
  std::optional<TableSet> publish = {};
  std::optional<TableSet> subscribe = {};
  bool discard = false;  // of tables taken anew: what is here of them may go, though some of it was never anywhere else
};
// Answered by the node with a plan; io/ copies the files.
struct BackupLogRequest {
  std::uint64_t after_segment = 0;  // only segments with a larger id
  std::string directory;            // relative to the backup root; validated by api/
};
struct BackupStoreRequest {
  std::string path;  // relative to the backup root; validated by api/
};
// One file that holds what one context covers (model/backup.h), taken while writes go on.
struct BackupRequest {
  std::string path;  // relative to the backup root; validated by api/
};
// Merges such a file in, as a cut of a peer would be. `table`: writes again what of that table is not here any more,
// and nothing else.
struct RestoreRequest {
  std::string path;  // relative to the backup root; validated by api/
  std::optional<std::string> table = {};
  bool foreign = false;  // though no writer of it was ever heard of here
  bool dry_run = false;  // only say what it would change
};

using Request =
    std::variant<GetRequest, GetRowRequest, GetCounterRequest, GetMergedRequest, ListMembersRequest, HasMemberRequest,
                 CountMembersRequest, GetFlagRequest, GetTtlRequest, ListConflictsRequest, RestoreConflictRequest,
                 GetScoresRequest, GetRankRequest, ListScoresRequest, CountScoresRequest, GetItemsRequest,
                 FindItemsRequest, ListRequest, LobStatRequest, LobChunkRequest, WriteRequest, TxBeginRequest,
                 TxAppendRequest, TxAppendLobRequest, TxDeleteLobRequest, TxCommitRequest, TxAbortRequest, TxRequest,
                 PipelineRequest, OffsetRequest, StatsRequest, CheckpointRequest, DigestRequest, BackupLogRequest,
                 BackupStoreRequest, GetBoundedRequest, GetDocumentRequest, ListDocumentsRequest, GetDeclarationRequest,
                 ListDeclarationsRequest, ExplainRequest, GetLimiterRequest, GetLeaseRequest, ListLeasesRequest,
                 CountLeasesRequest, CountFieldsRequest, GetTypeRequest, GetEtagRequest, ScanKeysRequest,
                 CountKeysRequest, CountSketchRequest, RangeEntriesRequest, ReachedRequest, ResyncRequest,
                 BackupRequest, RestoreRequest, ScopeRequest, ListNodesRequest, RetireNodeRequest, DrainRequest>;

// A WriteRequest or a read of keys; each sees what those before it changed.
struct TxItem {
  Request request;
  // About the key that it writes, as it is before the transaction.
  std::optional<Condition> if_match = {};
  std::optional<Condition> if_none_match = {};
  // A read that is answered though its key is of another type, with that failure, where it would stop the whole.
  bool may_miss_type = false;
};

struct PipelineItem {
  PipelineItem() = default;
  PipelineItem(Request one) : request(std::move(one)) {}
  Request request;
};

// Watching is not a request with one reply but a stream with its own messages (node/io.h).
struct WatchFilter {
  std::optional<std::string> table;  // all visible tables when absent
  Bytes prefix;                      // of the key
  bool exact = false;                // the key must equal `prefix`
};

}  // namespace pando
