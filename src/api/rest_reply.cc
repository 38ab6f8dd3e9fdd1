// Call + Reply → status and JSON. Field order is the contract's; what is ours follows.
#include "api/errors.h"
#include "api/refusals.h"
#include "api/reply_text.h"
#include "api/rest.h"
#include "api/route.h"
#include "api/terms_text.h"
#include "base/check.h"

namespace pando::api {
namespace {

void append_namespaces(Bytes& out, std::string_view status, const std::vector<NamespaceHealth>& namespaces) {
  out.push_back('{');
  append_field(out, "status", status);
  append_name(out, "namespaces");
  out.push_back('[');
  for (const auto& health : namespaces) {
    if (out.back() != '[') out.push_back(',');
    append_json_string(out, health.ns);
  }
  out.push_back(']');
  bool any_reason = false;
  for (const auto& health : namespaces) {
    if (health.status.ok()) continue;
    if (!any_reason) {
      append_name(out, "reasons");
      out.push_back('{');
      any_reason = true;
    }
    if (out.back() != '{') out.push_back(',');
    append_json_string(out, health.ns);
    out.push_back(':');
    append_json_string(out, health.status.message());
  }
  if (any_reason) out.push_back('}');
  out += "}\n";
}

bool all_ok(const std::vector<NamespaceHealth>& namespaces) {
  for (const auto& health : namespaces) {
    if (!health.status.ok()) return false;
  }
  return true;
}

}  // namespace

void append_error(std::string_view text, Bytes& body) {
  body += R"({"error":)";
  append_json_string(body, text);
  body += "}\n";
}

void append_failure(const Call& call, const HttpError& error, Bytes& body, const Refusal& refusal) {
  if (call.bare_errors) return append_error(error.text, body);
  const ErrorWords words = error.code == StatusCode::kOk ? error_words_of_http(error.status) : error_words(error.code);
  body.push_back('{');
  append_field(body, "error", ByteSpan(error.text));
  append_field(body, "code", words.code);
  append_field(body, "hint", words.hint);
  append_refusal(body, refusal);
  body += "}\n";
}

int append_reply(const Call& call, const Reply& reply, Bytes& body) {
  if (!reply.status.ok()) {
    const HttpError error = http_error(reply.status);
    append_failure(call, error, body, reply.refusal);
    return error.status;
  }
  if (call.read_if.match || call.read_if.none_match) {
    const int status = conditional_read(call, reply);
    if (status == 412) {
      append_failure(call,
                     http_error(Status(StatusCode::kPreconditionFailed, "the state here is none that If-Match names")),
                     body);
    }
    if (status != 200) return status;
  }
  CHECK(call.row->reply != nullptr);
  return call.row->reply(call, reply.body, body);
}

int append_health(const std::vector<NamespaceHealth>& namespaces, Bytes& body) {
  const bool ok = all_ok(namespaces);
  append_namespaces(body, ok ? "ok" : "failing", namespaces);
  return ok ? 200 : 503;
}

int append_ready(const std::vector<NamespaceHealth>& namespaces, const std::optional<Bytes>& only, Bytes& body) {
  std::vector<NamespaceHealth> asked;
  for (const auto& health : namespaces) {
    if (!only || health.ns == *only) asked.push_back(health);
  }
  if (only && asked.empty()) {
    append_error("namespace not found: " + *only, body);
    return 404;
  }
  const bool ok = all_ok(asked);
  append_namespaces(body, ok ? "ready" : "not ready", asked);
  return ok ? 200 : 503;
}

}  // namespace pando::api
