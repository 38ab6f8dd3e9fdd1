// api/sse.h — a watch as Server-Sent Events (WHATWG HTML, section 9.2).
//
//   retry: 1000                 the first block: no event fires, but a client that reconnects
//   id: <cursor>                before anything happened resumes from here
//
//   id: <cursor>                one block per change; `id` resumes right after it
//   event: put
//   data: {"key":…}
//
//   : heartbeat                 a comment, so that proxies and dead peers are noticed
#pragma once

#include "base/bytes.h"
#include "base/status.h"
#include "model/change.h"

namespace pando::api {

void append_sse_opening(Bytes& out, std::string_view cursor);
void append_sse_event(Bytes& out, std::string_view ns, const Change& change, std::string_view cursor);
void append_sse_heartbeat(Bytes& out);
// `event: end` with the reason; the stream closes after it.
void append_sse_end(Bytes& out, const Status& why);

}  // namespace pando::api
