#include "api/zmq_event.h"

#include "api/json_text.h"

namespace pando::api {

void append_event_json(Bytes& out, std::string_view ns, const Change& change, std::string_view cursor) {
  out += "{\"key\":";
  append_json_string(out, change.key);
  out += ",\"namespace\":";
  append_json_string(out, ns);
  out += ",\"operation\":\"";
  out += change_kind_name(change.kind);
  out += "\",\"entry_type\":";
  append_json_string(out, change.table);
  out += ",\"seq_num\":";
  append_number(out, change.number);
  if (!is_utf8(change.key)) {
    out += ",\"key_b64\":";
    append_json_base64(out, change.key);
  }
  if (change.value) {
    out += ",\"value\":";
    append_json_base64(out, *change.value);
  }
  if (!change.members.empty()) {
    out += ",\"members\":[";
    for (const Bytes& member : change.members) {
      if (out.back() != '[') out += ',';
      append_json_base64(out, member);
    }
    out += ']';
  }
  out += ",\"origin\":";
  append_json_string(out, to_string(change.dot.origin));
  out += ",\"hlc\":\"";
  append_number(out, change.hlc.bits);
  out += '"';
  if (!cursor.empty()) {
    out += ",\"cursor\":";
    append_json_string(out, cursor);
  }
  out += '}';
}

void append_event_topic(Bytes& out, std::string_view ns, const Change& change) {
  out += ns;
  out += '.';
  out += change.table;
}

}  // namespace pando::api
