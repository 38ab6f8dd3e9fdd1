#include "api/list_changes.h"

#include "api/mutations.h"
#include "base/limits.h"

namespace pando::api {
namespace {

Result<std::vector<Bytes>> values_in(dom::object body) {
  if (field(body, "values")) return bytes_list_field(body, "values");
  Result<std::optional<Bytes>> value = base64_field(body, "value");
  if (!value) return fail(value.error());
  if (!*value) return refuse("no values");
  return std::vector<Bytes>{std::move(**value)};
}

Result<ListEnd> end_in(dom::object body, ListEnd fallback) {
  if (!field(body, "end")) return fallback;
  const Result<std::string_view> end = string_field(body, "end");
  if (!end) return fail(end.error());
  if (*end == "front") return ListEnd::kFront;
  if (*end == "back") return ListEnd::kBack;
  return refuse("field \"end\" must be \"front\" or \"back\"");
}

Result<std::int64_t> index_in(dom::object body, std::string_view name) {
  const Result<std::optional<std::int64_t>> index = whole_field(body, name);
  if (!index) return fail(index.error());
  if (!*index) return refuse(fmt::format("missing field \"{}\"", name));
  return **index;
}

Result<Mutation::Detail> push_in(dom::object body) {
  Result<std::vector<Bytes>> values = values_in(body);
  if (!values) return fail(values.error());
  const Result<ListEnd> end = end_in(body, ListEnd::kBack);
  if (!end) return fail(end.error());
  const Result<bool> if_exists = bool_field(body, "if_exists");
  if (!if_exists) return fail(if_exists.error());
  return ListPush{*end, *std::move(values), *if_exists};
}

Result<Mutation::Detail> insert_in(dom::object body) {
  ListInsert insert;
  Result<std::vector<Bytes>> values = values_in(body);
  if (!values) return fail(values.error());
  insert.values = *std::move(values);
  Result<std::optional<Bytes>> before = base64_field(body, "before");
  if (!before) return fail(before.error());
  Result<std::optional<Bytes>> behind = base64_field(body, "behind");
  if (!behind) return fail(behind.error());
  const bool by_index = field(body, "index").has_value();
  if ((by_index ? 1 : 0) + (*before ? 1 : 0) + (*behind ? 1 : 0) != 1) {
    return refuse("say where: one of \"index\", \"before\" and \"behind\"");
  }
  if (by_index) {
    const Result<std::int64_t> index = index_in(body, "index");
    if (!index) return fail(index.error());
    insert.index = *index;
    return insert;
  }
  insert.behind = behind->has_value();
  insert.pivot = *before ? *std::move(before) : *std::move(behind);
  return insert;
}

Result<Mutation::Detail> pop_in(dom::object body) {
  const Result<ListEnd> end = end_in(body, ListEnd::kFront);
  if (!end) return fail(end.error());
  const Result<std::optional<std::int64_t>> count = whole_field(body, "count");
  if (!count) return fail(count.error());
  if (*count && (**count < 1 || **count > limits::kListKeysMax)) {
    return refuse(fmt::format("field \"count\" must be a number from 1 to {}", limits::kListKeysMax));
  }
  return ListPop{*end, static_cast<std::uint32_t>(count->value_or(1))};
}

Result<Mutation::Detail> set_in(dom::object body) {
  const Result<std::int64_t> index = index_in(body, "index");
  if (!index) return fail(index.error());
  Result<Bytes> value = value_field(body);
  if (!value) return fail(value.error());
  return ListSet{*index, *std::move(value)};
}

Result<Mutation::Detail> remove_in(dom::object body) {
  Result<Bytes> value = value_field(body);
  if (!value) return fail(value.error());
  const Result<std::optional<std::int64_t>> count = whole_field(body, "count");
  if (!count) return fail(count.error());
  return ListRemove{*std::move(value), count->value_or(0)};
}

Result<Mutation::Detail> cut_in(dom::object body, bool keep) {
  const Result<std::int64_t> first = index_in(body, "first");
  if (!first) return fail(first.error());
  const Result<std::int64_t> last = index_in(body, "last");
  if (!last) return fail(last.error());
  return ListCut{*first, *last, keep};
}

Result<Mutation::Detail> move_in(dom::object body) {
  const Result<std::int64_t> from = index_in(body, "from");
  if (!from) return fail(from.error());
  const Result<std::int64_t> to = index_in(body, "to");
  if (!to) return fail(to.error());
  return ListMove{*from, *to};
}

}  // namespace

Result<Mutation::Detail> list_change(std::string_view change, dom::object body) {
  if (change == "push") return push_in(body);
  if (change == "insert") return insert_in(body);
  if (change == "pop") return pop_in(body);
  if (change == "set") return set_in(body);
  if (change == "remove") return remove_in(body);
  if (change == "cut") return cut_in(body, /*keep=*/false);
  if (change == "keep") return cut_in(body, /*keep=*/true);
  if (change == "move") return move_in(body);
  if (change == "delete") return Mutation::Detail(DeleteTyped{ValueType::kList});
  return refuse(fmt::format("unknown change \"{}\" of a list; there are {}", change, kListChanges));
}

Result<Mutation> list_item(dom::object item) { return detail_item(item, list_change); }

}  // namespace pando::api
