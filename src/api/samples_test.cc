// Sample replies of the routes that have no test file of their own.
#include "api/samples_suite.h"
#include "model/document.h"
#include "model/expiry.h"

namespace pando::api::samples_test {
namespace {

VersionVector context() {
  VersionVector v;
  v.raise(Origin{"dc1", 1}, Seq(17));
  v.raise(Origin{"dc2", 2}, Seq(4));
  return v;
}

ValueReply value() {
  ValueReply reply;
  reply.found = true;
  reply.value = Bytes("\0\xFF", 2);
  return reply;
}

CounterReply counter() {
  CounterReply reply;
  reply.found = true;
  reply.value = -3;
  reply.slots = {{Origin{"dc1", 1}, 2}, {Origin{"dc2", 1}, -5}};
  return reply;
}

MergedReply merged(MergedReply::Kind kind) {
  MergedReply reply;
  reply.kind = kind;
  reply.found = true;
  reply.value = "v";
  reply.total = 3800;
  reply.counts = {{"eu-west-1", 2300}, {"us-east-1", 1500}};
  return reply;
}

StatsReply stats() {
  StatsReply reply;
  reply.origin = Origin{"dc1", 1};
  reply.links.push_back({});
  reply.links.back().peer = "dc2";
  reply.links.back().state = "up";
  reply.context = context();
  reply.converged = {{"dc2", "kv", true, 30}};
  return reply;
}

OffsetReply offset() {
  OffsetReply reply;
  reply.context = context();
  return reply;
}

BackupReply backup() {
  BackupReply reply;
  reply.directory = "/b/one";
  reply.files = {{"1.log", 10}, {"2.log", 20}};
  return reply;
}

CounterReply decimal_counter() {
  CounterReply reply;
  reply.found = true;
  reply.decimal = Int128{12'500'000'000};
  reply.slots = {{Origin{"dc1", 1}, 0, Int128{12'500'000'000}}};
  return reply;
}

ValueReply value_with_siblings() {
  ValueReply reply = value();
  reply.siblings = {{Dot{Origin{"dc2", 1}, Seq(4)}, Hlc{7}, "other"}};
  return reply;
}

Document document() {
  return {{""},
          {path_of_fields({"a"}), DocumentEntry::Kind::kValue, "12.50"},
          {path_of_fields({"b"}), DocumentEntry::Kind::kObject},
          {path_of_fields({"b", "tags"}), DocumentEntry::Kind::kSet, "", {"\"x\"", "1"}},
          {path_of_fields({"c"}), DocumentEntry::Kind::kObject}};
}

DeclarationsReply declarations() {
  return {{{"users", true, {{"resolver", "max"}, {"ttl", "60000ms"}, {"grow_only", "true"}}}}};
}

ExplainReply explanation() {
  ExplainReply reply;
  reply.type = ValueType::kDocument;
  reply.expires_ms = 1700000000000;
  reply.cells = {
      {CellKind::kExpiry,
       "",
       true,
       {{Dot{Origin{"dc1", 1}, Seq(4)}, Hlc{1 << 20}, encode_expiry(1700000000000), true}}},
      {CellKind::kLeaf, path_of_fields({"a", "b"}), true, {{Dot{Origin{"dc1", 1}, Seq(4)}, Hlc{1 << 20}, "\xFF"}}},
      {CellKind::kLeafCounter, path_of_fields({"n"}), true, {}, {{Origin{"dc1", 1}, Seq(3), 500000000}}, 500000000},
      {CellKind::kLeafMember, path_of_fields({"s"}) + Bytes(kMemberMark) + "1", false},
  };
  return reply;
}

ConflictsReply conflicts() {
  Conflict line;
  line.id = {LogPos(8), 0};
  line.path = {"kv", "k", CellKind::kRegister, ""};
  line.winner = {{{"dc2", 1}, Seq(4)}, Hlc::from_wall_ms(20), std::nullopt, Bytes("w")};
  line.loser = {{{"dc1", 1}, Seq(3)}, Hlc::from_wall_ms(10), std::nullopt, std::nullopt};
  ConflictsReply reply;
  reply.next = line.id;
  reply.lines = {line};
  return reply;
}

const Sample kSamples[] = {
    {"record_put", DoneReply{1}},
    {"record_patch", DoneReply{1}},
    {"record_get", DocumentReply{true, document()}},
    {"record_delete", DoneReply{1}},
    {"record_list", DocumentsReply{{{"a", document()}, {"\xFE", {{""}}}}, true, "\xFE"}},
    {"record_list", DocumentsReply{}},
    {"tx_record_put", DoneReply{1}},
    {"tx_record_patch", DoneReply{1}},
    {"tx_record_delete", DoneReply{1}},
    {"declaration_get", declarations()},
    {"declaration_put", DoneReply{1}},
    {"declaration_patch", DoneReply{1}},
    {"declaration_delete", DoneReply{1}},
    {"declaration_list", declarations()},
    {"explain", explanation()},
    {"explain", ExplainReply{}},
    {"kv_get", value_with_siblings()},
    {"counter_get", decimal_counter()},
    {"counter_incr", DoneReply{1, {0}, {{"12.5"}}}},
    {"ttl_get", TtlReply{true, true, 9000, 400}},
    {"ttl_get", TtlReply{}},
    {"ttl_set", DoneReply{1, {1}}},
    {"ttl_persist", DoneReply{1, {0}}},
    {"conflicts_list", conflicts()},
    {"conflict_restore", DoneReply{1}},
    {"kv_put", DoneReply{1}},
    {"kv_get", value()},
    {"kv_get", ValueReply{}},
    {"kv_delete", DoneReply{1}},
    {"kv_batch", DoneReply{5}},
    {"kv_list", ListReply{{"a", "\xFE"}, true}},
    {"kv_list", ListReply{}},
    {"row_put", DoneReply{1}},
    {"row_get", RowReply{true, {{"\xFF", "1"}, {"a", "2"}}}},
    {"row_get", RowReply{}},
    {"row_delete", DoneReply{1}},
    {"row_delete_columns", DoneReply{1}},
    {"row_batch", DoneReply{5}},
    {"row_list", ListReply{{"a"}, false}},
    {"lob_put", TxCommittedReply{1, 0xFFFFFFFF}},
    {"lob_delete", TxCommittedReply{}},
    {"lob_put_by_query", TxCommittedReply{1, 7}},
    {"lob_delete_by_query", TxCommittedReply{}},
    {"lob_list", ListReply{{"a"}, false}},
    {"tx_begin", TxBegunReply{"ab12"}},
    {"tx_kv", DoneReply{1}},
    {"tx_row", DoneReply{1}},
    {"tx_lob", DoneReply{1}},
    {"tx_lob_delete", DoneReply{1}},
    {"tx_set", DoneReply{1}},
    {"tx_flag", DoneReply{1}},
    {"tx_commit", TxCommittedReply{3, 3735928559}},
    {"tx_abort", DoneReply{}},
    {"counter_incr", counter()},
    {"counter_incr", DoneReply{1}},
    {"counter_decr", counter()},
    {"counter_get", counter()},
    {"counter_get", CounterReply{}},
    {"counter_reset", DoneReply{1}},
    {"counter_reset", counter()},
    {"set_add", DoneReply{1}},
    {"set_remove", DoneReply{1}},
    {"set_delete", DoneReply{1}},
    {"set_list", MembersReply{{"ada", "\xFF"}, true}},
    {"set_size", MemberCountReply{7, false}},
    {"set_has", PresenceReply{true}},
    {"flag_get", PresenceReply{false}},
    {"flag_enable", DoneReply{1}},
    {"flag_disable", DoneReply{1}},
    {"merged_get", merged(MergedReply::Kind::kRegister)},
    {"merged_get", merged(MergedReply::Kind::kCounter)},
    {"offset", offset()},
    {"stats", stats()},
    {"checkpoint", CheckpointReply{LogPos(5), 2, context()}},
    {"digest", DigestReply{"00ff", 3, context()}},
    {"resync", ResyncReply{"dc2", false, 0, 1, {{"kv", 9, 1, 0, 1, 0, 0, 40}}}},
    {"scope", ScopeReply{{TableSet::of({"alerts"}), TableSet::of({"limits", "thresholds"})},
                         TableSet::of({"limits"}),
                         "120 bytes came from cloud so far",
                         {}}},
    {"scope_patch", ScopeReply{}},
    {"log_backup", backup()},
    {"backup", BackupTakenReply{"monday/ns.backup", 4096, 3, context(), LogPos(9)}},
    {"restore", RestoreReply{"monday/ns.backup", {"dc1", 1}, 1'700'000'000'000, context(), 3, 1, 2, 0, 0, true}},
    {"store_backup", backup()},
    {"nodes", NodesReply{{{"dc1", NodesReply::State::kSelf, 1, 7},
                          {"dc2", NodesReply::State::kRetired, 1, 3, 1, "dc1", 1'700'000'000'000}}}},
    {"node_retire", RetireReply{"dc2", 1, true, 3, 2, 1, 40}},
    {"drain", DrainReply{}},
    {"drain_begin", DrainReply{true, false, 1, 2, true, {{"dc2", 3}}}},
    {"drain_end", DrainReply{false, false, 0, 0, false, {{"dc2", 0}}}},
};

}  // namespace
}  // namespace pando::api::samples_test
