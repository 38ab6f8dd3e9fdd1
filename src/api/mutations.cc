#include "api/mutations.h"

#include "api/rest_query.h"

namespace pando::api {

Mutation mutation(Mutation::Kind kind, std::string_view table, Bytes key) {
  Mutation m;
  m.kind = kind;
  m.table = std::string(table);
  m.key = std::move(key);
  return m;
}

Result<Mutation> mutation_of_key(Mutation::Kind kind, Call& call) {
  const Result<std::string> table = table_parameter(call.query);
  if (!table) return fail(table.error());
  return mutation(kind, *table, std::move(call.key));
}

Result<Request> write_one(Mutation m) {
  WriteRequest write;
  write.mutations.push_back(std::move(m));
  return Request(std::move(write));
}

Result<Request> append_to_tx(Call& call, Mutation m) {
  return Request(TxAppendRequest{std::move(call.tx_id), std::move(m)});
}

Result<Request> write_change(Call& call, JsonBody& body, std::string_view name, ReadChange read) {
  Result<std::string> table = table_parameter(call.query);
  if (!table) return fail(table.error());
  if (body.empty()) body.bytes() = "{}";
  const auto object = body.object();
  if (!object) return fail(object.error());
  Result<Mutation::Detail> detail = read(name, *object);
  if (!detail) return fail(detail.error());
  Mutation m = mutation(Mutation::Kind::kDetail, *table, std::move(call.key));
  m.detail = *std::move(detail);
  WriteRequest write;
  write.mutations.push_back(std::move(m));
  write.results = true;
  return Request(std::move(write));
}

Result<Mutation> detail_item(dom::object item, ReadChange read) {
  Result<Bytes> key = key_field(item, "key");
  if (!key) return fail(key.error());
  const Result<std::string> table = table_field(item, kTableKv);
  if (!table) return fail(table.error());
  const Result<std::string_view> name = string_field(item, "change");
  if (!name) return fail(name.error());
  Result<Mutation::Detail> detail = read(*name, item);
  if (!detail) return fail(detail.error());
  Mutation m = mutation(Mutation::Kind::kDetail, *table, *std::move(key));
  m.detail = *std::move(detail);
  return m;
}

tl::unexpected<Status> at(std::string_view part, std::size_t index, const Status& status) {
  return fail(status.with_context(fmt::format("{} {}", part, index)));
}

}  // namespace pando::api
