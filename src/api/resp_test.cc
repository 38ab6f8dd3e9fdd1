#include <gtest/gtest.h>

#include "api/resp_command.h"
#include "api/resp_glob.h"
#include "api/resp_parser.h"
#include "api/resp_session.h"

namespace pando::api::resp_test {
namespace {

struct Host final : RespHost {
  Facts facts() const override { return {"1.0", "n", true, 1, 2, 3, 4, 5}; }
  RespCursors& cursors() override { return remembered; }
  void list_clients(Bytes&) const override {}
  RespCursors remembered;
};

// Every command in `bytes`, words joined by '|', then what is left of it: "…" for more, or the error.
std::string parsed(ByteSpan bytes, std::size_t step) {
  RespParser parser;
  std::string out;
  std::size_t begin = 0;
  for (std::size_t end = std::min(step, bytes.size());; end = std::min(end + step, bytes.size())) {
    while (true) {
      const auto got = parser.parse(bytes.substr(begin, end - begin));
      if (got == RespParser::Got::kError) return out + parser.error();
      if (got == RespParser::Got::kMore) break;
      for (const ByteSpan word : parser.args()) out += std::string(word) + "|";
      out += ";";
      begin += parser.consumed();
    }
    if (end == bytes.size()) return out + (begin < end ? "…" : "");
  }
}

TEST(RespParser, RequestsWholeAndByteByByte) {
  const std::string big(70'000, 'x');
  const struct {
    std::string bytes;
    std::string want;
  } kRows[] = {
      {"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n", "GET|k|;"},
      {"*1\r\n$0\r\n\r\n", "|;"},
      {"*2\r\n$3\r\nGET\r\n$2\r\n\r\n\r\n", "GET|\r\n|;"},         // a value is any bytes
      {"*0\r\n*-1\r\nPING\r\n", ";;PING|;"},                       // nothing asked, nothing answered
      {"PING\nPING\r\n\r\n", "PING|;PING|;;"},                     // a line may end without CR
      {"SET k \"a \\x41\\n\"  'b\\'c'\r\n", "SET|k|a A\n|b'c|;"},  // quoting
      {"SET k \"a\r\n", "Protocol error: unbalanced quotes in request"},
      {"SET k \"a\"b\r\n", "Protocol error: unbalanced quotes in request"},
      {"*x\r\n", "Protocol error: invalid multibulk length"},
      {"*1048577\r\n", "Protocol error: invalid multibulk length"},
      {"*1\r\nGET\r\n", "Protocol error: expected '$', got 'G'"},
      {"*1\r\n$-1\r\n", "Protocol error: invalid bulk length"},
      {"*1\r\n$99999999999\r\n", "Protocol error: invalid bulk length"},
      {big, "Protocol error: too big inline request"},
      {"*" + big, "Protocol error: too big mbulk count string"},
      {"*1\r\n$" + big, "Protocol error: too big bulk count string"},
      {"*2\r\n$3\r\nGET\r\n$1\r\n", "…"},
  };
  for (const auto& row : kRows) {
    EXPECT_EQ(parsed(row.bytes, row.bytes.size()), row.want) << row.bytes.substr(0, 40);
    EXPECT_EQ(parsed(row.bytes, 1), row.want) << row.bytes.substr(0, 40);
  }
}

TEST(RespGlob, AsRedisMatches) {
  const struct {
    std::string_view pattern, text;
    bool matches;
  } kRows[] = {
      {"*", "", true},
      {"*", "abc", true},
      {"a*c", "abbc", true},
      {"a*c", "abcd", false},
      {"h?llo", "hello", true},
      {"h[ae]llo", "hallo", true},
      {"h[^e]llo", "hello", false},
      {"h[a-c]llo", "hbllo", true},
      {"h\\*o", "h*o", true},
      {"h\\*o", "hxo", false},
      {"", "a", false},
      {"*a*b*", "xxayybzz", true},
      {"[c-a]", "b", true},
      {"a[", "a[", false},
  };
  for (const auto& row : kRows) EXPECT_EQ(glob_match(row.pattern, row.text), row.matches) << row.pattern << row.text;
  EXPECT_EQ(glob_prefix("user:*"), "user:");
  const std::string hostile(2000, 'a');
  EXPECT_FALSE(glob_match("*a*a*a*a*a*a*a*a*b", hostile));
}

TEST(RespCommands, TableIsSortedAndFoundInAnyCase) {
  const auto& all = resp_commands();
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i > 0) {
      EXPECT_LT(all[i - 1].name, all[i].name);
    }
    EXPECT_EQ(find_resp_command(all[i].name), &all[i]);
  }
  EXPECT_NE(find_resp_command("gEt"), nullptr);
  EXPECT_EQ(find_resp_command("a-name-longer-than-any-command"), nullptr);
}

TEST(RespSession, AnswersWithoutTheNode) {
  Host host;
  RespSession session(host, 7, "p", "l");
  RespPlan plan;
  const struct {
    std::vector<ByteSpan> args;
    std::string want;
  } kRows[] = {
      {{"PING"}, "+PONG\r\n"},
      {{"foo", "a", "b"}, "-ERR unknown command 'foo', with args beginning with: 'a' 'b' \r\n"},
      {{"get"}, "-ERR wrong number of arguments for 'get' command\r\n"},
      {{"select", "1"}, "-ERR DB index is out of range\r\n"},
      {{"set", "k", "v", "nx", "xx"}, "-ERR syntax error\r\n"},
      {{"exec"}, "-ERR EXEC without MULTI\r\n"},
      {{"scan", "5"}, "-ERR invalid cursor\r\n"},
      {{"client", "id"}, ":7\r\n"},
      {{"client", "getname"}, "$-1\r\n"},
      {{"incrby", "k", "x"}, "-ERR value is not an integer or out of range\r\n"},
      {{"multi"}, "+OK\r\n"},
      {{"set", "k", "v"}, "+QUEUED\r\n"},
      {{"discard"}, "+OK\r\n"},
      {{"multi"}, "+OK\r\n"},
      {{"nope"}, "-ERR unknown command 'nope', with args beginning with: \r\n"},
      {{"exec"}, "-EXECABORT Transaction discarded because of previous errors.\r\n"},
      {{"hello", "4"}, "-NOPROTO unsupported protocol version\r\n"},
      {{"reset"}, "+RESET\r\n"},
  };
  for (const auto& row : kRows) {
    session.on_command(row.args, plan);
    EXPECT_TRUE(plan.requests.empty());
    EXPECT_EQ(plan.text, row.want);
  }
}

TEST(RespSession, TransactionIsOneWriteAndSplitsItsResults) {
  Host host;
  RespSession session(host, 7, "p", "l");
  RespPlan plan;
  for (const std::vector<ByteSpan>& args : std::vector<std::vector<ByteSpan>>{
           {"multi"}, {"set", "k", "v"}, {"del", "a", "b"}, {"incr", "n"}, {"setnx", "k", "w"}}) {
    session.on_command(args, plan);
  }
  session.on_command({"exec"}, plan);
  ASSERT_EQ(plan.requests.size(), 1u);
  EXPECT_EQ(std::get<WriteRequest>(plan.requests[0]).mutations.size(), 7u);
  Reply reply;
  reply.body = DoneReply{7, {1, 0, 1, 0, 0, 42, 0}};
  Bytes out;
  session.append_answer(plan, &reply, out);
  EXPECT_EQ(out, "*4\r\n+OK\r\n:1\r\n:42\r\n:0\r\n");
}

TEST(RespSession, NullsAndMapsByVersion) {
  Host host;
  RespSession session(host, 7, "p", "l");
  RespPlan plan;
  const auto answer = [&](ReplyBody body) {
    Reply reply;
    reply.body = std::move(body);
    Bytes out;
    session.append_answer(plan, &reply, out);
    return out;
  };
  session.on_command({"get", "k"}, plan);
  EXPECT_EQ(answer(ValueReply{}), "$-1\r\n");
  session.on_command({"hgetall", "k"}, plan);
  EXPECT_EQ(answer(RowReply{true, {{"f", "v"}}}), "*2\r\n$1\r\nf\r\n$1\r\nv\r\n");
  session.on_command({"hello", "3"}, plan);
  session.on_command({"get", "k"}, plan);
  EXPECT_EQ(answer(ValueReply{}), "_\r\n");
  session.on_command({"hgetall", "k"}, plan);
  EXPECT_EQ(answer(RowReply{true, {{"f", "v"}}}), "%1\r\n$1\r\nf\r\n$1\r\nv\r\n");
}

}  // namespace
}  // namespace pando::api::resp_test
