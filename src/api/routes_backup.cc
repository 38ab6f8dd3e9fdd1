// Backups of a namespace as one file each, and merging them in.
#include "api/json_body.h"
#include "api/json_fields.h"
#include "api/reply_text.h"
#include "api/route.h"

namespace pando::api {
namespace {

Result<Request> parse_backup(Call&, JsonBody& body) {
  const auto object = body.object();
  if (!object) return fail(object.error());
  auto path = backup_path_field(*object, "path");
  if (!path) return fail(path.error());
  return Request(BackupRequest{std::move(*path)});
}

Result<Request> parse_restore(Call&, JsonBody& body) {
  const auto object = body.object();
  if (!object) return fail(object.error());
  auto path = backup_path_field(*object, "path");
  if (!path) return fail(path.error());
  RestoreRequest restore;
  restore.path = std::move(*path);
  if (const auto element = field(*object, "table")) {
    std::string_view table;
    if (element->get_string().get(table) != simdjson::SUCCESS || table.empty()) {
      return refuse("field \"table\" must be the name of a table");
    }
    restore.table = std::string(table);
  }
  const Result<bool> foreign = bool_field(*object, "foreign");
  if (!foreign) return fail(foreign.error());
  const Result<bool> dry_run = bool_field(*object, "dryRun");
  if (!dry_run) return fail(dry_run.error());
  restore.foreign = *foreign;
  restore.dry_run = *dry_run;
  return Request(std::move(restore));
}

void append_taken(Bytes& out, const Call& call, const BackupTakenReply& backup) {
  out.push_back('{');
  append_field(out, "namespace", ByteSpan(call.ns));
  append_field(out, "path", ByteSpan(backup.path));
  append_field(out, "bytes", backup.bytes);
  append_field(out, "cells", backup.cells);
  append_field(out, "position", backup.pos.value);
  append_context(out, backup.context);
  out.push_back('}');
}

void append_restored(Bytes& out, const Call& call, const RestoreReply& restore) {
  out.push_back('{');
  append_field(out, "namespace", ByteSpan(call.ns));
  append_field(out, "path", ByteSpan(restore.path));
  append_flag(out, "dryRun", restore.dry_run);
  append_field(out, "node", ByteSpan(to_string(restore.node)));
  append_field(out, "atMs", static_cast<std::uint64_t>(restore.at_ms));
  append_field(out, "cells", restore.cells);
  append_field(out, "newsCommits", restore.news_commits);
  append_field(out, "changedCells", restore.changed);
  append_field(out, "keysWritten", restore.keys_written);
  append_field(out, "keysLeftOut", restore.keys_left_out);
  append_context(out, restore.context);
  out.push_back('}');
}

constexpr RouteRow kRows[] = {
    {.method = Method::kPost,
     .path = "/{ns}/backup",
     .id = "backup",
     .summary = "Write what one context covers into one file, while writes go on",
     .body = json("Backup", R"({"path":"monday/ns.backup"})"),
     .answer = json("BackupTaken"),
     .refusals = {404, 409, 500},
     .parse = parse_backup,
     .reply = reply_with<append_taken>},
    {.method = Method::kPost,
     .path = "/{ns}/restore",
     .id = "restore",
     .summary = "Merge a backup in, or write again what is gone of one table",
     .body = json("Restore", R"({"path":"monday/ns.backup","dryRun":true})"),
     .answer = json("Restored"),
     .refusals = {404, 409, 500},
     .parse = parse_restore,
     .reply = reply_with<append_restored>},
};

constexpr SchemaRow kSchemas[] = {
    {"Backup", R"({"type":"object","required":["path"],"properties":{"path":{"type":"string",)"
               R"("description":"of a file that is not there yet, below the backup root"}}})"},
    {"BackupTaken",
     R"({"type":"object","required":["namespace","path","bytes","cells","position","context"],"properties":{)"
     R"("namespace":{"type":"string"},"path":{"type":"string"},"bytes":{"$ref":"Count"},"cells":{"$ref":"Count"},)"
     R"("position":{"$ref":"Count"},"context":{"$ref":"Context"}}})"},
    {"Restore",
     R"({"type":"object","required":["path"],"properties":{"path":{"type":"string","description":"below the backup )"
     R"(root"},"table":{"type":"string","description":"write again what is gone of this table, and nothing else"},)"
     R"("foreign":{"type":"boolean","description":"though no writer of it was ever heard of here"},)"
     R"("dryRun":{"type":"boolean","description":"only say what it would change"}}})"},
    {"Restored",
     R"({"type":"object","required":["namespace","path","dryRun","node","atMs","cells","newsCommits","changedCells",)"
     R"("keysWritten","keysLeftOut","context"],"properties":{"namespace":{"type":"string"},"path":{"type":"string"},)"
     R"("dryRun":{"type":"boolean"},"node":{"type":"string"},"atMs":{"$ref":"Count"},"cells":{"$ref":"Count"},)"
     R"("newsCommits":{"$ref":"Count"},"changedCells":{"$ref":"Count"},"keysWritten":{"$ref":"Count"},)"
     R"("keysLeftOut":{"$ref":"Count"},"context":{"$ref":"Context"}}})"},
};

}  // namespace

Area backup_routes() {
  return {"backup", "Backups that are causal cuts, and what can be done with them.", kRows, kSchemas};
}

}  // namespace pando::api
