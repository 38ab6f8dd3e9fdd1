// node/io.h — everything a node is told and everything it asks for: the edge of the pure ring, as data.
//
// A node is driven by step(Input, now) and answers with Outputs. Whoever drives it (server/, sim/) carries
// the outputs out and brings the results back as inputs, in any order across namespaces and links, in order
// for one log and one link. Nothing here blocks, and nothing here is a callback.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/status.h"
#include "base/time.h"
#include "model/change.h"
#include "model/reply.h"
#include "model/request.h"
#include "model/table_scope.h"
#include "model/terms.h"
#include "store/batch.h"

namespace pando::node {

// Inputs. -------------------------------------------------------------------------------------------------

// A client asks; exactly one ReplyOut with this id follows, now or later.
struct ClientRequest {
  RequestId id;
  std::string ns;
  Request request;
  Terms terms = {};
};

// A watcher wants changes of `ns`. `cursor` is the text of an earlier event's cursor; empty starts at now.
// Answered by one WatchOpened. Events come as WatchSend, one outstanding at a time: the next one follows
// WatchReady. So a slow watcher is simply further back in the log, and nothing is buffered for it.
struct WatchOpen {
  WatchId id;
  std::string ns;
  WatchFilter filter;
  std::string cursor;
};
struct WatchReady {
  WatchId id;
};
struct WatchClose {
  WatchId id;
};

// The oldest LogWrite of `ns` is done (or failed, which is final for that namespace). Where that asked to be told, also
// once before, with `durable` false: the operating system has the bytes, and a killed process loses them no more.
struct LogWritten {
  std::string ns;
  Status status;
  bool durable = true;
  // From when the write (or, of several, their sync) was given until it was done; zero where nobody measures.
  Duration took;
};
// The segment asked for by SegmentPrepare exists, zero-filled, durable.
struct SegmentPrepared {
  std::string ns;
  std::uint64_t segment_id = 0;
  Status status;  // kUnavailable when the disk is full: asked again later
};
// The file named by SegmentRemove is gone for good (or was not there).
struct SegmentRemoved {
  std::string ns;
  std::uint64_t segment_id = 0;
  Status status;
};
// The records asked for by LogRead, whole ones only, as they lie in the segment file.
struct LogReadDone {
  std::string ns;
  std::uint64_t read_id = 0;
  Status status;
  Bytes bytes;
};
struct CheckpointWritten {
  std::string ns;
  Status status;
};
// A backup that was planned has been copied (or not).
struct BackupWritten {
  RequestId id;
  Result<BackupReply> result;
};

// The file asked for by BackupTake is whole and durable, or is not there.
struct BackupTaken {
  RequestId id;
  std::string ns;
  Result<BackupTakenReply> result;
};
// The bytes asked for by RestoreRead.
struct RestoreReadDone {
  RequestId id;
  std::string ns;
  Status status;  // kNotFound: there is no such file
  Bytes bytes;    // fewer than asked for only at the end of the file
};

// A stream to a peer is open. `dial_id` is that of the Dial it answers, 0 for one the peer dialled.
struct LinkUp {
  LinkId id;
  std::uint64_t dial_id = 0;
  std::string peer_address;  // for people
  // Of a peer that dialled: whom its certificate names. Absent where there are no certificates, or where what they name
  // is no node.
  std::optional<std::vector<std::string>> peer_names = {};
};
struct LinkFrame {
  LinkId id;
  Bytes frame;
};
// `bytes` more have left this machine; what is handed out and not yet drained is bounded per link.
struct LinkDrained {
  LinkId id;
  std::size_t bytes = 0;
};
// Exactly one per LinkUp, also after a LinkClose of ours; and one per Dial that failed.
struct LinkDown {
  LinkId id;
  std::uint64_t dial_id = 0;  // set when a Dial failed before its LinkUp; then `id` means nothing
  std::string reason;
};

// Time passed; ask again at Outputs::wake_at.
struct Tick {};

using Input = std::variant<ClientRequest, WatchOpen, WatchReady, WatchClose, LogWritten, SegmentPrepared,
                           SegmentRemoved, LogReadDone, CheckpointWritten, BackupWritten, BackupTaken, RestoreReadDone,
                           LinkUp, LinkFrame, LinkDrained, LinkDown, Tick>;

// Outputs. ------------------------------------------------------------------------------------------------

struct ReplyOut {
  RequestId id;
  Reply reply;
};

struct WatchOpened {
  WatchId id;
  Status status;       // kInvalidArgument for a bad cursor, kNotFound for an unknown namespace
  std::string cursor;  // where the watch starts
};
struct WatchEvent {
  Change change;
  std::string cursor;  // resumes right after this event, here or at another site
};
struct WatchSend {
  WatchId id;
  std::vector<WatchEvent> events;
};
// The watch is over (namespace failed, node stopping).
struct WatchEnded {
  WatchId id;
  Status status;
};

// Write `bytes` at `offset` of the segment, then make them durable, then answer LogWritten. One in flight per
// namespace; the next of the same segment may be given once LogWritten has told that the operating system has all
// before it. One sync may stand for several. Each is answered, in order.
struct LogWrite {
  std::string ns;
  std::uint64_t segment_id = 0;
  std::uint64_t offset = 0;
  Bytes bytes;
  bool tell_written = false;  // LogWritten also before it is durable: somebody waits for no more than that
  bool awaited = false;       // somebody waits until it is durable
};
// Create the segment file: `bytes_total` zero bytes, really written, durable, also its directory entry.
struct SegmentPrepare {
  std::string ns;
  std::uint64_t segment_id = 0;
  std::uint64_t bytes_total = 0;
};
// Remove the segment file, durably, then answer SegmentRemoved. Nothing reads it any more.
struct SegmentRemove {
  std::string ns;
  std::uint64_t segment_id = 0;
};
struct LogRead {
  std::string ns;
  std::uint64_t read_id = 0;
  std::uint64_t segment_id = 0;
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};
// Write this to the namespace's Kv, atomically and durably.
struct CheckpointWrite {
  std::string ns;
  store::Batch batch;
};
struct BackupLog {
  RequestId id;
  std::string ns;
  std::string directory;
  struct Segment {
    std::uint64_t id = 0;
    std::uint64_t bytes_durable = 0;
  };
  std::vector<Segment> segments;  // the active one too
};
struct BackupStore {
  RequestId id;
  std::string ns;
  std::string path;
};

// Write what the namespace's Kv holds as one backup file (model/backup.h), which must not exist yet; then answer
// BackupTaken. The Kv is written on meanwhile.
struct BackupTake {
  RequestId id;
  std::string ns;
  Origin node;  // that asks: a store that came of a backup does not know it before its first checkpoint
  std::string path;
  TableFilter shared;
  std::int64_t at_ms = 0;
};
// Read so much of a backup file. One in flight per namespace.
struct RestoreRead {
  RequestId id;
  std::string ns;
  std::string path;
  std::uint64_t offset = 0;
  std::uint64_t bytes_max = 0;
};

// Changes that are durable and readable, in order, for the configured notifiers. Lossy from here on.
struct Notify {
  std::string ns;
  std::vector<WatchEvent> events;
};

struct Dial {
  std::uint64_t dial_id = 0;
  std::string address;      // host:port
  std::string config_name;  // the [relayer_config.NAME] or [peer.NAME] with its certificates
};
struct LinkSend {
  LinkId id;
  Bytes frame;
};
// Sends what was handed out before, then closes. LinkDown follows.
struct LinkClose {
  LinkId id;
  Status reason;
};

// For the log that people read.
struct Note {
  enum class Level : std::uint8_t { kInfo, kWarning, kError };
  Level level = Level::kInfo;
  std::string ns;  // may be empty
  std::string text;
};

// Reused from step to step; the driver empties it.
struct Outputs {
  std::vector<ReplyOut> replies;
  std::vector<WatchOpened> watches_opened;
  std::vector<WatchSend> watch_sends;
  std::vector<WatchEnded> watches_ended;
  std::vector<LogWrite> log_writes;
  std::vector<SegmentPrepare> segment_prepares;
  std::vector<SegmentRemove> segment_removes;
  std::vector<LogRead> log_reads;
  std::vector<CheckpointWrite> checkpoints;
  std::vector<BackupLog> backup_logs;
  std::vector<BackupStore> backup_stores;
  std::vector<BackupTake> backup_takes;
  std::vector<RestoreRead> restore_reads;
  std::vector<Notify> notifies;
  std::vector<Dial> dials;
  std::vector<LinkSend> link_sends;
  std::vector<LinkClose> link_closes;
  std::vector<Note> notes;
  // Call step(Tick) no later than this.
  Instant wake_at{INT64_MAX};
};

}  // namespace pando::node
