#include "cli/topology.h"

#include <gtest/gtest.h>

namespace pando::cli::topology_test {
namespace {

using nlohmann::ordered_json;

TEST(DrawTopology, PeersAndWhoIsBehindThem) {
  const auto ns = ordered_json::parse(R"({"namespace":"ad","origin":"dc1#2","links":[
    {"peer":"dc2","state":"up","dialed":true,"behindCommits":0,"subscribes":["*"]},
    {"peer":"relayer","state":"up","dialed":false,"behindCommits":1,"subscribes":["*"]},
    {"peer":"10.0.0.7:4001","state":"down: refused","dialed":true,"behindCommits":0,"subscribes":["*"]}],
    "tables":{"publish":["*"],"subscribe":["*"]},"context":{"dc1":4,"dc1#2":1,"dc2":7,"dc3":2,"dc3#2":1}})");
  EXPECT_EQ(draw_topology(ns),
            "ad: dc1\n"
            "├→ dc2            up, has everything of dc1\n"
            "├← relayer        up, lacks 1 commit of dc1\n"
            "├→ 10.0.0.7:4001  down: refused\n"
            "└· dc3            known by its commits\n");
}

TEST(DrawTopology, WhatOfItEachHolds) {
  const auto edge = ordered_json::parse(R"({"namespace":"plant","origin":"edge1","links":[
    {"peer":"cloud","state":"up","dialed":true,"behindCommits":12,"subscribes":["*"]}],
    "tables":{"publish":["alerts"],"subscribe":["thresholds"]},"context":{}})");
  EXPECT_EQ(draw_topology(edge),
            "plant: edge1, which publishes alerts, and subscribes to thresholds\n"
            "└→ cloud  up, lacks 12 commits of edge1\n");
  const auto cloud = ordered_json::parse(R"({"namespace":"plant","origin":"cloud","links":[
    {"peer":"edge1","state":"up","dialed":false,"behindCommits":0,"subscribes":["thresholds"]}],
    "tables":{"publish":["*"],"subscribe":[]},"context":{}})");
  EXPECT_EQ(draw_topology(cloud),
            "plant: cloud, which subscribes to nothing\n"
            "└← edge1  up, has everything of cloud, takes thresholds\n");
}

TEST(DrawTopology, NobodyElse) {
  EXPECT_EQ(draw_topology(ordered_json::parse(R"({"namespace":"ad","origin":"dc1","links":[],"context":{"dc1":4}})")),
            "");
}

}  // namespace
}  // namespace pando::cli::topology_test
