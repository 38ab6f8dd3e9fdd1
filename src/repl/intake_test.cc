#include "repl/intake.h"

#include <gtest/gtest.h>

#include "repl/test_fleet.h"

namespace pando::repl::intake_test {
namespace {

using test::Author;

constexpr std::int64_t kNow = 1'700'000'000'000;
const Origin kPeer{"dc2", 1};

struct Fixture {
  Author author{kPeer};
  Bytes first = author.next();
  std::uint64_t first_chain = author.chain();
  Bytes second = author.next();
  std::uint64_t second_chain = author.chain();
  Bytes third = author.next();
  IntakeOptions options{Origin{"dc1", 2}};

  VersionVector upto(std::uint64_t seq) const {
    VersionVector vector;
    vector.raise(kPeer, Seq(seq));
    return vector;
  }
};

const char* kind_of(const Verdict& verdict) {
  constexpr const char* kNames[] = {"next", "duplicate", "from self", "rejected"};
  return kNames[verdict.index()];
}

TEST(Intake, DensePerOrigin) {
  const Fixture f;
  struct Row {
    const char* why;
    const Bytes& commit;
    std::uint64_t appended;
    std::optional<std::uint64_t> chain;
    const char* verdict;
  };
  const Row rows[] = {
      {"the first commit ever needs no known chain", f.first, 0, std::nullopt, "next"},
      {"follows, and its hash says so", f.second, 1, f.first_chain, "next"},
      {"follows; no chain known to hold it against", f.second, 1, std::nullopt, "next"},
      {"again", f.second, 2, f.second_chain, "duplicate"},
      {"an old one again", f.first, 2, f.second_chain, "duplicate"},
      {"again, nothing to compare", f.second, 2, std::nullopt, "duplicate"},
      {"one is missing between", f.third, 1, f.first_chain, "rejected"},
      {"one is missing before the first", f.second, 0, std::nullopt, "rejected"},
      {"the hash does not follow", f.second, 1, f.first_chain + 1, "rejected"},
      {"another commit under the last number", f.second, 2, f.second_chain + 1, "rejected"},
  };
  for (const Row& row : rows) {
    EXPECT_STREQ(kind_of(examine(row.commit, f.upto(row.appended), row.chain, kNow, f.options)), row.verdict)
        << row.why;
  }
}

Status reason_of(const Verdict& verdict) {
  const auto* rejected = std::get_if<Rejected>(&verdict);
  return rejected != nullptr ? rejected->reason : Status();
}

TEST(Intake, ReasonsNameThePlace) {
  const Fixture f;
  EXPECT_EQ(reason_of(examine(f.third, f.upto(1), {}, kNow, f.options)),
            Status(StatusCode::kOutOfRange, "gap: dc2:3 came while dc2 has only up to 1 here"));
  EXPECT_EQ(reason_of(examine(f.second, f.upto(1), 7, kNow, f.options)).code(), StatusCode::kDataLoss);
  EXPECT_EQ(reason_of(examine(f.second, f.upto(2), 7, kNow, f.options)).code(), StatusCode::kConflict);
  EXPECT_EQ(reason_of(examine("\x01\x03", f.upto(2), 7, kNow, f.options)).code(), StatusCode::kDataLoss);
  Bytes cut = f.second;
  cut.pop_back();
  EXPECT_EQ(reason_of(examine(cut, f.upto(1), {}, kNow, f.options)).code(), StatusCode::kDataLoss);
}

// A byte changed under way: whatever it is, it is not appended.
TEST(Intake, DamageIsNeverNext) {
  const Fixture f;
  for (std::size_t i = 0; i < f.second.size(); ++i) {
    Bytes damaged = f.second;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
    EXPECT_STRNE(kind_of(examine(damaged, f.upto(1), f.first_chain, kNow, f.options)), "next") << "byte " << i;
  }
}

TEST(Intake, StampsTooFarAhead) {
  const std::int64_t day_ms = 24 * 3600 * 1000;
  const Fixture f;
  for (const std::int64_t ahead_ms : {std::int64_t{0}, day_ms - 1000, day_ms + 1000}) {
    const Bytes commit = Author(kPeer).next(10, Hlc::from_wall_ms(kNow + ahead_ms));
    const Verdict verdict = examine(commit, {}, {}, kNow, f.options);
    EXPECT_STREQ(kind_of(verdict), ahead_ms > day_ms ? "rejected" : "next") << ahead_ms;
    if (ahead_ms > day_ms) {
      EXPECT_EQ(reason_of(verdict), Status(StatusCode::kOutOfRange,
                                           "the stamp of dc2:1 is 86401 s ahead of this node's "
                                           "clock, the limit is 86400 s"));
    }
  }
}

TEST(Intake, CommitsOfThisNodeItself) {
  const Fixture f;  // this is dc1 in its second epoch
  VersionVector has;
  has.raise(Origin{"dc1", 2}, Seq(1));
  const auto verdict_of = [&](const Origin& origin, int seq) {
    Author author(origin);
    Bytes commit;
    for (int i = 0; i < seq; ++i) commit = author.next();
    return examine(commit, has, {}, kNow, f.options);
  };
  EXPECT_STREQ(kind_of(verdict_of(Origin{"dc1", 2}, 1)), "duplicate");
  EXPECT_STREQ(kind_of(verdict_of(Origin{"dc1", 2}, 2)), "from self") << "this node lost its second commit";
  EXPECT_STREQ(kind_of(verdict_of(Origin{"dc1", 2}, 5)), "from self") << "and more, gap or not";
  EXPECT_STREQ(kind_of(verdict_of(Origin{"dc1", 3}, 1)), "from self") << "it was further once";
  EXPECT_STREQ(kind_of(verdict_of(Origin{"dc1", 1}, 1)), "next") << "an earlier epoch's commits are handed back";
  EXPECT_EQ(std::get<FromSelfUnknown>(verdict_of(Origin{"dc1", 3}, 1)).dot, (Dot{Origin{"dc1", 3}, Seq(1)}));
}

}  // namespace
}  // namespace pando::repl::intake_test
