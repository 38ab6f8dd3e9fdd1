// api/rest.h — the HTTP surface: text of a request → Request, Reply → text. docs/http.md is for its users.
//
// Three calls per request, made by io/http in this order:
//   route()   request line → Call: which row of the table (api/route.h), which namespace, which key. 400, 404 or
//             405 otherwise.
//   Rest::parse()  Call + headers + whole body → Request for the node. 400 otherwise.
//   append_reply() Call + Reply → status and body, to the byte of the contract.
// Routes that are not one request with one reply say so in their Carriage: object up- and download go through
// api/lob_transfer.h, watches through api/sse.h, health and metrics are answered by io/http's owner.
//
// No I/O, no state between requests except reused buffers. Bodies are JSON, parsed strictly (simdjson DOM: the
// on-demand front end leaves fields that nobody asked for unchecked, and a malformed body must change nothing).
// Request Content-Type is ignored, so are unknown JSON fields.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

#include "model/reply.h"
#include "model/request.h"
#include "model/terms.h"

namespace pando::api {

enum class Method : std::uint8_t { kGet, kHead, kPut, kPost, kPatch, kDelete, kOther };
Method method_of(std::string_view name);

// How io/http has to carry a route.
enum class Carriage : std::uint8_t {
  kRequest,   // one Request, one Reply
  kUpload,    // LobUpload: body of any size, streamed
  kDownload,  // LobDownload
  kEraseLob,  // LobErase
  kWatch,     // a stream of events
  kHealth,    // this and the next: about the process, Call::ns is empty
  kReady,
  kMetrics,
  kDescription,  // /openapi.json: api/openapi.h
};

struct RouteRow;  // api/route.h

// Conditions of a read: evaluated when its answer is known.
struct ReadConditions {
  std::optional<Condition> match;
  std::optional<Condition> none_match;
};

// A refusal with its own HTTP status, for what happens before a Status exists (405, 414) or beside one.
struct HttpError {
  int status = 400;
  std::string text;
  std::string allow = {};             // for 405: "GET, PUT, DELETE"
  StatusCode code = StatusCode::kOk;  // kOk: only HTTP knows this kind
};
HttpError http_error(const Status& status);

// One request, from its first line to its reply. Owns its bytes.
struct Call {
  const RouteRow* row = nullptr;  // of the table, never nullptr after route()
  bool bare_errors = true;        // Area::bare_errors of the row
  bool head = false;              // HEAD: as GET, the body is left out of the answer
  std::string ns;
  // What the path names, percent-decoded; api/route.h says which segment goes where.
  Bytes key;     // also the row key
  Bytes member;  // of a set
  std::string table;
  Bytes tx_id;
  std::vector<Bytes> words;
  std::string query;        // raw, without '?'
  std::uint64_t count = 0;  // items of a batch, known after parse()
  // Of which this one is made, known after parse(): of a transaction in one request.
  std::vector<Call> parts = {};
  // From the headers, known after parse() or take_terms().
  Terms terms = {};  // for the node
  ReadConditions read_if = {};

  Carriage carriage() const;
  bool in_namespace() const;           // else it is about the process, and `ns` is empty
  std::string_view operation() const;  // RouteRow::id
};

// `target` is the raw request target. The path is split at '/' first and percent-decoded then, so %2F stays
// inside a key; decoded bytes need not be UTF-8.
tl::expected<Call, HttpError> route(Method method, std::string_view target);

// A query parameter, decoded ('+' is a space); nullopt when absent. The first one counts.
Result<std::optional<Bytes>> query_parameter(std::string_view query, std::string_view name);
// All of them, decoded, in order.
Result<std::vector<std::pair<Bytes, Bytes>>> query_parameters(std::string_view query);

// The headers that mean something to us.
struct Headers {
  std::string_view idempotency_key;
  std::string_view last_event_id;
  // Terms of the request: api/terms_text.h.
  std::optional<std::string_view> token = {};
  std::string_view wait = {};
  std::string_view durability = {};
  std::string_view if_match = {};
  std::string_view if_none_match = {};
  std::string_view transaction = {};
  // The name of one that is there and says nothing, of those that have to: it is refused, as what its sender meant to
  // ask for would be left out.
  std::string_view blank = {};

  // No terms.
  bool plain() const {
    return idempotency_key.empty() && !token && wait.empty() && durability.empty() && if_match.empty() &&
           if_none_match.empty() && transaction.empty() && blank.empty();
  }
};

class Rest {
 public:
  Rest();
  ~Rest();
  Rest(const Rest&) = delete;
  Rest& operator=(const Rest&) = delete;

  // For Carriage::kRequest; fills in `call.terms`. `body` may be moved from, and its capacity may grow.
  Result<Request> parse(Call& call, const Headers& headers, Bytes& body);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// What a watch asks for: filter and cursor. Last-Event-ID wins over ?cursor=, which a browser repeats
// unchanged when it reconnects.
struct WatchCall {
  WatchFilter filter;
  std::string cursor;
};
Result<WatchCall> parse_watch(const Call& call, const Headers& headers);

// Appends the JSON body, ends it with one newline, and returns the HTTP status.
int append_reply(const Call& call, const Reply& reply, Bytes& body);
// The body of a refusal of `call` (before route() made one: Call()): {"error","code","hint"} and what
// `refusal` adds, or {"error"} alone.
void append_failure(const Call& call, const HttpError& error, Bytes& body, const Refusal& refusal = {});
// {"error":"text"}\n
void append_error(std::string_view text, Bytes& body);

// What a namespace can do right now; an ok status serves reads and (on a replicator) writes.
struct NamespaceHealth {
  std::string ns;
  Status status;
};
// {"status":"ok","namespaces":["a","b"]}\n and 200, or 503 with the reasons. `only` is ?namespace=: an unknown
// one is 404.
int append_health(const std::vector<NamespaceHealth>& namespaces, Bytes& body);
int append_ready(const std::vector<NamespaceHealth>& namespaces, const std::optional<Bytes>& only, Bytes& body);

}  // namespace pando::api
