#include "server/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pando::server {
namespace {

using ::testing::HasSubstr;

TEST(Metrics, FamiliesStandTogetherWithTheirSamples) {
  MetricsInput input;
  input.node_name = "dc1";
  input.role = "relayer";
  input.version = "1.2.3";
  MetricsInput::Namespace a, b;
  a.ns = "a";
  a.stats.commits = 7;
  a.stats.links = {{"dc2", "up", true, 3, 4, 5}, {"dc\"3\n", "down: no answer", false, 0, 0, 0}};
  a.stats.links.front().subscribes = TableSet::of({"kv", "row"});
  a.stats.tables.publish = TableSet::of({"alerts"});
  a.stats.refusals = {{"conflict", 2}};
  a.stats.quarantined = {{{Origin{"dc3", 1}, Seq(7)}, "torn", {"dc2"}}};
  a.stats.quarantined_total = 3;
  a.stats.ended_freed = 12;
  a.stats.ended_waiting = 5;
  a.stats.order_waiting = 1;
  a.stats.order_waits = 8;
  a.stats.credit_exhausted = 6;
  a.stats.fell_behind = 2;
  input.strangers_refused[StatusCode::kDataLoss] = 4;
  b.ns = "b";
  b.health = Status(StatusCode::kUnavailable, "disk full");
  input.namespaces = {a, b};
  input.publishers = {{"a", {.sent = 9, .overflows = 2}}};
  input.http.replies_2xx = 11;
  const Disk::Stats disk;
  input.disk = &disk;
  const std::string text = metrics_text(input);
  EXPECT_THAT(text, HasSubstr("pando_info{node=\"dc1\",role=\"relayer\",version=\"1.2.3\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE pando_namespace_ready gauge\n"
                              "pando_namespace_ready{namespace=\"a\"} 1\n"
                              "pando_namespace_ready{namespace=\"b\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE pando_commits_total counter\npando_commits_total{namespace=\"a\"} 7\n"));
  EXPECT_THAT(text, HasSubstr("pando_link_up{namespace=\"a\",peer=\"dc2\",direction=\"dialed\"} 1\n"
                              "pando_link_up{namespace=\"a\",peer=\"dc\\\"3\\n\",direction=\"accepted\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("pando_link_behind_commits{namespace=\"a\",peer=\"dc2\",direction=\"dialed\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("pando_publishes{namespace=\"a\",table=\"alerts\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("pando_subscribes{namespace=\"a\",table=\"*\"} 1\n"));
  EXPECT_THAT(text,
              HasSubstr("pando_link_subscribes{namespace=\"a\",peer=\"dc2\",direction=\"dialed\",table=\"kv\"} 1\n"
                        "pando_link_subscribes{namespace=\"a\",peer=\"dc2\",direction=\"dialed\",table=\"row\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("pando_links_refused_total{namespace=\"a\",code=\"conflict\"} 2\n"
                              "pando_links_refused_total{namespace=\"\",code=\"data_loss\"} 4\n"));
  EXPECT_THAT(text, HasSubstr("pando_quarantined_commits{namespace=\"a\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("pando_quarantined_commits_total{namespace=\"a\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE pando_ended_keys_freed_total counter\n"
                              "pando_ended_keys_freed_total{namespace=\"a\"} 12\n"));
  EXPECT_THAT(text, HasSubstr("pando_ended_keys_waiting{namespace=\"a\"} 5\n"));
  EXPECT_THAT(text, HasSubstr("pando_order_waiting_requests{namespace=\"a\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE pando_order_waits_total counter\npando_order_waits_total{namespace=\"a\"} 8\n"));
  EXPECT_THAT(text, HasSubstr("pando_credit_exhausted_total{namespace=\"a\"} 6\n"));
  EXPECT_THAT(text, HasSubstr("pando_peers_fell_behind_total{namespace=\"a\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("pando_zmq_dropped_total{namespace=\"a\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("pando_http_replies_total{status=\"2xx\"} 11\n"));
  EXPECT_THAT(text, HasSubstr("pando_log_write_seconds_count 0\n"));
}

TEST(Metrics, TheProcessMeasuresItself) {
  const ProcessUsage usage = process_usage();
  EXPECT_GT(usage.resident_bytes, 1u << 20);
  EXPECT_GT(usage.open_files, 2u);
}

}  // namespace
}  // namespace pando::server
