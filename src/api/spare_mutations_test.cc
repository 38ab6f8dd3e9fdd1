#include "api/spare_mutations.h"

#include <gtest/gtest.h>

namespace pando::api {
namespace {

Request write_of(std::size_t mutations) {
  WriteRequest write;
  write.mutations.resize(mutations);
  for (Mutation& one : write.mutations) one.key = "key";
  return write;
}

TEST(SpareMutations, GivesOneThatSaysNothing) {
  SpareMutations spare;
  EXPECT_EQ(spare.take().size(), 1u);

  Request asked = write_of(1);
  const Mutation* const memory = std::get<WriteRequest>(asked).mutations.data();
  EXPECT_TRUE(spare.keep(std::move(asked)).empty());
  const std::vector<Mutation> again = spare.take();
  EXPECT_EQ(again.data(), memory);
  EXPECT_EQ(again.front().key, "");
  EXPECT_NE(spare.take().data(), memory) << "it is given once";
}

TEST(SpareMutations, TakesPipelinesApart) {
  SpareMutations spare;
  PipelineRequest pipeline;
  pipeline.items.emplace_back(write_of(1));
  pipeline.items.emplace_back(GetRequest{});
  pipeline.items.emplace_back(write_of(2));
  const Mutation* const memory = std::get<WriteRequest>(pipeline.items.front().request).mutations.data();
  const PipelineItem* const room = pipeline.items.data();
  std::vector<PipelineItem> items = spare.keep(std::move(pipeline));
  EXPECT_TRUE(items.empty());
  EXPECT_EQ(items.data(), room);
  EXPECT_EQ(spare.take().data(), memory);
  EXPECT_EQ(spare.take().size(), 1u);
}

TEST(SpareMutations, HasABound) {
  SpareMutations spare;
  for (std::size_t i = 0; i < 2 * SpareMutations::kMax; ++i) spare.keep(write_of(1));
  spare.keep(GetRequest{});
  spare.keep(WriteRequest{});
  for (std::size_t i = 0; i < 2 * SpareMutations::kMax; ++i) ASSERT_EQ(spare.take().size(), 1u);
}

}  // namespace
}  // namespace pando::api
