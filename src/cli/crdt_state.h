// cli/crdt_state.h — what the tutorial's client knows: the merged state, and what it says about each notification.
//
// Two kinds of keys merge, by the payload that was written, not by the namespace it came from:
//   lww:…      {"value": any JSON, "timestamp": integer, "replica": string}
//              higher timestamp wins, then bytewise higher replica, then bytewise higher value
//   counter:…  {"replica": string, "count": integer ≥ 0}
//              highest count per replica; the total is their sum
// Any order, repetition or interleaving of the same payloads ends in the same state.
//
// Text form: two spaces per level, an empty line before each notification and before the state. Strings bare,
// with control characters escaped; other JSON values compact. The state is shown after every change of it.
//
// Pure: text in, text out.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace pando::cli {

class CrdtState {
 public:
  CrdtState();
  ~CrdtState();

  // What one ZeroMQ message (topic, JSON) does to the state, as text that ends with a newline. A message that
  // is not ours, or whose payload is malformed, is one line that says so and changes nothing.
  std::string on_message(const std::vector<Bytes>& frames);

  // "CURRENT CRDT STATE" and everything below it; sections without entries are left out.
  std::string text() const;

 private:
  struct Register {
    std::int64_t timestamp = 0;
    Bytes replica;
    Bytes value;  // as shown before escaping

    friend auto operator<=>(const Register&, const Register&) = default;
  };
  using Counts = std::map<Bytes, std::uint64_t>;
  struct Parser;

  // True when the state changed.
  bool merge(const std::string& key, ByteSpan payload, std::string& out);
  bool merge_register(const std::string& key, Register incoming, std::string& out);
  bool merge_counter(const std::string& key, const Bytes& replica, std::uint64_t count, std::string& out);

  std::map<std::string, Register> registers_;
  std::map<std::string, Counts> counters_;
  std::unique_ptr<Parser> parser_;
};

}  // namespace pando::cli
