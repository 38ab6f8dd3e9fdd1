#include "engine/list.h"

#include <fmt/core.h>

#include "base/limits.h"
#include "engine/list_edit.h"

namespace pando::engine {
namespace {

constexpr std::uint32_t kWholeList = 1U << static_cast<unsigned>(CellKind::kItem);

Result<ListEdit*> open_list(Draft& draft, const Mutation& mutation) {
  PANDO_RETURN_IF_ERROR(draft.check_type(mutation.table, mutation.key, ValueType::kList));
  return draft.list(mutation.table, mutation.key);
}

Status check_values(const std::vector<Bytes>& values) {
  if (values.empty()) return Status(StatusCode::kInvalidArgument, "no values");
  if (values.size() > limits::kBatchItemsMax) {
    return Status(StatusCode::kTooLarge,
                  fmt::format("{} values, the limit is {}", values.size(), limits::kBatchItemsMax));
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i].size() <= limits::kValueBytesMax) continue;
    return Status(StatusCode::kTooLarge,
                  fmt::format("value {} has {} bytes, the limit is {}", i, values[i].size(), limits::kValueBytesMax));
  }
  return {};
}

Status check_count(std::size_t count) {
  if (count <= limits::kListChangesMax) return {};
  return Status(StatusCode::kTooLarge, fmt::format("{} items would go at once, the limit is {}; take fewer at a time",
                                                   count, limits::kListChangesMax));
}

Status no_such_item(std::int64_t index, std::size_t size) {
  return Status(StatusCode::kOutOfRange, fmt::format("there is no item {}: the list has {}", index, size));
}

// `index` counted from 0, or the failure.
Result<std::size_t> item_index(std::int64_t index, std::size_t size) {
  const std::int64_t at = index < 0 ? index + static_cast<std::int64_t>(size) : index;
  if (at < 0 || at >= static_cast<std::int64_t>(size)) return fail(no_such_item(index, size));
  return static_cast<std::size_t>(at);
}

void tell_length(Draft& draft, const ListEdit& list) { draft.set_result(static_cast<std::int64_t>(list.size())); }

// Those at `first` to `last` - 1. All of them together are one op.
Status erase(Draft& draft, const Mutation& mutation, ListEdit& list, std::size_t first, std::size_t last) {
  if (last - first == list.size()) {
    // One that is retried elsewhere may find more: only so many items can be put back one by one.
    if (draft.keeps_counted() && list.size() <= limits::kListChangesMax) {
      for (std::size_t i = first; i < last; ++i) PANDO_RETURN_IF_ERROR(list.note(i));
    }
    // A list that has no items any more has no time to live either.
    PANDO_RETURN_IF_ERROR(draft.drop_end(mutation.table, mutation.key));
    return draft.clear(mutation.table, mutation.key, kWholeList);
  }
  PANDO_RETURN_IF_ERROR(check_count(last - first));
  for (std::size_t i = last; i > first; --i) PANDO_RETURN_IF_ERROR(list.erase(i - 1));
  return {};
}

// Index of the first item with that value.
Result<std::optional<std::size_t>> find(ListEdit& list, ByteSpan value) {
  for (std::size_t i = 0; i < list.size(); ++i) {
    const Result<Bytes> here = list.value(i);
    if (!here) return fail(here.error());
    if (*here == value) return i;
  }
  return std::nullopt;
}

}  // namespace

Status decide(Draft& draft, const Mutation& mutation, const ListPush& push) {
  PANDO_RETURN_IF_ERROR(check_values(push.values));
  const Result<ListEdit*> list = open_list(draft, mutation);
  if (!list) return list.error();
  if (push.if_exists && (*list)->size() == 0) return {};
  for (const Bytes& value : push.values) {
    PANDO_RETURN_IF_ERROR((*list)->insert(push.end == ListEnd::kFront ? 0 : (*list)->size(), value));
  }
  tell_length(draft, **list);
  return {};
}

Status decide(Draft& draft, const Mutation& mutation, const ListInsert& insert) {
  PANDO_RETURN_IF_ERROR(check_values(insert.values));
  const Result<ListEdit*> list = open_list(draft, mutation);
  if (!list) return list.error();
  const std::size_t size = (*list)->size();
  std::size_t at = 0;
  if (insert.pivot) {
    const Result<std::optional<std::size_t>> pivot = find(**list, *insert.pivot);
    if (!pivot) return pivot.error();
    if (!*pivot) {
      draft.set_result(size == 0 ? 0 : -1);
      return {};
    }
    at = **pivot + (insert.behind ? 1 : 0);
  } else {
    // -1 is behind the last item: an insertion has one more place than there are items.
    const Result<std::size_t> index = item_index(insert.index, size + 1);
    if (!index) return no_such_item(insert.index, size);
    at = *index;
  }
  for (const Bytes& value : insert.values) PANDO_RETURN_IF_ERROR((*list)->insert(at++, value));
  tell_length(draft, **list);
  return {};
}

Status decide(Draft& draft, const Mutation& mutation, const ListPop& pop) {
  const Result<ListEdit*> list = open_list(draft, mutation);
  if (!list) return list.error();
  const std::size_t size = (*list)->size();
  const std::size_t count = std::min<std::size_t>(pop.count, size);
  PANDO_RETURN_IF_ERROR(check_count(count));
  std::size_t bytes = 0;
  for (std::size_t i = 0; draft.gives_back() && i < count; ++i) {
    Result<Bytes> value = (*list)->value(pop.end == ListEnd::kFront ? i : size - 1 - i);
    if (!value) return value.error();
    bytes += value->size();
    if (bytes > limits::kCommitBytesMax) {
      return Status(StatusCode::kTooLarge, fmt::format("the values would have more than {} bytes; take fewer at a time",
                                                       limits::kCommitBytesMax));
    }
    draft.give_back(*std::move(value));
  }
  draft.set_result(static_cast<std::int64_t>(count));
  const std::size_t first = pop.end == ListEnd::kFront ? 0 : size - count;
  return count == 0 ? Status() : erase(draft, mutation, **list, first, first + count);
}

Status decide(Draft& draft, const Mutation& mutation, const ListSet& set) {
  PANDO_RETURN_IF_ERROR(check_values({set.value}));
  const Result<ListEdit*> list = open_list(draft, mutation);
  if (!list) return list.error();
  const Result<std::size_t> index = item_index(set.index, (*list)->size());
  return index ? (*list)->set(*index, set.value) : index.error();
}

Status decide(Draft& draft, const Mutation& mutation, const ListCut& cut) {
  const Result<ListEdit*> list = open_list(draft, mutation);
  if (!list) return list.error();
  const std::size_t size = (*list)->size();
  const auto [first, last] = ranks_between(cut.first, cut.last, size);
  const std::size_t count = cut.keep ? size - (last - first) : last - first;
  draft.set_result(static_cast<std::int64_t>(count));
  if (count == 0) return {};
  if (!cut.keep) return erase(draft, mutation, **list, first, last);
  if (first == last) return erase(draft, mutation, **list, 0, size);
  PANDO_RETURN_IF_ERROR(check_count(count));
  PANDO_RETURN_IF_ERROR(erase(draft, mutation, **list, last, size));
  return erase(draft, mutation, **list, 0, first);
}

Status decide(Draft& draft, const Mutation& mutation, const ListRemove& remove) {
  const Result<ListEdit*> list = open_list(draft, mutation);
  if (!list) return list.error();
  const bool from_back = remove.count < 0;
  const std::uint64_t wanted = remove.count == 0 ? UINT64_MAX
                               : from_back       ? -static_cast<std::uint64_t>(remove.count)
                                                 : static_cast<std::uint64_t>(remove.count);
  std::vector<std::size_t> found;
  const std::size_t size = (*list)->size();
  for (std::size_t i = 0; i < size && found.size() < wanted; ++i) {
    const std::size_t at = from_back ? size - 1 - i : i;
    const Result<Bytes> value = (*list)->value(at);
    if (!value) return value.error();
    if (*value == remove.value) found.push_back(at);
  }
  PANDO_RETURN_IF_ERROR(check_count(found.size()));
  // From the back, so that those before it keep their indexes.
  std::sort(found.rbegin(), found.rend());
  for (const std::size_t at : found) PANDO_RETURN_IF_ERROR((*list)->erase(at));
  draft.set_result(static_cast<std::int64_t>(found.size()));
  return {};
}

Status decide(Draft& draft, const Mutation& mutation, const ListMove& move) {
  const Result<ListEdit*> list = open_list(draft, mutation);
  if (!list) return list.error();
  const Result<std::size_t> from = item_index(move.from, (*list)->size());
  if (!from) return from.error();
  const Result<std::size_t> to = item_index(move.to, (*list)->size());
  return to ? (*list)->move(*from, *to) : to.error();
}

}  // namespace pando::engine
