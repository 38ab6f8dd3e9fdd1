// api/refusals.h — what a refusal says for programs, beside its sentence. Internal to api/.
#pragma once

#include "model/reply.h"

namespace pando::api {

// Fields of the object that `out` ends in; none when there is nothing to say.
void append_refusal(Bytes& out, const Refusal& refusal);

}  // namespace pando::api
