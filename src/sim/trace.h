// sim/trace.h — what happened, line by line: hashed in full, kept in part.
//
// Two runs of one seed have the same hash; a difference means that something in the pure ring depends on
// more than its inputs.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <deque>
#include <string>

#include "base/time.h"

namespace pando::sim {

class Trace {
 public:
  struct Options {
    bool live = false;          // print every line to stderr as it happens
    std::size_t lines_max = 0;  // kept for last_lines()
  };
  explicit Trace(const Options& options) : options_(options) {}

  template <typename... Args>
  void add(Instant at, fmt::format_string<Args...> format, Args&&... args) {
    line_.clear();
    fmt::format_to(std::back_inserter(line_), "{:>12.6f} ", static_cast<double>(at.mono_us) / 1e6);
    fmt::format_to(std::back_inserter(line_), format, std::forward<Args>(args)...);
    take();
  }

  std::uint64_t hash() const { return hash_; }
  std::uint64_t line_count() const { return line_count_; }
  const std::deque<std::string>& last_lines() const { return lines_; }
  // Keeps what last_lines() has now: what led to a failure, not what came after it.
  void freeze() { frozen_ = true; }

 private:
  void take();

  Options options_;
  fmt::memory_buffer line_;
  bool frozen_ = false;
  std::uint64_t hash_ = 0;
  std::uint64_t line_count_ = 0;
  std::deque<std::string> lines_;
};

}  // namespace pando::sim
