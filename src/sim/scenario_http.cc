#include "sim/scenario_http.h"

#include <fmt/core.h>

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
}

Lines ScenarioHttp::run(Machine& machine, const std::string& ns, const Words& words) {
  if (words.size() < 3 || words.size() > 4) return {"! usage: HTTP METHOD /path [body]"};
  std::string target = filled_in(words[2]);
  if (!target.starts_with("/api/")) target = fmt::format("/api/v1/{}{}", ns, target);
  auto call = api::route(api::method_of(words[1]), target);
  if (!call) return {fmt::format("{} {}", call.error().status, call.error().text)};
  if (call->carriage() != api::Carriage::kRequest) return {"! this route is not one request with one reply"};

  Bytes body = words.size() == 4 ? filled_in(words[3]) : Bytes();
  Bytes reply_body;
  Result<Request> request = rest_.parse(*call, {}, body);
  if (!request) {
    const api::HttpError error = api::http_error(request.error());
    api::append_error(error.text, reply_body);
    return {fmt::format("{}{}", error.status, first_line(reply_body))};
  }
  const Reply reply = ask_and_wait(world_, machine, call->ns, *std::move(request)).reply;
  const int status = api::append_reply(*call, reply, reply_body);
  remember(reply_body);
  return {fmt::format("{}{}", status, first_line(reply_body))};
}

}  // namespace pando::sim
