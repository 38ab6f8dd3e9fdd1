#include "server/workers.h"

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <mutex>

#include "server/inbox.h"
#include "server/ports_file.h"

namespace pando::server {
namespace {

TEST(Workers, OneWorkerKeepsTheOrderAndFinishesEverything) {
  std::vector<int> done;
  {
    Workers workers("test", 1);
    for (int i = 0; i < 1000; ++i) workers.give([&done, i] { done.push_back(i); });
  }
  ASSERT_EQ(done.size(), 1000u);
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(done[static_cast<std::size_t>(i)], i);
}

TEST(Workers, SeveralFinishEverything) {
  std::atomic<int> done{0};
  {
    Workers workers("test", 4);
    for (int i = 0; i < 1000; ++i) workers.give([&done] { ++done; });
  }
  EXPECT_EQ(done, 1000);
}

TEST(Inbox, TakesAllThatGatheredInTheOrderOfEachThread) {
  boost::asio::io_context loop;
  std::uint64_t last[2] = {0, 0};
  int taken = 0;
  Inbox inbox(loop, [&](std::vector<node::Input>& inputs) {
    for (const node::Input& input : inputs) {
      const auto& frame = std::get<node::LinkDrained>(input);
      EXPECT_EQ(frame.bytes, last[frame.id.value] + 1);
      last[frame.id.value] = frame.bytes;
      ++taken;
    }
  });
  {
    Workers workers("test", 2);
    for (std::uint64_t who = 0; who < 2; ++who) {
      workers.give([&inbox, who] {
        for (std::size_t n = 1; n <= 500; ++n) inbox.push(node::LinkDrained{LinkId(who), n});
      });
    }
  }
  EXPECT_EQ(taken, 0) << "nothing is taken but on the loop";
  loop.run();
  EXPECT_EQ(taken, 1000);
}

TEST(PortsFile, Text) {
  Ports ports;
  ports.http = "127.0.0.1:8001";
  EXPECT_EQ(ports_json(ports, 7), "{\"http\":\"127.0.0.1:8001\",\"zmq\":{},\"pid\":7}\n");
  ports.grpc = "127.0.0.1:4001";
  ports.zmq["ad"] = "tcp://127.0.0.1:5555";
  EXPECT_EQ(ports_json(ports, 7),
            "{\"http\":\"127.0.0.1:8001\",\"grpc\":\"127.0.0.1:4001\",\"zmq\":{\"ad\":\"tcp://"
            "127.0.0.1:5555\"},\"pid\":7}\n");
  EXPECT_EQ(host_and_port("::1", 80), "[::1]:80");
  EXPECT_EQ(host_and_port("127.0.0.1", 80), "127.0.0.1:80");
}

}  // namespace
}  // namespace pando::server
