// Counters: they add up over all sites, unlike a value that is read and written.
#include "api/resp_command.h"

namespace pando::api {
namespace {

using C = RespCommand;

constexpr RespError kWholeErrors[] = {
    {StatusCode::kPreconditionFailed, "ERR value is not an integer or out of range"},
    {StatusCode::kOutOfRange, "ERR increment or decrement would overflow"},
};
constexpr RespError kDecimalErrors[] = {
    {StatusCode::kPreconditionFailed, "ERR value is not a valid float"},
    {StatusCode::kOutOfRange, "ERR increment would produce a number out of range"},
};

void increment(RespCall& call) {
  const bool down = call.command.name.front() == 'd';
  std::int64_t delta = 1;
  if (call.size() == 3) {
    const auto given = call.integer(2);
    if (!given) return;
    delta = *given;
  }
  if (down && delta == INT64_MIN) return call.fail("ERR decrement would overflow");
  call.write(call[1], Mutation::Kind::kAdd, answer_integer, kWholeErrors).delta = down ? -delta : delta;
}

void increment_decimal(RespCall& call) {
  const auto units = resp_decimal(call[2]);
  if (!units) {
    const bool number = parse_score(call[2]).has_value();
    return call.fail(number ? "ERR value has more digits than a decimal counter, which has nine behind the point"
                            : "ERR value is not a valid float");
  }
  Mutation made = call.mutation(call[1], Mutation::Kind::kAddDecimal);
  made.units = *units;
  call.write(std::move(made), answer_returned).errors = kDecimalErrors;
}

}  // namespace

RespFamily resp_number_commands() {
  constexpr std::uint8_t kFlags = C::kWrite | C::kFast;
  return {
      {"decr", 2, kFlags, 1, 1, 1, "string", "Takes one from a counter.", increment},
      {"decrby", 3, kFlags, 1, 1, 1, "string", "Takes a number from a counter.", increment},
      {"incr", 2, kFlags, 1, 1, 1, "string", "Adds one to a counter.", increment},
      {"incrby", 3, kFlags, 1, 1, 1, "string", "Adds a number to a counter.", increment},
      {"incrbyfloat", 3, kFlags, 1, 1, 1, "string", "Adds a decimal number to a counter.", increment_decimal},
  };
}

}  // namespace pando::api
