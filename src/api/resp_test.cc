// deterministic: floating point, as text for one client.
#include <gtest/gtest.h>

#include <algorithm>

#include "api/resp_chance.h"
#include "api/resp_command.h"
#include "api/resp_feed.h"
#include "api/resp_glob.h"
#include "api/resp_parser.h"
#include "api/resp_session.h"

namespace pando::api::resp_test {
namespace {

struct Host final : RespHost {
  Facts facts() const override {
    return {.version = "1.0", .node_name = "n", .port = 1, .connections = 3, .commands = 5, .resident_bytes = 3 << 19};
  }
  std::int64_t now_us() const override { return 1'700'000'000'000'042; }
  const std::vector<RespDatabase>& databases() const override { return namespaces; }
  RespCursors& cursors() override { return remembered; }
  RespChannels& channels(std::size_t db) override { return db == 0 ? table : table_of_second; }
  SpareMutations& spare() override { return spare_mutations; }
  void list_clients(Bytes&) const override {}
  void listens(std::size_t) override { ++listened; }
  Bytes unique_name() override { return "n." + std::to_string(++names); }
  int listened = 0;
  int names = 0;
  RespCursors remembered;
  RespChannels table;
  RespChannels table_of_second;
  std::vector<RespDatabase> namespaces{{.ns = "ad"}, {.ns = "shop"}};
  SpareMutations spare_mutations;
};

// As a watch tells it.
Change change_of(const Mutation& made) {
  Change change;
  change.table = made.table;
  change.key = made.key;
  change.value = made.value;
  return change;
}

struct Subscriber final : RespSubscriber {
  explicit Subscriber(std::uint64_t number = 7) : id(number) {}
  void on_message(const Bytes* pattern, ByteSpan channel, ByteSpan message) override {
    heard.push_back((pattern == nullptr ? "" : *pattern + " ") + Bytes(channel) + " " + Bytes(message));
  }
  std::uint64_t subscriber_id() const override { return id; }
  std::uint64_t id;
  std::vector<Bytes> heard;
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
      {"*02\r\n$00000003\r\nGET\n\n$1\nk\r\n", "GET|k|;"},         // lengths as nobody writes them
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
  Subscriber subscriber;
  RespSession session(host, subscriber, 7, "p", "l");
  RespPlan plan;
  const struct {
    std::vector<ByteSpan> args;
    std::string want;
  } kRows[] = {
      {{"PING"}, "+PONG\r\n"},
      {{"foo", "a", "b"}, "-ERR unknown command 'foo', with args beginning with: 'a' 'b' \r\n"},
      {{"get"}, "-ERR wrong number of arguments for 'get' command\r\n"},
      {{"select", "2"}, "-ERR DB index is out of range\r\n"},
      {{"time"}, "*2\r\n$10\r\n1700000000\r\n$2\r\n42\r\n"},
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
  Subscriber subscriber;
  RespSession session(host, subscriber, 7, "p", "l");
  RespPlan plan;
  for (const std::vector<ByteSpan>& args : std::vector<std::vector<ByteSpan>>{{"multi"},
                                                                              {"set", "k", "v"},
                                                                              {"del", "a", "b"},
                                                                              {"incr", "n"},
                                                                              {"ping"},
                                                                              {"setnx", "k", "w"},
                                                                              {"type", "k"}}) {
    session.on_command(args, plan);
  }
  session.on_command({"exec"}, plan);
  ASSERT_EQ(plan.requests.size(), 1u);
  const auto& asked = std::get<TxRequest>(plan.requests[0]);
  ASSERT_EQ(asked.items.size(), 5u);
  EXPECT_TRUE(std::holds_alternative<GetTypeRequest>(asked.items[4].request));
  TxReply done;
  for (ReplyBody body : std::initializer_list<ReplyBody>{DoneReply{1, {1}, {{}}}, DoneReply{2, {1, 0}, {{}, {}}},
                                                         DoneReply{1, {42}, {{}}}, DoneReply{1, {0}, {{}}},
                                                         TypeReply{ValueType::kValue}}) {
    done.items.push_back({{}, std::move(body)});
  }
  ItemReply reply;
  reply.body = std::move(done);
  Bytes out;
  session.append_answer(plan, &reply, out);
  EXPECT_EQ(out, "*6\r\n+OK\r\n:1\r\n:42\r\n+PONG\r\n:0\r\n+string\r\n");
}

TEST(RespSession, WatchedKeysAreNamedToExec) {
  Host host;
  Subscriber subscriber;
  RespSession session(host, subscriber, 7, "p", "l");
  RespPlan plan;
  session.on_command({"watch", "a", "b"}, plan);
  ASSERT_EQ(plan.requests.size(), 2u);
  EXPECT_TRUE(plan.waits);
  ItemReply replies[2];
  replies[0].body = EtagReply{"0123456789abcdef"};
  replies[1].body = EtagReply{};
  Bytes out;
  session.append_answer(plan, replies, out);
  EXPECT_EQ(out, "+OK\r\n");
  session.on_command({"multi"}, plan);
  session.on_command({"watch", "c"}, plan);
  EXPECT_EQ(plan.text, "-ERR WATCH inside MULTI is not allowed\r\n");
  session.on_command({"incr", "n"}, plan);
  session.on_command({"exec"}, plan);
  ASSERT_EQ(plan.requests.size(), 1u);
  const auto& seen = std::get<TxRequest>(plan.requests[0]).seen;
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[0].etag, "0123456789abcdef");
  EXPECT_EQ(seen[1].key, "b");
  // Somebody else was first.
  ItemReply late;
  late.body = TxReply{{}, false};
  out.clear();
  session.append_answer(plan, &late, out);
  EXPECT_EQ(out, "*-1\r\n");
  // A transaction forgets what was watched before it.
  session.on_command({"multi"}, plan);
  session.on_command({"incr", "n"}, plan);
  session.on_command({"exec"}, plan);
  EXPECT_TRUE(std::get<TxRequest>(plan.requests[0]).seen.empty());
}

TEST(RespSession, SubscribersHearAndMayDoLittleElse) {
  Host host;
  Subscriber first(1);
  Subscriber second(2);
  RespSession one(host, first, 1, "p", "l");
  RespSession two(host, second, 2, "p", "l");
  RespPlan plan;
  one.on_command({"subscribe", "news", "news"}, plan);
  EXPECT_EQ(plan.text, "*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n");
  one.on_command({"psubscribe", "n*"}, plan);
  EXPECT_EQ(host.listened, 2);
  two.on_command({"publish", "news", "rain"}, plan);
  ASSERT_EQ(plan.requests.size(), 1u);
  const Mutation& made = std::get<WriteRequest>(plan.requests[0]).mutations.at(0);
  ItemReply done;
  done.body = DoneReply{1, {1}, {{}}};
  Bytes out;
  two.append_answer(plan, &done, out);
  EXPECT_EQ(out, ":2\r\n");
  EXPECT_TRUE(first.heard.empty()) << "it is heard when it is written";
  tell_change(change_of(made), 0, host.table);
  EXPECT_EQ(first.heard, (std::vector<Bytes>{"news rain", "n* news rain"}));
  EXPECT_TRUE(second.heard.empty());
  one.on_command({"get", "k"}, plan);
  EXPECT_EQ(plan.text.rfind("-ERR Can't execute 'get'", 0), 0u);
  one.on_command({"ping"}, plan);
  EXPECT_EQ(plan.text, "*2\r\n$4\r\npong\r\n$0\r\n\r\n");
  one.on_command({"unsubscribe"}, plan);
  one.on_command({"punsubscribe"}, plan);
  one.on_command({"get", "k"}, plan);
  EXPECT_EQ(plan.requests.size(), 1u);
  two.on_command({"publish", "news", "sun"}, plan);
  EXPECT_EQ(plan.pending.number, 0);
  for (const Bytes& bad : {Bytes(), Bytes("a\0b", 3), Bytes(kChannelBytesMax + 1, 'x')}) {
    two.on_command({"publish", bad, "x"}, plan);
    EXPECT_EQ(plan.text.rfind("-ERR a channel has", 0), 0u);
  }
}

TEST(RespFeed, ChangesOfKeysAreNotified) {
  Host host;
  Subscriber all(1);
  host.table.subscribe_pattern(all, "__key*__:*");
  const auto tell = [&](std::string table, Bytes key, ChangeKind kind) {
    Change change;
    change.table = std::move(table);
    change.key = std::move(key);
    change.kind = kind;
    tell_change(change, 0, host.table);
  };
  tell("kv", "k", ChangeKind::kPut);
  tell("kv", "k", ChangeKind::kExpire);
  tell("row", "k", ChangeKind::kPut);
  tell("pubsub", "no message", ChangeKind::kPut);
  EXPECT_EQ(all.heard,
            (std::vector<Bytes>{"__key*__:* __keyspace@0__:k set", "__key*__:* __keyevent@0__:set k",
                                "__key*__:* __keyspace@0__:k expire", "__key*__:* __keyevent@0__:expire k"}));
}

TEST(RespSession, ReadsOfStreamsBlockUntilThereIsSomething) {
  Host host;
  Subscriber subscriber;
  RespSession session(host, subscriber, 7, "p", "l");
  RespPlan plan;
  session.on_command({"xread", "block", "50", "streams", "a", "b", "3-1", "$"}, plan);
  ASSERT_EQ(plan.requests.size(), 2u);
  EXPECT_EQ(plan.block_ms, 50);
  EXPECT_TRUE(plan.waits);
  std::vector<ItemReply> replies(2);
  EntriesReply nothing;
  nothing.found = true;
  nothing.top = {9, 9};
  for (ItemReply& reply : replies) reply.body = nothing;
  EXPECT_TRUE(plan.goes_on_waiting(replies.data()));
  EXPECT_EQ(std::get<RangeEntriesRequest>(plan.again[0]).first, (StreamId{3, 2}));
  EXPECT_EQ(std::get<RangeEntriesRequest>(plan.again[1]).first, (StreamId{9, 10})) << "from the end on";
  EXPECT_EQ(std::get<RangeEntriesRequest>(plan.again[1]).last, kStreamIdMax);
  Bytes out;
  session.append_answer(plan, replies.data(), out);
  EXPECT_EQ(out, "*-1\r\n") << "when the time is over";
  std::get<EntriesReply>(replies[1].body).entries.push_back({{10, 0}, {{"f", "v"}}});
  EXPECT_FALSE(plan.goes_on_waiting(replies.data()));
  out.clear();
  session.append_answer(plan, replies.data(), out);
  EXPECT_EQ(out, "*1\r\n*2\r\n$1\r\nb\r\n*1\r\n*2\r\n$4\r\n10-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n");
  // Inside MULTI nothing blocks.
  session.on_command({"multi"}, plan);
  session.on_command({"xread", "block", "0", "streams", "a", "0"}, plan);
  EXPECT_EQ(plan.text, "+QUEUED\r\n");
  EXPECT_LT(plan.block_ms, 0);
}

TEST(RespSession, PopsWaitUntilThereIsSomething) {
  Host host;
  Subscriber subscriber;
  RespSession session(host, subscriber, 7, "p", "l");
  RespPlan plan;
  session.on_command({"blpop", "a", "b", "0.5"}, plan);
  ASSERT_EQ(plan.requests.size(), 1u);
  const auto& pops = std::get<WriteRequest>(plan.requests[0]);
  EXPECT_EQ(pops.mutations.size(), 2u);
  EXPECT_TRUE(pops.until_given && pops.results);
  EXPECT_EQ(plan.block_ms, 500);
  EXPECT_TRUE(plan.waits && plan.takes());
  EXPECT_EQ(plan.pending.names, (std::vector<Bytes>{"a", "b"}));
  ItemReply reply;
  reply.body = DoneReply{2, {0, 0}, {{}, {}}};
  EXPECT_TRUE(plan.goes_on_waiting(&reply));
  Bytes out;
  session.append_answer(plan, &reply, out);
  EXPECT_EQ(out, "*-1\r\n") << "when the time is over";
  reply.body = DoneReply{2, {0, 1}, {{}, {"x"}}};
  EXPECT_FALSE(plan.goes_on_waiting(&reply));
  out.clear();
  session.append_answer(plan, &reply, out);
  EXPECT_EQ(out, "*2\r\n$1\r\nb\r\n$1\r\nx\r\n");
  for (const auto& [bad, text] :
       {std::pair<Bytes, Bytes>{"x", "not a float"}, {"-1", "negative"}, {"1e300", "out of range"}}) {
    session.on_command({"blpop", "a", bad}, plan);
    EXPECT_NE(plan.text.find(text), Bytes::npos) << plan.text;
    EXPECT_TRUE(plan.requests.empty() && plan.block_ms < 0);
  }
  // Inside MULTI nothing blocks.
  session.on_command({"multi"}, plan);
  session.on_command({"blpop", "a", "0"}, plan);
  EXPECT_EQ(plan.text, "+QUEUED\r\n");
  EXPECT_LT(plan.block_ms, 0);
}

TEST(RespSession, SelectsOneOfTheNamespaces) {
  Host host;
  Subscriber subscriber;
  RespSession session(host, subscriber, 7, "p", "l");
  RespPlan plan;
  const auto said = [&](const RespSession::Args& words) {
    session.on_command(words, plan);
    return plan.text.substr(0, plan.text.find_first_of(" \r"));
  };
  EXPECT_EQ(said({"select", "1"}), "+OK");
  EXPECT_EQ(session.database().ns, "shop");
  EXPECT_EQ(said({"select", "2"}), "-ERR");
  EXPECT_EQ(said({"auth", "ad", "any"}), "+OK");
  EXPECT_EQ(session.db(), 0u);
  EXPECT_EQ(said({"auth", "nobody", "any"}), "-WRONGPASS");
  said({"hello", "3", "auth", "shop", "any"});
  EXPECT_EQ(session.db(), 1u);
  EXPECT_EQ(said({"reset"}), "+RESET");
  EXPECT_EQ(session.db(), 0u);
  // What belongs to one database does not go on in another.
  said({"hello", "3"});
  said({"subscribe", "news"});
  EXPECT_EQ(said({"select", "1"}), "-ERR");
  EXPECT_EQ(said({"select", "0"}), "+OK");
  said({"unsubscribe"});
  said({"multi"});
  EXPECT_EQ(said({"select", "1"}), "-ERR");
  EXPECT_EQ(session.db(), 0u);
}

TEST(RespSession, InfoTellsHowItFares) {
  Host host;
  Subscriber subscriber;
  RespSession session(host, subscriber, 7, "p", "l");
  RespPlan plan;
  session.on_command({"info"}, plan);
  EXPECT_TRUE(plan.requests.empty());
  for (const Bytes line :
       {"connected_clients:3\r\n", "used_memory_human:1.50M\r\n", "total_commands_processed:5\r\n"}) {
    EXPECT_NE(plan.text.find(line), Bytes::npos) << line;
  }
  session.on_command({"info", "keyspace"}, plan);
  ASSERT_EQ(plan.requests.size(), 1u);
  ItemReply reply;
  reply.body = MemberCountReply{42, false};
  Bytes out;
  session.append_answer(plan, &reply, out);
  EXPECT_EQ(out, "$45\r\n# Keyspace\r\ndb0:keys=42,expires=0,avg_ttl=0\r\n\r\n");
}

TEST(RespNumbers, AsRedisReadsThem) {
  EXPECT_EQ(resp_integer("-12"), -12);
  for (const ByteSpan bad : {"", "-", "+1", "007", "-0", "1 ", "0x1", "9223372036854775808"}) {
    EXPECT_FALSE(resp_integer(bad)) << bad;
  }
  const struct {
    ByteSpan text;
    std::int64_t thousandths;
  } kRows[] = {{"1.5", 1500}, {"+1.5", 1500}, {"-.25", -250}, {"3.0e3", 3'000'000},
               {"5E-3", 5},   {"0.0010", 1},  {"7.", 7000}};
  for (const auto& row : kRows) {
    EXPECT_EQ(resp_decimal(row.text), Int128{row.thousandths} * (kDecimalUnit / 1000)) << row.text;
  }
  for (const ByteSpan bad : {"", ".", "-", "x", "1e", "inf", "nan", "1e-10", "1e99", "1.2.3"}) {
    EXPECT_FALSE(resp_decimal(bad)) << bad;
  }
}

TEST(RespNumbers, ScoresHaveSeventeenDigitsAndAreNumbersInVersion3) {
  Bytes out;
  RespWriter(out, 2).number(0.1);
  RespWriter(out, 2).number(3);
  RespWriter(out, 3).number(-1.0 / 0.0);
  EXPECT_EQ(out, "$19\r\n0.10000000000000001\r\n$1\r\n3\r\n,-inf\r\n");
}

TEST(RespPicks, AreDifferentOnesOrAnyNumberOfThem) {
  auto some = pick_some(5, 3, 42);
  std::sort(some.begin(), some.end());
  EXPECT_EQ(some.size(), 3u);
  EXPECT_EQ(std::unique(some.begin(), some.end()), some.end());
  EXPECT_EQ(pick_some(5, 99, 1).size(), 5u);
  EXPECT_EQ(pick_some(2, -7, 1).size(), 7u);
  EXPECT_TRUE(pick_some(0, -7, 1).empty());
}

TEST(RespSession, NullsAndMapsByVersion) {
  Host host;
  Subscriber subscriber;
  RespSession session(host, subscriber, 7, "p", "l");
  RespPlan plan;
  const auto answer = [&](ReplyBody body) {
    ItemReply reply;
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
