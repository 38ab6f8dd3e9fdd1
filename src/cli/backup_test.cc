#include "cli/backup.h"

#include <gtest/gtest.h>

namespace pando::cli::backup_test {
namespace {

using nlohmann::json;

TEST(Backup, SaysWhatItHolds) {
  const json answer = {
      {"path", "monday/ad.backup"}, {"cells", 3}, {"bytes", 4096}, {"context", {{"dc1", 17}, {"dc2", 4}}}};
  EXPECT_EQ(format_backup(answer, false), "monday/ad.backup  3 cells, 4096 bytes\nHolds exactly dc1:17, dc2:4.\n");
  EXPECT_NE(format_backup(answer, true).find("\033[1m"), std::string::npos);
}

TEST(Backup, SaysWhatARestoreDid) {
  json answer = {{"path", "a"}, {"cells", 3}, {"node", "dc1"}, {"context", {{"dc1", 17}}}, {"newsCommits", 0}};
  EXPECT_NE(format_restore(answer, "", false).find("Nothing in it is news here"), std::string::npos);
  answer["newsCommits"] = 2;
  answer["changedCells"] = 5;
  EXPECT_EQ(format_restore(answer, "", false),
            "a  3 cells, made by dc1, holds dc1:17\n2 commits of it were not known here; 5 cells changed.\n");
  answer["dryRun"] = true;
  answer["keysWritten"] = 4;
  answer["keysLeftOut"] = 1;
  EXPECT_EQ(format_restore(answer, "kv", false),
            "a  3 cells, made by dc1, holds dc1:17\n4 keys of table kv would be written again.\n"
            "1 keys cannot be written again (bounded counters, limiters, or too large).\n");
}

TEST(Backup, CommandLinesThatMakeNoSenseAreRefused) {
  for (const Arguments& args : std::vector<Arguments>{{"restore"},
                                                      {"backup"},
                                                      {"restore", "a", "--as", "copy"},
                                                      {"restore", "a", "--as", "clone"},
                                                      {"restore", "a", "--into", "d", "--dry-run"},
                                                      {"restore", "a", "--into", "d", "--foreign"}}) {
    const auto command = parse_command_line(args);
    ASSERT_FALSE(command);
    EXPECT_NE(command.error().message().find("see: pando help"), std::string::npos) << command.error().message();
  }
  const auto command = parse_command_line({"restore", "a", "--into", "d", "--as", "clone", "--table", "t"});
  ASSERT_TRUE(command);
  const auto& restore = std::get<RestoreCommand>(*command);
  EXPECT_TRUE(restore.clone);
  EXPECT_EQ(restore.into, "d");
  EXPECT_EQ(restore.table, "t");
}

}  // namespace
}  // namespace pando::cli::backup_test
