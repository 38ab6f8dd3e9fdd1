// Request line → Call.
#include <fmt/format.h>

#include <array>

#include "api/errors.h"
#include "api/json_text.h"
#include "api/rest.h"

namespace pando::api {
namespace {

using Outcome = tl::expected<Call, HttpError>;

tl::unexpected<HttpError> refuse(int status, std::string text, std::string_view allow = {}) {
  return tl::unexpected<HttpError>(HttpError{status, std::move(text), allow});
}

// One method of one path. A path lists its methods in the order they appear in Allow.
struct Choice {
  Method method;
  Route route;
};
struct Choices {
  std::array<Choice, 3> list{};
  std::size_t count = 0;
  std::string_view allow;
};

constexpr Choices choose(std::string_view allow, Choice a) { return {{a}, 1, allow}; }
constexpr Choices choose(std::string_view allow, Choice a, Choice b) { return {{a, b}, 2, allow}; }
constexpr Choices choose(std::string_view allow, Choice a, Choice b, Choice c) { return {{a, b, c}, 3, allow}; }

constexpr Choices only_get(Route route) { return choose("GET, HEAD", {Method::kGet, route}); }
constexpr Choices only_post(Route route) { return choose("POST", {Method::kPost, route}); }

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Offset of the first bad escape, or npos.
std::size_t percent_decode(std::string_view text, bool plus_is_space, Bytes& out) {
  out.clear();
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out.push_back(' ');
    } else if (text[i] != '%') {
      out.push_back(text[i]);
    } else {
      const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0) return i;
      out.push_back(static_cast<char>(high << 4 | low));
      i += 2;
    }
  }
  return std::string_view::npos;
}

// The path below /api/v1/ as raw segments. More than five is no route of ours.
struct Segments {
  std::array<std::string_view, 5> list;
  std::size_t count = 0;
  bool too_many = false;
};

Segments split(std::string_view path) {
  Segments segments;
  while (true) {
    const std::size_t slash = path.find('/');
    if (segments.count == segments.list.size()) {
      segments.too_many = true;
      return segments;
    }
    segments.list[segments.count++] = path.substr(0, slash);
    if (slash == std::string_view::npos) return segments;
    path.remove_prefix(slash + 1);
  }
}

// What a path can be, before the method is looked at. `key`, `tx` and `member` are still percent-encoded.
struct Match {
  Choices choices;
  std::optional<std::string_view> key;
  std::optional<std::string_view> tx;
  std::optional<std::string_view> member = {};
};

std::optional<Match> match_kv(Method method, const Segments& s) {
  if (s.count == 2) return Match{only_get(Route::kKvList), {}, {}};
  if (s.count != 3) return std::nullopt;
  if (method == Method::kPost && s.list[2] == "batch") return Match{only_post(Route::kKvBatch), {}, {}};
  constexpr Choices kItem = choose("GET, HEAD, PUT, DELETE", {Method::kGet, Route::kKvGet},
                                   {Method::kPut, Route::kKvPut}, {Method::kDelete, Route::kKvDelete});
  constexpr Choices kBatchItem = choose("GET, HEAD, PUT, POST, DELETE", {Method::kGet, Route::kKvGet},
                                        {Method::kPut, Route::kKvPut}, {Method::kDelete, Route::kKvDelete});
  return Match{s.list[2] == "batch" ? kBatchItem : kItem, s.list[2], {}};
}

std::optional<Match> match_row(Method method, const Segments& s) {
  if (s.count == 2) return Match{only_get(Route::kRowList), {}, {}};
  if (s.count == 4 && s.list[3] == "columns") {
    return Match{choose("DELETE", {Method::kDelete, Route::kRowDeleteColumns}), s.list[2], {}};
  }
  if (s.count != 3) return std::nullopt;
  if (method == Method::kPost && s.list[2] == "batch") return Match{only_post(Route::kRowBatch), {}, {}};
  constexpr Choices kItem = choose("GET, HEAD, PUT, DELETE", {Method::kGet, Route::kRowGet},
                                   {Method::kPut, Route::kRowPut}, {Method::kDelete, Route::kRowDelete});
  constexpr Choices kBatchItem = choose("GET, HEAD, PUT, POST, DELETE", {Method::kGet, Route::kRowGet},
                                        {Method::kPut, Route::kRowPut}, {Method::kDelete, Route::kRowDelete});
  return Match{s.list[2] == "batch" ? kBatchItem : kItem, s.list[2], {}};
}

std::optional<Match> match_lob(const Segments& s) {
  constexpr Choices kItem = choose("GET, HEAD, PUT, DELETE", {Method::kGet, Route::kLobGet},
                                   {Method::kPut, Route::kLobPut}, {Method::kDelete, Route::kLobDelete});
  if (s.count == 3) return Match{kItem, s.list[2], {}};
  // The key, if any, is in the query: settled by route().
  if (s.count == 2) return Match{kItem, {}, {}};
  return std::nullopt;
}

std::optional<Match> match_tx(const Segments& s) {
  if (s.count == 3 && s.list[2] == "begin") return Match{only_post(Route::kTxBegin), {}, {}};
  if (s.count != 4) return std::nullopt;
  const std::string_view verb = s.list[3];
  if (verb == "kv") return Match{only_post(Route::kTxKv), {}, s.list[2]};
  if (verb == "row") return Match{only_post(Route::kTxRow), {}, s.list[2]};
  if (verb == "sets") return Match{only_post(Route::kTxSet), {}, s.list[2]};
  if (verb == "flags") return Match{only_post(Route::kTxFlag), {}, s.list[2]};
  if (verb == "lob") {
    return Match{
        choose("POST, DELETE", {Method::kPost, Route::kTxLob}, {Method::kDelete, Route::kTxLobDelete}), {}, s.list[2]};
  }
  if (verb == "commit") return Match{only_post(Route::kTxCommit), {}, s.list[2]};
  if (verb == "abort") return Match{only_post(Route::kTxAbort), {}, s.list[2]};
  return std::nullopt;
}

std::optional<Match> match_counters(const Segments& s) {
  if (s.count == 4 && s.list[3] == "incr") return Match{only_post(Route::kCounterIncr), s.list[2], {}};
  if (s.count == 4 && s.list[3] == "decr") return Match{only_post(Route::kCounterDecr), s.list[2], {}};
  if (s.count != 3) return std::nullopt;
  return Match{choose("GET, HEAD, DELETE", {Method::kGet, Route::kCounterGet}, {Method::kDelete, Route::kCounterReset}),
               s.list[2],
               {}};
}

std::optional<Match> match_sets(const Segments& s) {
  if (s.count == 5 && s.list[3] == "members") return Match{only_get(Route::kSetHas), s.list[2], {}, s.list[4]};
  if (s.count == 4 && s.list[3] == "add") return Match{only_post(Route::kSetAdd), s.list[2], {}};
  if (s.count == 4 && s.list[3] == "remove") return Match{only_post(Route::kSetRemove), s.list[2], {}};
  if (s.count == 4 && s.list[3] == "size") return Match{only_get(Route::kSetSize), s.list[2], {}};
  if (s.count != 3) return std::nullopt;
  return Match{choose("GET, HEAD, DELETE", {Method::kGet, Route::kSetList}, {Method::kDelete, Route::kSetDelete}),
               s.list[2],
               {}};
}

std::optional<Match> match_flags(const Segments& s) {
  if (s.count != 3) return std::nullopt;
  constexpr Choices kItem = choose("GET, HEAD, PUT, DELETE", {Method::kGet, Route::kFlagGet},
                                   {Method::kPut, Route::kFlagEnable}, {Method::kDelete, Route::kFlagDisable});
  return Match{kItem, s.list[2], {}};
}

std::optional<Match> match_about(const Segments& s) {
  const std::string_view word = s.list[1];
  if (s.count == 3 && word == "wal" && s.list[2] == "backup") return Match{only_post(Route::kLogBackup), {}, {}};
  if (s.count == 3 && word == "btree" && s.list[2] == "backup") return Match{only_post(Route::kStoreBackup), {}, {}};
  if (s.count != 2) return std::nullopt;
  if (word == "offset") return Match{only_get(Route::kOffset), {}, {}};
  if (word == "stats") return Match{only_get(Route::kStats), {}, {}};
  if (word == "checkpoint") return Match{only_get(Route::kCheckpoint), {}, {}};
  if (word == "digest") return Match{only_get(Route::kDigest), {}, {}};
  if (word == "watch") return Match{only_get(Route::kWatch), {}, {}};
  return std::nullopt;
}

std::optional<Match> match_api(Method method, const Segments& s) {
  if (s.too_many || s.count < 2) return std::nullopt;
  const std::string_view word = s.list[1];
  if (word == "kv") return match_kv(method, s);
  if (word == "row") return match_row(method, s);
  if (word == "lob") return match_lob(s);
  if (word == "tx") return match_tx(s);
  if (word == "counters") return match_counters(s);
  if (word == "sets") return match_sets(s);
  if (word == "flags") return match_flags(s);
  if (word == "merged" && s.count == 3) return Match{only_get(Route::kMergedGet), s.list[2], {}};
  return match_about(s);
}

std::optional<Match> match_root(std::string_view path) {
  if (path == "/healthz" || path == "/health") return Match{only_get(Route::kHealth), {}, {}};
  if (path == "/readyz") return Match{only_get(Route::kReady), {}, {}};
  if (path == "/metrics") return Match{only_get(Route::kMetrics), {}, {}};
  return std::nullopt;
}

// "http://host:1/path?q" (a proxy's form) → "/path?q".
std::string_view origin_form(std::string_view target) {
  if (target.empty() || target.front() == '/') return target;
  const std::size_t scheme = target.find("://");
  if (scheme == std::string_view::npos) return target;
  const std::size_t path = target.find('/', scheme + 3);
  return path == std::string_view::npos ? std::string_view("/") : target.substr(path);
}

// A path quoted in an error stays short.
std::string shown(std::string_view path) {
  constexpr std::size_t kShownMax = 200;
  return path.size() <= kShownMax ? std::string(path) : std::string(path.substr(0, kShownMax)) + "...";
}

std::optional<HttpError> decode_into(std::string_view raw, std::string_view what, Bytes& out) {
  const std::size_t bad = percent_decode(raw, /*plus_is_space=*/false, out);
  if (bad == std::string_view::npos) return std::nullopt;
  return HttpError{400, fmt::format("invalid percent-encoding in {} at byte {}", what, bad), {}};
}

// GET /lob?key=x is GET /lob/x; without `key` it lists.
std::optional<HttpError> settle_lob_query(Call& call) {
  Result<std::optional<Bytes>> key = query_parameter(call.query, "key");
  if (!key) return http_error(key.error());
  if (*key) {
    call.key = std::move(**key);
  } else if (call.route == Route::kLobGet) {
    call.route = Route::kLobList;
  }
  return std::nullopt;
}

bool has_key(Route route) {
  switch (route) {
    case Route::kKvPut:
    case Route::kKvGet:
    case Route::kKvDelete:
    case Route::kRowPut:
    case Route::kRowGet:
    case Route::kRowDelete:
    case Route::kRowDeleteColumns:
    case Route::kLobGet:
    case Route::kLobPut:
    case Route::kLobDelete:
    case Route::kSetList:
    case Route::kSetSize:
    case Route::kSetAdd:
    case Route::kSetRemove:
    case Route::kSetDelete:
    case Route::kSetHas:
    case Route::kFlagGet:
    case Route::kFlagEnable:
    case Route::kFlagDisable:
    case Route::kCounterGet:
    case Route::kCounterIncr:
    case Route::kCounterDecr:
    case Route::kCounterReset:
    case Route::kMergedGet: return true;
    default: return false;
  }
}

std::optional<HttpError> check_key(const Call& call) {
  if (!has_key(call.route)) return std::nullopt;
  const Status status = validate_key(call.key);
  if (status.ok()) return std::nullopt;
  // A key over its limit is a request that can never be right: 400, see api/errors.h.
  return HttpError{400, status.message(), {}};
}

}  // namespace

HttpError http_error(const Status& status) { return {error_row(status.code()).http, status.message(), {}}; }

Method method_of(std::string_view name) {
  if (name == "GET") return Method::kGet;
  if (name == "PUT") return Method::kPut;
  if (name == "POST") return Method::kPost;
  if (name == "DELETE") return Method::kDelete;
  if (name == "HEAD") return Method::kHead;
  return Method::kOther;
}

Carriage carriage(Route route) {
  switch (route) {
    case Route::kHealth: return Carriage::kHealth;
    case Route::kReady: return Carriage::kReady;
    case Route::kMetrics: return Carriage::kMetrics;
    case Route::kLobPut: return Carriage::kUpload;
    case Route::kLobGet: return Carriage::kDownload;
    case Route::kLobDelete: return Carriage::kEraseLob;
    case Route::kWatch: return Carriage::kWatch;
    default: return Carriage::kRequest;
  }
}

Outcome route(Method method, std::string_view target) {
  target = origin_form(target);
  const std::size_t question = target.find('?');
  const std::string_view path = target.substr(0, question);
  constexpr std::string_view kPrefix = "/api/v1/";

  Call call;
  if (question != std::string_view::npos) call.query = std::string(target.substr(question + 1));
  call.head = method == Method::kHead;

  std::optional<Match> match;
  if (path.substr(0, kPrefix.size()) == kPrefix) {
    const Segments segments = split(path.substr(kPrefix.size()));
    match = match_api(method, segments);
    if (match) {
      if (auto error = decode_into(segments.list[0], "namespace", call.ns)) return tl::unexpected(std::move(*error));
    }
  } else {
    match = match_root(path);
  }
  if (!match) return refuse(404, "route not found: " + shown(path));

  const Method asked = call.head ? Method::kGet : method;
  bool allowed = false;
  for (std::size_t i = 0; i < match->choices.count; ++i) {
    if (match->choices.list[i].method != asked) continue;
    call.route = match->choices.list[i].route;
    allowed = true;
  }
  if (!allowed) return refuse(405, "method not allowed", match->choices.allow);

  if (match->key) {
    if (auto error = decode_into(*match->key, "key", call.key)) return tl::unexpected(std::move(*error));
  } else if (has_key(call.route)) {
    if (auto error = settle_lob_query(call)) return tl::unexpected(std::move(*error));
  }
  if (match->tx) {
    if (auto error = decode_into(*match->tx, "transaction id", call.tx_id)) return tl::unexpected(std::move(*error));
  }
  if (match->member) {
    if (auto error = decode_into(*match->member, "member", call.member)) return tl::unexpected(std::move(*error));
    if (const Status status = validate_member(call.member); !status.ok()) return refuse(400, status.message());
  }
  if (auto error = check_key(call)) return tl::unexpected(std::move(*error));
  return call;
}

Result<std::optional<Bytes>> query_parameter(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::size_t end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view{} : query.substr(end + 1);
    const std::size_t equals = pair.find('=');
    Bytes key;
    if (percent_decode(pair.substr(0, equals), /*plus_is_space=*/true, key) != std::string_view::npos) continue;
    if (key != name) continue;
    Bytes value;
    const std::string_view raw = equals == std::string_view::npos ? std::string_view{} : pair.substr(equals + 1);
    if (const std::size_t bad = percent_decode(raw, /*plus_is_space=*/true, value); bad != std::string_view::npos) {
      return fail(StatusCode::kInvalidArgument,
                  fmt::format("invalid percent-encoding in parameter \"{}\" at byte {}", name, bad));
    }
    return std::optional<Bytes>(std::move(value));
  }
  return std::optional<Bytes>();
}

}  // namespace pando::api
