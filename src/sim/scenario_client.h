// sim/scenario_client.h — the client lines of a scenario: words → Request, Reply → lines.
//
//   PUT k v   GET k [RAW]   DEL k   INCR k [n]   DECR k [n]   RESET k   COUNTER k   MERGED k
//   SADD s a b   SREM s a b   SDEL s   SMEMBERS s [AFTER a] [LIMIT n]   SHAS s a   SSIZE s
//   ENABLE f   DISABLE f   FLAG f
//   ROWPUT r a=1 b=2   ROWGET r [a b]   ROWDEL r [a b]   LIST [prefix] [TABLE t]   LOB k
//   BATCH PUT a 1 ; INCR b 2 ; DEL c      PIPE INCR a | GET b | BATCH …      TOGETHER PUT a 1 | GET a
//   EXPIRE k 5s   PERSIST k   … TTL 5s, … TABLE t at the end of PUT, INCR, DEL
//   … IDEMPOTENT id, … SAFE os, … WITHIN 500ms at the end of a write
//   TX t BEGIN [put|delete] [kv|row|lob]   TX t PUT k v   TX t LOB k text   TX t LOB k SIZE n   TX t LOBDEL k
//   TX t COMMIT   TX t ABORT      (t names a transaction in the script; ids are random)
//   HTTP METHOD /path [-H 'Name: value']… [-i] [body]   (sim/scenario_http.h)
//   OFFSET   STATS   CHECKPOINT   DIGEST
//
// Answers: "ok", the value, "(none)", or "! code: message".
#pragma once

#include <map>
#include <string>
#include <vector>

#include "sim/ask.h"
#include "sim/scenario_http.h"
#include "sim/scenario_requests.h"

namespace pando::sim {

class ScenarioClient {
 public:
  explicit ScenarioClient(World& world) : world_(world) {}

  // Waits for the answer.
  std::vector<std::string> run(Machine& machine, const std::string& ns, const std::vector<std::string>& words);
  // Hands it in and does not wait. Only for commands that are one request, those of a TX included.
  std::vector<std::string> run_async(Machine& machine, const std::string& ns, const std::vector<std::string>& words);

 private:
  std::vector<std::string> begin_or_go_on(Machine& machine, const std::string& ns,
                                          const std::vector<std::string>& words, Terms terms);
  static Request begin_of(const std::vector<std::string>& words);
  static Result<Request> part_of(const Bytes& id, const std::vector<std::string>& words);
  void learn(const std::string& name, const Reply& reply);
  std::vector<std::string> run_transaction(Machine& machine, const std::string& ns,
                                           const std::vector<std::string>& words);
  std::vector<std::string> read_lob(Machine& machine, const std::string& ns, const Bytes& key);

  World& world_;
  ScenarioHttp http_{world_};
  std::map<std::string, Bytes> transactions_;  // name → id
};

// The lines for a reply, whatever the request was.
std::vector<std::string> format_reply(const Reply& reply);

}  // namespace pando::sim
