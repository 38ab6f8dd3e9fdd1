// Presences: who is there, until when, and what sites that did not see each other make of it.
#include "engine/presence.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/limits.h"
#include "engine/sites_suite.h"

namespace pando::engine::presence_test {
namespace {

constexpr std::int64_t kNow = 1'700'000'000'000;
constexpr std::int64_t kDayMs = 86'400'000;

Mutation with(Mutation::Detail detail) {
  Mutation m;
  m.kind = Mutation::Kind::kDetail;
  m.key = "room";
  m.detail = std::move(detail);
  return m;
}
Mutation renew(Bytes member, std::int64_t ttl_ms, std::optional<Bytes> about = {}) {
  return with(RenewLeases{{{std::move(member), std::move(about)}}, ttl_ms});
}
Mutation leave(Bytes member) { return with(EndLeases{{std::move(member)}}); }

// Sites with one clock, or each with its own.
class Room : public Sites {
 public:
  explicit Room(std::size_t count) : Sites(count) { set_now(kNow); }
  void set_now(std::int64_t ms) {
    for (std::size_t i = 0; i < size(); ++i) (*this)[i].set_now(ms);
  }
  // "ada ben"
  std::string present(std::size_t site, std::uint32_t count_max = 100, Bytes prefix = {}, Bytes after = {}) {
    const auto reply =
        (*this)[site].ask<LeasesReply>(ListLeasesRequest{"kv", "room", std::move(prefix), std::move(after), count_max});
    std::string text;
    for (const auto& entry : reply.entries) text += (text.empty() ? "" : " ") + entry.member;
    return text + (reply.more ? " …" : "");
  }
  LeaseReply of(std::size_t site, Bytes member) {
    return (*this)[site].ask<LeaseReply>(GetLeaseRequest{"kv", "room", std::move(member)});
  }
  std::uint64_t count(std::size_t site) {
    return (*this)[site].ask<MemberCountReply>(CountLeasesRequest{"kv", "room", 1'000}).count;
  }
  void expect_equal() {
    for (std::size_t i = 1; i < size(); ++i) EXPECT_EQ((*this)[i].digest(), (*this)[0].digest());
  }
};

TEST(Presence, AMemberIsThereUntilItsLeaseEndsAtEverySiteAtOnce) {
  Room room(2);
  room[0].commit({renew("ada", 30'000, "{\"name\":\"Ada\"}"), renew("ben", 60'000)});
  room.exchange();
  EXPECT_EQ(room.present(1), "ada ben");
  EXPECT_EQ(room.count(1), 2u);
  EXPECT_EQ(room.of(1, "ada").lease.about, "{\"name\":\"Ada\"}");
  EXPECT_EQ(room.of(1, "ada").remaining_ms, 30'000);
  EXPECT_FALSE(room.of(1, "chen").present);
  room.set_now(kNow + 29'999);
  for (std::size_t site : {0, 1}) EXPECT_EQ(room.present(site), "ada ben");
  room.set_now(kNow + 30'000);
  for (std::size_t site : {0, 1}) {
    EXPECT_EQ(room.present(site), "ben");
    EXPECT_EQ(room.count(site), 1u);
    EXPECT_FALSE(room.of(site, "ada").present);
  }
  room[1].commit({renew("ada", 30'000)});
  EXPECT_EQ(room.of(1, "ada").lease.about, "") << "who comes back says it again";
}

TEST(Presence, ARenewalMovesTheEndEitherWayAndKeepsWhatAMemberSays) {
  Room room(2);
  room[0].commit({renew("ada", 30'000, "1")});
  room.exchange();
  room[1].commit({renew("ada", 90'000)});
  room.exchange();
  EXPECT_EQ(room.of(0, "ada").remaining_ms, 90'000);
  EXPECT_EQ(room.of(0, "ada").lease.about, "1");
  room[0].commit({renew("ada", 5'000, "2")});
  room.exchange();
  EXPECT_EQ(room.of(1, "ada").remaining_ms, 5'000) << "it had seen the longer one";
  EXPECT_EQ(room.of(1, "ada").lease.about, "2");
}

TEST(Presence, OfRenewalsAtOnceTheLongestCounts) {
  Room room(3);
  room[0].commit({renew("ada", 10'000, "0")});
  room.exchange();
  room[0].commit({renew("ada", 20'000, "short")});
  room[1].commit({renew("ada", 50'000, "long")});
  room[2].commit({renew("ada", 50'000, "long, later")});
  room.exchange();
  room.expect_equal();
  for (std::size_t site = 0; site < 3; ++site) {
    EXPECT_EQ(room.of(site, "ada").remaining_ms, 50'000);
    EXPECT_EQ(room.of(site, "ada").lease.about, room.of(0, "ada").lease.about);
    EXPECT_NE(room.of(site, "ada").lease.about, "short");
  }
}

TEST(Presence, LeavingTakesAwayWhatItsSiteHadSeen) {
  Room room(2);
  room[0].commit({renew("ada", 30'000), renew("ben", 30'000)});
  room.exchange();
  room[0].commit({leave("ada"), leave("nobody")});
  room.exchange();
  EXPECT_EQ(room.present(1), "ben");
  // Renewed where the leaving is not known.
  room[0].commit({leave("ben")});
  room[1].commit({renew("ben", 40'000)});
  room.exchange();
  for (std::size_t site : {0, 1}) EXPECT_EQ(room.present(site), "ben");
  room.expect_equal();
}

TEST(Presence, ARenewalThatArrivesLateBringsBackWhoWasOnlyHidden) {
  Room room(2);
  room[0].commit({renew("ada", 10'000)});
  room.exchange();
  room[0].commit({renew("ada", 60'000)});
  room.set_now(kNow + 20'000);
  EXPECT_EQ(room.present(1), "");
  room.exchange();
  EXPECT_EQ(room.present(1), "ada");
}

TEST(Presence, AClockThatIsAheadHidesOnlyThere) {
  Room room(3);
  room[0].commit({renew("ada", 60'000)});
  room[1].commit({renew("ben", 60'000)});
  room.exchange();
  room[2].set_now(kNow + kDayMs);
  EXPECT_EQ(room.present(2), "");
  for (int i = 0; i < 20; ++i) room[2].commit({renew("eve" + std::to_string(i), 1'000)});
  room[2].commit({leave("eve0")});
  room.exchange();
  EXPECT_EQ(room.of(0, "ada").remaining_ms, 60'000) << "nobody is taken away from where the clock is right";
  EXPECT_TRUE(room.of(1, "ben").present);
  room.expect_equal();
}

TEST(Presence, ThoseWhoWentTakeNoSpaceInAPresenceThatLives) {
  Room room(2);
  std::int64_t now = kNow;
  for (int i = 0; i < 600; ++i) {
    Site& site = room[static_cast<std::size_t>(i) % 2];
    site.commit({renew("guest" + std::to_string(i * 7'919 % 100'003), 2'000), renew("host", 60'000)});
    room.exchange();
    room.set_now(now += 100);
  }
  // 21 are there at any time.
  EXPECT_LT(room[0].cells().digest()->cells, 60u);
  room.expect_equal();
}

TEST(Presence, AsAWholeItEndsBehindItsLastLease) {
  Room room(2);
  room[0].commit({renew("ada", 30'000)});
  for (int i = 0; i < 50; ++i) {
    room.set_now(kNow + i * 1'000);
    room[0].commit({renew("ada", 30'000)});
  }
  room.exchange();
  std::size_t ends = 0;
  for (const Commit& commit : room[0].log()) {
    for (const Op& op : commit.ops) {
      const auto* put = std::get_if<PutOp>(&op);
      if (put != nullptr && put->path.kind == CellKind::kExpiry) ++ends;
    }
  }
  EXPECT_EQ(ends, 1u) << "not with every renewal";
  const auto listed = [&] { return room[1].ask<ListReply>(ListRequest{}).keys.size(); };
  room.set_now(kNow + 49'000 + 30'000 + kClockGraceMs);
  EXPECT_EQ(listed(), 1u);
  room.set_now(kNow + 49'000 + 30'000 + kClockGraceMs + 3'600'000);
  EXPECT_EQ(listed(), 0u);
  room[1].commit({renew("ben", 1'000)});
  room.exchange();
  for (std::size_t site : {0, 1}) EXPECT_EQ(room.present(site), "ben");
  EXPECT_EQ(room[0].cells().digest()->cells, 2u) << "what was left of before is gone";
}

TEST(Presence, IsListedInOrderInParts) {
  Room room(1);
  room[0].commit({with(RenewLeases{{{"a1", {}}, {"a2", {}}, {"b1", {}}, {"b2", {}}}, 1'000})});
  room[0].commit({leave("a2")});
  EXPECT_EQ(room.present(0, 2), "a1 b1 …");
  EXPECT_EQ(room.present(0, 2, "", "b1"), "b2");
  EXPECT_EQ(room.present(0, 2, "b"), "b1 b2");
  EXPECT_TRUE(room[0].ask<MemberCountReply>(CountLeasesRequest{"kv", "room", 2}).more);
}

TEST(Presence, DeletingTakesAwayAllThatWereSeen) {
  Room room(2);
  room[0].commit({renew("ada", 30'000), renew("ben", 30'000)});
  room.exchange();
  room[1].commit({renew("chen", 30'000)});
  room[0].commit({with(DeleteTyped{ValueType::kPresence})});
  room.exchange();
  for (std::size_t site : {0, 1}) EXPECT_EQ(room.present(site), "chen");
  room.expect_equal();
}

TEST(Presence, MistakesAreNamed) {
  Room room(1);
  EXPECT_EQ(room[0].try_commit({renew("ada", 0)}).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(room[0].try_commit({renew("ada", limits::kLeaseMsMax + 1)}).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(room[0].try_commit({renew("", 1)}).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(room[0].try_commit({renew("ada", 1, Bytes(limits::kLeaseAboutBytesMax + 1, 'x'))}).message(),
            "member 0 says 4097 bytes about itself, the limit is 4096");
  EXPECT_EQ(room[0].try_commit({with(RenewLeases{{}, 1})}).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(room[0].try_commit({with(EndLeases{})}).code(), StatusCode::kInvalidArgument);
  EXPECT_TRUE(room[0].log().empty());

  room[0].commit({{.key = "room", .value = "v"}});
  EXPECT_EQ(room[0].try_commit({renew("ada", 1)}).code(), StatusCode::kWrongType);
  EXPECT_EQ(room[0].refusal(ListLeasesRequest{"kv", "room", "", "", 1}).code(), StatusCode::kWrongType);
}

TEST(Presence, WhatIsNoLeaseIsNotShown) {
  EXPECT_FALSE(decode_lease("").has_value());
  EXPECT_FALSE(decode_lease("1234567").has_value());
  EXPECT_FALSE(decode_lease(Bytes(8, '\xFF')).has_value()) << "no instant";
  EXPECT_FALSE(decode_lease(Bytes(8 + limits::kLeaseAboutBytesMax + 1, '\0')).has_value());
  EXPECT_EQ(encode_lease({258, "x"}), Bytes("\x02\x01\0\0\0\0\0\0x", 9));
  EXPECT_EQ(decode_lease(encode_lease({kNow, "{}"})), (Lease{kNow, "{}"}));

  Room room(1);
  Commit commit;
  commit.dot = {{"peer", 1}, Seq(1)};
  commit.hlc = Hlc{1};
  commit.ops = {PutOp{{"kv", "room", CellKind::kLease, "bad"}, "no lease", {}},
                PutOp{{"kv", "room", CellKind::kLease, "worse"}, "?", {}}};
  room[0].deliver(commit);
  EXPECT_FALSE(room.of(0, "worse").present);
  room[0].commit({renew("worse", 1'000)});
  EXPECT_EQ(room.of(0, "worse").remaining_ms, 1'000);
}

TEST(Presence, WatchersAreToldWhoCameAndWhoWent) {
  Room room(1);
  const std::vector<Op> came = room[0].commit({renew("ada", 1'000)});
  EXPECT_EQ(std::get<PutOp>(came.at(0)).path.kind, CellKind::kLease);
  room.set_now(kNow + 1'000);
  const std::vector<Op> next = room[0].commit({renew("ben", 1'000)});
  const auto swept = std::find_if(next.begin(), next.end(), [](const Op& op) {
    const auto* remove = std::get_if<RemoveOp>(&op);
    return remove != nullptr && remove->path.element == "ada";
  });
  EXPECT_NE(swept, next.end()) << "whose lease ended goes with the next change";
}

// Every history of 4 steps at 3 sites, against leases as a set of (dot, end): a renewal adds one and takes away those
// seen, leaving takes away those seen, and the longest of what is left counts.
TEST(Presence, EverySmallWorld) {
  constexpr std::size_t kSites = 3;
  constexpr std::size_t kSteps = 4;
  constexpr std::size_t kActions = 4;  // renew long, renew short, leave, hear all
  std::size_t worlds = 1;
  for (std::size_t i = 0; i < kSteps; ++i) worlds *= kActions * kSites;
  for (std::size_t number = 0; number < worlds; ++number) {
    Room room(kSites);
    std::array<std::map<std::size_t, std::int64_t>, kSites> leases;  // by step
    std::array<std::set<std::size_t>, kSites> gone;
    std::size_t rest = number;
    for (std::size_t step = 0; step < kSteps; ++step) {
      const std::size_t site = rest % kSites;
      const std::size_t action = rest / kSites % kActions;
      rest /= kSites * kActions;
      const auto take_away = [&] {
        for (const auto& entry : leases[site]) gone[site].insert(entry.first);
        leases[site].clear();
      };
      const std::int64_t ttl_ms = action == 0 ? 9'000 : 4'000;
      if (action < 2) {
        room[site].commit({renew("m", ttl_ms)});
        take_away();
        leases[site].emplace(step, ttl_ms);
      } else if (action == 2) {
        room[site].commit({leave("m")});
        take_away();
      } else {
        for (std::size_t from = 0; from < kSites; ++from) {
          if (from == site) continue;
          room[site].pull(room[from]);
          leases[site].insert(leases[from].begin(), leases[from].end());
          gone[site].insert(gone[from].begin(), gone[from].end());
        }
        for (const std::size_t step_gone : gone[site]) leases[site].erase(step_gone);
      }
    }
    room.exchange();
    std::map<std::size_t, std::int64_t> left;
    std::set<std::size_t> all_gone;
    for (std::size_t site = 0; site < kSites; ++site) {
      left.insert(leases[site].begin(), leases[site].end());
      all_gone.insert(gone[site].begin(), gone[site].end());
    }
    std::int64_t longest = 0;
    for (const auto& [step, ttl_ms] : left) {
      if (!all_gone.contains(step)) longest = std::max(longest, ttl_ms);
    }
    for (std::size_t site = 0; site < kSites; ++site) {
      ASSERT_EQ(room.of(site, "m").remaining_ms, longest) << "world " << number << " at " << site;
      ASSERT_EQ(room[site].digest(), room[0].digest()) << "world " << number;
    }
  }
}

}  // namespace
}  // namespace pando::engine::presence_test
