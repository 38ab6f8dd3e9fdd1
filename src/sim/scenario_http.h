// sim/scenario_http.h — the line HTTP of a scenario: a request as its text, through the same api/ the server uses.
//
//   dc1> HTTP POST /counters/x/incr '{"by":1}'
//   ----
//   200 {"value":1}
//
// The path is what follows /api/v1/{namespace}, or stands whole when it begins with /api/. `-H 'Name: value'` sends a
// header, `-i` also shows the headers of the answer that
// api/terms_text.h makes. In paths, headers and bodies `$token` and
// `$etag` stand for what the last answer with such a header said, `$txn`, `$id` and `$cursor` for the last one with a
// field of that name ("txnId" for the first). A route that streams (objects, watches) or is answered without the node
// (health, metrics) is refused.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "api/rest.h"
#include "sim/world.h"

namespace pando::sim {

class ScenarioHttp {
 public:
  explicit ScenarioHttp(World& world) : world_(world) {}

  // `words`: HTTP, the method, the target, then headers, -i and a body in any order. Waits for the answer.
  std::vector<std::string> run(Machine& machine, const std::string& ns, const std::vector<std::string>& words);

 private:
  std::string filled_in(std::string text) const;
  void remember(const Bytes& body);
  std::vector<std::string> answer(Machine& machine, api::Call& call, const api::Headers& headers, Bytes body,
                                  bool with_headers);

  World& world_;
  api::Rest rest_;
  std::map<std::string, std::string> said_;  // "$token" → its last text
};

}  // namespace pando::sim
