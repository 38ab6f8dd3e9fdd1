#include "cli/status.h"

#include <gtest/gtest.h>

#include "cli/table.h"

namespace pando::cli {
namespace {

TEST(Table, AlignsAndColours) {
  const std::vector<std::vector<TableCell>> rows = {{{"NAME", Tint::kDim}, {"N", Tint::kDim, true}, {"WHAT"}},
                                                    {{"größe"}, {"12", Tint::kPlain, true}, {"x", Tint::kGood}}};
  EXPECT_EQ(format_table(rows, false),
            "NAME    N  WHAT\n"
            "größe  12  x\n");
  EXPECT_EQ(format_table(rows, true),
            "\x1b[2mNAME\x1b[0m    \x1b[2mN\x1b[0m  WHAT\n"
            "größe  12  \x1b[32mx\x1b[0m\n");
}

TEST(Status, ShowsNamespacesAndLinks) {
  const auto status = nlohmann::ordered_json::parse(R"({"url":"http://h:1","ready":false,"namespaces":[
    {"namespace":"ad","opsReceived":9,"opsFlushed":7,"durable":9,"commits":8,"changes":12,"logSegments":1,"logBytes":1536,
     "conflicts":2,"links":[{"peer":"dc2","state":"up","dialed":true,"behindCommits":1,"receivedCommits":3,"sentCommits":4},
                            {"peer":"10.0.0.7:4001","state":"down: refused","dialed":false,"behindCommits":0,
                             "receivedCommits":0,"sentCommits":0}],"origin":"dc1",
     "converged":[{"peer":"dc2","table":"kv","equal":true,"atMs":1},{"peer":"dc2","table":"row","equal":true,"atMs":1},
                  {"peer":"dc3","table":"kv","equal":false,"atMs":2},{"peer":"dc3","table":"row","equal":true,"atMs":2}]},
    {"namespace":"broken","error":"segment 3: bad checksum"}]})");
  EXPECT_EQ(format_status(status, false),
            "NAMESPACE  STATE  ORIGIN  COMMITS  CHANGES  DURABLE  STORED  SEGMENTS      LOG  CONFLICTS\n"
            "ad         ready  dc1           8       12        9       7         1  1.5 KiB          2\n"
            "broken  down  segment 3: bad checksum\n"
            "\n"
            "NAMESPACE     PEER           LINK           BEHIND  SENT  RECEIVED\n"
            "ad         →  dc2            up                  1     4         3\n"
            "ad         ←  10.0.0.7:4001  down: refused       0     0         0\n"
            "\n"
            "NAMESPACE  PEER  CONVERGED  TABLES\n"
            "ad         dc2   yes        kv, row\n"
            "ad         dc3   no         differ: kv\n"
            "\n"
            "ad: dc1\n"
            "├→ dc2            up, lacks 1 commit of dc1\n"
            "└← 10.0.0.7:4001  down: refused\n");
}

}  // namespace
}  // namespace pando::cli
