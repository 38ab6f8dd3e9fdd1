// model/terms.h — the terms on which a client asks: what it has seen, how safe its write must be, under which
// condition.
//
// They travel beside any Request (node/io.h). api/ makes them from headers, docs/http.md has their text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "model/origin.h"

namespace pando {

// How far a write must have come before it is answered. Each includes those before it.
struct Durability {
  enum class Level : std::uint8_t {
    kMemory,  // applied here; lost with the process
    kOs,      // written to the log file; lost with the machine
    kFsync,   // on this disk
    kSites,   // on this disk and those of `sites` other nodes
    kSite,    // on this disk and that of node `site`
  };
  Level level = Level::kFsync;
  std::uint32_t sites = 0;
  std::string site;

  friend bool operator==(const Durability&, const Durability&) = default;
};
// "memory", "os", "fsync", "sites:2", "site:dc2".
std::string to_string(const Durability& durability);
// kInvalidArgument naming what is allowed.
Result<Durability> parse_durability(std::string_view text);

// What a client has seen, as the last commit of each origin: a site that has applied these has everything they
// stand on, since every site's log is in causal order. One write's token is its own dot; a session's is the union.
// Sorted by origin, one entry each; text "dc1:17,dc2#2:4", empty for nothing.
using CausalToken = std::vector<Dot>;
std::string to_string(const CausalToken& token);
// kInvalidArgument naming the offset.
Result<CausalToken> parse_causal_token(std::string_view text);
// The union: of each origin the later one.
void merge(CausalToken& into, const CausalToken& other);

// Of a conditional write: evaluated at the site that answers, against what that site has.
struct Condition {
  bool any = false;                // `*`: the key is there, whatever it holds
  std::vector<std::string> etags;  // one of these is what reads answer now (without quotes)
};

// Never 0.
std::uint64_t fingerprint_of(ByteSpan request);

struct Terms {
  std::optional<CausalToken> after;  // answer only once this is covered
  Duration after_wait = Duration::seconds(2);
  bool wants_token = false;              // a read: tell what it has seen
  bool wants_etag = false;               // tell Reply::etag also where that means reading all of the key
  bool spares_etag = false;              // Reply::etag is not looked at
  std::optional<Durability> durability;  // nothing: as the table or the namespace says
  Duration durability_wait = Duration::seconds(5);
  std::optional<Condition> if_match;
  std::optional<Condition> if_none_match;
  // Within this open transaction: a read sees everything as it was when that began, and what it changed since; a write
  // is done with its commit.
  std::optional<Bytes> transaction;
  // Done once, however often it is asked: what was done under the same key is answered again.
  std::optional<Bytes> idempotency_key;
  // Tells what is asked from anything else; 0: not told. The same key with another one is refused.
  std::uint64_t fingerprint = 0;

  // Nothing asked for beyond the request itself.
  bool plain() const {
    return !after && !wants_token && !wants_etag && !durability && !if_match && !if_none_match && !idempotency_key &&
           !transaction;
  }
};

}  // namespace pando
