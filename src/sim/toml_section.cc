#include "sim/toml_section.h"

#include <fmt/core.h>

#include "sim/scenario_script.h"

namespace pando::sim {

void TomlMistakes::add(std::uint32_t line, std::string_view key, std::string_view text) {
  lines.push_back(fmt::format("{}:{}: {}{}{}", file, line, key, key.empty() ? "" : ": ", text));
}

const toml::node* TomlSection::take(std::string_view key) {
  taken_.emplace(key);
  return table_.get(key);
}

void TomlSection::mistake(std::string_view key, std::string_view text) {
  const toml::node* node = table_.get(key);
  const std::string place = path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
  mistakes_.add((node != nullptr ? node->source() : table_.source()).begin.line, place, text);
}

bool TomlSection::text(std::string_view key, std::string& out) {
  const toml::node* node = take(key);
  if (node == nullptr) return false;
  if (const auto* value = node->as_string()) {
    out = value->get();
    return true;
  }
  mistake(key, "wants text in quotes");
  return false;
}

void TomlSection::words(std::string_view key, std::vector<std::string>& out) {
  const toml::node* node = take(key);
  if (node == nullptr) return;
  const auto* list = node->as_array();
  if (list == nullptr) return mistake(key, "wants a list of texts");
  for (const toml::node& item : *list) {
    const auto* word = item.as_string();
    if (word == nullptr) return mistake(key, "wants a list of texts");
    out.push_back(word->get());
  }
}

void TomlSection::number(std::string_view key, std::int64_t min, std::int64_t max, std::uint64_t& out) {
  const toml::node* node = take(key);
  if (node == nullptr) return;
  const auto* value = node->as_integer();
  if (value == nullptr || value->get() < min || value->get() > max) {
    return mistake(key, fmt::format("wants a whole number from {} to {}", min, max));
  }
  out = static_cast<std::uint64_t>(value->get());
}

void TomlSection::duration(std::string_view key, Duration& out) {
  std::string given;
  if (!text(key, given)) return;
  try {
    out = to_duration(given);
  } catch (const ScriptError& error) {
    mistake(key, error.text);
  }
}

void TomlSection::require(std::string_view key) {
  if (!has(key)) mistake(key, "is missing");
}

void TomlSection::finish() {
  for (const auto& [key, node] : table_) {
    if (taken_.count(key.str()) == 0) mistake(key.str(), "is not a key that is known here");
  }
}

}  // namespace pando::sim
