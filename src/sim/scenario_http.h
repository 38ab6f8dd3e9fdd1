// sim/scenario_http.h — the line HTTP of a scenario: a request as its text, through the same api/ the server uses.
//
//   dc1> HTTP POST /counters/x/incr '{"by":1}'
//   ----
//   200 {"value":1}
//
// The path is what follows /api/v1/{namespace}, or stands whole when it begins with /api/. In paths and bodies
// `$txn`, `$id` and `$cursor` stand for what the last reply with a field of that name ("txnId" for the first) said. A
// route that streams (objects, watches) or is answered without the node (health, metrics) is refused.
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

  // `words`: HTTP, the method, the target, and the rest of the line. Waits for the answer.
  std::vector<std::string> run(Machine& machine, const std::string& ns, const std::vector<std::string>& words);

 private:
  std::string filled_in(std::string text) const;
  void remember(const Bytes& body);

  World& world_;
  api::Rest rest_;
  std::map<std::string, std::string> said_;  // "$token" → its last text
};

}  // namespace pando::sim
