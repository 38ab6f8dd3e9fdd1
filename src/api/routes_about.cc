// About a namespace: positions, counts, digest, backups, and its stream of changes.
#include "api/json_body.h"
#include "api/json_fields.h"
#include "api/reply_text.h"
#include "api/route.h"

namespace pando::api {
namespace {

template <typename T>
Result<Request> parse_plain(Call&, JsonBody&) {
  return Request(T{});
}

Result<Request> parse_log_backup(Call&, JsonBody& body) {
  const auto object = body.object();
  if (!object) return fail(object.error());
  BackupLogRequest backup;
  if (const auto element = field(*object, "afterSegmentId")) {
    if (element->get_uint64().get(backup.after_segment) != simdjson::SUCCESS) {
      return refuse("field \"afterSegmentId\" must be a whole number, 0 or more");
    }
  }
  auto directory = backup_path_field(*object, "backupDir");
  if (!directory) return fail(directory.error());
  backup.directory = std::move(*directory);
  return Request(std::move(backup));
}

Result<Request> parse_store_backup(Call&, JsonBody& body) {
  const auto object = body.object();
  if (!object) return fail(object.error());
  auto path = backup_path_field(*object, "path");
  if (!path) return fail(path.error());
  return Request(BackupStoreRequest{std::move(*path)});
}

Result<Request> parse_resync(Call&, JsonBody& body) {
  const auto object = body.object();
  if (!object) return fail(object.error());
  ResyncRequest resync;
  if (const auto element = field(*object, "peer")) {
    std::string_view peer;
    if (element->get_string().get(peer) != simdjson::SUCCESS) return refuse("field \"peer\" must be a string");
    resync.peer = std::string(peer);
  }
  const Result<bool> dry_run = bool_field(*object, "dryRun");
  if (!dry_run) return fail(dry_run.error());
  resync.merge = !*dry_run;
  return Request(std::move(resync));
}

void append_offset(Bytes& out, const Call&, const OffsetReply& offset) {
  out.push_back('{');
  append_field(out, "segmentId", offset.segment_id);
  append_field(out, "offset", offset.segment_offset);
  append_field(out, "durable", offset.durable.value);
  append_context(out, offset.context);
  out.push_back('}');
}

void append_link(Bytes& out, const StatsReply::Link& link) {
  append_comma(out);
  out.push_back('{');
  append_field(out, "peer", ByteSpan(link.peer));
  append_field(out, "state", ByteSpan(link.state));
  append_flag(out, "dialed", link.dialed);
  append_field(out, "behindCommits", link.behind_commits);
  append_field(out, "receivedCommits", link.received_commits);
  append_field(out, "sentCommits", link.sent_commits);
  append_field(out, "receivedBytes", link.received_bytes);
  append_field(out, "sentBytes", link.sent_bytes);
  append_tables(out, "subscribes", link.subscribes);
  out.push_back('}');
}

void append_quarantined(Bytes& out, const StatsReply::Quarantined& commit) {
  append_comma(out);
  out.push_back('{');
  append_field(out, "commit", ByteSpan(to_string(commit.dot)));
  append_field(out, "reason", ByteSpan(commit.reason));
  append_name(out, "from");
  out.push_back('[');
  for (const std::string& peer : commit.from) {
    append_comma(out);
    append_json_string(out, peer);
  }
  out.push_back(']');
  out.push_back('}');
}

void append_converged(Bytes& out, const StatsReply::Converged& one) {
  append_comma(out);
  out.push_back('{');
  append_field(out, "peer", ByteSpan(one.peer));
  append_field(out, "table", ByteSpan(one.table));
  append_flag(out, "equal", one.equal);
  append_field(out, "atMs", static_cast<std::uint64_t>(one.at_ms));
  out.push_back('}');
}

void append_difference(Bytes& out, const TableDifference& table) {
  append_comma(out);
  out.push_back('{');
  append_field(out, "table", ByteSpan(table.table));
  append_field(out, "cells", table.cells);
  append_field(out, "keys", table.keys);
  append_field(out, "onlyHere", table.only_here);
  append_field(out, "onlyThere", table.only_there);
  append_field(out, "unlike", table.unlike);
  append_field(out, "bytesHere", table.bytes_here);
  append_field(out, "bytesThere", table.bytes_there);
  out.push_back('}');
}

void append_resync(Bytes& out, const Call& call, const ResyncReply& resync) {
  out.push_back('{');
  append_field(out, "namespace", ByteSpan(call.ns));
  append_field(out, "peer", ByteSpan(resync.peer));
  append_flag(out, "merged", resync.merged);
  append_field(out, "aheadCommits", resync.ahead_commits);
  append_field(out, "behindCommits", resync.behind_commits);
  append_name(out, "tables");
  out.push_back('[');
  for (const TableDifference& table : resync.tables) append_difference(out, table);
  out.push_back(']');
  out.push_back('}');
}

void append_stats(Bytes& out, const Call& call, const Boxed<StatsReply>& boxed) {
  const StatsReply& stats = *boxed;
  out.push_back('{');
  append_field(out, "namespace", ByteSpan(call.ns));
  append_field(out, "opsReceived", stats.appended.value);
  append_field(out, "opsFlushed", stats.checkpointed.value);
  append_field(out, "currentSegment", stats.segment_id);
  append_field(out, "currentOffset", stats.segment_offset);
  append_field(out, "durable", stats.durable.value);
  append_field(out, "commits", stats.commits);
  append_field(out, "changes", stats.changes);
  append_field(out, "logSegments", stats.log_segments);
  append_field(out, "logBytes", stats.log_bytes);
  append_field(out, "logFirst", stats.log_first.value);
  append_field(out, "resyncs", stats.resyncs);
  append_field(out, "resyncsServed", stats.resyncs_served);
  append_field(out, "dirtyCells", stats.dirty_cells);
  append_field(out, "openTransactions", stats.open_transactions);
  append_field(out, "malformedPayloads", stats.malformed_payloads);
  append_field(out, "conflicts", stats.conflicts);
  append_name(out, "links");
  out.push_back('[');
  for (const auto& link : stats.links) append_link(out, link);
  out.push_back(']');
  append_name(out, "quarantined");
  out.push_back('[');
  for (const auto& commit : stats.quarantined) append_quarantined(out, commit);
  out.push_back(']');
  append_name(out, "converged");
  out.push_back('[');
  for (const auto& one : stats.converged) append_converged(out, one);
  out.push_back(']');
  append_name(out, "tables");
  out.push_back('{');
  append_tables(out, "publish", stats.tables.publish);
  append_tables(out, "subscribe", stats.tables.subscribe);
  out.push_back('}');
  append_field(out, "origin", ByteSpan(to_string(stats.origin)));
  if (stats.draining) append_flag(out, "draining", true);
  if (!stats.retired.empty()) {
    append_name(out, "retired");
    out.push_back('[');
    for (const auto& [node, epoch] : stats.retired) {
      append_comma(out);
      append_json_string(out, node);
    }
    out.push_back(']');
  }
  append_context(out, stats.context);
  out.push_back('}');
}

void append_checkpoint(Bytes& out, const Call&, const CheckpointReply& checkpoint) {
  out.push_back('{');
  append_field(out, "recordProcessed", checkpoint.covered.value);
  append_field(out, "segmentId", checkpoint.segment_id);
  append_context(out, checkpoint.context);
  out.push_back('}');
}

void append_digest(Bytes& out, const Call&, const DigestReply& digest) {
  out.push_back('{');
  append_field(out, "fingerprint", ByteSpan(digest.fingerprint));
  append_field(out, "cells", digest.cells);
  append_context(out, digest.context);
  out.push_back('}');
}

void append_files(Bytes& out, std::string_view name, const BackupReply& backup) {
  append_name(out, name);
  out.push_back('[');
  for (const auto& file : backup.files) {
    append_comma(out);
    out.push_back('{');
    append_field(out, "path", ByteSpan(file.path));
    append_field(out, "bytes", file.bytes);
    out.push_back('}');
  }
  out.push_back(']');
}

void append_log_backup(Bytes& out, const Call&, const BackupReply& backup) {
  out.push_back('{');
  append_files(out, "backups", backup);
  append_field(out, "directory", ByteSpan(backup.directory));
  append_field(out, "lastSegmentId", backup.last_segment_id);
  out.push_back('}');
}

void append_store_backup(Bytes& out, const Call&, const BackupReply& backup) {
  std::uint64_t total = 0;
  for (const auto& file : backup.files) total += file.bytes;
  out.push_back('{');
  append_field(out, "path", ByteSpan(backup.directory));
  append_field(out, "bytes", total);
  append_files(out, "files", backup);
  out.push_back('}');
}

constexpr Parameter kWatch[] = {
    {"table", "Only changes of this table: kv, row or lob"},
    {"prefix", "Only keys that start with it"},
    {"key", "Only this key"},
    {"cursor", "Resume behind the event whose id it was; Last-Event-ID wins"},
};

constexpr RouteRow kRows[] = {
    {.method = Method::kGet,
     .path = "/{ns}/watch",
     .id = "watch",
     .summary = "Stream every change as it becomes durable, or from a cursor on",
     .carriage = Carriage::kWatch,
     .query = kWatch,
     .answer = events(),
     .refusals = {410}},
    {.method = Method::kGet,
     .path = "/{ns}/offset",
     .id = "offset",
     .summary = "Read the end of the durable log",
     .takes = kReadTerms,
     .answer = json("Offset"),
     .parse = parse_plain<OffsetRequest>,
     .reply = reply_with<append_offset>},
    {.method = Method::kGet,
     .path = "/{ns}/stats",
     .id = "stats",
     .summary = "Read counts and links",
     .takes = kReadTerms,
     .answer = json("Stats"),
     .parse = parse_plain<StatsRequest>,
     .reply = reply_with<append_stats>},
    {.method = Method::kGet,
     .path = "/{ns}/checkpoint",
     .id = "checkpoint",
     .summary = "Read what the store holds without the log",
     .takes = kReadTerms,
     .answer = json("Checkpoint"),
     .parse = parse_plain<CheckpointRequest>,
     .reply = reply_with<append_checkpoint>},
    {.method = Method::kGet,
     .path = "/{ns}/digest",
     .id = "digest",
     .summary = "Read a fingerprint that is equal at two sites exactly when their states are",
     .takes = kReadTerms,
     .answer = json("Digest"),
     .parse = parse_plain<DigestRequest>,
     .reply = reply_with<append_digest>},
    {.method = Method::kPost,
     .path = "/{ns}/resync",
     .id = "resync",
     .summary = "Compare all cells with a peer's, and merge in what differs",
     .body = json("Resync", R"({"peer":"dc2","dryRun":true})"),
     .answer = json("ResyncDone"),
     .refusals = {409, 500, 504},
     .parse = parse_resync,
     .reply = reply_with<append_resync>},
    {.method = Method::kPost,
     .path = "/{ns}/wal/backup",
     .id = "log_backup",
     .summary = "Copy the segments of the log, the active one included",
     .body = json("LogBackup", R"({"backupDir":"monday","afterSegmentId":0})"),
     .answer = json("LogBackupDone"),
     .refusals = {500},
     .parse = parse_log_backup,
     .reply = reply_with<append_log_backup>},
    {.method = Method::kPost,
     .path = "/{ns}/btree/backup",
     .id = "store_backup",
     .summary = "Copy the store",
     .body = json("StoreBackup", R"({"path":"monday"})"),
     .answer = json("StoreBackupDone"),
     .refusals = {500},
     .parse = parse_store_backup,
     .reply = reply_with<append_store_backup>},
};

constexpr SchemaRow kSchemas[] = {
    {"Offset", R"({"type":"object","required":["segmentId","offset","durable","context"],"properties":{)"
               R"("segmentId":{"$ref":"Count"},"offset":{"$ref":"Count"},"durable":{"$ref":"Count"},)"
               R"("context":{"$ref":"Context"}}})"},
    {"Checkpoint", R"({"type":"object","required":["recordProcessed","segmentId","context"],"properties":{)"
                   R"("recordProcessed":{"$ref":"Count"},"segmentId":{"$ref":"Count"},"context":{"$ref":"Context"}}})"},
    {"Digest", R"({"type":"object","required":["fingerprint","cells","context"],"properties":{)"
               R"("fingerprint":{"type":"string"},"cells":{"$ref":"Count"},"context":{"$ref":"Context"}}})"},
    {"Link", R"({"type":"object","required":["peer","state","dialed","behindCommits","receivedCommits","sentCommits",)"
             R"("receivedBytes","sentBytes"],)"
             R"("properties":{"peer":{"type":"string"},"state":{"type":"string"},"dialed":{"type":"boolean"},)"
             R"("behindCommits":{"$ref":"Count"},"receivedCommits":{"$ref":"Count"},"sentCommits":{"$ref":"Count"},)"
             R"("receivedBytes":{"$ref":"Count"},"sentBytes":{"$ref":"Count"},"subscribes":{"$ref":"TableNames"}}})"},
    {"TableNames",
     R"({"type":"array","items":{"type":"string"},"description":"the one name * stands for all tables"})"},
    {"TableScope", R"({"type":"object","required":["publish","subscribe"],"properties":{)"
                   R"("publish":{"$ref":"TableNames"},"subscribe":{"$ref":"TableNames"}}})"},
    {"Converged", R"({"type":"object","required":["peer","table","equal","atMs"],"properties":{)"
                  R"("peer":{"type":"string"},"table":{"type":"string"},"equal":{"type":"boolean"},)"
                  R"("atMs":{"$ref":"Count"}}})"},
    {"Resync",
     R"({"type":"object","properties":{"peer":{"type":"string","description":"may be left out where there is )"
     R"(only one"},"dryRun":{"type":"boolean","description":"only say what differs"}}})"},
    {"TableDifference",
     R"({"type":"object","required":["table","cells","keys","onlyHere","onlyThere","unlike","bytesHere","bytesThere"],)"
     R"("properties":{"table":{"type":"string"},"cells":{"$ref":"Count"},"keys":{"$ref":"Count"},)"
     R"("onlyHere":{"$ref":"Count"},"onlyThere":{"$ref":"Count"},"unlike":{"$ref":"Count"},)"
     R"("bytesHere":{"$ref":"Count"},"bytesThere":{"$ref":"Count"}}})"},
    {"ResyncDone",
     R"({"type":"object","required":["namespace","peer","merged","aheadCommits","behindCommits","tables"],)"
     R"("properties":{"namespace":{"type":"string"},"peer":{"type":"string"},"merged":{"type":"boolean"},)"
     R"("aheadCommits":{"$ref":"Count"},"behindCommits":{"$ref":"Count"},)"
     R"("tables":{"type":"array","items":{"$ref":"TableDifference"}}}})"},
    {"Quarantined",
     R"({"type":"object","required":["commit","reason","from"],"properties":{"commit":{"type":"string"},)"
     R"("reason":{"type":"string"},"from":{"type":"array","items":{"type":"string"}}}})"},
    {"Stats",
     R"({"type":"object","required":["namespace","opsReceived","opsFlushed","currentSegment","currentOffset",)"
     R"("durable","commits","changes","logSegments","logBytes","logFirst","resyncs","resyncsServed","dirtyCells","openTransactions","malformedPayloads",)"
     R"("conflicts","links","quarantined","converged","tables","origin","context"],"properties":{"namespace":{"type":"string"},)"
     R"("opsReceived":{"$ref":"Count"},"opsFlushed":{"$ref":"Count"},"currentSegment":{"$ref":"Count"},)"
     R"("currentOffset":{"$ref":"Count"},"durable":{"$ref":"Count"},"commits":{"$ref":"Count"},)"
     R"("changes":{"$ref":"Count"},"logSegments":{"$ref":"Count"},"logBytes":{"$ref":"Count"},"logFirst":{"$ref":"Count"},"resyncs":{"$ref":"Count"},"resyncsServed":{"$ref":"Count"},)"
     R"("dirtyCells":{"$ref":"Count"},"openTransactions":{"$ref":"Count"},"malformedPayloads":{"$ref":"Count"},)"
     R"("conflicts":{"$ref":"Count"},"links":{"type":"array","items":{"$ref":"Link"}},)"
     R"("quarantined":{"type":"array","items":{"$ref":"Quarantined"}},)"
     R"("converged":{"type":"array","items":{"$ref":"Converged"}},"tables":{"$ref":"TableScope"},)"
     R"("origin":{"type":"string"},"context":{"$ref":"Context"},)"
     R"("draining":{"type":"boolean","description":"takes no writes, to be stopped"},)"
     R"("retired":{"type":"array","items":{"type":"string"},"description":"nodes that are gone for good"}}})"},
    {"BackupFiles", R"({"type":"array","items":{"type":"object","required":["path","bytes"],"properties":{)"
                    R"("path":{"type":"string"},"bytes":{"$ref":"Count"}}}})"},
    {"LogBackup", R"({"type":"object","required":["backupDir"],"properties":{"backupDir":{"type":"string",)"
                  R"("description":"below the backup root"},"afterSegmentId":{"$ref":"Count"}}})"},
    {"LogBackupDone", R"({"type":"object","required":["backups","directory","lastSegmentId"],"properties":{)"
                      R"("backups":{"$ref":"BackupFiles"},"directory":{"type":"string"},)"
                      R"("lastSegmentId":{"$ref":"Count"}}})"},
    {"StoreBackup", R"({"type":"object","required":["path"],"properties":{"path":{"type":"string",)"
                    R"("description":"below the backup root"}}})"},
    {"StoreBackupDone", R"({"type":"object","required":["path","bytes","files"],"properties":{)"
                        R"("path":{"type":"string"},"bytes":{"$ref":"Count"},"files":{"$ref":"BackupFiles"}}})"},
};

}  // namespace

Area about_routes() {
  return {"namespace", "Where a namespace stands: positions, counts, links, backups, and its changes.", kRows, kSchemas,
          /*bare_errors=*/true};
}

}  // namespace pando::api
