#include "server/config_section.h"

#include <fmt/format.h>

#include <utility>

#include "model/path.h"
#include "server/config_values.h"

namespace pando::server {
namespace {

std::string line_text(std::string_view file, std::uint32_t line, std::string_view key, std::string_view text) {
  return line == 0 ? fmt::format("{}: {}: {}", file, key, text) : fmt::format("{}:{}: {}: {}", file, line, key, text);
}

}  // namespace

void ConfigReport::error(std::uint32_t line, std::string_view key, std::string_view text) {
  errors.push_back(line_text(file, line, key, text));
}

void ConfigReport::warn(std::uint32_t line, std::string_view key, std::string_view text) {
  warnings.push_back(line_text(file, line, key, text));
}

Section::Section(const toml::table* table, std::string path, ConfigReport& report)
    : table_(table), path_(std::move(path)), report_(report) {}

const toml::node* Section::take(std::string_view key) {
  if (table_ == nullptr) return nullptr;
  taken_.emplace(key);
  return table_->get(key);
}

std::string Section::path_of(std::string_view key) const {
  if (path_.empty()) return std::string(key);
  return key.empty() ? path_ : fmt::format("{}.{}", path_, key);
}

std::uint32_t Section::line_of(std::string_view key) const {
  if (table_ == nullptr) return 0;
  const toml::node* node = table_->get(key);
  return (node != nullptr ? node->source() : table_->source()).begin.line;
}

std::string Section::describe(const toml::node& node) {
  if (const auto* text = node.as_string()) return fmt::format("\"{}\"", text->get());
  if (const auto* number = node.as_integer()) return fmt::format("{}", number->get());
  if (const auto* number = node.as_floating_point()) return fmt::format("{}", number->get());
  if (const auto* flag = node.as_boolean()) return flag->get() ? "true" : "false";
  if (node.is_array()) return "a list";
  if (node.is_table()) return "a table";
  return "a date or time";
}

void Section::error(std::string_view key, std::string_view text) { report_.error(line_of(key), path_of(key), text); }
void Section::warn(std::string_view key, std::string_view text) { report_.warn(line_of(key), path_of(key), text); }

void Section::text(std::string_view key, std::string& out) {
  const toml::node* node = take(key);
  if (node == nullptr) return;
  if (const auto* value = node->as_string()) {
    out = value->get();
  } else {
    error(key, fmt::format("wants text in quotes, not {}", describe(*node)));
  }
}

void Section::flag(std::string_view key, bool& out) {
  const toml::node* node = take(key);
  if (node == nullptr) return;
  if (const auto* value = node->as_boolean()) {
    out = value->get();
  } else {
    error(key, fmt::format("wants true or false, not {}", describe(*node)));
  }
}

void Section::tables(std::string_view key, bool& any, TableSet& which) {
  if (table_ == nullptr || !table_->contains(key)) return;
  if ((*table_)[key].is_boolean()) return flag(key, any);
  std::vector<std::string> names;
  words(key, names);
  for (const std::string& name : names) {
    Status valid = validate_table_name(name);
    if (valid.ok() && is_internal_table(name)) {
      valid = Status(StatusCode::kInvalidArgument, fmt::format("\"{}\" is internal, and always goes both ways", name));
    }
    if (!valid.ok()) return error(key, valid.message());
  }
  any = true;
  which = TableSet::of(std::move(names));
}

bool Section::take_number(std::string_view key, std::int64_t min, std::int64_t max, std::int64_t& out) {
  const toml::node* node = take(key);
  if (node == nullptr) return false;
  const auto* value = node->as_integer();
  if (value == nullptr || value->get() < min || value->get() > max) {
    error(key, fmt::format("wants a whole number from {} to {}, not {}", min, max, describe(*node)));
    return false;
  }
  out = value->get();
  return true;
}

void Section::words(std::string_view key, std::vector<std::string>& out) {
  const toml::node* node = take(key);
  if (node == nullptr) return;
  std::vector<std::string> words;
  if (const auto* one = node->as_string()) {
    words.push_back(one->get());
  } else if (const auto* list = node->as_array()) {
    for (const toml::node& item : *list) {
      const auto* word = item.as_string();
      if (word == nullptr) {
        error(key, fmt::format("wants a list of texts, but one item is {}", describe(item)));
        return;
      }
      words.push_back(word->get());
    }
  } else {
    error(key, fmt::format("wants a list of texts, not {}", describe(*node)));
    return;
  }
  out = std::move(words);
}

void Section::size(std::string_view key, std::uint64_t min, std::uint64_t max, std::uint64_t& out) {
  const toml::node* node = take(key);
  if (node == nullptr) return;
  std::uint64_t bytes = 0;
  if (const auto* text = node->as_string()) {
    const Result<std::uint64_t> parsed = parse_size(text->get());
    if (!parsed) return error(key, parsed.error().message());
    bytes = *parsed;
  } else if (const auto* number = node->as_integer(); number != nullptr && number->get() >= 0) {
    bytes = static_cast<std::uint64_t>(number->get());
  } else {
    return error(key, fmt::format("wants a size like \"16MB\", not {}", describe(*node)));
  }
  if (bytes < min || bytes > max) {
    return error(key, fmt::format("wants from {} to {} bytes, not {}", min, max, bytes));
  }
  out = bytes;
}

void Section::duration(std::string_view key, Duration& out) {
  const toml::node* node = take(key);
  if (node == nullptr) return;
  if (const auto* text = node->as_string()) {
    const Result<Duration> parsed = parse_duration(text->get());
    if (!parsed) return error(key, parsed.error().message());
    out = *parsed;
  } else if (const auto* number = node->as_integer();
             number != nullptr && number->get() >= 0 && number->get() <= 1'000'000'000'000) {
    out = Duration::millis(number->get());
  } else {
    error(key, fmt::format("wants a duration like \"20ms\", not {}", describe(*node)));
  }
}

Section Section::section(std::string_view key) {
  const toml::node* node = take(key);
  if (node != nullptr && !node->is_table()) {
    error(key, fmt::format("wants a table, not {}", describe(*node)));
    node = nullptr;
  }
  return Section(node == nullptr ? nullptr : node->as_table(), path_of(key), report_);
}

void Section::each_section(const std::function<void(const std::string& name, Section section)>& read) {
  if (table_ == nullptr) return;
  for (const auto& [key, node] : *table_) {
    const std::string name(key.str());
    if (Section child = section(name); child.present()) read(name, std::move(child));
  }
}

void Section::unneeded(std::string_view key, std::string_view why) {
  if (take(key) != nullptr) warn(key, fmt::format("accepted, has no effect: {}", why));
}

void Section::finish() {
  if (table_ == nullptr) return;
  for (const auto& [key, node] : *table_) {
    if (taken_.find(key.str()) == taken_.end()) warn(key.str(), "unknown key, ignored");
  }
}

}  // namespace pando::server
