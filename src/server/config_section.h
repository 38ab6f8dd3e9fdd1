// server/config_section.h — one [table] of a configuration file, read key by key.
//
// Every read names a key, leaves `out` alone when the key is absent, and reports a value it cannot use.
// finish() warns about each key that nobody asked for. So the reader of a section is the list of its keys.
#pragma once

#include <toml++/toml.h>

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "model/table_scope.h"

namespace pando::server {

// Mistakes and warnings of one file, each "file:line: key: text", in the order they were found.
struct ConfigReport {
  std::string file;
  std::vector<std::string> errors;
  std::vector<std::string> warnings;

  void error(std::uint32_t line, std::string_view key, std::string_view text);
  void warn(std::uint32_t line, std::string_view key, std::string_view text);
};

class Section {
 public:
  // `table` null: the section is absent, and so is every key of it. Both outlive the section.
  Section(const toml::table* table, std::string path, ConfigReport& report);

  bool present() const { return table_ != nullptr; }
  bool has(std::string_view key) const { return table_ != nullptr && table_->contains(key); }

  void text(std::string_view key, std::string& out);
  void flag(std::string_view key, bool& out);
  // true, false, or a list of table names; an empty list is false.
  void tables(std::string_view key, bool& any, TableSet& which);
  // A list of strings; a single string stands for a list of one.
  void words(std::string_view key, std::vector<std::string>& out);
  void size(std::string_view key, std::uint64_t min, std::uint64_t max, std::uint64_t& out);
  // "20ms"; a bare whole number is in milliseconds.
  void duration(std::string_view key, Duration& out);

  template <typename Int>
  void number(std::string_view key, std::int64_t min, std::int64_t max, Int& out) {
    std::int64_t value = 0;
    if (take_number(key, min, max, value)) out = static_cast<Int>(value);
  }

  // A table inside this one, absent when the key is.
  Section section(std::string_view key);
  // Every table inside `key`, by name: [peer.berlin] of section("peer").
  void each_section(const std::function<void(const std::string& name, Section section)>& read);

  // Known, accepted, without effect here: one warning saying why. Nested tables are covered as a whole.
  void unneeded(std::string_view key, std::string_view why);

  // Reports at the place of `key`, or of the section when the key is absent.
  void error(std::string_view key, std::string_view text);
  void warn(std::string_view key, std::string_view text);

  void finish();

 private:
  const toml::node* take(std::string_view key);
  bool take_number(std::string_view key, std::int64_t min, std::int64_t max, std::int64_t& out);
  std::string path_of(std::string_view key) const;
  std::uint32_t line_of(std::string_view key) const;
  // `"abc"`, `12`, `a list`: what stands in the file, for messages.
  static std::string describe(const toml::node& node);

  const toml::table* table_;
  std::string path_;
  ConfigReport& report_;
  std::set<std::string, std::less<>> taken_;
};

}  // namespace pando::server
