// io/loop/listener.h — a listening TCP socket and the clients it brought: accepting, their number, time, stopping.
//
// What every protocol's server does alike; io/http and io/resp derive from it and speak their protocol in Client. On
// one io_context and its one thread. Owned by shared_ptr: handlers that wait keep it alive.
//
//   listen() → make() per client, in a slot of its own → start() → … → release(slot)
//   stop()   accepts nothing new, finish_soon() to all, close() to those that are left after graceful_max, then `done`
//
// Beyond connections_max a client is told so (start_refused) and closed; when dozens more come at once, without a word.
// When no descriptor is left, accepting pauses: closing connections mends that.
//
// Several of one process may serve one port, each on a loop of its own: one of them accepts for all (share_with()).
#pragma once

#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "base/time.h"

namespace pando::io::loop {

// Totals since start, for metrics.
struct ListenerStats {
  std::uint64_t connections_open = 0;
  std::uint64_t connections_accepted = 0;
  std::uint64_t connections_refused = 0;  // over connections_max

  ListenerStats& operator+=(const ListenerStats& more) {
    connections_open += more.connections_open;
    connections_accepted += more.connections_accepted;
    connections_refused += more.connections_refused;
    return *this;
  }
};

class Client {
 public:
  virtual ~Client() = default;
  virtual void start() = 0;
  // Says why, and closes.
  virtual void start_refused(std::string_view why) = 0;
  // Coarse time passed.
  virtual void tick() = 0;
  // Nothing new; what runs is finished.
  virtual void finish_soon() = 0;
  virtual void close() = 0;
};

class Listener : public std::enable_shared_from_this<Listener> {
 public:
  struct Options {
    std::string protocol;  // in front of errors: "http"
    std::size_t connections_max = 0;
    std::string refusal;  // what a client beyond that is told
    Duration tick;        // how often Client::tick() is called, while there is one
    // Clients of all listeners that are to keep to connections_max together. Null: of this one alone.
    std::shared_ptr<std::atomic<std::size_t>> open = {};
  };
  // Slots are numbers below this.
  static constexpr std::uint32_t kSlotsMax = 1 << 24;

  Listener(boost::asio::io_context& io, Options options, ListenerStats& stats);
  virtual ~Listener() = default;
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // Binds and starts accepting. `ip` is a literal address, empty for every interface; port 0 picks one.
  // kUnavailable with the address and the system's reason when it cannot.
  Status listen(const std::string& ip, std::uint16_t port);
  // The bound port; 0 before listen().
  std::uint16_t port() const { return port_; }
  // Of the clients that come here, each of `others` takes as many as this one: they take turns. Before listen().
  void share_with(std::vector<std::shared_ptr<Listener>> others) { others_ = std::move(others); }
  // A client of another one goes on here. Any thread; nothing is under way on the socket, which this one's loop
  // watches.
  void take_over(boost::asio::ip::tcp::socket socket);

  // `done` runs once, on the loop.
  void stop(Duration graceful_max, std::function<void()> done);
  // At once.
  void close_all();

 protected:
  // A client for `slot`; it will call release(slot) when it has closed.
  virtual std::shared_ptr<Client> make(boost::asio::ip::tcp::socket socket, std::uint32_t slot) = 0;
  // The monotonic clock, before clients are made or ticked.
  virtual void on_time(std::int64_t now_us) = 0;

  // nullptr when nobody is there.
  const std::shared_ptr<Client>& at(std::uint32_t slot) const;
  void release(std::uint32_t slot);

  boost::asio::io_context& io() { return io_; }

 private:
  void accept();
  // Whose turn it is.
  std::shared_ptr<Listener> next_taker();
  void on_accept(boost::asio::ip::tcp::socket socket);
  void begin(boost::asio::ip::tcp::socket socket, bool refused);
  void start_tick();
  void check_stopped();
  // By index: a client may close itself, none is added meanwhile.
  template <typename Visit>
  void each(Visit visit) {
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      if (const std::shared_ptr<Client> client = slots_[i]) visit(*client);
    }
  }

  boost::asio::io_context& io_;
  const Options options_;
  const std::shared_ptr<std::atomic<std::size_t>> open_;  // counts, and guards nothing
  ListenerStats& stats_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer accept_timer_;
  boost::asio::steady_timer tick_timer_;
  boost::asio::steady_timer stop_timer_;
  std::uint16_t port_ = 0;
  std::vector<std::shared_ptr<Listener>> others_;
  std::size_t turn_ = 0;  // 0: this one's; n: that of others_[n - 1]
  bool ticking_ = false;
  bool stopping_ = false;
  std::function<void()> stopped_;
  std::vector<std::shared_ptr<Client>> slots_;
  std::vector<std::uint32_t> free_slots_;
};

}  // namespace pando::io::loop
