// sim/scenario_requests.h — the words of a client line ⇄ a Request. The verbs: sim/scenario_client.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "model/request.h"
#include "model/terms.h"

namespace pando::sim {

// Splits at blanks; 'single' and "double" quotes keep blanks, and \xNN is a byte anywhere. An error for an open quote.
Result<std::vector<std::string>> split_words(std::string_view line);
// The inverse, of one word.
std::string quoted(ByteSpan word);

// The words of one mutation: PUT k v [TTL 5s] [TABLE t], DEL k [TABLE t], INCR k [n] [TTL 5s], DECR k [n], RESET k,
// EXPIRE k 5s [FIELD f] [TABLE t], PERSIST k [FIELD f] [TABLE t], ROWPUT r a=1, ROWDEL r [a], SADD k m…, SREM k m…,
// SDEL k, ENABLE k, DISABLE k.
Result<Mutation> parse_mutation(std::vector<std::string>::const_iterator from,
                                std::vector<std::string>::const_iterator to);
// Everything but TX, HTTP and LOB, which are more than one request.
Result<Request> parse_request(const std::vector<std::string>& words);
// `… IDEMPOTENT id`, `… SAFE os`, `… WITHIN 500ms`: taken off the end of the words.
Result<Terms> take_terms(std::vector<std::string>& words);

// The line that means this mutation, this request, these terms: what parses back to the same. Nothing where the
// language has no words for it.
std::optional<std::string> words_of(const Mutation& mutation);
std::optional<std::string> words_of(const Request& request);
std::string words_of(const Terms& terms);

}  // namespace pando::sim
