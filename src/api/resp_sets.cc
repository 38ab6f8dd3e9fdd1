// Sets. Members come in byte order.
#include <algorithm>

#include "api/resp_chance.h"
#include "api/resp_command.h"
#include "api/resp_scan.h"
#include "api/resp_session.h"
#include "base/limits.h"

namespace pando::api {
namespace {

using C = RespCommand;

ListMembersRequest members_of(ByteSpan key, std::uint32_t count_max = limits::kRespElementsMax) {
  return {std::string(kTableKv), Bytes(key), {}, {}, count_max};
}

// Reads. ---------------------------------------------------------------------------------------------------

// False, having said so, when the set has more members than one answer may.
bool whole(const RespReplies& got, RespWriter& to) {
  for (std::size_t i = 0; i < got.size(); ++i) {
    if (!got.get<MembersReply>(i).more) continue;
    to.error("ERR the set has too many members for one answer, use SSCAN");
    return false;
  }
  return true;
}

void answer_whole(const RespReplies& got, RespWriter& to) {
  if (whole(got, to)) answer_members(got, to);
}
void members(RespCall& call) { call.ask(members_of(call[1]), answer_whole); }

void answer_in(const RespReplies& got, RespWriter& to) { to.integer(got.get<PresenceReply>().present ? 1 : 0); }
void has(RespCall& call) {
  call.ask(HasMemberRequest{std::string(kTableKv), Bytes(call[1]), Bytes(call[2])}, answer_in);
}

void answer_all_in(const RespReplies& got, RespWriter& to) {
  to.array(got.size());
  for (std::size_t i = 0; i < got.size(); ++i) to.integer(got.get<PresenceReply>(i).present ? 1 : 0);
}
void has_many(RespCall& call) {
  if (!call.may_read(call.size() - 2)) return;
  for (std::size_t i = 2; i < call.size(); ++i) {
    call.ask(HasMemberRequest{std::string(kTableKv), Bytes(call[1]), Bytes(call[i])}, answer_all_in);
  }
}

void count(RespCall& call) {
  call.ask(CountMembersRequest{std::string(kTableKv), Bytes(call[1]), limits::kRespElementsMax}, answer_count);
}

void answer_one_by_chance(const RespReplies& got, RespWriter& to) {
  const auto& all = got.get<MembersReply>().members;
  if (all.empty()) return to.null();
  to.bulk(all[picked_one(got, all.size())]);
}
void answer_some_by_chance(const RespReplies& got, RespWriter& to) {
  const auto& all = got.get<MembersReply>().members;
  const auto picked = picked_some(got, all.size());
  to.array(picked.size());
  for (const std::size_t i : picked) to.bulk(all[i]);
}
void by_chance(RespCall& call) {
  if (call.size() > 3) return call.fail_syntax();
  ask_by_chance(call, members_of(call[1], limits::kSetCountMax), {}, answer_one_by_chance, answer_some_by_chance);
}

// SINTER, SUNION and SDIFF: of all sets as they are at one instant.
std::vector<Bytes> combined(const RespReplies& got, SetJoin join) {
  std::vector<Bytes> result = got.get<MembersReply>().members;
  for (std::size_t i = 1; i < got.size(); ++i) result = joined(join, result, got.get<MembersReply>(i).members);
  return result;
}
template <SetJoin Join>
void answer_combined(const RespReplies& got, RespWriter& to) {
  if (!whole(got, to)) return;
  const std::vector<Bytes> all = combined(got, Join);
  to.set(all.size());
  for (const Bytes& one : all) to.bulk(one);
}
template <SetJoin Join>
void combine(RespCall& call) {
  if (!call.may_read(call.size() - 1)) return;
  for (std::size_t i = 1; i < call.size(); ++i) call.ask(members_of(call[i]), answer_combined<Join>);
}
void answer_common_count(const RespReplies& got, RespWriter& to) {
  if (!whole(got, to)) return;
  const auto size = static_cast<std::int64_t>(combined(got, SetJoin::kAll).size());
  to.integer(got.number() > 0 ? std::min(size, got.number()) : size);
}
void count_common(RespCall& call) {
  const auto keys = call.integer(1, "ERR numkeys should be greater than 0");
  if (!keys) return;
  if (*keys < 1) return call.fail("ERR numkeys should be greater than 0");
  if (*keys > static_cast<std::int64_t>(call.size()) - 2) {
    return call.fail("ERR Number of keys can't be greater than number of args");
  }
  const auto end = static_cast<std::size_t>(*keys) + 2;
  std::int64_t limit = 0;
  if (end < call.size()) {
    if (end + 2 != call.size() || !call.is(end, "limit")) return call.fail_syntax();
    const auto given = call.integer(end + 1, "ERR LIMIT can't be negative");
    if (!given) return;
    if (*given < 0) return call.fail("ERR LIMIT can't be negative");
    limit = *given;
  }
  if (!call.may_read(end - 2)) return;
  for (std::size_t i = 2; i < end; ++i) call.ask(members_of(call[i]), answer_common_count).number = limit;
}

void answer_scan(const RespReplies& got, RespWriter& to) {
  const auto& found = got.get<MembersReply>();
  append_scan_head(got, found.more ? &found.members.back() : nullptr, to);
  std::vector<const Bytes*> matching;
  for (const Bytes& member : found.members) {
    if (scan_matches(got, member)) matching.push_back(&member);
  }
  to.array(matching.size());
  for (const Bytes* member : matching) to.bulk(*member);
}
void scan(RespCall& call) {
  const auto asked = read_scan(call, 2, call[1]);
  if (!asked) return;
  ListMembersRequest list = members_of(call[1], asked->count);
  list.after = asked->after;
  call.ask(std::move(list), answer_scan).names = scan_names(*asked, call[1]);
}

// Writes. --------------------------------------------------------------------------------------------------

template <Mutation::Kind Kind>
void change(RespCall& call) {
  call.write(call[1], Kind, answer_integer).members.assign(call.args.begin() + 2, call.args.end());
}

void answer_popped(const RespReplies& got, RespWriter& to) {
  to.set(got.returned().size());
  for (const Bytes& member : got.returned()) to.bulk(member);
}
void pop(RespCall& call) {
  if (call.size() > 3) return call.fail_syntax();
  if (call.size() == 2) {
    call.write(call.change(call[1], PopMembers{1}), answer_returned);
    return;
  }
  const auto wanted = call.integer(2, "ERR value is out of range, must be positive");
  if (!wanted) return;
  if (*wanted < 0) return call.fail("ERR value is out of range, must be positive");
  call.write(call.change(call[1], PopMembers{static_cast<std::uint64_t>(*wanted)}), answer_popped);
}

void move(RespCall& call) {
  call.write(call.change(call[1], MoveMember{Bytes(call[2]), Bytes(call[3])}), answer_integer);
}

template <SetJoin Join>
void store(RespCall& call) {
  if (call.may_read(call.size() - 2)) call.write(call.change(call[1], CombineSets{Join, call.rest(2)}), answer_integer);
}

}  // namespace

RespFamily resp_set_commands() {
  constexpr std::uint8_t kWrite = C::kWrite | C::kFast;
  constexpr std::uint8_t kFast = C::kRead | C::kFast;
  using K = Mutation::Kind;
  return {
      {"sadd", -3, kWrite, 1, 1, 1, "set", "Adds members to a set.", change<K::kAddMembers>},
      {"scard", 2, kFast, 1, 1, 1, "set", "Counts the members of a set.", count},
      {"sdiff", -2, C::kRead, 1, -1, 1, "set", "Members of the first set and no other.", combine<SetJoin::kFirstOnly>},
      {"sdiffstore", -3, C::kWrite, 1, -1, 1, "set", "Stores what SDIFF answers.", store<SetJoin::kFirstOnly>},
      {"sinter", -2, C::kRead, 1, -1, 1, "set", "Members of all sets.", combine<SetJoin::kAll>},
      {"sintercard", -3, C::kRead, 0, 0, 0, "set", "Counts the members of all sets.", count_common},
      {"sinterstore", -3, C::kWrite, 1, -1, 1, "set", "Stores what SINTER answers.", store<SetJoin::kAll>},
      {"sismember", 3, kFast, 1, 1, 1, "set", "Tells whether a member is in a set.", has},
      {"smembers", 2, C::kRead, 1, 1, 1, "set", "Answers all members of a set.", members},
      {"smismember", -3, kFast, 1, 1, 1, "set", "Tells which members are in a set.", has_many},
      {"smove", 4, kWrite, 1, 2, 1, "set", "Moves a member to another set.", move},
      {"spop", -2, kWrite, 1, 1, 1, "set", "Takes members out by chance.", pop},
      {"srandmember", -2, C::kRead, 1, 1, 1, "set", "Answers members by chance.", by_chance},
      {"srem", -3, kWrite, 1, 1, 1, "set", "Takes members out of a set.", change<K::kRemoveMembers>},
      {"sscan", -3, C::kRead, 1, 1, 1, "set", "Lists members, some at a time.", scan},
      {"sunion", -2, C::kRead, 1, -1, 1, "set", "Members of any of the sets.", combine<SetJoin::kAny>},
      {"sunionstore", -3, C::kWrite, 1, -1, 1, "set", "Stores what SUNION answers.", store<SetJoin::kAny>},
  };
}

}  // namespace pando::api
