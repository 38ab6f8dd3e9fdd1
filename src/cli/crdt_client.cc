#include "cli/crdt_client.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>

#include "cli/crdt_state.h"
#include "io/zmq/subscriber.h"

namespace pando::cli {
namespace {

using Clock = std::chrono::steady_clock;

enum class End { kNotYet, kAsked, kNobodyReads };

// One descriptor for what ends the client: SIGINT, SIGTERM, and a reader of our output that went away, which a
// client with nothing to print would not notice. Made before any thread, so that all inherit the blocked signals.
class Ending {
 public:
  Ending() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    signals_ = ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    watch_ = ::epoll_create1(EPOLL_CLOEXEC);
    add(signals_, EPOLLIN, End::kAsked);
    // Asked for nothing, a pipe still tells that its other end is closed. A file cannot be watched, nor need it be.
    add(STDOUT_FILENO, 0, End::kNobodyReads);
  }
  ~Ending() {
    ::close(watch_);
    ::close(signals_);
  }
  Ending(const Ending&) = delete;
  Ending& operator=(const Ending&) = delete;

  // Readable when look() has something to say.
  int fd() const { return watch_; }
  End look() const {
    epoll_event event{};
    return ::epoll_wait(watch_, &event, 1, 0) == 1 ? static_cast<End>(event.data.u32) : End::kNotYet;
  }

 private:
  void add(int fd, std::uint32_t events, End means) {
    epoll_event event{};
    event.events = events;
    event.data.u32 = static_cast<std::uint32_t>(means);
    (void)::epoll_ctl(watch_, EPOLL_CTL_ADD, fd, &event);
  }

  int signals_;
  int watch_;
};

// False when nobody reads our output any more.
bool print(const std::string& text) {
  return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
}

std::string opening(const CrdtClientOptions& options) {
  std::string text = "Waiting for change notifications...\n";
  for (const auto& source : options.sources) {
    text += fmt::format("Connecting to ZeroMQ {}: {}\n", source.ns, source.endpoint);
  }
  for (const auto& source : options.sources)
    text += fmt::format("ZeroMQ listener started for namespace: {}\n", source.ns);
  return text;
}

int refuse(const std::string& why) {
  fmt::print(stderr, "crdt-client: {}\n", why);
  return 2;
}

class Client {
 public:
  Client(const CrdtClientOptions& options, io::zmq::Subscriber subscriber, const Ending& ending)
      : options_(options), subscriber_(std::move(subscriber)), ending_(ending) {
    if (options.timeout) until_ = Clock::now() + *options.timeout;
  }

  int run() {
    if (!print(opening(options_))) return 1;
    while (!options_.until_events || events_ < *options_.until_events) {
      auto message = subscriber_.receive(wait(), ending_.fd());
      if (!message) {
        fmt::print(stderr, "crdt-client: {}\n", message.error().to_string());
        return 1;
      }
      tell_connections();
      if (*message) {
        ++events_;
        if (!print(state_.on_message(**message))) return 1;
      } else if (const End end = ending_.look(); end != End::kNotYet) {
        return end == End::kAsked ? 0 : 1;
      } else if (until_ && Clock::now() >= *until_) {
        fmt::print(stderr, "crdt-client: {} notifications in {} ms\n", events_, options_.timeout->count());
        return options_.until_events ? 1 : 0;
      }
    }
    return 0;
  }

 private:
  std::chrono::milliseconds wait() const {
    if (!until_) return std::chrono::milliseconds(-1);
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*until_ - Clock::now());
    return std::max(left, std::chrono::milliseconds(0));
  }
  void tell_connections() {
    const std::size_t now = subscriber_.connected();
    if (now == connected_) return;
    connected_ = now;
    if (options_.verbose) fmt::print(stderr, "crdt-client: {} of {} connected\n", now, options_.sources.size());
  }

  const CrdtClientOptions& options_;
  io::zmq::Subscriber subscriber_;
  const Ending& ending_;
  CrdtState state_;
  std::optional<Clock::time_point> until_;
  std::uint64_t events_ = 0;
  std::size_t connected_ = 0;
};

}  // namespace

std::optional<CrdtClientOptions::Source> parse_crdt_source(const std::string& text, std::string* why) {
  const std::size_t equals = text.find('=');
  if (equals == 0 || equals == std::string::npos) {
    *why = fmt::format("\"{}\" is not NAMESPACE=ENDPOINT, like ad-campaign-dc1=tcp://localhost:5555", text);
    return std::nullopt;
  }
  CrdtClientOptions::Source source{text.substr(0, equals), text.substr(equals + 1)};
  if (source.endpoint.find("://") == std::string::npos) {
    *why = fmt::format("\"{}\" is not an endpoint like tcp://localhost:5555", source.endpoint);
    return std::nullopt;
  }
  return source;
}

int crdt_client(const CrdtClientOptions& options) {
  if (options.sources.empty()) return refuse("no namespace to watch");
  std::signal(SIGPIPE, SIG_IGN);  // a closed pipe is an error of print(), not the end of the process
  const Ending ending;
  io::zmq::Context context;
  io::zmq::SubscriberOptions connection;
  connection.curve_server_key = options.curve_server_key;
  for (const auto& source : options.sources) {
    connection.endpoints.push_back(source.endpoint);
    connection.topics.push_back(source.ns + ".");
  }
  auto subscriber = io::zmq::Subscriber::connect(context, connection);
  if (!subscriber) return refuse(subscriber.error().message());
  return Client(options, std::move(*subscriber), ending).run();
}

}  // namespace pando::cli
