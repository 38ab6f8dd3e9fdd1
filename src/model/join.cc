// deterministic: floating point, as IEEE 754 doubles without contraction: the same on every site.
#include "model/join.h"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace pando {
namespace {

double number_or_0(double score) { return std::isnan(score) ? 0 : score; }

double together(ScoreJoin::Of how, double a, double b) {
  switch (how) {
    case ScoreJoin::Of::kSum: return number_or_0(a + b);
    case ScoreJoin::Of::kLeast: return std::min(a, b);
    case ScoreJoin::Of::kGreatest: return std::max(a, b);
  }
  return a;
}

ScoredMembers weighted(const ScoreJoin& how, const ScoredMembers& input, std::size_t i) {
  ScoredMembers made = input;
  if (how.weights.empty()) return made;
  for (auto& [member, score] : made) score = number_or_0(score * how.weights[i]);
  return made;
}

}  // namespace

std::vector<Bytes> joined(SetJoin join, const std::vector<Bytes>& first, const std::vector<Bytes>& second) {
  std::vector<Bytes> made;
  const auto out = std::back_inserter(made);
  switch (join) {
    case SetJoin::kAll: std::set_intersection(first.begin(), first.end(), second.begin(), second.end(), out); break;
    case SetJoin::kAny: std::set_union(first.begin(), first.end(), second.begin(), second.end(), out); break;
    case SetJoin::kFirstOnly: std::set_difference(first.begin(), first.end(), second.begin(), second.end(), out); break;
  }
  return made;
}

ScoredMembers joined(const ScoreJoin& how, const std::vector<ScoredMembers>& inputs) {
  ScoredMembers result = weighted(how, inputs.front(), 0);
  const bool keeps_first = how.join != SetJoin::kAll;
  const bool keeps_second = how.join == SetJoin::kAny;
  for (std::size_t i = 1; i < inputs.size(); ++i) {
    ScoredMembers next = weighted(how, inputs[i], i);
    ScoredMembers made;
    auto a = result.begin();
    auto b = next.begin();
    while (a != result.end() || b != next.end()) {
      const bool only_a = b == next.end() || (a != result.end() && a->first < b->first);
      const bool only_b = !only_a && (a == result.end() || b->first < a->first);
      if (only_a) {
        if (keeps_first) made.push_back(std::move(*a));
        ++a;
      } else if (only_b) {
        if (keeps_second) made.push_back(std::move(*b));
        ++b;
      } else {
        if (how.join != SetJoin::kFirstOnly) {
          const double score = together(how.scores, a->second, b->second);
          made.emplace_back(std::move(a->first), score);
        }
        ++a;
        ++b;
      }
    }
    result = std::move(made);
  }
  return result;
}

}  // namespace pando
