// Lists: order and indexes from the index, values from the cells.
#include "engine/read.h"

namespace pando::engine {
namespace {

Result<const ListIndex*> open_list(View& view, std::string_view table, ByteSpan key) {
  PANDO_RETURN_IF_ERROR(check_name(table, key));
  PANDO_RETURN_IF_ERROR(view.check_type(table, key, ValueType::kList));
  return view.list(table, key);
}

// Reads the values of one list, best in the order of its items.
class Values {
 public:
  Values(View& view, const ListIndex& index, std::string_view table, ByteSpan key)
      : view_(view), index_(index), path_{std::string(table), Bytes(key), CellKind::kItem, {}} {}

  Result<Bytes> at(const Bytes& position) {
    const std::vector<Bytes> claims = index_.claims(position);
    if (claims.size() == 1) {
      Result<std::optional<ListCell>> cell = cell_at(position);
      if (!cell) return fail(cell.error());
      if (!*cell) return fail(StatusCode::kInternal, "a list shows an item that is not there");
      return std::move((*cell)->item.value);
    }
    // Several cells say that they are this item: what was written last.
    Bytes value;
    std::pair<Hlc, Bytes> latest;
    for (const Bytes& claim : claims) {
      Result<std::optional<ListCell>> cell = cell_at(claim);
      if (!cell) return fail(cell.error());
      if (!*cell || std::pair((*cell)->written_at(), claim) < latest) continue;
      latest = {(*cell)->written_at(), claim};
      value = std::move((*cell)->item.value);
    }
    return value;
  }

 private:
  // Whether the key has expired was asked when its index was.
  Result<std::optional<ListCell>> cell_at(const Bytes& position) {
    path_.element = position;
    view_.note(view_.cells().touched(path_));
    const Result<const crdt::Register*> reg = view_.cells().find_register(path_);
    if (!reg) return fail(reg.error());
    return *reg == nullptr ? std::nullopt : read_list_cell(**reg);
  }

  View& view_;
  const ListIndex& index_;
  CellPath path_;
};

}  // namespace

Result<ReplyBody> read(View& view, const GetItemsRequest& request) {
  const Result<const ListIndex*> index = open_list(view, request.table, request.key);
  if (!index) return fail(index.error());
  ItemsReply reply;
  if (*index == nullptr) return reply;
  const ListIndex::Order& order = (*index)->order();
  reply.length = order.size();
  const auto [first, last] = ranks_between(request.first, request.last, order.size());
  reply.first = first;
  const std::size_t count = std::min<std::size_t>(last - first, request.count_max);
  reply.more = count < last - first;
  Values values(view, **index, request.table, request.key);
  auto at = count == 0 ? order.end() : order.find_by_order(first);
  for (std::size_t i = 0; i < count; ++i, ++at) {
    Result<Bytes> value = values.at(*at);
    if (!value) return fail(value.error());
    reply.values.push_back(*std::move(value));
  }
  return reply;
}

Result<ReplyBody> read(View& view, const FindItemsRequest& request) {
  const Result<const ListIndex*> index = open_list(view, request.table, request.key);
  if (!index) return fail(index.error());
  FoundItemsReply reply;
  if (*index == nullptr) return reply;
  const ListIndex::Order& order = (*index)->order();
  Values values(view, **index, request.table, request.key);
  const std::uint64_t looks = std::min<std::uint64_t>(order.size(), request.look_max);
  std::uint64_t skipped = 0;
  auto at = request.reverse ? order.end() : order.begin();
  for (std::uint64_t i = 0; i < looks && reply.indexes.size() < request.count_max; ++i) {
    if (request.reverse) --at;
    const Result<Bytes> value = values.at(*at);
    if (!value) return fail(value.error());
    if (!request.reverse) ++at;
    if (*value != request.value || skipped++ < request.skip) continue;
    reply.indexes.push_back(request.reverse ? order.size() - 1 - i : i);
  }
  return reply;
}

}  // namespace pando::engine
