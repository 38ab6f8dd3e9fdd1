// cli/crdt_client.h — `pando crdt-client`: watches a relayer over ZeroMQ and shows the state converge.
//
// Every notification carries the bytes that its own namespace's writer put there, so the client merges by
// itself (cli/crdt_state.h): a stale write shows up as such. Standard output is line by line what the
// tutorial prints; each event is flushed when it is complete, so it may be piped.
// Publishers need not be up yet, and may come and go.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pando::cli {

struct CrdtClientOptions {
  struct Source {
    std::string ns;
    std::string endpoint;
  };
  std::vector<Source> sources = {{"ad-campaign-dc1", "tcp://localhost:5555"},
                                 {"ad-campaign-dc2", "tcp://localhost:5556"}};
  std::optional<std::uint64_t> until_events;         // leave with 0 after so many notifications
  std::optional<std::chrono::milliseconds> timeout;  // leave when it is over: 1 if until_events did not come, else 0
  bool verbose = false;                              // says on standard error when connections come and go
  std::optional<std::string> curve_server_key;       // the publishers' CURVE public key
};

// "ad-campaign-dc1=tcp://localhost:5555"; the message names what is wrong with it.
std::optional<CrdtClientOptions::Source> parse_crdt_source(const std::string& text, std::string* why);

// The exit code: 0 after SIGINT, SIGTERM or enough events, 1 on a time-out or when nobody reads, 2 when an
// option cannot be used (said on standard error).
int crdt_client(const CrdtClientOptions& options);

}  // namespace pando::cli
