#include "io/grpc/links.h"

#include <fmt/core.h>
#include <grpc/support/log.h>
#include <grpcpp/resource_quota.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <set>
#include <vector>

#include "base/check.h"
#include "base/limits.h"
#include "io/grpc/credentials.h"
#include "io/grpc/reactors.h"
#include "io/grpc/stream.h"

namespace pando::io {
namespace {

constexpr int kMessageBytesMax = static_cast<int>(limits::kFrameBytesMax) + 64;  // and protobuf's few bytes
constexpr int kKeepaliveMs = 20'000;
constexpr int kKeepaliveTimeoutMs = 10'000;
constexpr int kPingIntervalMinMs = 5'000;

// gRPC writes to stderr by itself. What matters reaches us as statuses; GRPC_VERBOSITY brings the rest back.
void quieten_grpc() {
  static std::once_flag once;
  std::call_once(once, [] {
    if (std::getenv("GRPC_VERBOSITY") == nullptr) gpr_set_log_function([](gpr_log_func_args*) {});
  });
}

// gRPC says only that it could not bind. Trying ourselves brings the operating system's reason.
std::string bind_failure(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const std::string service = std::to_string(port);
  if (const int error = ::getaddrinfo(host.c_str(), service.c_str(), &hints, &found); error != 0) {
    return ::gai_strerror(error);
  }
  std::string reason = "refused without a reason";
  if (const int fd = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0); fd >= 0) {
    const int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (::bind(fd, found->ai_addr, found->ai_addrlen) != 0)
      reason = std::strerror(errno);
    else if (::listen(fd, 1) != 0)
      reason = std::strerror(errno);
    ::close(fd);
  }
  ::freeaddrinfo(found);
  return reason;
}

std::string with_port(const std::string& host, std::uint16_t port) {
  if (host.find(':') != std::string::npos && host.front() != '[') return fmt::format("[{}]:{}", host, port);
  return fmt::format("{}:{}", host, port);
}

grpc::ChannelArguments channel_arguments(const DialOptions& options, const grpc::ResourceQuota& quota) {
  grpc::ChannelArguments args;
  args.SetResourceQuota(quota);
  args.SetMaxReceiveMessageSize(kMessageBytesMax);
  args.SetMaxSendMessageSize(kMessageBytesMax);
  args.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  args.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  args.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  // Every dial is a fresh connection: repl::Dialer decides when, not gRPC's own back-off, and links do not
  // share one TCP stream whose loss or slowness would be everybody's.
  args.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  args.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, static_cast<int>(options.timeout.millis()));
  args.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  args.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  if (!options.tls.server_name.empty()) args.SetSslTargetNameOverride(options.tls.server_name);
  return args;
}

}  // namespace

struct Links::Impl final : StreamOwner {
  Impl(LinkEvents& events, LinkIds& ids, const LinksOptions& options)
      : events_(events), ids_(ids), options_(options), quota_("pando-links"), service_(*this) {
    quota_.Resize(options_.memory_bytes_max);
  }

  class Service final : public pando::v1::Replication::CallbackService {
   public:
    explicit Service(Impl& owner) : owner_(owner) {}
    grpc::ServerBidiReactor<WireFrame, WireFrame>* Link(grpc::CallbackServerContext* context) override {
      const auto stream = std::make_shared<ServerStream>(owner_, *context);
      if (!owner_.adopt(stream)) {
        return new RefusingReactor(grpc::Status(grpc::StatusCode::UNAVAILABLE, "this node is stopping, or full"));
      }
      stream->begin();
      return stream.get();
    }

   private:
    Impl& owner_;
  };

  LinkEvents& events() override { return events_; }
  LinkId register_open(const std::shared_ptr<Stream>& stream) override {
    const std::lock_guard lock(mutex_);
    const LinkId id = ids_.next();
    open_.emplace(id, stream);
    return id;
  }
  void unregister(LinkId id) override {
    const std::lock_guard lock(mutex_);
    open_.erase(id);
  }
  void retire(const std::shared_ptr<Stream>& stream) override {
    const std::lock_guard lock(mutex_);
    all_.erase(stream);
    empty_.notify_all();  // under the lock: whoever waits destroys this next
  }

  // Keeps the stream alive until retire(). False when there is no room for it.
  bool adopt(const std::shared_ptr<Stream>& stream) {
    const std::lock_guard lock(mutex_);
    if (stopping_ || all_.size() >= options_.links_max) return false;
    all_.insert(stream);
    return true;
  }
  std::shared_ptr<Stream> find(LinkId id) {
    const std::lock_guard lock(mutex_);
    const auto at = open_.find(id);
    return at == open_.end() ? nullptr : at->second;
  }
  std::vector<std::shared_ptr<Stream>> snapshot() {
    const std::lock_guard lock(mutex_);
    return {all_.begin(), all_.end()};
  }
  bool wait_empty(Duration wait) {
    std::unique_lock lock(mutex_);
    return empty_.wait_for(lock, std::chrono::microseconds(wait.us),
                           [this] { return all_.empty() && channels_.empty(); });
  }

  // A stream ends, and is deleted, on one of gRPC's callback threads. Those belong to the channels: whoever
  // lets go of the last channel joins them, which must not be one of them. So a channel outlives its stream
  // here, and is let go of by a thread of the caller's.
  std::shared_ptr<ClientStream> make_client(std::uint64_t dial_id, const std::shared_ptr<grpc::Channel>& channel) {
    auto* const stream = new ClientStream(*this, dial_id, channel);
    {
      const std::lock_guard lock(mutex_);
      channels_.emplace(stream, channel);
    }
    return std::shared_ptr<ClientStream>(stream, [this](ClientStream* ended) {
      delete ended;
      const std::lock_guard lock(mutex_);
      const auto at = channels_.find(ended);
      channels_spent_.push_back(std::move(at->second));
      channels_.erase(at);
      empty_.notify_all();  // as in retire()
    });
  }
  void drop_spent_channels() {
    std::vector<std::shared_ptr<grpc::Channel>> spent;  // destroyed after the lock is released
    const std::lock_guard lock(mutex_);
    spent.swap(channels_spent_);
  }

  LinkEvents& events_;
  LinkIds& ids_;
  const LinksOptions options_;
  grpc::ResourceQuota quota_;
  Service service_;
  std::unique_ptr<grpc::Server> server_;

  std::mutex mutex_;  // everything below
  std::condition_variable empty_;
  bool stopping_ = false;
  std::set<std::shared_ptr<Stream>> all_;
  std::map<LinkId, std::shared_ptr<Stream>> open_;
  std::map<const ClientStream*, std::shared_ptr<grpc::Channel>> channels_;  // by the stream on it, a bare key
  std::vector<std::shared_ptr<grpc::Channel>> channels_spent_;
};

Links::Links(LinkEvents& events, LinkIds& ids, const LinksOptions& options) {
  quieten_grpc();
  impl_ = std::make_unique<Impl>(events, ids, options);
}

Links::~Links() { shutdown(Duration::millis(200)); }

Result<std::uint16_t> Links::listen(const ListenOptions& options) {
  CHECK(!impl_->server_);
  auto credentials = server_credentials(options);
  if (!credentials) return fail(credentials.error().with_context("gRPC listener"));
  const std::string host = options.host.empty() || options.host == "*" ? "::" : options.host;
  const std::string address = with_port(host, options.port);
  grpc::ServerBuilder builder;
  int bound = 0;
  builder.AddListeningPort(address, *credentials, &bound);
  builder.RegisterService(&impl_->service_);
  builder.SetResourceQuota(impl_->quota_);
  builder.SetMaxReceiveMessageSize(kMessageBytesMax);
  builder.SetMaxSendMessageSize(kMessageBytesMax);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, impl_->options_.streams_max);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);  // a second process on the port must fail, not share it
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, kPingIntervalMinMs);
  impl_->server_ = builder.BuildAndStart();
  if (!impl_->server_ || bound == 0) {
    impl_->server_.reset();
    return fail(StatusCode::kUnavailable,
                fmt::format("gRPC cannot listen on {}: {}", address, bind_failure(host, options.port)));
  }
  return static_cast<std::uint16_t>(bound);
}

void Links::dial(std::uint64_t dial_id, const DialOptions& options) {
  const auto credentials = channel_credentials(options);
  if (!credentials) return impl_->events_.down(LinkId(0), dial_id, credentials.error().message());
  const auto channel =
      grpc::CreateCustomChannel(options.address, *credentials, channel_arguments(options, impl_->quota_));
  const auto stream = impl_->make_client(dial_id, channel);
  if (!impl_->adopt(stream)) return impl_->events_.down(LinkId(0), dial_id, "this node is stopping, or full");
  stream->begin(options.timeout);
  impl_->drop_spent_channels();
}

void Links::send(LinkId id, Bytes frame) {
  if (const auto stream = impl_->find(id)) stream->send(std::move(frame));
}

void Links::consumed(LinkId id, std::size_t bytes) {
  if (const auto stream = impl_->find(id)) stream->consumed(bytes);
}

void Links::close(LinkId id, const Status& reason) {
  if (const auto stream = impl_->find(id)) stream->close(reason);
}

void Links::shutdown(Duration deadline) {
  {
    const std::lock_guard lock(impl_->mutex_);
    impl_->stopping_ = true;
  }
  for (const auto& stream : impl_->snapshot()) stream->close(Status(StatusCode::kUnavailable, "node is stopping"));
  if (!impl_->wait_empty(deadline)) {
    for (const auto& stream : impl_->snapshot()) stream->cut_off();
  }
  // Also ends connections that never became links; a cancelled stream needs no more time.
  if (impl_->server_) {
    impl_->server_->Shutdown(gpr_now(GPR_CLOCK_MONOTONIC));
    impl_->server_.reset();
  }
  while (!impl_->wait_empty(Duration::seconds(1))) {
    for (const auto& stream : impl_->snapshot()) stream->cut_off();
  }
  impl_->drop_spent_channels();
}

std::size_t Links::open_links() const {
  const std::lock_guard lock(impl_->mutex_);
  return impl_->open_.size();
}

}  // namespace pando::io
