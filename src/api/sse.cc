#include "api/sse.h"

#include "api/json_text.h"
#include "api/zmq_event.h"

namespace pando::api {
namespace {

void append_id(Bytes& out, std::string_view cursor) {
  out += "id: ";
  out.append(cursor);
  out.push_back('\n');
}

}  // namespace

void append_sse_opening(Bytes& out, std::string_view cursor) {
  out += "retry: 1000\n";
  append_id(out, cursor);
  out.push_back('\n');
}

void append_sse_event(Bytes& out, std::string_view ns, const Change& change, std::string_view cursor) {
  append_id(out, cursor);
  out += "event: ";
  out.append(change_kind_name(change.kind));
  out += "\ndata: ";
  append_event_json(out, ns, change, cursor);
  out += "\n\n";
}

void append_sse_heartbeat(Bytes& out) { out += ": heartbeat\n\n"; }

void append_sse_end(Bytes& out, const Status& why) {
  out += "event: end\ndata: {\"error\":";
  append_json_string(out, why.message());
  out += "}\n\n";
}

}  // namespace pando::api
