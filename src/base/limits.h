// base/limits.h — every bound in one place. A queue, buffer or field without a name here is a defect.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pando::limits {

// Names and keys.
inline constexpr std::size_t kNodeNameBytesMax = 64;
inline constexpr std::size_t kNamespaceBytesMax = 128;
inline constexpr std::size_t kClusterBytesMax = 64;  // of the name of a cluster that began as a clone
inline constexpr std::size_t kTableBytesMax = 64;
inline constexpr std::size_t kKeyBytesMax = 8 * 1024;
inline constexpr std::size_t kElementBytesMax = 8 * 1024;

// Values and commits.
inline constexpr std::size_t kValueBytesMax = 16 * 1024 * 1024;
inline constexpr std::size_t kHttpBodyBytesDefault = 16 * 1024 * 1024;
inline constexpr std::size_t kCommitBytesMax = 64 * 1024 * 1024;
inline constexpr std::size_t kCommitOpsMax = 1'000'000;
inline constexpr std::size_t kTokenDotsMax = 256;  // origins in one causal token
inline constexpr std::size_t kIdempotencyKeyBytesMax = 256;
inline constexpr std::size_t kOnceKeysMax = 100'000;            // idempotency keys remembered, per namespace
inline constexpr std::size_t kOnceForgottenMax = 8;             // of those, let go by one commit
inline constexpr std::size_t kOnceAnswerBytesMax = 64 * 1024;   // an answer that is kept to be given again
inline constexpr std::size_t kOnceChangedBytesMax = 64 * 1024;  // what it takes to put back items and members
inline constexpr std::size_t kSessionWaitsMax = 10'000;         // requests waiting for a causal token, per namespace
inline constexpr std::size_t kSessionWaitBytesMax = 64 * 1024 * 1024;  // and what they hold
inline constexpr std::size_t kDurabilityWaitsMax = 100'000;            // writes waiting for other sites, per namespace
inline constexpr std::size_t kEtagCellsMax = 100'000;                  // cells looked at for one ETag
inline constexpr std::size_t kOriginsMax = 65'536;                     // in one version vector
inline constexpr std::size_t kSiblingsMax = 4'096;                     // concurrent values of one register on the wire
inline constexpr std::size_t kLobChunkBytes = 256 * 1024;
inline constexpr std::size_t kLobChunksMax = 262'144;  // of one large object: 64 GiB
inline constexpr std::size_t kLobUploadBytesMax = 64;

// Bounded counters and limiters.
inline constexpr std::size_t kEscrowSitesMax = 256;                         // named in one declaration
inline constexpr std::int64_t kReservationMsMax = 7LL * 24 * 3600 * 1000;   // how long rights are held at most
inline constexpr std::size_t kReservationsReturned = 1'000;                 // expired ones looked at in one go
inline constexpr std::size_t kSubjectBytesMax = 1024;                       // of a limiter
inline constexpr std::uint64_t kLimiterMax = 1'000'000'000'000;             // its limit, and its rate
inline constexpr std::int64_t kLimiterPerMsMax = 366LL * 24 * 3600 * 1000;  // its span
inline constexpr std::size_t kEscrowAskedMax = 10'000;                      // unanswered questions remembered
inline constexpr std::size_t kLimiterSweepCells = 16;                       // looked at in one go for idle ones
inline constexpr std::size_t kEscrowDueMax = 256;                           // looked at again in one turn

// Presence.
inline constexpr std::int64_t kLeaseMsMax = 7LL * 24 * 3600 * 1000;  // until a member must renew
inline constexpr std::size_t kLeaseAboutBytesMax = 4096;             // what a member says of itself
inline constexpr std::size_t kLeaseSweepCells = 8;                   // looked at in one go for ended ones
inline constexpr std::uint32_t kPresenceCountMax = 100'000;          // members counted to say how many there are

// Documents.
inline constexpr std::size_t kDocumentDepthMax = 32;           // objects and arrays inside one another
inline constexpr std::size_t kDocumentFieldsMax = 50'000;      // objects, values and members that one write names
inline constexpr std::size_t kDocumentCellsMax = 200'000;      // of one document that is read or replaced whole
inline constexpr std::size_t kFiltersMax = 32;                 // conditions of one listing
inline constexpr std::size_t kFieldsNamedMax = 256;            // fields that one read picks out
inline constexpr std::size_t kScanCellsMax = 20'000;           // looked at by one listing, beside its last record
inline constexpr std::size_t kScanBytesMax = 8 * 1024 * 1024;  // answered by one listing, beside its last record
inline constexpr std::size_t kExplainCellsMax = 1'000;         // described at once

// Log.
inline constexpr std::size_t kLogPendingBytesMax = 256 * 1024 * 1024;  // appended, not yet written
inline constexpr std::size_t kLogWriteBytesMax = 4 * 1024 * 1024;      // one write
inline constexpr std::size_t kLogTailBytes = 8 * 1024 * 1024;          // recent records kept for readers
inline constexpr std::size_t kLogReadBytes = 1024 * 1024;              // one read for a lagging reader

// Store.
inline constexpr std::size_t kDirtyBytesCheckpoint = 192 * 1024 * 1024;  // starts a checkpoint, and
inline constexpr std::size_t kDirtyTimesSlow = 2;                        // times as many slow writes to the log down,
inline constexpr std::size_t kDirtyTimesMax = 3;                         // and so many refuse them
inline constexpr std::size_t kCellCacheBytes = 256 * 1024 * 1024;        // decoded clean cells
inline constexpr std::size_t kCellCachedBytesMax = 64 * 1024;            // a larger clean cell is not kept
inline constexpr std::size_t kIndexBytesMax = 256 * 1024 * 1024;  // orders of sorted sets and lists, per namespace

// Conflict ledger, per namespace; all of it is in memory.
inline constexpr std::size_t kLedgerLinesMax = 10'000;
inline constexpr std::size_t kLedgerBytesMax = 16 * 1024 * 1024;
inline constexpr std::size_t kLedgerValueBytesMax = 64 * 1024;  // a larger value is named there, not kept
inline constexpr std::size_t kLedgerReasonBytesMax = 1024;
inline constexpr std::size_t kLedgerWaitsMax = 1'000;  // requests that wait for the next line

// Transactions.
inline constexpr std::size_t kOpenTransactionsMax = 10'000;  // per namespace
inline constexpr std::size_t kTransactionBytesMax = 48 * 1024 * 1024;
inline constexpr std::size_t kTxOperationsMax = 1'000;              // of a transaction in one request
inline constexpr std::size_t kSnapshotBytesMax = 64 * 1024 * 1024;  // earlier states kept for open ones, per namespace
inline constexpr std::size_t kScratchCacheBytes = 1 * 1024 * 1024;  // read through one, and kept
inline constexpr std::size_t kBatchItemsMax = 100'000;
inline constexpr std::size_t kListChangesMax = 500'000;  // items of a list or a sorted set that go at once

// Replication.
inline constexpr std::size_t kFrameBytesMax = 80 * 1024 * 1024;       // must hold one commit of the largest size
inline constexpr std::size_t kFrameBytesTarget = 256 * 1024;          // of commits, read and handed out at a time
inline constexpr std::size_t kPartBytesMax = 32 * 1024;               // a frame stops here; more goes in parts
inline constexpr std::size_t kLinkUnackedBytesMax = 4 * 1024 * 1024;  // sent, not acknowledged
inline constexpr std::size_t kLinkInboundBytesMax = 1024 * 1024;      // received, not taken in by the loop
inline constexpr std::size_t kCutCellBytesMax = kCommitBytesMax;      // one cell of a cut: its state
inline constexpr std::size_t kCutKeyBytesMax =                        // and its key: table, key and element, escaped
    kTableBytesMax + 2 * kKeyBytesMax + kElementBytesMax + 16;
inline constexpr std::size_t kScopeNamesMax = 1024;                      // tables that a scope names, each way
inline constexpr std::size_t kResyncBytesMax = 160 * 1024 * 1024;        // cells that differ, of one resync
inline constexpr std::size_t kResyncWaitingBytesMax = 64 * 1024 * 1024;  // cells that came and were not looked at yet
inline constexpr std::size_t kResyncUnsentBytesMax = 8 * 1024 * 1024;    // beside the frame that crosses it, of a link
inline constexpr std::size_t kResyncAsksMax = 16;                        // ranges a peer may ask about at a time
inline constexpr std::size_t kResyncPartsMax = 64;                       // parts of a range that are told at once
inline constexpr std::size_t kResyncRequestsMax = 16;                    // of clients that wait to know what differs
inline constexpr std::size_t kResyncSliceCells = 1024;                   // cells looked at in one go
inline constexpr std::size_t kResyncCutsMax = 4;                         // served at a time, per namespace
inline constexpr std::size_t kRefuseMessageBytesMax = 1024;              // why a link is closed
inline constexpr std::size_t kQuarantinedMax = 256;          // commits that could not be taken, per namespace
inline constexpr std::uint64_t kEpochsAheadMax = 1'000'000;  // that a peer may remember more of us than we do
inline constexpr std::uint32_t kEpochsPerHourMax = 16;       // begun because of what peers remember

// HTTP.
inline constexpr std::size_t kHttpHeadBytesMax = 64 * 1024;            // request line and headers
inline constexpr std::size_t kHttpBodiesBytesMax = 512 * 1024 * 1024;  // buffered bodies of all connections
inline constexpr std::size_t kHttpConnectionsMax = 10'000;
inline constexpr std::size_t kPathWordsMax = 64;       // segments that a path names a place with
inline constexpr std::size_t kJsonDepthMax = 1024;     // of objects and lists in a body
inline constexpr std::int64_t kWaitMsMax = 60'000;     // asked for by Pando-Wait and wait=
inline constexpr std::size_t kConditionEtagsMax = 64;  // in one If-Match
inline constexpr std::uint32_t kListKeysMax = 10'000;  // keys in one listing
inline constexpr std::uint32_t kSetCountMax = 10'000;  // members counted to say how large a set is

// Redis protocol.
inline constexpr std::size_t kRespLineBytesMax = 64 * 1024;            // an inline command, a count or a length
inline constexpr std::size_t kRespArgsMax = 1024 * 1024;               // words of one command
inline constexpr std::size_t kRespCommandBytesMax = 64 * 1024 * 1024;  // one command whole
inline constexpr std::size_t kRespInBytesMax = 512 * 1024 * 1024;      // unfinished commands of all connections
inline constexpr std::size_t kRespOutBytesMax = 1024 * 1024;  // unsent replies of one client before it must read
inline constexpr std::size_t kRespPipelineMax = 1024;         // unanswered commands of one client
inline constexpr std::size_t kRespReadsMax = 10'000;          // keys one command reads
inline constexpr std::size_t kRespQueuedMax = 100'000;        // commands and keys in one MULTI
inline constexpr std::size_t kRespQueuedBytesMax = kCommitBytesMax / 2;
inline constexpr std::size_t kRespCursorsMax = 10'000;  // SCANs remembered, of all clients
inline constexpr std::size_t kRespConnectionsMax = 20'000;
inline constexpr std::size_t kRespChannelsMax = 10'000;             // channels and patterns of one client
inline constexpr std::size_t kRespPushBytesMax = 32 * 1024 * 1024;  // unread publications before a client is cut off
inline constexpr std::uint32_t kRespElementsMax = 1'000'000;        // members, fields or items in one answer
inline constexpr std::uint64_t kRespKeysCountedMax = 100'000;       // by DBSIZE
inline constexpr std::int64_t kRespWaitMsMax = 3'600'000;           // WAIT
inline constexpr std::int64_t kRespBlockMsMax = 315'360'000'000;    // XREAD BLOCK, BLPOP and the like: ten years

// Watching.
inline constexpr std::size_t kWatchesMax = 10'000;
inline constexpr std::size_t kWatchBatchBytes = 64 * 1024;  // handed out at once, plus the event that crosses it
inline constexpr std::size_t kWatchBatchEvents = 512;
inline constexpr std::size_t kCursorTextBytesMax = 64 * 1024;
inline constexpr std::size_t kCursorPartialsMax = 16;              // commits a cursor may stand inside of
inline constexpr std::size_t kWatchPendingBytesMax = 1024 * 1024;  // per watcher, then it is cut off with its cursor

}  // namespace pando::limits
