// Matching of patterns, with a table of the test's own.
#include "api/route.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace pando::api::route_test {
namespace {

constexpr RouteRow kRows[] = {
    {.method = Method::kGet, .path = "/{ns}/docs/{key}/size", .id = "size"},
    {.method = Method::kGet, .path = "/{ns}/docs/{key}", .id = "whole"},
    {.method = Method::kPut, .path = "/{ns}/docs/{key}", .id = "put"},
    {.method = Method::kGet, .path = "/{ns}/docs/{key}/{path...}", .id = "part"},
    {.method = Method::kPatch, .path = "/{ns}/docs/{key}/{path...}", .id = "patch"},
    {.method = Method::kPost, .path = "/{ns}/lists/{key}/items/{index}/move/{to}", .id = "move"},
    {.method = Method::kGet, .path = "/{ns}/tables/{table}/{key}", .id = "record"},
    {.method = Method::kGet, .path = "/about/{what}", .id = "about"},
};

const RouteTable& table() {
  static const RouteTable made({Area{"test", "", kRows, {}}});
  return made;
}

TEST(RouteTable, CapturesGoWhereTheHeaderSays) {
  struct Row {
    const char* why;
    Method method;
    std::string target;
    std::string_view operation;
    Bytes key;
    std::string table;
    std::vector<Bytes> words;
  };
  const Row rows[] = {
      {"no tail", Method::kGet, "/api/v1/n/docs/k", "whole", "k", "", {}},
      {"a literal comes before a tail", Method::kGet, "/api/v1/n/docs/k/size", "size", "k", "", {}},
      {"a tail of one", Method::kGet, "/api/v1/n/docs/k/a%2Fb", "part", "k", "", {"a/b"}},
      {"a longer tail", Method::kPatch, "/api/v1/n/docs/k/size/b//c", "patch", "k", "", {"size", "b", "", "c"}},
      {"a tail beyond what is split at first",
       Method::kGet,
       "/api/v1/n/docs/k/1/2/3/4/5/6/7/8",
       "part",
       "k",
       "",
       {"1", "2", "3", "4", "5", "6", "7", "8"}},
      {"words, in order", Method::kPost, "/api/v1/n/lists/k/items/3/move/7", "move", "k", "", {"3", "7"}},
      {"a table", Method::kGet, "/api/v1/n/tables/users/7", "record", "7", "users", {}},
      {"at the root", Method::kHead, "/about/us", "about", "", "", {"us"}},
  };
  for (const Row& row : rows) {
    const auto call = route_in(table(), row.method, row.target);
    ASSERT_TRUE(call.has_value()) << row.why << ": " << call.error().text;
    EXPECT_EQ(call->operation(), row.operation) << row.why;
    EXPECT_EQ(call->key, row.key) << row.why;
    EXPECT_EQ(call->table, row.table) << row.why;
    EXPECT_EQ(call->words, row.words) << row.why;
  }
}

TEST(RouteTable, Refusals) {
  std::string deep = "/api/v1/n/docs/k";
  for (std::size_t i = 0; i <= limits::kPathWordsMax; ++i) deep += "/x";
  struct Row {
    const char* why;
    Method method;
    std::string target;
    int status;
    std::string text;
    std::string allow;
  };
  const Row rows[] = {
      {"a tail has at least one segment", Method::kPatch, "/api/v1/n/docs/k", 405, "method not allowed",
       "GET, HEAD, PUT"},
      {"methods of every row of this shape", Method::kPost, "/api/v1/n/docs/k/size", 405, "method not allowed",
       "GET, HEAD, PATCH"},
      {"longer than any row without a tail", Method::kPost, "/api/v1/n/lists/k/items/3/move/7/8", 404,
       "route not found: /api/v1/n/lists/k/items/3/move/7/8", ""},
      {"shorter", Method::kPost, "/api/v1/n/lists/k/items/3", 404, "route not found: /api/v1/n/lists/k/items/3", ""},
      {"a namespace alone", Method::kGet, "/api/v1/n", 404, "route not found: /api/v1/n", ""},
      {"nothing", Method::kGet, "", 404, "route not found: ", ""},
      {"a bad escape in a tail", Method::kGet, "/api/v1/n/docs/k/a/%z", 400,
       "invalid percent-encoding in path at byte 0", ""},
      {"a bad table name", Method::kGet, "/api/v1/n/tables/No/7", 400, validate_table_name("No").message(), ""},
      {"too deep", Method::kGet, deep, 400, "path has more than 64 segments", ""},
  };
  for (const Row& row : rows) {
    const auto call = route_in(table(), row.method, row.target);
    ASSERT_FALSE(call.has_value()) << row.why;
    EXPECT_EQ(call.error().status, row.status) << row.why;
    EXPECT_EQ(call.error().text, row.text) << row.why;
    EXPECT_EQ(call.error().allow, row.allow) << row.why;
  }
}

// Routes of the contract say {"error":"text"}; all others say what to do, too.
TEST(RouteTable, ErrorsAreBareWhereTheContractWantsIt) {
  constexpr std::string_view kRich =
      "{\"error\":\"key \\\"k\\\" holds a set\",\"code\":\"wrong_type\",\"hint\":\"use the key as what it holds, or "
      "delete it "
      "first\"}\n";
  const RouteTable bare({Area{"test", "", kRows, {}, /*bare_errors=*/true}});
  const Reply failed = Reply::failure(Status(StatusCode::kWrongType, "key \"k\" holds a set"));
  Bytes body;
  EXPECT_EQ(append_reply(*route_in(table(), Method::kGet, "/api/v1/n/docs/k"), failed, body), 409);
  EXPECT_EQ(body, kRich);
  body.clear();
  EXPECT_EQ(append_reply(*route_in(bare, Method::kGet, "/api/v1/n/docs/k"), failed, body), 409);
  EXPECT_EQ(body, "{\"error\":\"key \\\"k\\\" holds a set\"}\n");
}

void write_done(Bytes& out, const Call&, const DoneReply&) { out += "done"; }
void write_present(Bytes& out, const Call&, const PresenceReply&) { out += "present"; }

// One reply function, several alternatives; what the node must not answer is a 500 and no crash.
TEST(ReplyWith, PicksTheWriterOfWhatCame) {
  const auto answer = [](const ReplyBody& body) {
    Bytes out;
    const int status = reply_with<write_done, write_present>(Call{}, body, out);
    return std::to_string(status) + " " + out;
  };
  EXPECT_EQ(answer(DoneReply{}), "200 done\n");
  EXPECT_EQ(answer(PresenceReply{}), "200 present\n");
  EXPECT_EQ(answer(ListReply{}), "500 {\"error\":\"the node answered something this route does not know\"}\n");
}

}  // namespace
}  // namespace pando::api::route_test
