// model/put_object.h — Mutation::detail: a large object that comes whole, as part of a transaction in one request.
#pragma once

#include "base/bytes.h"

namespace pando {

// The mutation's table is `lob`. Objects that come in parts are staged instead: TxAppendLobRequest.
struct PutObject {
  Bytes bytes;
  Bytes upload = {};  // names this version of it, and nothing else ever; given by the site that takes the request
};

}  // namespace pando
