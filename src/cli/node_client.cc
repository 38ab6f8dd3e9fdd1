#include "cli/node_client.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace pando::cli {
namespace {

using nlohmann::json;

// {"error":"text"} → text; anything else → the status.
Status refusal(const HttpResponse& response) {
  const json body = json::parse(response.body, nullptr, false);
  if (body.is_object() && body.contains("error") && body["error"].is_string()) {
    return Status(StatusCode::kUnavailable, body["error"].get<std::string>());
  }
  return Status(StatusCode::kUnavailable, fmt::format("the node answered with status {}", response.status));
}

Result<json> parse_body(const std::string& address, const Bytes& body) {
  json parsed = json::parse(body, nullptr, false);
  if (parsed.is_discarded())
    return fail(StatusCode::kUnavailable, fmt::format("{} does not answer like a Pando node", address));
  return parsed;
}

}  // namespace

Result<NodeClient> NodeClient::connect_node(const Target& target) {
  Result<Url> url = parse_url(target.url);
  if (!url) return fail(url.error());
  NodeClient client(std::move(*url));
  client.ns_ = target.ns;
  return client;
}

Result<NodeClient> NodeClient::connect(const Target& target) {
  Result<NodeClient> client = connect_node(target);
  if (!client || !target.ns.empty()) return client;
  const Result<Readiness> readiness = client->readiness();
  if (!readiness) return fail(readiness.error());
  if (readiness->namespaces.size() != 1) {
    return fail(StatusCode::kInvalidArgument,
                fmt::format("the node has {} namespaces, choose one with --ns: {}", readiness->namespaces.size(),
                            fmt::join(readiness->namespaces, " ")));
  }
  client->ns_ = readiness->namespaces.front();
  return client;
}

Result<NodeClient::Readiness> NodeClient::readiness() {
  const Result<HttpResponse> response = http_.send({"GET", "/readyz", {}, {}});
  if (!response) return fail(response.error());
  const Result<json> body = parse_body(http_.address(), response->body);
  if (!body) return fail(body.error());
  Readiness readiness;
  readiness.ready = response->status == 200;
  readiness.reasons = body->value("reasons", json::object());
  for (const json& ns : body->value("namespaces", json::array())) readiness.namespaces.push_back(ns.get<std::string>());
  return readiness;
}

std::string NodeClient::target(const std::string& path) const { return "/api/v1/" + percent_encode(ns_) + path; }

Result<Bytes> NodeClient::ask_text(const std::string& ns, const std::string& method, const std::string& path,
                                   const std::string& body) {
  Result<HttpResponse> response = http_.send({method, "/api/v1/" + percent_encode(ns) + path, body, {}});
  if (!response) return fail(response.error());
  if (response->status != 200) return fail(refusal(*response));
  return std::move(response->body);
}

Result<json> NodeClient::ask(const std::string& ns, const std::string& method, const std::string& path,
                             const std::string& body) {
  const Result<Bytes> text = ask_text(ns, method, path, body);
  if (!text) return fail(text.error());
  return parse_body(http_.address(), *text);
}

Result<json> NodeClient::ask(const std::string& method, const std::string& path, const std::string& body) {
  return ask(ns_, method, path, body);
}

}  // namespace pando::cli
