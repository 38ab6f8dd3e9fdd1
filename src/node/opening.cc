#include "node/opening.h"

#include <algorithm>

#include "apply/apply.h"

namespace pando::node {

Result<std::unique_ptr<Opening>> Opening::begin(const NamespaceConfig& config, std::string node_name,
                                                const store::Kv& kv) {
  Result<std::unique_ptr<store::Cells>> cells = store::Cells::open(kv);
  if (!cells) return fail(cells.error().with_context("store"));
  return std::unique_ptr<Opening>(new Opening(config, std::move(node_name), std::move(*cells)));
}

Opening::Opening(const NamespaceConfig& config, std::string node_name, std::unique_ptr<store::Cells> cells)
    : config_(config), node_name_(std::move(node_name)), cells_(std::move(cells)) {
  recovery_.emplace(log::RecoveryOptions{cells_->applied(), replay_from()},
                    [this](const log::RecordView& record) { return replay(record); });
}

std::uint64_t Opening::replay_from() const { return std::max(cells_->meta().replay_segment, log::kFirstSegmentId); }

Status Opening::replay(const log::RecordView& record) {
  ++replayed_;
  switch (record.kind) {
    case log::RecordKind::kCommit: {
      const Result<Commit> commit = decode_commit(record.body);
      if (!commit) return commit.error();
      const Result<apply::ApplyOutcome> outcome = apply::apply(*commit, record.pos, *cells_);
      return outcome ? Status() : outcome.error();
    }
    case log::RecordKind::kIdentity: {
      Reader in(record.body);
      const Origin self = decode_origin(in);
      PANDO_RETURN_IF_ERROR(in.finish());
      cells_->set_self(self);
      cells_->set_relaxed(false);
      break;
    }
    case log::RecordKind::kFloor: {
      Reader in(record.body);
      const Hlc floor{in.u64("floor")};
      PANDO_RETURN_IF_ERROR(in.finish());
      cells_->raise_hlc_floor(floor);
      break;
    }
    case log::RecordKind::kRelaxed: cells_->set_relaxed(true); break;
    case log::RecordKind::kClose: cells_->set_relaxed(false); break;
  }
  cells_->applied_record(record.pos, 0);
  return {};
}

std::unique_ptr<Replica> Opening::finish(OpenReport& report) {
  log::Recovered recovered = recovery_->finish();
  report.last = recovered.last;
  report.replayed = replayed_;
  report.clean = recovered.clean;
  report.torn_bytes = recovered.torn_bytes;
  report.damage = recovered.damage;
  return std::make_unique<Replica>(config_, std::move(node_name_), std::move(cells_), std::move(recovered));
}

}  // namespace pando::node
