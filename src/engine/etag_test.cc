#include "engine/etag.h"

#include <gtest/gtest.h>

#include "apply/apply.h"
#include "engine/draft.h"
#include "store/memory_kv.h"

namespace pando::engine::etag_test {
namespace {

class Site {
 public:
  explicit Site(std::string name) : self_{std::move(name), 1}, cells_(std::move(*store::Cells::open(kv_))) {}

  Commit write(const Mutation& mutation) {
    Draft made({self_, cells_->context().get(self_).next()}, view(), parser_);
    const Status status = made.add(mutation);
    EXPECT_TRUE(status.ok()) << status.to_string();
    Commit commit;
    commit.dot = {self_, cells_->context().get(self_).next()};
    commit.hlc = Hlc{++stamp_};
    commit.ops = made.take_ops();
    take(commit);
    return commit;
  }
  void take(const Commit& commit) { ASSERT_TRUE(apply::apply(commit, LogPos(++pos_), *cells_).has_value()); }
  View view() { return View(*cells_, catalog_, 0); }
  std::string etag(ByteSpan key) {
    View seen = view();
    const Result<std::string> etag = etag_of(seen, "kv", key);
    return etag ? *etag : etag.error().to_string();
  }
  Status check(std::optional<Condition> match, std::optional<Condition> none_match) {
    View seen = view();
    return check_conditions(seen, match, none_match, "kv", "k");
  }

 private:
  Origin self_;
  store::MemoryKv kv_;
  std::unique_ptr<store::Cells> cells_;
  Catalog catalog_;
  TypedPayloadParser parser_;
  std::uint64_t pos_ = 0;
  std::uint64_t stamp_ = 0;
};

Mutation of(Mutation::Kind kind, Bytes value = {}) {
  Mutation m;
  m.kind = kind;
  m.key = "k";
  m.value = std::move(value);
  m.delta = 1;
  m.members = {"a", "b"};
  return m;
}

TEST(Etag, EveryTypeHasOneThatChangesWithEveryWriteAndIsEqualWhereTheStateIs) {
  using Kind = Mutation::Kind;
  for (const Kind kind : {Kind::kPut, Kind::kAdd, Kind::kAddMembers, Kind::kEnable}) {
    Site dc1("dc1");
    Site dc2("dc2");
    EXPECT_EQ(dc1.etag("k"), "");
    dc2.take(dc1.write(of(kind, "v")));
    const std::string first = dc1.etag("k");
    EXPECT_EQ(first.size(), 16u);
    EXPECT_EQ(dc2.etag("k"), first);
    dc2.take(dc1.write(of(kind, "v")));
    EXPECT_NE(dc1.etag("k"), first) << "the same again is another state";
    EXPECT_EQ(dc2.etag("k"), dc1.etag("k"));
    dc1.write(of(Kind::kDelete));
    EXPECT_EQ(dc1.etag("k"), "");
  }
}

TEST(Etag, OfATypeClashItIsThatOfWhatReadsAnswer) {
  Site dc1("dc1");
  Site dc2("dc2");
  const Commit value = dc1.write(of(Mutation::Kind::kPut, "v"));
  const std::string of_value = dc1.etag("k");
  const Commit set = dc2.write(of(Mutation::Kind::kAddMembers));
  dc1.take(set);
  dc2.take(value);
  EXPECT_EQ(dc1.etag("k"), of_value);
  EXPECT_EQ(dc2.etag("k"), of_value);
}

TEST(Etag, Conditions) {
  Site dc1("dc1");
  const Condition any{true, {}};
  const Condition other{false, {"0000000000000000"}};
  EXPECT_TRUE(dc1.check({}, {}).ok());
  EXPECT_EQ(dc1.check(any, {}).code(), StatusCode::kPreconditionFailed);
  EXPECT_TRUE(dc1.check({}, any).ok());
  EXPECT_TRUE(dc1.check({}, other).ok());
  dc1.write(of(Mutation::Kind::kPut, "v"));
  const Condition now{false, {"x", dc1.etag("k")}};
  EXPECT_TRUE(dc1.check(any, {}).ok());
  EXPECT_TRUE(dc1.check(now, other).ok());
  EXPECT_EQ(dc1.check(other, {}).code(), StatusCode::kPreconditionFailed);
  EXPECT_EQ(dc1.check({}, any).code(), StatusCode::kPreconditionFailed);
  EXPECT_EQ(dc1.check({}, now).code(), StatusCode::kPreconditionFailed);
  EXPECT_NE(dc1.check(other, {}).message().find(dc1.etag("k")), std::string::npos);
}

}  // namespace
}  // namespace pando::engine::etag_test
