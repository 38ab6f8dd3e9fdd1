#include "crdt/register.h"

#include <gtest/gtest.h>

namespace pando::crdt::register_test {
namespace {

using namespace std::string_literals;

const Origin kA{"a", 1};
const Origin kB{"b", 1};
const Origin kB2{"b", 2};

Dot dot(const Origin& origin, std::uint64_t seq) { return {origin, Seq(seq)}; }
Context seen(std::initializer_list<Dot> dots) {
  VersionVector vector;
  for (const Dot& d : dots) vector.raise(d.origin, d.seq);
  return Context(vector);
}
Register with(std::initializer_list<Register::Entry> entries) {
  Register reg;
  for (const auto& entry : entries) reg.put(entry.dot, entry.hlc, entry.value, {});
  return reg;
}
Bytes bytes_of(const Register& reg) {
  Bytes bytes;
  Writer out(bytes);
  encode(reg, out);
  return bytes;
}

TEST(Register, ResolvePicksTheSameWinnerEverywhere) {
  const Register::Entry x{dot(kA, 1), Hlc{10}, "x"};
  struct Row {
    Register::Entry other;
    bool other_wins;
    const char* why;
  };
  const Row rows[] = {
      {{dot(kB, 1), Hlc{11}, "a"}, true, "the later stamp wins, whatever the rest says"},
      {{dot(kB, 1), Hlc{9}, "z"}, false, "the earlier stamp loses"},
      {{dot(kB, 1), Hlc{10}, "a"}, true, "same stamp: the larger origin name"},
      {{dot(kA, 2), Hlc{10}, "y"}, true, "same stamp and origin: the larger bytes"},
      {{dot(kA, 2), Hlc{10}, "w"}, false, "same stamp and origin: the smaller bytes lose"},
      {{dot(kA, 2), Hlc{10}, "\xFF"}, true, "bytes compare unsigned"},
  };
  for (const Row& row : rows) {
    const Bytes expected = row.other_wins ? row.other.value : x.value;
    EXPECT_EQ(with({x, row.other}).resolve()->value, expected) << row.why;
    EXPECT_EQ(with({row.other, x}).resolve()->value, expected) << row.why << " (other order)";
  }
  EXPECT_GT(kB2, kB) << "a later epoch is the larger origin";
  EXPECT_EQ(Register().resolve(), nullptr);
}

TEST(Register, PutReplacesWhatItsWriterSawAndKeepsTheRest) {
  Register reg = with({{dot(kA, 1), Hlc{1}, "one"}, {dot(kB, 1), Hlc{2}, "two"}});
  EXPECT_TRUE(reg.conflicted());
  EXPECT_EQ(reg.dots(), (std::vector<Dot>{dot(kA, 1), dot(kB, 1)}));

  Register partly = reg;
  partly.put(dot(kA, 2), Hlc{3}, "three", {dot(kA, 1)});
  EXPECT_EQ(partly, with({{dot(kA, 2), Hlc{3}, "three"}, {dot(kB, 1), Hlc{2}, "two"}}));

  reg.put(dot(kA, 2), Hlc{3}, "three", {dot(kA, 1), dot(kB, 1)});
  EXPECT_EQ(reg, with({{dot(kA, 2), Hlc{3}, "three"}}));
  EXPECT_FALSE(reg.conflicted());

  Register again = reg;
  again.put(dot(kA, 2), Hlc{3}, "three", {dot(kA, 1), dot(kB, 1)});
  EXPECT_EQ(again, reg) << "twice is once";
  again.put(dot(kA, 2), Hlc{3}, "later op of the same commit", {});
  EXPECT_EQ(again.resolve()->value, "later op of the same commit");

  partly.put(dot(kA, 2), Hlc{3}, "later op of the same commit", {});
  EXPECT_EQ(partly, with({{dot(kA, 2), Hlc{3}, "later op of the same commit"}, {dot(kB, 1), Hlc{2}, "two"}}))
      << "also beside another";
}

TEST(Register, ResolvesAsThoughOneWereNotThere) {
  const Register reg = with({{dot(kA, 1), Hlc{1}, "one"}, {dot(kA, 2), Hlc{3}, "three"}, {dot(kB, 1), Hlc{2}, "two"}});
  const Dot winner = dot(kA, 2), loser = dot(kA, 1), other = dot(kB, 9);
  EXPECT_EQ(reg.resolve(&winner)->value, "two");
  EXPECT_EQ(reg.resolve(&loser)->value, "three");
  EXPECT_EQ(reg.resolve(&other)->value, "three");
  EXPECT_EQ(with({{winner, Hlc{3}, "three"}}).resolve(&winner), nullptr);
}

TEST(Register, RemoveAndClearTakeOnlyWhatWasSeen) {
  const Register reg = with({{dot(kA, 3), Hlc{1}, "x"}, {dot(kB, 5), Hlc{2}, "y"}});
  Register removed = reg;
  EXPECT_FALSE(removed.remove({dot(kA, 2), dot(kB, 6)})) << "nothing of it is here";
  EXPECT_EQ(removed, reg);
  EXPECT_TRUE(removed.remove({dot(kB, 5)}));
  EXPECT_EQ(removed, with({{dot(kA, 3), Hlc{1}, "x"}}));

  Register cleared = reg;
  EXPECT_FALSE(cleared.clear(seen({dot(kA, 2), dot(kB, 4)}).vector()));
  EXPECT_EQ(cleared, reg);
  EXPECT_TRUE(cleared.clear(seen({dot(kA, 3), dot(kB, 4)}).vector()));
  EXPECT_EQ(cleared, with({{dot(kB, 5), Hlc{2}, "y"}}));
  EXPECT_TRUE(cleared.clear(seen({dot(kB, 9)}).vector()));
  EXPECT_TRUE(cleared.empty());
}

TEST(Register, AShortValueDoesNotKeepTheMemoryOfALongOne) {
  Register reg = with({{dot(kA, 1), Hlc{1}, Bytes(1 << 20, 'x')}});
  reg.put(dot(kA, 2), Hlc{2}, "short", {dot(kA, 1)});
  EXPECT_LT(reg.heap_bytes(), 1000u);
}

TEST(Register, Join) {
  const Register::Entry a1{dot(kA, 1), Hlc{1}, "a1"};
  const Register::Entry a2{dot(kA, 2), Hlc{3}, "a2"};
  const Register::Entry b1{dot(kB, 1), Hlc{2}, "b1"};
  struct Row {
    Register left;
    Context seen_left;
    Register right;
    Context seen_right;
    Register joined;
    const char* why;
  };
  const Row rows[] = {
      {{}, {}, {}, {}, {}, "nothing and nothing"},
      {with({a1}), seen({a1.dot}), {}, {}, with({a1}), "the other has not seen it yet"},
      {with({a1}), seen({a1.dot}), {}, seen({a1.dot}), {}, "the other saw it and has it no more: deleted"},
      {with({a1}), seen({a1.dot}), with({a1}), seen({a1.dot}), with({a1}), "both have it"},
      {with({a2}), seen({a2.dot}), with({a1}), seen({a1.dot}), with({a2}), "replaced on one side"},
      {with({a2}), seen({a2.dot}), with({b1}), seen({b1.dot}), with({a2, b1}), "concurrent: both stay"},
      {with({a2}), seen({a2.dot, b1.dot}), with({a1, b1}), seen({a1.dot, b1.dot}), with({a2}),
       "a write that saw both concurrent ones"},
      {{}, seen({a1.dot}), with({a2}), seen({a2.dot}), with({a2}), "a delete does not hide a later write"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(join(row.left, row.seen_left, row.right, row.seen_right), row.joined) << row.why;
    EXPECT_EQ(join(row.right, row.seen_right, row.left, row.seen_left), row.joined) << row.why << " (swapped)";
  }
}

TEST(Register, JoinOfAForgedDotIsTheSameOnBothSides) {
  const Register left = with({{dot(kA, 1), Hlc{1}, "true"}});
  const Register right = with({{dot(kA, 1), Hlc{1}, "fake"}});
  const Context both = seen({dot(kA, 1)});
  EXPECT_EQ(join(left, both, right, both), join(right, both, left, both));
}

// clang-format off
TEST(Register, GoldenBytes) {
  const Register reg = with({{dot(kB2, 300), Hlc{0x0102030405060708}, "v"}, {dot(kA, 1), Hlc{2}, ""}});
  EXPECT_EQ(bytes_of(reg), "\x02"                                                               // two values
                           "\x01" "a\x01\x01" "\x02\0\0\0\0\0\0\0" "\x00"                     // a:1
                           "\x01" "b\x02\xAC\x02" "\x08\x07\x06\x05\x04\x03\x02\x01" "\x01v"s);  // b#2:300
}
// clang-format on

TEST(Register, DecodingTakesBackWhatWasEncodedAndNothingElse) {
  const Register reg = with({{dot(kA, 1), Hlc{1}, "x"}, {dot(kB, 1), Hlc{2}, "yy"}});
  const Bytes good = bytes_of(reg);
  Reader in(good);
  EXPECT_EQ(decode_register(in), reg);
  EXPECT_TRUE(in.finish().ok());
  for (std::size_t size = 0; size < good.size(); ++size) {
    Reader cut(ByteSpan(good).substr(0, size));
    decode_register(cut);
    EXPECT_FALSE(cut.finish().ok()) << "cut to " << size;
  }
  const Bytes one = bytes_of(with({{dot(kA, 1), Hlc{1}, "x"}})).substr(1);
  const Bytes doubled = "\x02" + one + one;
  Reader repeated(doubled);
  decode_register(repeated);
  EXPECT_NE(repeated.status().message().find("ascending"), std::string::npos);
}

}  // namespace
}  // namespace pando::crdt::register_test
