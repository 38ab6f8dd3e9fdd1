#include "engine/merge_group.h"

#include <algorithm>
#include <map>

#include "store/cell_cursor.h"

namespace pando::engine {
namespace {

std::uint64_t count_of(TypedPayloadParser& parser, ByteSpan payload) {
  const auto counted = parser.parse_counter(payload);
  return counted ? counted->count : 0;
}

Result<MergedRead> read_lww(const CellPath& path, const std::vector<store::Cells*>& members,
                            TypedPayloadParser& parser) {
  MergedRead read;
  read.reply.kind = MergedReply::Kind::kRegister;
  for (store::Cells* cells : members) {
    const Result<const crdt::Register*> payloads = cells->find_register(path);
    if (!payloads) return fail(payloads.error());
    read.touched.push_back(cells->touched(path));
    if (*payloads == nullptr) continue;
    std::optional<Bytes> winner = payload_winner(parser, path.kind, **payloads);
    if (!winner) continue;
    if (!read.reply.found || compare_lww(parser, *winner, read.reply.value) > 0) read.reply.value = std::move(*winner);
    read.reply.found = true;
  }
  return read;
}

Result<MergedRead> read_counter(ByteSpan key, const std::vector<store::Cells*>& members, TypedPayloadParser& parser) {
  MergedRead read;
  read.reply.kind = MergedReply::Kind::kCounter;
  std::map<Bytes, std::uint64_t> counts;
  for (store::Cells* cells : members) {
    store::CellCursor at = cells->scan_key(kTableMergeGroup, key);
    for (; at.valid(); at.next()) {
      if (at.path().kind != CellKind::kField) continue;
      const std::optional<Bytes> winner = payload_winner(parser, CellKind::kField, at.cell().reg());
      if (!winner) continue;
      std::uint64_t& count = counts[at.path().element];
      count = std::max(count, count_of(parser, *winner));
    }
    if (!at.status().ok()) return fail(at.status());
    read.touched.push_back(at.touched());
  }
  for (const auto& [replica, count] : counts) {
    read.reply.found = true;
    const std::uint64_t room = UINT64_MAX - read.reply.total;
    read.reply.total += std::min(count, room);
    read.reply.counts.push_back({replica, count});
  }
  return read;
}

}  // namespace

std::optional<Bytes> payload_winner(TypedPayloadParser& parser, CellKind kind, const crdt::Register& payloads) {
  const crdt::Register::Entry* best = nullptr;
  for (const auto& entry : payloads.entries()) {
    const bool better =
        best == nullptr || (kind == CellKind::kField ? count_of(parser, entry.value) > count_of(parser, best->value)
                                                     : compare_lww(parser, entry.value, best->value) > 0);
    if (better) best = &entry;
  }
  if (best == nullptr) return std::nullopt;
  return best->value;
}

Result<MergedRead> read_merged(ByteSpan key, const std::vector<store::Cells*>& members, TypedPayloadParser& parser) {
  switch (typed_key(key)) {
    case TypedKey::kLww:
      return read_lww({std::string(kTableMergeGroup), Bytes(key), CellKind::kRegister, {}}, members, parser);
    case TypedKey::kCounter: return read_counter(key, members, parser);
    case TypedKey::kNone: break;
  }
  return fail(StatusCode::kInvalidArgument, "only keys that start with lww: or counter: have a merged value");
}

}  // namespace pando::engine
