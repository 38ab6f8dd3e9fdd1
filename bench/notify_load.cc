// How long from a durable write to its notification at another machine's watcher, over real sockets.
//
//   bench_notify_load pando HTTP_HOST HTTP_PORT NS ZMQ_ENDPOINT COUNT     PUT at a datacenter → ZeroMQ at the relayer
//   bench_notify_load redis PRIMARY_PORT REPLICA_PORT COUNT               SET at a primary → keyspace event at its
//   replica
//
// One write at a time: the clock starts before the request is sent and stops when the notification of that very
// key has arrived. Prints `p50_ms p99_ms` on one line. bench/http runs it.
#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "io/zmq/subscriber.h"

namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kPatience{10};
constexpr int kWarmUp = 50;

[[noreturn]] void give_up(const std::string& why) {
  fmt::print(stderr, "notify_load: {}\n", why);
  std::exit(1);
}

class Connection {
 public:
  Connection(const std::string& host, const std::string& port) : socket_(io_) {
    asio::connect(socket_, asio::ip::tcp::resolver(io_).resolve(host, port));
    socket_.set_option(asio::ip::tcp::no_delay(true));
  }
  void send(const std::string& bytes) { asio::write(socket_, asio::buffer(bytes)); }
  // Up to and including `end`.
  std::string read_until(const std::string& end) {
    const std::size_t n = asio::read_until(socket_, asio::dynamic_buffer(buffer_), end);
    std::string out = buffer_.substr(0, n);
    buffer_.erase(0, n);
    return out;
  }

 private:
  asio::io_context io_;
  asio::ip::tcp::socket socket_;
  std::string buffer_;
};

// Milliseconds per round; `write` sends one write of this key, `await` returns when its notification is here, and
// `settle` takes the write's own answer.
template <typename Write, typename Await, typename Settle>
std::vector<double> measure(int count, Write write, Await await, Settle settle) {
  std::vector<double> rounds;
  for (int i = 0; i < count + kWarmUp; ++i) {
    const std::string key = fmt::format("bench-{}", i);
    const auto began = Clock::now();
    write(key);
    await(key);
    const double ms = std::chrono::duration<double, std::milli>(Clock::now() - began).count();
    settle();
    if (i >= kWarmUp) rounds.push_back(ms);
  }
  return rounds;
}

std::vector<double> measure_pando(const std::string& host, const std::string& port, const std::string& ns,
                                  const std::string& endpoint, int count) {
  pando::io::zmq::Context context;
  auto subscriber = pando::io::zmq::Subscriber::connect(context, {{endpoint}, {ns + "."}, 0, {}});
  if (!subscriber) give_up(subscriber.error().message());
  Connection http(host, port);
  const std::string body = R"({"value":"eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4"})";
  const auto write = [&](const std::string& key) {
    http.send(fmt::format("PUT /api/v1/{}/kv/{} HTTP/1.1\r\nHost: bench\r\nContent-Length: {}\r\n\r\n{}", ns, key,
                          body.size(), body));
  };
  const auto settle = [&] { http.read_until("{\"success\":true}\n"); };
  // A subscription takes a moment to arrive: write until the first notification does.
  bool subscribed = false;
  for (int i = 0; i < 500 && !subscribed; ++i) {
    write("hello");
    settle();
    subscribed = subscriber->receive(std::chrono::milliseconds(20)).value_or(std::nullopt).has_value();
  }
  if (!subscribed) give_up("no notification arrives");
  const auto await = [&](const std::string& key) {
    const std::string wanted = "{\"key\":\"" + key + "\"";
    while (true) {
      const auto message = subscriber->receive(kPatience);
      if (!message || !*message) give_up("the notification of " + key + " did not arrive");
      if ((*message)->back().compare(0, wanted.size(), wanted) == 0) return;
    }
  };
  return measure(count, write, await, settle);
}

std::string resp(const std::vector<std::string>& words) {
  std::string out = fmt::format("*{}\r\n", words.size());
  for (const std::string& word : words) out += fmt::format("${}\r\n{}\r\n", word.size(), word);
  return out;
}

std::vector<double> measure_redis(const std::string& primary_port, const std::string& replica_port, int count) {
  Connection primary("127.0.0.1", primary_port);
  Connection replica("127.0.0.1", replica_port);
  replica.send(resp({"PSUBSCRIBE", "__keyspace@0__:*"}));
  replica.read_until(":1\r\n");
  const std::string value(56, 'x');
  return measure(
      count,
      [&](const std::string& key) {
        primary.send(resp({"SET", key, value}));
      },
      [&](const std::string& key) { replica.read_until("__keyspace@0__:" + key + "\r\n$3\r\nset\r\n"); },
      [&] { primary.read_until("+OK\r\n"); });
}

double percentile(std::vector<double>& sorted, double p) {
  return sorted[std::min(sorted.size() - 1, static_cast<std::size_t>(p * static_cast<double>(sorted.size())))];
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> args(argv + 1, argv + argc);
  std::vector<double> rounds;
  if (args.size() == 6 && args[0] == "pando") {
    rounds = measure_pando(args[1], args[2], args[3], args[4], std::atoi(args[5].c_str()));
  } else if (args.size() == 4 && args[0] == "redis") {
    rounds = measure_redis(args[1], args[2], std::atoi(args[3].c_str()));
  }
  if (rounds.empty()) {
    give_up(
        "usage: pando HOST PORT NS ZMQ_ENDPOINT COUNT | redis PRIMARY_PORT REPLICA_PORT COUNT\n"
        "             (./dev bench http runs it as it should be)");
  }
  std::sort(rounds.begin(), rounds.end());
  fmt::print("{:.3f} {:.3f}\n", percentile(rounds, 0.5), percentile(rounds, 0.99));
  return 0;
}
