#include "api/resp_glob.h"

#include <algorithm>

namespace pando::api {
namespace {

// Whether `c` is of the class behind `[`; `pattern` moves behind its `]`. An unclosed class ends with the pattern.
bool in_class(ByteSpan& pattern, char c) {
  const bool negated = !pattern.empty() && pattern.front() == '^';
  if (negated) pattern.remove_prefix(1);
  bool found = false;
  while (!pattern.empty() && pattern.front() != ']') {
    if (pattern.front() == '\\' && pattern.size() >= 2) {
      found = found || pattern[1] == c;
      pattern.remove_prefix(2);
    } else if (pattern.size() >= 3 && pattern[1] == '-') {
      const auto [low, high] =
          std::minmax({static_cast<unsigned char>(pattern[0]), static_cast<unsigned char>(pattern[2])});
      found = found || (static_cast<unsigned char>(c) >= low && static_cast<unsigned char>(c) <= high);
      pattern.remove_prefix(3);
    } else {
      found = found || pattern.front() == c;
      pattern.remove_prefix(1);
    }
  }
  if (!pattern.empty()) pattern.remove_prefix(1);
  return found != negated;
}

// One character against the element in front of `pattern`, which moves behind it.
bool match_one(ByteSpan& pattern, char c) {
  const char first = pattern.front();
  pattern.remove_prefix(1);
  if (first == '?') return true;
  if (first == '[') return in_class(pattern, c);
  if (first != '\\' || pattern.empty()) return first == c;
  const char literal = pattern.front();
  pattern.remove_prefix(1);
  return literal == c;
}

}  // namespace

bool glob_match(ByteSpan pattern, ByteSpan text) {
  bool starred = false;
  ByteSpan star_pattern;
  ByteSpan star_text;
  while (!text.empty() || !pattern.empty()) {
    if (!pattern.empty() && pattern.front() == '*') {
      pattern.remove_prefix(1);
      starred = true;
      star_pattern = pattern;
      star_text = text;
      continue;
    }
    if (!pattern.empty() && !text.empty() && match_one(pattern, text.front())) {
      text.remove_prefix(1);
      continue;
    }
    if (!starred || star_text.empty()) return false;
    // The last star takes one character more.
    star_text.remove_prefix(1);
    pattern = star_pattern;
    text = star_text;
  }
  return true;
}

Bytes glob_prefix(ByteSpan pattern) { return Bytes(pattern.substr(0, pattern.find_first_of("*?[\\"))); }

}  // namespace pando::api
