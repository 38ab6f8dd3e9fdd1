#include "server/wiring.h"

#include <gtest/gtest.h>

namespace pando::server {
namespace {

Config two_links() {
  Config config;
  config.namespaces = {"mine", "theirs", "ours"};
  PeerConfig upstream;
  upstream.name = "relayer_config.up";
  upstream.address = "up:1";
  upstream.namespaces = {"theirs"};
  upstream.upstream = true;
  PeerConfig peer;
  peer.name = "peer.p";
  peer.address = "p:2";
  peer.namespaces = {"ours", "mine"};
  peer.publish = true;
  peer.subscribe = false;
  config.peers = {upstream, peer};
  return config;
}

TEST(Wiring, ALinkPerPeerAndNamespace) {
  Config config = two_links();
  config.merge_groups = {{"g", {"mine", "theirs"}}};
  config.serves_grpc = false;
  config.transactions = {Duration::seconds(3), Duration::seconds(4)};
  const node::NodeConfig node = node_config(config, "dc1", 7);
  EXPECT_EQ(node.transaction_idle_max, Duration::seconds(3));
  EXPECT_EQ(node.transaction_age_max, Duration::seconds(4));
  EXPECT_EQ(node.node_name, "dc1");
  EXPECT_EQ(node.seed, 7u);
  EXPECT_FALSE(node.accept_links);
  ASSERT_EQ(node.links.size(), 3u);
  EXPECT_EQ(node.links[0].config_name, "relayer_config.up");
  EXPECT_EQ(node.links[0].address, "up:1");
  EXPECT_FALSE(node.links[0].publish);
  EXPECT_TRUE(node.links[0].subscribe);
  EXPECT_EQ(node.links[2].ns, "mine");
  EXPECT_TRUE(node.links[2].publish);
  EXPECT_FALSE(node.links[2].subscribe);
  ASSERT_EQ(node.merge_groups.size(), 1u);
}

TEST(Wiring, WhatIsFollowedIsReadOnly) {
  const Config config = two_links();
  const struct {
    Role role;
    const char* ns;
    bool writable;
  } kCases[] = {
      {Role::kReplicator, "mine", true}, {Role::kReplicator, "ours", true}, {Role::kReplicator, "theirs", false},
      {Role::kRelayer, "mine", false},   {Role::kRelay, "theirs", false},
  };
  for (const auto& c : kCases) EXPECT_EQ(namespace_config(config, c.role, c.ns).writable, c.writable) << c.ns;
}

TEST(Wiring, OnlyNamespacesWithAPublisherNotify) {
  Config config = two_links();
  NotifierConfig notifier;
  notifier.ns = "mine";
  notifier.curve_public_key = "p";
  notifier.curve_secret_key = "s";
  config.notifiers = {notifier};
  EXPECT_TRUE(namespace_config(config, Role::kReplicator, "mine").notify);
  EXPECT_FALSE(namespace_config(config, Role::kReplicator, "ours").notify);
  ASSERT_TRUE(publisher_options(notifier).curve.has_value());
  EXPECT_EQ(publisher_options(notifier).curve->secret_key, "s");
  EXPECT_FALSE(publisher_options(NotifierConfig{}).curve.has_value());
}

TEST(Wiring, CertificatesAreNotUsedWhenPlainTextWasAskedFor) {
  PeerConfig peer;
  peer.tls = {"c", "k", "ca", false};
  peer.server_name = "name";
  EXPECT_EQ(dial_options(peer).tls.ca_path, "ca");
  EXPECT_EQ(dial_options(peer).tls.server_name, "name");
  peer.tls.allow_insecure = true;
  EXPECT_TRUE(dial_options(peer).tls.empty());
  EXPECT_TRUE(dial_options(peer).allow_insecure);
}

}  // namespace
}  // namespace pando::server
