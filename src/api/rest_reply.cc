// Call + Reply → status and JSON. Field order is the contract's; what is ours follows.
#include <fmt/format.h>

#include "api/errors.h"
#include "api/json_text.h"
#include "api/rest.h"
#include "base/base64.h"

namespace pando::api {
namespace {

void append_bool(Bytes& out, bool b) { out += b ? "true" : "false"; }

// ,"name": — the comma is left out right after an opening brace.
void append_name(Bytes& out, std::string_view name) {
  if (!out.empty() && out.back() != '{' && out.back() != '[') out.push_back(',');
  out.push_back('"');
  out.append(name);
  out += "\":";
}

void append_field(Bytes& out, std::string_view name, std::uint64_t n) {
  append_name(out, name);
  append_number(out, n);
}
void append_field(Bytes& out, std::string_view name, ByteSpan text) {
  append_name(out, name);
  append_json_string(out, text);
}

// "context":{"dc1":17,"dc2#2":4}
void append_context(Bytes& out, const VersionVector& context) {
  append_name(out, "context");
  out.push_back('{');
  for (const auto& entry : context.entries()) append_field(out, to_string(entry.first), entry.second.value);
  out.push_back('}');
}

void append_body(Bytes& out, const Call& call, const DoneReply& done) {
  out += R"({"success":true)";
  switch (call.route) {
    case Route::kKvBatch:
    case Route::kRowBatch:
      append_field(out, "count", call.count);
      append_field(out, "processed", done.processed);
      break;
    case Route::kTxAbort: append_field(out, "checksum", std::uint64_t{0}); break;
    default: break;
  }
  out.push_back('}');
}

void append_body(Bytes& out, const Call&, const ValueReply& value) {
  out += R"({"value":)";
  append_json_base64(out, value.found ? ByteSpan(value.value) : ByteSpan());
  out += R"(,"found":)";
  append_bool(out, value.found);
  out.push_back('}');
}

// Columns whose names are not UTF-8 stand apart, named in base64.
void append_body(Bytes& out, const Call& call, const RowReply& row) {
  out.push_back('{');
  append_json_key_field(out, "rowKey", call.key);
  append_name(out, "columns");
  out.push_back('{');
  bool all_text = true;
  for (const auto& column : row.columns) {
    if (!is_utf8(column.first)) {
      all_text = false;
      continue;
    }
    if (out.back() != '{') out.push_back(',');
    append_json_string(out, column.first);
    out.push_back(':');
    append_json_base64(out, column.second);
  }
  out += R"(},"found":)";
  append_bool(out, row.found);
  if (!all_text) {
    append_name(out, "columns_b64");
    out.push_back('{');
    for (const auto& column : row.columns) {
      if (is_utf8(column.first)) continue;
      append_name(out, base64_encode(column.first));
      append_json_base64(out, column.second);
    }
    out.push_back('}');
  }
  out.push_back('}');
}

void append_body(Bytes& out, const Call& call, const CounterReply& counter) {
  if (call.route == Route::kCounterReset) {
    out += R"({"success":true})";
    return;
  }
  const bool added = call.route == Route::kCounterIncr || call.route == Route::kCounterDecr;
  out.push_back('{');
  if (added) out += R"("success":true)";
  append_name(out, "value");
  append_number(out, counter.value);
  if (!added) {
    append_name(out, "found");
    append_bool(out, counter.found);
    append_name(out, "replicas");
    out.push_back('{');
    for (const auto& slot : counter.slots) {
      append_name(out, to_string(slot.origin));
      append_number(out, slot.value);
    }
    out.push_back('}');
  }
  out.push_back('}');
}

void append_merged_counter(Bytes& out, const MergedReply& merged) {
  append_field(out, "value", merged.total);
  append_name(out, "replicas");
  out.push_back('{');
  for (const auto& count : merged.counts) {
    if (out.back() != '{') out.push_back(',');
    append_json_string(out, count.replica);
    out.push_back(':');
    append_number(out, count.count);
  }
  out.push_back('}');
}

void append_body(Bytes& out, const Call&, const MergedReply& merged) {
  const bool counter = merged.kind == MergedReply::Kind::kCounter;
  out += R"({"found":)";
  append_bool(out, merged.found);
  append_field(out, "type", counter ? ByteSpan("counter") : ByteSpan("lww"));
  if (counter) {
    append_merged_counter(out, merged);
  } else {
    append_name(out, "value");
    append_json_base64(out, merged.value);
  }
  out.push_back('}');
}

void append_body(Bytes& out, const Call&, const MembersReply& set) {
  out += R"({"members":[)";
  for (const Bytes& member : set.members) {
    if (out.back() != '[') out.push_back(',');
    append_json_base64(out, member);
  }
  out += R"(],"more":)";
  append_bool(out, set.more);
  out.push_back('}');
}

void append_body(Bytes& out, const Call&, const MemberCountReply& set) {
  out.push_back('{');
  append_field(out, "size", set.count);
  append_name(out, "more");
  append_bool(out, set.more);
  out.push_back('}');
}

void append_body(Bytes& out, const Call& call, const PresenceReply& presence) {
  out += call.route == Route::kFlagGet ? R"({"enabled":)" : R"({"member":)";
  append_bool(out, presence.present);
  out.push_back('}');
}

void append_body(Bytes& out, const Call&, const ListReply& list) {
  out += R"({"keys":[)";
  bool all_text = true;
  for (const Bytes& key : list.keys) {
    if (out.back() != '[') out.push_back(',');
    append_json_string(out, key);
    all_text = all_text && is_utf8(key);
  }
  out += R"(],"more":)";
  append_bool(out, list.more);
  if (!all_text) {
    append_name(out, "keys_b64");
    out.push_back('[');
    for (const Bytes& key : list.keys) {
      if (out.back() != '[') out.push_back(',');
      append_json_base64(out, key);
    }
    out.push_back(']');
  }
  out.push_back('}');
}

// Answered by io/http as a head with Content-Length; here for HEAD-like uses and completeness of the table.
void append_body(Bytes& out, const Call&, const LobStatReply& lob) {
  out.push_back('{');
  append_field(out, "size", lob.size_bytes);
  append_name(out, "found");
  append_bool(out, lob.found);
  out.push_back('}');
}
void append_body(Bytes& out, const Call&, const LobChunkReply& lob) { out.append(lob.chunk); }

void append_body(Bytes& out, const Call&, const TxBegunReply& begun) {
  out.push_back('{');
  append_field(out, "txnId", ByteSpan(begun.id));
  out += R"(,"success":true})";
}

void append_body(Bytes& out, const Call& call, const TxCommittedReply& committed) {
  out += R"({"success":true)";
  // DELETE /lob/{key} commits a transaction under the hood; its checksum is of nothing.
  if (call.route != Route::kLobDelete) append_field(out, "checksum", std::uint64_t{committed.checksum});
  out.push_back('}');
}

void append_body(Bytes& out, const Call&, const OffsetReply& offset) {
  out.push_back('{');
  append_field(out, "segmentId", offset.segment_id);
  append_field(out, "offset", offset.segment_offset);
  append_field(out, "durable", offset.durable.value);
  append_context(out, offset.context);
  out.push_back('}');
}

void append_link(Bytes& out, const StatsReply::Link& link) {
  if (out.back() != '[') out.push_back(',');
  out.push_back('{');
  append_field(out, "peer", ByteSpan(link.peer));
  append_field(out, "state", ByteSpan(link.state));
  append_name(out, "dialed");
  append_bool(out, link.dialed);
  append_field(out, "behindCommits", link.behind_commits);
  append_field(out, "receivedCommits", link.received_commits);
  append_field(out, "sentCommits", link.sent_commits);
  out.push_back('}');
}

void append_body(Bytes& out, const Call& call, const StatsReply& stats) {
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
  append_field(out, "dirtyCells", stats.dirty_cells);
  append_field(out, "openTransactions", stats.open_transactions);
  append_field(out, "malformedPayloads", stats.malformed_payloads);
  append_field(out, "conflicts", stats.conflicts);
  append_name(out, "links");
  out.push_back('[');
  for (const auto& link : stats.links) append_link(out, link);
  out.push_back(']');
  append_field(out, "origin", ByteSpan(to_string(stats.origin)));
  append_context(out, stats.context);
  out.push_back('}');
}

void append_body(Bytes& out, const Call&, const CheckpointReply& checkpoint) {
  out.push_back('{');
  append_field(out, "recordProcessed", checkpoint.covered.value);
  append_field(out, "segmentId", checkpoint.segment_id);
  append_context(out, checkpoint.context);
  out.push_back('}');
}

void append_body(Bytes& out, const Call&, const DigestReply& digest) {
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
    if (out.back() != '[') out.push_back(',');
    out.push_back('{');
    append_field(out, "path", ByteSpan(file.path));
    append_field(out, "bytes", file.bytes);
    out.push_back('}');
  }
  out.push_back(']');
}

void append_body(Bytes& out, const Call& call, const BackupReply& backup) {
  out.push_back('{');
  if (call.route == Route::kLogBackup) {
    append_files(out, "backups", backup);
    append_field(out, "directory", ByteSpan(backup.directory));
    append_field(out, "lastSegmentId", backup.last_segment_id);
  } else {
    std::uint64_t total = 0;
    for (const auto& file : backup.files) total += file.bytes;
    append_field(out, "path", ByteSpan(backup.directory));
    append_field(out, "bytes", total);
    append_files(out, "files", backup);
  }
  out.push_back('}');
}

void append_namespaces(Bytes& out, std::string_view status, const std::vector<NamespaceHealth>& namespaces) {
  out.push_back('{');
  append_field(out, "status", status);
  append_name(out, "namespaces");
  out.push_back('[');
  for (const auto& health : namespaces) {
    if (out.back() != '[') out.push_back(',');
    append_json_string(out, health.ns);
  }
  out.push_back(']');
  bool any_reason = false;
  for (const auto& health : namespaces) {
    if (health.status.ok()) continue;
    if (!any_reason) {
      append_name(out, "reasons");
      out.push_back('{');
      any_reason = true;
    }
    if (out.back() != '{') out.push_back(',');
    append_json_string(out, health.ns);
    out.push_back(':');
    append_json_string(out, health.status.message());
  }
  if (any_reason) out.push_back('}');
  out += "}\n";
}

bool all_ok(const std::vector<NamespaceHealth>& namespaces) {
  for (const auto& health : namespaces) {
    if (!health.status.ok()) return false;
  }
  return true;
}

}  // namespace

void append_error(std::string_view text, Bytes& body) {
  body += R"({"error":)";
  append_json_string(body, text);
  body += "}\n";
}

int append_reply(const Call& call, const Reply& reply, Bytes& body) {
  if (!reply.status.ok()) {
    append_error(reply.status.message(), body);
    return error_row(reply.status.code()).http;
  }
  std::visit([&](const auto& content) { append_body(body, call, content); }, reply.body);
  body.push_back('\n');
  return 200;
}

int append_health(const std::vector<NamespaceHealth>& namespaces, Bytes& body) {
  const bool ok = all_ok(namespaces);
  append_namespaces(body, ok ? "ok" : "failing", namespaces);
  return ok ? 200 : 503;
}

int append_ready(const std::vector<NamespaceHealth>& namespaces, const std::optional<Bytes>& only, Bytes& body) {
  std::vector<NamespaceHealth> asked;
  for (const auto& health : namespaces) {
    if (!only || health.ns == *only) asked.push_back(health);
  }
  if (only && asked.empty()) {
    append_error("namespace not found: " + *only, body);
    return 404;
  }
  const bool ok = all_ok(asked);
  append_namespaces(body, ok ? "ready" : "not ready", asked);
  return ok ? 200 : 503;
}

}  // namespace pando::api
