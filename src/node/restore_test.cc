// Backups merged into namespaces that serve, and namespaces that begin with one.

#include "node/restore_path.h"

#include <gmock/gmock.h>

#include "node/rebuild.h"
#include "node/resync_suite.h"
#include "store/backup_source.h"

namespace pando::node::restore_test {
namespace {

using testing::HasSubstr;

// The file a backup of the site comes to, taken from its store as it is.
Bytes backup_of(ResyncSite& site, TableFilter shared = {}) {
  site.checkpoint();
  auto source = store::BackupSource::open(site.kv(), "ns", site.replica().self(), std::move(shared), 1'700'000'000'000);
  CHECK(source.has_value());
  Bytes file;
  for (;;) {
    const auto block = source->next();
    CHECK(block.has_value());
    if (block->empty()) return file;
    file += *block;
  }
}

class Restoring {
 public:
  Restoring(ResyncSite& site, Bytes file, RestoreRequest request = {"a.backup"})
      : site_(site), file_(std::move(file)), path_(site.replica(), site.peers(), Duration::seconds(3600)) {
    path_.handle(RequestId(7), std::move(request), site.out());
  }
  // A turn; false once it was answered.
  bool turn() {
    site_.now.mono_us += 1000;
    path_.end_turn(site_.now, site_.out());
    for (const RestoreRead& read : std::exchange(site_.out().restore_reads, {})) {
      const Bytes bytes = read.offset < file_.size() ? file_.substr(read.offset, read.bytes_max) : Bytes();
      path_.on_read({read.id, read.ns, {}, bytes});
    }
    site_.settle_disk();
    for (ReplyOut& out : std::exchange(site_.out().replies, {})) reply_ = std::move(out.reply);
    return !reply_;
  }
  Reply run() {
    while (turn()) {
    }
    return *reply_;
  }

 private:
  ResyncSite& site_;
  Bytes file_;
  RestorePath path_;
  std::optional<Reply> reply_;
};

Reply restore(ResyncSite& site, const Bytes& file, RestoreRequest request = {"a.backup"}) {
  return Restoring(site, file, std::move(request)).run();
}
RestoreReply done(const Reply& reply) {
  CHECK(reply.status.ok());
  return std::get<RestoreReply>(reply.body);
}

TEST(Restore, BringsBackWhatEverybodyHasLost) {
  ResyncSite dc1("dc1"), dc2("dc2");
  ResyncWire wire(dc1, dc2);
  dc1.put("a", "1");
  dc2.count("n", 5);
  ASSERT_TRUE(wire.settle());
  wire.disconnect();
  dc1.put("lost", "x");
  dc1.count("n", 30);
  const Bytes file = backup_of(dc1);  // and then its disk is gone
  dc2.count("n", 100);
  dc2.remove("a");

  const RestoreReply reply = done(restore(dc2, file));
  EXPECT_EQ(reply.news_commits, 2u);
  EXPECT_EQ(dc2.value("lost"), "x");
  EXPECT_EQ(dc2.counter("n"), 135);
  EXPECT_EQ(dc2.value("a"), "(none)") << "what was taken away since stays away";

  // Again, and after a restart from the log: nothing changes.
  const std::string digest = dc2.digest();
  EXPECT_EQ(done(restore(dc2, file)).news_commits, 0u);
  EXPECT_EQ(dc2.digest(), digest);
  dc2.restart();
  EXPECT_EQ(dc2.digest(), digest);
}

// What a restore that replaces would do: write over what is newer, bring back what was deleted, count twice.
TEST(Restore, OfAnOldBackupChangesNothing) {
  ResyncSite dc1("dc1");
  dc1.put("a", "old");
  dc1.put("gone", "x");
  dc1.count("n", 7);
  const Bytes file = backup_of(dc1);
  dc1.put("a", "new");
  dc1.remove("gone");
  dc1.count("n", 1);
  const std::string digest = dc1.digest();
  const LogPos before = dc1.replica().appended();
  EXPECT_EQ(done(restore(dc1, file)).changed, 0u);
  EXPECT_EQ(dc1.digest(), digest);
  EXPECT_EQ(dc1.replica().appended(), before);
  EXPECT_EQ(dc1.value("a"), "new");
  EXPECT_EQ(dc1.counter("n"), 8);
}

// Peers get what came by a backup as they would get a cut: by resync, never as an effect before its cause.
TEST(Restore, PeersGetItToo) {
  ResyncSite dc1("dc1"), dc2("dc2"), dc3("dc3");
  write_many(dc1, 0, 3000);
  dc1.count("n", 9);
  const Bytes file = backup_of(dc1);
  dc2.put("mine", "2");
  EXPECT_EQ(restore(dc2, file).status.code(), StatusCode::kConflict) << "no writer in common";
  EXPECT_EQ(done(restore(dc2, file, {"a.backup", {}, /*foreign=*/true})).changed, 3001u);
  ResyncWire wire(dc2, dc3);
  ASSERT_TRUE(wire.settle());
  EXPECT_EQ(dc3.digest(), dc2.digest());
  EXPECT_EQ(dc3.counter("n"), 9);
  EXPECT_EQ(dc3.value("mine"), "2");
}

// What is written while the file is read is joined with what the file has of it.
TEST(Restore, WritesGoOnMeanwhile) {
  ResyncSite dc1("dc1"), dc2("dc2");
  ResyncWire wire(dc1, dc2);
  dc1.count("n", 1);
  ASSERT_TRUE(wire.settle());
  wire.disconnect();
  write_many(dc1, 0, 5000);
  dc1.count("n", 10);
  const Bytes file = backup_of(dc1);
  Restoring restoring(dc2, file);
  for (int n = 0; restoring.turn(); ++n) {
    dc2.count("n", 100);
    dc2.put(key_of(n * 50), "mine");
  }
  const std::int64_t writes = (dc2.counter("n") - 11) / 100;
  EXPECT_GT(writes, 3);
  EXPECT_EQ(dc2.counter("n"), 11 + 100 * writes);
  EXPECT_EQ(dc2.value(key_of(4999)), "value 4999");
  wire.connect();
  ASSERT_TRUE(wire.settle());
  EXPECT_EQ(dc1.digest(), dc2.digest());
}

TEST(Restore, DamageChangesNothing) {
  ResyncSite dc1("dc1"), dc2("dc2");
  write_many(dc1, 0, 3000);
  const Bytes file = backup_of(dc1);
  const std::string digest = dc2.digest();
  Bytes flipped = file;
  flipped[flipped.size() - 100] ^= 1;
  const Reply damaged = restore(dc2, flipped);
  EXPECT_EQ(damaged.status.code(), StatusCode::kDataLoss);
  EXPECT_THAT(damaged.status.message(), HasSubstr("backup a.backup: offset"));
  const Reply cut_off = restore(dc2, file.substr(0, file.size() - 1));
  EXPECT_EQ(cut_off.status.code(), StatusCode::kDataLoss);
  EXPECT_THAT(cut_off.status.message(), HasSubstr("it was cut off"));
  EXPECT_EQ(restore(dc2, "something else").status.code(), StatusCode::kDataLoss);
  EXPECT_EQ(dc2.digest(), digest);
  EXPECT_EQ(dc2.replica().appended(), LogPos(0));
}

TEST(Restore, TellsAnotherHistoryByItsHash) {
  ResyncSite one("dc1"), other("dc1"), dc2("dc2");
  one.put("a", "1");
  other.put("a", "2");
  EXPECT_TRUE(restore(dc2, backup_of(one)).status.ok());
  const Reply refused = restore(dc2, backup_of(other));
  EXPECT_EQ(refused.status.code(), StatusCode::kConflict);
  EXPECT_THAT(refused.status.message(), HasSubstr("another cluster"));
}

// A node that has lost its disk and takes its own backup while it runs: its old numbers are not used again.
TEST(Restore, OfItsOwnCommitsBeginsANewEpoch) {
  ResyncSite before("dc1"), after("dc1");
  before.count("n", 3);
  const Bytes file = backup_of(before);
  EXPECT_TRUE(restore(after, file).status.ok());
  EXPECT_EQ(to_string(after.replica().self()), "dc1#2");
  after.restart();
  EXPECT_EQ(to_string(after.replica().self()), "dc1#2");
  after.count("n", 1);
  EXPECT_EQ(after.counter("n"), 4);
}

TEST(Restore, DryRunSaysAndChangesNothing) {
  ResyncSite dc1("dc1"), dc2("dc2");
  write_many(dc1, 0, 10);
  RestoreRequest request{"a.backup"};
  request.dry_run = true;
  const RestoreReply reply = done(restore(dc2, backup_of(dc1), request));
  EXPECT_EQ(reply.changed, 10u);
  EXPECT_EQ(dc2.replica().appended(), LogPos(0));
}

// One table -----------------------------------------------------------------------------------------------

RestoreRequest of_table(std::string table) {
  RestoreRequest request{"a.backup"};
  request.table = std::move(table);
  return request;
}

TEST(RestoreTable, WritesAgainWhatIsGone) {
  ResyncSite dc1("dc1"), dc2("dc2");
  ResyncWire wire(dc1, dc2);
  dc1.put("gone", "x");
  dc1.put("there", "old");
  dc1.count("n", 7);
  dc2.count("n", 20);
  ASSERT_TRUE(wire.settle());
  const Bytes file = backup_of(dc1);
  dc1.put("there", "new");
  dc1.remove("gone");
  const auto counter = dc1.replica().cells().find_counter({"kv", "n", CellKind::kCounter, ""});
  dc1.commit({crdt::reset_op(**counter, {"kv", "n", CellKind::kCounter, ""})});
  ASSERT_TRUE(wire.settle());
  EXPECT_EQ(dc1.counter("n"), 0);

  EXPECT_EQ(done(restore(dc1, file, of_table("row"))).keys_written, 0u);
  EXPECT_EQ(done(restore(dc1, file, of_table("kv"))).keys_written, 2u);
  EXPECT_EQ(dc1.value("gone"), "x");
  EXPECT_EQ(dc1.value("there"), "new");
  EXPECT_EQ(dc1.counter("n"), 27);
  // What is there now stays: done again it writes nothing.
  EXPECT_EQ(done(restore(dc1, file, of_table("kv"))).keys_written, 0u);
  ASSERT_TRUE(wire.settle());
  EXPECT_EQ(dc2.counter("n"), 27);
  EXPECT_EQ(dc1.digest(), dc2.digest());
}

// Else what it counts now would come once more with the commits that are still on their way.
TEST(RestoreTable, OnlyWhenAllItHasSeenIsHere) {
  ResyncSite dc1("dc1"), dc2("dc2");
  dc1.count("n", 7);
  const Bytes file = backup_of(dc1);
  const Reply refused = restore(dc2, file, of_table("kv"));
  EXPECT_EQ(refused.status.code(), StatusCode::kConflict);
  EXPECT_THAT(refused.status.message(), HasSubstr("restore all of it first"));
  EXPECT_EQ(restore(dc2, file, of_table(".tables")).status.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(dc2.counter("n"), 0);
}

// A directory that begins with a backup -------------------------------------------------------------------

void rebuild(ResyncSite& site, const Bytes& file, RebuildOptions options = {}) {
  site.begin_anew([&](store::Kv& kv) {
    BackupReader reader;
    reader.add(file);
    std::unique_ptr<Rebuild> rebuilt;
    for (;;) {
      auto block = reader.next();
      CHECK(block.has_value());
      if (!*block) break;
      if (auto* head = std::get_if<BackupHeader>(&**block)) rebuilt = *Rebuild::begin(kv, *head, options);
      if (auto* cells = std::get_if<std::vector<CutCell>>(&**block)) CHECK(rebuilt->take(*cells).ok());
    }
    CHECK(rebuilt->finish().ok());
    return rebuilt->first_segment();
  });
}

TEST(Rebuild, ANodeThatLostItsDiskComesBack) {
  ResyncSite dc1("dc1"), dc2("dc2");
  {
    ResyncWire wire(dc1, dc2);
    write_many(dc1, 0, 2000);
    dc1.count("n", 7);
    ASSERT_TRUE(wire.settle());
    wire.disconnect();
  }
  const Bytes file = backup_of(dc1);
  const std::string digest = dc1.digest();
  dc2.count("n", 100);
  dc2.remove(key_of(5));

  rebuild(dc1, file);
  EXPECT_EQ(dc1.digest(), digest);
  EXPECT_EQ(to_string(dc1.replica().self()), "dc1#2");
  dc1.count("n", 1000);
  dc1.restart();  // before any checkpoint
  EXPECT_EQ(dc1.counter("n"), 1007);
  EXPECT_EQ(to_string(dc1.replica().self()), "dc1#2");
  ResyncWire wire(dc1, dc2);
  ASSERT_TRUE(wire.settle());
  EXPECT_EQ(dc1.digest(), dc2.digest());
  EXPECT_EQ(dc2.counter("n"), 1107);
  EXPECT_EQ(dc1.value(key_of(5)), "(none)");
}

// An empty follower cannot be served from a log that begins behind the backup: it is told so, and comes by resync.
TEST(Rebuild, FollowersBeginWithAResync) {
  ResyncSite dc1("dc1"), dc2("dc2"), dc3("dc3");
  write_many(dc1, 0, 100);
  const Bytes file = backup_of(dc1);
  rebuild(dc2, file);
  ResyncWire wire(dc2, dc3);
  ASSERT_TRUE(wire.settle());
  EXPECT_EQ(dc3.digest(), dc1.digest());
}

TEST(Rebuild, ACloneIsAClusterOfItsOwn) {
  ResyncSite dc1("dc1"), dc2("dc2"), dc3("dc3");
  dc1.put("a", "1");
  const Bytes file = backup_of(dc1);
  rebuild(dc2, file, {"clone-1", ""});
  EXPECT_EQ(dc2.digest(), dc1.digest());
  {
    ResyncWire wire(dc1, dc2);
    dc2.put("a", "of the clone");
    EXPECT_FALSE(wire.settle(500));
    EXPECT_EQ(dc1.value("a"), "1");
    wire.disconnect();
  }
  // Who is empty joins it, and is of it then.
  {
    ResyncWire wire(dc2, dc3);
    ASSERT_TRUE(wire.settle());
    EXPECT_EQ(dc3.digest(), dc2.digest());
    wire.disconnect();
  }
  dc3.restart();
  ResyncWire wire(dc1, dc3);
  EXPECT_FALSE(wire.settle(500));
  EXPECT_EQ(dc1.value("a"), "1");
  EXPECT_EQ(restore(dc1, backup_of(dc2)).status.code(), StatusCode::kConflict);
}

TEST(Rebuild, ACloneOfOneTable) {
  ResyncSite dc1("dc1"), dc2("dc2");
  dc1.put("a", "1");
  dc1.commit({PutOp{{"other", "b", CellKind::kRegister, ""}, "2", {}}});
  rebuild(dc2, backup_of(dc1), {"clone-1", "other"});
  EXPECT_EQ(dc2.value("a"), "(none)");
  const auto other = dc2.replica().cells().find_register({"other", "b", CellKind::kRegister, ""});
  ASSERT_TRUE(other && *other != nullptr);
  EXPECT_EQ((*other)->resolve()->value, "2");
}

}  // namespace
}  // namespace pando::node::restore_test
