// sim/scenario_script.h — the words of a script's verbs, and what is said of a mistake in them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace pando::sim {

inline constexpr Duration kScriptSettleMax = Duration::seconds(300);

// A mistake in the script; becomes its output. Thrown by a verb, caught where lines are played.
struct ScriptError {
  std::string text;
};
[[noreturn]] void wrong(std::string text);
// `words` are at least so many.
void want(const std::vector<std::string>& words, std::size_t count, std::string_view usage);

// The prompt of a client line, `dc1/ns&` of `dc1/ns&> …`; empty when it is not one.
std::string_view prompt_of(std::string_view line);
std::int64_t to_number(const std::string& word);
// "200ms", "5s", "3m", "2h", "1d", with a sign where it makes sense.
Duration to_duration(const std::string& word);
// The inverse, exact: "1500us", "20ms", "3s".
std::string duration_words(Duration duration);
// For people: "3d", "1h 20m", "41s", "350ms".
std::string plain_words(Duration duration);

}  // namespace pando::sim
