// io/http/rig.h — for tests: a server on a thread of its own, a node that is a map, a client that is a socket.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <future>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "io/http/http_server.h"

namespace pando::io::http {

// Serves namespace "ns". Everything but construction happens on the loop.
class FakeNode final : public HttpSink {
 public:
  explicit FakeNode(boost::asio::io_context& io) : io_(io) {}
  HttpServer* server = nullptr;
  HttpServer* home = nullptr;

  bool later = false;   // replies come after submit() has returned
  bool silent = false;  // replies do not come until release()
  bool read_only = false;
  std::map<Bytes, Bytes> values;
  std::map<Bytes, std::vector<Bytes>> objects;
  std::vector<std::string> trace;  // "abort", "watch_open", …
  std::uint64_t chunks_read = 0;
  bool sessions = false;  // replies carry dots and ETags
  Terms last_terms;       // of the last request
  std::vector<node::WatchOpen> watches;

  bool has_namespace(std::string_view ns) const override { return ns == "ns"; }
  void submit(RequestId id, std::string_view ns, Request request, Terms terms) override {
    EXPECT_EQ(ns, "ns");
    Reply reply = answer(request);
    if (terms.wants_token) reply.token = terms.after.value_or(CausalToken{Dot{{"dc1", 1}, Seq(7)}});
    if (sessions && std::holds_alternative<WriteRequest>(request)) reply.dot = Dot{{"dc1", 1}, Seq(8)};
    if (sessions) reply.etag = "e1";
    last_terms = std::move(terms);
    if (silent) {
      held_.emplace_back(id, std::move(reply));
    } else if (later) {
      boost::asio::post(io_, [this, id, r = std::move(reply)]() mutable { server->on_reply(id, std::move(r)); });
    } else {
      server->on_reply(id, std::move(reply));
    }
  }
  void release() {
    silent = false;
    for (auto& held : std::exchange(held_, {})) server->on_reply(held.first, std::move(held.second));
  }
  void watch_open(node::WatchOpen open) override {
    trace.push_back("open " + open.filter.prefix + "@" + open.cursor);
    node::WatchOpened opened{open.id, {}, "c0"};
    if (open.cursor == "bad") opened.status = Status(StatusCode::kInvalidArgument, "bad cursor: x");
    watches.push_back(std::move(open));
    server->on_watch_opened(opened);
  }
  void watch_ready(WatchId) override { trace.push_back("ready"); }
  void watch_close(WatchId) override { trace.push_back("close"); }
  HttpServer* home_of(std::string_view) const override { return home; }
  void ask_health(RequestId id) override { server->on_health(id, {{"ns", {}}}); }
  void ask_metrics(RequestId id) override { server->on_metrics(id, "pando_up 1\n"); }

 private:
  Reply answer(Request& request) {
    if (auto* get = std::get_if<GetRequest>(&request)) {
      ValueReply reply;
      const auto at = values.find(get->key);
      reply.found = at != values.end();
      if (reply.found) reply.value = at->second;
      return Reply{{}, reply, {}};
    }
    if (read_only) return Reply::failure(Status(StatusCode::kReadOnly, "this node is read-only"));
    if (auto* write = std::get_if<WriteRequest>(&request)) {
      for (auto& m : write->mutations) values[m.key] = m.value;
      return Reply{{}, DoneReply{write->mutations.size()}, {}};
    }
    return answer_object(request);
  }
  Reply answer_object(Request& request) {
    if (std::holds_alternative<TxBeginRequest>(request)) {
      staged_.clear();
      return Reply{{}, TxBegunReply{"t"}, {}};
    }
    if (auto* append = std::get_if<TxAppendLobRequest>(&request)) {
      staged_key_ = append->key;
      EXPECT_LE(append->chunk.size(), limits::kLobChunkBytes);
      staged_.push_back(std::move(append->chunk));
    }
    if (auto* erase = std::get_if<TxDeleteLobRequest>(&request)) objects.erase(erase->key);
    if (std::holds_alternative<TxAbortRequest>(request)) trace.push_back("abort");
    if (std::holds_alternative<TxCommitRequest>(request)) {
      if (!staged_.empty()) objects[staged_key_] = std::exchange(staged_, {});
      return Reply{{}, TxCommittedReply{1, 5}, {}};
    }
    if (auto* stat = std::get_if<LobStatRequest>(&request)) {
      LobStatReply reply;
      const auto at = objects.find(stat->key);
      reply.found = at != objects.end();
      if (reply.found) {
        reply.chunk_count = at->second.size();
        for (const Bytes& chunk : at->second) reply.size_bytes += chunk.size();
      }
      return Reply{{}, reply, {}};
    }
    if (auto* chunk = std::get_if<LobChunkRequest>(&request)) {
      ++chunks_read;
      return Reply{{}, LobChunkReply{objects[chunk->key][chunk->index]}, {}};
    }
    return Reply{{}, DoneReply{1}, {}};
  }

  boost::asio::io_context& io_;
  std::vector<std::pair<RequestId, Reply>> held_;
  std::vector<Bytes> staged_;
  Bytes staged_key_;
};

class Rig {
 public:
  explicit Rig(HttpOptions options = {}) : node(io_), server_(std::in_place, io_, options, node) {
    node.server = &*server_;
    const Status status = server_->listen("127.0.0.1", 0);
    EXPECT_TRUE(status.ok()) << status.to_string();
    thread_ = std::thread([this] { io_.run(); });
  }
  ~Rig() {
    on_loop([this] { server_.reset(); });
    work_.reset();
    io_.stop();
    thread_.join();
  }
  // Runs `what` on the loop and returns what it returns.
  template <typename What>
  auto on_loop(What what) -> decltype(what()) {
    std::packaged_task<decltype(what())()> task(std::move(what));
    auto result = task.get_future();
    boost::asio::post(io_, [&task] { task(); });
    return result.get();
  }
  // Waits until `condition` holds on the loop; false after five seconds.
  template <typename Condition>
  bool eventually(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    while (!on_loop(condition)) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return true;
  }
  HttpServer& server() { return *server_; }
  std::uint16_t port() const { return server_->port(); }

 private:
  boost::asio::io_context io_{1};

 public:
  FakeNode node;

 private:
  std::optional<HttpServer> server_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{io_.get_executor()};
  std::thread thread_;
};

struct Answer {
  int status = 0;  // 0: the connection closed instead
  std::string head;
  std::string body;
};

// A blocking client. Every read gives up after five seconds.
class Client {
 public:
  explicit Client(const Rig& rig) : socket_(io_) {
    socket_.connect({boost::asio::ip::address_v4::loopback(), rig.port()});
  }
  void send(std::string_view text) {
    boost::system::error_code ignored;  // a server that refused stops reading; the answer tells
    boost::asio::write(socket_, boost::asio::const_buffer(text.data(), text.size()), ignored);
  }
  Answer answer() {
    Answer got;
    const std::size_t end = read_to("\r\n\r\n");
    if (end == std::string::npos) return got;
    got.head = buffer_.substr(0, end);
    buffer_.erase(0, end);
    got.status = std::stoi(got.head.substr(9, 3));
    if (got.status == 100) return got;
    const std::size_t length = got.head.find("Content-Length: ");
    if (length == std::string::npos) return got;
    const std::size_t size = std::stoul(got.head.substr(length + 16));
    while (buffer_.size() < size && read_some()) {
    }
    got.body = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return got;
  }
  Answer ask(std::string_view text) {
    send(text);
    return answer();
  }
  // Everything up to and with `mark`; empty when the connection ended first.
  std::string text_to(std::string_view mark) {
    const std::size_t end = read_to(mark);
    if (end == std::string::npos) return {};
    const std::string text = buffer_.substr(0, end);
    buffer_.erase(0, end);
    return text;
  }
  bool closed() { return buffer_.empty() && !read_some(); }
  void hang_up() { socket_.close(); }
  void finish_sending() { socket_.shutdown(boost::asio::ip::tcp::socket::shutdown_send); }
  boost::asio::ip::tcp::socket& socket() { return socket_; }

 private:
  std::size_t read_to(std::string_view mark) {
    while (true) {
      const std::size_t at = buffer_.find(mark);
      if (at != std::string::npos) return at + mark.size();
      if (!read_some()) return std::string::npos;
    }
  }
  bool read_some() {
    char bytes[16384];
    std::size_t count = 0;
    bool done = false;
    bool ok = false;
    socket_.async_read_some(boost::asio::buffer(bytes), [&](const boost::system::error_code& ec, std::size_t n) {
      done = true;
      ok = !ec;
      count = n;
    });
    io_.restart();
    io_.run_for(std::chrono::seconds(5));
    if (!done) {
      ADD_FAILURE() << "nothing came within five seconds";
      socket_.close();
      io_.restart();
      io_.run();
    }
    buffer_.append(bytes, count);
    return ok;
  }

  boost::asio::io_context io_;
  boost::asio::ip::tcp::socket socket_;
  std::string buffer_;
};

inline std::string request(std::string_view line, std::string_view body = "", std::string_view headers = "") {
  std::string text = std::string(line) + " HTTP/1.1\r\nHost: x\r\n" + std::string(headers);
  if (!body.empty()) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  return text + "\r\n" + std::string(body);
}

}  // namespace pando::io::http
