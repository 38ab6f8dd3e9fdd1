#include "model/table_scope.h"

#include <gtest/gtest.h>

namespace pando::table_scope_test {
namespace {

TEST(TableSet, HasWhatItNamesAndWhatIsAlwaysThere) {
  struct Row {
    const char* table;
    bool in_named;  // {"kv", "alerts"}
    bool in_none;
  };
  const Row rows[] = {
      {"kv", true, false},        {"alerts", true, false}, {"row", false, false}, {"lob", false, false},
      {".merge", true, false},  // is about keys of kv
      {".lob", false, false},   // holds what objects of lob are made of
      {".uploads", false, false}, {".tables", true, true}, {".once", true, true}, {".vouches", true, true},
  };
  const TableSet named = TableSet::of({"kv", "alerts", "kv"});
  const TableSet none = TableSet::of({});
  for (const Row& row : rows) {
    EXPECT_TRUE(TableSet{}.has(row.table)) << row.table;
    EXPECT_EQ(named.has(row.table), row.in_named) << row.table;
    EXPECT_EQ(none.has(row.table), row.in_none) << row.table;
  }
  EXPECT_EQ(to_string(named), "alerts, kv");
  EXPECT_EQ(to_string(none), "no tables");
}

TEST(TableSet, InclusionAndIntersection) {
  const TableSet all;
  const TableSet ab = TableSet::of({"a", "b"});
  const TableSet b = TableSet::of({"b"});
  const TableSet bc = TableSet::of({"b", "c"});
  EXPECT_TRUE(all.includes(all) && all.includes(ab) && ab.includes(b) && ab.includes(ab));
  EXPECT_FALSE(ab.includes(all) || b.includes(ab) || ab.includes(bc));
  EXPECT_EQ(both(ab, bc), b);
  EXPECT_EQ(both(bc, ab), b);
  EXPECT_EQ(both(all, ab), ab);
  EXPECT_EQ(both(ab, all), ab);
}

TEST(TableFilter, TablesOfTheSetButNotOfTheList) {
  const TableFilter filter{TableSet::of({"alerts", "kv"}), {"alerts"}};
  EXPECT_TRUE(filter.has("kv") && filter.has(".tables"));
  EXPECT_FALSE(filter.has("alerts") || filter.has("row"));
  EXPECT_FALSE((TableFilter{{}, {"lob"}}.has(".lob")));
  EXPECT_EQ(both(filter, TableFilter{{}, {"kv"}}), (TableFilter{TableSet::of({"alerts", "kv"}), {"alerts", "kv"}}));
  Bytes bytes;
  Writer out(bytes);
  encode(filter, out);
  EXPECT_EQ(bytes, Bytes("\x00\x02\x06"
                         "alerts\x02kv\x01\x06"
                         "alerts",
                         20));
  Reader in(bytes);
  EXPECT_EQ(decode_table_filter(in), filter);
  EXPECT_TRUE(in.finish().ok());
}

TEST(TableSet, MalformedOnesAreRefused) {
  for (const Bytes& bad : {Bytes("\x02", 1),
                           Bytes("\x00\x02\x01"
                                 "b\x01"
                                 "a",
                                 6),
                           Bytes("\x00\x01\x01"
                                 "A",
                                 4)}) {
    Reader in(bad);
    (void)decode_table_set(in);
    EXPECT_FALSE(in.finish().ok());
  }
}

}  // namespace
}  // namespace pando::table_scope_test
