// WAIT: how far what was written has come.
#include <algorithm>

#include "api/resp_command.h"
#include "api/resp_session.h"
#include "base/limits.h"

namespace pando::api {
namespace {

using C = RespCommand;

void answer_sites(const RespReplies& got, RespWriter& to) { to.integer(got.get<ReachedReply>().sites); }

void wait(RespCall& call) {
  const auto sites = call.integer(1);
  if (!sites) return;
  const auto ms = call.integer(2, "ERR timeout is not an integer or out of range");
  if (!ms) return;
  if (*ms < 0) return call.fail("ERR timeout is negative");
  const std::int64_t wait_ms = *ms == 0 ? limits::kRespWaitMsMax : std::min(*ms, limits::kRespWaitMsMax);
  const auto asked = static_cast<std::uint32_t>(std::clamp<std::int64_t>(*sites, 0, UINT32_MAX));
  call.ask(ReachedRequest{asked, Duration::millis(wait_ms)}, answer_sites);
  // What this client writes before it has to be written when the question is asked, and nothing after it is done.
  call.plan.waits = true;
}

}  // namespace

RespFamily resp_wait_commands() {
  return {{"wait", 3, C::kNotQueued, 0, 0, 0, "generic", "Waits until other sites have what was written here.", wait}};
}

}  // namespace pando::api
