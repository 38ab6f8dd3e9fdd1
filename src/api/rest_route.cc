// Request line → Call.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "api/errors.h"
#include "api/route.h"
#include "base/limits.h"

namespace pando::api {
namespace {

using Outcome = tl::expected<Call, HttpError>;

tl::unexpected<HttpError> refuse_route(int status, std::string text, std::string allow = {}) {
  return tl::unexpected<HttpError>(HttpError{status, std::move(text), std::move(allow)});
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Offset of the first bad escape, or npos.
std::size_t percent_decode(std::string_view text, bool plus_is_space, Bytes& out) {
  if (text.find('%') == std::string_view::npos && !plus_is_space) {
    out.assign(text);
    return std::string_view::npos;
  }
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

// A path as raw segments. What follows the first few stays in one piece: only a tail can take it.
struct Segments {
  std::array<std::string_view, Pattern::kPartsMax> list;
  std::size_t count = 0;
  const char* end = nullptr;  // of the path
  bool more = false;          // there are more than fit
};

Segments split(std::string_view path) {
  Segments segments;
  segments.end = path.data() + path.size();
  while (true) {
    const std::size_t slash = path.find('/');
    if (segments.count == segments.list.size()) {
      segments.more = true;
      return segments;
    }
    segments.list[segments.count++] = path.substr(0, slash);
    if (slash == std::string_view::npos) return segments;
    path.remove_prefix(slash + 1);
  }
}

// Whether the path has the shape of the row. The group has been found by the first literal, which needs no look.
bool fits(const Pattern& pattern, const Segments& segments) {
  const std::size_t size = pattern.size();
  if (pattern.has_tail() ? segments.count < size : segments.count != size || segments.more) return false;
  for (std::size_t i = pattern.in_namespace() ? 2 : 1; i < size; ++i) {
    if (pattern[i].capture == Capture::kNone && pattern[i].text != segments.list[i]) return false;
  }
  return true;
}

// "GET, HEAD, PUT": the methods of all rows that have the shape of the path; empty when there is none.
std::string allowed(const RouteTable::Group& group, const Segments& segments) {
  static constexpr std::pair<Method, std::string_view> kNames[] = {
      {Method::kGet, "GET, HEAD"}, {Method::kPut, "PUT"},       {Method::kPost, "POST"},
      {Method::kPatch, "PATCH"},   {Method::kDelete, "DELETE"},
  };
  std::string list;
  for (const auto& name : kNames) {
    for (const RouteRow* row : group.rows) {
      if (row->method != name.first || !fits(row->path, segments)) continue;
      if (!list.empty()) list += ", ";
      list += name.second;
      break;
    }
  }
  return list;
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
  return HttpError{
      400, fmt::format("invalid percent-encoding in {} at byte {}", what, bad), {}, StatusCode::kInvalidArgument};
}

// A key over its limit is a request that can never be right: 400, see api/errors.h.
std::optional<HttpError> checked(const Status& status) {
  if (status.ok()) return std::nullopt;
  return HttpError{400, status.message(), {}, StatusCode::kInvalidArgument};
}

std::optional<HttpError> take_tail(std::string_view tail, std::string_view name, Call& call) {
  while (true) {
    const std::size_t slash = tail.find('/');
    if (call.words.size() == limits::kPathWordsMax) {
      return HttpError{400,
                       fmt::format("{} has more than {} segments", name, limits::kPathWordsMax),
                       {},
                       StatusCode::kInvalidArgument};
    }
    if (auto error = decode_into(tail.substr(0, slash), name, call.words.emplace_back())) return error;
    if (slash == std::string_view::npos) return std::nullopt;
    tail.remove_prefix(slash + 1);
  }
}

// The captures behind the namespace into `call`, in the order of the path.
std::optional<HttpError> take_captures(const Pattern& pattern, const Segments& segments, Call& call) {
  for (std::size_t i = pattern.in_namespace() ? 2 : 1; i < pattern.size(); ++i) {
    const std::string_view raw = segments.list[i];
    std::optional<HttpError> error;
    switch (pattern[i].capture) {
      case Capture::kNone:
      case Capture::kNamespace: break;
      case Capture::kKey:
        error = decode_into(raw, "key", call.key);
        if (!error) error = checked(validate_key(call.key));
        break;
      case Capture::kMember:
        error = decode_into(raw, "member", call.member);
        if (!error) error = checked(validate_member(call.member));
        break;
      case Capture::kTable:
        error = decode_into(raw, "table", call.table);
        if (!error) error = checked(validate_table_name(call.table));
        break;
      case Capture::kTx: error = decode_into(raw, "transaction id", call.tx_id); break;
      case Capture::kWord: error = decode_into(raw, pattern[i].text, call.words.emplace_back()); break;
      case Capture::kTail: {
        const std::string_view tail(raw.data(), static_cast<std::size_t>(segments.end - raw.data()));
        error = take_tail(tail, pattern[i].text, call);
        break;
      }
    }
    if (error) return error;
  }
  return std::nullopt;
}

const RouteRow* find_row(const RouteTable::Group& group, Method method, const Segments& segments) {
  for (const RouteRow* row : group.rows) {
    if (row->method == method && fits(row->path, segments)) return row;
  }
  return nullptr;
}

}  // namespace

HttpError http_error(const Status& status) {
  return {error_row(status.code()).http, status.message(), {}, status.code()};
}

Carriage Call::carriage() const { return row->carriage; }
bool Call::in_namespace() const { return row->path.in_namespace(); }
std::string_view Call::operation() const { return row->id; }

Method method_of(std::string_view name) {
  if (name == "GET") return Method::kGet;
  if (name == "PUT") return Method::kPut;
  if (name == "POST") return Method::kPost;
  if (name == "DELETE") return Method::kDelete;
  if (name == "PATCH") return Method::kPatch;
  if (name == "HEAD") return Method::kHead;
  return Method::kOther;
}

Outcome route(Method method, std::string_view target) { return route_in(routes(), method, target); }

Outcome route_in(const RouteTable& table, Method method, std::string_view target) {
  target = origin_form(target);
  const std::size_t question = target.find('?');
  const std::string_view path = target.substr(0, question);
  constexpr std::string_view kPrefix = "/api/v1/";

  const bool in_namespace = path.substr(0, kPrefix.size()) == kPrefix;
  const std::size_t skipped = in_namespace ? kPrefix.size() : std::min<std::size_t>(1, path.size());
  const Segments segments = split(path.substr(skipped));
  const RouteTable::Group* group = nullptr;
  if (path.substr(0, 1) == "/" && segments.count > (in_namespace ? 1 : 0)) {
    group = table.find(in_namespace, segments.list[in_namespace ? 1 : 0]);
  }
  if (group == nullptr) return refuse_route(404, "route not found: " + shown(path));

  Call call;
  call.head = method == Method::kHead;
  call.bare_errors = group->bare_errors;
  call.row = find_row(*group, call.head ? Method::kGet : method, segments);
  std::string allow = call.row == nullptr ? allowed(*group, segments) : std::string();
  if (call.row == nullptr && allow.empty()) return refuse_route(404, "route not found: " + shown(path));
  if (in_namespace) {
    if (auto error = decode_into(segments.list[0], "namespace", call.ns)) return tl::unexpected(std::move(*error));
  }
  if (call.row == nullptr) return refuse_route(405, "method not allowed", std::move(allow));

  if (question != std::string_view::npos) call.query = std::string(target.substr(question + 1));
  if (auto error = take_captures(call.row->path, segments, call)) return tl::unexpected(std::move(*error));
  if (call.row->settle != nullptr) {
    if (auto error = call.row->settle(call)) return tl::unexpected(std::move(*error));
  }
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

Result<std::vector<std::pair<Bytes, Bytes>>> query_parameters(std::string_view query) {
  std::vector<std::pair<Bytes, Bytes>> all;
  while (!query.empty()) {
    const std::size_t end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view{} : query.substr(end + 1);
    const std::size_t equals = std::min(pair.find('='), pair.size());
    auto& [name, value] = all.emplace_back();
    for (const auto& [raw, out] : {std::pair(pair.substr(0, equals), &name),
                                   std::pair(pair.substr(std::min(equals + 1, pair.size())), &value)}) {
      const std::size_t bad = percent_decode(raw, /*plus_is_space=*/true, *out);
      if (bad == std::string_view::npos) continue;
      return fail(StatusCode::kInvalidArgument,
                  fmt::format("invalid percent-encoding in parameter \"{}\" at byte {}", name, bad));
    }
  }
  return all;
}

}  // namespace pando::api
