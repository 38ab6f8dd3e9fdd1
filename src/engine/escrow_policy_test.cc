#include "engine/escrow_policy.h"

#include <gtest/gtest.h>

namespace pando::engine::escrow_policy_test {
namespace {

Origin site(int i) { return {"dc" + std::to_string(i), 1}; }

// {free, wants, urgent} per site.
struct Row {
  int free = 0;
  std::uint64_t wants = 0;
  std::uint64_t urgent = 0;
  bool reminds = false;
  bool locked = false;
  std::uint64_t held = 0;
};
std::vector<Stake> stakes(const std::vector<Row>& rows) {
  std::vector<Stake> all;
  for (const Row& row : rows) {
    const Origin origin = site(static_cast<int>(all.size()) + 1);
    all.push_back({origin, row.free, row.held, row.wants, row.urgent, row.reminds, row.locked});
  }
  return all;
}

TEST(EscrowPolicy, WhenASiteAsks) {
  const struct {
    const char* why;
    std::vector<Row> rows;  // dc1 asks
    std::uint64_t need;
    std::optional<std::pair<std::uint64_t, std::uint64_t>> asks;  // wants, urgent
  } table[] = {
      {"a client was refused: its need, and up to an equal part", {{0}, {100}}, 5, {{50, 5}}},
      {"a need above the equal part is asked for whole", {{0}, {100}}, 80, {{80, 80}}},
      {"what the others have not cannot be had", {{0}, {4}}, 5, {}},
      {"what is here counts towards it", {{3}, {4}}, 5, {{2, 2}}},
      {"nobody was refused and there is enough", {{13}, {37}}, 0, {}},
      {"below a quarter of an equal part", {{5}, {45}}, 0, {{20, 0}}},
      {"as before, and asked already", {{5, 20}, {45}}, 0, {}},
      {"asked politely, and now a client is refused", {{5, 20}, {45}}, 8, {{20, 3}}},
      {"asked for as much already", {{0, 50, 5}, {100}}, 5, {}},
      {"what is reserved may come free", {{0}, {1, 0, 0, false, false, 4}}, 5, {{5, 5}}},
      {"locked rights are nobody's", {{0}, {100, 0, 0, false, true}}, 5, {}},
      {"a locked site does not ask", {{0, 0, 0, false, true}, {100}}, 5, {}},
      {"sold out", {{0}, {0}, {0}}, 1, {}},
  };
  for (const auto& row : table) {
    const auto asked = question(stakes(row.rows), site(1), row.need);
    ASSERT_EQ(asked.has_value(), row.asks.has_value()) << row.why;
    if (asked) {
      EXPECT_EQ(asked->wants, row.asks->first) << row.why;
      EXPECT_EQ(asked->urgent, row.asks->second) << row.why;
    }
  }
}

TEST(EscrowPolicy, WhoGivesHowMuch) {
  using Given = std::vector<std::pair<int, std::uint64_t>>;  // to, amount
  const struct {
    const char* why;
    std::vector<Row> rows;
    std::vector<Given> given;  // by each site
  } table[] = {
      {"nobody asks", {{10}, {0}}, {{}, {}}},
      {"keeps an equal part", {{100}, {0, 80, 0}}, {{{2, 50}}, {}}},
      {"unless a client waits there", {{100}, {0, 80, 80}}, {{{2, 80}}, {}}},
      {"who has the most gives first, and the others need not", {{10}, {30}, {0, 10, 10}}, {{}, {{3, 10}}, {}}},
      {"what the first cannot give the next one does", {{10}, {30}, {0, 35, 35}}, {{{3, 5}}, {{3, 30}}, {}}},
      {"asked again, all give", {{10}, {30}, {0, 10, 10, true}}, {{{3, 10}}, {{3, 10}}, {}}},
      {"two that ask are served one after the other", {{10}, {0, 6, 6}, {0, 6, 6}}, {{{2, 6}, {3, 4}}, {}, {}}},
      {"of two that lack some, one is served", {{3, 2, 2}, {3, 2, 2}}, {{}, {{1, 2}}}},
      {"who lacks what nobody has keeps nothing back for it", {{3, 1, 1}, {0, 1, 1}}, {{{2, 1}}, {}}},
      {"nor is it given a part of it", {{2, 2, 2}, {1}}, {{}, {}}},
      {"neither to nor from who is locked", {{10}, {0, 5, 5, false, true}, {0, 0, 0, true, true}}, {{}, {}, {}}},
      {"nothing to give", {{0}, {0, 5, 5}}, {{}, {}}},
  };
  for (const auto& row : table) {
    const std::vector<Stake> all = stakes(row.rows);
    for (std::size_t i = 0; i < all.size(); ++i) {
      std::vector<std::pair<Origin, std::uint64_t>> expected;
      for (const auto& [to, amount] : row.given[i]) expected.emplace_back(site(to), amount);
      EXPECT_EQ(answers(all, all[i].origin), expected) << row.why << ": dc" << i + 1;
    }
  }
}

}  // namespace
}  // namespace pando::engine::escrow_policy_test
