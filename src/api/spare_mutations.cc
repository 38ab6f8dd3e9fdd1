#include "api/spare_mutations.h"

#include <utility>
#include <variant>

namespace pando::api {

std::vector<Mutation> SpareMutations::take() {
  if (kept_.empty()) return std::vector<Mutation>(1);
  std::vector<Mutation> one = std::move(kept_.back());
  kept_.pop_back();
  return one;
}

std::vector<PipelineItem> SpareMutations::keep(Request&& asked) {
  auto* pipeline = std::get_if<PipelineRequest>(&asked);
  if (pipeline == nullptr) {
    keep_one(asked);
    return {};
  }
  for (PipelineItem& item : pipeline->items) keep_one(item.request);
  pipeline->items.clear();
  return std::move(pipeline->items);
}

void SpareMutations::keep_one(Request& asked) {
  auto* write = std::get_if<WriteRequest>(&asked);
  if (write == nullptr || write->mutations.size() != 1 || kept_.size() == kMax) return;
  write->mutations.front().clear();
  kept_.push_back(std::move(write->mutations));
}

}  // namespace pando::api
