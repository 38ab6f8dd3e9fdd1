#include "engine/draft.h"

#include <gtest/gtest.h>

#include "apply/apply.h"
#include "base/limits.h"
#include "engine/merge_group.h"
#include "store/memory_kv.h"

namespace pando::engine::draft_test {
namespace {

// One origin deciding and evolving on its own cells.
class Desk {
 public:
  Desk() : cells_(std::move(*store::Cells::open(kv_))) {}

  Draft draft() { return Draft({origin_, cells_->context().get(origin_).next()}, View(*cells_, catalog_, 0), parser_); }
  // Commits the mutations together; the ops that became of them.
  std::vector<Op> commit(const std::vector<Mutation>& mutations) {
    Draft made = draft();
    for (const Mutation& mutation : mutations) {
      const Status status = made.add(mutation);
      EXPECT_TRUE(status.ok()) << status.to_string();
    }
    return enter(made);
  }
  std::vector<Op> enter(Draft& made) {
    Commit commit;
    commit.dot = {origin_, cells_->context().get(origin_).next()};
    commit.hlc = Hlc{commit.dot.seq.value};
    commit.ops = made.take_ops();
    const auto applied = apply::apply(commit, LogPos(++pos_), *cells_);
    EXPECT_TRUE(applied.has_value()) << applied.error().to_string();
    return commit.ops;
  }
  std::string value(ByteSpan key) {
    const auto found = cells_->find_register({std::string(kTableKv), Bytes(key), CellKind::kRegister, {}});
    return *found == nullptr || (*found)->empty() ? "(none)" : (*found)->resolve()->value;
  }
  std::string counter(ByteSpan key) {
    const auto found = cells_->find_counter({std::string(kTableKv), Bytes(key), CellKind::kCounter, {}});
    return *found == nullptr || (*found)->absent() ? "(none)" : std::to_string((*found)->value());
  }
  std::string merged(ByteSpan key) {
    const auto read = read_merged(key, {cells_.get()}, parser_);
    if (!read->reply.found) return "(none)";
    return read->reply.kind == MergedReply::Kind::kCounter ? std::to_string(read->reply.total) : read->reply.value;
  }
  bool has(ByteSpan key, ByteSpan member) {
    return *cells_->find_register({std::string(kTableKv), Bytes(key), CellKind::kMember, Bytes(member)}) != nullptr;
  }
  bool on(ByteSpan key) {
    return *cells_->find_register({std::string(kTableKv), Bytes(key), CellKind::kFlag, {}}) != nullptr;
  }
  std::size_t cells() { return cells_->digest()->cells; }

 private:
  store::MemoryKv kv_;
  std::unique_ptr<store::Cells> cells_;
  Catalog catalog_;
  TypedPayloadParser parser_;
  Origin origin_{"dc1", 1};
  std::uint64_t pos_ = 0;
};

Mutation put(Bytes key, Bytes value) {
  Mutation m;
  m.key = std::move(key);
  m.value = std::move(value);
  return m;
}
Mutation erase(Bytes key) {
  Mutation m;
  m.kind = Mutation::Kind::kDelete;
  m.key = std::move(key);
  return m;
}
Mutation add(Bytes key, std::int64_t delta) {
  Mutation m;
  m.kind = Mutation::Kind::kAdd;
  m.key = std::move(key);
  m.delta = delta;
  return m;
}
Mutation columns(Mutation::Kind kind, Bytes key, Columns columns) {
  Mutation m;
  m.kind = kind;
  m.table = kTableRow;
  m.key = std::move(key);
  m.columns = std::move(columns);
  return m;
}

TEST(Draft, ALaterMutationOfACellFoldsIntoTheEarlierOne) {
  Desk desk;
  EXPECT_EQ(desk.commit({put("k", "1"), put("k", "2")}).size(), 1u);
  EXPECT_EQ(desk.value("k"), "2");
  EXPECT_EQ(desk.commit({put("k", "3"), erase("k")}).size(), 1u);
  EXPECT_EQ(desk.value("k"), "(none)");
  EXPECT_EQ(desk.commit({put("new", "1"), erase("new")}).size(), 0u) << "put and removed: as if it never was";
  desk.commit({put("k", "4")});
  EXPECT_EQ(desk.commit({erase("k"), put("k", "5")}).size(), 1u);
  EXPECT_EQ(desk.value("k"), "5");
  EXPECT_EQ(desk.commit({add("n", 2), add("n", 3)}).size(), 1u);
  EXPECT_EQ(desk.counter("n"), "5");
}

TEST(Draft, CountersResetAndCountOn) {
  Desk desk;
  desk.commit({add("n", 5)});
  desk.commit({erase("n")});
  EXPECT_EQ(desk.counter("n"), "(none)");
  desk.commit({add("n", 1), erase("n"), add("n", 2)});
  EXPECT_EQ(desk.counter("n"), "2");
}

TEST(Draft, ANumberAndACounterTakeEachOthersPlaceInOneCommit) {
  const auto converting = [](Mutation m) {
    m.convert = true;
    return m;
  };
  Desk desk;
  desk.commit({put("n", "10")});
  desk.commit({converting(add("n", 5))});
  EXPECT_EQ(desk.value("n"), "(none)");
  EXPECT_EQ(desk.counter("n"), "15");
  desk.commit({converting(put("n", "x"))});
  EXPECT_EQ(desk.value("n"), "x");
  EXPECT_EQ(desk.counter("n"), "(none)");
  Draft word = desk.draft();
  EXPECT_EQ(word.add(converting(add("n", 1))).code(), StatusCode::kPreconditionFailed);
  Mutation member;
  member.kind = Mutation::Kind::kAddMembers;
  member.key = "s";
  member.members = {"m"};
  desk.commit({member});
  Draft set = desk.draft();
  EXPECT_EQ(set.add(converting(add("s", 1))).code(), StatusCode::kWrongType);
  desk.commit({converting(put("s", "1"))});
  EXPECT_EQ(desk.value("s"), "1");
  // A counter that never counted would not exist: zero stays a value.
  desk.commit({put("z", "-1"), converting(add("z", 1))});
  EXPECT_EQ(desk.value("z"), "0");
  desk.commit({converting(add("new", 0))});
  EXPECT_EQ(desk.value("new"), "0");
  desk.commit({put("max", "9223372036854775807")});
  Draft over = desk.draft();
  EXPECT_EQ(over.add(converting(add("max", 1))).code(), StatusCode::kOutOfRange);
}

TEST(Draft, ResultsTellWhatEachMutationMet) {
  Desk desk;
  desk.commit({put("there", "1")});
  Draft made = desk.draft();
  made.keep_results();
  Mutation absent = put("there", "2");
  absent.when = Mutation::When::kIfAbsent;
  Mutation present = put("there", "3");
  present.when = Mutation::When::kIfPresent;
  for (const Mutation& m : {absent, present, erase("there"), erase("there"), absent, add("c", 4)}) {
    EXPECT_TRUE(made.add(m).ok());
  }
  EXPECT_EQ(made.take_results(), (std::vector<std::int64_t>{0, 1, 1, 0, 1, 4}));
}

TEST(Draft, OverflowIsRefusedAndChangesNothing) {
  Desk desk;
  desk.commit({add("n", INT64_MAX)});
  Draft made = desk.draft();
  EXPECT_EQ(made.add(add("n", 1)).code(), StatusCode::kOutOfRange);
  EXPECT_EQ(desk.counter("n"), std::to_string(INT64_MAX));
}

TEST(Draft, AWriterOfTheWrongTypeIsTold) {
  Desk desk;
  desk.commit({add("n", 1), put("v", "x")});
  Draft made = desk.draft();
  EXPECT_EQ(made.add(put("n", "x")).code(), StatusCode::kWrongType);
  EXPECT_EQ(made.add(add("v", 1)).code(), StatusCode::kWrongType);
  desk.commit({erase("n"), put("n", "now a value")});
  EXPECT_EQ(desk.value("n"), "now a value");
}

TEST(Draft, LimitsAreNamed) {
  Desk desk;
  Draft made = desk.draft();
  EXPECT_EQ(made.add(put("", "v")), Status(StatusCode::kInvalidArgument, "key is empty"));
  const Status large = made.add(put(Bytes(1 << 20, 'k'), "v"));
  EXPECT_EQ(large.code(), StatusCode::kTooLarge);
  EXPECT_EQ(large.message(), "key has 1048576 bytes, the limit is 8192");
  EXPECT_EQ(made.add(put("k", Bytes(limits::kValueBytesMax + 1, 'v'))).code(), StatusCode::kTooLarge);
  EXPECT_EQ(made.add(columns(Mutation::Kind::kPutColumns, "r", {})).message(), "no columns");
}

TEST(Draft, RowsAreClearedByOneOp) {
  Desk desk;
  desk.commit({columns(Mutation::Kind::kPutColumns, "r", {{"a", "1"}, {"b", "2"}, {"c", "3"}})});
  EXPECT_EQ(desk.cells(), 3u);
  EXPECT_EQ(desk.commit({columns(Mutation::Kind::kDeleteColumns, "r", {{"b", ""}, {"never", ""}})}).size(), 1u);
  EXPECT_EQ(desk.cells(), 2u);
  const std::vector<Op> ops = desk.commit({columns(Mutation::Kind::kPutColumns, "r", {{"d", "4"}}),
                                           columns(Mutation::Kind::kDeleteRow, "r", {}),
                                           columns(Mutation::Kind::kPutColumns, "r", {{"e", "5"}})});
  EXPECT_EQ(ops.size(), 2u);
  EXPECT_EQ(desk.cells(), 1u);
}

TEST(Draft, TypedPayloadsOnlyMoveForward) {
  Desk desk;
  const Bytes newer = R"({"value":"new","timestamp":2,"replica":"a"})";
  const Bytes older = R"({"value":"old","timestamp":1,"replica":"b"})";
  desk.commit({put("lww:k", newer)});
  desk.commit({put("lww:k", older)});
  EXPECT_EQ(desk.value("lww:k"), older) << "the member's own bytes";
  EXPECT_EQ(desk.merged("lww:k"), newer);
  desk.commit({erase("lww:k")});
  EXPECT_EQ(desk.merged("lww:k"), "(none)");
  desk.commit({put("counter:k", R"({"replica":"a","count":5})"), put("counter:k", R"({"replica":"b","count":2})")});
  desk.commit({put("counter:k", R"({"replica":"a","count":4})")});
  EXPECT_EQ(desk.merged("counter:k"), "7");
  desk.commit({erase("counter:k"), put("counter:k", R"({"replica":"a","count":1})")});
  EXPECT_EQ(desk.merged("counter:k"), "1") << "what was cleared in the same commit no longer counts";
  Draft made = desk.draft();
  EXPECT_TRUE(made.add(put("lww:k", "garbage")).ok());
  EXPECT_EQ(made.malformed_payloads(), 1u);
}

Mutation members(Mutation::Kind kind, Bytes key, std::vector<Bytes> members) {
  Mutation m;
  m.kind = kind;
  m.key = std::move(key);
  m.members = std::move(members);
  return m;
}
Mutation join(Bytes key, std::vector<Bytes> who) {
  return members(Mutation::Kind::kAddMembers, std::move(key), std::move(who));
}
Mutation leave(Bytes key, std::vector<Bytes> who) {
  return members(Mutation::Kind::kRemoveMembers, std::move(key), std::move(who));
}
Mutation delete_set(Bytes key) { return members(Mutation::Kind::kDeleteSet, std::move(key), {}); }
Mutation enable(Bytes key) { return members(Mutation::Kind::kEnable, std::move(key), {}); }
Mutation disable(Bytes key) { return members(Mutation::Kind::kDisable, std::move(key), {}); }

TEST(Draft, SetsTouchTheirMembersOnlyAndLeaveNothingBehind) {
  Desk desk;
  EXPECT_EQ(desk.commit({join("s", {"a", "b", "c", "b"})}).size(), 3u) << "a member twice is one op";
  EXPECT_EQ(desk.cells(), 3u);
  EXPECT_EQ(desk.commit({join("s", {"b"})}).size(), 1u) << "added anew, so that a removal elsewhere loses";
  EXPECT_EQ(desk.commit({leave("s", {"a", "never"})}).size(), 1u);
  EXPECT_FALSE(desk.has("s", "a"));
  EXPECT_EQ(desk.commit({leave("s", {"b"}), join("s", {"b"})}).size(), 1u);
  EXPECT_TRUE(desk.has("s", "b"));
  EXPECT_EQ(desk.commit({join("s", {"x"}), leave("s", {"x"})}).size(), 0u) << "as if it never was";
  EXPECT_EQ(desk.commit({delete_set("s")}).size(), 1u) << "one op, however many members";
  EXPECT_EQ(desk.cells(), 0u) << "no tombstones";
  desk.commit({join("s", {"a", "b"})});
  EXPECT_EQ(desk.commit({join("s", {"c"}), delete_set("s"), join("s", {"d"})}).size(), 2u);
  EXPECT_EQ(desk.cells(), 1u);
  EXPECT_EQ(desk.commit({erase("s")}).size(), 1u) << "a key is deleted whatever its type";
  EXPECT_EQ(desk.cells(), 0u);
}

TEST(Draft, FlagsAreOnOrLeaveNothingBehind) {
  Desk desk;
  desk.commit({enable("f")});
  EXPECT_TRUE(desk.on("f"));
  EXPECT_EQ(desk.commit({disable("f"), enable("f")}).size(), 1u);
  EXPECT_TRUE(desk.on("f"));
  EXPECT_EQ(desk.commit({disable("f")}).size(), 1u);
  EXPECT_EQ(desk.commit({disable("f")}).size(), 0u);
  EXPECT_EQ(desk.cells(), 0u);
  desk.commit({enable("f")});
  desk.commit({erase("f")});
  EXPECT_FALSE(desk.on("f"));
}

TEST(Draft, EveryWrongTypeIsNamed) {
  Desk desk;
  desk.commit({put("value", "x"), add("counter", 1), enable("flag"), join("set", {"a"})});
  struct Row {
    std::string_view noun;
    Bytes key;
    std::vector<Mutation> writes;  // of this type, at `key`
  };
  const auto writes = [](const Bytes& key) {
    return std::vector<Row>{{"value", key, {put(key, "x")}},
                            {"counter", key, {add(key, 1)}},
                            {"flag", key, {enable(key), disable(key)}},
                            {"set", key, {join(key, {"b"}), leave(key, {"b"}), delete_set(key)}}};
  };
  for (const Bytes key : {"value", "counter", "flag", "set"}) {
    for (const Row& row : writes(key)) {
      for (const Mutation& write : row.writes) {
        Draft made = desk.draft();
        const Status status = made.add(write);
        if (row.noun == key) {
          EXPECT_TRUE(status.ok()) << status.to_string();
        } else {
          EXPECT_EQ(status, Status(StatusCode::kWrongType, "key \"" + key + "\" holds a " + key + ", not a " +
                                                               std::string(row.noun) + "; delete it first"));
        }
      }
    }
  }
}

TEST(Draft, ATypeMayChangeWithinOneDraftAndClashesWithinItAreSeen) {
  Desk desk;
  desk.commit({join("k", {"a", "b"})});
  desk.commit({erase("k"), put("k", "now a value")});
  EXPECT_EQ(desk.value("k"), "now a value");
  EXPECT_EQ(desk.cells(), 1u);
  desk.commit({erase("k"), join("k", {"a"})});
  desk.commit({leave("k", {"a"}), enable("k")});
  EXPECT_TRUE(desk.on("k"));
  desk.commit({disable("k"), add("k", 2)});
  EXPECT_EQ(desk.counter("k"), "2");
  for (const auto& [first, second] : {std::pair(join("n", {"a"}), put("n", "x")), std::pair(enable("n"), add("n", 1)),
                                      std::pair(put("n", "x"), join("n", {"a"})), std::pair(add("n", 1), enable("n")),
                                      std::pair(join("n", {"a"}), enable("n"))}) {
    Draft made = desk.draft();
    EXPECT_TRUE(made.add(first).ok());
    EXPECT_EQ(made.add(second).code(), StatusCode::kWrongType);
  }
}

// What was found of the ops so far is not taken for what they became.
TEST(Draft, ATypeThatIsKnownOfAKeyIsForgottenWithTheKey) {
  const auto fields = [](Columns columns) {
    Mutation made = engine::draft_test::columns(Mutation::Kind::kPutColumns, "k", std::move(columns));
    made.table = kTableKv;
    return made;
  };
  Desk desk;
  desk.commit({fields({{"a", "1"}})});
  Draft made = desk.draft();
  made.view().indexes().learn_type(kTableKv, "k", ValueType::kRow);
  for (const Mutation& mutation : {fields({{"b", "2"}}), fields({{"c", "3"}}), fields({{"d", "4"}}), erase("k")}) {
    EXPECT_TRUE(made.add(mutation).ok());
  }
  EXPECT_TRUE(made.add(join("k", {"m", "n"})).ok());
  EXPECT_EQ(made.add(fields({{"e", "5"}})).code(), StatusCode::kWrongType);
}

TEST(Draft, MembersHaveLimits) {
  Desk desk;
  Draft made = desk.draft();
  EXPECT_EQ(made.add(join("s", {})).message(), "no members");
  EXPECT_EQ(made.add(join("s", {"a", ""})).message(), "member 1: member is empty");
  EXPECT_EQ(made.add(join("s", {Bytes(limits::kElementBytesMax + 1, 'm')})).code(), StatusCode::kTooLarge);
}

}  // namespace
}  // namespace pando::engine::draft_test
