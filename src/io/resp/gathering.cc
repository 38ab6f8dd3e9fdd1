#include "io/resp/gathering.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace pando::io::resp {

void Gathering::add(const Batch& batch, std::vector<PipelineItem>& items) {
  CHECK(items.size() == batch.count);
  batches_.push_back(batch);
  if (items_.empty()) items_.reserve(kItemsMax);
  for (PipelineItem& item : items) items_.push_back(std::move(item));
  items.clear();
}

void Gathering::give_back(std::vector<PipelineItem>&& items) {
  if (items_.empty()) items_ = std::move(items);
}

Gathering::Asked Gathering::take() {
  CHECK(!items_.empty());
  Asked asked;
  asked.clients = batches_.size();
  if (asked.clients == 1 && items_.size() == 1) {
    asked.slot = batches_.front().slot;
    asked.serial = batches_.front().first_serial;
    asked.request = std::move(items_.front().request);
    items_.clear();
    batches_.clear();
    ++next_serial_;
    return asked;
  }
  asked.serial = next_serial_++;
  asked.request = PipelineRequest{std::exchange(items_, {})};
  asked_.push_back({asked.serial, std::exchange(batches_, {})});
  return asked;
}

std::vector<Gathering::Batch> Gathering::finish(std::uint32_t serial) {
  const auto at = std::find_if(asked_.begin(), asked_.end(), [&](const Round& one) { return one.serial == serial; });
  if (at == asked_.end()) return {};
  std::vector<Batch> batches = std::move(at->batches);
  asked_.erase(at);
  return batches;
}

std::size_t Gathering::clients_of(std::uint32_t serial) const {
  const auto at = std::find_if(asked_.begin(), asked_.end(), [&](const Round& one) { return one.serial == serial; });
  return at == asked_.end() ? 0 : at->batches.size();
}

}  // namespace pando::io::resp
