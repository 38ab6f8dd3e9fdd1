#include "server/metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>
#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace pando::server {
namespace {

using Labels = std::vector<std::pair<std::string, std::string>>;

// Collects families in the order they are first named.
class Page {
 public:
  void gauge(const std::string& name, const std::string& help, const Labels& labels, double value) {
    prometheus::ClientMetric& metric = add(name, help, prometheus::MetricType::Gauge, labels);
    metric.gauge.value = value;
  }
  void counter(const std::string& name, const std::string& help, const Labels& labels, double value) {
    prometheus::ClientMetric& metric = add(name, help, prometheus::MetricType::Counter, labels);
    metric.counter.value = value;
  }
  void histogram(const std::string& name, const std::string& help, const prometheus::Histogram& source) {
    prometheus::ClientMetric& metric = add(name, help, prometheus::MetricType::Histogram, {});
    metric.histogram = source.Collect().histogram;
  }
  std::string text() const { return prometheus::TextSerializer().Serialize(families_); }

 private:
  prometheus::ClientMetric& add(const std::string& name, const std::string& help, prometheus::MetricType type,
                                const Labels& labels) {
    prometheus::MetricFamily* family = nullptr;
    for (auto& known : families_) {
      if (known.name == name) family = &known;
    }
    if (family == nullptr) {
      family = &families_.emplace_back();
      family->name = name;
      family->help = help;
      family->type = type;
    }
    prometheus::ClientMetric& metric = family->metric.emplace_back();
    for (const auto& [key, value] : labels) metric.label.push_back({key, value});
    return metric;
  }

  std::vector<prometheus::MetricFamily> families_;
};

double number(std::uint64_t n) { return static_cast<double>(n); }

// A row per table, or one of "*" for all.
void add_tables(Page& page, const char* name, const char* help, const Labels& labels, const TableSet& tables) {
  const auto row = [&](const std::string& table) {
    Labels of = labels;
    of.emplace_back("table", table);
    page.gauge(name, help, of, 1);
  };
  if (tables.all) row("*");
  for (const std::string& table : tables.names) row(table);
}

void add_namespace(Page& page, const MetricsInput::Namespace& one) {
  const Labels ns = {{"namespace", one.ns}};
  const StatsReply& s = one.stats;
  page.gauge("pando_namespace_ready", "1 when the namespace serves, 0 when it does not (GET /readyz says why)", ns,
             one.health.ok() ? 1 : 0);
  page.gauge("pando_draining", "1 while the node takes no writes because it is going to be stopped, else 0", ns,
             s.draining ? 1 : 0);
  page.gauge("pando_retired_nodes", "Nodes declared gone for good that have not come back (GET /nodes names them)", ns,
             static_cast<double>(s.retired.size()));
  page.counter("pando_commits_total", "Commits in this node's log, its own and others'", ns, number(s.commits));
  page.counter("pando_changes_total", "Changes told to watchers; the last seq_num", ns, number(s.changes));
  page.gauge("pando_log_appended_position", "Last log position taken in", ns, number(s.appended.value));
  page.gauge("pando_log_durable_position", "Last log position on disk", ns, number(s.durable.value));
  page.gauge("pando_log_checkpointed_position", "Last log position covered by the store", ns,
             number(s.checkpointed.value));
  page.gauge("pando_log_segments", "Segment files of the log", ns, number(s.log_segments));
  page.gauge("pando_log_bytes", "Bytes in the log", ns, number(s.log_bytes));
  page.gauge("pando_log_first_position",
             "Oldest log position still there; peers and watchers that need an earlier one "
             "come back by resync, or begin anew",
             ns, number(s.log_first.value));
  page.counter("pando_log_segments_removed_total", "Segments of the log let go of, since start", ns,
               number(s.segments_removed));
  page.counter("pando_resyncs_total", "Cuts of peers merged in here, since start", ns, number(s.resyncs));
  page.counter("pando_resync_cells_total", "Cells that differed and were merged in, since start", ns,
               number(s.resync_cells));
  page.counter("pando_resyncs_served_total", "Cuts that peers asked this node for, since start", ns,
               number(s.resyncs_served));
  for (const StatsReply::Converged& proof : s.converged) {
    const Labels of = {{"namespace", one.ns}, {"table", proof.table}, {"peer", proof.peer}};
    page.gauge("pando_converged",
               "1 when all cells were the same as the peer's when both had last seen the same, else 0", of,
               proof.equal ? 1 : 0);
    page.gauge("pando_converged_at_seconds", "Unix time of that comparison", of,
               static_cast<double>(proof.at_ms) / 1e3);
  }
  page.counter("pando_comparisons_total",
               "Times all cells were compared with a peer that had seen the same, since start", ns,
               number(s.compared_total));
  page.counter("pando_comparisons_differed_total", "Of those, in which something differed (the log names it)", ns,
               number(s.differed_total));
  page.counter("pando_mended_cells_total", "Cells changed here because of that", ns, number(s.mended_cells));
  page.gauge("pando_dirty_cells", "Cells changed since the last checkpoint", ns, number(s.dirty_cells));
  page.gauge("pando_open_transactions", "Transactions begun and not yet ended", ns, number(s.open_transactions));
  page.counter("pando_malformed_payloads_total", "Typed keys whose payload did not parse and was stored raw", ns,
               number(s.malformed_payloads));
  page.gauge("pando_frontier_seconds", "Everything that any known node wrote up to this Unix time is here", ns,
             static_cast<double>(s.frontier.wall_ms()) / 1e3);
  page.counter("pando_conflicts_total", "Concurrent values that lost a merge, since start", ns, number(s.conflicts));
  page.counter("pando_ended_keys_freed_total",
               "Keys whose time had run out and whose cells this node freed, since start", ns, number(s.ended_freed));
  page.gauge("pando_ended_keys_waiting", "Keys whose time has run out and whose cells cannot be freed yet", ns,
             number(s.ended_waiting));
  page.gauge("pando_order_waiting_requests", "Requests that wait until the order of a large key is built", ns,
             number(s.order_waiting));
  page.counter("pando_order_waits_total", "Requests that had to wait for that, since start", ns, number(s.order_waits));
  page.counter("pando_credit_exhausted_total",
               "Times that there was more for a peer than it had acknowledged enough to be sent, since start", ns,
               number(s.credit_exhausted));
  page.counter("pando_peers_fell_behind_total",
               "Times that a connected peer fell so far behind that it was given a cut instead of the log, since start",
               ns, number(s.fell_behind));
  page.gauge("pando_quarantined_commits", "Commits that peers sent and that cannot be taken (GET stats names them)", ns,
             number(s.quarantined.size()));
  page.counter("pando_quarantined_commits_total", "Commits that could not be taken when they first came, since start",
               ns, number(s.quarantined_total));
  for (const auto& [code, count] : s.refusals) {
    page.counter("pando_links_refused_total", "Links that this node refused, by reason, since start",
                 {{"namespace", one.ns}, {"code", code}}, number(count));
  }
  add_tables(page, "pando_publishes", "1 for each table that leaves this node, * for all", ns, s.tables.publish);
  add_tables(page, "pando_subscribes", "1 for each table that this node takes from others, * for all", ns,
             s.tables.subscribe);
}

void add_link(Page& page, const std::string& ns, const StatsReply::Link& link) {
  const Labels labels = {{"namespace", ns}, {"peer", link.peer}, {"direction", link.dialed ? "dialed" : "accepted"}};
  page.gauge("pando_link_up", "1 when the link to the peer is open", labels, link.state == "up" ? 1 : 0);
  page.gauge("pando_link_behind_commits", "Commits of our log that the peer has not acknowledged", labels,
             number(link.behind_commits));
  page.counter("pando_link_sent_commits_total", "Commits sent to the peer", labels, number(link.sent_commits));
  page.counter("pando_link_received_commits_total", "Commits received from the peer", labels,
               number(link.received_commits));
  page.counter("pando_link_sent_bytes_total", "Bytes of frames sent to the peer", labels, number(link.sent_bytes));
  page.counter("pando_link_received_bytes_total", "Bytes of frames received from the peer", labels,
               number(link.received_bytes));
  if (link.state != "up") return;
  add_tables(page, "pando_link_subscribes", "1 for each table that the peer takes from here, * for all", labels,
             link.subscribes);
}

void add_publisher(Page& page, const std::string& name, const io::zmq::Publisher::Stats& stats) {
  const Labels ns = {{"namespace", name}};
  page.counter("pando_zmq_sent_total", "Notifications handed to ZeroMQ", ns, number(stats.sent));
  page.counter("pando_zmq_dropped_total", "Notifications that found a subscriber's queue full", ns,
               number(stats.overflows));
  page.counter("pando_zmq_failed_total", "Notifications ZeroMQ refused", ns, number(stats.failed));
  page.gauge("pando_zmq_subscriptions", "Topics times subscribers now", ns, number(stats.subscriptions));
}

void add_resp(Page& page, const io::resp::RespStats& resp) {
  page.gauge("pando_resp_connections", "Open connections of the Redis protocol", {}, number(resp.connections_open));
  page.counter("pando_resp_connections_total", "Connections, by what became of them", {{"outcome", "accepted"}},
               number(resp.connections_accepted));
  page.counter("pando_resp_connections_total", "", {{"outcome", "refused"}}, number(resp.connections_refused));
  page.gauge("pando_resp_blocked_clients", "Clients that wait for a key (BLPOP, XREAD BLOCK, ...)", {},
             number(resp.blocked));
  page.counter("pando_resp_commands_total", "Commands read", {}, number(resp.commands));
  page.counter("pando_resp_malformed_total", "Connections closed because what came broke the protocol", {},
               number(resp.malformed));
  page.counter("pando_resp_cut_off_total", "Connections closed because the client did not read its replies", {},
               number(resp.cut_off));
  page.counter("pando_resp_received_bytes_total", "Bytes read from clients", {}, number(resp.bytes_in));
  page.counter("pando_resp_sent_bytes_total", "Bytes written to clients", {}, number(resp.bytes_out));
}

void add_http(Page& page, const io::http::HttpStats& http) {
  page.gauge("pando_http_connections", "Open client connections", {}, number(http.connections_open));
  page.counter("pando_http_connections_total", "Connections, by what became of them", {{"outcome", "accepted"}},
               number(http.connections_accepted));
  page.counter("pando_http_connections_total", "", {{"outcome", "refused"}}, number(http.connections_refused));
  page.gauge("pando_http_watches", "Open event streams", {}, number(http.watches_open));
  page.counter("pando_http_requests_total", "Requests read", {}, number(http.requests));
  page.counter("pando_http_replies_total", "Replies, by class of status", {{"status", "2xx"}},
               number(http.replies_2xx));
  page.counter("pando_http_replies_total", "", {{"status", "4xx"}}, number(http.replies_4xx));
  page.counter("pando_http_replies_total", "", {{"status", "5xx"}}, number(http.replies_5xx));
  page.counter("pando_http_malformed_total", "Connections closed because what came was not HTTP", {},
               number(http.malformed));
  page.counter("pando_http_timed_out_total", "Connections closed because nothing moved", {}, number(http.timed_out));
  page.counter("pando_http_received_bytes_total", "Bytes read from clients", {}, number(http.bytes_in));
  page.counter("pando_http_sent_bytes_total", "Bytes written to clients", {}, number(http.bytes_out));
}

}  // namespace

std::uint64_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t total_pages = 0, resident_pages = 0;
  if (!(statm >> total_pages >> resident_pages)) return 0;
  return resident_pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

ProcessUsage process_usage() {
  ProcessUsage usage;
  usage.resident_bytes = resident_bytes();
  rusage used{};
  if (::getrusage(RUSAGE_SELF, &used) == 0) {
    const auto seconds = [](const timeval& t) {
      return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    usage.cpu_seconds = seconds(used.ru_utime) + seconds(used.ru_stime);
  }
  std::error_code error;
  for (std::filesystem::directory_iterator it("/proc/self/fd", error), end; !error && it != end; it.increment(error)) {
    ++usage.open_files;
  }
  return usage;
}

std::string metrics_text(const MetricsInput& input) {
  Page page;
  page.gauge("pando_info", "1, with what is running",
             {{"node", input.node_name}, {"role", input.role}, {"version", input.version}}, 1);
  page.gauge("pando_uptime_seconds", "Since the process was ready", {}, input.uptime_seconds);
  for (const auto& one : input.namespaces) add_namespace(page, one);
  std::map<StatusCode, std::uint64_t> strangers = input.strangers_refused;
  strangers.try_emplace(StatusCode::kDataLoss, 0);  // there from the start, so that a first refusal is a rise
  for (const auto& [code, count] : strangers) {
    page.counter("pando_links_refused_total", "Links that this node refused, by reason, since start",
                 {{"namespace", ""}, {"code", std::string(code_name(code))}}, number(count));
  }
  for (const auto& one : input.namespaces) {
    for (const auto& link : one.stats.links) add_link(page, one.ns, link);
  }
  for (const auto& [ns, stats] : input.publishers) add_publisher(page, ns, stats);
  add_http(page, input.http);
  if (input.resp) add_resp(page, *input.resp);
  if (input.disk != nullptr) {
    page.counter("pando_log_written_bytes_total", "Bytes written to logs", {},
                 number(input.disk->log_write_bytes.load()));
    page.histogram("pando_log_write_seconds", "One log write, made durable", input.disk->log_write_seconds);
    page.histogram("pando_checkpoint_seconds", "One checkpoint", input.disk->checkpoint_seconds);
  }
  page.gauge("pando_process_resident_bytes", "Memory of this process in RAM", {}, number(input.process.resident_bytes));
  for (std::size_t i = 0; i < input.loops_worked.size(); ++i) {
    page.counter("pando_loop_cpu_seconds_total", "Processor time used by the thread of a loop",
                 {{"loop", std::to_string(i)}}, static_cast<double>(input.loops_worked[i].us) / 1e6);
  }
  page.counter("pando_process_cpu_seconds_total", "Processor time used", {}, input.process.cpu_seconds);
  page.gauge("pando_process_open_files", "Open file descriptors", {}, number(input.process.open_files));
  return page.text();
}

}  // namespace pando::server
