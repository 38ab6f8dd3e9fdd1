#include "repl/intake.h"

#include <fmt/core.h>

#include "base/limits.h"

namespace pando::repl {
namespace {

Rejected reject(StatusCode code, std::string message) { return Rejected{Status(code, std::move(message)), {}, false}; }

// Already here under this number; the last one of its origin can be compared, older ones were when they came.
Verdict examine_duplicate(ByteSpan encoded, Dot dot, Seq appended, std::optional<std::uint64_t> previous_chain) {
  if (dot.seq != appended || !previous_chain) return Duplicate{std::move(dot)};
  const Result<Commit> commit = decode_commit(encoded);
  if (!commit) return reject(StatusCode::kDataLoss, commit.error().message());
  if (commit->chain == *previous_chain) return Duplicate{std::move(dot)};
  return reject(StatusCode::kConflict,
                fmt::format("another commit is already here as {}: chain {:016x}, theirs {:016x}; a cloned disk or a "
                            "reused number",
                            to_string(dot), *previous_chain, commit->chain));
}

std::string gap_message(const Dot& dot, Seq appended) {
  return fmt::format("gap: {} came while {} has only up to {} here", to_string(dot), to_string(dot.origin),
                     appended.value);
}

}  // namespace

Verdict examine(ByteSpan encoded, const VersionVector& appended, std::optional<std::uint64_t> previous_chain,
                std::int64_t wall_ms, const IntakeOptions& options) {
  const Result<CommitHead> head = peek_head(encoded);
  if (!head) return Rejected{head.error(), {}, false};
  const Dot* dot = &head->dot;
  const Seq here = appended.get(dot->origin);
  if (dot->seq <= here) return examine_duplicate(encoded, *dot, here, previous_chain);
  if (dot->origin.node == options.self.node && dot->origin.epoch >= options.self.epoch) {
    if (dot->origin.epoch - options.self.epoch > limits::kEpochsAheadMax) {
      return reject(StatusCode::kInvalidArgument,
                    fmt::format("{} is of this node, which is at epoch {}", to_string(*dot), options.self.epoch));
    }
    return FromSelfUnknown{*dot};
  }
  if (head->first > here.next()) {
    return Rejected{Status(StatusCode::kOutOfRange, gap_message(*dot, here)), {}, true};
  }
  if (here == Seq(0) && appended.entries().size() >= limits::kOriginsMax) {
    return reject(StatusCode::kTooLarge,
                  fmt::format("{} would be one of more than {} origins", to_string(dot->origin), limits::kOriginsMax));
  }

  Result<Commit> commit = decode_commit(encoded);
  if (!commit) return Rejected{commit.error(), {}, false};
  const std::int64_t ahead_ms = commit->hlc.wall_ms() - wall_ms;
  if (ahead_ms > options.clock_ahead_max.millis()) {
    return Rejected{Status(StatusCode::kOutOfRange,
                           fmt::format("the stamp of {} is {} s ahead of this node's clock, the limit is {} s",
                                       to_string(*dot), ahead_ms / 1000, options.clock_ahead_max.millis() / 1000)),
                    std::pair(*dot, commit->hlc), false};
  }
  if (here == Seq(0)) previous_chain = 0;
  if (!commit->skips_from && previous_chain && chain_after(*previous_chain, *commit) != commit->chain) {
    return reject(StatusCode::kDataLoss,
                  fmt::format("the chain hash of {} does not follow from what is here up to {}: damaged, forged or "
                              "from a cloned disk",
                              to_string(*dot), here.value));
  }
  return Next{std::move(*commit)};
}

}  // namespace pando::repl
