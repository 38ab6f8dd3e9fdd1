#include "api/terms_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/limits.h"

namespace pando::api {
namespace {

Status malformed(std::string_view header, std::string_view why) {
  return Status(StatusCode::kInvalidArgument, fmt::format("{}: {}", header, why));
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// "500ms", "2s".
Result<Duration> parse_wait(std::string_view header, std::string_view text) {
  const auto wrong = [&] {
    return fail(malformed(header, fmt::format("a wait is a number of ms or s, at most {}s, as in 500ms, not \"{}\"",
                                              limits::kWaitMsMax / 1000, text.substr(0, 100))));
  };
  std::int64_t n = 0;
  std::size_t digits = 0;
  while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') {
    if (digits == 6) return wrong();
    n = n * 10 + (text[digits++] - '0');
  }
  if (digits == 0) return wrong();
  const std::string_view unit = text.substr(digits);
  if (unit == "s") n *= 1000;
  if ((unit != "s" && unit != "ms") || n > limits::kWaitMsMax) return wrong();
  return Duration::millis(n);
}

// "sites:2,wait=500ms".
Status take_durability(std::string_view text, Terms& terms) {
  constexpr std::string_view kHeader = "Pando-Durability";
  const std::size_t comma = std::min(text.find(','), text.size());
  auto level = parse_durability(trimmed(text.substr(0, comma)));
  if (!level) return level.error().with_context(kHeader);
  terms.durability = std::move(*level);
  if (comma == text.size()) return {};
  const std::string_view rest = trimmed(text.substr(comma + 1));
  if (!rest.starts_with("wait=")) {
    return malformed(kHeader, fmt::format("only wait= may follow, not \"{}\"", rest.substr(0, 100)));
  }
  const Result<Duration> wait = parse_wait(kHeader, rest.substr(5));
  if (!wait) return wait.error();
  terms.durability_wait = *wait;
  return {};
}

// One of "e1", W/"e1" at the front of `text`, which is cut off; nullopt when there is none.
std::optional<std::string_view> cut_etag(std::string_view& text, bool& weak) {
  weak = text.starts_with("W/");
  if (weak) text.remove_prefix(2);
  if (text.empty() || text.front() != '"') return std::nullopt;
  const std::size_t end = text.find('"', 1);
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view etag = text.substr(1, end - 1);
  text = trimmed(text.substr(end + 1));
  return etag;
}

// RFC 9110, 13.1.1 and 13.1.2: `*` or a list. If-Match compares strongly, so a weak one never matches there.
Result<Condition> parse_condition(std::string_view header, std::string_view text, bool strong) {
  Condition condition;
  text = trimmed(text);
  if (text == "*") {
    condition.any = true;
    return condition;
  }
  while (true) {
    bool weak = false;
    const auto etag = cut_etag(text, weak);
    if (!etag) return fail(malformed(header, "must be * or a list of ETags in quotes"));
    if (condition.etags.size() == limits::kConditionEtagsMax) {
      return fail(malformed(header, fmt::format("more than {} ETags", limits::kConditionEtagsMax)));
    }
    if (!weak || !strong) condition.etags.emplace_back(*etag);
    if (text.empty()) return condition;
    if (text.front() != ',') return fail(malformed(header, "ETags are separated by commas"));
    text = trimmed(text.substr(1));
  }
}

Status take_session(const Headers& headers, Terms& terms) {
  if (headers.token) {
    Result<CausalToken> token = parse_causal_token(trimmed(*headers.token));
    if (!token) return token.error().with_context("Pando-Token");
    if (!token->empty()) terms.after = std::move(*token);
    terms.wants_token = true;
  }
  if (!headers.wait.empty()) {
    const Result<Duration> wait = parse_wait("Pando-Wait", headers.wait);
    if (!wait) return wait.error();
    terms.after_wait = *wait;
  }
  return {};
}

Status take_condition(std::string_view header, std::string_view text, bool strong, std::optional<Condition>& out) {
  if (text.empty()) return {};
  Result<Condition> condition = parse_condition(header, text, strong);
  if (!condition) return condition.error();
  out = std::move(*condition);
  return {};
}

Status take_idempotency_key(std::string_view key, Terms& terms) {
  if (key.size() > limits::kIdempotencyKeyBytesMax) {
    return Status(StatusCode::kInvalidArgument, fmt::format("Idempotency-Key has {} bytes, the limit is {}", key.size(),
                                                            limits::kIdempotencyKeyBytesMax));
  }
  terms.idempotency_key = Bytes(key);
  return {};
}

// What a write within a transaction would ask for is asked for by the commit.
Status take_transaction(const Headers& headers, Terms& terms) {
  if (!headers.durability.empty() || !headers.idempotency_key.empty() || !headers.if_match.empty() ||
      !headers.if_none_match.empty()) {
    return Status(StatusCode::kInvalidArgument,
                  "Pando-Durability, Idempotency-Key and conditions are not taken within a transaction");
  }
  terms.transaction = Bytes(headers.transaction);
  return {};
}

// Asked for, and not given here.
Status refuse_silence(std::string_view header, std::string_view operation) {
  return Status(StatusCode::kInvalidArgument, fmt::format("{} is not taken by {}", header, operation));
}

bool holds(const Condition& condition, const std::string& etag) {
  if (etag.empty()) return false;
  return condition.any || std::find(condition.etags.begin(), condition.etags.end(), etag) != condition.etags.end();
}

}  // namespace

Status take_terms(const Headers& headers, Call& call) {
  if (headers.plain()) return {};
  if (!headers.blank.empty()) {
    return Status(StatusCode::kInvalidArgument, fmt::format("{} is empty: leave it out, or say what", headers.blank));
  }
  const RouteRow& row = *call.row;
  if ((row.takes & kTakesToken) != 0) PANDO_RETURN_IF_ERROR(take_session(headers, call.terms));
  if (!headers.durability.empty()) {
    if ((row.takes & kTakesDurability) == 0) return refuse_silence("Pando-Durability", row.id);
    PANDO_RETURN_IF_ERROR(take_durability(headers.durability, call.terms));
  }
  if (!headers.idempotency_key.empty() && (row.takes & kTakesIdempotency) != 0) {
    PANDO_RETURN_IF_ERROR(take_idempotency_key(headers.idempotency_key, call.terms));
  }
  if (!headers.transaction.empty()) {
    if ((row.takes & kTakesTransaction) == 0) return refuse_silence("Pando-Transaction", row.id);
    PANDO_RETURN_IF_ERROR(take_transaction(headers, call.terms));
  }
  if (headers.if_match.empty() && headers.if_none_match.empty()) return {};
  if ((row.takes & kTakesConditions) == 0) {
    return refuse_silence(headers.if_match.empty() ? "If-None-Match" : "If-Match", row.id);
  }
  const bool read = row.method == Method::kGet;
  if (read) call.terms.wants_etag = true;
  auto& match = read ? call.read_if.match : call.terms.if_match;
  auto& none_match = read ? call.read_if.none_match : call.terms.if_none_match;
  call.terms.wants_etag = read;  // what the conditions are compared with
  PANDO_RETURN_IF_ERROR(take_condition("If-Match", headers.if_match, /*strong=*/true, match));
  return take_condition("If-None-Match", headers.if_none_match, /*strong=*/false, none_match);
}

AnswerTerms answer_terms(const Reply& reply) {
  AnswerTerms terms;
  if (reply.token) {
    terms.token = to_string(*reply.token);
    terms.has_token = true;
  } else if (reply.dot) {
    terms.token = to_string(*reply.dot);
    terms.has_token = true;
  }
  if (!reply.etag.empty()) terms.etag = '"' + reply.etag + '"';
  if (reply.reached) {
    const Durability::Level level = reply.reached->sites > 0 ? Durability::Level::kSites : reply.reached->level;
    terms.reached = to_string(Durability{level, reply.reached->sites, {}});
  }
  terms.replayed = reply.replayed;
  if (const auto* verdict = std::get_if<LimiterReply>(&reply.body); verdict != nullptr && verdict->retry_after_ms > 0) {
    terms.retry_after = std::to_string((verdict->retry_after_ms - 1) / 1000 + 1);
  }
  return terms;
}

int conditional_read(const Call& call, const Reply& reply) {
  if (call.read_if.match && !holds(*call.read_if.match, reply.etag)) return 412;
  if (call.read_if.none_match && holds(*call.read_if.none_match, reply.etag)) return 304;
  return 200;
}

}  // namespace pando::api
