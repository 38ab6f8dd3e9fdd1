// api/terms_text.h — the terms of a request as headers, and what answers say about sessions and states.
//
//   Pando-Token: dc1:17,dc2#2:4     what the client has seen; empty: it wants to be told
//   Pando-Wait: 500ms               how long a read or write may wait for that; 0ms to 60s, "2s", "250ms"
//   Pando-Durability: sites:2,wait=500ms    memory | os | fsync | sites:N | site:NAME
//   If-Match: "e1", "e2"            or *; on a write evaluated where it is decided, on a read here
//   If-None-Match: *
//   Idempotency-Key: any text
//
// A malformed one is kInvalidArgument naming the header. So is one that asks for a guarantee (durability, a condition)
// on a route that does not give it: nothing that was asked for is left out in silence. A token or an idempotency key
// where it means nothing is harmless and ignored.
#pragma once

#include "api/route.h"

namespace pando::api {

// Into `call.terms` what the node is to see to; conditions of a read into `call.read_if`.
Status take_terms(const Headers& headers, Call& call);

// What the headers of an answer say beside its status; empty ones are left out.
struct AnswerTerms {
  std::string token;  // Pando-Token: of a write its commit, of a read that asked what it has seen
  bool has_token = false;
  std::string etag;         // ETag, with quotes
  std::string reached;      // Pando-Durability, beside 504: how safe the write was when the wait ended
  bool replayed = false;    // Idempotency-Replayed: true; what was answered the first time
  std::string retry_after;  // Retry-After, beside 429: whole seconds, none when it will never do
};
AnswerTerms answer_terms(const Reply& reply);

// What a read answers under its conditions: 200 when they hold, else 304 or 412.
int conditional_read(const Call& call, const Reply& reply);

}  // namespace pando::api
