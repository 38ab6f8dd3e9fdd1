#include "sim/tampering.h"

#include <algorithm>

#include "model/commit_parts.h"
#include "model/path.h"

namespace pando::sim {
namespace {

// A small change that every reader can read.
bool change_value(Commit& commit) {
  for (Op& op : commit.ops) {
    auto* put = std::get_if<PutOp>(&op);
    if (put == nullptr || put->path.table != kTableKv || put->path.kind != CellKind::kRegister) continue;
    put->value += "'";
    return true;
  }
  return false;
}

bool lose_operation(Commit& commit) {
  if (commit.ops.size() < 2) return false;
  commit.ops.pop_back();
  return true;
}

}  // namespace

bool spoil_commit(Bytes& frame) {
  const Result<repl::Frame> decoded = repl::decode_frame(frame);
  const auto* body = decoded ? std::get_if<repl::Body>(&*decoded) : nullptr;
  if (body == nullptr) return false;
  repl::Body spoilt = *body;
  for (repl::BodyItem& item : spoilt.items) {
    Bytes commit(repl::commit_of(item));
    if (commit.empty()) continue;
    commit.back() = static_cast<char>(commit.back() ^ 1);
    item = std::holds_alternative<repl::Answer>(item) ? repl::BodyItem(repl::Answer{commit})
                                                      : repl::BodyItem(ByteSpan(commit));
    frame = repl::encode_frame(spoilt);
    return true;
  }
  return false;
}

bool Tampering::tampers() const {
  switch (world_.mutation()) {
    case DriverMutation::kCommitLost:
    case DriverMutation::kHaveLost:
    case DriverMutation::kClaimEarly:
    case DriverMutation::kOperationLost:
    case DriverMutation::kCutReplaces:
    case DriverMutation::kCutEarly:
    case DriverMutation::kArrivalEarly:
    case DriverMutation::kFilterFinerThanContext:
    case DriverMutation::kNumberReused: return true;
    default: return false;
  }
}

Net::Fate Tampering::suffer(Bytes& frame) {
  Result<repl::Frame> decoded = repl::decode_frame(frame);
  if (!decoded) return Net::Fate::kDeliver;
  if (auto* body = std::get_if<repl::Body>(&*decoded)) {
    const bool loses =
        world_.mutation() == DriverMutation::kCommitLost || world_.mutation() == DriverMutation::kHaveLost;
    if (loses ? lose_item(*body) : change_commit(*body)) frame = repl::encode_frame(*body);
  } else if (auto* beat = std::get_if<repl::Heartbeat>(&*decoded)) {
    if (vouch_early(*beat)) frame = repl::encode_frame(*beat);
  } else if (auto* resync = std::get_if<repl::ResyncFrame>(&*decoded)) {
    auto* held = std::get_if<repl::CutHeld>(resync);
    if (held != nullptr && overstate_cut(*held)) frame = repl::encode_frame(*resync);
  }
  return Net::Fate::kDeliver;
}

bool Tampering::lose_item(repl::Body& body) {
  if (body.items.size() < 2) return false;
  const bool lose_have = world_.mutation() == DriverMutation::kHaveLost;
  const auto item = std::find_if(body.items.begin(), body.items.end(), [&](const repl::BodyItem& one) {
    return std::holds_alternative<repl::Have>(one) == lose_have;
  });
  if (item == body.items.end() || !world_.mutates(world_.mutation(), lose_have ? 1 : 3)) return false;
  body.items.erase(item);
  return true;
}

bool Tampering::leave_out(repl::Body& body) {
  for (repl::BodyItem& item : body.items) {
    const ByteSpan bytes = repl::commit_of(item);
    if (bytes.empty()) continue;
    // Alerts go to everybody who takes all; those that are of nothing else stay out whole.
    const TableSet but{false, {std::string(kTableKv), std::string(kTableLob), std::string(kTableRow)}};
    const Result<CommitPart> part = part_for(bytes, but);
    if (!part || part->whole || !world_.mutates(world_.mutation(), 3)) continue;
    changed_ = encode_commit(*part->rest);
    item = std::holds_alternative<repl::Answer>(item) ? repl::BodyItem(repl::Answer{changed_})
                                                      : repl::BodyItem(ByteSpan(changed_));
    return true;
  }
  return false;
}

bool Tampering::change_commit(repl::Body& body) {
  const DriverMutation mutation = world_.mutation();
  if (mutation == DriverMutation::kFilterFinerThanContext) return leave_out(body);
  if (mutation != DriverMutation::kOperationLost && mutation != DriverMutation::kNumberReused) return false;
  bool changed = false;
  for (repl::BodyItem& item : body.items) {
    const ByteSpan bytes = repl::commit_of(item);
    if (bytes.empty()) continue;
    Result<Commit> commit = decode_commit(bytes);
    if (!commit) continue;
    Commit other = *commit;
    const bool differs = mutation == DriverMutation::kNumberReused ? change_value(other) : lose_operation(other);
    if (!changed && differs && world_.mutates(mutation, 5)) {
      if (std::optional<Bytes> instead = sealed(std::move(other), *commit)) {
        changed_ = std::move(*instead);
        item = std::holds_alternative<repl::Answer>(item) ? repl::BodyItem(repl::Answer{changed_})
                                                          : repl::BodyItem(ByteSpan(changed_));
        changed = true;
      }
    }
    chains_[commit->dot].insert(commit->chain);
  }
  return changed;
}

std::optional<Bytes> Tampering::sealed(Commit commit, Commit was) {
  const auto whole = [](const CommitSection& section) { return section.kind == CommitSection::Kind::kOps; };
  if (was.skips_from || !std::all_of(was.sections.begin(), was.sections.end(), whole)) return std::nullopt;
  commit.sections.clear();
  std::set<std::uint64_t> before = {0};
  if (was.dot.seq.value > 1) before = chains_[{was.dot.origin, Seq(was.dot.seq.value - 1)}];
  for (const std::uint64_t chain : before) {
    if (chain_after(chain, was) == was.chain) return seal_commit(chain, commit);
  }
  return std::nullopt;
}

bool Tampering::overstate_cut(repl::CutHeld& held) {
  Cut& cut = held.cut;
  const bool replaces = world_.mutation() == DriverMutation::kCutReplaces;
  // Every site takes kv from the beginning: a cut without it is of tables that arrive.
  const bool arrives = world_.mutation() == DriverMutation::kArrivalEarly && !held.filter.has(kTableKv);
  if (!replaces && !arrives && world_.mutation() != DriverMutation::kCutEarly) return false;
  if (!world_.mutates(world_.mutation(), 1)) return false;
  const VersionVector said = cut.context;
  if (!replaces) {
    for (const auto& [origin, seq] : said.entries()) cut.context.raise(origin, seq.next());
    return true;
  }
  for (const auto& machine : world_.machines()) {
    for (const node::NamespaceConfig& ns : machine->config().namespaces) {
      const VersionVector there = machine->context(ns.name);
      for (const auto& [origin, seq] : there.entries()) {
        // As many chain hashes as origins belong to it.
        if (said.get(origin).value > 0) cut.context.raise(origin, seq);
      }
    }
  }
  return true;
}

bool Tampering::vouch_early(repl::Heartbeat& beat) {
  if (beat.claims.empty() || !world_.mutates(DriverMutation::kClaimEarly, 3)) return false;
  for (repl::Claim& claim : beat.claims) claim.upto = Hlc::from_wall_ms(claim.upto.wall_ms() + 3'600'000);
  return true;
}

}  // namespace pando::sim
