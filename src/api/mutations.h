// api/mutations.h — what the `parse` functions of routes make writes of. Internal to api/.
#pragma once

#include <fmt/format.h>

#include "api/json_body.h"
#include "api/json_fields.h"
#include "api/route.h"

namespace pando::api {

Mutation mutation(Mutation::Kind kind, std::string_view table, Bytes key);
// A WriteRequest of one.
Result<Request> write_one(Mutation m);
// Of Call::key in the table that ?table= names.
Result<Mutation> mutation_of_key(Mutation::Kind kind, Call& call);
// The same, and nothing more: deleting, resetting, enabling.
template <Mutation::Kind kKind>
Result<Request> write_key(Call& call, JsonBody&) {
  Result<Mutation> m = mutation_of_key(kKind, call);
  if (!m) return fail(m.error());
  return write_one(std::move(*m));
}
// The same, appended to the transaction of the call.
Result<Request> append_to_tx(Call& call, Mutation m);

// What a change called `name` with these fields is.
using ReadChange = Result<Mutation::Detail> (*)(std::string_view name, dom::object fields);
// The change kName, of Call::key of ?table=, with the body's fields; an empty body has none. With results.
Result<Request> write_change(Call& call, JsonBody& body, std::string_view name, ReadChange read);
// {"key","table","change", and its fields}: an item of a transaction.
Result<Mutation> detail_item(dom::object item, ReadChange read);

// A refusal about part `index` of a list: "item 3: …".
tl::unexpected<Status> at(std::string_view part, std::size_t index, const Status& status);

// Every element of `list` through `read` (element → Result<Mutation>), as one write; a refusal names its place.
template <typename Read>
Result<Request> write_all(dom::array list, std::string_view part, Call& call, Read read) {
  WriteRequest write;
  std::size_t index = 0;
  for (const dom::element element : list) {
    Result<Mutation> m = read(element);
    if (!m) return at(part, index, m.error());
    write.mutations.push_back(std::move(*m));
    ++index;
  }
  call.count = write.mutations.size();
  return Request(std::move(write));
}

}  // namespace pando::api
