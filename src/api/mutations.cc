#include "api/mutations.h"

namespace pando::api {

Mutation mutation(Mutation::Kind kind, std::string_view table, Bytes key) {
  Mutation m;
  m.kind = kind;
  m.table = std::string(table);
  m.key = std::move(key);
  return m;
}

Result<Request> write_one(Mutation m) {
  WriteRequest write;
  write.mutations.push_back(std::move(m));
  return Request(std::move(write));
}

Result<Request> append_to_tx(Call& call, Mutation m) {
  return Request(TxAppendRequest{std::move(call.tx_id), std::move(m)});
}

tl::unexpected<Status> at(std::string_view part, std::size_t index, const Status& status) {
  return fail(status.with_context(fmt::format("{} {}", part, index)));
}

}  // namespace pando::api
