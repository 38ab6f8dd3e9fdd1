#include "node/opening.h"

#include <algorithm>

#include "apply/apply.h"
#include "apply/arrive.h"
#include "apply/join_cut.h"
#include "engine/late_report.h"

namespace pando::node {

Result<std::unique_ptr<Opening>> Opening::begin(const NamespaceConfig& config, std::string node_name,
                                                const store::Kv& kv) {
  Result<std::unique_ptr<store::Cells>> cells = store::Cells::open(kv);
  if (!cells) return fail(cells.error().with_context("store"));
  const bool own_name = (*cells)->meta().self.node == node_name;
  MeetingNews noted;
  if (own_name && !(*cells)->memo().empty()) {
    Result<MeetingNews> memo = decode_meeting_news((*cells)->memo());
    if (!memo) return fail(memo.error().with_context("store"));
    noted = *std::move(memo);
  }
  if (!own_name) {
    // A store that was kept under another name, or under none: a restored backup. Whether all that was ever made under
    // this one is in it nobody can tell, so numbers that it knows of are not used again.
    std::uint64_t known = 0;
    for (const auto& entry : (*cells)->context().entries()) {
      if (entry.first.node == node_name) known = std::max(known, entry.first.epoch);
    }
    (*cells)->set_self({node_name, known + 1});
  }
  std::unique_ptr<Opening> opening(new Opening(config, std::move(node_name), std::move(*cells), own_name));
  add(opening->meeting_, noted);
  return opening;
}

Opening::Opening(const NamespaceConfig& config, std::string node_name, std::unique_ptr<store::Cells> cells,
                 bool own_name)
    : config_(config), node_name_(std::move(node_name)), cells_(std::move(cells)), own_name_(own_name) {
  recovery_.emplace(log::RecoveryOptions{cells_->applied(), replay_from()},
                    [this](const log::RecordView& record) { return replay(record); });
}

std::uint64_t Opening::replay_from() const { return std::max(cells_->meta().replay_segment, log::kFirstSegmentId); }

// Only the records right before a cut, as many as it says, are its cells: others were left by an attempt that failed.
Status Opening::replay_cut(const log::RecordView& record) {
  const Result<CutRecord> found = decode_cut_record(record.body);
  if (!found) return found.error();
  if (found->records > cut_cells_.size()) return Status(StatusCode::kDataLoss, "a cut without its cells");
  std::vector<CutCell> cells;
  for (std::size_t i = cut_cells_.size() - found->records; i < cut_cells_.size(); ++i) {
    PANDO_RETURN_IF_ERROR(decode_cut_cells(cut_cells_[i], cells));
  }
  cut_cells_.clear();
  const Result<std::uint64_t> joined = apply::join_cut(*cells_, found->cut, cells, record.pos, found->how);
  return joined ? Status() : joined.error();
}

Status Opening::replay_arrival(const log::RecordView& record) {
  const Result<ArrivalRecord> found = decode_arrival_record(record.body);
  if (!found) return found.error();
  if (found->cells > cut_cells_.size() || found->commits > again_.size()) {
    return Status(StatusCode::kDataLoss, "tables arrive without their cells");
  }
  std::vector<CutCell> cells;
  for (std::size_t i = cut_cells_.size() - found->cells; i < cut_cells_.size(); ++i) {
    PANDO_RETURN_IF_ERROR(decode_cut_cells(cut_cells_[i], cells));
  }
  std::vector<Commit> commits;
  for (std::size_t i = again_.size() - found->commits; i < again_.size(); ++i) {
    Result<Commit> commit = decode_commit(again_[i]);
    if (!commit) return commit.error();
    commits.push_back(std::move(*commit));
  }
  cut_cells_.clear();
  again_.clear();
  const auto arrived = apply::arrive(*cells_, found->tables, found->cut, cells, commits, record.pos);
  return arrived ? Status() : arrived.error();
}

void Opening::gather(const log::RecordView& record) {
  if (record.kind == log::RecordKind::kCutCells) {
    cut_cells_.emplace_back(record.body);
  } else if (record.kind == log::RecordKind::kAgain) {
    again_.emplace_back(record.body);
  } else if (record.kind != log::RecordKind::kCut && record.kind != log::RecordKind::kArrived) {
    cut_cells_.clear();
    again_.clear();
  }
}

Status Opening::replay(const log::RecordView& record) {
  ++replayed_;
  gather(record);
  switch (record.kind) {
    case log::RecordKind::kCommit: {
      const Result<Commit> commit = decode_commit(record.body);
      if (!commit) return commit.error();
      if (commit->dot.origin.node != cells_->meta().self.node) {
        PANDO_RETURN_IF_ERROR(engine::free_before(*cells_, *commit));
      }
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
    case log::RecordKind::kTables: {
      Reader in(record.body);
      const TableScope tables = decode_table_scope(in);
      PANDO_RETURN_IF_ERROR(in.finish());
      cells_->set_tables(tables);
      break;
    }
    case log::RecordKind::kCluster: {
      Reader in(record.body);
      const ByteSpan cluster = in.bytes("cluster", limits::kClusterBytesMax);
      PANDO_RETURN_IF_ERROR(in.finish());
      cells_->set_cluster(std::string(cluster));
      break;
    }
    case log::RecordKind::kScope: {
      Result<ScopeRecord> scope = decode_scope_record(record.body);
      if (!scope) return scope.error();
      cells_->set_tables(scope->scope, std::move(scope->growth));
      break;
    }
    case log::RecordKind::kMeeting: {
      const Result<MeetingNews> news = decode_meeting_news(record.body);
      if (!news) return news.error();
      add(meeting_, *news);
      break;
    }
    case log::RecordKind::kCutCells:
    case log::RecordKind::kAgain: break;
    case log::RecordKind::kCut: return replay_cut(record);
    case log::RecordKind::kArrived: return replay_arrival(record);
    case log::RecordKind::kRelaxed: cells_->set_relaxed(true); break;
    case log::RecordKind::kClose: cells_->set_relaxed(false); break;
  }
  cells_->applied_record(record.pos, 0);
  return {};
}

bool Opening::knows_its_epoch() const { return own_name_ || cells_->context().get(cells_->meta().self).value != 0; }

std::unique_ptr<Replica> Opening::finish(OpenReport& report) {
  log::Recovered recovered = recovery_->finish();
  report.last = recovered.last;
  report.replayed = replayed_;
  report.clean = recovered.clean;
  report.torn_bytes = recovered.torn_bytes;
  report.damage = recovered.damage;
  auto replica = std::make_unique<Replica>(config_, std::move(node_name_), std::move(cells_), std::move(recovered));
  replica->resume_meeting(std::move(meeting_));
  return replica;
}

}  // namespace pando::node
