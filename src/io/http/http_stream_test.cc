// Objects and event streams.
#include "io/http/rig.h"

namespace pando::io::http {
namespace {

Bytes pattern(std::size_t size) {
  Bytes bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 31 + i / 251);
  return bytes;
}

Bytes joined(const std::vector<Bytes>& chunks) {
  Bytes all;
  for (const Bytes& chunk : chunks) all += chunk;
  return all;
}

TEST(HttpObjects, StreamInChunksWhateverTheBodyLimit) {
  HttpOptions options;
  options.body_bytes_max = 1000;
  for (const bool later : {false, true}) {
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{1}, limits::kLobChunkBytes, 3 * limits::kLobChunkBytes + 7}) {
      Rig rig(options);
      rig.on_loop([&] { rig.node.later = later; });
      Client client(rig);
      const Bytes object = pattern(size);
      const Answer put = client.ask(request("PUT /api/v1/ns/lob/o", object));
      EXPECT_EQ(put.body, "{\"success\":true,\"checksum\":5}\n") << size;
      EXPECT_EQ(rig.on_loop([&] { return joined(rig.node.objects["o"]); }), object) << size;
      const Answer get = client.ask(request("GET /api/v1/ns/lob?key=o"));
      EXPECT_EQ(get.body, object) << size;
      EXPECT_NE(
          get.head.find("Content-Type: application/octet-stream\r\nContent-Length: " + std::to_string(size) + "\r\n"),
          std::string::npos);
      EXPECT_EQ(client.ask(request("DELETE /api/v1/ns/lob/o")).body, "{\"success\":true}\n");
      EXPECT_EQ(client.ask(request("GET /api/v1/ns/lob/o")).body, "{\"error\":\"key not found\"}\n");
    }
  }
}

TEST(HttpObjects, UploadsMayBeChunkedOrExpected) {
  Rig rig;
  Client client(rig);
  const Bytes object = pattern(700'000);
  std::string chunked = "PUT /api/v1/ns/lob/o HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  char size[16];
  for (std::size_t at = 0; at < object.size(); at += 9'999) {
    const std::string part = object.substr(at, 9'999);
    std::snprintf(size, sizeof(size), "%zx\r\n", part.size());
    chunked += size + part + "\r\n";
  }
  EXPECT_EQ(client.ask(chunked + "0\r\n\r\n").status, 200);
  EXPECT_EQ(rig.on_loop([&] { return joined(rig.node.objects["o"]); }), object);
  client.send("PUT /api/v1/ns/lob/p HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.answer().status, 100);
  EXPECT_EQ(client.ask("abc").status, 200);
}

TEST(HttpObjects, ARefusedUploadIsToldSoBeforeItEnds) {
  Rig rig;
  rig.on_loop([&] { rig.node.read_only = true; });
  Client client(rig);
  client.send("PUT /api/v1/ns/lob/o HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n" + pattern(100'000));
  const Answer answer = client.answer();
  EXPECT_EQ(answer.status, 403);
  EXPECT_EQ(answer.body, "{\"error\":\"this node is read-only\"}\n");
}

TEST(HttpObjects, AnUploadCutShortIsAborted) {
  for (const bool silent : {false, true}) {  // with and without a request outstanding at the node
    Rig rig;
    Client client(rig);
    rig.on_loop([&] { rig.node.silent = silent; });
    client.send("PUT /api/v1/ns/lob/o HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\nabc");
    ASSERT_TRUE(rig.eventually([&] { return rig.server().stats().requests == 1; }));
    client.hang_up();
    ASSERT_TRUE(rig.eventually([&] { return rig.server().stats().connections_open == 0; }));
    rig.on_loop([&] { rig.node.release(); });
    EXPECT_TRUE(rig.eventually([&] { return rig.node.trace == std::vector<std::string>{"abort"}; }));
    EXPECT_TRUE(rig.on_loop([&] { return rig.node.objects.empty(); }));
  }
}

TEST(HttpObjects, ASlowReaderHoldsOneChunk) {
  Rig rig;
  constexpr std::size_t kChunks = 400;  // 100 MiB, far beyond what sockets buffer
  rig.on_loop([&] { rig.node.objects["o"] = std::vector<Bytes>(kChunks, Bytes(limits::kLobChunkBytes, 'x')); });
  Client client(rig);
  client.send(request("GET /api/v1/ns/lob/o"));
  ASSERT_TRUE(rig.eventually([&] { return rig.node.chunks_read > 0; }));
  std::uint64_t seen = 0;
  for (std::uint64_t now = 1; now != seen;) {  // until it stands still
    seen = now;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    now = rig.on_loop([&] { return rig.node.chunks_read; });
  }
  EXPECT_LT(seen, kChunks / 2);
  EXPECT_EQ(client.answer().body.size(), kChunks * limits::kLobChunkBytes);
}

Change change(const Bytes& key) {
  Change c;
  c.number = 1;
  c.dot = Dot{Origin{"dc1", 1}, Seq(1)};
  c.table = "kv";
  c.key = key;
  c.value = "v";
  return c;
}

node::WatchSend batch(WatchId id, const Bytes& key) {
  node::WatchSend send;
  send.id = id;
  send.events.push_back({change(key), "c-" + key});
  return send;
}

TEST(HttpWatch, OneBatchAtATime) {
  Rig rig;
  Client client(rig);
  client.send(request("GET /api/v1/ns/watch?prefix=a&cursor=old", "", "Last-Event-ID: new\r\n"));
  const std::string head = client.text_to("\r\n\r\n");
  EXPECT_EQ(head.find("HTTP/1.1 200 OK\r\n"), 0u);
  EXPECT_NE(head.find("Content-Type: text/event-stream\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n"),
            std::string::npos);
  EXPECT_EQ(client.text_to("\n\n"), "retry: 1000\nid: c0\n\n");
  EXPECT_EQ(rig.on_loop([&] { return rig.node.trace; }), (std::vector<std::string>{"open a@new"}));
  rig.on_loop([&] { rig.server().on_watch_send(batch(rig.node.watches[0].id, "a1")); });
  const std::string event = client.text_to("\n\n");
  EXPECT_EQ(event.find("id: c-a1\nevent: put\ndata: {\"key\":\"a1\",\"namespace\":\"ns\",\"operation\":\"put\""), 0u)
      << event;
  EXPECT_EQ(rig.on_loop([&] { return rig.node.trace; }), (std::vector<std::string>{"open a@new", "ready"}));
  rig.on_loop([&] {
    rig.server().on_watch_ended({rig.node.watches[0].id, Status(StatusCode::kUnavailable, "the node is stopping")});
  });
  EXPECT_EQ(client.text_to("\n\n"), "event: end\ndata: {\"error\":\"the node is stopping\"}\n\n");
  EXPECT_TRUE(client.closed());
  EXPECT_EQ(rig.on_loop([&] { return rig.server().stats().watches_open; }), 0u);
}

TEST(HttpWatch, ASlowWatcherGetsNoSecondBatch) {
  HttpOptions options;
  options.stall_max = Duration::millis(200);
  Rig rig(options);
  Client client(rig);
  client.send(request("GET /api/v1/ns/watch"));
  client.text_to("\n\n");
  rig.on_loop([&] {
    node::WatchSend send;
    send.id = rig.node.watches[0].id;
    Change big = change("k");
    big.value = Bytes(64 << 20, 'v');
    send.events.push_back({big, "c"});
    rig.server().on_watch_send(send);
  });
  // Never "ready", and cut off in the end.
  EXPECT_TRUE(rig.eventually([&] { return rig.node.trace == std::vector<std::string>{"open @", "close"}; }));
}

TEST(HttpWatch, HeartbeatsRefusalsAndLeaving) {
  HttpOptions options;
  options.heartbeat = Duration::millis(50);
  Rig rig(options);
  Client bad(rig);
  const Answer refused = bad.ask(request("GET /api/v1/ns/watch?cursor=bad"));
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.body, "{\"error\":\"bad cursor: x\"}\n");
  EXPECT_EQ(bad.ask(request("GET /api/v1/ns/watch?key=a&prefix=b")).status, 400);
  EXPECT_EQ(bad.ask(request("GET /api/v1/nope/watch")).status, 404);
  Client watcher(rig);
  watcher.send(request("GET /api/v1/ns/watch"));
  watcher.text_to("\n\n");
  EXPECT_EQ(watcher.text_to("\n\n"), ": heartbeat\n\n");
  EXPECT_EQ(watcher.text_to("\n\n"), ": heartbeat\n\n");
  watcher.hang_up();
  EXPECT_TRUE(rig.eventually([&] { return !rig.node.trace.empty() && rig.node.trace.back() == "close"; }));
  rig.on_loop([&] { rig.server().on_watch_send(batch(rig.node.watches.back().id, "late")); });  // dropped
}

}  // namespace
}  // namespace pando::io::http
