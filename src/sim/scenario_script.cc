#include "sim/scenario_script.h"

#include <fmt/core.h>

#include <stdexcept>

namespace pando::sim {

void wrong(std::string text) { throw ScriptError{std::move(text)}; }

std::string_view prompt_of(std::string_view line) {
  const std::size_t end = line.find('>');
  if (end == std::string_view::npos || end == 0 || (end + 1 < line.size() && line[end + 1] != ' ')) return {};
  const std::string_view prompt = line.substr(0, end);
  const bool plain = prompt.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/&") ==
                     std::string_view::npos;
  return plain ? prompt : std::string_view{};
}

std::int64_t to_number(const std::string& word) {
  try {
    std::size_t used = 0;
    const std::int64_t value = std::stoll(word, &used);
    if (used == word.size()) return value;
  } catch (const std::logic_error&) {
  }
  wrong(fmt::format("'{}' is not a number", word));
}

Duration to_duration(const std::string& word) {
  const std::size_t unit_at = word.find_first_not_of("+-0123456789");
  if (unit_at == std::string::npos || unit_at == 0)
    wrong(fmt::format("'{}' is not a duration, like 200ms, 5s, 2h", word));
  const std::int64_t number = to_number(word.substr(word[0] == '+' ? 1 : 0, unit_at - (word[0] == '+' ? 1 : 0)));
  const std::string unit = word.substr(unit_at);
  if (unit == "us") return Duration::micros(number);
  if (unit == "ms") return Duration::millis(number);
  const std::int64_t seconds = unit == "s" ? 1 : unit == "m" ? 60 : unit == "h" ? 3600 : unit == "d" ? 86400 : 0;
  if (seconds == 0) wrong(fmt::format("'{}' has no known unit (us ms s m h d)", word));
  return Duration::seconds(number * seconds);
}

void want(const std::vector<std::string>& words, std::size_t count, std::string_view usage) {
  if (words.size() < count) wrong(fmt::format("usage: {}", usage));
}

std::string duration_words(Duration duration) {
  if (duration.us % 1'000'000 == 0) return fmt::format("{}s", duration.us / 1'000'000);
  if (duration.us % 1000 == 0) return fmt::format("{}ms", duration.us / 1000);
  return fmt::format("{}us", duration.us);
}

std::string plain_words(Duration duration) {
  if (duration.us < 0) return "-" + plain_words(Duration{-duration.us});
  const std::int64_t ms = duration.us / 1000;
  if (ms < 1000) return fmt::format("{}ms", ms);
  struct Unit {
    std::int64_t seconds;
    char name;
  };
  constexpr Unit kUnits[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
  std::int64_t left = ms / 1000;
  std::string words;
  int count = 0;
  for (const Unit& unit : kUnits) {
    if (left < unit.seconds || count == 2) continue;
    words += fmt::format("{}{}{}", words.empty() ? "" : " ", left / unit.seconds, unit.name);
    left %= unit.seconds;
    ++count;
  }
  return words;
}

}  // namespace pando::sim
