#include "cli/args.h"

#include <algorithm>
#include <numeric>

namespace pando::cli {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool is_flag(std::string_view arg) { return arg.size() >= 2 && arg[0] == '-' && (arg[1] == '-' || is_letter(arg[1])); }

// Appends `arg` in its normal form: one or two arguments.
void append_normal(const std::string& arg, Arguments& out) {
  if (!is_flag(arg) || arg[1] == '-') {
    out.push_back(arg);
    return;
  }
  const std::size_t equals = arg.find('=');
  const std::size_t name_size = (equals == std::string::npos ? arg.size() : equals) - 1;
  if (name_size > 1) {
    out.push_back("-" + arg);
  } else if (equals == std::string::npos) {
    out.push_back(arg);
  } else {
    out.push_back(arg.substr(0, equals));
    out.push_back(arg.substr(equals + 1));
  }
}

// Optimal string alignment distance: insert, delete, replace, swap neighbours.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  std::iota(d[0].begin(), d[0].end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t differs = a[i - 1] == b[j - 1] ? 0 : 1;
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + differs});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  }
  return d[a.size()][b.size()];
}

}  // namespace

Arguments normalise_arguments(const Arguments& args, const std::vector<std::string_view>& value_flags) {
  Arguments flags;
  std::optional<std::string> verb;
  bool expects_value = false;
  for (std::size_t i = 0; i < args.size(); ++i) {
    const std::string& arg = args[i];
    if (arg == "--" && !expects_value) {
      flags.insert(flags.end(), args.begin() + static_cast<std::ptrdiff_t>(i), args.end());
      break;
    }
    if (expects_value) {
      flags.push_back(arg);
      expects_value = false;
    } else if (is_flag(arg)) {
      append_normal(arg, flags);
      expects_value = std::find(value_flags.begin(), value_flags.end(), flags.back()) != value_flags.end();
    } else if (!verb) {
      verb = arg;
    } else {
      flags.push_back(arg);
    }
  }
  if (verb) flags.insert(flags.begin(), *verb);
  return flags;
}

std::optional<std::string> closest_word(std::string_view word, const std::vector<std::string>& known) {
  std::optional<std::string> best;
  std::size_t best_distance = std::max<std::size_t>(1, (word.size() + 1) / 3) + 1;
  for (const std::string& candidate : known) {
    const bool begins =
        word.size() >= 3 && candidate.size() > word.size() && candidate.compare(0, word.size(), word) == 0;
    const std::size_t d = begins ? 1 : distance(word, candidate);
    if (d < best_distance) {
      best_distance = d;
      best = candidate;
    }
  }
  return best;
}

}  // namespace pando::cli
