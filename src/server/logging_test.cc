#include "server/logging.h"

#include <gtest/gtest.h>

namespace pando::server {
namespace {

TEST(Logging, AnEventIsAlwaysOneLine) {
  EXPECT_EQ(format_log_line("ready", {}), "msg=ready");
  EXPECT_EQ(format_log_line("link up", {{"ns", "ad"}, {"peer", "127.0.0.1:4001"}}),
            "msg=\"link up\" ns=ad peer=127.0.0.1:4001");
  EXPECT_EQ(format_log_line("x", {{"empty", ""}, {"quote", "a\"b\\c"}, {"equals", "a=b"}}),
            "msg=x empty=\"\" quote=\"a\\\"b\\\\c\" equals=\"a=b\"");
  EXPECT_EQ(format_log_line("x", {{"key", "a\nlevel=error\r\x01"}}), "msg=x key=\"a\\nlevel=error\\x0d\\x01\"");
}

}  // namespace
}  // namespace pando::server
