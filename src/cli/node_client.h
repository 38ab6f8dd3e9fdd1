// cli/node_client.h — what the data commands share: finding the namespace, asking, understanding a refusal.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/command_line.h"
#include "cli/http_client.h"

namespace pando::cli {

class NodeClient {
 public:
  // Parses the URL. With no namespace in `target`, asks the node which ones it has: there must be one.
  static Result<NodeClient> connect(const Target& target);
  // The same without settling a namespace.
  static Result<NodeClient> connect_node(const Target& target);

  // GET /readyz: the namespaces, and why those that do not serve do not. Either answer, 200 or 503, is fine.
  struct Readiness {
    bool ready = false;
    std::vector<std::string> namespaces;
    nlohmann::json reasons;  // object, may be empty
  };
  Result<Readiness> readiness();

  // `path` below the namespace, already encoded: "/kv/a". The parsed body of a 200; the server's own sentence
  // as the message otherwise.
  Result<nlohmann::json> ask(const std::string& method, const std::string& path, const std::string& body = {});
  Result<nlohmann::json> ask(const std::string& ns, const std::string& method, const std::string& path,
                             const std::string& body);
  // The same, unparsed.
  Result<Bytes> ask_text(const std::string& ns, const std::string& method, const std::string& path,
                         const std::string& body);

  HttpClient& http() { return http_; }
  const std::string& ns() const { return ns_; }
  // "/api/v1/ad" + path
  std::string target(const std::string& path) const;

 private:
  explicit NodeClient(Url url) : http_(std::move(url)) {}
  HttpClient http_;
  std::string ns_;
};

}  // namespace pando::cli
