#include "cli/args.h"

#include <gtest/gtest.h>

namespace pando::cli {
namespace {

TEST(Args, BringsEveryStyleIntoOneForm) {
  const std::vector<std::string_view> kValueFlags = {"--config", "-c", "--ports-file", "--url"};
  const struct {
    Arguments typed;
    Arguments normal;
  } kCases[] = {
      {{}, {}},
      // The tutorial, and its variations.
      {{"-config", "dc1.toml", "replicator"}, {"replicator", "--config", "dc1.toml"}},
      {{"--config", "dc1.toml", "replicator"}, {"replicator", "--config", "dc1.toml"}},
      {{"-config=dc1.toml", "replicator"}, {"replicator", "--config=dc1.toml"}},
      {{"-c", "dc1.toml", "replicator"}, {"replicator", "-c", "dc1.toml"}},
      {{"-c=dc1.toml", "replicator"}, {"replicator", "-c", "dc1.toml"}},
      {{"replicator", "-config", "dc1.toml"}, {"replicator", "--config", "dc1.toml"}},
      {{"relayer", "-grpc", "-config", "r.toml"}, {"relayer", "--grpc", "--config", "r.toml"}},
      {{"-G", "relayer", "-c", "r.toml"}, {"relayer", "-G", "-c", "r.toml"}},
      {{"-config", "a", "-ports-file", "p", "relay"}, {"relay", "--config", "a", "--ports-file", "p"}},
      // A value that looks like a verb or a flag is still a value.
      {{"-config", "replicator", "relay"}, {"relay", "--config", "replicator"}},
      {{"-config", "-x", "relay"}, {"relay", "--config", "-x"}},
      // Words that only look like flags.
      {{"incr", "views", "-5"}, {"incr", "views", "-5"}},
      {{"put", "k", "-"}, {"put", "k", "-"}},
      {{"put", "--", "-key", "-config"}, {"put", "--", "-key", "-config"}},
      // Unknown flags take no value; the parser complains about them by name.
      {{"-colour", "replicator"}, {"replicator", "--colour"}},
      {{"-config"}, {"--config"}},
  };
  for (const auto& c : kCases) EXPECT_EQ(normalise_arguments(c.typed, kValueFlags), c.normal);
}

TEST(Args, GuessesWhatWasMeant) {
  const std::vector<std::string> kVerbs = {"replicator", "relayer", "relay", "get", "put", "status", "watch"};
  const struct {
    std::string_view typed;
    std::string guess;  // empty: none
  } kCases[] = {
      {"replicatr", "replicator"}, {"relayr", "relayer"}, {"gte", "get"},     {"stauts", "status"}, {"stat", "status"},
      {"replic", "replicator"},    {"puts", "put"},       {"wacht", "watch"}, {"frobnicate", ""},   {"", ""},
  };
  for (const auto& c : kCases) EXPECT_EQ(closest_word(c.typed, kVerbs).value_or(""), c.guess) << c.typed;
}

}  // namespace
}  // namespace pando::cli
