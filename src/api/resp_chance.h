// api/resp_chance.h — what SRANDMEMBER, HRANDFIELD, ZRANDMEMBER and RANDOMKEY share: one by chance, or several.
//
// The dice are thrown when the command is asked and kept with it, so that its answer is a function of the reply.
#pragma once

#include "api/resp_call.h"

namespace pando::api {

// Of `size` things: `count` different ones, or with a negative count so many with repetitions.
std::vector<std::size_t> pick_some(std::size_t size, std::int64_t count, std::uint64_t seed);

// `key [count [WITH…]]`: asks for all there is and answers by `one` without a count, else by `some`. Fails by itself.
// `with`: the word that asks for more than names; empty where there is none.
void ask_by_chance(RespCall& call, Request all, std::string_view with, RespAnswer one, RespAnswer some);

// In the answers, of the `size` things that came: the one, of at least one; the several that were asked for.
std::size_t picked_one(const RespReplies& got, std::size_t size);
std::vector<std::size_t> picked_some(const RespReplies& got, std::size_t size);

// The several as names, or as pairs when `with` was said: name(i) and value(i) append.
template <typename Name, typename Value>
void answer_pairs_by_chance(const RespReplies& got, RespWriter& to, std::size_t size, Name name, Value value) {
  const bool values = got.names().size() > 1;
  const std::vector<std::size_t> picked = picked_some(got, size);
  to.array(values && to.version() == 2 ? 2 * picked.size() : picked.size());
  for (const std::size_t i : picked) {
    if (values && to.version() == 3) to.array(2);
    name(i);
    if (values) value(i);
  }
}

}  // namespace pando::api
