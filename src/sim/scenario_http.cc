#include "sim/scenario_http.h"

#include <fmt/core.h>

#include "api/terms_text.h"
#include "sim/ask.h"

namespace pando::sim {
namespace {

using Words = std::vector<std::string>;
using Lines = std::vector<std::string>;

std::string first_line(const Bytes& body) {
  const std::string text = printable(body.substr(0, body.find('\n')));
  return text.empty() ? "" : " " + text;
}

// What stands between `"name":"` and the next quote.
std::optional<std::string> text_field(const Bytes& body, const std::string& name) {
  const std::string head = fmt::format("\"{}\":\"", name);
  const std::size_t at = body.find(head);
  if (at == Bytes::npos) return std::nullopt;
  const std::size_t from = at + head.size();
  return body.substr(from, body.find('"', from) - from);
}

bool set_header(api::Headers& headers, std::string_view name, std::string_view value) {
  if (name == "Idempotency-Key") {
    headers.idempotency_key = value;
  } else if (name == "Pando-Token") {
    headers.token = value;
  } else if (name == "Pando-Wait") {
    headers.wait = value;
  } else if (name == "Pando-Durability") {
    headers.durability = value;
  } else if (name == "Pando-Transaction") {
    headers.transaction = value;
  } else if (name == "If-Match") {
    headers.if_match = value;
  } else if (name == "If-None-Match") {
    headers.if_none_match = value;
  } else {
    return false;
  }
  return true;
}

}  // namespace

std::string ScenarioHttp::filled_in(std::string text) const {
  for (const auto& [name, said] : said_) {
    for (std::size_t at = text.find(name); at != std::string::npos; at = text.find(name, at + said.size())) {
      text.replace(at, name.size(), said);
    }
  }
  return text;
}

void ScenarioHttp::remember(const Bytes& body) {
  if (const auto id = text_field(body, "txnId")) said_["$txn"] = *id;
  if (const auto id = text_field(body, "id")) said_["$id"] = *id;
  if (const auto cursor = text_field(body, "cursor")) said_["$cursor"] = *cursor;
  if (const auto held = text_field(body, "reservation")) said_["$reservation"] = *held;
}

Lines ScenarioHttp::run(Machine& machine, const std::string& ns, const Words& words) {
  if (words.size() < 3) return {"! usage: HTTP METHOD /path [-H 'Name: value']… [-i] [body]"};
  std::string target = filled_in(words[2]);
  if (!target.starts_with("/api/")) target = fmt::format("/api/v1/{}{}", ns, target);
  Bytes body;
  bool with_headers = false;
  std::map<std::string, std::string> given;  // owns what `headers` points to
  for (std::size_t i = 3; i < words.size(); ++i) {
    if (words[i] == "-i") {
      with_headers = true;
    } else if (words[i] == "-H" && i + 1 < words.size()) {
      const std::string line = filled_in(words[++i]);
      const std::size_t colon = line.find(':');
      if (colon == std::string::npos) return {fmt::format("! \"{}\" is no header", line)};
      const std::size_t value = line.find_first_not_of(' ', colon + 1);
      given[line.substr(0, colon)] = value == std::string::npos ? "" : line.substr(value);
    } else {
      body = filled_in(words[i]);
    }
  }
  api::Headers headers;
  for (const auto& [name, value] : given) {
    if (!set_header(headers, name, value)) return {fmt::format("! header {} means nothing here", name)};
  }
  auto call = api::route(api::method_of(words[1]), target);
  if (!call) return {fmt::format("{} {}", call.error().status, call.error().text)};
  if (call->carriage() != api::Carriage::kRequest) return {"! this route is not one request with one reply"};
  return answer(machine, *call, headers, std::move(body), with_headers);
}

Lines ScenarioHttp::answer(Machine& machine, api::Call& call, const api::Headers& headers, Bytes body,
                           bool with_headers) {
  Bytes reply_body;
  Result<Request> request = rest_.parse(call, headers, body);
  if (!request) {
    const api::HttpError error = api::http_error(request.error());
    api::append_failure(call, error, reply_body);
    return {fmt::format("{}{}", error.status, first_line(reply_body))};
  }
  const Reply reply =
      ask_and_wait(world_, machine, call.ns, *std::move(request), Duration::seconds(60), call.terms).reply;
  const int status = api::append_reply(call, reply, reply_body);
  remember(reply_body);
  Lines lines{fmt::format("{}{}", status, first_line(reply_body))};
  const api::AnswerTerms terms = api::answer_terms(reply);
  if (terms.has_token) said_["$token"] = terms.token;
  if (!terms.etag.empty()) said_["$etag"] = terms.etag;
  if (with_headers && terms.has_token) lines.push_back("Pando-Token: " + terms.token);
  if (with_headers && !terms.etag.empty()) lines.push_back("ETag: " + terms.etag);
  if (with_headers && !terms.reached.empty()) lines.push_back("Pando-Durability: " + terms.reached);
  if (with_headers && status == 429 && !terms.retry_after.empty()) lines.push_back("Retry-After: " + terms.retry_after);
  if (with_headers && terms.replayed) lines.push_back("Idempotency-Replayed: true");
  return lines;
}

}  // namespace pando::sim
