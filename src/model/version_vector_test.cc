#include "model/version_vector.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

namespace pando::version_vector_test {
namespace {

const Origin kA{"a", 1};
const Origin kA2{"a", 2};
const Origin kB{"b", 1};

VersionVector vector_of(std::vector<VersionVector::Entry> entries) {
  VersionVector vector;
  for (const auto& [origin, seq] : entries) vector.raise(origin, seq);
  return vector;
}

Bytes bytes_of(const VersionVector& vector) {
  Bytes out;
  Writer w(out);
  encode(vector, w);
  return out;
}

// Small worlds: two nodes, two epochs, numbers to 4, so that equal and comparable ones are met often.
VersionVector any_vector() {
  VersionVector vector;
  for (int i = *rc::gen::inRange(0, 5); i > 0; --i) {
    vector.raise(Origin{*rc::gen::element<std::string>("a", "b"), *rc::gen::element<std::uint64_t>(1, 2)},
                 Seq(static_cast<std::uint64_t>(*rc::gen::inRange(0, 5))));
  }
  return vector;
}

VersionVector merged(VersionVector a, const VersionVector& b) {
  a.merge(b);
  return a;
}

TEST(VersionVector, HoldsAllUpToANumber) {
  VersionVector vector = vector_of({{kA, Seq(5)}, {kB, Seq(2)}});
  EXPECT_EQ(vector.get(kA), Seq(5));
  EXPECT_EQ(vector.get(kA2), Seq(0)) << "another epoch is another origin";
  EXPECT_TRUE(vector.covers(Dot{kA, Seq(1)}));
  EXPECT_TRUE(vector.covers(Dot{kA, Seq(5)}));
  EXPECT_FALSE(vector.covers(Dot{kA, Seq(6)}));
  EXPECT_FALSE(vector.covers(Dot{kA2, Seq(1)}));
  vector.raise(kA, Seq(3));
  EXPECT_EQ(vector.get(kA), Seq(5)) << "never lowered";
  vector.raise(kA2, Seq(0));
  EXPECT_EQ(vector.entries().size(), 2u) << "nothing seen takes no entry";
  EXPECT_EQ(to_string(vector_of({{kB, Seq(4)}, {kA2, Seq(1)}, {kA, Seq(17)}})), "{a:17, a#2:1, b:4}");
}

TEST(VersionVector, CoversBothWays) {
  struct Row {
    const char* why;
    VersionVector a, b;
    bool a_covers_b, b_covers_a;
  };
  const Row rows[] = {
      {"nothing and nothing", {}, {}, true, true},
      {"something and nothing", vector_of({{kA, Seq(1)}}), {}, true, false},
      {"the same", vector_of({{kA, Seq(1)}}), vector_of({{kA, Seq(1)}}), true, true},
      {"further", vector_of({{kA, Seq(2)}, {kB, Seq(1)}}), vector_of({{kA, Seq(1)}}), true, false},
      {"concurrent", vector_of({{kA, Seq(2)}}), vector_of({{kB, Seq(1)}}), false, false},
      {"another epoch", vector_of({{kA, Seq(9)}}), vector_of({{kA2, Seq(1)}}), false, false},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(row.a.covers(row.b), row.a_covers_b) << row.why;
    EXPECT_EQ(row.b.covers(row.a), row.b_covers_a) << row.why;
  }
}

TEST(VersionVector, HasMoreOfANodeUnderAnyEpoch) {
  struct Row {
    const char* why;
    VersionVector a, b;
    bool a_has_more, b_has_more;  // of node a
  };
  const Row rows[] = {
      {"nothing and nothing", {}, {}, false, false},
      {"something and nothing", vector_of({{kA, Seq(1)}}), {}, true, false},
      {"the same", vector_of({{kA, Seq(1)}}), vector_of({{kA, Seq(1)}}), false, false},
      {"further", vector_of({{kA, Seq(2)}}), vector_of({{kA, Seq(1)}}), true, false},
      {"of another node", vector_of({{kA, Seq(1)}, {kB, Seq(9)}}), vector_of({{kA, Seq(1)}}), false, false},
      {"a later epoch", vector_of({{kA2, Seq(1)}}), vector_of({{kA, Seq(9)}}), true, true},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(row.a.has_more_of("a", row.b), row.a_has_more) << row.why;
    EXPECT_EQ(row.b.has_more_of("a", row.a), row.b_has_more) << row.why;
  }
}

RC_GTEST_PROP(VersionVector, MergeIsAJoin, ()) {
  const VersionVector a = any_vector();
  const VersionVector b = any_vector();
  const VersionVector c = any_vector();
  RC_ASSERT(merged(a, b) == merged(b, a));
  RC_ASSERT(merged(merged(a, b), c) == merged(a, merged(b, c)));
  RC_ASSERT(merged(a, a) == a);
  RC_ASSERT(merged(a, b).covers(a));
  RC_ASSERT(a.covers(b) == (merged(a, b) == a));
}

RC_GTEST_PROP(VersionVector, EqualSetsHaveEqualBytes, ()) {
  const VersionVector a = any_vector();
  const VersionVector b = any_vector();
  RC_ASSERT((bytes_of(a) == bytes_of(b)) == (a == b));
  const Bytes bytes = bytes_of(a);
  Reader in(bytes);
  RC_ASSERT(decode_version_vector(in) == a);
  RC_ASSERT(in.finish().ok());
}

TEST(VersionVector, GoldenBytes) {
  EXPECT_EQ(bytes_of(vector_of({{kB, Seq(300)}, {kA2, Seq(1)}})),
            "\x02\x01"
            "a\x02\x01\x01"
            "b\x01\xAC\x02");
}

TEST(VersionVector, OnlyTheSortedFormIsRead) {
  struct Row {
    const char* why;
    Bytes bytes;
    const char* message;
  };
  const Row rows[] = {
      {"out of order",
       "\x02\x01"
       "b\x01\x01\x01"
       "a\x01\x01",
       "offset 9: vector.origin: is not in ascending order"},
      {"twice",
       "\x02\x01"
       "a\x01\x01\x01"
       "a\x01\x02",
       "offset 9: vector.origin: is not in ascending order"},
      {"a zero",
       Bytes("\x01\x01"
             "a\x01\x00",
             5),
       "offset 5: dot.seq: is zero"},
      {"a count without entries", "\x7F", "offset 1: origin.node: varint is cut short"},
      {"more origins than the limit", "\xFF\xFF\x7F", "offset 3: vector.count: 2097151 is over the limit of 65536"},
  };
  for (const Row& row : rows) {
    Reader in(row.bytes);
    static_cast<void>(decode_version_vector(in));
    EXPECT_EQ(in.finish().message(), row.message) << row.why;
  }
}

TEST(Context, DotsAheadOfAGapWaitForIt) {
  Context context(vector_of({{kA, Seq(2)}}));
  context.add(Dot{kA, Seq(5)});
  context.add(Dot{kA, Seq(4)});
  EXPECT_EQ(context.vector().get(kA), Seq(2));
  EXPECT_EQ(context.exceptions(), (std::vector<Dot>{{kA, Seq(4)}, {kA, Seq(5)}}));
  EXPECT_TRUE(context.covers(Dot{kA, Seq(5)}));
  EXPECT_FALSE(context.covers(Dot{kA, Seq(3)}));
  context.add(Dot{kA, Seq(3)});
  EXPECT_EQ(context.vector().get(kA), Seq(5)) << "the gap is filled, the rest folds in";
  EXPECT_TRUE(context.exceptions().empty());
}

// Any order, repeated or not, and split over two replicas: the same context.
TEST(Context, EveryOrderOfTheSameDots) {
  std::vector<Dot> dots = {{kA, Seq(1)}, {kA, Seq(2)}, {kA, Seq(4)}, {kB, Seq(2)}, {kB, Seq(3)}};
  std::sort(dots.begin(), dots.end());
  Context expected;
  for (const Dot& dot : dots) expected.add(dot);
  EXPECT_EQ(expected.vector(), vector_of({{kA, Seq(2)}}));
  EXPECT_EQ(expected.exceptions(), (std::vector<Dot>{{kA, Seq(4)}, {kB, Seq(2)}, {kB, Seq(3)}}));
  do {
    for (std::size_t split = 0; split <= dots.size(); ++split) {
      Context left;
      Context right;
      for (std::size_t i = 0; i < dots.size(); ++i) {
        (i < split ? left : right).add(dots[i]);
        left.add(dots[0]);
      }
      Context both = left;
      both.merge(right);
      Context other = right;
      other.merge(left);
      ASSERT_EQ(both, expected);
      ASSERT_EQ(other, expected);
    }
  } while (std::next_permutation(dots.begin(), dots.end()));
}

TEST(Context, ComesBackAsItWas) {
  Context context(vector_of({{kA, Seq(2)}}));
  context.add(Dot{kA, Seq(4)});
  context.add(Dot{kB, Seq(7)});
  Bytes bytes;
  Writer w(bytes);
  encode(context, w);
  Reader in(bytes);
  EXPECT_EQ(decode_context(in), context);
  EXPECT_TRUE(in.finish().ok());
}

// Each of these would be a second form of the same set.
TEST(Context, HasOneForm) {
  const struct {
    std::vector<Dot> exceptions;
    const char* why;
  } table[] = {
      {{{kA, Seq(1)}}, "offset 10: context.exception: is already covered"},
      {{{kA, Seq(3)}}, "offset 10: context.exception: has no gap before it"},
      {{{kB, Seq(7)}, {kA, Seq(4)}}, "offset 14: context.exception: is out of order"},
      {{{kA, Seq(4)}, {kA, Seq(4)}}, "offset 14: context.exception: is out of order"},
  };
  for (const auto& row : table) {
    Bytes bytes;
    Writer out(bytes);
    encode(vector_of({{kA, Seq(2)}}), out);
    encode(row.exceptions, out);
    Reader in(bytes);
    static_cast<void>(decode_context(in));
    EXPECT_EQ(in.finish().message(), row.why);
  }
}

}  // namespace
}  // namespace pando::version_vector_test
