#include "server/runtime.h"

#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iterator>
#include <random>
#include <thread>
#include <utility>

#include "io/clock/clock.h"
#include "server/data_dir.h"
#include "server/link_router.h"
#include "server/logging.h"
#include "server/metrics.h"
#include "server/placement.h"
#include "server/shard.h"
#include "server/wiring.h"
#include "server/workers.h"

namespace pando::server {
namespace {

// Each thread of gRPC and RocksDB would keep a malloc arena of its own; one for all of them, beside one for each loop,
// is enough and keeps memory small.
void bound_malloc_arenas(std::size_t loops) { ::mallopt(M_ARENA_MAX, static_cast<int>(loops) + 1); }

std::uint64_t random_seed() {
  std::random_device random;
  return (std::uint64_t{random()} << 32) | random();
}

using Places = std::vector<std::vector<std::string>>;

Places places_of(const Config& config) {
  const std::size_t loops = config.loops != 0 ? config.loops : std::max(1u, std::thread::hardware_concurrency());
  return place_namespaces(config, std::min(loops, ShardMap::kShardsMax));
}

std::vector<std::unique_ptr<Shard>> make_shards(const Config& config, const Places& places,
                                                const std::string& node_name, ShardMap& map) {
  std::vector<std::unique_ptr<Shard>> shards;
  const io::http::HttpOptions http = http_options(config.http);  // one load for all
  for (const std::vector<std::string>& namespaces : places) {
    shards.push_back(std::make_unique<Shard>(map, namespaces, node_config(config, node_name, random_seed()), http));
  }
  return shards;
}

}  // namespace

struct Runtime::Impl {
  Impl(RuntimeOptions given, DataDir dir, const Places& places);
  ~Impl();

  Status open_namespaces();
  Result<node::OpenReport> open_namespace(Shard& shard, const std::string& ns);
  Status bind_publishers();
  Status bind_grpc();
  Status bind_http();
  Status bind_resp();
  void run();
  void begin_stop();
  void end();
  // A client of `asker` wants to know.
  void answer(Shard& asker, RequestId id, Driver::About what);
  void answer(Shard& asker, RequestId id, Driver::About what, std::vector<Shard::Report>& reports) const;
  // In configuration order; those that could not be opened are the last.
  std::vector<MetricsInput::Namespace> in_order(std::vector<Shard::Report>& reports) const;
  MetricsInput metrics(std::vector<Shard::Report>& reports) const;
  Shard& owner_of(const std::string& ns);

  RuntimeOptions options;
  DataDir data_dir;
  io::zmq::Context zmq_context;
  io::LinkIds link_ids;
  ShardMap map;
  std::vector<std::unique_ptr<Shard>> shards;  // the first runs on the caller's thread
  boost::asio::io_context& loop;               // of the first
  boost::asio::signal_set signals;
  boost::asio::steady_timer stop_deadline;
  std::unique_ptr<LinkRouter> router;
  std::unique_ptr<Disk> disk;
  std::unique_ptr<io::Links> links;
  std::vector<std::string> initialized;  // namespaces that serve
  Ports ports;
  std::uint16_t grpc_port = 0;
  std::chrono::steady_clock::time_point ready_at = std::chrono::steady_clock::now();
  bool stopping = false;
  std::size_t unstopped = 0;  // shards
  Status outcome;
};

Runtime::Impl::Impl(RuntimeOptions given, DataDir dir, const Places& places)
    : options(std::move(given)),
      data_dir(std::move(dir)),
      shards(make_shards(options.config, places, data_dir.node_name(), map)),
      loop(shards.front()->loop()),
      signals(loop),
      stop_deadline(loop),
      router(std::make_unique<LinkRouter>(map, options.config.grpc.check_peer_names)) {
  const Config& config = options.config;
  disk = std::make_unique<Disk>(
      config.base_dir, config.http.backup_root.empty() ? config.base_dir + "/backup" : config.http.backup_root,
      config.namespaces.size(),
      [this](const std::string& ns, node::Input input) { map.owner_of(ns)->post(std::move(input)); });
  links = std::make_unique<io::Links>(*router, link_ids);
  for (const auto& shard : shards) {
    Driver& driver = shard->driver();
    driver.ends().disk = disk.get();
    driver.ends().links = links.get();
    for (const PeerConfig& peer : config.peers) driver.ends().dials[peer.name] = dial_options(peer);
    driver.on_asked([this, asker = shard.get()](RequestId id, Driver::About what) { answer(*asker, id, what); });
  }
}

Runtime::Impl::~Impl() {
  // Whoever still has threads goes first: their last reports are posted to loops that no longer turn.
  links->shutdown(Duration::seconds(1));
  for (const auto& shard : shards) shard->drop_clients();
  disk.reset();  // finishes its jobs; the stores they use close with it
  links.reset();
}

Shard& Runtime::Impl::owner_of(const std::string& ns) {
  const auto owns = [&](const auto& shard) { return &shard->driver() == map.owner_of(ns); };
  return **std::find_if(shards.begin(), shards.end(), owns);
}

Status Runtime::Impl::open_namespaces() {
  const std::vector<std::string>& names = options.config.namespaces;
  const std::vector<Status> files = disk->open(names);
  std::vector<Result<node::OpenReport>> reports(names.size());
  {
    // Each shard's thread-to-be reads its logs.
    Workers workers("pando-open", shards.size());
    for (const auto& shard : shards) {
      workers.give([&, shard = shard.get()] {
        for (std::size_t i = 0; i < names.size(); ++i) {
          if (map.owner_of(names[i]) != &shard->driver()) continue;
          reports[i] = files[i].ok() ? open_namespace(*shard, names[i]) : Result<node::OpenReport>(fail(files[i]));
        }
      });
    }
  }
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::string& ns = names[i];
    const Result<node::OpenReport>& report = reports[i];
    // One damaged namespace does not take the others down; anything else is for the operator to see at once.
    if (!report && report.error().code() != StatusCode::kDataLoss) return report.error().with_context(ns);
    const Status damage = report ? report->damage : report.error();
    Driver& driver = owner_of(ns).driver();
    if (report) {
      driver.add_namespace(ns);
    } else {
      driver.add_broken_namespace(ns, damage.with_context(ns));
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

Result<node::OpenReport> Runtime::Impl::open_namespace(Shard& shard, const std::string& ns) {
  const node::NamespaceConfig config = namespace_config(options.config, options.role, ns);
  const Result<std::uint64_t> replay_from = shard.node().begin_open(config, disk->kv(ns));
  if (!replay_from) return fail(replay_from.error());
  const io::disk::LogDir& log = disk->log(ns);
  const auto segments = log.list();
  if (!segments) return fail(segments.error());
  for (const io::disk::SegmentFile& segment : *segments) {
    const Result<Bytes> bytes = segment.id < *replay_from ? log.read_header(segment.id) : log.read(segment.id);
    if (!bytes) return fail(bytes.error());
    PANDO_RETURN_IF_ERROR(shard.node().feed_segment(ns, segment.id, *bytes));
  }
  return shard.node().finish_open(ns, io::clock_now(), shard.driver().outputs());
}

Status Runtime::Impl::bind_publishers() {
  for (const NotifierConfig& config : options.config.notifiers) {
    Result<io::zmq::Publisher> bound = io::zmq::Publisher::bind(zmq_context, publisher_options(config));
    if (!bound) return bound.error().with_context("notifier_config." + config.ns);
    ports.zmq[config.ns] = bound->endpoint();
    owner_of(config.ns).driver().ends().publishers.emplace(config.ns, std::move(*bound));
  }
  return {};
}

Status Runtime::Impl::bind_grpc() {
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
  io::http::HttpServer& first = shards.front()->http();
  std::vector<io::http::HttpServer*> others;
  for (const auto& shard : shards) {
    if (&shard->http() != &first) others.push_back(&shard->http());
  }
  first.share_with(others);
  PANDO_RETURN_IF_ERROR(first.listen(config.listen_ip, config.port));
  ports.http = host_and_port(config.listen_ip.empty() ? "0.0.0.0" : config.listen_ip, first.port());
  return {};
}

Status Runtime::Impl::bind_resp() {
  if (!options.config.serves_resp) return {};
  const RespConfig& config = options.config.resp;
  Shard& door = owner_of(config.databases.front());
  map.set_resp_door(door.driver());
  const Result<std::uint16_t> port =
      door.serve_resp(config, resp_options(options.config, options.role, data_dir.node_name(), options.version));
  if (!port) return port.error();
  ports.resp = host_and_port(config.listen_ip, *port);
  log(LogLevel::kInfo, "Redis protocol listening",
      {{"address", *ports.resp}, {"ns", fmt::format("{}", fmt::join(config.databases, ", "))}});
  return {};
}

void Runtime::Impl::run() {
  for (const auto& shard : shards) {
    shard->driver().schedule_flush();
    if (shard != shards.front()) shard->run_beside();
  }
  shards.front()->run();
  for (const auto& shard : shards) shard->join();
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
    end();
  });
  unstopped = shards.size();
  const auto stopped = [this] {
    if (--unstopped > 0) return;
    log(LogLevel::kInfo, "stopped", {});
    end();
  };
  for (const auto& shard : shards) {
    shard->post([this, shard = shard.get(), stopped] {
      shard->begin_stop(Duration::micros(options.stop_max.us / 2),
                        [this, stopped] { boost::asio::post(loop, stopped); });
    });
  }
}

void Runtime::Impl::end() {
  for (const auto& shard : shards) shard->end();
}

void Runtime::Impl::answer(Shard& asker, RequestId id, Driver::About what) {
  struct Asked {
    std::vector<Shard::Report> reports;
    std::size_t left;  // the asker's loop counts
  };
  const auto asked = std::make_shared<Asked>(Asked{std::vector<Shard::Report>(shards.size()), shards.size()});
  const auto arrived = [this, asked, &asker, id, what] {
    if (--asked->left == 0) answer(asker, id, what, asked->reports);
  };
  for (std::size_t i = 0; i < shards.size(); ++i) {
    Shard& shard = *shards[i];
    const auto report = [asked, &shard, i, what] { asked->reports[i] = shard.report(what == Driver::About::kMetrics); };
    if (&shard == &asker) {
      report();
      arrived();
      continue;
    }
    shard.post([report, arrived, &asker] {
      report();
      asker.post(arrived);
    });
  }
}

void Runtime::Impl::answer(Shard& asker, RequestId id, Driver::About what, std::vector<Shard::Report>& reports) const {
  if (what == Driver::About::kMetrics) return asker.http().on_metrics(id, metrics_text(metrics(reports)));
  std::vector<api::NamespaceHealth> all;
  for (MetricsInput::Namespace& one : in_order(reports)) all.push_back({std::move(one.ns), std::move(one.health)});
  asker.http().on_health(id, all);
}

std::vector<MetricsInput::Namespace> Runtime::Impl::in_order(std::vector<Shard::Report>& reports) const {
  std::vector<MetricsInput::Namespace> all;
  for (Shard::Report& report : reports)
    std::move(report.namespaces.begin(), report.namespaces.end(), std::back_inserter(all));
  const auto& names = options.config.namespaces;
  const auto place = [&](const MetricsInput::Namespace& one) {
    const bool serves = std::find(initialized.begin(), initialized.end(), one.ns) != initialized.end();
    return std::pair(!serves, std::find(names.begin(), names.end(), one.ns));
  };
  std::sort(all.begin(), all.end(), [&](const auto& a, const auto& b) { return place(a) < place(b); });
  return all;
}

MetricsInput Runtime::Impl::metrics(std::vector<Shard::Report>& reports) const {
  MetricsInput input;
  input.node_name = data_dir.node_name();
  input.role = std::string(role_name(options.role));
  input.version = options.version;
  input.uptime_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - ready_at).count();
  input.namespaces = in_order(reports);
  for (Shard::Report& report : reports) {
    for (const auto& [code, count] : report.strangers_refused) input.strangers_refused[code] += count;
    for (auto& publisher : report.publishers) input.publishers.push_back(std::move(publisher));
    input.http += report.http;
    if (report.resp) input.resp = report.resp;
    input.loops_worked.push_back(report.worked);
  }
  input.disk = &disk->stats();
  input.process = process_usage();
  return input;
}

Runtime::Runtime(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Runtime::~Runtime() = default;

Result<std::unique_ptr<Runtime>> Runtime::start(RuntimeOptions options) {
  Result<DataDir> dir = DataDir::open(options.config.base_dir, options.config.node_name);
  if (!dir) return fail(dir.error());
  const Places places = places_of(options.config);
  bound_malloc_arenas(places.size());
  auto impl = std::make_unique<Impl>(std::move(options), std::move(*dir), places);
  Impl& it = *impl;
  PANDO_RETURN_IF_ERROR(it.bind_publishers());  // first: namespaces ask whether they have one
  PANDO_RETURN_IF_ERROR(it.open_namespaces());
  PANDO_RETURN_IF_ERROR(it.bind_grpc());
  PANDO_RETURN_IF_ERROR(it.bind_http());
  PANDO_RETURN_IF_ERROR(it.bind_resp());
  return std::unique_ptr<Runtime>(new Runtime(std::move(impl)));
}

const Ports& Runtime::ports() const { return impl_->ports; }
const std::string& Runtime::node_name() const { return impl_->data_dir.node_name(); }

std::vector<std::string> Runtime::ready_lines() const {
  std::vector<std::string> lines = {
      fmt::format("INFO: HTTP server listening on :{}", impl_->shards.front()->http().port())};
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
  impl_->run();
  return impl_->outcome;
}

void Runtime::stop() {
  boost::asio::post(impl_->loop, [this] { impl_->begin_stop(); });
}

}  // namespace pando::server
