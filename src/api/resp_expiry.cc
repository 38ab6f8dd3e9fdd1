// When keys end: EXPIRE, TTL and their kin.
#include "api/resp_expiry.h"

#include <fmt/format.h>

#include "api/resp_command.h"

namespace pando::api {
namespace {

using C = RespCommand;

std::string invalid_time(const RespCall& call) {
  return fmt::format("ERR invalid expire time in '{}' command", call.command.name);
}

// GETEX … and EXPIRE … : in milliseconds. Nothing when that is too much.
std::optional<std::int64_t> to_ms(std::int64_t value, bool seconds) {
  std::int64_t ms = value;
  if (seconds && __builtin_mul_overflow(value, std::int64_t{1000}, &ms)) return std::nullopt;
  return ms;
}

// NX, XX, GT and LT of EXPIRE.
std::optional<ExpireChange::When> read_condition(RespCall& call) {
  bool nx = false;
  bool xx = false;
  bool gt = false;
  bool lt = false;
  for (std::size_t i = 3; i < call.size(); ++i) {
    bool* known = call.is(i, "nx")   ? &nx
                  : call.is(i, "xx") ? &xx
                  : call.is(i, "gt") ? &gt
                  : call.is(i, "lt") ? &lt
                                     : nullptr;
    if (known == nullptr) {
      call.fail(fmt::format("ERR Unsupported option {}", call[i]));
      return std::nullopt;
    }
    *known = true;
  }
  if (nx && (xx || gt || lt)) {
    call.fail("ERR NX and XX, GT or LT options at the same time are not compatible");
    return std::nullopt;
  }
  if (gt && lt) {
    call.fail("ERR GT and LT options at the same time are not compatible");
    return std::nullopt;
  }
  if (xx && lt) {
    call.fail("ERR XX together with LT is not served here");
    return std::nullopt;
  }
  using When = ExpireChange::When;
  // What has no end ends later than everything, so GT says XX too.
  return nx ? When::kIfNone : gt ? When::kIfLater : lt ? When::kIfSooner : xx ? When::kIfAny : When::kAlways;
}

void expire(RespCall& call) {
  const auto when = read_condition(call);
  if (!when) return;
  const auto value = call.integer(2);
  if (!value) return;
  const bool at = call.is(0, "expireat") || call.is(0, "pexpireat");
  const auto ms = to_ms(*value, call.is(0, "expire") || call.is(0, "expireat"));
  if (!ms || *ms == INT64_MAX || (!at && *ms > kTtlMsMax)) return call.fail(invalid_time(call));
  TimeToLive ttl{at ? TimeToLive::Kind::kUntil : TimeToLive::Kind::kFor, *ms};
  // An instant that is over hides at once.
  if (*ms <= 0) ttl = {TimeToLive::Kind::kUntil, 0};
  call.write(call.change(call[1], ExpireChange{ttl, *when, {}}), answer_integer);
}

void persist(RespCall& call) {
  const TimeToLive never{TimeToLive::Kind::kForever, 0};
  call.write(call.change(call[1], ExpireChange{never, ExpireChange::When::kAlways, {}}), answer_integer);
}

// -2 without the key, -1 without an end, else as `pick` has it in milliseconds.
template <std::int64_t TtlReply::*Pick, bool Seconds>
void answer_ttl(const RespReplies& got, RespWriter& to) {
  const auto& ttl = got.get<TtlReply>();
  if (!ttl.found) return to.integer(-2);
  if (!ttl.ends) return to.integer(-1);
  to.integer(Seconds ? (ttl.*Pick + 500) / 1000 : ttl.*Pick);
}

template <RespAnswer Answer>
void ask_ttl(RespCall& call) {
  call.ask(GetTtlRequest{std::string(kTableKv), Bytes(call[1]), {}}, Answer);
}

}  // namespace

bool is_ttl_option(ByteSpan word) {
  return resp_word_is(word, "ex") || resp_word_is(word, "px") || resp_word_is(word, "exat") ||
         resp_word_is(word, "pxat");
}

std::optional<TimeToLive> read_ttl(RespCall& call, std::string_view option, std::size_t number) {
  const auto value = call.integer(number);
  if (!value) return std::nullopt;
  const bool at = option.ends_with("at");
  const auto ms = to_ms(*value, option.front() == 'e');
  if (*value <= 0 || !ms || *ms == INT64_MAX || (!at && *ms > kTtlMsMax)) {
    call.fail(invalid_time(call));
    return std::nullopt;
  }
  return TimeToLive{at ? TimeToLive::Kind::kUntil : TimeToLive::Kind::kFor, *ms};
}

std::optional<TimeToLive> read_ttl_option(RespCall& call, std::size_t option, std::size_t number) {
  for (const std::string_view known : {"ex", "px", "exat", "pxat"}) {
    if (call.is(option, known)) return read_ttl(call, known, number);
  }
  call.fail_syntax();
  return std::nullopt;
}

RespFamily resp_expiry_commands() {
  constexpr std::uint8_t kWrite = C::kWrite | C::kFast;
  constexpr std::uint8_t kRead = C::kRead | C::kFast;
  constexpr auto kLeft = &TtlReply::remaining_ms;
  constexpr auto kAt = &TtlReply::at_ms;
  return {
      {"expire", -3, kWrite, 1, 1, 1, "generic", "Lets a key end after some seconds.", expire},
      {"expireat", -3, kWrite, 1, 1, 1, "generic", "Lets a key end at a second.", expire},
      {"expiretime", 2, kRead, 1, 1, 1, "generic", "Answers the second at which a key ends.",
       ask_ttl<answer_ttl<kAt, true>>},
      {"persist", 2, kWrite, 1, 1, 1, "generic", "Takes the end of a key away.", persist},
      {"pexpire", -3, kWrite, 1, 1, 1, "generic", "Lets a key end after some milliseconds.", expire},
      {"pexpireat", -3, kWrite, 1, 1, 1, "generic", "Lets a key end at a millisecond.", expire},
      {"pexpiretime", 2, kRead, 1, 1, 1, "generic", "Answers the millisecond at which a key ends.",
       ask_ttl<answer_ttl<kAt, false>>},
      {"pttl", 2, kRead, 1, 1, 1, "generic", "Answers how many milliseconds a key has left.",
       ask_ttl<answer_ttl<kLeft, false>>},
      {"ttl", 2, kRead, 1, 1, 1, "generic", "Answers how many seconds a key has left.",
       ask_ttl<answer_ttl<kLeft, true>>},
  };
}

}  // namespace pando::api
