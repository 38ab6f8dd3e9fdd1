#include "server/placement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pando::server {
namespace {

using ::testing::ElementsAre;

Config config_of(std::vector<std::string> namespaces) {
  Config config;
  config.namespaces = std::move(namespaces);
  return config;
}

TEST(Placement, EveryLoopHasAboutAsMany) {
  EXPECT_THAT(place_namespaces(config_of({"a", "b", "c", "d", "e"}), 2),
              ElementsAre(ElementsAre("a", "c", "e"), ElementsAre("b", "d")));
}

TEST(Placement, OneLoopHasAll) {
  EXPECT_THAT(place_namespaces(config_of({"a", "b", "c"}), 1), ElementsAre(ElementsAre("a", "b", "c")));
}

TEST(Placement, NoLoopIsWithoutANamespace) {
  EXPECT_THAT(place_namespaces(config_of({"a", "b"}), 8), ElementsAre(ElementsAre("a"), ElementsAre("b")));
}

TEST(Placement, AMergeGroupStaysTogether) {
  Config config = config_of({"a", "b", "c", "d"});
  config.merge_groups = {{"all", {"d", "a"}}};
  EXPECT_THAT(place_namespaces(config, 4), ElementsAre(ElementsAre("a", "d"), ElementsAre("b"), ElementsAre("c")));
  EXPECT_THAT(place_namespaces(config, 2), ElementsAre(ElementsAre("a", "d"), ElementsAre("b", "c")));
}

}  // namespace
}  // namespace pando::server
