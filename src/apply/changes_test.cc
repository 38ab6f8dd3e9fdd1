#include "apply/changes.h"

#include <gtest/gtest.h>

#include "model/lob_manifest.h"
#include "store/memory_kv.h"

namespace pando::apply::changes_test {
namespace {

const Dot kDot{{"dc1", 1}, Seq(7)};

Op put(const std::string& table, const Bytes& key, const Bytes& value) {
  return PutOp{{table, key, CellKind::kRegister, ""}, value, {}};
}
Op put_column(const Bytes& key, const Bytes& column) { return PutOp{{"row", key, CellKind::kField, column}, "v", {}}; }
Op remove(const Bytes& key) { return RemoveOp{{"kv", key, CellKind::kRegister, ""}, {kDot}}; }
Op remove_column(const Bytes& key, const Bytes& column) {
  return RemoveOp{{"row", key, CellKind::kField, column}, {kDot}};
}
Op put_field(const Bytes& key, const Bytes& field) { return PutOp{{"kv", key, CellKind::kField, field}, "v", {}}; }
Op remove_field(const Bytes& key, const Bytes& field) { return RemoveOp{{"kv", key, CellKind::kField, field}, {kDot}}; }
Op clear(const std::string& table, const Bytes& key) { return ClearOp{table, key, {}}; }
Op count(const Bytes& key) { return CountOp{{"kv", key, CellKind::kCounter, ""}, Seq(1), 5, 0}; }
Op reset(const Bytes& key) { return CountResetOp{{"kv", key, CellKind::kCounter, ""}, {}}; }

Op join(const Bytes& key, const Bytes& member) { return PutOp{{"kv", key, CellKind::kMember, member}, "", {}}; }
Op leave(const Bytes& key, const Bytes& member) { return RemoveOp{{"kv", key, CellKind::kMember, member}, {kDot}}; }
const CellPath kFlagPath{"kv", "f", CellKind::kFlag, ""};

Commit commit_of(std::vector<Op> ops) {
  Commit commit;
  commit.dot = kDot;
  commit.hlc = Hlc{99};
  commit.ops = std::move(ops);
  return commit;
}

// "put kv/a=1, delete kv/b"
std::string text_of(const Commit& commit) {
  std::string text;
  for (const Change& change : list_changes(commit, LogPos(3), 10)) {
    if (!text.empty()) text += ", ";
    text += std::string(change_kind_name(change.kind)) + " " + change.table + "/" + change.key;
    if (change.value) text += "=" + *change.value;
    for (const Bytes& member : change.members) text += " " + member;
  }
  return text;
}

TEST(Changes, OneRowPerRule) {
  const Bytes manifest = encode_lob_manifest({"u", 1, 1, 0});
  struct Row {
    std::vector<Op> ops;
    const char* expected;
    const char* why;
  };
  const Row rows[] = {
      {{}, "", "a commit without ops"},
      {{put("kv", "a", "1")}, "put kv/a=1", "kv put"},
      {{put("kv", "a", "")}, "put kv/a=", "an empty value is a value"},
      {{remove("a")}, "delete kv/a", "kv delete by dots"},
      {{PutOp{{"kv", "p", CellKind::kLease, "ada"}, "12345678", {}},
        PutOp{{"kv", "p", CellKind::kLease, "ben"}, "12345678", {kDot}},
        RemoveOp{{"kv", "p", CellKind::kLease, "chen"}, {kDot}}},
       "add kv/p ada ben, remove kv/p chen",
       "who came or renewed, and who went"},
      {{PutOp{{".limits", "l", CellKind::kBound, "p"}, "", {}}}, "", "limiters are not data"},
      {{clear("kv", "a")}, "delete kv/a", "kv delete of everything"},
      {{clear("kv", "a"), reset("a")}, "delete kv/a", "a delete of a key that may be a counter"},
      {{reset("a"), clear("kv", "a")}, "delete kv/a", "in either order"},
      {{clear("kv", "a"), put("kv", "a", "1")}, "put kv/a=1", "what stands afterwards"},
      {{put_column("r", "x"), put_column("r", "y")}, "put row/r", "one row, one change"},
      {{remove_column("r", "x"), remove_column("r", "y")}, "delete_columns row/r", "columns"},
      {{put_column("r", "x"), remove_column("r", "y")}, "put row/r", "columns put and deleted"},
      {{put_field("h", "x"), put_field("h", "y")},
       "update kv/h",
       "a row beside other types: its table does not say so"},
      {{remove_field("h", "x")}, "update kv/h", "the same of its fields"},
      {{clear("row", "r")}, "delete_row row/r", "row"},
      {{clear("row", "r"), put_column("r", "x")}, "put row/r", "row replaced"},
      {{put("lob", "o", manifest)}, "put lob/o", "the manifest is ours"},
      {{clear("lob", "o")}, "delete lob/o", "object"},
      {{count("c")}, "incr kv/c", "counter; the value is filled in later"},
      {{reset("c")}, "reset kv/c", "counter"},
      {{join("s", "x"), join("s", "y")}, "add kv/s x y", "members of one set"},
      {{leave("s", "x"), leave("s", "y")}, "remove kv/s x y", "members of one set"},
      {{join("s", "x"), leave("s", "y"), join("s", "z")},
       "add kv/s x, remove kv/s y, add kv/s z",
       "what comes and what goes are told apart"},
      {{clear("kv", "s"), join("s", "x")}, "delete kv/s, add kv/s x", "a set made anew"},
      {{clear("kv", "s")}, "delete kv/s", "a set deleted"},
      {{PutOp{kFlagPath, "", {}}}, "enable kv/f", "flag"},
      {{RemoveOp{kFlagPath, {kDot}}}, "disable kv/f", "flag"},
      {{put("kv", "a", "1"), put("kv", "b", "2")}, "put kv/a=1, put kv/b=2", "two keys"},
      {{put("kv", "a", "1"), put("other", "a", "2")}, "put kv/a=1, put other/a=2", "two tables"},
      {{put("kv", "a", "1"), remove("b"), put("kv", "a", "2")},
       "put kv/a=1, delete kv/b, put kv/a=2",
       "only runs are one change"},
      {{put("kv", "a", "1"), put("kv", "a", "2")}, "put kv/a=2", "the last value of a run"},
      {{put(".merge", "a", "1"), PutOp{chunk_path("u", 0), "bytes", {}}}, "", "internal tables"},
      {{put("kv", "a", "1"), put(".merge", "a", "x"), reset("a")}, "put kv/a=1", "they do not end a run"},
  };
  for (const Row& row : rows) {
    const Commit commit = commit_of(row.ops);
    EXPECT_EQ(text_of(commit), row.expected) << row.why;
    EXPECT_EQ(count_changes(commit), list_changes(commit, LogPos(1), 1).size()) << row.why;
  }
}

TEST(Changes, NumbersPositionsAndStamps) {
  const auto changes = list_changes(commit_of({put("kv", "a", "1"), remove("b")}), LogPos(3), 10);
  ASSERT_EQ(changes.size(), 2u);
  for (std::size_t i = 0; i < changes.size(); ++i) {
    EXPECT_EQ(changes[i].number, 10 + i);
    EXPECT_EQ(changes[i].index, i);
    EXPECT_EQ(changes[i].pos, LogPos(3));
    EXPECT_EQ(changes[i].dot, kDot);
    EXPECT_EQ(changes[i].hlc, Hlc{99});
  }
}

TEST(Changes, CounterValuesAreThoseOfHereAndNow) {
  store::MemoryKv kv;
  const auto cells = *store::Cells::open(kv);
  const auto cell = *cells->load({"kv", "c", CellKind::kCounter, ""});
  cell->counter().count(kDot.origin, kDot.seq, 12, 20);
  cells->changed(*cell, LogPos(1));
  auto changes = list_changes(commit_of({count("c"), reset("none"), put("kv", "a", "1")}), LogPos(1), 1);
  ASSERT_TRUE(fill_counter_values(changes, *cells).ok());
  EXPECT_EQ(changes[0].value, "-8");
  EXPECT_EQ(changes[1].value, "0");
  EXPECT_EQ(changes[2].value, "1");
}

}  // namespace
}  // namespace pando::apply::changes_test
