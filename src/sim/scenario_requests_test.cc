#include "sim/scenario_requests.h"

#include <gtest/gtest.h>

namespace pando::sim {
namespace {

// What a recorder writes is what a player reads: every form, there and back.
TEST(ScenarioRequests, WordsOfARequestParseBackToIt) {
  for (const char* line : {
           "PUT k v",
           "PUT 'k 1' '{\"a\": 1}'",
           "PUT \\x00\\x27 ''",
           "PUT k v TTL 500ms",
           "PUT k v TABLE alerts",
           "PUT k v TTL 5000ms TABLE alerts",
           "DEL k",
           "DEL k TABLE readings",
           "INCR n -4",
           "INCR n 2 TTL 80ms",
           "RESET n",
           "EXPIRE k 250ms",
           "PERSIST k",
           "EXPIRE k 250ms TABLE alerts",
           "EXPIRE r 250ms FIELD 'a column' TABLE row",
           "EXPIRE d 250ms FIELD session\\x00token\\x00 TABLE docs",
           "PERSIST r FIELD a TABLE row",
           "ROWPUT r a=1 'b=x y'",
           "ROWDEL r",
           "ROWDEL r a b",
           "SADD s ada ben",
           "SREM s ada",
           "SDEL s",
           "ENABLE f",
           "DISABLE f",
           "BATCH PUT a 1 ; INCR b 2 ; DEL c",
           "PIPE INCR a 1 | BATCH PUT b 1 ; DEL c | COUNTER a",
           "TOGETHER PUT a 1 | GET a",
           "GET k",
           "ROWGET r",
           "COUNTER n",
           "SMEMBERS s",
           "FLAG f",
           "LIST",
           "LIST p:",
       }) {
    const Result<std::vector<std::string>> words = split_words(line);
    ASSERT_TRUE(words.has_value()) << line;
    const Result<Request> request = parse_request(*words);
    ASSERT_TRUE(request.has_value()) << line << ": " << request.error().to_string();
    EXPECT_EQ(words_of(*request).value_or("no words"), line);
  }
}

TEST(ScenarioRequests, TermsStandAtTheEnd) {
  std::vector<std::string> words = *split_words("INCR n 1 IDEMPOTENT once-1 SAFE sites:2 WITHIN 700ms");
  const Result<Terms> terms = take_terms(words);
  ASSERT_TRUE(terms.has_value()) << terms.error().to_string();
  EXPECT_EQ(words, (std::vector<std::string>{"INCR", "n", "1"}));
  EXPECT_EQ(words_of(*terms), " IDEMPOTENT once-1 SAFE sites:2 WITHIN 700ms");
  std::vector<std::string> wrong = *split_words("PUT k v SAFE paper");
  EXPECT_FALSE(take_terms(wrong).has_value());
}

TEST(ScenarioRequests, MistakesAreSaid) {
  struct {
    std::string_view line, message;
  } const rows[] = {
      {"FLY k", "FLY with 2 words is not a mutation"},
      {"PUT k v TTL soon", "soon"},
      {"PIPE | PUT a 1", "nothing between two |"},
      {"INCR n x", "usage: INCR key [integer]"},
  };
  for (const auto& row : rows) {
    const Result<Request> request = parse_request(*split_words(row.line));
    ASSERT_FALSE(request.has_value()) << row.line;
    EXPECT_NE(request.error().message().find(row.message), std::string::npos) << request.error().message();
  }
}

}  // namespace
}  // namespace pando::sim
