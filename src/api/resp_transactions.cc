// MULTI, EXEC and WATCH: commands that become one commit.
#include "api/resp_command.h"
#include "api/resp_session.h"

namespace pando::api {
namespace {

using C = RespCommand;

void multi(RespCall& call) { call.session.begin_multi(call); }
void exec(RespCall& call) { call.session.exec(call); }
void discard(RespCall& call) { call.session.discard(call); }
void watch(RespCall& call) { call.session.watch(call); }
void unwatch(RespCall& call) {
  call.session.unwatch();
  call.writer().simple("OK");
}

}  // namespace

RespFamily resp_transaction_commands() {
  constexpr std::uint8_t kFlags = C::kFast | C::kAtOnce;
  constexpr std::string_view kGroup = "transactions";
  return {
      {"discard", 1, kFlags, 0, 0, 0, kGroup, "Forgets the queued commands.", discard},
      {"exec", 1, C::kAtOnce, 0, 0, 0, kGroup, "Commits the queued commands as one.", exec},
      {"multi", 1, kFlags, 0, 0, 0, kGroup, "Begins to queue commands.", multi},
      {"unwatch", 1, C::kFast, 0, 0, 0, kGroup, "Forgets the watched keys.", unwatch},
      {"watch", -2, kFlags, 1, -1, 1, kGroup, "Lets EXEC do nothing if a key was changed here.", watch},
  };
}

}  // namespace pando::api
