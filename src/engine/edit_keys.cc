// Sets, lists and whole keys that are changed by what they, or others, hold.
#include <fmt/core.h>

#include <algorithm>
#include <iterator>

#include "base/limits.h"
#include "base/prng.h"
#include "engine/edits.h"
#include "engine/list_edit.h"
#include "engine/read.h"

namespace pando::engine {
namespace {

// Members that one mutation may name at a time.
Status change_members(Draft& draft, Mutation mutation, const std::vector<Bytes>& members) {
  for (std::size_t i = 0; i < members.size(); i += limits::kBatchItemsMax) {
    const std::size_t end = std::min(members.size(), i + limits::kBatchItemsMax);
    mutation.members.assign(members.begin() + static_cast<std::ptrdiff_t>(i),
                            members.begin() + static_cast<std::ptrdiff_t>(end));
    PANDO_RETURN_IF_ERROR(do_also(draft, mutation));
  }
  return {};
}

Status check_after(Draft& draft, std::string_view table, ByteSpan key, ValueType asked) {
  const Result<std::optional<ValueType>> type = type_after(draft, table, key);
  if (!type) return type.error();
  return *type && **type != asked ? wrong_type(key, **type, asked) : Status();
}

Status too_many(ByteSpan key, std::string_view what) {
  return Status(StatusCode::kTooLarge,
                fmt::format("key \"{}\" has more than {} {}", key, limits::kListChangesMax, what));
}

}  // namespace

Mutation of_key(const Mutation& mutation, Mutation::Kind kind, ByteSpan key) {
  Mutation made;
  made.kind = kind;
  made.table = mutation.table;
  made.key = key;
  return made;
}

Status do_also(Draft& draft, const Mutation& mutation) {
  const Result<Draft::Told> told = draft.also(mutation);
  return told ? Status() : told.error();
}

Result<std::optional<ValueType>> type_after(Draft& draft, std::string_view table, ByteSpan key) {
  const Result<bool> over = draft.view().expired(table, key);
  if (!over) return fail(over.error());
  if (*over && !draft.cleared({std::string(table), Bytes(key), CellKind::kRegister, {}})) return std::nullopt;
  return draft.type_of(table, key);
}

Result<std::vector<Bytes>> members_after(Draft& draft, std::string_view table, ByteSpan key, std::size_t count_max) {
  PANDO_RETURN_IF_ERROR(check_name(table, key));
  const Result<std::optional<ValueType>> type = type_after(draft, table, key);
  if (!type) return fail(type.error());
  if (!*type) return std::vector<Bytes>();
  if (**type != ValueType::kSet) return fail(wrong_type(key, **type, ValueType::kSet));
  auto plain = draft.elements_after(table, key, CellKind::kMember, {}, {}, count_max);
  if (!plain) return plain;
  auto guarded = draft.elements_after(table, key, CellKind::kGuardedMember, {}, {}, count_max);
  if (!guarded) return guarded;
  if (guarded->empty()) return plain;
  std::vector<Bytes> all;
  std::set_union(plain->begin(), plain->end(), guarded->begin(), guarded->end(), std::back_inserter(all));
  if (all.size() > count_max) all.resize(count_max);
  return all;
}

Status decide(Draft& draft, const Mutation& mutation, const PopMembers& pop) {
  auto members = members_after(draft, mutation.table, mutation.key, limits::kSetCountMax);
  if (!members) return members.error();
  const std::size_t count = std::min<std::uint64_t>(pop.count, members->size());
  draft.set_result(static_cast<std::int64_t>(count));
  if (count == 0) return {};
  // The number of the commit stands for chance: the same when decided again, another one every time.
  Prng random(draft.dot().seq.value ^ (draft.ops().size() << 48U));
  for (std::size_t i = 0; i < count; ++i) std::swap((*members)[i], (*members)[i + random.below(members->size() - i)]);
  members->resize(count);
  for (const Bytes& member : *members) {
    const CellPath plain{mutation.table, mutation.key, CellKind::kMember, member};
    const Result<bool> there = draft.has(plain);
    if (!there) return there.error();
    const CellPath guard{mutation.table, mutation.key, CellKind::kGuardedMember, member};
    draft.note_changed(*there ? plain : guard, member, *there ? Bytes() : Bytes(kGuardOn));
  }
  PANDO_RETURN_IF_ERROR(
      change_members(draft, of_key(mutation, Mutation::Kind::kRemoveMembers, mutation.key), *members));
  for (Bytes& member : *members) draft.give_back(std::move(member));
  return {};
}

Status decide(Draft& draft, const Mutation& mutation, const MoveMember& move) {
  PANDO_RETURN_IF_ERROR(check_name(mutation.table, move.to));
  PANDO_RETURN_IF_ERROR(draft.check_type(mutation.table, mutation.key, ValueType::kSet));
  const Result<std::optional<ValueType>> source = draft.type_of(mutation.table, mutation.key);
  if (!source) return source.error();
  draft.set_result(0);
  if (!*source) return {};
  PANDO_RETURN_IF_ERROR(check_after(draft, mutation.table, move.to, ValueType::kSet));
  Result<bool> in = draft.has({mutation.table, mutation.key, CellKind::kMember, move.member});
  if (in && !*in) in = draft.has({mutation.table, mutation.key, CellKind::kGuardedMember, move.member});
  if (!in) return in.error();
  if (!*in) return {};
  draft.set_result(1);
  if (move.to == mutation.key) return {};
  PANDO_RETURN_IF_ERROR(
      change_members(draft, of_key(mutation, Mutation::Kind::kRemoveMembers, mutation.key), {move.member}));
  return change_members(draft, of_key(mutation, Mutation::Kind::kAddMembers, move.to), {move.member});
}

Status decide(Draft& draft, const Mutation& mutation, const CombineSets& combine) {
  if (combine.keys.empty()) return Status(StatusCode::kInvalidArgument, "no keys");
  std::vector<Bytes> result;
  for (std::size_t i = 0; i < combine.keys.size(); ++i) {
    const auto members = members_after(draft, mutation.table, combine.keys[i], limits::kListChangesMax + 1);
    if (!members) return members.error();
    if (members->size() > limits::kListChangesMax) return too_many(combine.keys[i], "members");
    result = i == 0 ? *members : joined(combine.join, result, *members);
  }
  if (result.size() > limits::kListChangesMax) return too_many(mutation.key, "members");
  draft.set_result(static_cast<std::int64_t>(result.size()));
  PANDO_RETURN_IF_ERROR(do_also(draft, of_key(mutation, Mutation::Kind::kDelete, mutation.key)));
  return change_members(draft, of_key(mutation, Mutation::Kind::kAddMembers, mutation.key), result);
}

Status decide(Draft& draft, const Mutation& mutation, const ListTransfer& transfer) {
  PANDO_RETURN_IF_ERROR(check_name(mutation.table, transfer.to));
  PANDO_RETURN_IF_ERROR(draft.check_type(mutation.table, mutation.key, ValueType::kList));
  const Result<std::optional<ValueType>> source = draft.type_of(mutation.table, mutation.key);
  if (!source) return source.error();
  if (!*source) return {};
  PANDO_RETURN_IF_ERROR(check_after(draft, mutation.table, transfer.to, ValueType::kList));
  Mutation pop = of_key(mutation, Mutation::Kind::kDetail, mutation.key);
  pop.detail = ListPop{transfer.take, 1};
  Result<Draft::Told> popped = draft.also(pop);
  if (!popped) return popped.error();
  if (popped->returned.empty()) return {};
  Mutation push = of_key(mutation, Mutation::Kind::kDetail, transfer.to);
  push.detail = ListPush{transfer.put, popped->returned, false};
  PANDO_RETURN_IF_ERROR(do_also(draft, push));
  draft.set_result(1);
  draft.give_back(std::move(popped->returned.front()));
  return {};
}

Status decide(Draft& draft, const Mutation& mutation, const DeleteKeys& all) {
  const auto keys = keys_of(draft.view(), mutation.table, all.prefix, all.count_max + 1);
  if (!keys) return keys.error();
  if (keys->size() > all.count_max) {
    return Status(StatusCode::kTooLarge, fmt::format("more than {} keys would go at once", all.count_max));
  }
  for (const Bytes& key : *keys) {
    PANDO_RETURN_IF_ERROR(do_also(draft, of_key(mutation, Mutation::Kind::kDelete, key)));
  }
  draft.set_result(static_cast<std::int64_t>(keys->size()));
  return {};
}

// Copying. -----------------------------------------------------------------------------------------------------

namespace {

Status copy_list(Draft& draft, const Mutation& mutation, const CopyKey& copy) {
  const Result<ListEdit*> list = draft.list(mutation.table, mutation.key);
  if (!list) return list.error();
  if ((*list)->size() > limits::kListChangesMax) return too_many(mutation.key, "items");
  ListPush push;
  for (std::size_t i = 0; i < (*list)->size(); ++i) {
    Result<Bytes> value = (*list)->value(i);
    if (!value) return value.error();
    push.values.push_back(*std::move(value));
  }
  for (std::size_t i = 0; i < push.values.size(); i += limits::kBatchItemsMax) {
    const std::size_t end = std::min(push.values.size(), i + limits::kBatchItemsMax);
    Mutation made = of_key(mutation, Mutation::Kind::kDetail, copy.to);
    made.detail = ListPush{
        ListEnd::kBack,
        {push.values.begin() + static_cast<std::ptrdiff_t>(i), push.values.begin() + static_cast<std::ptrdiff_t>(end)},
        false};
    PANDO_RETURN_IF_ERROR(do_also(draft, made));
  }
  return {};
}

// A counter that never counted would not be there: what says 0 in its place, in a cell of its own kind.
std::pair<CellKind, Bytes> zero_of(CellKind counter) {
  switch (counter) {
    case CellKind::kScoreDelta: return {CellKind::kScore, encode_score(0)};
    case CellKind::kLeafCounter: return {CellKind::kLeaf, "0"};
    default: return {CellKind::kRegister, "0"};
  }
}

Status copy_counter(Draft& draft, const CellPath& from, CellPath to) {
  const Result<crdt::Counter> counter = draft.counter_after(from);
  if (!counter) return counter.error();
  if (counter->exact() != 0) return draft.count(std::move(to), counter->exact());
  auto [kind, zero] = zero_of(from.kind);
  to.kind = kind;
  if (kind == CellKind::kRegister) return draft.put(std::move(to), std::move(zero));
  // A base that is copied says it already.
  const Result<bool> based = draft.has({from.table, from.key, kind, from.element});
  if (!based) return based.error();
  return *based ? Status() : draft.put(std::move(to), std::move(zero));
}

// Every cell as the draft leaves it, but those of kinds that mean something only where they are.
Status copy_cells(Draft& draft, const Mutation& mutation, const CopyKey& copy) {
  for (std::uint8_t number = 1; number <= kCellKindMax; ++number) {
    const auto kind = static_cast<CellKind>(number);
    if (kind == CellKind::kItem || kind == CellKind::kExpiry) continue;
    const auto elements = draft.elements_after(mutation.table, mutation.key, kind, {}, {}, limits::kListChangesMax + 1);
    if (!elements) return elements.error();
    if (elements->size() > limits::kListChangesMax) return too_many(mutation.key, "elements");
    for (const Bytes& element : *elements) {
      const CellPath from{mutation.table, mutation.key, kind, element};
      CellPath to{mutation.table, copy.to, kind, element};
      if (is_counter(kind)) {
        PANDO_RETURN_IF_ERROR(copy_counter(draft, from, std::move(to)));
      } else {
        const Result<std::optional<Bytes>> value = draft.value_after(from);
        if (!value) return value.error();
        PANDO_RETURN_IF_ERROR(draft.put(std::move(to), value->value_or(Bytes())));
      }
    }
  }
  return {};
}

}  // namespace

Status decide(Draft& draft, const Mutation& mutation, const CopyKey& copy) {
  PANDO_RETURN_IF_ERROR(check_name(mutation.table, copy.to));
  const Result<std::optional<ValueType>> type = draft.type_of(mutation.table, mutation.key);
  if (!type) return type.error();
  draft.set_result(0);
  if (!*type && !copy.take_away) return {};
  if (!*type) return Status(StatusCode::kNotFound, fmt::format("there is no key \"{}\"", mutation.key));
  if (**type == ValueType::kBounded || **type == ValueType::kPresence) {
    return Status(StatusCode::kWrongType,
                  fmt::format("key \"{}\" holds a {}, which belongs to its name", mutation.key, name_of(**type)));
  }
  const Result<std::optional<ValueType>> there = type_after(draft, mutation.table, copy.to);
  if (!there) return there.error();
  draft.set_result(copy.if_absent && *there ? 0 : 1);
  if ((copy.if_absent && *there) || copy.to == mutation.key) return {};
  const Result<std::optional<std::int64_t>> end = draft.ends_after(mutation.table, mutation.key);
  if (!end) return end.error();
  PANDO_RETURN_IF_ERROR(draft.revive(mutation.table, copy.to));
  PANDO_RETURN_IF_ERROR(do_also(draft, of_key(mutation, Mutation::Kind::kDelete, copy.to)));
  if (**type == ValueType::kList) PANDO_RETURN_IF_ERROR(copy_list(draft, mutation, copy));
  if (**type == ValueType::kSketch) {
    // All that its sites added, not only what the last of them saw.
    Mutation merged = of_key(mutation, Mutation::Kind::kDetail, copy.to);
    merged.detail = MergeSketches{{mutation.key}};
    PANDO_RETURN_IF_ERROR(do_also(draft, merged));
  } else if (**type != ValueType::kList) {
    PANDO_RETURN_IF_ERROR(copy_cells(draft, mutation, copy));
  }
  if (*end && **end != kNeverExpires) PANDO_RETURN_IF_ERROR(draft.set_end(mutation.table, copy.to, {}, **end));
  if (!copy.take_away) return {};
  return do_also(draft, of_key(mutation, Mutation::Kind::kDelete, mutation.key));
}

}  // namespace pando::engine
