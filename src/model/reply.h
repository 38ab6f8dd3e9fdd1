// model/reply.h — the answer to one Request. Either a failure, or the body that belongs to the request.
// deterministic: floating point, as IEEE 754 doubles without contraction: the same on every site.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/boxed.h"
#include "base/hlc.h"
#include "base/status.h"
#include "model/bounded.h"
#include "model/request.h"
#include "model/table_scope.h"
#include "model/terms.h"

namespace pando {

// WriteRequest, TxAppend*, TxAbort.
struct DoneReply {
  std::uint64_t processed = 0;  // mutations
  // With WriteRequest::results, one per mutation that was not left out:
  //   kPut 1 when done, 0 when its condition was not met    kDelete, kDeleteRow 1 when there was something
  //   kPutColumns how many are new                          kDeleteColumns how many there were
  //   kAdd the value here after it                          kDetail: with the detail's struct
  //   kAddMembers how many are new                          kRemoveMembers how many were in
  //   all others 0
  std::vector<std::int64_t> results = {};
  // With WriteRequest::results, what each mutation gave back: the items it popped, a score or a decimal value in
  // text. Empty for mutations that give nothing back, and not there when none behind them does.
  std::vector<std::vector<Bytes>> returned = {};
};
struct ValueReply {
  bool found = false;
  Bytes value;  // a counter answers its decimal text
  CellKind kind = CellKind::kRegister;
  Hlc hlc;
  Dot dot;  // of the write that is shown
  struct Sibling {
    Dot dot;
    Hlc hlc;
    Bytes value;
  };
  std::vector<Sibling> siblings = {};  // the other concurrent values, where the table's resolver is kMulti
};
struct RowReply {
  bool found = false;
  Columns columns;  // sorted by name
};
// kAdd answers this too: the value here after the increment.
struct CounterReply {
  struct Slot {
    Origin origin;
    std::int64_t value = 0;
    Int128 exact = 0;  // of a decimal counter, in billionths
  };
  bool found = false;
  std::int64_t value = 0;
  std::vector<Slot> slots;             // sorted by origin
  std::optional<Int128> decimal = {};  // a decimal counter, in billionths; `value` means nothing then
};
struct MergedReply {
  enum class Kind : std::uint8_t { kRegister, kCounter };
  struct Count {
    Bytes replica;
    std::uint64_t count = 0;
  };
  Kind kind = Kind::kRegister;
  bool found = false;
  Bytes value;                // the winner's payload bytes, kRegister
  std::uint64_t total = 0;    // kCounter
  std::vector<Count> counts;  // sorted by replica, kCounter
};
struct MembersReply {
  std::vector<Bytes> members;
  bool more = false;
};
struct MemberCountReply {
  std::uint64_t count = 0;
  bool more = false;  // counting stopped at the request's limit
};
// Whether a member is in its set, or a flag is on.
struct PresenceReply {
  bool present = false;
};
struct ScoresReply {
  std::vector<std::optional<double>> scores;  // as asked; absent for those that are not in
};
struct RankReply {
  bool found = false;
  std::uint64_t rank = 0;
  double score = 0;
  std::uint64_t size = 0;  // of the whole set
};
struct ScoreListReply {
  struct Entry {
    Bytes member;
    double score = 0;
  };
  std::vector<Entry> entries;
  bool more = false;  // the range has members behind these
};
struct ScoreCountReply {
  std::uint64_t count = 0;
};
struct ItemsReply {
  std::uint64_t length = 0;  // of the whole list; 0: there is none
  std::uint64_t first = 0;   // index of the first value
  std::vector<Bytes> values;
  bool more = false;  // the range has values behind these
};
struct FoundItemsReply {
  std::vector<std::uint64_t> indexes;
};
struct TtlReply {
  bool found = false;  // the key or field is there
  bool ends = false;   // it has an end
  std::int64_t at_ms = 0;
  std::int64_t remaining_ms = 0;  // more than 0
};
struct ConflictsReply {
  std::vector<Conflict> lines;
  bool more = false;
  std::uint64_t dropped = 0;  // lines that had to make room since the node started
  ConflictId next;            // what to ask after for what follows
};
struct ListReply {
  std::vector<Bytes> keys;
  bool more = false;
};
struct TypeReply {
  std::optional<ValueType> type;  // nothing: there is no such key
};
struct EtagReply {
  std::string etag;  // empty: there is no such key
};
struct ScanKeysReply {
  std::vector<Bytes> keys;
  bool more = false;
  Bytes last;  // the last key looked at: go on after it
};
struct LobStatReply {
  bool found = false;
  std::uint64_t size_bytes = 0;
  std::uint64_t chunk_count = 0;
  std::uint32_t crc32 = 0;
  Bytes upload;
};
struct LobChunkReply {
  Bytes chunk;
};
struct TxBegunReply {
  Bytes id;
};
struct TxCommittedReply {
  std::uint64_t processed = 0;
  std::uint32_t checksum = 0;  // CRC-32 (IEEE) of the values in the order they were appended
};

// TxRequest: what each item answers, in order.
struct ItemReply;
struct TxReply {
  std::vector<ItemReply> items;
  bool done = true;  // false: a key was not as TxRequest::seen names it, nothing was done and there are no items
};

// PipelineRequest: what each item answers, in order, refusals among them.
struct PipelineReply {
  std::vector<ItemReply> items;
};

struct ReachedReply {
  std::uint32_t sites = 0;
};
struct OffsetReply {
  LogPos durable;  // last record
  std::uint64_t segment_id = 0;
  std::uint64_t segment_offset = 0;
  VersionVector context;
};
// What differs between the cells of a table here and at a peer; keys whose time has run out are left out.
struct TableDifference {
  std::string table;
  std::uint64_t cells = 0;      // here, that were compared
  std::uint64_t keys = 0;       // with cells that differ
  std::uint64_t only_here = 0;  // of those cells
  std::uint64_t only_there = 0;
  std::uint64_t unlike = 0;      // on both sides, not the same
  std::uint64_t bytes_here = 0;  // states of all three
  std::uint64_t bytes_there = 0;
};
struct ResyncReply {
  std::string peer;
  bool merged = false;
  std::uint64_t ahead_commits = 0;      // that were here when it was compared, and not at the peer
  std::uint64_t behind_commits = 0;     // the other way round
  std::vector<TableDifference> tables;  // ascending by name
};
// Which tables are published and taken, and which of those are here.
struct ScopeReply {
  TableScope scope;
  TableSet holds;         // of scope.subscribe; all others of it are arriving
  std::string arriving;   // how far that is, in words; empty when nothing is
  TableScope configured;  // what the configuration said when it was last followed
};
struct StatsReply {
  LogPos appended;
  LogPos durable;
  LogPos checkpointed;
  std::uint64_t commits = 0;  // in the log of this node since its first
  std::uint64_t changes = 0;  // last seq_num
  std::uint64_t log_segments = 0;
  std::uint64_t log_bytes = 0;
  LogPos log_first;                    // the oldest record that is still there
  std::uint64_t segments_removed = 0;  // since start
  std::uint64_t resyncs = 0;           // cuts of peers that were merged in, since start
  std::uint64_t resync_cells = 0;      // cells that they changed
  std::uint64_t resyncs_served = 0;    // cuts that peers asked for, since start
  std::uint64_t segment_id = 0;        // the segment being filled; 0 in a fresh namespace
  std::uint64_t segment_offset = 0;    // its durable bytes
  std::uint64_t dirty_cells = 0;
  std::uint64_t open_transactions = 0;
  std::uint64_t malformed_payloads = 0;  // typed keys whose payload was stored raw
  std::uint64_t conflicts = 0;           // concurrent values dropped on merge, since start
  struct Link {
    std::string peer;   // node name, or the address while it was never reached
    std::string state;  // "connecting", "up", "refused: …", "down: …"
    bool dialed = false;
    std::uint64_t behind_commits = 0;  // what the peer has not acknowledged of our log
    std::uint64_t received_commits = 0;
    std::uint64_t sent_commits = 0;
    std::uint64_t received_bytes = 0;
    std::uint64_t sent_bytes = 0;
    TableSet subscribes = {};  // what the peer takes of this node; all until it has said
  };
  // Keys that have ended: how many this node freed since start, and how many it may not yet.
  std::uint64_t ended_freed = 0;
  std::uint64_t ended_waiting = 0;
  std::uint64_t order_waiting = 0;  // requests that wait until the order of a large key is built
  std::uint64_t order_waits = 0;    // that had to, since start
  // Since start: how often there was more for a peer than it had credit for, and how often one that was connected fell
  // so far behind that it was given a cut instead of the log.
  std::uint64_t credit_exhausted = 0;
  std::uint64_t fell_behind = 0;
  std::vector<Link> links;
  // A commit that peers sent and that could not be taken; what follows it waits.
  struct Quarantined {
    Dot dot;
    std::string reason;
    std::vector<std::string> from;  // who brought it, ascending
  };
  std::vector<Quarantined> quarantined;
  std::uint64_t quarantined_total = 0;                          // since start
  std::vector<std::pair<std::string, std::uint64_t>> refusals;  // links that were refused here, by status code
  // What came of comparing all cells with a peer that had seen the same.
  struct Converged {
    std::string peer;
    std::string table;
    bool equal = false;
    std::int64_t at_ms = 0;  // when that was
  };
  std::vector<Converged> converged;  // by peer and table
  TableScope tables;                 // which go out of this node, and which it takes
  std::uint64_t compared_total = 0;  // times that was done, since start
  std::uint64_t differed_total = 0;  // of those, something differed
  std::uint64_t mended_cells = 0;    // changed here because of that
  Origin origin;
  bool draining = false;                                       // takes no writes, to be stopped
  std::vector<std::pair<std::string, std::uint64_t>> retired;  // nodes that are gone for good, and up to which epoch
  VersionVector context;
  Hlc frontier;  // everything that any known origin made up to this stamp is here
};
struct CheckpointReply {
  LogPos covered;  // every record up to here is in the store
  std::uint64_t segment_id = 0;
  VersionVector context;
};
struct DigestReply {
  std::string fingerprint;  // 32 hex digits
  std::uint64_t cells = 0;
  VersionVector context;
};
struct BackupReply {
  struct File {
    std::string path;
    std::uint64_t bytes = 0;
  };
  std::string directory;
  std::vector<File> files;
  std::uint64_t last_segment_id = 0;
};
struct BackupTakenReply {
  std::string path;
  std::uint64_t bytes = 0;
  std::uint64_t cells = 0;
  VersionVector context;  // of exactly these commits
  LogPos pos;             // of the node's log
};
struct RestoreReply {
  std::string path;
  Origin node;  // that made the backup
  std::int64_t at_ms = 0;
  VersionVector context;            // of the backup
  std::uint64_t cells = 0;          // in the backup
  std::uint64_t changed = 0;        // cells here
  std::uint64_t news_commits = 0;   // of the backup, that were not known here
  std::uint64_t keys_written = 0;   // again, of one table
  std::uint64_t keys_left_out = 0;  // of one table: cannot be written again
  bool dry_run = false;
};

using ReplyBody =
    std::variant<DoneReply, ValueReply, RowReply, CounterReply, MergedReply, MembersReply, MemberCountReply,
                 PresenceReply, TtlReply, ConflictsReply, ScoresReply, RankReply, ScoreListReply, ScoreCountReply,
                 ItemsReply, FoundItemsReply, ListReply, LobStatReply, LobChunkReply, TxBegunReply, TxCommittedReply,
                 TxReply, PipelineReply, OffsetReply, Boxed<StatsReply>, CheckpointReply, DigestReply, BackupReply,
                 BoundedReply, BoundedDoneReply, DocumentReply, DocumentsReply, DeclarationsReply, ExplainReply,
                 LimiterReply, LeaseReply, LeasesReply, RenewedReply, TypeReply, EtagReply, ScanKeysReply, EntriesReply,
                 ReachedReply, ResyncReply, BackupTakenReply, RestoreReply, Boxed<ScopeReply>, NodesReply, RetireReply,
                 DrainReply>;

// Of one of several. Small, as there are many.
struct ItemReply {
  Status status;  // when not ok, `body` means nothing
  ReplyBody body = {};
  // Of the commit that a write in a pipeline made or is a part of; its origin is the one of Reply::dot.
  std::optional<Seq> seq = {};
};

// What a refusal has to say beside its sentence.
using Refusal = std::variant<std::monostate, BoundRefusal>;

struct Reply {
  Status status;  // when not ok, `body` means nothing
  ReplyBody body;
  // Of the commit that a write made: what a later read elsewhere can wait for.
  std::optional<Dot> dot;
  // What a client has seen once it has this answer, where a write's `dot` does not say it: reads with
  // Terms::wants_token.
  std::optional<CausalToken> token = {};
  // Names the state of the one thing that was read or written, for Terms::if_match; empty when there is none. Equal
  // at all sites where that thing is in the same state. No quotes, no control characters.
  std::string etag = {};
  // An answer that was given before to the same Terms::idempotency_key; nothing was done again.
  bool replayed = false;
  // Beside kTimeout: the write was not as safe in time as asked for. How safe it was then; below kFsync it may be lost.
  struct Reached {
    Durability::Level level = Durability::Level::kMemory;  // at most kFsync
    std::uint32_t sites = 0;                               // other nodes that had it on their disks
  };
  std::optional<Reached> reached = {};
  Refusal refusal = {};  // when `status` is not ok

  static Reply failure(Status s) { return Reply{std::move(s), {}, {}}; }
};

}  // namespace pando
