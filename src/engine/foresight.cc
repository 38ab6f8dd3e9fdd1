#include "engine/foresight.h"

#include <optional>
#include <variant>

namespace pando::engine {
namespace {

using Name = std::optional<store::CellName>;

// The first of many elements stands for them: hints are for small requests.
Name first_cell(const Mutation& mutation) {
  const auto cell = [&](CellKind kind, ByteSpan element = {}) {
    return store::CellName{mutation.table, mutation.key, kind, element};
  };
  switch (mutation.kind) {
    case Mutation::Kind::kPut: return cell(CellKind::kRegister);
    case Mutation::Kind::kAdd: return cell(CellKind::kCounter);
    case Mutation::Kind::kPutColumns:
      if (mutation.columns.empty()) return {};
      return cell(CellKind::kField, mutation.columns.front().first);
    case Mutation::Kind::kAddMembers:
    case Mutation::Kind::kRemoveMembers:
      if (mutation.members.empty()) return {};
      return cell(CellKind::kMember, mutation.members.front());
    case Mutation::Kind::kDetail:
      if (const auto* scores = std::get_if<SetScores>(&mutation.detail);
          scores != nullptr && !scores->entries.empty()) {
        return cell(CellKind::kScore, scores->entries.front().member);
      }
      return {};
    default: return {};
  }
}

Name first_cell(const Request& request) {
  if (const auto* write = std::get_if<WriteRequest>(&request)) {
    return write->mutations.empty() ? Name() : first_cell(write->mutations.front());
  }
  if (const auto* get = std::get_if<GetRequest>(&request)) {
    return store::CellName{get->table, get->key, CellKind::kRegister, {}};
  }
  if (const auto* has = std::get_if<HasMemberRequest>(&request)) {
    return store::CellName{has->table, has->key, CellKind::kMember, has->member};
  }
  return {};
}

}  // namespace

void foresee(const std::vector<PipelineItem>& items, const store::Cells& cells) {
  store::Cells::Foresight near(cells);
  for (const PipelineItem& item : items) {
    if (const Name name = first_cell(item.request)) near.add(*name);
  }
  near.bring();
}

}  // namespace pando::engine
