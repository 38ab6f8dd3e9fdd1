// api/zmq_event.h — one Change as the JSON object that watchers get, over ZeroMQ and over Server-Sent Events.
//
//   {"key":"lww:config","namespace":"ad","operation":"put","entry_type":"kv","seq_num":7,
//    "value":"b25saW5l","origin":"dc1","hlc":"111334243532800000","cursor":"AQNkYzE…"}
//
// The first five fields, in that order, are what existing consumers read. Then ours:
//   key_b64   only when the key is not UTF-8: its bytes; `key` then shows U+FFFD where they are not text
//   value     base64 of the bytes written; left out when there are none (deletes, rows, objects)
//   origin    node that made the commit, "dc1", or "dc1#2" in its second epoch
//   hlc       decimal text: a 64-bit number does not survive a JSON parser that uses doubles
//   cursor    resumes right behind this event; left out when empty
// On one line, without a newline. Specified in docs/notifications.md.
#pragma once

#include <string_view>

#include "base/bytes.h"
#include "model/change.h"

namespace pando::api {

void append_event_json(Bytes& out, std::string_view ns, const Change& change, std::string_view cursor);

// The first ZeroMQ frame: "<namespace>.<table>".
void append_event_topic(Bytes& out, std::string_view ns, const Change& change);

}  // namespace pando::api
