// A node comes to take more tables while it runs: they arrive by a cut of a peer, then by its log; nothing is deleted,
// revived or counted twice on the way, whenever the process ends.
#include <optional>

#include "node/resync_suite.h"
#include "store/cell_cursor.h"

namespace pando::node::scope_test {
namespace {

using Site = ResyncSite;
using Wire = ResyncWire;

TableScope scope_of(std::vector<std::string> publish, std::vector<std::string> subscribe) {
  return {TableSet::of(std::move(publish)), TableSet::of(std::move(subscribe))};
}

void put(Site& site, const std::string& table, const std::string& key, const Bytes& value) {
  const CellPath path{table, key, CellKind::kRegister, ""};
  std::vector<Dot> seen;
  if (const auto reg = site.replica().cells().find_register(path); reg && *reg != nullptr) seen = (*reg)->dots();
  site.commit({PutOp{path, value, seen}});
}
void remove(Site& site, const std::string& table, const std::string& key) {
  site.commit({ClearOp{table, key, site.replica().cells().context()}});
}
void count(Site& site, const std::string& table, const std::string& key, std::int64_t by) {
  const CellPath path{table, key, CellKind::kCounter, ""};
  const auto counter = site.replica().cells().find_counter(path);
  const crdt::Counter none;
  site.commit({*crdt::add_op(*counter == nullptr ? none : **counter, path, site.replica().next_dot(), by)});
}

// All cells of a table, as text.
std::string contents(Site& site, const std::string& table) {
  std::string text;
  store::CellCursor at = site.replica().cells().scan(table, {}, {});
  for (; at.valid(); at.next()) {
    Bytes state;
    store::encode_cell_state(at.cell(), state);
    text += at.path().key + "=" + state + " ";
  }
  return text;
}

std::string value(Site& site, const std::string& table, const std::string& key) {
  const auto reg = site.replica().cells().find_register({table, key, CellKind::kRegister, ""});
  return *reg == nullptr || (*reg)->empty() ? "(none)" : (*reg)->resolve()->value;
}
std::int64_t counted(Site& site, const std::string& table, const std::string& key) {
  const auto counter = site.replica().cells().find_counter({table, key, CellKind::kCounter, ""});
  return *counter == nullptr ? 0 : (*counter)->value();
}

Status set_scope(Site& site, const TableScope& scope, bool discard = false) {
  const Status status = site.replica().set_scope(scope, discard);
  if (status.ok()) site.peers().greet_anew("the scope has changed");
  site.settle_disk();
  return status;
}

// Dials again where a link was ended by name, as dialers do.
void run(const std::vector<Site*>& sites, const std::vector<Wire*>& wires, int turns) {
  for (; turns > 0; --turns) {
    for (Wire* wire : wires) wire->run(1);
    bool ended = false;
    for (Site* site : sites) ended = ended || !std::exchange(site->out().link_closes, {}).empty();
    if (!ended) continue;
    for (Wire* wire : wires) {
      wire->disconnect();
      wire->connect();
    }
  }
}

bool settle(const std::vector<Site*>& sites, const std::vector<Wire*>& wires) {
  for (int i = 0; i < 400; ++i) {
    run(sites, wires, 50);
    bool same = true;
    for (Site* site : sites) {
      same = same && !site->replica().any_arrives() &&
             site->replica().durable_context() == sites.front()->replica().durable_context();
    }
    if (same) return true;
  }
  return false;
}

void fill(Site& cloud) {
  for (int i = 0; i < 40; ++i) put(cloud, "thresholds", key_of(i), fmt::format("limit {}", i));
  for (int i = 0; i < 40; i += 4) remove(cloud, "thresholds", key_of(i));
  count(cloud, "thresholds", "changes", 40);
  put(cloud, "kv", "site", "north");
}

TEST(Scope, ATableTakenAnewArrivesByMergeAndThenTails) {
  Site cloud("cloud");
  Site edge("edge", {}, {}, scope_of({"alerts"}, {"kv"}));
  Wire wire(cloud, edge);
  fill(cloud);
  put(edge, "alerts", "a1", "hot");
  put(edge, "readings", "r1", "20");
  ASSERT_TRUE(settle({&cloud, &edge}, {&wire}));
  EXPECT_EQ(contents(edge, "thresholds"), "");

  ASSERT_TRUE(set_scope(edge, scope_of({"alerts"}, {"kv", "thresholds"})).ok());
  EXPECT_TRUE(edge.replica().arrives("thresholds"));
  EXPECT_EQ(edge.replica().check_arrived("thresholds").code(), StatusCode::kUnavailable);
  EXPECT_TRUE(edge.replica().check_arrived("kv").ok());
  EXPECT_FALSE(edge.replica().shared().has("thresholds"));
  ASSERT_TRUE(settle({&cloud, &edge}, {&wire}));
  EXPECT_EQ(contents(edge, "thresholds"), contents(cloud, "thresholds"));
  EXPECT_EQ(counted(edge, "thresholds", "changes"), 40);
  EXPECT_TRUE(edge.replica().check_arrived("thresholds").ok());

  put(cloud, "thresholds", key_of(1), "newer");
  remove(cloud, "thresholds", key_of(2));
  count(cloud, "thresholds", "changes", 2);
  ASSERT_TRUE(settle({&cloud, &edge}, {&wire}));
  EXPECT_EQ(value(edge, "thresholds", key_of(1)), "newer");
  EXPECT_EQ(value(edge, "thresholds", key_of(2)), "(none)");
  EXPECT_EQ(counted(edge, "thresholds", "changes"), 42);
  EXPECT_EQ(value(cloud, "readings", "r1"), "(none)");
  EXPECT_EQ(contents(edge, "thresholds"), contents(cloud, "thresholds"));
}

TEST(Scope, WhatIsWrittenWhileATableArrivesCountsOnce) {
  Site cloud("cloud");
  Site edge("edge", {}, {}, scope_of({"alerts"}, {"kv"}));
  Wire wire(cloud, edge);
  fill(cloud);
  ASSERT_TRUE(settle({&cloud, &edge}, {&wire}));
  ASSERT_TRUE(set_scope(edge, scope_of({"alerts"}, {"kv", "thresholds"})).ok());
  for (int i = 0; i < 60; ++i) {
    count(cloud, "thresholds", "changes", 1);
    put(cloud, "thresholds", key_of(i), fmt::format("again {}", i));
    if (i % 3 == 0) remove(cloud, "thresholds", key_of(i + 1));
    put(edge, "alerts", "a1", fmt::format("{}", i));
    run({&cloud, &edge}, {&wire}, 3);
  }
  ASSERT_TRUE(settle({&cloud, &edge}, {&wire}));
  EXPECT_EQ(contents(edge, "thresholds"), contents(cloud, "thresholds"));
  EXPECT_EQ(counted(edge, "thresholds", "changes"), 100);
}

// The cut comes from one, and another one's commit is here before that one has it.
TEST(Scope, WhatTheCutHasNotSeenIsDoneToItsCells) {
  Site cloud("cloud");
  Site south("south");
  Site edge("edge", {}, {}, scope_of({"alerts"}, {"kv"}));
  Wire between(cloud, south, 200);
  Wire to_cloud(cloud, edge);
  Wire to_south(south, edge, 100);
  fill(cloud);
  put(south, "thresholds", "its", "own");
  ASSERT_TRUE(settle({&cloud, &south, &edge}, {&between, &to_cloud, &to_south}));
  between.disconnect();
  ASSERT_TRUE(set_scope(edge, scope_of({"alerts"}, {"kv", "thresholds"})).ok());
  to_south.disconnect();
  to_cloud.disconnect();
  (void)std::exchange(edge.out().link_closes, {});
  to_south.connect();
  to_cloud.connect();  // is asked first
  to_cloud.holds_commits = true;
  const std::vector<Site*> sites = {&cloud, &south, &edge};
  const std::vector<Wire*> wires = {&to_cloud, &to_south};
  run({&cloud, &edge}, {&to_cloud}, 3);
  for (int i = 0; i < 20; ++i) {
    remove(south, "thresholds", key_of(i));
    count(south, "thresholds", "changes", 5);
    put(south, "thresholds", key_of(i + 15), "from south");
    run(sites, wires, 1);
  }
  to_cloud.release();
  run(sites, wires, 300);
  EXPECT_FALSE(edge.replica().any_arrives());
  EXPECT_EQ(counted(edge, "thresholds", "changes"), 140);
  EXPECT_EQ(contents(edge, "thresholds"), contents(south, "thresholds"));
  between.connect();
  ASSERT_TRUE(settle({&cloud, &south, &edge}, {&between, &to_cloud, &to_south}));
  EXPECT_EQ(contents(edge, "thresholds"), contents(cloud, "thresholds"));
}

int parts_noted(Site& site) {
  int parts = 0;
  for (const Note& note : site.out().notes) {
    parts += note.text.find("a part of tables that arrive") == std::string::npos ? 0 : 1;
  }
  return parts;
}

// More than is held in memory at once: it goes in part by part, and none of it is seen before all is there.
TEST(Scope, ALargeTableArrivesInParts) {
  constexpr std::size_t kPart = 64 << 10;
  constexpr int kKeys = 400;
  Site cloud("cloud");
  Site edge("edge", {}, {}, scope_of({"alerts"}, {"kv"}));
  edge.arrive_in_parts(kPart);
  Wire wire(cloud, edge);
  fill(cloud);
  for (int i = 0; i < kKeys; ++i) put(cloud, "thresholds", fmt::format("large {}", i), Bytes(5000, 'x'));
  ASSERT_TRUE(settle({&cloud, &edge}, {&wire}));
  ASSERT_TRUE(set_scope(edge, scope_of({"alerts"}, {"kv", "thresholds"})).ok());
  int parts = 0;
  for (int i = 0; i < 2000 && edge.replica().any_arrives(); ++i) {
    EXPECT_EQ(edge.replica().check_arrived("thresholds").code(), StatusCode::kUnavailable);
    edge.out().notes.clear();
    run({&cloud, &edge}, {&wire}, 1);
    parts += parts_noted(edge);
    if (i % 10 == 0) count(cloud, "thresholds", "changes", 1);
    if (i % 10 == 5) remove(cloud, "thresholds", fmt::format("large {}", i));
  }
  EXPECT_GE(parts, 10);
  ASSERT_TRUE(settle({&cloud, &edge}, {&wire}));
  EXPECT_EQ(contents(edge, "thresholds"), contents(cloud, "thresholds"));
  const std::string before = contents(edge, "thresholds");
  wire.disconnect();
  edge.restart();
  EXPECT_FALSE(edge.replica().any_arrives());
  EXPECT_EQ(contents(edge, "thresholds"), before);
}

// A site that begins with an empty directory, and gets much more than is held in memory at once.
class BeginsEmpty : public ::testing::Test {
 protected:
  static constexpr std::size_t kPart = 64 << 10;

  BeginsEmpty() {
    fresh_.arrive_in_parts(kPart);
    fill(full_);
    for (int i = 0; i < kKeys; ++i) put(full_, "kv", fmt::format("large {}", i), Bytes(5000, 'x'));
    full_.checkpoint();
    full_.cut_log();
    wire_.emplace(full_, fresh_);
  }
  void expect_same() {
    ASSERT_TRUE(settle({&full_, &fresh_}, {&*wire_}));
    EXPECT_TRUE(fresh_.replica().health().ok());
    EXPECT_EQ(fresh_.replica().holds(), TableSet{});
    for (const char* table : {"kv", "thresholds"}) EXPECT_EQ(contents(fresh_, table), contents(full_, table));
    EXPECT_EQ(fresh_.digest(), full_.digest());
  }

  static constexpr int kKeys = 400;
  Site full_{"full"};
  Site fresh_{"fresh"};
  std::optional<Wire> wire_;
};

TEST_F(BeginsEmpty, AllTablesArriveInParts) {
  int parts = 0;
  bool refused = false;
  for (int i = 0; i < 6000 && (i < 1500 || fresh_.replica().any_arrives()); ++i) {
    fresh_.out().notes.clear();
    run({&full_, &fresh_}, {&*wire_}, 1);
    parts += parts_noted(fresh_);
    refused = refused || fresh_.replica().health().code() == StatusCode::kUnavailable;
    if (i >= 1000 && parts < 5) continue;
    if (i % 10 == 0) count(full_, "thresholds", "changes", 1);
    if (i % 10 == 5) remove(full_, "kv", fmt::format("large {}", i % kKeys));
  }
  EXPECT_GE(parts, 5);
  EXPECT_TRUE(refused) << "nothing of a part is shown";
  expect_same();
  // And it brings others back.
  Site third("third");
  third.arrive_in_parts(kPart);
  fresh_.checkpoint();
  fresh_.cut_log();
  Wire wire(fresh_, third, 1000);
  ASSERT_TRUE(settle({&fresh_, &third}, {&wire}));
  EXPECT_EQ(third.digest(), full_.digest());
}

// And what was under way when the resync gave way, twice.
TEST_F(BeginsEmpty, ItIsSentOnce) {
  ASSERT_TRUE(settle({&full_, &fresh_}, {&*wire_}));
  const std::uint64_t values = 5000ull * kKeys;
  EXPECT_LT(wire_->take_bytes(), values + values / 2);
}

TEST_F(BeginsEmpty, WheneverTheProcessEnds) {
  for (int turns = 1000; turns < 1400; turns += 23) {
    SCOPED_TRACE(turns);
    Site fresh("fresh" + std::to_string(turns));
    fresh.arrive_in_parts(kPart);
    Wire wire(full_, fresh, 10'000);
    for (int i = 0; i < turns; ++i) {
      run({&full_, &fresh}, {&wire}, 1);
      if (i % 100 == 99) count(full_, "thresholds", "changes", 1);
      if (turns % 2 == 0 && i == turns - 2 && fresh.replica().any_arrives()) fresh.checkpoint();
    }
    wire.disconnect();
    fresh.restart();
    wire.connect();
    ASSERT_TRUE(settle({&full_, &fresh}, {&wire}));
    EXPECT_EQ(fresh.digest(), full_.digest());
    wire.disconnect();
  }
}

TEST_F(BeginsEmpty, WhatItWroteMeanwhileStays) {
  put(fresh_, "kv", "of fresh", "1");
  count(fresh_, "thresholds", "changes", 2);
  ASSERT_TRUE(settle({&full_, &fresh_}, {&*wire_}));
  EXPECT_EQ(value(full_, "kv", "of fresh"), "1");
  EXPECT_EQ(counted(fresh_, "thresholds", "changes"), 42);
  expect_same();
}

// A site that holds data of its own goes on serving it.
TEST_F(BeginsEmpty, WhoHasMoreThanALittleKeepsServing) {
  Site other("other");
  other.arrive_in_parts(kPart);
  for (int i = 0; i < 40; ++i) put(other, "kv", fmt::format("own {}", i), "1");
  Wire wire(full_, other, 20'000);
  for (int i = 0; i < 3000; ++i) {
    run({&full_, &other}, {&wire}, 1);
    ASSERT_FALSE(other.replica().any_arrives());
  }
  ASSERT_TRUE(settle({&full_, &other}, {&wire}));
  EXPECT_EQ(other.digest(), full_.digest());
}

void end_the_process_while_a_table_arrives(std::size_t part_bytes, bool checkpoints, int step) {
  for (int turns = 0; turns < 60; turns += step) {
    SCOPED_TRACE(fmt::format("killed after {} turns, checkpoints {}", turns, checkpoints));
    Site cloud("cloud");
    Site edge("edge", {}, {}, scope_of({"alerts"}, {"kv"}));
    edge.arrive_in_parts(part_bytes);
    Wire wire(cloud, edge);
    fill(cloud);
    ASSERT_TRUE(settle({&cloud, &edge}, {&wire}));
    ASSERT_TRUE(set_scope(edge, scope_of({"alerts"}, {"kv", "thresholds"})).ok());
    for (int i = 0; i < turns; ++i) {
      count(cloud, "thresholds", "changes", 1);
      if (i % 5 == 0) remove(cloud, "thresholds", key_of(i));
      run({&cloud, &edge}, {&wire}, 1);
      if (checkpoints && i == turns - 2) edge.checkpoint();
    }
    wire.disconnect();
    edge.restart();
    EXPECT_EQ(edge.replica().tables().subscribe, TableSet::of({"kv", "thresholds"}));
    wire.connect();
    count(cloud, "thresholds", "changes", 1);
    ASSERT_TRUE(settle({&cloud, &edge}, {&wire}));
    EXPECT_EQ(contents(edge, "thresholds"), contents(cloud, "thresholds"));
    EXPECT_EQ(counted(edge, "thresholds", "changes"), 40 + turns + 1);
    // And what arrived is in the log.
    const std::string before = contents(edge, "thresholds");
    wire.disconnect();
    edge.restart();
    EXPECT_FALSE(edge.replica().any_arrives());
    EXPECT_EQ(contents(edge, "thresholds"), before);
  }
}

TEST(Scope, WheneverTheProcessEndsTheTableArrivesWhole) {
  for (const bool checkpoints : {false, true}) end_the_process_while_a_table_arrives(64 << 20, checkpoints, 3);
}

TEST(Scope, WheneverTheProcessEndsATableInPartsArrivesWhole) {
  for (const bool checkpoints : {false, true}) end_the_process_while_a_table_arrives(200, checkpoints, 2);
}

TEST(Scope, WhatIsNowhereElseIsNotReplacedWithoutAWord) {
  Site cloud("cloud");
  Site edge("edge", {}, {}, scope_of({"alerts"}, {"kv"}));
  Wire wire(cloud, edge);
  put(cloud, "readings", "r9", "of the cloud");
  put(edge, "readings", "r1", "20");
  count(edge, "readings", "taken", 3);
  ASSERT_TRUE(settle({&cloud, &edge}, {&wire}));
  const Status refused = set_scope(edge, scope_of({"alerts", "readings"}, {"kv", "readings"}));
  EXPECT_EQ(refused.code(), StatusCode::kConflict);
  EXPECT_NE(refused.message().find("discard"), std::string::npos);
  EXPECT_EQ(set_scope(edge, scope_of({"alerts", "readings"}, {"kv"}), true).code(), StatusCode::kConflict)
      << "others would hear of what is written from now on, and never of what was";
  EXPECT_EQ(edge.replica().tables(), scope_of({"alerts"}, {"kv"}));

  ASSERT_TRUE(set_scope(edge, scope_of({"alerts", "readings"}, {"kv", "readings"}), true).ok());
  EXPECT_EQ(set_scope(edge, scope_of({"alerts", "readings"}, {"kv"})).code(), StatusCode::kConflict)
      << "not while it is unknown what of it is public";
  ASSERT_TRUE(settle({&cloud, &edge}, {&wire}));
  EXPECT_EQ(value(edge, "readings", "r1"), "(none)");
  EXPECT_EQ(value(edge, "readings", "r9"), "of the cloud");
  count(edge, "readings", "taken", 4);
  ASSERT_TRUE(settle({&cloud, &edge}, {&wire}));
  EXPECT_EQ(counted(cloud, "readings", "taken"), 4);
  EXPECT_EQ(contents(edge, "readings"), contents(cloud, "readings"));
}

TEST(Scope, AReportedTableBecomesShared) {
  Site cloud("cloud");
  Site edge("edge", {}, {}, scope_of({"alerts"}, {"kv"}));
  Wire wire(cloud, edge);
  count(edge, "alerts", "sent", 7);
  put(edge, "alerts", "a1", "edge");
  put(edge, "alerts", "a2", "edge");
  ASSERT_TRUE(settle({&cloud, &edge}, {&wire}));
  count(cloud, "alerts", "sent", 10);
  put(cloud, "alerts", "a1", "cloud");
  remove(cloud, "alerts", "a2");
  ASSERT_TRUE(set_scope(edge, scope_of({"alerts"}, {"alerts", "kv"})).ok());
  ASSERT_TRUE(settle({&cloud, &edge}, {&wire}));
  EXPECT_EQ(counted(edge, "alerts", "sent"), 17);
  EXPECT_EQ(value(edge, "alerts", "a1"), "cloud");
  EXPECT_EQ(value(edge, "alerts", "a2"), "(none)");
  count(edge, "alerts", "sent", 1);
  remove(edge, "alerts", "a1");
  ASSERT_TRUE(settle({&cloud, &edge}, {&wire}));
  EXPECT_EQ(counted(cloud, "alerts", "sent"), 18);
  EXPECT_EQ(contents(edge, "alerts"), contents(cloud, "alerts"));
}

TEST(Scope, GrowsShrinksAndGrowsAgain) {
  Site cloud("cloud");
  Site edge("edge", {}, {}, scope_of({}, {"kv"}));
  Wire wire(cloud, edge);
  fill(cloud);
  ASSERT_TRUE(settle({&cloud, &edge}, {&wire}));
  ASSERT_TRUE(set_scope(edge, scope_of({}, {"kv", "thresholds"})).ok());
  ASSERT_TRUE(settle({&cloud, &edge}, {&wire}));
  const std::string then = contents(edge, "thresholds");
  ASSERT_TRUE(set_scope(edge, scope_of({}, {"kv"})).ok());
  for (int i = 0; i < 20; ++i) {
    remove(cloud, "thresholds", key_of(i));
    count(cloud, "thresholds", "changes", 1);
  }
  ASSERT_TRUE(settle({&cloud, &edge}, {&wire}));
  EXPECT_EQ(contents(edge, "thresholds"), then) << "what is here stays as it is";
  ASSERT_TRUE(set_scope(edge, scope_of({}, {"kv", "thresholds"})).ok());
  ASSERT_TRUE(settle({&cloud, &edge}, {&wire}));
  EXPECT_EQ(contents(edge, "thresholds"), contents(cloud, "thresholds"));
  EXPECT_EQ(counted(edge, "thresholds", "changes"), 60);
}

// Commits from before are in its log without the tables that it took up later.
TEST(Scope, ALogWithPartsIsNotTakenForTheWhole) {
  Site cloud("cloud");
  Site edge("edge", {}, {}, scope_of({}, {"kv"}));
  Site late("late");
  Wire to_cloud(cloud, edge);
  fill(cloud);
  ASSERT_TRUE(settle({&cloud, &edge}, {&to_cloud}));
  ASSERT_TRUE(set_scope(edge, TableScope{}).ok());
  ASSERT_TRUE(settle({&cloud, &edge}, {&to_cloud}));
  EXPECT_TRUE(edge.replica().holds().all);
  EXPECT_EQ(edge.digest(), cloud.digest());
  // Who comes to it for everything is brought there by a cut, which is true of all tables now.
  Wire to_late(edge, late, 100);
  ASSERT_TRUE(settle({&edge, &late}, {&to_late}));
  EXPECT_EQ(late.digest(), cloud.digest());
  put(late, "thresholds", "t", "late's");
  ASSERT_TRUE(settle({&cloud, &edge, &late}, {&to_cloud, &to_late}));
  EXPECT_EQ(late.digest(), cloud.digest());
}

// The clock of the peer is ahead, and it has stated that nothing below is to come of it: no commit says so, but its
// cut.
TEST(Scope, WhatIsWrittenAfterAnArrivalLiesAboveWhatIsClaimed) {
  Site cloud("cloud");
  Site edge("edge", {}, {}, scope_of({"alerts"}, {"kv"}));
  Wire wire(cloud, edge);
  fill(cloud);
  put(edge, "alerts", "a1", "hot");
  ASSERT_TRUE(settle({&cloud, &edge}, {&wire}));
  cloud.now.wall_ms += 60'000;
  cloud.replica().want_frontier(Hlc::from_wall_ms(cloud.now.wall_ms));
  cloud.settle_disk();
  ASSERT_TRUE(set_scope(edge, scope_of({"alerts"}, {"kv", "thresholds"})).ok());
  ASSERT_TRUE(settle({&cloud, &edge}, {&wire}));
  Hlc claimed;
  for (const repl::Claim& claim : edge.replica().frontier_of_all().claims(edge.replica().durable_context())) {
    if (claim.origin == edge.replica().self()) claimed = claim.upto;
  }
  EXPECT_GT(claimed, Hlc::from_wall_ms(edge.now.wall_ms)) << "it has taken over what the cut says";
  put(edge, "alerts", "a2", "again");
  const auto written = edge.replica().cells().find_register({"alerts", "a2", CellKind::kRegister, ""});
  EXPECT_GT((*written)->entries().front().hlc, claimed);
}

TEST(Scope, WhatWasSetAtRunTimeIsNotLostAtARestart) {
  Site edge("edge", {}, {}, scope_of({"alerts"}, {"kv"}));
  put(edge, "alerts", "a", "1");
  ASSERT_TRUE(set_scope(edge, scope_of({"alerts"}, {"kv", "limits"})).ok());
  edge.restart();
  EXPECT_EQ(edge.replica().tables(), scope_of({"alerts"}, {"kv", "limits"}));
  EXPECT_NE(edge.replica().tables_refused().find("changed at run time"), std::string::npos);
  edge.checkpoint();
  edge.restart();
  EXPECT_EQ(edge.replica().tables(), scope_of({"alerts"}, {"kv", "limits"}));
  // The file was edited: its word is the later one.
  edge.configure(scope_of({"alerts"}, {"thresholds"}));
  edge.restart();
  EXPECT_EQ(edge.replica().tables(), scope_of({"alerts"}, {"thresholds"}));
  EXPECT_EQ(edge.replica().tables_refused(), "");
  EXPECT_TRUE(edge.replica().arrives("thresholds"));
}

}  // namespace
}  // namespace pando::node::scope_test
