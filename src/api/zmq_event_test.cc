#include "api/zmq_event.h"

#include <gtest/gtest.h>
#include <simdjson.h>

namespace pando::api::zmq_event_test {
namespace {

Change put(Bytes key, Bytes value) {
  Change change;
  change.number = 7;
  change.dot = Dot{Origin{"dc1", 1}, Seq(3)};
  change.hlc = Hlc::from_wall_ms(1698765432000);
  change.table = "kv";
  change.key = std::move(key);
  change.value = std::move(value);
  return change;
}

std::string json(const Change& change, std::string_view cursor = "CUR") {
  Bytes out;
  append_event_json(out, "ad", change, cursor);
  return out;
}

TEST(EventJson, ToTheByte) {
  Change erased = put("k", "");
  erased.kind = ChangeKind::kDelete;
  erased.value.reset();
  Change row = erased;
  row.table = "row";
  row.kind = ChangeKind::kDeleteRow;
  row.dot.origin.epoch = 2;
  Change counter = put("page-views", "8");
  counter.kind = ChangeKind::kIncrement;
  Change joined = put("team", "");
  joined.kind = ChangeKind::kAddMembers;
  joined.value.reset();
  joined.members = {"ada", "\xFF"};
  const struct {
    std::string got;
    std::string_view want;
    const char* why;
  } rows[] = {
      {json(put("lww:config", "online")),
       R"({"key":"lww:config","namespace":"ad","operation":"put","entry_type":"kv","seq_num":7,)"
       R"("value":"b25saW5l","origin":"dc1","hlc":"111330291351552000","cursor":"CUR"})",
       "the usual"},
      {json(put("k", "")),
       R"({"key":"k","namespace":"ad","operation":"put","entry_type":"kv","seq_num":7,)"
       R"("value":"","origin":"dc1","hlc":"111330291351552000","cursor":"CUR"})",
       "an empty value is a value"},
      {json(joined),
       R"({"key":"team","namespace":"ad","operation":"add","entry_type":"kv","seq_num":7,)"
       R"("members":["YWRh","/w=="],"origin":"dc1","hlc":"111330291351552000","cursor":"CUR"})",
       "members of a set"},
      {json(erased, ""),
       R"({"key":"k","namespace":"ad","operation":"delete","entry_type":"kv","seq_num":7,)"
       R"("origin":"dc1","hlc":"111330291351552000"})",
       "no value, no cursor: no fields"},
      {json(row),
       R"({"key":"k","namespace":"ad","operation":"delete_row","entry_type":"row","seq_num":7,)"
       R"("origin":"dc1#2","hlc":"111330291351552000","cursor":"CUR"})",
       "a later epoch shows"},
      {json(counter),
       R"({"key":"page-views","namespace":"ad","operation":"incr","entry_type":"kv","seq_num":7,)"
       R"("value":"OA==","origin":"dc1","hlc":"111330291351552000","cursor":"CUR"})",
       "a counter's value is its decimal text"},
      {json(put("a\"\\\n\x01", "v")),
       "{\"key\":\"a\\\"\\\\\\n\\u0001\",\"namespace\":\"ad\",\"operation\":\"put\",\"entry_type\":\"kv\","
       "\"seq_num\":7,\"value\":\"dg==\",\"origin\":\"dc1\",\"hlc\":\"111330291351552000\",\"cursor\":\"CUR\"}",
       "what JSON wants escaped"},
      {json(put("caf\xe9", "v")),
       "{\"key\":\"caf\xef\xbf\xbd\",\"namespace\":\"ad\",\"operation\":\"put\",\"entry_type\":\"kv\",\"seq_num\":7,"
       "\"key_b64\":\"Y2Fm6Q==\",\"value\":\"dg==\",\"origin\":\"dc1\",\"hlc\":\"111330291351552000\","
       "\"cursor\":\"CUR\"}",
       "a key that is not text: after the five fields everyone reads"},
  };
  for (const auto& row_of_table : rows) EXPECT_EQ(row_of_table.got, row_of_table.want) << row_of_table.why;
}

TEST(EventJson, AnyKeyMakesValidJson) {
  simdjson::dom::parser parser;
  for (int a = 0; a < 256; ++a) {
    for (const char* rest : {"", "x", "\x80", "\xff\xfe"}) {
      const std::string text = json(put(static_cast<char>(a) + std::string(rest), "v"));
      simdjson::dom::element parsed;
      ASSERT_EQ(parser.parse(text).get(parsed), simdjson::SUCCESS) << text;
      EXPECT_EQ(text.find('\n'), std::string::npos);
    }
  }
}

TEST(EventTopic, NamespaceAndTable) {
  Change change = put("k", "v");
  for (const char* table : {"kv", "row", "lob", "sessions"}) {
    change.table = table;
    Bytes topic;
    append_event_topic(topic, "ad-campaign-dc1", change);
    EXPECT_EQ(topic, std::string("ad-campaign-dc1.") + table);
  }
}

}  // namespace
}  // namespace pando::api::zmq_event_test
