#include "repl/quarantine.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

namespace pando::repl::quarantine_test {
namespace {

const Origin kDc1{"dc1", 1};
const Status kBroken(StatusCode::kDataLoss, "broken");
constexpr Instant at_s(std::int64_t s) { return Instant{s * 1'000'000}; }

VersionVector up_to(std::uint64_t seq) {
  VersionVector vector;
  vector.raise(kDc1, Seq(seq));
  return vector;
}

TEST(Quarantine, BarsTheLinkThatBroughtItAndNoOther) {
  Quarantine quarantine;
  EXPECT_FALSE(quarantine.bars(kDc1, LinkId(1), at_s(0)));
  ASSERT_TRUE(quarantine.add({kDc1, Seq(5)}, LinkId(1), "dc2", kBroken, at_s(0)));
  EXPECT_TRUE(quarantine.holds(kDc1));
  EXPECT_TRUE(quarantine.bars(kDc1, LinkId(1), at_s(0)));
  EXPECT_FALSE(quarantine.bars(kDc1, LinkId(2), at_s(0))) << "it may be whole there";
  EXPECT_FALSE(quarantine.bars({"dc1", 2}, LinkId(1), at_s(0))) << "another origin";
  EXPECT_EQ(quarantine.next_again(at_s(0)), at_s(30));
  EXPECT_FALSE(quarantine.bars(kDc1, LinkId(1), at_s(30)));
  EXPECT_FALSE(quarantine.next_again(at_s(30)).has_value());
}

TEST(Quarantine, WhoBringsTheSameAgainIsAskedLater) {
  Quarantine quarantine;
  std::int64_t now_s = 0;
  for (const std::int64_t wait_s : {30, 60, 120, 240, 480, 600, 600}) {
    ASSERT_TRUE(quarantine.add({kDc1, Seq(5)}, LinkId(1), "dc2", kBroken, at_s(now_s)));
    EXPECT_EQ(quarantine.next_again(at_s(now_s)), at_s(now_s + wait_s));
    now_s += wait_s;
  }
  EXPECT_EQ(quarantine.added(), 1u) << "one commit, however often it comes";
}

TEST(Quarantine, LetsGoOfWhatWasTaken) {
  Quarantine quarantine;
  quarantine.add({kDc1, Seq(5)}, LinkId(1), "dc2", kBroken, at_s(0));
  quarantine.add({kDc1, Seq(5)}, LinkId(2), "dc3", Status(StatusCode::kDataLoss, "also"), at_s(1));
  const Quarantine::Entry& entry = quarantine.entries().at(kDc1);
  EXPECT_EQ(entry.seq, Seq(5));
  EXPECT_EQ(entry.reason.message(), "also");
  EXPECT_EQ(entry.from, (std::set<std::string>{"dc2", "dc3"}));
  EXPECT_EQ(quarantine.release(up_to(4)), std::vector<Dot>());
  EXPECT_EQ(quarantine.release(up_to(5)), (std::vector<Dot>{{kDc1, Seq(5)}}));
  EXPECT_FALSE(quarantine.holds(kDc1));

  quarantine.add({kDc1, Seq(6)}, LinkId(1), "dc2", kBroken, at_s(2));
  EXPECT_EQ(quarantine.added(), 2u);
  quarantine.link_down(LinkId(1));
  EXPECT_FALSE(quarantine.bars(kDc1, LinkId(1), at_s(2)));
  EXPECT_TRUE(quarantine.holds(kDc1)) << "it is still missing, and says so";
}

TEST(Quarantine, IsBounded) {
  Quarantine quarantine;
  for (std::size_t i = 0; i < limits::kQuarantinedMax; ++i) {
    ASSERT_TRUE(quarantine.add({{fmt::format("n{}", i), 1}, Seq(1)}, LinkId(1), "dc2", kBroken, at_s(0)));
  }
  EXPECT_FALSE(quarantine.add({{"one-more", 1}, Seq(1)}, LinkId(1), "dc2", kBroken, at_s(0)));
  EXPECT_TRUE(quarantine.add({{"n0", 1}, Seq(1)}, LinkId(2), "dc3", kBroken, at_s(0))) << "known already";
  const Status longer(StatusCode::kDataLoss, std::string(10'000, 'x'));
  quarantine.add({{"n0", 1}, Seq(1)}, LinkId(2), "dc3", longer, at_s(0));
  EXPECT_EQ(quarantine.entries().begin()->second.reason.message().size(), limits::kRefuseMessageBytesMax);
}

}  // namespace
}  // namespace pando::repl::quarantine_test
