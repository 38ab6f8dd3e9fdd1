#include <gtest/gtest.h>

#include "api/json_text.h"
#include "api/rest.h"

namespace pando::api::rest_reply_test {
namespace {

std::string json(Bytes text, void (*append)(Bytes&, ByteSpan)) {
  Bytes out;
  append(out, text);
  return out;
}

// The answer to `line` when the node says `body`.
std::string answer(std::string_view line, ReplyBody body, std::uint64_t count = 0) {
  const std::size_t space = line.find(' ');
  auto call = route(method_of(line.substr(0, space)), line.substr(space + 1));
  EXPECT_TRUE(call.has_value()) << line;
  call->count = count;
  Bytes out;
  EXPECT_EQ(append_reply(*call, Reply{{}, std::move(body), {}}, out), 200);
  return out;
}

TEST(RestReply, ToTheByte) {
  const VersionVector context = [] {
    VersionVector v;
    v.raise(Origin{"dc1", 1}, Seq(17));
    v.raise(Origin{"dc2", 2}, Seq(4));
    return v;
  }();
  ValueReply value;
  value.found = true;
  value.value = Bytes("\0\xFF", 2);
  CounterReply counter;
  counter.found = true;
  counter.value = -3;
  counter.slots = {{Origin{"dc1", 1}, 2}, {Origin{"dc2", 1}, -5}};
  MergedReply lww;
  lww.found = true;
  lww.value = "v";
  MergedReply total;
  total.kind = MergedReply::Kind::kCounter;
  total.found = true;
  total.total = 3800;
  total.counts = {{"eu-west-1", 2300}, {"us-east-1", 1500}};
  StatsReply stats;
  stats.origin = Origin{"dc1", 1};
  StatsReply::Link link;
  link.peer = "dc2";
  link.state = "up";
  link.subscribes = TableSet::of({"kv", "row"});
  stats.links.push_back(link);
  stats.quarantined.push_back({{Origin{"dc3", 1}, Seq(7)}, "data_loss: torn", {"dc2"}});
  stats.tables.publish = TableSet::of({"alerts"});
  stats.converged = {{"dc2", "kv", true, 30}};
  OffsetReply offset;
  offset.segment_id = 2;
  offset.segment_offset = 4096;
  offset.durable = LogPos(9);
  offset.context = context;
  BackupReply backup;
  backup.directory = "/b/one";
  backup.files = {{"1.log", 10}, {"2.log", 20}};
  backup.last_segment_id = 2;

  ConflictsReply conflicts;
  conflicts.next = {LogPos(9), 1};
  Conflict line;
  line.id = {LogPos(8), 0};
  line.path = {"kv", "k", CellKind::kRegister, ""};
  line.hlc = Hlc::from_wall_ms(30);
  line.winner = {{{"dc2", 1}, Seq(4)}, Hlc::from_wall_ms(20), std::nullopt, Bytes("w")};
  line.loser = {{{"dc1", 1}, Seq(3)}, Hlc::from_wall_ms(10), std::nullopt, std::nullopt};
  conflicts.lines = {line};
  line.id.index = 1;
  line.kind = Conflict::Kind::kTypeClash;
  line.winner = {{}, {}, ValueType::kCounter, std::nullopt};
  line.loser.type = ValueType::kValue;
  line.loser.value = "x";
  conflicts.lines.push_back(line);
  line.id = {LogPos(9), 1};
  line.kind = Conflict::Kind::kRefusedStamp;
  line.loser = {{{"dc3", 2}, Seq(7)}, Hlc::from_wall_ms(99), std::nullopt, std::nullopt};
  line.reason = "too far ahead";
  conflicts.lines.push_back(line);

  struct Row {
    std::string_view line;
    ReplyBody body;
    std::string text;
  };
  const Row table[] = {
      {"PUT /api/v1/ns/kv/k", DoneReply{1}, R"({"success":true})"},
      {"DELETE /api/v1/ns/kv/k", DoneReply{1}, R"({"success":true})"},
      {"GET /api/v1/ns/kv/k", value, R"({"value":"AP8=","found":true})"},
      {"GET /api/v1/ns/kv/k", ValueReply{}, R"({"value":"","found":false})"},
      {"POST /api/v1/ns/kv/batch", DoneReply{5}, R"({"success":true,"count":7,"processed":5})"},
      {"POST /api/v1/ns/row/batch", DoneReply{7}, R"({"success":true,"count":7,"processed":7})"},
      {"GET /api/v1/ns/row/r%22", RowReply{true, {{"a", "1"}, {"b\n", ""}}},
       R"({"rowKey":"r\"","columns":{"a":"MQ==","b\n":""},"found":true})"},
      {"GET /api/v1/ns/row/r", RowReply{}, R"({"rowKey":"r","columns":{},"found":false})"},
      {"GET /api/v1/ns/row/caf%E9", RowReply{true, {{"\xFF", "1"}, {"a", "2"}}},
       "{\"rowKey\":\"caf\xEF\xBF\xBD\",\"rowKey_b64\":\"Y2Fm6Q==\",\"columns\":{\"a\":\"Mg==\"},\"found\":true,"
       "\"columns_b64\":{\"/w==\":\"MQ==\"}}"},
      {"POST /api/v1/ns/tx/begin", TxBegunReply{"ab12"}, R"({"txnId":"ab12","success":true})"},
      {"POST /api/v1/ns/tx/ab/kv", DoneReply{1}, R"({"success":true})"},
      {"POST /api/v1/ns/tx/ab/commit", TxCommittedReply{3, 3735928559u}, R"({"success":true,"checksum":3735928559})"},
      {"POST /api/v1/ns/tx/ab/abort", DoneReply{}, R"({"success":true,"checksum":0})"},
      {"PUT /api/v1/ns/lob/o", TxCommittedReply{1, 7}, R"({"success":true,"checksum":7})"},
      {"DELETE /api/v1/ns/lob/o", TxCommittedReply{}, R"({"success":true})"},
      {"POST /api/v1/ns/counters/c/incr", counter, R"({"success":true,"value":-3})"},
      {"DELETE /api/v1/ns/counters/c", counter, R"({"success":true})"},
      {"GET /api/v1/ns/counters/c", counter, R"({"value":-3,"found":true,"replicas":{"dc1":2,"dc2":-5}})"},
      {"GET /api/v1/ns/counters/c", CounterReply{}, R"({"value":0,"found":false,"replicas":{}})"},
      {"GET /api/v1/ns/sets/s", MembersReply{{"ada", "\xFF"}, true}, R"({"members":["YWRh","/w=="],"more":true})"},
      {"GET /api/v1/ns/sets/s", MembersReply{}, R"({"members":[],"more":false})"},
      {"GET /api/v1/ns/sets/s/size", MemberCountReply{7, false}, R"({"size":7,"more":false})"},
      {"GET /api/v1/ns/sets/s/members/m", PresenceReply{true}, R"({"member":true})"},
      {"GET /api/v1/ns/flags/f", PresenceReply{false}, R"({"enabled":false})"},
      {"GET /api/v1/ns/ttl/kv/k", TtlReply{true, true, 9000, 400}, R"({"found":true,"remaining_ms":400,"at":9000})"},
      {"GET /api/v1/ns/ttl/kv/k", TtlReply{true}, R"({"found":true})"},
      {"GET /api/v1/ns/ttl/row/r?field=x", TtlReply{}, R"({"found":false})"},
      {"PUT /api/v1/ns/ttl/kv/k", DoneReply{1, {1}}, R"({"success":true,"changed":true})"},
      {"DELETE /api/v1/ns/ttl/kv/k", DoneReply{1, {0}}, R"({"success":true,"changed":false})"},
      {"GET /api/v1/ns/conflicts", ConflictsReply{}, R"({"conflicts":[],"more":false,"next":"0-0","dropped":0})"},
      {"GET /api/v1/ns/conflicts", conflicts,
       R"({"conflicts":[{"id":"8-0","kind":"value","met_ms":30,"table":"kv","key":"k","winner":{"origin":"dc2","seq":4,)"
       R"("hlc":1310720,"written_ms":20,"value":"dw=="},"loser":{"origin":"dc1","seq":3,"hlc":655360,"written_ms":10,)"
       R"("too_large":true}},{"id":"8-1","kind":"type_clash","met_ms":30,"table":"kv","key":"k","winner":{)"
       R"("type":"counter"},"loser":{"origin":"dc1","seq":3,"hlc":655360,"written_ms":10,"type":"value","value":"eA=="}},)"
       R"({"id":"9-1","kind":"refused_stamp","met_ms":30,"reason":"too far ahead","loser":{"origin":"dc3#2","seq":7,)"
       R"("hlc":6488064,"written_ms":99}}],"more":false,"next":"9-1","dropped":0})"},
      {"GET /api/v1/ns/merged/lww:x", lww, R"({"found":true,"type":"lww","value":"dg=="})"},
      {"GET /api/v1/ns/merged/counter:x", total,
       R"({"found":true,"type":"counter","value":3800,"replicas":{"eu-west-1":2300,"us-east-1":1500}})"},
      {"GET /api/v1/ns/kv", ListReply{{"a", "b"}, true}, R"({"keys":["a","b"],"more":true})"},
      {"GET /api/v1/ns/kv", ListReply{{"a", "\xFE"}, false},
       "{\"keys\":[\"a\",\"\xEF\xBF\xBD\"],\"more\":false,\"keys_b64\":[\"YQ==\",\"/g==\"]}"},
      {"GET /api/v1/ns/offset", offset, R"({"segmentId":2,"offset":4096,"durable":9,"context":{"dc1":17,"dc2#2":4}})"},
      {"GET /api/v1/ns/offset", OffsetReply{}, R"({"segmentId":0,"offset":0,"durable":0,"context":{}})"},
      {"GET /api/v1/ns/checkpoint", CheckpointReply{LogPos(5), 2, context},
       R"({"recordProcessed":5,"segmentId":2,"context":{"dc1":17,"dc2#2":4}})"},
      {"GET /api/v1/ns/stats", stats,
       R"({"namespace":"ns","opsReceived":0,"opsFlushed":0,"currentSegment":0,"currentOffset":0,"durable":0,"commits":0,"changes":0,"logSegments":0,)"
       R"("logBytes":0,"logFirst":0,"resyncs":0,"resyncsServed":0,"dirtyCells":0,"openTransactions":0,"malformedPayloads":0,"conflicts":0,"links":[{"peer":"dc2",)"
       R"("state":"up","dialed":false,"behindCommits":0,"receivedCommits":0,"sentCommits":0,"receivedBytes":0,)"
       R"("sentBytes":0,"subscribes":["kv","row"]}],"quarantined":[{"commit":"dc3:7","reason":"data_loss: torn","from":["dc2"]}],)"
       R"("converged":[{"peer":"dc2","table":"kv","equal":true,"atMs":30}],"tables":{"publish":["alerts"],"subscribe":["*"]},"origin":"dc1","context":{}})"},
      {"POST /api/v1/ns/resync", ResyncReply{"dc2", true, 0, 1, {{"kv", 9, 1, 0, 1, 0, 0, 40}}},
       R"({"namespace":"ns","peer":"dc2","merged":true,"aheadCommits":0,"behindCommits":1,"tables":[{"table":"kv",)"
       R"("cells":9,"keys":1,"onlyHere":0,"onlyThere":1,"unlike":0,"bytesHere":0,"bytesThere":40}]})"},
      {"GET /api/v1/ns/digest", DigestReply{"00ff", 3, {}}, R"({"fingerprint":"00ff","cells":3,"context":{}})"},
      {"POST /api/v1/ns/backup", BackupTakenReply{"a.backup", 4096, 3, {}, LogPos(9)},
       R"({"namespace":"ns","path":"a.backup","bytes":4096,"cells":3,"position":9,"context":{}})"},
      {"POST /api/v1/ns/restore", RestoreReply{"a.backup", {"dc1", 2}, 17, {}, 3, 1, 2, 4, 5, false},
       R"({"namespace":"ns","path":"a.backup","dryRun":false,"node":"dc1#2","atMs":17,"cells":3,"newsCommits":2,)"
       R"("changedCells":1,"keysWritten":4,"keysLeftOut":5,"context":{}})"},
      {"POST /api/v1/ns/wal/backup", backup,
       R"({"backups":[{"path":"1.log","bytes":10},{"path":"2.log","bytes":20}],"directory":"/b/one","lastSegmentId":2})"},
      {"POST /api/v1/ns/btree/backup", backup,
       R"({"path":"/b/one","bytes":30,"files":[{"path":"1.log","bytes":10},{"path":"2.log","bytes":20}]})"},
  };
  for (const Row& row : table) EXPECT_EQ(answer(row.line, row.body, 7), row.text + "\n") << row.line;
}

TEST(RestReply, FailuresSayWhy) {
  Bytes out;
  const Reply reply = Reply::failure(Status(StatusCode::kNotFound, "namespace not found: \"x\"\xFF"));
  EXPECT_EQ(append_reply(*route(Method::kGet, "/api/v1/x/kv/k"), reply, out), 404);
  EXPECT_EQ(out, "{\"error\":\"namespace not found: \\\"x\\\"\xEF\xBF\xBD\"}\n");
}

TEST(RestReply, Health) {
  const std::vector<NamespaceHealth> good{{"a", {}}, {"b", {}}};
  const std::vector<NamespaceHealth> bad{{"a", {}}, {"b", Status(StatusCode::kDataLoss, "segment 3 is damaged")}};
  struct Row {
    const std::vector<NamespaceHealth>& namespaces;
    std::optional<std::optional<Bytes>> only;  // absent: health
    int status;
    std::string text;
  };
  const Row table[] = {
      {good, {}, 200, R"({"status":"ok","namespaces":["a","b"]})"},
      {bad, {}, 503, R"({"status":"failing","namespaces":["a","b"],"reasons":{"b":"segment 3 is damaged"}})"},
      {good, std::optional<Bytes>(), 200, R"({"status":"ready","namespaces":["a","b"]})"},
      {bad, std::optional<Bytes>("a"), 200, R"({"status":"ready","namespaces":["a"]})"},
      {bad, std::optional<Bytes>("b"), 503,
       R"({"status":"not ready","namespaces":["b"],"reasons":{"b":"segment 3 is damaged"}})"},
      {good, std::optional<Bytes>("c"), 404, R"({"error":"namespace not found: c"})"},
  };
  for (const Row& row : table) {
    Bytes out;
    const int status = row.only ? append_ready(row.namespaces, *row.only, out) : append_health(row.namespaces, out);
    EXPECT_EQ(status, row.status) << row.text;
    EXPECT_EQ(out, row.text + "\n");
  }
}

TEST(JsonText, StringsAreAlwaysValid) {
  const std::pair<Bytes, std::string> table[] = {
      {"", R"("")"},
      {"plain: text/é漢😀", R"("plain: text/é漢😀")"},
      {"q\"b\\", R"("q\"b\\")"},
      {Bytes("\0\b\n\r\t\x1F\x7F", 7), R"("\u0000\u0008\n\r\t\u001f\u007f")"},
      {"\xC3", "\"\xEF\xBF\xBD\""},                                                  // cut short
      {"\xC0\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\""},                                  // overlong
      {"\xED\xA0\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},                  // surrogate
      {"\xF4\x90\x80\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},  // above U+10FFFF
      {"a\x80z", "\"a\xEF\xBF\xBDz\""},
  };
  for (const auto& row : table) EXPECT_EQ(json(row.first, append_json_string), row.second);
}

// What append_json_string takes for UTF-8 is what is_utf8 does: all strings of up to three bytes of a kind each.
TEST(JsonText, AgreesWithItselfAboutUtf8) {
  const Bytes kinds("\x41\x80\x8F\x90\x9F\xA0\xBF\xC1\xC2\xDF\xE0\xE1\xED\xEF\xF0\xF1\xF4\xF5\xFF", 19);
  const auto check = [](const Bytes& text) {
    EXPECT_EQ(json(text, append_json_string) == "\"" + text + "\"", is_utf8(text)) << testing::PrintToString(text);
  };
  for (const char a : kinds) {
    check({a});
    for (const char b : kinds) {
      check({a, b});
      for (const char c : kinds) {
        check({a, b, c});
        for (const char d : kinds) check({a, b, c, d});
      }
    }
  }
}

}  // namespace
}  // namespace pando::api::rest_reply_test
