// PUBLISH and SUBSCRIBE: clients of this node hear what clients of any site publish.
#include <fmt/format.h>

#include "api/resp_command.h"
#include "api/resp_feed.h"
#include "api/resp_session.h"
#include "base/limits.h"

namespace pando::api {
namespace {

using C = RespCommand;

void answer_audience(const RespReplies& got, RespWriter& to) { to.integer(got.number()); }
void publish(RespCall& call) {
  if (call[1].empty() || call[1].size() > kChannelBytesMax || call[1].find('\0') != ByteSpan::npos) {
    return call.fail(fmt::format("ERR a channel has 1 to {} bytes, none of them zero", kChannelBytesMax));
  }
  RespHost& host = call.session.host();
  Mutation made = call.mutation({});
  made.table = kTablePubsub;
  made.key = message_key(call[1], host.unique_name());
  made.value = call[2];
  made.ttl = TimeToLive{TimeToLive::Kind::kFor, kMessageLives.millis()};
  call.write(std::move(made), answer_audience).number =
      static_cast<std::int64_t>(call.session.channels().audience(call[1]));
}

// One confirmation: what happened to which name, and how many subscriptions there are now.
void confirm(RespCall& call, std::string_view what, const Bytes* name) {
  RespWriter to = call.writer();
  to.push(3);
  to.bulk(what);
  if (name == nullptr) {
    to.null();
  } else {
    to.bulk(*name);
  }
  to.integer(static_cast<std::int64_t>(call.session.channels().count_of(call.session.subscriber())));
}

template <bool Pattern>
void subscribe(RespCall& call) {
  RespChannels& channels = call.session.channels();
  RespSubscriber& who = call.session.subscriber();
  for (const Bytes& name : call.rest(1)) {
    const auto& known = Pattern ? channels.patterns_of(who) : channels.channels_of(who);
    if (known.find(name) == known.end()) {
      if (channels.full(who)) {
        return call.fail(fmt::format("ERR more than {} subscriptions", limits::kRespChannelsMax));
      }
      Pattern ? channels.subscribe_pattern(who, name) : channels.subscribe(who, name);
    }
    confirm(call, Pattern ? "psubscribe" : "subscribe", &name);
  }
  call.session.host().listens(call.session.db());
}

// Without names: from all.
template <bool Pattern>
void unsubscribe(RespCall& call) {
  RespChannels& channels = call.session.channels();
  RespSubscriber& who = call.session.subscriber();
  constexpr std::string_view kWhat = Pattern ? "punsubscribe" : "unsubscribe";
  std::vector<Bytes> names = call.rest(1);
  if (names.empty()) {
    const auto& known = Pattern ? channels.patterns_of(who) : channels.channels_of(who);
    names.assign(known.begin(), known.end());
  }
  if (names.empty()) return confirm(call, kWhat, nullptr);
  for (const Bytes& name : names) {
    Pattern ? channels.unsubscribe_pattern(who, name) : channels.unsubscribe(who, name);
    confirm(call, kWhat, &name);
  }
}

void pubsub(RespCall& call) {
  const RespChannels& channels = call.session.channels();
  RespWriter to = call.writer();
  if (call.is(1, "channels") && call.size() <= 3) {
    const std::vector<Bytes> active = channels.active(call.size() == 3 ? call[2] : ByteSpan());
    to.array(active.size());
    for (const Bytes& name : active) to.bulk(name);
  } else if (call.is(1, "numsub")) {
    to.array(2 * (call.size() - 2));
    for (std::size_t i = 2; i < call.size(); ++i) {
      to.bulk(call[i]);
      to.integer(static_cast<std::int64_t>(channels.listeners(call[i])));
    }
  } else if (call.is(1, "numpat") && call.size() == 2) {
    to.integer(static_cast<std::int64_t>(channels.pattern_count()));
  } else {
    call.fail(fmt::format("ERR unknown subcommand '{}'. Try PUBSUB HELP.", call[1].substr(0, 128)));
  }
}

}  // namespace

RespFamily resp_pubsub_commands() {
  constexpr std::uint8_t kFlags = C::kNotQueued | C::kSubscribed;
  constexpr std::string_view kGroup = "pubsub";
  return {
      {"psubscribe", -2, kFlags, 0, 0, 0, kGroup, "Hears what is published to matching channels.", subscribe<true>},
      {"publish", 3, C::kFast, 0, 0, 0, kGroup, "Tells clients at all sites.", publish},
      {"pubsub", -2, 0, 0, 0, 0, kGroup, "Tells about channels of this node.", pubsub},
      {"punsubscribe", -1, kFlags, 0, 0, 0, kGroup, "Stops hearing matching channels.", unsubscribe<true>},
      {"subscribe", -2, kFlags, 0, 0, 0, kGroup, "Hears what is published to channels.", subscribe<false>},
      {"unsubscribe", -1, kFlags, 0, 0, 0, kGroup, "Stops hearing channels.", unsubscribe<false>},
  };
}

}  // namespace pando::api
