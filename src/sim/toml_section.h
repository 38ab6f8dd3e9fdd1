// sim/toml_section.h — one [table] of a plan's files, read key by key; every mistake is collected with its place.
#pragma once

#include <toml++/toml.h>

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/time.h"

namespace pando::sim {

struct TomlMistakes {
  std::string file;
  std::vector<std::string> lines;  // "file:line: key: text"

  void add(std::uint32_t line, std::string_view key, std::string_view text);
};

// Reads name a key and leave `out` alone when it is absent. finish() complains about keys that nobody asked for.
class TomlSection {
 public:
  // Both outlive it.
  TomlSection(const toml::table& table, std::string path, TomlMistakes& mistakes)
      : table_(table), path_(std::move(path)), mistakes_(mistakes) {}

  bool has(std::string_view key) const { return table_.contains(key); }
  // False when absent or not text.
  bool text(std::string_view key, std::string& out);
  void words(std::string_view key, std::vector<std::string>& out);
  void number(std::string_view key, std::int64_t min, std::int64_t max, std::uint64_t& out);
  // "20ms", "3d".
  void duration(std::string_view key, Duration& out);
  // Text that `parse` makes an `out` of, or says why not.
  template <typename T>
  void parsed(std::string_view key, Result<T> (*parse)(std::string_view), T& out) {
    std::string given;
    if (!text(key, given)) return;
    Result<T> value = parse(given);
    if (value) {
      out = std::move(*value);
    } else {
      mistake(key, value.error().message());
    }
  }
  void require(std::string_view key);
  // At the key, or at the section when it is absent.
  void mistake(std::string_view key, std::string_view text);
  void finish();

 private:
  const toml::node* take(std::string_view key);

  const toml::table& table_;
  std::string path_;
  TomlMistakes& mistakes_;
  std::set<std::string, std::less<>> taken_;
};

}  // namespace pando::sim
