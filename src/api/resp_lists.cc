// Lists.
#include <algorithm>

#include "api/resp_blocking.h"
#include "api/resp_command.h"
#include "api/resp_session.h"
#include "base/limits.h"

namespace pando::api {
namespace {

using C = RespCommand;

GetItemsRequest items_of(ByteSpan key, std::int64_t first, std::int64_t last) {
  return {std::string(kTableKv), Bytes(key), first, last, limits::kRespElementsMax};
}

// Reads. ---------------------------------------------------------------------------------------------------

void answer_length(const RespReplies& got, RespWriter& to) {
  to.integer(static_cast<std::int64_t>(got.get<ItemsReply>().length));
}
void length(RespCall& call) { call.ask(items_of(call[1], 0, 0), answer_length); }

void answer_items(const RespReplies& got, RespWriter& to) {
  const auto& items = got.get<ItemsReply>();
  if (items.more) return to.error("ERR the range has too many items for one answer, ask for less");
  to.array(items.values.size());
  for (const Bytes& value : items.values) to.bulk(value);
}
void range(RespCall& call) {
  const auto first = call.integer(2);
  if (!first) return;
  const auto last = call.integer(3);
  if (last) call.ask(items_of(call[1], *first, *last), answer_items);
}

void answer_item(const RespReplies& got, RespWriter& to) {
  const auto& items = got.get<ItemsReply>();
  // A range is cut to what there is; an index is not.
  const std::int64_t at = got.number() < 0 ? got.number() + static_cast<std::int64_t>(items.length) : got.number();
  if (items.values.empty() || at < 0 || static_cast<std::uint64_t>(at) != items.first) return to.null();
  to.bulk(items.values.front());
}
void item(RespCall& call) {
  const auto index = call.integer(2);
  if (index) call.ask(items_of(call[1], *index, *index), answer_item).number = *index;
}

void answer_positions(const RespReplies& got, RespWriter& to) {
  const auto& indexes = got.get<FoundItemsReply>().indexes;
  const bool many = got.number() != 0;
  if (!many && indexes.empty()) return to.null();
  if (many) to.array(indexes.size());
  for (const std::uint64_t index : indexes) to.integer(static_cast<std::int64_t>(index));
}
void positions(RespCall& call) {
  FindItemsRequest find{std::string(kTableKv), Bytes(call[1]), Bytes(call[2]), false, 0, 1, UINT64_MAX};
  bool many = false;
  for (std::size_t i = 3; i < call.size(); i += 2) {
    if (i + 1 == call.size()) return call.fail_syntax();
    if (call.is(i, "rank")) {
      const auto rank = call.integer(i + 1);
      if (!rank) return;
      if (*rank == 0) {
        return call.fail(
            "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to "
            "start from the end of the list");
      }
      if (*rank == INT64_MIN) return call.fail("ERR value is out of range");
      find.reverse = *rank < 0;
      find.skip = static_cast<std::uint64_t>(*rank < 0 ? -*rank : *rank) - 1;
    } else if (call.is(i, "count")) {
      const auto count = call.integer(i + 1, "ERR COUNT can't be negative");
      if (!count) return;
      if (*count < 0) return call.fail("ERR COUNT can't be negative");
      many = true;
      find.count_max = *count == 0 || *count > limits::kRespElementsMax ? limits::kRespElementsMax
                                                                        : static_cast<std::uint32_t>(*count);
    } else if (call.is(i, "maxlen")) {
      const auto most = call.integer(i + 1, "ERR MAXLEN can't be negative");
      if (!most) return;
      if (*most < 0) return call.fail("ERR MAXLEN can't be negative");
      if (*most > 0) find.look_max = static_cast<std::uint64_t>(*most);
    } else {
      return call.fail_syntax();
    }
  }
  call.ask(std::move(find), answer_positions).number = many ? 1 : 0;
}

// Writes. --------------------------------------------------------------------------------------------------

void push(RespCall& call) {
  const ListEnd end = call.command.name.front() == 'l' ? ListEnd::kFront : ListEnd::kBack;
  call.write(call[1], Mutation::Kind::kDetail, answer_integer).detail =
      ListPush{end, call.rest(2), call.command.name.ends_with('x')};
}

// With a count of 0 nothing is popped, but a list that is absent answers otherwise than one that is there.
void answer_nothing_of(const RespReplies& got, RespWriter& to) {
  if (got.get<ItemsReply>().length == 0) return to.null_array();
  to.array(0);
}
void answer_popped(const RespReplies& got, RespWriter& to) {
  if (got.returned().empty()) return to.null_array();
  answer_all_returned(got, to);
}
void pop(RespCall& call) {
  const ListEnd end = call.command.name.front() == 'l' ? ListEnd::kFront : ListEnd::kBack;
  if (call.size() > 3) return call.fail_arity();
  if (call.size() == 2) {
    call.write(call.change(call[1], ListPop{end, 1}), answer_returned);
    return;
  }
  const auto count = call.integer(2, "ERR value is out of range, must be positive");
  if (!count) return;
  if (*count < 0) return call.fail("ERR value is out of range, must be positive");
  if (*count == 0) {
    call.ask(items_of(call[1], 0, 0), answer_nothing_of);
    return;
  }
  const auto taken = static_cast<std::uint32_t>(std::min<std::int64_t>(*count, UINT32_MAX));
  call.write(call.change(call[1], ListPop{end, taken}), answer_popped);
}

constexpr RespError kSetErrors[] = {
    {StatusCode::kNotFound, "ERR no such key"},
    {StatusCode::kOutOfRange, "ERR index out of range"},
};
void set(RespCall& call) {
  const auto index = call.integer(2);
  if (!index) return;
  std::vector<Mutation> both;
  both.push_back(call.change(call[1], RequireKey{}));
  both.push_back(call.change(call[1], ListSet{*index, Bytes(call[3])}));
  call.write(std::move(both), answer_ok).errors = kSetErrors;
}

void remove(RespCall& call) {
  const auto count = call.integer(2);
  if (count) call.write(call.change(call[1], ListRemove{Bytes(call[3]), *count}), answer_integer);
}

void trim(RespCall& call) {
  const auto first = call.integer(2);
  if (!first) return;
  const auto last = call.integer(3);
  if (last) call.write(call.change(call[1], ListCut{*first, *last, true}), answer_ok);
}

void insert(RespCall& call) {
  if (!call.is(2, "before") && !call.is(2, "after")) return call.fail_syntax();
  ListInsert made;
  made.pivot = Bytes(call[3]);
  made.behind = call.is(2, "after");
  made.values.emplace_back(call[4]);
  call.write(call.change(call[1], std::move(made)), answer_integer);
}

std::optional<ListEnd> read_end(const RespCall& call, std::size_t i) {
  if (call.is(i, "left")) return ListEnd::kFront;
  if (call.is(i, "right")) return ListEnd::kBack;
  return std::nullopt;
}
// "source destination", and which ends where the command does not say so itself.
void transfer(RespCall& call) {
  std::optional<ListEnd> take = ListEnd::kBack;
  std::optional<ListEnd> put = ListEnd::kFront;
  if (call.size() >= 5) {
    take = read_end(call, 3);
    put = read_end(call, 4);
    if (!take || !put) return call.fail_syntax();
  }
  call.write(call.change(call[1], ListTransfer{Bytes(call[2]), *take, *put}), answer_returned);
}

// The same, with the time to wait for an item as its last word.
void answer_transferred(const RespReplies& got, RespWriter& to) {
  if (got.returned().empty()) return to.null_array();
  to.bulk(got.returned().front());
}
void wait_and_transfer(RespCall& call) {
  transfer(call);
  if (call.plan.failed) return;
  const auto ms = read_timeout(call, call.size() - 1);
  if (!ms) return;
  call.plan.pending.answer = answer_transferred;
  call.plan.pending.names.emplace_back(call[1]);
  wait_for_keys(call, *ms);
}

}  // namespace

RespFamily resp_list_commands() {
  constexpr std::uint8_t kWrite = C::kWrite | C::kFast;
  return {
      {"blmove", 6, C::kWrite, 1, 2, 1, "list", "LMOVE that waits for an item.", wait_and_transfer},
      {"brpoplpush", 4, C::kWrite, 1, 2, 1, "list", "RPOPLPUSH that waits for an item.", wait_and_transfer},
      {"lindex", 3, C::kRead, 1, 1, 1, "list", "Answers one item of a list.", item},
      {"linsert", 5, C::kWrite, 1, 1, 1, "list", "Inserts an item beside another.", insert},
      {"llen", 2, C::kRead | C::kFast, 1, 1, 1, "list", "Answers the length of a list.", length},
      {"lmove", 5, C::kWrite, 1, 2, 1, "list", "Moves an item from list to list.", transfer},
      {"lpop", -2, kWrite, 1, 1, 1, "list", "Takes items off the front of a list.", pop},
      {"lpos", -3, C::kRead, 1, 1, 1, "list", "Finds items by their value.", positions},
      {"lpush", -3, kWrite, 1, 1, 1, "list", "Puts items at the front of a list.", push},
      {"lpushx", -3, kWrite, 1, 1, 1, "list", "Puts items at the front of a list that exists.", push},
      {"lrange", 4, C::kRead, 1, 1, 1, "list", "Answers a range of a list.", range},
      {"lrem", 4, C::kWrite, 1, 1, 1, "list", "Removes items by their value.", remove},
      {"lset", 4, C::kWrite, 1, 1, 1, "list", "Sets one item of a list.", set},
      {"ltrim", 4, C::kWrite, 1, 1, 1, "list", "Cuts a list to a range.", trim},
      {"rpop", -2, kWrite, 1, 1, 1, "list", "Takes items off the back of a list.", pop},
      {"rpoplpush", 3, C::kWrite, 1, 2, 1, "list", "Moves the last item to the front of a list.", transfer},
      {"rpush", -3, kWrite, 1, 1, 1, "list", "Puts items at the back of a list.", push},
      {"rpushx", -3, kWrite, 1, 1, 1, "list", "Puts items at the back of a list that exists.", push},
  };
}

}  // namespace pando::api
