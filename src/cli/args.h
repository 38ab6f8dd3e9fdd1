// cli/args.h — command lines as people type them, brought into the one form our parser reads.
//
// Existing set-ups call the server with Go-style flags, before or after the verb:
//   -config dc1.toml replicator      -config=dc1.toml replicator      replicator --config dc1.toml
// All of them become: replicator --config dc1.toml. Pure functions; nothing is looked up anywhere.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pando::cli {

using Arguments = std::vector<std::string>;

// `args` without the program's name. `value_flags` are the flags that take a value in the next argument
// ("--config", "-c"), so that a value is not taken for the verb.
//   * the verb, the first word that is neither a flag nor the value of one, comes first
//   * a word of two or more letters after one dash gets two: -config → --config
//   * -c=X becomes -c X
// What follows `--` is left alone, and so are "-" and negative numbers.
Arguments normalise_arguments(const Arguments& args, const std::vector<std::string_view>& value_flags);

// The one of `known` that `word` was probably meant to be: a few letters wrong, missing, swapped or to come.
std::optional<std::string> closest_word(std::string_view word, const std::vector<std::string>& known);

}  // namespace pando::cli
