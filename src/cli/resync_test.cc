#include "cli/resync.h"

#include <gtest/gtest.h>

namespace pando::cli::resync_test {
namespace {

using nlohmann::json;

json table(const char* name, std::uint64_t cells, std::uint64_t keys, std::uint64_t only_there, std::uint64_t bytes) {
  return {{"table", name},           {"cells", cells}, {"keys", keys},   {"onlyHere", 0},
          {"onlyThere", only_there}, {"unlike", 0},    {"bytesHere", 0}, {"bytesThere", bytes}};
}

TEST(Resync, SaysWhatDiffersPerTable) {
  const json answer = {{"peer", "dc2"},
                       {"merged", false},
                       {"aheadCommits", 0},
                       {"behindCommits", 1},
                       {"tables", {table("kv", 1000, 2, 3, 400), table("row", 10, 0, 0, 0)}}};
  EXPECT_EQ(format_resync(answer, false),
            "TABLE  CELLS  KEYS DIFFER  ONLY HERE  ONLY THERE  UNLIKE  BYTES HERE  BYTES THERE\n"
            "kv      1000            2          0           3       0           0          400\n"
            "row       10            0          0           0       0           0            0\n"
            "When they were compared, dc2 lacked 0 commits of this node, and this node 1 commit of dc2.\n"
            "Nothing was changed.\n");
}

TEST(Resync, SaysWhatWasDone) {
  json answer = {{"peer", "dc2"},
                 {"merged", true},
                 {"aheadCommits", 0},
                 {"behindCommits", 0},
                 {"tables", {table("kv", 1000, 0, 0, 0)}}};
  EXPECT_NE(format_resync(answer, false)
                .find("Both had seen the same commits when they were compared.\nNothing differs "
                      "from dc2.\n"),
            std::string::npos);
  answer["tables"][0]["keys"] = 1;
  EXPECT_NE(format_resync(answer, false).find("What dc2 had is merged in here; what only this node had stays.\n"),
            std::string::npos);
}

}  // namespace
}  // namespace pando::cli::resync_test
