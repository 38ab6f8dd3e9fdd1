#include "io/http/http_server.h"

#include "io/http/answer.h"
#include "io/http/rig.h"

namespace pando::io::http {
namespace {

const std::string kPut = request("PUT /api/v1/ns/kv/k", R"({"value":"aGk="})");
const std::string kGet = request("GET /api/v1/ns/kv/k");

TEST(HttpServer, AnswersToTheByte) {
  Rig rig;
  Client client(rig);
  const Answer put = client.ask(kPut);
  EXPECT_EQ(put.status, 200);
  EXPECT_EQ(put.body, "{\"success\":true}\n");
  EXPECT_EQ(put.head.find("HTTP/1.1 200 OK\r\nDate: "), 0u);
  EXPECT_NE(put.head.find("GMT\r\nContent-Type: application/json\r\nContent-Length: 17\r\n\r\n"), std::string::npos)
      << put.head;
  EXPECT_EQ(client.ask(kGet).body, "{\"value\":\"aGk=\",\"found\":true}\n");
  const Answer other = client.ask(request("POST /api/v1/ns/kv/k", "{}"));
  EXPECT_EQ(other.status, 405);
  EXPECT_NE(other.head.find("\r\nAllow: GET, HEAD, PUT, DELETE\r\nPando-Error: method_not_allowed\r\nPando-Hint: use "),
            std::string::npos);
  EXPECT_EQ(client.ask(request("GET /healthz")).body, "{\"status\":\"ok\",\"namespaces\":[\"ns\"]}\n");
  EXPECT_EQ(client.ask(request("GET /readyz?namespace=x")).status, 404);
  const Answer metrics = client.ask(request("GET /metrics"));
  EXPECT_EQ(metrics.body, "pando_up 1\n");
  EXPECT_NE(metrics.head.find("Content-Type: text/plain; version=0.0.4\r\n"), std::string::npos);
}

TEST(HttpServer, AConnectionMovesToWhereItIsAnswered) {
  Rig door;
  Rig home;
  door.on_loop([&] {
    door.node.values["k"] = "asked elsewhere";
    door.node.home = &home.server();
  });
  home.on_loop([&] { home.node.values["k"] = "at home"; });
  const std::string get = request("GET /api/v1/ns/kv/k");
  const auto value = [](const std::string& base64) { return "{\"value\":\"" + base64 + "\",\"found\":true}\n"; };
  Client client(door);
  // Not for one request, and not while there are more of them unread.
  for (int i = 0; i < 3; ++i) client.send(get);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.answer().body, value("YXNrZWQgZWxzZXdoZXJl"));
  client.send(get + get);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(client.answer().body, value("YXNrZWQgZWxzZXdoZXJl"));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.ask(get).body, value("YXQgaG9tZQ=="));
  EXPECT_EQ(door.on_loop([&] { return door.server().stats().connections_open; }), 0u);
  EXPECT_EQ(home.on_loop([&] { return home.server().stats().connections_open; }), 1u);
  EXPECT_EQ(home.on_loop([&] { return home.server().stats().connections_accepted; }), 0u);
  client.hang_up();
  EXPECT_TRUE(home.eventually([&] { return home.server().stats().connections_open == 0; }));
}

TEST(HttpServer, LimitsAreOfAllThatShareALoad) {
  HttpOptions options;
  options.connections_max = 3;
  options.watches_max = 1;
  options.bodies_bytes_max = 150'000;
  Rig one(options);
  Rig other(options);
  Client first(one);
  first.send(request("GET /api/v1/ns/watch"));
  EXPECT_NE(first.text_to("\r\n\r\n").find("200 OK"), std::string::npos);
  Client second(other);
  EXPECT_EQ(second.ask(request("GET /api/v1/ns/watch")).status, 503) << "there is a watcher at the other one";
  Client third(other);
  EXPECT_EQ(third.ask(request("GET /healthz")).status, 200);
  Client fourth(one);
  EXPECT_EQ(fourth.answer().status, 503) << "there are three";
  // What half of a body has come for counts where it is.
  const std::string head = "PUT /api/v1/ns/kv/k HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n";
  second.send(head + std::string(90'000, ' '));
  EXPECT_TRUE(other.eventually([&] { return options.load->bodies_bytes.load() >= 90'000; }));
  third.send(head + std::string(90'000, ' '));
  EXPECT_EQ(third.answer().status, 503);
  second.hang_up();
  first.hang_up();
  EXPECT_TRUE(one.eventually([&] { return options.load->watches == 0 && options.load->bodies_bytes == 0; }));
}

// A request with more header lines.
std::string with(std::string text, const std::string& lines) { return text.insert(text.find("\r\n") + 2, lines); }

TEST(HttpServer, TermsReachTheNodeAndComeBack) {
  Rig rig;
  rig.on_loop([&] { rig.node.sessions = true; });
  Client client(rig);
  const Answer put =
      client.ask(with(kPut, "pando-durability: sites:2,wait=1s\r\nIF-MATCH: \"a\"\r\nIf-Match: \"b\"\r\n"));
  EXPECT_EQ(put.status, 200);
  EXPECT_NE(put.head.find("\r\nPando-Token: dc1:8\r\nETag: \"e1\"\r\n"), std::string::npos) << put.head;
  rig.on_loop([&] {
    ASSERT_TRUE(rig.node.last_terms.durability.has_value());
    EXPECT_EQ(to_string(*rig.node.last_terms.durability), "sites:2");
    EXPECT_EQ(rig.node.last_terms.durability_wait, Duration::seconds(1));
    ASSERT_TRUE(rig.node.last_terms.if_match.has_value());
    EXPECT_EQ(rig.node.last_terms.if_match->etags, (std::vector<std::string>{"a", "b"}));
  });
  // Nothing of one request is left for the next.
  const Answer plain = client.ask(kGet);
  EXPECT_EQ(plain.head.find("Pando-Token"), std::string::npos) << plain.head;
  rig.on_loop([&] { EXPECT_TRUE(rig.node.last_terms.plain()); });
  EXPECT_NE(client.ask(with(kGet, "Pando-Token:\r\n")).head.find("\r\nPando-Token: dc1:7\r\n"), std::string::npos);
  EXPECT_NE(client.ask(with(kGet, "Pando-Token: dc2:3\r\n")).head.find("\r\nPando-Token: dc2:3\r\n"),
            std::string::npos);
  for (const char* blank : {"Idempotency-Key", "Pando-Transaction", "Pando-Durability", "If-Match", "If-None-Match"}) {
    const Answer refused = client.ask(with(kPut, std::string(blank) + ":\r\n"));
    EXPECT_EQ(refused.status, 400);
    EXPECT_NE(refused.body.find(std::string(blank) + " is empty"), std::string::npos) << refused.body;
  }
  EXPECT_EQ(client.ask(with(kGet, "Pando-Wait: soon\r\n")).status, 400);
  EXPECT_EQ(client.ask(with(kGet, "Pando-Token: x\r\n")).status, 400);
  EXPECT_EQ(client.ask(with(request("PUT /api/v1/ns/lob/o", "x"), "If-Match: *\r\n")).status, 400);
}

TEST(HttpServer, AnAnswerThatIsKnownAlreadyHasNoBody) {
  Rig rig;
  rig.on_loop([&] { rig.node.sessions = true; });
  Client client(rig);
  client.send(with(kGet, "If-None-Match: \"e1\"\r\n") + with(kGet, "If-Match: \"e0\"\r\n") + kGet);
  const std::string head = client.text_to("\r\n\r\n");
  EXPECT_EQ(head.find("HTTP/1.1 304 Not Modified\r\n"), 0u) << head;
  EXPECT_EQ(head.find("Content-Length"), std::string::npos) << head;
  EXPECT_NE(head.find("ETag: \"e1\"\r\n"), std::string::npos) << head;
  EXPECT_EQ(client.answer().status, 412);
  EXPECT_EQ(client.answer().status, 200);
}

TEST(HttpServer, HeadHasTheLengthAndNoBody) {
  Rig rig;
  Client client(rig);
  client.ask(kPut);
  client.send(request("HEAD /api/v1/ns/kv/k") + request("HEAD /nothing") + kGet);
  const std::string first = client.text_to("\r\n\r\n");
  EXPECT_NE(first.find("Content-Length: 30\r\n"), std::string::npos) << first;
  EXPECT_EQ(client.text_to("\r\n\r\n").find("HTTP/1.1 404"), 0u);
  EXPECT_EQ(client.answer().body, "{\"value\":\"aGk=\",\"found\":true}\n");
}

// Answers come in the order of the requests, whether the node replies inside submit() or later.
TEST(HttpServer, PipelinedRequestsAreAnsweredInOrder) {
  for (const bool later : {false, true}) {
    Rig rig;
    rig.on_loop([&] { rig.node.later = later; });
    Client client(rig);
    std::string all;
    for (int i = 0; i < 200; ++i) {
      all += request("PUT /api/v1/ns/kv/k", "{\"value\":\"" + std::string(i % 2 ? "aGk=" : "aG8=") + "\"}");
      all += kGet;
      all += request("GET /api/v1/ns/kv/missing");
    }
    client.send(all);
    for (int i = 0; i < 200; ++i) {
      ASSERT_EQ(client.answer().body, "{\"success\":true}\n") << i;
      ASSERT_EQ(client.answer().body, std::string("{\"value\":\"") + (i % 2 ? "aGk=" : "aG8=") + "\",\"found\":true}\n")
          << i;
      ASSERT_EQ(client.answer().body, "{\"value\":\"\",\"found\":false}\n") << i;
    }
  }
}

TEST(HttpServer, RequestsMayComeByteByByte) {
  Rig rig;
  Client client(rig);
  client.socket().set_option(boost::asio::ip::tcp::no_delay(true));
  for (const char c : kPut) client.send({&c, 1});
  EXPECT_EQ(client.answer().status, 200);
}

TEST(HttpServer, BodiesChunkedOrExpected) {
  Rig rig;
  Client client(rig);
  EXPECT_EQ(client
                .ask("PUT /api/v1/ns/kv/k HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                     "a\r\n{\"value\":\"\r\n6;x=y\r\naGk=\"}\r\n0\r\nTrailer: t\r\n\r\n")
                .status,
            200);
  EXPECT_EQ(client.ask(kGet).body, "{\"value\":\"aGk=\",\"found\":true}\n");
  client.send("PUT /api/v1/ns/kv/k HTTP/1.1\r\nHost: x\r\nContent-Length: 16\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.answer().head, "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_EQ(client.ask(R"({"value":"aG8="})").status, 200);
  EXPECT_EQ(client.ask(kGet).body, "{\"value\":\"aG8=\",\"found\":true}\n");
}

TEST(HttpServer, RefusalsDoNotCostTheConnection) {
  Rig rig;
  Client client(rig);
  EXPECT_EQ(client.ask(request("PUT /api/v1/nope/kv/k", "{\"value\":")).body,
            "{\"error\":\"namespace not found: nope\"}\n");
  EXPECT_EQ(client.ask(request("PUT /api/v1/ns/kv/k", "{\"value\":")).status, 400);
  EXPECT_EQ(client.ask(request("PUT /api/v1/ns/kv/", "{\"value\":")).body, "{\"error\":\"key is empty\"}\n");
  EXPECT_EQ(client.ask(request("PATCH /api/v1/ns/kv/k", std::string(60'000, 'x'))).status, 405);
  EXPECT_EQ(client.ask(kPut).status, 200);
}

TEST(HttpServer, WhatCannotGoOnIsAnsweredAndClosed) {
  HttpOptions options;
  options.body_bytes_max = 100'000;
  Rig rig(options);
  struct Row {
    const char* why;
    std::string text;
    int status;
    std::string error;
  };
  const std::string line = "PUT /api/v1/ns/kv/k HTTP/1.1\r\nHost: x\r\n";
  const Row table[] = {
      {"not HTTP", "hello\r\n\r\n", 400, "malformed HTTP request: "},
      {"TLS to the wrong port", std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 15), 400,
       "malformed HTTP request: "},
      {"bad field", "GET / HTTP/1.1\r\nHo st: x\r\n\r\n", 400, "malformed HTTP request: "},
      {"no Host", "GET /healthz HTTP/1.1\r\n\r\n", 400, "missing Host header"},
      {"later HTTP", "GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505, "only HTTP/1.0 and HTTP/1.1 are served"},
      {"two lengths", line + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", 400, "malformed HTTP request: "},
      {"length and chunked", line + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400,
       "malformed HTTP request: "},
      {"unknown coding", line + "Transfer-Encoding: gzip\r\n\r\n", 501,
       "unsupported Transfer-Encoding, only chunked is known"},
      {"bad chunk", line + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400, "malformed HTTP request: "},
      {"endless chunk extension", line + "Transfer-Encoding: chunked\r\n\r\n1;" + std::string(200'000, 'x'), 400,
       "malformed HTTP request: "},
      {"announced body too large", line + "Content-Length: 100001\r\n\r\n", 413,
       "request body over the limit of 100000 bytes"},
      {"the same, expecting", line + "Content-Length: 100001\r\nExpect: 100-continue\r\n\r\n", 413,
       "request body over the limit of 100000 bytes"},
      {"chunked body too large", line + "Transfer-Encoding: chunked\r\n\r\n186a1\r\n" + std::string(100'001, 'x'), 413,
       "request body over the limit of 100000 bytes"},
      {"unknown expectation", line + "Content-Length: 200000\r\nExpect: more\r\n\r\n", 417, "unknown expectation"},
      {"a key of 1 MiB", "GET /api/v1/ns/kv/" + std::string(1 << 20, 'k') + " HTTP/1.1\r\nHost: x\r\n\r\n", 414,
       "request line over the limit of 65536 bytes (a key has at most 8192)"},
      {"endless headers", "GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + std::string(1 << 20, 'x') + "\r\n\r\n", 431,
       "request headers over the limit of 65536 bytes"},
  };
  for (const Row& row : table) {
    Client client(rig);
    client.send(row.text);
    const Answer answer = client.answer();
    EXPECT_EQ(answer.status, row.status) << row.why;
    EXPECT_EQ(answer.body.find("{\"error\":\"" + row.error), 0u) << row.why << ": " << answer.body;
    EXPECT_EQ(answer.body.substr(answer.body.size() - std::min<std::size_t>(3, answer.body.size())), "\"}\n")
        << row.why;
    EXPECT_TRUE(client.closed()) << row.why;
  }
  Client client(rig);
  EXPECT_EQ(client.ask(kPut).status, 200) << "the server is up";
  EXPECT_EQ(rig.on_loop([&] { return rig.node.values.size(); }), 1u) << "nothing else was stored";
}

TEST(HttpServer, OldClientsAndThoseThatLeave) {
  Rig rig;
  Client old(rig);
  EXPECT_EQ(old.ask("GET /healthz HTTP/1.0\r\n\r\n").status, 200);
  EXPECT_TRUE(old.closed());
  Client bench(rig);
  const Answer kept = bench.ask("GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_NE(kept.head.find("Connection: keep-alive\r\n"), std::string::npos);
  EXPECT_EQ(bench.ask("GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").status, 200);
  Client once(rig);
  const Answer last = once.ask(request("GET /healthz", "", "Connection: close\r\n"));
  EXPECT_NE(last.head.find("Connection: close\r\n"), std::string::npos);
  EXPECT_TRUE(once.closed());

  // Replies for a client that has gone are dropped, also when its place was taken by another.
  rig.on_loop([&] { rig.node.silent = true; });
  Client gone(rig);
  gone.send(kGet);
  ASSERT_TRUE(rig.eventually([&] { return rig.server().stats().requests >= 5; }));
  gone.hang_up();
  Client next(rig);
  next.send(kPut);
  ASSERT_TRUE(rig.eventually([&] { return rig.server().stats().requests >= 6; }));
  rig.on_loop([&] { rig.node.release(); });
  EXPECT_EQ(next.answer().body, "{\"success\":true}\n");
}

TEST(HttpServer, SlowClientsAreCutOff) {
  HttpOptions options;
  options.idle_max = options.head_max = options.stall_max = Duration::millis(80);
  Rig rig(options);
  Client idle(rig);
  EXPECT_TRUE(idle.closed());
  Client head(rig);
  EXPECT_EQ(head.ask("GET /heal").status, 408);
  EXPECT_TRUE(head.closed());
  Client body(rig);
  EXPECT_EQ(body.ask("PUT /api/v1/ns/kv/k HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{").status, 408);
  // A node that takes its time is not the client's fault.
  rig.on_loop([&] { rig.node.silent = true; });
  Client waiting(rig);
  waiting.send(kGet);
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  rig.on_loop([&] { rig.node.release(); });
  EXPECT_EQ(waiting.answer().status, 200);
}

TEST(HttpServer, BoundsConnectionsAndBodies) {
  HttpOptions options;
  options.connections_max = 2;
  options.bodies_bytes_max = 200'000;
  Rig rig(options);
  {
    Client a(rig);
    Client b(rig);
    EXPECT_EQ(a.ask(kGet).status, 200);
    EXPECT_EQ(b.ask(kGet).status, 200);
    Client c(rig);
    const Answer refused = c.answer();
    EXPECT_EQ(refused.status, 503);
    EXPECT_EQ(refused.body, "{\"error\":\"too many connections, the limit is 2\"}\n");
    EXPECT_NE(refused.head.find("Retry-After: 1\r\n"), std::string::npos);
    EXPECT_TRUE(c.closed());
    const std::string head = "PUT /api/v1/ns/kv/k HTTP/1.1\r\nHost: x\r\nContent-Length: 150000\r\n\r\n";
    a.send(head + std::string(140'000, ' '));
    ASSERT_TRUE(rig.eventually([&] { return rig.server().stats().bytes_in > 140'000; }));
    b.send(head + std::string(140'000, ' '));
    EXPECT_EQ(b.answer().body, "{\"error\":\"too many request bodies in memory, the limit is 200000\"}\n");
  }
  ASSERT_TRUE(rig.eventually([&] { return rig.server().stats().connections_open == 0; }));
  Client later(rig);
  EXPECT_EQ(later.ask(request("PUT /api/v1/ns/kv/k", R"({"value":")" + std::string(150'000, 'A') + "\"}")).status, 200)
      << "what the others held was given back";
}

TEST(HttpServer, StopsGracefully) {
  Rig rig;
  Client idle(rig);
  EXPECT_EQ(idle.ask(kGet).status, 200);
  rig.on_loop([&] { rig.node.silent = true; });
  Client busy(rig);
  busy.send(kPut);
  ASSERT_TRUE(rig.eventually([&] { return rig.server().stats().requests == 2; }));
  std::promise<void> done;
  rig.on_loop([&] { rig.server().stop(Duration::seconds(5), [&] { done.set_value(); }); });
  EXPECT_TRUE(idle.closed());
  rig.on_loop([&] { rig.node.release(); });
  const Answer last = busy.answer();
  EXPECT_EQ(last.status, 200);
  EXPECT_NE(last.head.find("Connection: close\r\n"), std::string::npos);
  EXPECT_TRUE(busy.closed());
  busy.hang_up();
  EXPECT_EQ(done.get_future().wait_for(std::chrono::seconds(5)), std::future_status::ready);
}

TEST(HttpServer, StopDoesNotWaitForever) {
  Rig rig;
  rig.on_loop([&] { rig.node.silent = true; });
  Client stuck(rig);
  stuck.send(kGet);
  ASSERT_TRUE(rig.eventually([&] { return rig.server().stats().requests == 1; }));
  std::promise<void> done;
  rig.on_loop([&] { rig.server().stop(Duration::millis(50), [&] { done.set_value(); }); });
  EXPECT_EQ(done.get_future().wait_for(std::chrono::seconds(5)), std::future_status::ready);
  EXPECT_TRUE(stuck.closed());
  rig.on_loop([&] { rig.node.release(); });  // comes too late, harms nobody
}

TEST(HttpServer, AnAddressInUseIsNamed) {
  Rig rig;
  boost::asio::io_context io;
  HttpServer second(io, {}, rig.node);
  const Status status = second.listen("127.0.0.1", rig.port());
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_EQ(status.message(), "http: cannot bind 127.0.0.1:" + std::to_string(rig.port()) + ": Address already in use");
  EXPECT_EQ(second.listen("not an address", 0).message().find("http: cannot use address not an address:0: "), 0u);
}

TEST(HttpDate, IsTheFormOfRfc9110) {
  char text[32];
  EXPECT_EQ(http_date(784111777, text), "Sun, 06 Nov 1994 08:49:37 GMT");
}

}  // namespace
}  // namespace pando::io::http
