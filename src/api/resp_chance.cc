#include "api/resp_chance.h"

#include <algorithm>
#include <numeric>

#include "api/resp_session.h"
#include "base/limits.h"
#include "base/prng.h"

namespace pando::api {

std::vector<std::size_t> pick_some(std::size_t size, std::int64_t count, std::uint64_t seed) {
  Prng random(seed);
  std::vector<std::size_t> picked;
  if (size == 0) return picked;
  if (count < 0) {
    for (; count < 0; ++count) picked.push_back(random.below(size));
    return picked;
  }
  picked.resize(size);
  std::iota(picked.begin(), picked.end(), std::size_t{0});
  const std::size_t wanted = std::min(size, static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < wanted; ++i) std::swap(picked[i], picked[i + random.below(size - i)]);
  picked.resize(wanted);
  return picked;
}

// Kept with the command: the dice as its number, the count as its first name, and a second one when `with` was said.
void ask_by_chance(RespCall& call, Request all, std::string_view with, RespAnswer one, RespAnswer some) {
  const auto chance = static_cast<std::int64_t>(call.session.chance());
  if (call.size() == 2) {
    call.ask(std::move(all), one).number = chance;
    return;
  }
  const auto count = call.integer(2);
  if (!count) return;
  if (call.size() > 4 || (call.size() == 4 && !call.is(3, with))) return call.fail_syntax();
  if (*count < -static_cast<std::int64_t>(limits::kRespElementsMax)) return call.fail("ERR value is out of range");
  RespPending& asked = call.ask(std::move(all), some);
  asked.number = chance;
  asked.names.emplace_back(call[2]);
  if (call.size() == 4) asked.names.emplace_back(with);
}

std::size_t picked_one(const RespReplies& got, std::size_t size) {
  return pick_some(size, 1, static_cast<std::uint64_t>(got.number()))[0];
}

std::vector<std::size_t> picked_some(const RespReplies& got, std::size_t size) {
  return pick_some(size, *resp_integer(got.names()[0]), static_cast<std::uint64_t>(got.number()));
}

}  // namespace pando::api
