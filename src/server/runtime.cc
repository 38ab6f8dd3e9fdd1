#include "server/runtime.h"

#include <fmt/format.h>
#include <malloc.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <random>
#include <utility>

#include "io/clock/clock.h"
#include "server/data_dir.h"
#include "server/driver.h"
#include "server/logging.h"
#include "server/metrics.h"
#include "server/wiring.h"

namespace pando::server {
namespace {

// Each thread of gRPC and RocksDB would keep a malloc arena of its own; two are enough and keep memory small.
void bound_malloc_arenas() { ::mallopt(M_ARENA_MAX, 2); }

std::uint64_t random_seed() {
  std::random_device random;
  return (std::uint64_t{random()} << 32) | random();
}

// gRPC's threads report here; the loop takes it in.
class LinkInbox final : public io::LinkEvents {
 public:
  // `check_names`: peers must be whom their certificates name.
  LinkInbox(Driver& driver, bool check_names) : driver_(driver), check_names_(check_names) {}
  void up(LinkId id, std::uint64_t dial_id, std::string peer, io::PeerNames names) override {
    if (!check_names_) names.reset();
    driver_.post(node::LinkUp{id, dial_id, std::move(peer), std::move(names)});
  }
  void frame(LinkId id, Bytes frame) override { driver_.post(node::LinkFrame{id, std::move(frame)}); }
  void drained(LinkId id, std::size_t bytes) override { driver_.post(node::LinkDrained{id, bytes}); }
  void down(LinkId id, std::uint64_t dial_id, std::string reason) override {
    driver_.post(node::LinkDown{id, dial_id, std::move(reason)});
  }

 private:
  Driver& driver_;
  const bool check_names_;
};

}  // namespace

struct Runtime::Impl {
  Impl(RuntimeOptions given, DataDir dir) : options(std::move(given)), data_dir(std::move(dir)) {}
  ~Impl();

  Status open_namespaces();
  Result<node::OpenReport> open_namespace(const std::string& ns);
  Status bind_publishers();
  Status bind_grpc();
  Status bind_http();
  Status bind_resp();
  void begin_stop();
  void check_stopped();
  std::string metrics() const;

  RuntimeOptions options;
  DataDir data_dir;
  boost::asio::io_context loop{1};
  boost::asio::signal_set signals{loop};
  boost::asio::steady_timer stop_deadline{loop};
  io::zmq::Context zmq_context;
  io::LinkIds link_ids;
  std::unique_ptr<node::Node> node;
  std::unique_ptr<Driver> driver;
  std::unique_ptr<LinkInbox> link_inbox;
  std::unique_ptr<Disk> disk;
  std::unique_ptr<io::Links> links;
  std::unique_ptr<io::http::HttpServer> http;
  std::unique_ptr<io::resp::RespServer> resp;  // null: not served
  std::vector<std::string> initialized;        // namespaces that serve
  Ports ports;
  std::uint16_t grpc_port = 0;
  std::chrono::steady_clock::time_point ready_at = std::chrono::steady_clock::now();
  bool stopping = false;
  bool http_stopped = false;
  bool resp_stopped = true;
  Status outcome;
};

Runtime::Impl::~Impl() {
  // Whoever still has threads goes first: their last reports are posted to a loop that no longer runs.
  if (links) links->shutdown(Duration::seconds(1));
  http.reset();
  resp.reset();
  disk.reset();  // finishes its jobs; the stores they use close with it
  links.reset();
}

Status Runtime::Impl::open_namespaces() {
  const std::vector<std::string>& names = options.config.namespaces;
  const std::vector<Status> files = disk->open(names);
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::string& ns = names[i];
    const Result<node::OpenReport> report =
        files[i].ok() ? open_namespace(ns) : Result<node::OpenReport>(fail(files[i]));
    // One damaged namespace does not take the others down; anything else is for the operator to see at once.
    if (!report && report.error().code() != StatusCode::kDataLoss) return report.error().with_context(ns);
    const Status damage = report ? report->damage : report.error();
    if (report) {
      driver->add_namespace(ns);
    } else {
      driver->add_broken_namespace(ns, damage.with_context(ns));
    }
    if (!damage.ok()) {
      log(LogLevel::kError, "namespace is damaged and serves nothing", {{"ns", ns}, {"damage", damage.message()}});
      continue;
    }
    initialized.push_back(ns);
    log(LogLevel::kInfo, "namespace open",
        {{"ns", ns},
         {"last", fmt::to_string(report->last.value)},
         {"replayed", fmt::to_string(report->replayed)},
         {"clean", report->clean ? "true" : "false"},
         {"torn_bytes", fmt::to_string(report->torn_bytes)}});
  }
  return {};
}

Result<node::OpenReport> Runtime::Impl::open_namespace(const std::string& ns) {
  const node::NamespaceConfig config = namespace_config(options.config, options.role, ns);
  const Result<std::uint64_t> replay_from = node->begin_open(config, disk->kv(ns));
  if (!replay_from) return fail(replay_from.error());
  const io::disk::LogDir& log = disk->log(ns);
  const auto segments = log.list();
  if (!segments) return fail(segments.error());
  for (const io::disk::SegmentFile& segment : *segments) {
    const Result<Bytes> bytes = segment.id < *replay_from ? log.read_header(segment.id) : log.read(segment.id);
    if (!bytes) return fail(bytes.error());
    PANDO_RETURN_IF_ERROR(node->feed_segment(ns, segment.id, *bytes));
  }
  return node->finish_open(ns, io::clock_now(), driver->outputs());
}

Status Runtime::Impl::bind_publishers() {
  for (const NotifierConfig& config : options.config.notifiers) {
    Result<io::zmq::Publisher> bound = io::zmq::Publisher::bind(zmq_context, publisher_options(config));
    if (!bound) return bound.error().with_context("notifier_config." + config.ns);
    ports.zmq[config.ns] = bound->endpoint();
    driver->ends().publishers.emplace(config.ns, std::move(*bound));
  }
  return {};
}

Status Runtime::Impl::bind_grpc() {
  links = std::make_unique<io::Links>(*link_inbox, link_ids);
  driver->ends().links = links.get();
  for (const PeerConfig& peer : options.config.peers) {
    driver->ends().dials[peer.name] = dial_options(peer);
  }
  if (!options.config.serves_grpc) return {};
  const GrpcConfig& grpc = options.config.grpc;
  const Result<std::uint16_t> port = links->listen(listen_options(grpc));
  if (!port) return port.error().with_context("grpc_config");
  grpc_port = *port;
  ports.grpc = host_and_port(grpc.listen_ip, *port);
  return {};
}

Status Runtime::Impl::bind_http() {
  const HttpConfig& config = options.config.http;
  http = std::make_unique<io::http::HttpServer>(loop, http_options(config), *driver);
  driver->ends().http = http.get();
  PANDO_RETURN_IF_ERROR(http->listen(config.listen_ip, config.port));
  ports.http = host_and_port(config.listen_ip.empty() ? "0.0.0.0" : config.listen_ip, http->port());
  return {};
}

Status Runtime::Impl::bind_resp() {
  if (!options.config.serves_resp) return {};
  const RespConfig& config = options.config.resp;
  resp = std::make_unique<io::resp::RespServer>(
      loop, resp_options(options.config, options.role, data_dir.node_name(), options.version), *driver);
  driver->ends().resp = resp.get();
  PANDO_RETURN_IF_ERROR(resp->listen(config.listen_ip, config.port));
  ports.resp = host_and_port(config.listen_ip, resp->port());
  log(LogLevel::kInfo, "Redis protocol listening", {{"address", *ports.resp}, {"ns", config.ns}});
  return {};
}

void Runtime::Impl::begin_stop() {
  if (stopping) return;
  stopping = true;
  log(LogLevel::kInfo, "stopping", {});
  stop_deadline.expires_after(std::chrono::microseconds(options.stop_max.us));
  stop_deadline.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    outcome = Status(StatusCode::kTimeout, fmt::format("stopping took longer than {} ms: the next start replays more "
                                                       "of the log (acknowledged writes are safe)",
                                                       options.stop_max.millis()));
    loop.stop();
  });
  driver->begin_stop();
  http->stop(Duration::micros(options.stop_max.us / 2), [this] {
    http_stopped = true;
    check_stopped();
  });
  if (resp) {
    resp_stopped = false;
    resp->stop(Duration::micros(options.stop_max.us / 2), [this] {
      resp_stopped = true;
      check_stopped();
    });
  }
  check_stopped();
}

void Runtime::Impl::check_stopped() {
  if (!stopping || !http_stopped || !resp_stopped || !node->stopped()) return;
  log(LogLevel::kInfo, "stopped", {});
  loop.stop();
}

std::string Runtime::Impl::metrics() const {
  MetricsInput input;
  input.node_name = data_dir.node_name();
  input.role = std::string(role_name(options.role));
  input.version = options.version;
  input.uptime_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - ready_at).count();
  for (const api::NamespaceHealth& health : driver->health()) {
    input.namespaces.push_back({health.ns, health.status, node->stats(health.ns).value_or(StatsReply{})});
  }
  input.strangers_refused = node->strangers_refused();
  for (auto& [ns, publisher] : driver->ends().publishers) input.publishers.emplace_back(ns, publisher.stats());
  input.http = http->stats();
  if (resp) input.resp = resp->stats();
  input.disk = &disk->stats();
  input.process = process_usage();
  return metrics_text(input);
}

Runtime::Runtime(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Runtime::~Runtime() = default;

Result<std::unique_ptr<Runtime>> Runtime::start(RuntimeOptions options) {
  bound_malloc_arenas();
  Result<DataDir> dir = DataDir::open(options.config.base_dir, options.config.node_name);
  if (!dir) return fail(dir.error());
  auto impl = std::make_unique<Impl>(std::move(options), std::move(*dir));
  Impl& it = *impl;
  const Config& config = it.options.config;
  it.node = std::make_unique<node::Node>(node_config(config, it.data_dir.node_name(), random_seed()));
  it.driver = std::make_unique<Driver>(it.loop, *it.node);
  it.link_inbox = std::make_unique<LinkInbox>(*it.driver, it.options.config.grpc.check_peer_names);
  it.disk = std::make_unique<Disk>(
      config.base_dir, config.http.backup_root.empty() ? config.base_dir + "/backup" : config.http.backup_root,
      config.namespaces.size(), [driver = it.driver.get()](node::Input input) { driver->post(std::move(input)); });
  it.driver->ends().disk = it.disk.get();
  it.driver->on_progress([&it] { it.check_stopped(); });
  it.driver->on_metrics([&it] { return it.metrics(); });
  PANDO_RETURN_IF_ERROR(it.bind_publishers());  // first: namespaces ask whether they have one
  PANDO_RETURN_IF_ERROR(it.open_namespaces());
  PANDO_RETURN_IF_ERROR(it.bind_grpc());
  PANDO_RETURN_IF_ERROR(it.bind_http());
  PANDO_RETURN_IF_ERROR(it.bind_resp());
  it.driver->schedule_flush();
  return std::unique_ptr<Runtime>(new Runtime(std::move(impl)));
}

const Ports& Runtime::ports() const { return impl_->ports; }
const std::string& Runtime::node_name() const { return impl_->data_dir.node_name(); }

std::vector<std::string> Runtime::ready_lines() const {
  std::vector<std::string> lines = {fmt::format("INFO: HTTP server listening on :{}", impl_->http->port())};
  if (impl_->grpc_port != 0) lines.push_back(fmt::format("INFO: gRPC server listening on :{}", impl_->grpc_port));
  for (const std::string& ns : impl_->initialized) lines.push_back(fmt::format("INFO: Namespace '{}' initialized", ns));
  return lines;
}

void Runtime::handle_signals() {
  impl_->signals.add(SIGTERM);
  impl_->signals.add(SIGINT);
  impl_->signals.async_wait([this](const boost::system::error_code& error, int) {
    if (error) return;
    impl_->begin_stop();
    impl_->signals.async_wait([](const boost::system::error_code& second, int) {
      if (!second) std::_Exit(1);
    });
  });
}

Status Runtime::run() {
  impl_->ready_at = std::chrono::steady_clock::now();
  impl_->loop.run();
  return impl_->outcome;
}

void Runtime::stop() {
  boost::asio::post(impl_->loop, [this] { impl_->begin_stop(); });
}

}  // namespace pando::server
