#include "engine/order_needs.h"

#include <algorithm>
#include <type_traits>

namespace pando::engine {
namespace {

template <typename T>
constexpr bool kNeedsScores =
    std::is_same_v<T, GetRankRequest> || std::is_same_v<T, ListScoresRequest> ||
    std::is_same_v<T, CountScoresRequest> || std::is_same_v<T, RemoveScoreRange> || std::is_same_v<T, ScoreRange>;
template <typename T>
constexpr bool kNeedsList =
    std::is_same_v<T, GetItemsRequest> || std::is_same_v<T, FindItemsRequest> || std::is_same_v<T, ListPush> ||
    std::is_same_v<T, ListInsert> || std::is_same_v<T, ListPop> || std::is_same_v<T, ListSet> ||
    std::is_same_v<T, ListCut> || std::is_same_v<T, ListRemove> || std::is_same_v<T, ListMove> ||
    std::is_same_v<T, ListTransfer>;

// Ranges by member are walked in the cells.
template <typename T>
bool by_member(const T& asked) {
  if constexpr (std::is_same_v<T, ScoreRange>) return asked.by == ScoreRange::By::kMember;
  if constexpr (requires { asked.range.by; }) return asked.range.by == ScoreRange::By::kMember;
  return false;
}

// `asked` is a read, or what a mutation of that key asks for.
template <typename T>
void add_need(const T& asked, std::string_view table, ByteSpan key, std::vector<OrderNeed>& needs) {
  if constexpr (kNeedsScores<T> || kNeedsList<T>) {
    if (by_member(asked)) return;
    const ValueType type = kNeedsList<T> ? ValueType::kList : ValueType::kScores;
    const bool known = std::any_of(needs.begin(), needs.end(), [&](const OrderNeed& need) {
      return need.type == type && need.key == key && need.table == table;
    });
    if (!known) needs.push_back({std::string(table), Bytes(key), type});
  }
}

// Calls visit(table, key, what is asked of it) for all that the request is about.
template <typename Visit>
void for_each_key(const Request& request, Visit&& visit) {
  std::visit(
      [&](const auto& asked) {
        using Asked = std::decay_t<decltype(asked)>;
        if constexpr (std::is_same_v<Asked, WriteRequest>) {
          for (const Mutation& mutation : asked.mutations) {
            // A range is read in one key and written as another.
            const auto* stored = std::get_if<StoreScoreRange>(&mutation.detail);
            if (stored != nullptr) visit(mutation.table, stored->from, stored->range);
            std::visit([&](const auto& detail) { visit(mutation.table, mutation.key, detail); }, mutation.detail);
            if (const auto* transfer = std::get_if<ListTransfer>(&mutation.detail)) {
              visit(mutation.table, transfer->to, *transfer);
            }
          }
        } else if constexpr (std::is_same_v<Asked, TxRequest>) {
          for (const TxItem& item : asked.items) for_each_key(item.request, visit);
        } else if constexpr (std::is_same_v<Asked, PipelineRequest>) {
          for (const PipelineItem& item : asked.items) for_each_key(item.request, visit);
        } else if constexpr (requires { std::string_view(asked.table), ByteSpan(asked.key); }) {
          visit(asked.table, asked.key, asked);
        }
      },
      request);
}

}  // namespace

std::vector<OrderNeed> order_needs(const Request& request) {
  std::vector<OrderNeed> needs;
  for_each_key(request,
               [&](std::string_view table, ByteSpan key, const auto& asked) { add_need(asked, table, key, needs); });
  return needs;
}

bool share_key(const Request& a, const Request& b) {
  bool found = false;
  for_each_key(a, [&](std::string_view table, ByteSpan key, const auto&) {
    for_each_key(b, [&](std::string_view other_table, ByteSpan other_key, const auto&) {
      found = found || (table == other_table && key == other_key);
    });
  });
  return found;
}

}  // namespace pando::engine
