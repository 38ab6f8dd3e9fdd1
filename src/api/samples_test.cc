// Sample replies of the routes that have no test file of their own.
#include "api/samples_suite.h"

namespace pando::api {
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

const Sample kSamples[] = {
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
    {"log_backup", backup()},
    {"store_backup", backup()},
};

}  // namespace
}  // namespace pando::api
