// Sorted sets: scores from the cells, ranks and ranges from the index.
// deterministic: floating point, as IEEE 754 doubles without contraction: the same on every site.
#include "base/limits.h"
#include "engine/read.h"
#include "engine/scores.h"

namespace pando::engine {
namespace {

Status check_scores(View& view, std::string_view table, ByteSpan key) {
  PANDO_RETURN_IF_ERROR(check_name(table, key));
  return view.check_type(table, key, ValueType::kScores);
}

Result<std::optional<double>> score_of(View& view, std::string_view table, ByteSpan key, ByteSpan member) {
  PANDO_RETURN_IF_ERROR(validate_member(member));
  const auto base = view.find_register({std::string(table), Bytes(key), CellKind::kScore, Bytes(member)});
  if (!base) return fail(base.error());
  std::optional<double> score;
  if (*base != nullptr) score = resolve_base(**base, view.table(table));
  const auto added = view.find_counter({std::string(table), Bytes(key), CellKind::kScoreDelta, Bytes(member)});
  if (!added) return fail(added.error());
  if (*added != nullptr) score = add_to_score(score.value_or(0), (*added)->exact());
  return score;
}

// Ranges by rank and score.
Result<ReplyBody> list_by_order(View& view, const ListScoresRequest& request) {
  const Result<const ScoreIndex*> index = view.scores(request.table, request.key);
  if (!index) return fail(index.error());
  ScoreListReply reply;
  if (*index == nullptr) return reply;
  const auto [first, last] = (*index)->find(request.range);
  const std::uint64_t size = last - first;
  if (request.offset >= size) return reply;
  const std::uint64_t count = std::min<std::uint64_t>(request.count_max, size - request.offset);
  reply.more = request.offset + count < size;
  if (count == 0) return reply;
  reply.entries.reserve(count);
  const ScoreIndex::Order& order = (*index)->order();
  const bool reverse = request.range.reverse;
  auto at = order.find_by_order(reverse ? last - 1 - request.offset : first + request.offset);
  for (std::uint64_t i = 0; i < count; ++i) {
    reply.entries.push_back({*at->member, score_of_ordered(at->score)});
    if (i + 1 == count) break;
    if (reverse) {
      --at;
    } else {
      ++at;
    }
  }
  return reply;
}

Result<ReplyBody> list_by_member(View& view, const ListScoresRequest& request) {
  // Backwards all of the range has to be walked, with what is asked for at its end.
  const bool reverse = request.range.reverse;
  const std::uint64_t wanted = request.offset + request.count_max;
  std::vector<ScoreListReply::Entry> found;
  std::size_t from = 0;  // of a ring of the last `wanted` + 1, backwards
  PANDO_RETURN_IF_ERROR(
      for_each_by_member(view, request.table, request.key, request.range, [&](const Bytes& member, double score) {
        if (found.size() <= wanted) {
          found.push_back({member, score});
        } else {
          found[from++ % found.size()] = {member, score};
        }
        return reverse || found.size() <= wanted;
      }));
  if (reverse) {
    std::rotate(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(found.empty() ? 0 : from % found.size()),
                found.end());
    std::reverse(found.begin(), found.end());
  }
  ScoreListReply reply;
  reply.more = found.size() > wanted;
  if (reply.more) found.pop_back();
  for (std::size_t i = request.offset; i < found.size(); ++i) reply.entries.push_back(std::move(found[i]));
  return reply;
}

}  // namespace

Status for_each_by_member(View& view, std::string_view table, ByteSpan key, const ScoreRange& range,
                          const std::function<bool(const Bytes&, double)>& visit) {
  const Result<bool> gone = view.expired(table, key);
  if (!gone) return gone.error();
  if (*gone) return {};
  // The cursors start behind an element: one byte string comes right before another only when that is it and a zero.
  const Bytes after = range.from && !range.from->empty() ? *range.from : Bytes();
  bool more = true;
  if (!after.empty() && !range.from_open) {
    const Result<std::optional<double>> score = score_of(view, table, key, after);
    if (!score) return score.error();
    if (*score && within(range, after)) more = visit(after, **score);
  }
  store::CellCursor base = view.cells().scan_elements(table, key, CellKind::kScore, {}, after);
  store::CellCursor added = view.cells().scan_elements(table, key, CellKind::kScoreDelta, {}, after);
  while (more) {
    while (added.valid() && !added.visible()) added.next();
    if (!base.valid() && !added.valid()) break;
    const bool both = base.valid() && added.valid() && base.path().element == added.path().element;
    const bool with_base = both || !added.valid() || (base.valid() && base.path().element < added.path().element);
    const Bytes member = with_base ? base.path().element : added.path().element;
    if (!within(range, member)) break;
    double score = 0;
    if (with_base) {
      score = resolve_base(base.cell().reg(), view.table(table)).value_or(0);
      base.next();
    }
    if (both || !with_base) {
      score = add_to_score(score, added.cell().counter().exact());
      added.next();
    }
    more = visit(member, score);
  }
  PANDO_RETURN_IF_ERROR(view.note(base));
  return view.note(added);
}

Result<ReplyBody> read(View& view, const GetScoresRequest& request) {
  PANDO_RETURN_IF_ERROR(check_scores(view, request.table, request.key));
  ScoresReply reply;
  for (const Bytes& member : request.members) {
    const Result<std::optional<double>> score = score_of(view, request.table, request.key, member);
    if (!score) return fail(score.error());
    reply.scores.push_back(*score);
  }
  return reply;
}

Result<ReplyBody> read(View& view, const GetRankRequest& request) {
  PANDO_RETURN_IF_ERROR(validate_member(request.member));
  PANDO_RETURN_IF_ERROR(check_scores(view, request.table, request.key));
  const Result<const ScoreIndex*> index = view.scores(request.table, request.key);
  if (!index) return fail(index.error());
  RankReply reply;
  if (*index == nullptr) return reply;
  reply.size = (*index)->size();
  const std::optional<double> score = (*index)->score(request.member);
  if (!score) return reply;
  reply.found = true;
  reply.score = *score;
  const std::size_t rank = (*index)->order().order_of_key({ordered_score(*score), &request.member});
  reply.rank = request.reverse ? reply.size - 1 - rank : rank;
  return reply;
}

Result<ReplyBody> read(View& view, const ListScoresRequest& request) {
  PANDO_RETURN_IF_ERROR(check_range(request.range));
  PANDO_RETURN_IF_ERROR(check_scores(view, request.table, request.key));
  return request.range.by == ScoreRange::By::kMember ? list_by_member(view, request) : list_by_order(view, request);
}

Result<ReplyBody> read(View& view, const CountScoresRequest& request) {
  PANDO_RETURN_IF_ERROR(check_range(request.range));
  PANDO_RETURN_IF_ERROR(check_scores(view, request.table, request.key));
  ScoreCountReply reply;
  if (request.range.by == ScoreRange::By::kMember) {
    PANDO_RETURN_IF_ERROR(
        for_each_by_member(view, request.table, request.key, request.range, [&](const Bytes&, double) {
          ++reply.count;
          return true;
        }));
    return reply;
  }
  const Result<const ScoreIndex*> index = view.scores(request.table, request.key);
  if (!index) return fail(index.error());
  if (*index == nullptr) return reply;
  const auto [first, last] = (*index)->find(request.range);
  reply.count = last - first;
  return reply;
}

}  // namespace pando::engine
