#include "engine/sketch.h"

#include <algorithm>
#include <map>

#include "engine/edits.h"
#include "engine/read.h"

namespace pando::engine {
namespace {

CellPath part_path(std::string_view table, ByteSpan key, std::size_t part) {
  return {std::string(table), Bytes(key), CellKind::kSketch, Bytes(1, static_cast<char>(part))};
}

// What a peer wrote that is no part of a sketch counts for nothing.
void raise(const crdt::Register& reg, std::uint8_t* ranks) {
  for (const crdt::Register::Entry& entry : reg.entries()) (void)raise_to_sketch_part(entry.value, ranks);
}

Result<SketchRanks> part_after(Draft& draft, std::string_view table, ByteSpan key, std::size_t part) {
  const Result<crdt::Register> reg = draft.register_after(part_path(table, key, part));
  if (!reg) return fail(reg.error());
  SketchRanks ranks(kSketchPartRegisters);
  raise(*reg, ranks.data());
  return ranks;
}

// Raises the sketch to `wanted`, by part. True when it is new or something grew.
Result<bool> raise_parts(Draft& draft, const Mutation& mutation, const std::map<std::size_t, SketchRanks>& wanted) {
  PANDO_RETURN_IF_ERROR(draft.check_type(mutation.table, mutation.key, ValueType::kSketch));
  const Result<std::optional<ValueType>> type = draft.type_of(mutation.table, mutation.key);
  if (!type) return fail(type.error());
  bool grew = false;
  for (const auto& [part, ranks] : wanted) {
    Result<SketchRanks> after = part_after(draft, mutation.table, mutation.key, part);
    if (!after) return fail(after.error());
    bool larger = false;
    for (std::size_t i = 0; i < ranks.size(); ++i) {
      larger = larger || ranks[i] > (*after)[i];
      (*after)[i] = std::max((*after)[i], ranks[i]);
    }
    if (!larger) continue;
    PANDO_RETURN_IF_ERROR(draft.put(part_path(mutation.table, mutation.key, part), encode_sketch_part(after->data())));
    grew = true;
  }
  if (*type || grew) return grew;
  PANDO_RETURN_IF_ERROR(draft.put(part_path(mutation.table, mutation.key, 0), {}));
  return true;
}

}  // namespace

Status decide(Draft& draft, const Mutation& mutation, const AddToSketch& add) {
  std::map<std::size_t, SketchRanks> wanted;
  for (const Bytes& thing : add.things) {
    const SketchPlace place = sketch_place(thing);
    SketchRanks& part = wanted[place.index / kSketchPartRegisters];
    part.resize(kSketchPartRegisters);
    std::uint8_t& rank = part[place.index % kSketchPartRegisters];
    rank = std::max(rank, place.rank);
  }
  const Result<bool> grew = raise_parts(draft, mutation, wanted);
  if (!grew) return grew.error();
  draft.set_result(*grew ? 1 : 0);
  return {};
}

Status decide(Draft& draft, const Mutation& mutation, const MergeSketches& merge) {
  std::map<std::size_t, SketchRanks> wanted;
  for (const Bytes& key : merge.keys) {
    PANDO_RETURN_IF_ERROR(check_name(mutation.table, key));
    const Result<std::optional<ValueType>> type = type_after(draft, mutation.table, key);
    if (!type) return type.error();
    if (!*type) continue;
    if (**type != ValueType::kSketch) return wrong_type(key, **type, ValueType::kSketch);
    for (std::size_t part = 0; part < kSketchParts; ++part) {
      const Result<SketchRanks> ranks = part_after(draft, mutation.table, key, part);
      if (!ranks) return ranks.error();
      SketchRanks& all = wanted[part];
      all.resize(kSketchPartRegisters);
      for (std::size_t i = 0; i < all.size(); ++i) all[i] = std::max(all[i], (*ranks)[i]);
    }
  }
  const Result<bool> grew = raise_parts(draft, mutation, wanted);
  return grew ? Status() : grew.error();
}

Result<ReplyBody> read(View& view, const CountSketchRequest& request) {
  SketchRanks ranks(kSketchRegisters);
  for (const Bytes& key : request.keys) {
    PANDO_RETURN_IF_ERROR(check_name(request.table, key));
    PANDO_RETURN_IF_ERROR(view.check_type(request.table, key, ValueType::kSketch));
    const Result<bool> gone = view.expired(request.table, key);
    if (!gone) return fail(gone.error());
    if (*gone) continue;
    store::CellCursor at = view.cells().scan_elements(request.table, key, CellKind::kSketch, {}, {});
    for (; at.valid(); at.next()) {
      if (at.path().element.size() != 1) continue;
      const std::size_t part = static_cast<unsigned char>(at.path().element[0]);
      if (part < kSketchParts) raise(at.cell().reg(), ranks.data() + part * kSketchPartRegisters);
    }
    PANDO_RETURN_IF_ERROR(view.note(at));
  }
  MemberCountReply reply;
  reply.count = estimate(ranks);
  return reply;
}

}  // namespace pando::engine
