#include "engine/commit_sharing.h"

#include <gtest/gtest.h>

namespace pando::engine::commit_sharing_test {
namespace {

using Fit = CommitSharing::Fit;
using Kind = Mutation::Kind;

WriteRequest of(Kind kind, Bytes key) {
  Mutation mutation;
  mutation.kind = kind;
  mutation.key = std::move(key);
  return {{std::move(mutation)}, true};
}
WriteRequest member(Bytes key, Bytes name) {
  WriteRequest write = of(Kind::kAddMembers, std::move(key));
  write.mutations[0].members.push_back(std::move(name));
  return write;
}
WriteRequest with(Bytes key, Mutation::Detail detail) {
  WriteRequest write = of(Kind::kDetail, std::move(key));
  write.mutations[0].detail = std::move(detail);
  return write;
}

TEST(CommitSharing, DifferentKeysStandInOneCommit) {
  CommitSharing sharing;
  const WriteRequest a = of(Kind::kPut, "a"), b = of(Kind::kAdd, "b"), c = member("c", "x");
  EXPECT_EQ(sharing.look(a), Fit::kNewKey);
  EXPECT_EQ(sharing.look(b), Fit::kNewKey);
  EXPECT_EQ(sharing.look(c), Fit::kNewKey);
}

TEST(CommitSharing, AValueIsNotOverwrittenBeforeAnybodySawIt) {
  CommitSharing sharing;
  const WriteRequest a = of(Kind::kPut, "a"), b = of(Kind::kPut, "b");
  EXPECT_EQ(sharing.look(a), Fit::kNewKey);
  EXPECT_EQ(sharing.look(a), Fit::kAfter);
  EXPECT_EQ(sharing.look(b), Fit::kNewKey);
  EXPECT_EQ(sharing.look(a), Fit::kAfter) << "not the last key, but of this commit";
  EXPECT_EQ(sharing.look(b), Fit::kNewKey) << "the commit it was in has ended";
}

TEST(CommitSharing, OtherElementsOfTheLastKeyJoin) {
  CommitSharing sharing;
  const WriteRequest x = member("s", "x"), y = member("s", "y"), z = member("s", "z"), other = of(Kind::kPut, "k");
  EXPECT_EQ(sharing.look(x), Fit::kNewKey);
  EXPECT_EQ(sharing.look(y), Fit::kSameKey);
  EXPECT_EQ(sharing.look(x), Fit::kAfter) << "its element was added before";
  EXPECT_EQ(sharing.look(other), Fit::kNewKey);
  EXPECT_EQ(sharing.look(z), Fit::kAfter) << "not right behind the others of its key";

  const WriteRequest score = with("z", SetScores{{{"m", 1}}, {}, false}), push = with("l", ListPush{{}, {"v"}, false});
  const WriteRequest next = with("z", SetScores{{{"n", 1}}, {}, false}), removal = of(Kind::kRemoveMembers, "s");
  sharing.clear();
  EXPECT_EQ(sharing.look(score), Fit::kNewKey);
  EXPECT_EQ(sharing.look(next), Fit::kSameKey);
  EXPECT_EQ(sharing.look(push), Fit::kNewKey);
  EXPECT_EQ(sharing.look(push), Fit::kSameKey);
  EXPECT_EQ(sharing.look(x), Fit::kNewKey);
  EXPECT_EQ(sharing.look(removal), Fit::kAfter) << "it may take away what was just added";
  EXPECT_EQ(sharing.look(y), Fit::kAfter) << "it adds what may just have been taken away";
}

TEST(CommitSharing, AloneStandsWhatLooksAtMoreThanItsKey) {
  CommitSharing sharing;
  WriteRequest both = of(Kind::kPut, "a");
  both.mutations.push_back(of(Kind::kPut, "b").mutations[0]);
  const WriteRequest a = of(Kind::kPut, "a"), copy = with("to", CopyKey{});
  WriteRequest row = of(Kind::kPutColumns, "a");
  row.mutations[0].table = "orders";
  EXPECT_EQ(sharing.look(a), Fit::kNewKey);
  EXPECT_EQ(sharing.look(both), Fit::kAlone);
  EXPECT_EQ(sharing.look(a), Fit::kNewKey) << "the commit it was in has ended";
  EXPECT_EQ(sharing.look(copy), Fit::kAlone);
  EXPECT_EQ(sharing.look(row), Fit::kAlone);
  EXPECT_EQ(sharing.look(WriteRequest{}), Fit::kAlone);
}

TEST(CommitSharing, ManyElementsAndManyBytesEndACommit) {
  CommitSharing sharing;
  WriteRequest many = of(Kind::kAddMembers, "s");
  for (int i = 0; i < 1000; ++i) many.mutations[0].members.push_back(std::to_string(i));
  const WriteRequest one = member("s", "one");
  EXPECT_EQ(sharing.look(many), Fit::kNewKey);
  EXPECT_EQ(sharing.look(one), Fit::kAfter);

  WriteRequest large = of(Kind::kPut, "large"), larger = of(Kind::kPut, "larger");
  large.mutations[0].value.assign(700'000, 'x');
  larger.mutations[0].value.assign(2'000'000, 'x');
  EXPECT_EQ(sharing.look(large), Fit::kNewKey);
  EXPECT_EQ(sharing.look(larger), Fit::kAfter);
}

}  // namespace
}  // namespace pando::engine::commit_sharing_test
