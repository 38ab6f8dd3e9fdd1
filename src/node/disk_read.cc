#include "node/disk_read.h"

#include <utility>

#include "node/replica.h"

namespace pando::node {

void DiskRead::begin(const Replica& replica, const log::ReadPlan& plan, std::uint64_t read_id, Outputs& out) {
  id_ = read_id;
  plan_ = plan;
  out.log_reads.push_back({replica.name(), read_id, plan.segment_id, plan.offset, plan.bytes});
}

Result<std::optional<log::Run>> DiskRead::take(Replica& replica, const Status& status, Bytes bytes, Outputs& out) {
  const std::uint64_t read_id = *std::exchange(id_, std::nullopt);
  if (!status.ok()) return fail(status);
  Result<log::ReadStep> step = replica.reader().parse(plan_, std::move(bytes));
  if (!step) return fail(step.error());
  if (const auto* next = std::get_if<log::ReadPlan>(&*step)) {
    begin(replica, *next, read_id, out);
    return std::nullopt;
  }
  return std::optional(std::get<log::Run>(*std::move(step)));
}

}  // namespace pando::node
