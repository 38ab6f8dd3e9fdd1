// Plain values, counters and listings.
#include <algorithm>

#include "engine/read.h"

namespace pando::engine {
namespace {

CellPath value_path(std::string_view table, ByteSpan key, CellKind kind) {
  return {std::string(table), Bytes(key), kind, {}};
}

// What reads of a value answer with.
ValueReply shown(const View& view, std::string_view name, const crdt::Register& reg) {
  const TableDeclaration& table = view.table(name);
  const crdt::Register::Entry& entry = *resolve(reg, table);
  ValueReply reply;
  reply.found = true;
  reply.value = entry.value;
  reply.hlc = entry.hlc;
  reply.dot = entry.dot;
  if (table.resolver == Resolver::kMulti) {
    for (const auto& one : reg.entries()) {
      if (&one != &entry) reply.siblings.push_back({one.dot, one.hlc, one.value});
    }
  }
  return reply;
}

}  // namespace

Result<ReplyBody> read(View& view, const GetRequest& request) {
  PANDO_RETURN_IF_ERROR(check_name(request.table, request.key));
  const auto lone = view.find_lone_value(request.table, request.key);
  if (!lone) return fail(lone.error());
  if (*lone != nullptr) return shown(view, request.table, **lone);
  if (!view.cells().may_have(request.table, request.key)) return ValueReply();
  CellPath path = value_path(request.table, request.key, CellKind::kCounter);
  const auto counter = view.find_counter(path);
  if (!counter) return fail(counter.error());
  ValueReply reply;
  if (*counter != nullptr) {
    reply.found = true;
    reply.kind = CellKind::kCounter;
    reply.value = std::to_string((*counter)->value());
    return reply;
  }
  path.kind = CellKind::kRegister;
  const auto found = view.find_register(path);
  if (!found) return fail(found.error());
  if (*found == nullptr) {
    path.kind = CellKind::kDecimal;
    const auto decimal = view.find_counter(path);
    if (!decimal) return fail(decimal.error());
    if (*decimal != nullptr) {
      reply.found = true;
      reply.kind = CellKind::kDecimal;
      reply.value = decimal_text((*decimal)->exact());
      return reply;
    }
    PANDO_RETURN_IF_ERROR(view.check_type(request.table, request.key, ValueType::kValue));
    return reply;
  }
  return shown(view, request.table, **found);
}

Result<ReplyBody> read(View& view, const GetCounterRequest& request) {
  PANDO_RETURN_IF_ERROR(check_name(request.table, request.key));
  CounterReply reply;
  for (const CellKind kind : {CellKind::kCounter, CellKind::kDecimal}) {
    const auto found = view.find_counter(value_path(request.table, request.key, kind));
    if (!found) return fail(found.error());
    if (*found == nullptr) {
      // Only a key without a counter is searched for what else it may be.
      const auto type = view.type_of(request.table, request.key);
      if (!type) return fail(type.error());
      if (!*type) return reply;
      if (**type != ValueType::kDecimal) return fail(wrong_type(request.key, **type, ValueType::kCounter));
      continue;
    }
    reply.found = true;
    reply.value = (*found)->value();
    if (kind == CellKind::kDecimal) reply.decimal = (*found)->exact();
    for (const auto& slot : (*found)->slots()) {
      if (!reply.slots.empty() && reply.slots.back().origin == slot.origin) continue;
      reply.slots.push_back({slot.origin, (*found)->value_of(slot.origin), (*found)->exact_of(slot.origin)});
    }
    return reply;
  }
  return reply;
}

Result<ReplyBody> read(View& view, const ListRequest& request) {
  PANDO_RETURN_IF_ERROR(validate_table_name(request.table));
  ListReply reply;
  store::CellCursor at = view.cells().scan(request.table, request.prefix, request.after);
  while (at.valid()) {
    const Result<bool> there = view.shows(at.path(), at.cell());
    if (!there) return fail(there.error());
    if (!*there) {
      at.next();
      continue;
    }
    if (reply.keys.size() == request.count_max) {
      reply.more = true;
      break;
    }
    const Result<bool> gone = view.expired(request.table, at.key());
    if (!gone) return fail(gone.error());
    if (!*gone) reply.keys.push_back(at.key());
    at.skip_key();
  }
  PANDO_RETURN_IF_ERROR(view.note(at));
  return reply;
}

}  // namespace pando::engine
