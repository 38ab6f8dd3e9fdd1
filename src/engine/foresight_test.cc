#include "engine/foresight.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "engine/sites_suite.h"

namespace pando::engine::foresight_test {
namespace {

using test::count_by;
using test::put_value;

PipelineItem writing(Mutation mutation) {
  WriteRequest write;
  write.mutations.push_back(std::move(mutation));
  return {std::move(write)};
}

// Of each kind it knows, something it does not know, what is there and what is not; more than it looks at together.
std::vector<PipelineItem> items() {
  std::vector<PipelineItem> all;
  for (int i = 0; i < 100; ++i) {
    const Bytes key = fmt::format("k{}", i);
    all.push_back(writing(put_value("v", key)));
    all.push_back(writing(count_by(1, key)));
    all.push_back({GetRequest{.key = key}});
    all.push_back({HasMemberRequest{.key = key, .member = "m"}});
    all.push_back({GetTypeRequest{"kv", key}});
  }
  Mutation members = test::of_kind(Mutation::Kind::kAddMembers, "set");
  all.push_back(writing(members));
  members.members = {"m", "n"};
  all.push_back(writing(members));
  Mutation columns = test::of_kind(Mutation::Kind::kPutColumns, "row");
  all.push_back(writing(columns));
  columns.columns = {{"c", "1"}};
  all.push_back(writing(columns));
  all.push_back(writing(test::with_detail("scores", SetScores{{}})));
  all.push_back(writing(test::with_detail("scores", SetScores{{{"m", 1}}})));
  all.push_back({WriteRequest{}});
  return all;
}

TEST(Foresight, ChangesNothingAndNeedsNothing) {
  Sites sites(1);
  foresee(items(), sites[0].cells());
  foresee({}, sites[0].cells());
  for (int i = 0; i < 50; ++i) sites[0].commit({put_value(fmt::format("{}", i), fmt::format("k{}", i))});
  for (int i = 50; i < 80; ++i) sites[0].commit({count_by(i, fmt::format("k{}", i))});
  Mutation members = test::of_kind(Mutation::Kind::kAddMembers, "set");
  members.members = {"m"};
  sites[0].commit({members});
  const auto before = sites[0].digest();
  const std::size_t dirty = sites[0].cells().dirty_bytes();
  const std::size_t cached = sites[0].cells().cached_bytes();
  foresee(items(), sites[0].cells());
  EXPECT_EQ(sites[0].digest(), before);
  EXPECT_EQ(sites[0].cells().dirty_bytes(), dirty);
  EXPECT_EQ(sites[0].cells().cached_bytes(), cached);
  EXPECT_EQ(sites[0].ask<ValueReply>(GetRequest{.key = "k7"}).value, "7");
}

}  // namespace
}  // namespace pando::engine::foresight_test
